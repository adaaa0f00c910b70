#include "kernels/cpu/activation.h"

#include <cmath>
#include <limits>
#include <vector>

#include "tests/unit/kernels/cpu/each_instruction_set.h"

namespace oarlock::kernels::cpu {
namespace {

double reference(const Activation& a, double x) {
  switch (a.kind) {
    case Activation::Kind::none:
      return x;
    case Activation::Kind::relu:
      return std::max(x, 0.0);
    case Activation::Kind::clip:
      return std::min<double>(std::max<double>(x, a.alpha), a.beta);
    case Activation::Kind::leaky_relu:
      return x < 0 ? a.alpha * x : x;
    case Activation::Kind::sigmoid:
      return 1 / (1 + std::exp(-x));
    case Activation::Kind::hard_sigmoid:
      return std::min(std::max(a.alpha * x + a.beta, 0.0), 1.0);
    case Activation::Kind::hard_swish:
      return x * std::min(std::max(x / 6 + 0.5, 0.0), 1.0);
    case Activation::Kind::swish:
      return x / (1 + std::exp(-a.alpha * x));
    case Activation::Kind::tanh:
      return std::tanh(x);
    case Activation::Kind::gelu_erf:
      return 0.5 * x * (1 + std::erf(x / std::sqrt(2.0)));
    case Activation::Kind::gelu_tanh:
      return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
    case Activation::Kind::exp:
      return std::exp(x);
    case Activation::Kind::erf:
      return std::erf(x);
    case Activation::Kind::elu:
      return x < 0 ? a.alpha * std::expm1(x) : x;
    case Activation::Kind::softplus:
      return std::log1p(std::exp(x));
    case Activation::Kind::mish:
      return x * std::tanh(std::log1p(std::exp(x)));
  }
  return 0;
}

using Kind = Activation::Kind;
const Activation kAll[] = {
    {Kind::none},
    {Kind::relu},
    {Kind::clip, -0.5f, 6},
    {Kind::leaky_relu, 0.1f},
    {Kind::sigmoid},
    {Kind::hard_sigmoid, 0.2f, 0.5f},
    {Kind::hard_swish},
    {Kind::swish, 1},
    {Kind::swish, 1.7f},
    {Kind::tanh},
    {Kind::gelu_erf},
    {Kind::gelu_tanh},
    {Kind::exp},
    {Kind::erf},
    {Kind::elu, 0.7f},
    {Kind::softplus},
    {Kind::mish},
};

class ActivationTest : public EachInstructionSet {};

TEST_P(ActivationTest, AgreesWithDoublePrecision) {
  std::vector<float> input;
  for (int i = -8000; i <= 8000; ++i) input.push_back(static_cast<float>(i) * 0.005f);
  for (float x = 1e-30f; x < 1e-2f; x *= 3.7f) {
    input.push_back(x);
    input.push_back(-x);
  }
  for (const Activation& activation : kAll) {
    std::vector<float> output(input.size());
    activate(activation, input.data(), output.data(), input.size());
    for (size_t i = 0; i < input.size(); ++i) {
      const double want = reference(activation, input[i]);
      // exp's argument reduction sees 2 ulp; the rest is bounded absolutely near 1.
      const double tolerance = 4e-7 * std::max(std::abs(want), 1.0);
      ASSERT_NEAR(output[i], want, tolerance)
          << "kind " << static_cast<int>(activation.kind) << " at " << input[i];
    }
  }
}

TEST_P(ActivationTest, SmallValuesKeepRelativePrecision) {
  for (const Kind kind : {Kind::tanh, Kind::erf, Kind::exp}) {
    for (float x = 1e-20f; x < 8.0f; x *= 1.37f) {
      for (const float value : {x, -x}) {
        float got = 0;
        activate({kind}, &value, &got, 1);
        const double want = reference({kind}, value);
        ASSERT_NEAR(got / want, 1, 4e-7) << "kind " << static_cast<int>(kind) << " at " << value;
      }
    }
  }
}

TEST_P(ActivationTest, InfinitiesAndNan) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const float kNan = std::nanf("");
  const float input[] = {kInfinity, -kInfinity, kNan, 200, -200};
  const auto apply = [&](Kind kind, std::vector<float> want) {
    float output[5];
    activate({kind, 1, 2}, input, output, 5);
    EXPECT_TRUE(std::isnan(output[2])) << static_cast<int>(kind);
    for (const int i : {0, 1, 3, 4}) {
      if (output[i] == want[i] || (std::isnan(output[i]) && std::isnan(want[i]))) continue;
      EXPECT_NEAR(output[i], want[i], 1e-27) << static_cast<int>(kind) << " at " << input[i];
    }
  };
  apply(Kind::exp, {kInfinity, 0, 0, kInfinity, 0});
  apply(Kind::tanh, {1, -1, 0, 1, -1});
  apply(Kind::erf, {1, -1, 0, 1, -1});
  apply(Kind::sigmoid, {1, 0, 0, 1, 0});
  apply(Kind::gelu_erf, {kInfinity, kNan, 0, 200, 0});
  apply(Kind::gelu_tanh, {kInfinity, kNan, 0, 200, 0});
  apply(Kind::relu, {kInfinity, 0, 0, 200, 0});
  apply(Kind::clip, {2, 1, 0, 2, 1});
}

TEST_P(ActivationTest, AnyCountAndInPlace) {
  for (const size_t count : {0, 1, 3, 13, 16, 17, 127}) {
    std::vector<float> data(count + 1, -1.0f);
    activate({Kind::relu}, data.data(), data.data(), count);
    for (size_t i = 0; i < count; ++i) EXPECT_EQ(data[i], 0);
    EXPECT_EQ(data[count], -1.0f);
  }
}

OARLOCK_EACH_INSTRUCTION_SET(ActivationTest);

}  // namespace
}  // namespace oarlock::kernels::cpu
