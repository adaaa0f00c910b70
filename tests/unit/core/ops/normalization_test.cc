// Batch, layer, RMS, instance and group normalization. Expected values are ONNX Runtime's unless
// computed here.

#include <gmock/gmock.h>

#include <cmath>

#include "ramp.h"

namespace oarlock::test {
namespace {

TEST(BatchNormalization, Inference) {
  expect_tensor(run("BatchNormalization", {{"epsilon", 0.001f}},
                    {ramp({2, 2, 3}), tensor<float>({2}, {1, 2}), tensor<float>({2}, {0.5f, -1}),
                     tensor<float>({2}, {0.25f, -0.5f}), tensor<float>({2}, {1, 4})}),
                tensor<float>({2, 2, 3}, {-0.99925053f, 0.74987507f, -0.2496253f, 0.74978137f,
                                          -0.2500937f, -1.2499688f, 1.2496253f, 0.2501249f,
                                          -0.74937546f, 0.24984384f, -0.75003123f, -1.7499063f}),
                1e-05);
}

TEST(BatchNormalization, Training) {
  const Values results =
      run_all("BatchNormalization", {{"training_mode", int64_t{1}}, {"momentum", 0.75f}},
              {ramp({2, 2, 3}), tensor<float>({2}, {1, 2}), tensor<float>({2}, {0.5f, -1}),
               tensor<float>({2}, {0.25f, -0.5f}), tensor<float>({2}, {1, 4})},
              3);
  expect_tensor(results[0],
                tensor<float>({2, 2, 3}, {-0.80854946f, 1.3898137f, 0.13360614f, 1.92768f,
                                          -0.414464f, -2.756608f, 2.0179174f, 0.76170987f,
                                          -0.4944976f, 0.756608f, -1.585536f, -3.92768f}),
                1e-05);
  expect_tensor(results[1], tensor<float>({2}, {0.13541667f, -0.375f}), 1e-05);
  expect_tensor(results[2], tensor<float>({2}, {0.90842015f, 3.1822917f}), 1e-05);
}

TEST(LayerNormalization, LastAxis) {
  const Values results = run_all(
      "LayerNormalization", {},
      {ramp({2, 4}), tensor<float>({4}, {1, 2, 3, 4}), tensor<float>({4}, {1, 0, -1, 2})}, 3);
  expect_tensor(results[0],
                tensor<float>({2, 4}, {-0.31305707f, 1.0504457f, -2.5756686f, 7.2522283f,
                                       1.1999974f, -2.799964f, 3.199946f, 1.2000103f}),
                1e-05);
  expect_tensor(results[1], tensor<float>({2, 1}, {0, 0.12499999f}), 1e-05);
  expect_tensor(results[2], tensor<float>({2, 1}, {1.0504457f, 1.5999794f}), 1e-05);
}

TEST(LayerNormalization, FromAxisOne) {
  expect_tensor(run("LayerNormalization", {{"axis", int64_t{1}}, {"epsilon", 0.1f}},
                    {ramp({2, 2, 3}), ramp({2, 3}, 3, 11)}),
                tensor<float>({2, 2, 3}, {1.6290528f, -0.32581058f, -0.11636091f, 1.4894197f,
                                          -0.37235492f, 0.18617745f, -1.5899307f, -0.070663586f,
                                          -0.24732254f, 0.9892902f, 0.14132717f, 0.31798613f}),
                1e-05);
}

TEST(RMSNormalization, LastAxis) {
  expect_tensor(run("RMSNormalization", {}, {ramp({2, 4}), tensor<float>({4}, {1, 2, 3, 4})}),
                tensor<float>({2, 4}, {-1.3130571f, 1.0504457f, -1.5756686f, 5.2522283f,
                                       0.39222744f, -2.3533645f, 4.7067294f, 0}),
                1e-05);
}

TEST(InstanceNormalization, Planes) {
  expect_tensor(
      run("InstanceNormalization", {},
          {ramp({2, 2, 3}), tensor<float>({2}, {1, 2}), tensor<float>({2}, {0.5f, -1})}),
      tensor<float>({2, 2, 3}, {-0.662465f, 1.7787116f, 0.38375354f, 1.4494712f, -1, -3.4494712f,
                                1.7247356f, 0.5f, -0.7247356f, 1.4494712f, -1, -3.4494712f}),
      1e-05);
}

TEST(GroupNormalization, Groups) {
  expect_tensor(run("GroupNormalization", {{"num_groups", int64_t{2}}},
                    {ramp({1, 4, 3}), tensor<float>({4}, {1, 2, 3, 4}),
                     tensor<float>({4}, {0.5f, -1, 0, 1})}),
                tensor<float>({1, 4, 3}, {-0.8930421f, 1.196521f, 0.0024849772f, 2.1840963f,
                                          -0.20397592f, -2.5920482f, 4.0858793f, 0.45398664f,
                                          -3.1779063f, 5.2372084f, 0.3946845f, -4.4478393f}),
                1e-05);
}

// Channels on an axis of a scale that broadcasts in its middle.
TEST(LayerNormalization, BroadcastsScale) {
  const Tensor x = ramp({2, 2, 3});
  const Tensor plain = run("LayerNormalization", {}, {x, list<float>({1, 1, 1})});
  const Tensor scaled = run("LayerNormalization", {}, {x, tensor<float>({2, 1, 1}, {1, 3})});
  for (int64_t i = 0; i < 12; ++i)
    EXPECT_NEAR(scaled.as<float>()[i], plain.as<float>()[i] * (i < 6 ? 1 : 3), 1e-6);
}

TEST(Normalization, Errors) {
  EXPECT_THAT(error_of("BatchNormalization", {},
                       {ramp({1, 2, 3}), list<float>({1}), ramp({2}), ramp({2}), ramp({2})}),
              testing::HasSubstr("input scale must have shape [2], but has [1]"));
  EXPECT_THAT(error_of("LayerNormalization", {}, {ramp({2, 3}), ramp({4})}),
              testing::HasSubstr("does not broadcast"));
  EXPECT_THAT(error_of("GroupNormalization", {{"num_groups", int64_t{2}}},
                       {ramp({1, 3, 2}), ramp({3}), ramp({3})}),
              testing::HasSubstr("do not divide into 2 groups"));
}

}  // namespace
}  // namespace oarlock::test
