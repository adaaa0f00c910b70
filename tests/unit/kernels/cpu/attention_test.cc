#include "kernels/cpu/attention.h"

#include <cmath>
#include <vector>

#include "tests/unit/kernels/cpu/each_instruction_set.h"
#include "tests/unit/kernels/cpu/random_floats.h"

namespace oarlock::kernels::cpu {
namespace {

enum class Mask { none, bias, bias_of_keys, keep, keep_none };

struct Case {
  int64_t batch = 1, heads = 1, share = 1;
  int64_t q_length, kv_length, qk_width, v_width;
  Mask mask = Mask::none;
  bool causal = false;
  int64_t hidden_ahead = 0;  // queries before the first that sees a key
  bool keys_in_columns = false;
};

class AttentionTest : public EachInstructionSet {
 protected:
  // Operands are [batch, rows, heads, width], so that heads are strided; keys in columns
  // [batch, heads, width, rows].
  static Attention shape_of(const Case& c) {
    const int64_t kv_heads = c.heads / c.share;
    Attention s;
    s.batch = c.batch;
    s.heads = c.heads;
    s.heads_per_key = c.share;
    s.q_length = c.q_length;
    s.kv_length = c.kv_length;
    s.qk_width = c.qk_width;
    s.v_width = c.v_width;
    s.q = {c.q_length * c.heads * c.qk_width, c.qk_width, c.heads * c.qk_width, 1};
    s.k = {c.kv_length * kv_heads * c.qk_width, c.qk_width, kv_heads * c.qk_width, 1};
    if (c.keys_in_columns) s.k = {s.k.batch, c.qk_width * c.kv_length, 1, c.kv_length};
    s.v = {c.kv_length * kv_heads * c.v_width, c.v_width, kv_heads * c.v_width, 1};
    s.out = {c.q_length * c.heads * c.v_width, c.v_width, c.heads * c.v_width, 1};
    s.bias = {0, c.q_length * c.kv_length, c.mask == Mask::bias_of_keys ? 0 : c.kv_length, 1};
    s.scale = 1.0f / std::sqrt(static_cast<float>(c.qk_width));
    s.causal = c.causal;
    s.causal_offset = c.hidden_ahead ? -c.hidden_ahead : c.kv_length - c.q_length;
    return s;
  }

  void run(const Case& c) {
    const Attention s = shape_of(c);
    const std::vector<float> q = random_floats(s.batch * s.q.batch, 1, -3, 3),
                             k = random_floats(s.batch * s.k.batch, 2, -3, 3),
                             v = random_floats(s.batch * s.v.batch, 3),
                             bias = random_floats(s.heads * s.q_length * s.kv_length, 4);
    std::vector<uint8_t> keep(bias.size());
    for (size_t i = 0; i < keep.size(); ++i) keep[i] = c.mask == Mask::keep && i % 5 != 1;
    const bool with_bias = c.mask == Mask::bias || c.mask == Mask::bias_of_keys;
    const bool with_keep = c.mask == Mask::keep || c.mask == Mask::keep_none;

    std::vector<float> out(static_cast<size_t>(s.batch * s.out.batch), -9.0f);
    std::vector<float> workspace(static_cast<size_t>(attention_workspace(s)), NAN);
    const int64_t units = attention_units(s);
    const float* b = with_bias ? bias.data() : nullptr;
    const bool* m = with_keep ? reinterpret_cast<const bool*>(keep.data()) : nullptr;
    attention(s, q.data(), k.data(), v.data(), b, m, out.data(), workspace.data(), units / 2,
              units);
    attention(s, q.data(), k.data(), v.data(), b, m, out.data(), workspace.data(), 0, units / 2);
    for (int64_t n = 0; n < s.batch; ++n)
      for (int64_t h = 0; h < s.heads; ++h)
        for (int64_t i = 0; i < s.q_length; ++i) {
          std::vector<double> p(static_cast<size_t>(s.kv_length));
          double total = 0;
          for (int64_t j = 0; j < s.kv_length; ++j) {
            double score = 0;
            for (int64_t w = 0; w < s.qk_width; ++w)
              score += double{q[n * s.q.batch + h * s.q.head + i * s.q.row + w]} *
                       double{k[n * s.k.batch + h / s.heads_per_key * s.k.head + j * s.k.row +
                                w * s.k.column]};
            score *= s.scale;
            const int64_t at = h * s.bias.head + i * s.bias.row + j;
            if (with_bias) score += bias[at];
            const bool hidden = (with_keep && !keep[at]) || (s.causal && j > i + s.causal_offset);
            p[j] = hidden ? 0 : std::exp(score);
            total += p[j];
          }
          for (int64_t w = 0; w < s.v_width; ++w) {
            double sum = 0;
            for (int64_t j = 0; j < s.kv_length && total > 0; ++j)
              sum += p[j] / total *
                     v[n * s.v.batch + h / s.heads_per_key * s.v.head + j * s.v.row + w];
            ASSERT_NEAR(out[n * s.out.batch + h * s.out.head + i * s.out.row + w], sum, 3e-6)
                << "batch " << n << ", head " << h << ", query " << i << ", value " << w;
          }
        }
  }
};

TEST_P(AttentionTest, ShapesOfTransformers) {
  run({.heads = 2, .q_length = 50, .kv_length = 50, .qk_width = 64, .v_width = 64});
  run({.batch = 2, .heads = 3, .q_length = 128, .kv_length = 128, .qk_width = 32, .v_width = 32});
}

TEST_P(AttentionTest, AwkwardShapes) {
  run({.q_length = 1, .kv_length = 1, .qk_width = 1, .v_width = 1});
  run({.batch = 2, .heads = 2, .q_length = 7, .kv_length = 13, .qk_width = 5, .v_width = 9});
  run({.q_length = 130, .kv_length = 300, .qk_width = 17, .v_width = 33});
  run({.heads = 2, .q_length = 3, .kv_length = 600, .qk_width = 40, .v_width = 70});
}

TEST_P(AttentionTest, FewQueries) {
  for (const Mask mask : {Mask::none, Mask::bias, Mask::keep})
    for (const bool causal : {false, true})
      for (const int64_t queries : {1, 2, 4, 9})
        run({.heads = 2,
             .q_length = queries,
             .kv_length = 260,
             .qk_width = 64,
             .v_width = 136,
             .mask = mask,
             .causal = causal});
}

TEST_P(AttentionTest, BiasAndMask) {
  for (const Mask mask : {Mask::bias, Mask::bias_of_keys, Mask::keep})
    for (const int64_t queries : {9, 21, 140})
      run({.batch = 2,
           .heads = 2,
           .q_length = queries,
           .kv_length = 221,
           .qk_width = 8,
           .v_width = 8,
           .mask = mask});
}

TEST_P(AttentionTest, QueriesThatSeeNoKeyGiveZeros) {
  for (const int64_t queries : {1, 40})
    run({.q_length = queries,
         .kv_length = 150,
         .qk_width = 8,
         .v_width = 8,
         .mask = Mask::keep_none});
  for (const int64_t queries : {2, 40})
    run({.q_length = queries,
         .kv_length = 150,
         .qk_width = 8,
         .v_width = 8,
         .causal = true,
         .hidden_ahead = queries / 2});
}

TEST_P(AttentionTest, Causal) {
  for (const Mask mask : {Mask::none, Mask::bias, Mask::keep}) {
    run({.heads = 2,
         .q_length = 140,
         .kv_length = 140,
         .qk_width = 16,
         .v_width = 16,
         .mask = mask,
         .causal = true});
    run({.heads = 2,
         .q_length = 5,
         .kv_length = 300,
         .qk_width = 16,
         .v_width = 16,
         .mask = mask,
         .causal = true});
  }
}

TEST_P(AttentionTest, SharedKeys) {
  run({.heads = 6,
       .share = 3,
       .q_length = 10,
       .kv_length = 20,
       .qk_width = 16,
       .v_width = 16,
       .mask = Mask::bias});
}

TEST_P(AttentionTest, KeysInColumns) {
  for (const int64_t queries : {1, 10, 70})
    run({.batch = 2,
         .heads = 2,
         .q_length = queries,
         .kv_length = 140,
         .qk_width = 16,
         .v_width = 16,
         .keys_in_columns = true});
}

OARLOCK_EACH_INSTRUCTION_SET(AttentionTest);

}  // namespace
}  // namespace oarlock::kernels::cpu
