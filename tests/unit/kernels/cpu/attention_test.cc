#include "kernels/cpu/attention.h"

#include <cmath>
#include <vector>

#include "tests/unit/kernels/cpu/each_instruction_set.h"
#include "tests/unit/kernels/cpu/random_floats.h"

namespace oarlock::kernels::cpu {
namespace {

class AttentionTest : public EachInstructionSet {
 protected:
  // Operands are [batch, rows, heads, width], so that heads are strided.
  void run(int64_t batch, int64_t heads, int64_t share, int64_t q_length, int64_t kv_length,
           int64_t qk_width, int64_t v_width, bool with_bias, bool with_keep, bool causal) {
    Attention s;
    s.batch = batch;
    s.heads = heads;
    s.heads_per_key = share;
    s.q_length = q_length;
    s.kv_length = kv_length;
    s.qk_width = qk_width;
    s.v_width = v_width;
    const int64_t kv_heads = heads / share;
    s.q = {q_length * heads * qk_width, qk_width, heads * qk_width, 1};
    s.k = {kv_length * kv_heads * qk_width, qk_width, kv_heads * qk_width, 1};
    s.v = {kv_length * kv_heads * v_width, v_width, kv_heads * v_width, 1};
    s.out = {q_length * heads * v_width, v_width, heads * v_width, 1};
    s.bias = {0, q_length * kv_length, kv_length, 1};
    s.scale = 1.0f / std::sqrt(static_cast<float>(qk_width));
    s.causal = causal;
    s.causal_offset = kv_length - q_length;
    const std::vector<float> q = random_floats(batch * s.q.batch, 1, -3, 3),
                             k = random_floats(batch * s.k.batch, 2, -3, 3),
                             v = random_floats(batch * s.v.batch, 3),
                             bias = random_floats(heads * q_length * kv_length, 4);
    std::vector<uint8_t> keep(bias.size());
    for (size_t i = 0; i < keep.size(); ++i) keep[i] = i % 5 != 1;
    std::vector<float> out(static_cast<size_t>(batch * s.out.batch), -9.0f);
    std::vector<float> workspace(static_cast<size_t>(attention_workspace(s)));
    const int64_t units = attention_units(s);
    const float* b = with_bias ? bias.data() : nullptr;
    const bool* m = with_keep ? reinterpret_cast<const bool*>(keep.data()) : nullptr;
    attention(s, q.data(), k.data(), v.data(), b, m, out.data(), workspace.data(), units / 2,
              units);
    attention(s, q.data(), k.data(), v.data(), b, m, out.data(), workspace.data(), 0, units / 2);
    for (int64_t n = 0; n < batch; ++n)
      for (int64_t h = 0; h < heads; ++h)
        for (int64_t i = 0; i < q_length; ++i) {
          std::vector<double> p(static_cast<size_t>(kv_length));
          double total = 0;
          for (int64_t j = 0; j < kv_length; ++j) {
            double score = 0;
            for (int64_t c = 0; c < qk_width; ++c)
              score += double{q[n * s.q.batch + h * s.q.head + i * s.q.row + c]} *
                       double{k[n * s.k.batch + h / share * s.k.head + j * s.k.row + c]};
            score *= s.scale;
            const int64_t at = (h * q_length + i) * kv_length + j;
            if (with_bias) score += bias[at];
            const bool hidden = (with_keep && !keep[at]) || (causal && j > i + s.causal_offset);
            p[j] = hidden ? 0 : std::exp(score);
            total += p[j];
          }
          for (int64_t c = 0; c < v_width; ++c) {
            double sum = 0;
            for (int64_t j = 0; j < kv_length; ++j)
              sum += p[j] / total * v[n * s.v.batch + h / share * s.v.head + j * s.v.row + c];
            ASSERT_NEAR(out[n * s.out.batch + h * s.out.head + i * s.out.row + c], sum, 3e-6);
          }
        }
  }
};

TEST_P(AttentionTest, ShapesOfTransformers) {
  run(1, 2, 1, 50, 50, 64, 64, false, false, false);
  run(2, 3, 1, 128, 128, 32, 32, false, false, false);
}

TEST_P(AttentionTest, AwkwardShapes) {
  run(1, 1, 1, 1, 1, 1, 1, false, false, false);
  run(2, 2, 1, 7, 13, 5, 9, false, false, false);
  run(1, 1, 1, 130, 300, 17, 33, false, false, false);
  run(1, 2, 1, 3, 600, 40, 70, false, false, false);
}

TEST_P(AttentionTest, BiasAndMask) {
  run(2, 2, 1, 9, 21, 8, 8, true, false, false);
  run(2, 2, 1, 9, 521, 8, 8, false, true, false);
}

TEST_P(AttentionTest, Causal) {
  run(1, 2, 1, 140, 140, 16, 16, false, false, true);
  run(1, 2, 1, 5, 300, 16, 16, false, false, true);
}

TEST_P(AttentionTest, SharedKeys) { run(1, 6, 3, 10, 20, 16, 16, true, false, false); }

OARLOCK_EACH_INSTRUCTION_SET(AttentionTest);

}  // namespace
}  // namespace oarlock::kernels::cpu
