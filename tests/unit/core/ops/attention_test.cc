// Attention, rotary embedding, caches, linear attention. Expected values are ONNX Runtime's unless
// computed here.

#include <gmock/gmock.h>

#include <cmath>

#include "ramp.h"

namespace oarlock::test {
namespace {

TEST(Attention, FourDimensions) {
  expect_tensor(run("Attention", {},
                    {ramp({1, 2, 2, 3}), ramp({1, 2, 3, 3}, 3, 11), ramp({1, 2, 3, 2}, 5, 11)}),
                tensor<float>({1, 2, 2, 2}, {-0.20738155f, -0.1986435f, 0.943436f, -0.3584153f,
                                             0.64118683f, -0.8588132f, 0.6425076f, -0.8574924f}),
                1e-05);
}

TEST(Attention, PackedGroupedCausal) {
  expect_tensor(
      run("Attention",
          {{"q_num_heads", int64_t{2}}, {"kv_num_heads", int64_t{1}}, {"is_causal", int64_t{1}}},
          {ramp({1, 3, 4}), ramp({1, 3, 2}, 3, 11), ramp({1, 3, 2}, 5, 11)}),
      tensor<float>({1, 3, 4},
                    {-1.25f, 0, -1.25f, 0, -0.32390022f, -0.09260998f, 0.6070417f, -0.18570417f,
                     0.24436656f, -0.24603209f, -0.115823835f, -0.22045359f}),
      1e-05);
}

TEST(Attention, MaskScaleSoftcap) {
  expect_tensor(run("Attention", {{"scale", 0.5f}, {"softcap", 2.0f}},
                    {ramp({1, 2, 2, 3}), ramp({1, 2, 3, 3}, 3, 11), ramp({1, 2, 3, 2}, 5, 11),
                     ramp({2, 3}, 2, 11)}),
                tensor<float>({1, 2, 2, 2}, {0.34449112f, -0.31427968f, 0.9770564f, -0.39433086f,
                                             0.5318146f, -0.96818537f, 0.5300442f, -0.96995574f}),
                1e-05);
}

TEST(Attention, PastAndPresent) {
  const Values results =
      run_all("Attention", {},
              {ramp({1, 1, 2, 2}), ramp({1, 1, 1, 2}, 3, 11), ramp({1, 1, 1, 2}, 5, 11), Value(),
               ramp({1, 1, 2, 2}, 2, 11), ramp({1, 1, 2, 2}, 4, 11)},
              3);
  expect_tensor(
      results[0],
      tensor<float>({1, 1, 2, 2}, {-0.81102234f, -0.31274378f, -0.38879514f, -0.4939452f}), 1e-05);
  expect_tensor(results[1],
                tensor<float>({1, 1, 3, 2}, {-1.25f, -0.75f, -0.25f, 0.25f, -1.25f, -0.5f}), 1e-05);
  expect_tensor(results[2], tensor<float>({1, 1, 3, 2}, {-1.25f, -0.25f, 0.75f, -1, -1.25f, 0}),
                1e-05);
}

// Without a key to attend to, a query gives zero.
TEST(Attention, BooleanMaskAndLengths) {
  const Tensor q = ramp({1, 1, 2, 2}), k = ramp({1, 1, 3, 2}, 3), v = ramp({1, 1, 3, 2}, 5);
  const Tensor masked = run(
      "Attention", {}, {q, k, v, tensor<bool>({2, 3}, {false, true, false, false, false, false})});
  expect_tensor(masked, tensor<float>({1, 1, 2, 2}, {v.as<float>()[2], v.as<float>()[3], 0, 0}),
                1e-6);
  const Tensor short_keys =
      run("Attention", {}, {q, k, v, Value(), Value(), Value(), integers({1})});
  expect_tensor(short_keys,
                tensor<float>({1, 1, 2, 2}, {v.as<float>()[0], v.as<float>()[1], v.as<float>()[0],
                                             v.as<float>()[1]}),
                1e-6);
}

TEST(Attention, Windows) {
  const Tensor q = ramp({1, 1, 3, 2}), k = ramp({1, 1, 3, 2}, 3), v = ramp({1, 1, 3, 2}, 5);
  expect_tensor(
      run("Attention", {{"left_window_size", int64_t{0}}, {"right_window_size", int64_t{0}}},
          {q, k, v}),
      v, 1e-6);
}

TEST(Attention, Inference) {
  EXPECT_EQ(inferred("Attention", {{"q_num_heads", int64_t{4}}, {"kv_num_heads", int64_t{2}}},
                     {{DType::float32, {-1, 7, 32}},
                      {DType::float32, {-1, -1, 16}},
                      {DType::float32, {-1, -1, 10}}},
                     3),
            "float32[?, 7, 20]; float32[?, 2, ?, 8]; float32[?, 2, ?, 5]");
  EXPECT_THAT(inferred("Attention", {},
                       {{DType::float32, {1, 7, 32}},
                        {DType::float32, {1, 7, 32}},
                        {DType::float32, {1, 7, 32}}}),
              testing::HasSubstr("set attributes q_num_heads and kv_num_heads"));
  EXPECT_THAT(inferred("Attention", {},
                       {{DType::float32, {1, 2, 3, 4}},
                        {DType::float32, {1, 2, 3, 5}},
                        {DType::float32, {1, 2, 3, 4}}}),
              testing::HasSubstr("last dimensions must agree"));
}

TEST(RotaryEmbedding, Halves) {
  expect_tensor(run("RotaryEmbedding", {},
                    {ramp({1, 2, 2, 4}), ramp({3, 2}, 3, 11), ramp({3, 2}, 5, 11),
                     tensor<int64_t>({1, 2}, {2, 0})}),
                tensor<float>({1, 2, 2, 4},
                              {1.75f, 0.5f, -0.75f, -0.5625f, 0.9375f, 0.375f, -1.5625f, -0, 1.25f,
                               -0.8125f, -0.75f, -0.0625f, 0.9375f, 0.25f, -2.1875f, -0.125f}),
                1e-05);
}

TEST(RotaryEmbedding, InterleavedPacked) {
  expect_tensor(
      run("RotaryEmbedding",
          {{"interleaved", int64_t{1}},
           {"num_heads", int64_t{2}},
           {"rotary_embedding_dim", int64_t{2}}},
          {ramp({1, 2, 8}), ramp({1, 2, 1}, 3, 11), ramp({1, 2, 1}, 5, 11)}),
      tensor<float>({1, 2, 8}, {2.1875f, 0.9375f, -0.5f, 1.25f, -1.25f, 0.625f, 1, 0, 0.5f, -0.375f,
                                -0.25f, -1.25f, -0.25f, 0.25f, 1.25f, 0.25f}),
      1e-05);
}

TEST(RotaryEmbedding, Errors) {
  EXPECT_THAT(
      error_of("RotaryEmbedding", {},
               {ramp({1, 1, 1, 4}), ramp({3, 2}), ramp({3, 2}), tensor<int64_t>({1, 1}, {3})}),
      testing::HasSubstr("position 3"));
  EXPECT_THAT(
      error_of("RotaryEmbedding", {}, {ramp({1, 1, 1, 3}), ramp({1, 1, 1}), ramp({1, 1, 1})}),
      testing::HasSubstr("even number"));
}

TEST(TensorScatter, LinearAndCircular) {
  const Tensor cache = counting<float>({2, 1, 3, 1});
  const Tensor update = tensor<float>({2, 1, 2, 1}, {10, 11, 12, 13});
  expect_tensor(run("TensorScatter", {}, {cache, update, integers({1, 0})}),
                tensor<float>({2, 1, 3, 1}, {0, 10, 11, 12, 13, 5}));
  expect_tensor(
      run("TensorScatter", {{"mode", std::string("circular")}}, {cache, update, integers({2, 4})}),
      tensor<float>({2, 1, 3, 1}, {11, 1, 10, 3, 12, 13}));
  EXPECT_THAT(error_of("TensorScatter", {}, {cache, update, integers({2, 0})}),
              testing::HasSubstr("the index 2 for batch 0"));
}

// Two tokens of one head of two elements, by hand: S = k v^T summed up, y = S^T q.
TEST(LinearAttention, Linear) {
  const Values y =
      run_all("LinearAttention",
              {{"q_num_heads", int64_t{1}},
               {"kv_num_heads", int64_t{1}},
               {"scale", 1.0f},
               {"update_rule", std::string("linear")}},
              {tensor<float>({1, 2, 2}, {1, 0, 1, 1}), tensor<float>({1, 2, 2}, {1, 2, 3, 4}),
               tensor<float>({1, 2, 1}, {10, 100})},
              2);
  expect_tensor(y[0], tensor<float>({1, 2, 1}, {10, 730}), 1e-4);
  expect_tensor(y[1], tensor<float>({1, 1, 2, 1}, {310, 420}), 1e-4);
}

// Decay ln 2 doubles the state; beta 1 replaces what the key retrieves.
TEST(LinearAttention, GatedDelta) {
  const float ln2 = std::log(2.0f);
  const Values y =
      run_all("LinearAttention",
              {{"q_num_heads", int64_t{1}}, {"kv_num_heads", int64_t{1}}, {"scale", 1.0f}},
              {tensor<float>({1, 2, 1}, {1, 1}), tensor<float>({1, 2, 1}, {1, 1}),
               tensor<float>({1, 2, 1}, {3, 5}), Value(), tensor<float>({1, 2, 1}, {0, ln2}),
               tensor<float>({1, 2, 1}, {1, 0.5f})},
              2);
  expect_tensor(y[0], tensor<float>({1, 2, 1}, {3, 5.5f}), 1e-5);
  EXPECT_THAT(
      error_of("LinearAttention", {{"q_num_heads", int64_t{1}}, {"kv_num_heads", int64_t{1}}},
               {ramp({1, 2, 1}), ramp({1, 2, 1}), ramp({1, 2, 1})}, 2),
      testing::HasSubstr("needs input decay"));
}

TEST(CausalConvWithState, CarriesItsState) {
  const Tensor w = tensor<float>({1, 1, 3}, {1, 10, 100});
  const Values first = run_all("CausalConvWithState", {}, {tensor<float>({1, 1, 2}, {1, 2}), w}, 2);
  expect_tensor(first[0], tensor<float>({1, 1, 2}, {100, 210}));
  expect_tensor(first[1], tensor<float>({1, 1, 2}, {1, 2}));
  const Values second =
      run_all("CausalConvWithState", {}, {tensor<float>({1, 1, 1}, {3}), w, Value(), first[1]}, 2);
  expect_tensor(second[0], tensor<float>({1, 1, 1}, {321}));
  expect_tensor(second[1], tensor<float>({1, 1, 2}, {2, 3}));
}

}  // namespace
}  // namespace oarlock::test
