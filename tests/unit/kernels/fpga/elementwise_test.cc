// Element-wise kernels, functions from tables, and softmax against the C library in double
// precision.
#include "kernels/fpga/elementwise.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "kernels/fpga/softmax.h"
#include "tests/unit/kernels/cpu/random_floats.h"
#include "tests/unit/kernels/fpga/runner.h"

namespace oarlock::kernels::fpga::test {
namespace {

using Floats = std::vector<float>;
using Extents = std::array<int, FPGA_AXES>;

class Elementwise : public FpgaKernels {
 protected:
  // function(x) for every x.
  Floats apply(const Floats& x, const std::array<int, FUNCTION_WORDS>& function,
               const Floats& table = {}) {
    std::vector<int> p(ELEMENTWISE_WORDS, 0);
    p[ELEMENTWISE_OP] = ELEMENTWISE_FIRST;
    p[ELEMENTWISE_COUNT] = static_cast<int>(x.size());
    for (int axis = 0; axis < FPGA_AXES; ++axis) p[ELEMENTWISE_EXTENTS + axis] = 1;
    p[ELEMENTWISE_EXTENTS + FPGA_AXES - 1] = static_cast<int>(x.size());
    p[ELEMENTWISE_A + FPGA_AXES - 1] = 1;
    std::copy(function.begin(), function.end(), p.begin() + ELEMENTWISE_FUNCTION);
    Floats y(x.size());
    run<float>("oarlock_elementwise", {x, Floats(), table}, y, p);
    return y;
  }
};

std::array<int, FUNCTION_WORDS> on_table(int kind, float low, float high, float low_slope,
                                         float high_slope) {
  return {kind,
          0,
          0,
          word(low),
          word(static_cast<float>(FPGA_TABLE) / (high - low)),
          word(low_slope),
          word(high_slope)};
}

Floats ramp(float low, float high, int count) {
  Floats x;
  for (int i = 0; i <= count; ++i)
    x.push_back(low + (high - low) * static_cast<float>(i) / static_cast<float>(count));
  return x;
}

double combine(int op, double a, double b) {
  switch (op) {
    case ELEMENTWISE_ADD:
      return a + b;
    case ELEMENTWISE_SUBTRACT:
      return a - b;
    case ELEMENTWISE_MULTIPLY:
      return a * b;
    case ELEMENTWISE_DIVIDE:
      return a / b;
    case ELEMENTWISE_MAXIMUM:
      return std::max(a, b);
    case ELEMENTWISE_MINIMUM:
      return std::min(a, b);
    case ELEMENTWISE_PRELU:
      return a < 0 ? a * b : a;
    default:
      return a;
  }
}

TEST_P(Elementwise, BroadcastsEveryWay) {
  const Extents shapes[] = {{1, 1, 1, 1, 1, 1}, {1, 1, 1, 1, 1, 33}, {1, 1, 2, 3, 5, 7},
                            {3, 1, 2, 4, 1, 2}, {2, 3, 2, 3, 2, 3},  {1, 1, 1, 64, 1, 3}};
  for (const Extents& shape : shapes) {
    for (const int broadcast : {0, 0b000111, 0b111000, 0b010101, 0b111111}) {
      for (int op = 0; op < ELEMENTWISE_OPS; ++op) {
        std::vector<int> p(ELEMENTWISE_WORDS, 0);
        int count = 1, b_count = 1;
        for (int axis = FPGA_AXES - 1; axis >= 0; --axis) {
          const bool whole = (broadcast >> axis & 1) == 0;
          p[ELEMENTWISE_EXTENTS + axis] = shape[axis];
          p[ELEMENTWISE_A + axis] = count;
          p[ELEMENTWISE_B + axis] = whole ? b_count : 0;
          count *= shape[axis];
          if (whole) b_count *= shape[axis];
        }
        p[ELEMENTWISE_OP] = op;
        p[ELEMENTWISE_COUNT] = count;
        const Floats a = random_floats(count, 1), b = random_floats(b_count, 2, 0.5f, 2.0f);
        Floats y(static_cast<size_t>(count));
        run<float>("oarlock_elementwise", {a, b, Floats()}, y, p);
        for (int i = 0; i < count; ++i) {
          int at = 0, rest = i;
          for (int axis = FPGA_AXES - 1; axis >= 0; --axis) {
            at += rest % shape[axis] * p[ELEMENTWISE_B + axis];
            rest /= shape[axis];
          }
          ASSERT_NEAR(y[i], combine(op, a[i], b[at]), 1e-6) << "op " << op << " element " << i;
        }
      }
    }
  }
}

TEST_P(Elementwise, SimpleFunctions) {
  const Floats x = ramp(-9, 9, 361);
  const auto check = [&](const std::array<int, FUNCTION_WORDS>& f, auto expected) {
    const Floats y = apply(x, f);
    for (size_t i = 0; i < x.size(); ++i) ASSERT_NEAR(y[i], expected(double{x[i]}), 2e-6) << x[i];
  };
  check({FPGA_NONE}, [](double v) { return v; });
  check({FPGA_CLIP, word(-1.5f), word(6)}, [](double v) { return std::clamp(v, -1.5, 6.0); });
  check({FPGA_LEAKY, word(0.1f)}, [](double v) { return v < 0 ? 0.1f * v : v; });
  check({FPGA_HARD_SIGMOID, word(0.2f), word(0.5f)},
        [](double v) { return std::clamp(0.2f * v + 0.5, 0.0, 1.0); });
  check({FPGA_HARD_SWISH}, [](double v) { return v * std::clamp(v / 6 + 0.5, 0.0, 1.0); });
  check({FPGA_ABS}, [](double v) { return std::abs(v); });
}

TEST_P(Elementwise, FunctionsFromTables) {
  struct Function {
    double (*f)(double);
    int kind;
    double (*tabulated)(double);
    float low_slope, high_slope;
    double error;
  };
  constexpr auto sigmoid = [](double x) { return 1 / (1 + std::exp(-x)); };
  constexpr auto gelu_gate = [](double x) { return 0.5 * (1 + std::erf(x * std::sqrt(0.5))); };
  constexpr auto softplus = [](double x) { return std::log1p(std::exp(x)); };
  constexpr auto tanh = [](double x) { return std::tanh(x); };
  const Function functions[] = {
      {sigmoid, FPGA_TABULATED, sigmoid, 0, 0, 2e-7},
      {tanh, FPGA_TABULATED, tanh, 0, 0, 8e-7},
      {[](double x) { return x / (1 + std::exp(-x)); }, FPGA_GATED, sigmoid, 0, 0, 3e-6},
      {[](double x) { return 0.5 * x * (1 + std::erf(x * std::sqrt(0.5))); }, FPGA_GATED, gelu_gate,
       0, 0, 3e-6},
      {softplus, FPGA_TABULATED, softplus, 0, 1, 3e-6},
  };
  const Floats x = ramp(-20, 20, 7919);
  for (const Function& f : functions) {
    const Floats y = apply(x, on_table(f.kind, -16, 16, f.low_slope, f.high_slope),
                           tabulated(f.tabulated, -16, 16));
    for (size_t i = 0; i < x.size(); ++i)
      ASSERT_NEAR(y[i], f.f(x[i]), f.error) << "function " << &f - functions << " at " << x[i];
  }
}

TEST_P(Elementwise, Exponential) {
  const float infinity = std::numeric_limits<float>::infinity();
  Floats x = ramp(-87.2f, 88.7f, 9973);
  const Floats special =
      apply({-infinity, -90, 89, infinity, 0, std::nanf("")}, {FPGA_EXP}, powers_of_two());
  EXPECT_EQ(special[0], 0);
  EXPECT_EQ(special[1], 0);
  EXPECT_EQ(special[2], infinity);
  EXPECT_EQ(special[3], infinity);
  EXPECT_EQ(special[4], 1);
  EXPECT_TRUE(std::isnan(special[5]));
  const Floats y = apply(x, {FPGA_EXP}, powers_of_two());
  for (size_t i = 0; i < x.size(); ++i) {
    const double expected = std::exp(double{x[i]});
    ASSERT_NEAR(y[i], expected, 2e-6 * expected) << x[i];
  }
}

TEST_P(Elementwise, Softmax) {
  int cases = 0;
  for (const auto& [outer, length] : {std::pair{1, 1}, {1, 10}, {3, 7}, {2, 1000}, {5, 33}, {7, 8}})
    for (const int inner : {1, 2, 5, 9}) {
      const int count = outer * length * inner;
      const Floats x = random_floats(count, 1, -12, 12);
      Floats y(static_cast<size_t>(count));
      std::vector<int> p(SOFTMAX_WORDS);
      p[SOFTMAX_OUTER] = outer;
      p[SOFTMAX_LENGTH] = length;
      p[SOFTMAX_INNER] = inner;
      run<float>("oarlock_softmax", {x, powers_of_two()}, y, p);
      for (int i = 0; i < count; ++i) {
        const int first = i / (length * inner) * length * inner + i % inner;
        double sum = 0;
        for (int j = 0; j < length; ++j) sum += std::exp(double{x[first + j * inner]} - x[i]);
        ASSERT_NEAR(y[i], 1 / sum, 2e-6) << "element " << i;
      }
      ++cases;
    }
  EXPECT_GE(cases, 20);
}

OARLOCK_HOST_AND_OPENCL(Elementwise);

}  // namespace
}  // namespace oarlock::kernels::fpga::test
