#include "kernels/cpu/reduce.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/cpu/softmax.h"
#include "tests/unit/kernels/cpu/each_instruction_set.h"
#include "tests/unit/kernels/cpu/random_floats.h"

namespace oarlock::kernels::cpu {
namespace {

class ReduceTest : public EachInstructionSet {};

const ReduceShape kShapes[] = {{1, 1, 1},  {1, 1000, 1}, {7, 33, 1},   {5, 64, 1},
                               {3, 10, 9}, {2, 4, 300},  {1, 129, 16}, {6, 1, 77}};

double expected(ReduceOp op, const float* x, int64_t length, int64_t step) {
  double sum = 0, squares = 0, absolute = 0, product = 1, exponentials = 0;
  double high = -INFINITY, low = INFINITY;
  for (int64_t k = 0; k < length; ++k) {
    const double v = x[k * step];
    sum += v;
    squares += v * v;
    absolute += std::abs(v);
    product *= v;
    exponentials += std::exp(v);
    high = std::max(high, v);
    low = std::min(low, v);
  }
  switch (op) {
    case ReduceOp::sum:
      return sum;
    case ReduceOp::mean:
      return sum / static_cast<double>(length);
    case ReduceOp::max:
      return high;
    case ReduceOp::min:
      return low;
    case ReduceOp::prod:
      return product;
    case ReduceOp::sum_square:
      return squares;
    case ReduceOp::l1:
      return absolute;
    case ReduceOp::l2:
      return std::sqrt(squares);
    case ReduceOp::log_sum:
      return std::log(sum);
    case ReduceOp::log_sum_exp:
      return std::log(exponentials);
  }
  return 0;
}

TEST_P(ReduceTest, AgreesWithLoops) {
  for (const ReduceShape& s : kShapes)
    for (int op = 0; op <= static_cast<int>(ReduceOp::log_sum_exp); ++op) {
      const ReduceOp which = static_cast<ReduceOp>(op);
      const float low = which == ReduceOp::log_sum ? 0.5f : which == ReduceOp::prod ? 0.9f : -1.0f;
      const auto x = random_floats(s.outer * s.length * s.inner, 11, low, 1.1f);
      std::vector<float> y(static_cast<size_t>(s.outer * s.inner), -3.0f);
      const int64_t units = reduce_units(s);
      reduce(which, s, x.data(), y.data(), units / 2, units);
      reduce(which, s, x.data(), y.data(), 0, units / 2);
      for (int64_t o = 0; o < s.outer; ++o)
        for (int64_t j = 0; j < s.inner; ++j) {
          const double want =
              expected(which, x.data() + o * s.length * s.inner + j, s.length, s.inner);
          ASSERT_NEAR(y[o * s.inner + j], want, 2e-6 * std::abs(want) + 1e-5)
              << op << " of " << s.outer << "x" << s.length << "x" << s.inner;
        }
    }
}

TEST_P(ReduceTest, MaximumKeepsNan) {
  std::vector<float> x(100, 1.0f);
  x[37] = std::nanf("");
  float y = 0;
  reduce(ReduceOp::max, {1, 100, 1}, x.data(), &y, 0, 1);
  EXPECT_TRUE(std::isnan(y));
}

TEST_P(ReduceTest, ArgExtreme) {
  const float x[] = {1, 5, 5, 0, 0, 3};
  int64_t y[1];
  arg_extreme(true, false, {1, 6, 1}, x, y, 0, 1);
  EXPECT_EQ(y[0], 1);
  arg_extreme(true, true, {1, 6, 1}, x, y, 0, 1);
  EXPECT_EQ(y[0], 2);
  arg_extreme(false, true, {1, 6, 1}, x, y, 0, 1);
  EXPECT_EQ(y[0], 4);
}

TEST_P(ReduceTest, Softmax) {
  for (const ReduceShape& s : kShapes)
    for (bool log : {false, true}) {
      const auto x = random_floats(s.outer * s.length * s.inner, 12, -30, 30);
      std::vector<float> y(x.size());
      softmax({s.outer, s.length, s.inner}, x.data(), y.data(), 0, s.outer, log);
      std::vector<float> in_place = x;
      softmax({s.outer, s.length, s.inner}, in_place.data(), in_place.data(), 0, s.outer, log);
      ASSERT_EQ(y, in_place);
      for (int64_t o = 0; o < s.outer; ++o)
        for (int64_t j = 0; j < s.inner; ++j) {
          const int64_t at = o * s.length * s.inner + j;
          const double total = expected(ReduceOp::log_sum_exp, x.data() + at, s.length, s.inner);
          for (int64_t k = 0; k < s.length; ++k) {
            const double want = x[at + k * s.inner] - total;
            if (log)
              ASSERT_NEAR(y[at + k * s.inner], want, 1e-5);
            else
              ASSERT_NEAR(y[at + k * s.inner], std::exp(want), 1e-6);
          }
        }
    }
}

OARLOCK_EACH_INSTRUCTION_SET(ReduceTest);

}  // namespace
}  // namespace oarlock::kernels::cpu
