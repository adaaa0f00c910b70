#include <cmath>
#include <numeric>
#include <vector>

#include "kernels/cpu/convert.h"
#include "kernels/cpu/gru.h"
#include "kernels/cpu/lstm.h"
#include "kernels/cpu/resize.h"
#include "kernels/cpu/transpose.h"
#include "tests/unit/kernels/cpu/each_instruction_set.h"
#include "tests/unit/kernels/cpu/random_floats.h"

namespace oarlock::kernels::cpu {
namespace {

class MovementTest : public EachInstructionSet {};

template <class T>
void check_transpose(const std::vector<int64_t>& dims, const std::vector<int64_t>& permutation) {
  int64_t n = 1;
  for (int64_t d : dims) n *= d;
  std::vector<T> x(static_cast<size_t>(n)), y(x.size(), T(0));
  for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<T>(i * 2654435761u);
  Transpose plan;
  ASSERT_TRUE(make_transpose(dims, permutation, sizeof(T), plan));
  transpose(plan, x.data(), y.data(), plan.units / 2, plan.units);
  transpose(plan, x.data(), y.data(), 0, plan.units / 2);
  for (int64_t i = 0; i < n; ++i) {
    std::vector<int64_t> index(dims.size());
    int64_t rest = i;
    for (size_t axis = dims.size(); axis-- > 0;) {
      const size_t source = static_cast<size_t>(permutation[axis]);
      index[source] = rest % dims[source];
      rest /= dims[source];
    }
    int64_t from = 0;
    for (size_t axis = 0; axis < dims.size(); ++axis) from = from * dims[axis] + index[axis];
    ASSERT_EQ(y[i], x[from]) << i;
  }
}

TEST_P(MovementTest, Transpose) {
  const std::vector<std::pair<std::vector<int64_t>, std::vector<int64_t>>> cases = {
      {{7}, {0}},
      {{5, 9}, {1, 0}},
      {{64, 128}, {1, 0}},
      {{33, 3, 17}, {2, 1, 0}},
      {{2, 3, 4, 5}, {0, 1, 2, 3}},
      {{2, 12, 50, 64}, {0, 2, 1, 3}},
      {{2, 13, 19, 23}, {0, 2, 3, 1}},
      {{2, 13, 19, 23}, {0, 3, 1, 2}},
      {{2, 13, 19, 23}, {3, 0, 2, 1}},
      {{1, 2, 58, 49}, {0, 2, 1, 3}},
      {{3, 1, 4, 1, 5, 9}, {5, 4, 3, 2, 1, 0}},
      {{2, 3, 2, 3, 2, 3}, {1, 3, 5, 0, 2, 4}},
  };
  for (const auto& [dims, permutation] : cases) {
    check_transpose<uint8_t>(dims, permutation);
    check_transpose<uint16_t>(dims, permutation);
    check_transpose<uint32_t>(dims, permutation);
    check_transpose<uint64_t>(dims, permutation);
  }
}

TEST_P(MovementTest, TransposeRefusesOddElements) {
  Transpose plan;
  const int64_t dims[] = {2, 3}, permutation[] = {1, 0};
  EXPECT_FALSE(make_transpose(dims, permutation, 3, plan));
}

TEST_P(MovementTest, Resize) {
  for (int64_t block : {1, 16}) {
    const int64_t planes = 3, h = 5, w = 7, oh = 10, ow = 13;
    std::vector<ResizeTap> rows, columns;
    auto tap = [](int64_t i, int64_t out, int64_t in) {
      const double x =
          std::clamp((double(i) + 0.5) * double(in) / double(out) - 0.5, 0.0, double(in - 1));
      const int32_t low = static_cast<int32_t>(x);
      return ResizeTap{low, std::min(low + 1, static_cast<int32_t>(in - 1)), float(x - low)};
    };
    for (int64_t i = 0; i < oh; ++i) rows.push_back(tap(i, oh, h));
    for (int64_t i = 0; i < ow; ++i) columns.push_back(tap(i, ow, w));
    const auto x = random_floats(planes * h * w * block, 3);
    Resize shape{h, w, oh, ow, block, rows.data(), columns.data(), false};
    for (bool nearest : {false, true}) {
      shape.nearest = nearest;
      std::vector<float> y(static_cast<size_t>(planes * oh * ow * block));
      resize(shape, x.data(), y.data(), 0, 17);
      resize(shape, x.data(), y.data(), 17, planes * oh);
      for (int64_t p = 0; p < planes; ++p)
        for (int64_t i = 0; i < oh; ++i)
          for (int64_t j = 0; j < ow; ++j)
            for (int64_t c = 0; c < block; ++c) {
              auto at = [&](int64_t r, int64_t q) {
                return double{x[((p * h + r) * w + q) * block + c]};
              };
              const ResizeTap &r = rows[i], &q = columns[j];
              const double top = at(r.low, q.low) * (1 - q.weight) + at(r.low, q.high) * q.weight;
              const double bottom =
                  at(r.high, q.low) * (1 - q.weight) + at(r.high, q.high) * q.weight;
              const double want =
                  nearest ? at(r.low, q.low) : top * (1 - r.weight) + bottom * r.weight;
              ASSERT_NEAR(y[((p * oh + i) * ow + j) * block + c], want, 1e-6);
            }
    }
  }
}

TEST_P(MovementTest, LstmStep) {
  for (int64_t hidden : {1, 16, 37}) {
    const int64_t batch = 2;
    const auto gates = random_floats(batch * 4 * hidden, 1, -3, 3),
               peephole = random_floats(3 * hidden, 2), before = random_floats(batch * hidden, 3);
    for (bool with_peephole : {false, true}) {
      std::vector<float> cell(before.size()), out(before.size());
      LstmStep step;
      step.batch = batch;
      step.hidden = hidden;
      step.gates = gates.data();
      step.gates_stride = 4 * hidden;
      step.peephole = with_peephole ? peephole.data() : nullptr;
      step.cell_before = before.data();
      step.cell = cell.data();
      step.out = out.data();
      step.out_stride = hidden;
      lstm_step(step);
      auto sigmoid = [](double v) { return 1 / (1 + std::exp(-v)); };
      for (int64_t b = 0; b < batch; ++b)
        for (int64_t j = 0; j < hidden; ++j) {
          auto gate = [&](int64_t g) { return double{gates[b * 4 * hidden + g * hidden + j]}; };
          auto peep = [&](int64_t g) {
            return with_peephole ? double{peephole[g * hidden + j]} : 0;
          };
          const double old = before[b * hidden + j];
          const double i = sigmoid(gate(0) + peep(0) * old), f = sigmoid(gate(2) + peep(2) * old);
          const double c = f * old + i * std::tanh(gate(3));
          const double o = sigmoid(gate(1) + peep(1) * c);
          ASSERT_NEAR(cell[b * hidden + j], c, 1e-6);
          ASSERT_NEAR(out[b * hidden + j], o * std::tanh(c), 1e-6);
        }
    }
  }
}

TEST_P(MovementTest, GruStep) {
  for (int64_t hidden : {1, 16, 37}) {
    const int64_t batch = 2;
    const auto x = random_floats(batch * 3 * hidden, 1, -3, 3),
               h = random_floats(batch * 3 * hidden, 2, -3, 3),
               before = random_floats(batch * hidden, 3);
    std::vector<float> state(before.begin(), before.end());
    gru_step({batch, hidden, x.data(), h.data(), state.data()});
    auto sigmoid = [](double v) { return 1 / (1 + std::exp(-v)); };
    for (int64_t b = 0; b < batch; ++b)
      for (int64_t j = 0; j < hidden; ++j) {
        auto at = [&](const auto& from, int64_t g) {
          return double{from[b * 3 * hidden + g * hidden + j]};
        };
        const double z = sigmoid(at(x, 0) + at(h, 0)), r = sigmoid(at(x, 1) + at(h, 1));
        const double n = std::tanh(at(x, 2) + r * at(h, 2));
        ASSERT_NEAR(state[b * hidden + j], (1 - z) * n + z * before[b * hidden + j], 1e-6);
      }
  }
}

TEST_P(MovementTest, Halves) {
  std::vector<float> x = random_floats(1000, 1, -70, 70);
  for (float v :
       {0.0f, 1.0f, 1.0f + 1.0f / 2048, 1.0f + 3.0f / 2048, 65504.0f, 1e-5f, 6e-8f, -0.0f})
    x.push_back(v);
  std::vector<uint16_t> half(x.size());
  std::vector<float> back(x.size());
  const int64_t n = static_cast<int64_t>(x.size());
  f32_to_f16(x.data(), half.data(), n);
  f16_to_f32(half.data(), back.data(), n);
  for (size_t i = 0; i < x.size(); ++i) {
    // Nearest multiple of the spacing of binary16 at this magnitude, ties to even.
    const int exponent = std::max(-14, std::ilogb(x[i] == 0 ? 1e-20f : x[i]));
    const double spacing = std::ldexp(1.0, exponent - 10);
    ASSERT_EQ(back[i], std::nearbyint(x[i] / spacing) * spacing) << x[i];
  }
  f32_to_bf16(x.data(), half.data(), n);
  bf16_to_f32(half.data(), back.data(), n);
  for (size_t i = 0; i < x.size(); ++i) {
    const double spacing = std::ldexp(1.0, std::ilogb(x[i] == 0 ? 1e-20f : x[i]) - 7);
    ASSERT_EQ(back[i], std::nearbyint(x[i] / spacing) * spacing) << x[i];
  }
}

TEST_P(MovementTest, Quantize) {
  std::vector<float> x = random_floats(777, 1, -200, 200);
  for (float v : {0.25f, 0.75f, -0.25f, 1e9f, -1e9f}) x.push_back(v);
  const int64_t n = static_cast<int64_t>(x.size());
  std::vector<uint8_t> u(x.size());
  std::vector<int8_t> s(x.size());
  std::vector<float> back(x.size());
  quantize_u8(x.data(), 0.5f, 100, u.data(), n);
  quantize_i8(x.data(), 0.5f, -3, s.data(), n);
  for (size_t i = 0; i < x.size(); ++i) {
    const double q = std::nearbyint(x[i] / 0.5);
    ASSERT_EQ(u[i], std::clamp(q + 100, 0.0, 255.0)) << x[i];
    ASSERT_EQ(s[i], std::clamp(q - 3, -128.0, 127.0)) << x[i];
  }
  dequantize_u8(u.data(), 0.5f, 100, back.data(), n);
  for (size_t i = 0; i < x.size(); ++i) ASSERT_EQ(back[i], (u[i] - 100) * 0.5f);
  dequantize_i8(s.data(), 0.5f, -3, back.data(), n);
  for (size_t i = 0; i < x.size(); ++i) ASSERT_EQ(back[i], (s[i] + 3) * 0.5f);
}

OARLOCK_EACH_INSTRUCTION_SET(MovementTest);

}  // namespace
}  // namespace oarlock::kernels::cpu
