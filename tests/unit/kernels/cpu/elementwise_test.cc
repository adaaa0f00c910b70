#include <cmath>
#include <vector>

#include "kernels/cpu/binary.h"
#include "kernels/cpu/unary.h"
#include "tests/unit/kernels/cpu/each_instruction_set.h"
#include "tests/unit/kernels/cpu/random_floats.h"

namespace oarlock::kernels::cpu {
namespace {

class ElementwiseTest : public EachInstructionSet {};

struct Pattern {
  std::vector<int64_t> dims, a, b;  // extents and strides of the inputs
};

// Row-major strides of `dims` with 0 where `keep` is false.
std::vector<int64_t> strides(const std::vector<int64_t>& dims, const std::vector<bool>& keep) {
  std::vector<int64_t> out(dims.size());
  int64_t stride = 1;
  for (size_t i = dims.size(); i-- > 0;) {
    out[i] = keep[i] ? stride : 0;
    if (keep[i]) stride *= dims[i];
  }
  return out;
}

const std::vector<std::pair<std::vector<int64_t>, std::vector<bool>>> kPatterns = {
    {{1}, {true}},
    {{5000}, {true}},
    {{37, 41}, {true, true}},
    {{37, 41}, {false, true}},
    {{37, 41}, {true, false}},
    {{37, 41}, {false, false}},
    {{2, 3, 49, 16}, {false, true, false, true}},
    {{2, 3, 49, 16}, {true, true, false, true}},
    {{3, 5, 7, 11}, {true, false, true, false}},
    {{4, 1, 6, 1, 5}, {false, true, true, true, false}},
};

double expected(BinaryOp op, double a, double b) {
  switch (op) {
    case BinaryOp::add:
      return a + b;
    case BinaryOp::sub:
      return a - b;
    case BinaryOp::mul:
      return a * b;
    case BinaryOp::div:
      return a / b;
    case BinaryOp::min:
      return std::min(a, b);
    case BinaryOp::max:
      return std::max(a, b);
    case BinaryOp::pow:
      return std::pow(a, b);
    case BinaryOp::prelu:
      return a < 0 ? a * b : a;
  }
  return 0;
}

// The element of an input that belongs to output element `i`.
int64_t locate(const std::vector<int64_t>& dims, const std::vector<int64_t>& stride, int64_t i) {
  int64_t offset = 0;
  for (size_t axis = dims.size(); axis-- > 0;) {
    offset += i % dims[axis] * stride[axis];
    i /= dims[axis];
  }
  return offset;
}

TEST_P(ElementwiseTest, BinaryBroadcasts) {
  for (const auto& [dims, keep] : kPatterns) {
    const std::vector<int64_t> full = strides(dims, std::vector<bool>(dims.size(), true));
    const std::vector<int64_t> part = strides(dims, keep);
    int64_t n = 1;
    for (int64_t d : dims) n *= d;
    const std::vector<float> a = random_floats(n, 5, 0.25f, 2), b = random_floats(n, 6, -2, -0.25f);
    for (bool swap : {false, true}) {
      const auto& sa = swap ? part : full;
      const auto& sb = swap ? full : part;
      Broadcast plan;
      const int64_t* both[] = {sa.data(), sb.data()};
      ASSERT_TRUE(make_broadcast(dims, both, plan));
      ASSERT_EQ(plan.elements, n);
      for (int op = 0; op <= static_cast<int>(BinaryOp::prelu); ++op) {
        std::vector<float> out(a.size(), -99.0f);
        const BinaryOp which = static_cast<BinaryOp>(op);
        // Uneven pieces: every split gives the same result.
        for (int64_t i = 0; i < n; i += 333)
          binary(which, plan, a.data(), b.data(), out.data(), i, std::min(n, i + 333));
        for (int64_t i = 0; i < n; ++i) {
          const double want = expected(which, a[locate(dims, sa, i)], b[locate(dims, sb, i)]);
          ASSERT_NEAR(out[i], want, 1e-5 * std::abs(want)) << op << " at " << i;
        }
      }
      std::vector<float> out(a.size());
      Activation relu;
      relu.kind = Activation::Kind::relu;
      binary(BinaryOp::add, plan, a.data(), b.data(), out.data(), 0, n, relu);
      for (int64_t i = 0; i < n; ++i) {
        const float want = a[locate(dims, sa, i)] + b[locate(dims, sb, i)];
        ASSERT_EQ(out[i], std::max(want, 0.0f));
      }
    }
  }
}

TEST_P(ElementwiseTest, MinAndMaxKeepNan) {
  const std::vector<int64_t> dims = {40}, stride = {1};
  const int64_t* both[] = {stride.data(), stride.data()};
  Broadcast plan;
  ASSERT_TRUE(make_broadcast(dims, both, plan));
  std::vector<float> a(40, 1.0f), b(40, std::nanf("")), out(40);
  for (BinaryOp op : {BinaryOp::min, BinaryOp::max}) {
    binary(op, plan, a.data(), b.data(), out.data(), 0, 40);
    for (float v : out) ASSERT_TRUE(std::isnan(v));
    binary(op, plan, b.data(), a.data(), out.data(), 0, 40);
    for (float v : out) ASSERT_TRUE(std::isnan(v));
  }
}

TEST_P(ElementwiseTest, Where) {
  const std::vector<int64_t> dims = {9, 33}, full = {33, 1}, row = {0, 1}, scalar = {0, 0};
  const int64_t* inputs[] = {full.data(), row.data(), scalar.data()};
  Broadcast plan;
  ASSERT_TRUE(make_broadcast(dims, inputs, plan));
  const std::vector<float> a = random_floats(33, 7), b = {42.0f};
  bool condition[297];
  for (int i = 0; i < 297; ++i) condition[i] = i % 3 == 0;
  std::vector<float> out(297);
  where(plan, condition, a.data(), b.data(), out.data(), 0, 100);
  where(plan, condition, a.data(), b.data(), out.data(), 100, 297);
  for (int i = 0; i < 297; ++i) ASSERT_EQ(out[i], i % 3 == 0 ? a[i % 33] : 42.0f);
}

double expected(UnaryOp op, double x) {
  switch (op) {
    case UnaryOp::abs:
      return std::abs(x);
    case UnaryOp::neg:
      return -x;
    case UnaryOp::reciprocal:
      return 1 / x;
    case UnaryOp::sqrt:
      return std::sqrt(x);
    case UnaryOp::floor:
      return std::floor(x);
    case UnaryOp::ceil:
      return std::ceil(x);
    case UnaryOp::round:
      return std::nearbyint(x);
    case UnaryOp::sign:
      return x > 0 ? 1 : x < 0 ? -1 : x;
    case UnaryOp::log:
      return std::log(x);
    case UnaryOp::softplus:
      return std::log1p(std::exp(x));
    case UnaryOp::softsign:
      return x / (1 + std::abs(x));
    case UnaryOp::mish:
      return x * std::tanh(std::log1p(std::exp(x)));
    case UnaryOp::sin:
      return std::sin(x);
    case UnaryOp::cos:
      return std::cos(x);
    case UnaryOp::square:
      return x * x;
  }
  return 0;
}

TEST_P(ElementwiseTest, Unary) {
  std::vector<float> x = random_floats(1000, 8, -8, 8);
  for (float v : {0.0f, 0.5f, -0.5f, 1.5f, 2.5f, 1e-6f, 60.0f, -60.0f}) x.push_back(v);
  for (int op = 0; op <= static_cast<int>(UnaryOp::square); ++op) {
    const UnaryOp which = static_cast<UnaryOp>(op);
    const bool positive = which == UnaryOp::sqrt || which == UnaryOp::log;
    std::vector<float> in = x, out(x.size());
    if (positive)
      for (float& v : in) v = std::abs(v);
    unary(which, in.data(), out.data(), static_cast<int64_t>(in.size()));
    for (size_t i = 0; i < in.size(); ++i) {
      const double want = expected(which, double{in[i]});
      if (std::isinf(want))
        ASSERT_EQ(out[i], static_cast<float>(want)) << op << " of " << in[i];
      else
        ASSERT_NEAR(out[i], want, 2e-6 * std::abs(want) + 1e-7) << op << " of " << in[i];
    }
  }
}

TEST_P(ElementwiseTest, LogarithmAtItsBorders) {
  const float x[] = {0.0f, -1.0f, INFINITY, std::nanf("")};
  float y[4];
  unary(UnaryOp::log, x, y, 4);
  EXPECT_EQ(y[0], -INFINITY);
  EXPECT_TRUE(std::isnan(y[1]));
  EXPECT_EQ(y[2], INFINITY);
  EXPECT_TRUE(std::isnan(y[3]));
}

OARLOCK_EACH_INSTRUCTION_SET(ElementwiseTest);

}  // namespace
}  // namespace oarlock::kernels::cpu
