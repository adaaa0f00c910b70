// Moves and conversions against plain loops.
#include <algorithm>
#include <array>
#include <numeric>
#include <random>

#include "kernels/fpga/convert.h"
#include "kernels/fpga/move.h"
#include "tests/unit/kernels/fpga/runner.h"

namespace oarlock::kernels::fpga::test {
namespace {

class Movement : public FpgaKernels {};

std::vector<int> numbers(int count) {
  std::vector<int> values(static_cast<size_t>(count));
  std::iota(values.begin(), values.end(), 1000);
  return values;
}

using Extents = std::array<int, FPGA_AXES>;

Extents strides_of(const Extents& extents) {
  Extents strides{};
  int stride = 1;
  for (int axis = FPGA_AXES - 1; axis >= 0; --axis) {
    strides[axis] = stride;
    stride *= extents[axis];
  }
  return strides;
}

int product(const Extents& e) {
  return std::accumulate(e.begin(), e.end(), 1, std::multiplies<>());
}

TEST_P(Movement, TransposesAndReverses) {
  std::mt19937 generator(11);
  for (int round = 0; round < 24; ++round) {
    Extents in{}, order{};
    for (int& e : in) e = static_cast<int>(generator() % 4) + 1;
    std::iota(order.begin(), order.end(), 0);
    std::shuffle(order.begin(), order.end(), generator);
    const int reversed = round % FPGA_AXES;  // an axis of the result
    const Extents from = strides_of(in);
    Extents out{};
    for (int axis = 0; axis < FPGA_AXES; ++axis) out[axis] = in[order[axis]];
    const Extents to = strides_of(out);
    std::vector<int> p(MOVE_WORDS, 0);
    p[MOVE_COUNT] = product(in);
    p[MOVE_FROM_START] = (out[reversed] - 1) * from[order[reversed]];
    for (int axis = 0; axis < FPGA_AXES; ++axis) {
      p[MOVE_EXTENTS + axis] = p[MOVE_INSIDE + axis] = out[axis];
      p[MOVE_FROM + axis] = (axis == reversed ? -1 : 1) * from[order[axis]];
      p[MOVE_TO + axis] = to[axis];
    }
    const std::vector<int> x = numbers(product(in));
    std::vector<int> y(x.size());
    run<int>("oarlock_move", {x}, y, p);
    for (int i = 0; i < product(in); ++i) {
      int at = 0;
      for (int axis = 0; axis < FPGA_AXES; ++axis) {
        int index = i / to[axis] % out[axis];
        if (axis == reversed) index = out[axis] - 1 - index;
        at += index * from[order[axis]];
      }
      ASSERT_EQ(y[i], x[at]) << "round " << round;
    }
  }
}

TEST_P(Movement, PadsAndCutsIntoPartOfTheResult) {
  std::mt19937 generator(12);
  for (int round = 0; round < 24; ++round) {
    Extents in{}, out{}, begin{};
    for (int axis = 0; axis < FPGA_AXES; ++axis) {
      in[axis] = static_cast<int>(generator() % 3) + 1;
      begin[axis] = static_cast<int>(generator() % 5) - 2;
      out[axis] = static_cast<int>(generator() % 4) + 1;
    }
    const Extents from = strides_of(in), to = strides_of(out);
    std::vector<int> p(MOVE_WORDS, 0);
    p[MOVE_COUNT] = product(out);
    p[MOVE_VALUE] = -7;
    p[MOVE_TO_START] = 3;
    for (int axis = 0; axis < FPGA_AXES; ++axis) {
      p[MOVE_EXTENTS + axis] = out[axis];
      p[MOVE_BEGIN + axis] = begin[axis];
      p[MOVE_INSIDE + axis] = in[axis];
      p[MOVE_FROM + axis] = from[axis];
      p[MOVE_TO + axis] = to[axis];
    }
    const std::vector<int> x = numbers(product(in));
    std::vector<int> y(static_cast<size_t>(product(out) + 5), 42);
    run<int>("oarlock_move", {x}, y, p);
    for (int i = 0; i < static_cast<int>(y.size()); ++i) {
      if (i < 3 || i >= product(out) + 3) {
        ASSERT_EQ(y[i], 42);
        continue;
      }
      int at = 0;
      bool inside = true;
      for (int axis = 0; axis < FPGA_AXES; ++axis) {
        const int index = (i - 3) / to[axis] % out[axis] - begin[axis];
        inside = inside && index >= 0 && index < in[axis];
        at += index * from[axis];
      }
      ASSERT_EQ(y[i], inside ? x[at] : -7) << "round " << round;
    }
  }
}

TEST_P(Movement, Converts) {
  for (int count = 1; count < 300; count += 13) {
    for (const bool is_signed : {false, true}) {
      std::vector<uint8_t> x(static_cast<size_t>(count));
      for (int i = 0; i < count; ++i) x[i] = static_cast<uint8_t>(i * 37);
      std::vector<float> y(x.size());
      run_mixed("oarlock_convert", y, {count, is_signed, 0, 0}, x, std::vector<float>());
      for (int i = 0; i < count; ++i)
        ASSERT_EQ(y[i], is_signed ? static_cast<float>(static_cast<int8_t>(x[i]))
                                  : static_cast<float>(x[i]));
    }
  }
}

OARLOCK_HOST_AND_OPENCL(Movement);

}  // namespace
}  // namespace oarlock::kernels::fpga::test
