// Resize. Expected values are ONNX Runtime's unless computed here.

#include <gmock/gmock.h>

#include <cmath>

#include "ramp.h"

namespace oarlock::test {
namespace {

TEST(Resize, NearestHalfPixel) {
  expect_tensor(
      run("Resize", {{"mode", std::string("nearest")}},
          {ramp({1, 1, 2, 3}), Value(), tensor<float>({4}, {1, 1, 2, 1.5f})}),
      tensor<float>({1, 1, 4, 4}, {-1.25f, -1.25f, 0.5f, -0.5f, -1.25f, -1.25f, 0.5f, -0.5f, 1.25f,
                                   1.25f, 0.25f, -0.75f, 1.25f, 1.25f, 0.25f, -0.75f}),
      1e-05);
}

TEST(Resize, NearestAsymmetricFloor) {
  expect_tensor(
      run("Resize",
          {{"mode", std::string("nearest")},
           {"coordinate_transformation_mode", std::string("asymmetric")},
           {"nearest_mode", std::string("floor")}},
          {ramp({1, 1, 2, 2}), Value(), tensor<float>({4}, {1, 1, 2, 2})}),
      tensor<float>({1, 1, 4, 4}, {-1.25f, -1.25f, 0.5f, 0.5f, -1.25f, -1.25f, 0.5f, 0.5f, -0.5f,
                                   -0.5f, 1.25f, 1.25f, -0.5f, -0.5f, 1.25f, 1.25f}),
      1e-05);
}

TEST(Resize, NearestCeilSizes) {
  expect_tensor(
      run("Resize",
          {{"mode", std::string("nearest")},
           {"nearest_mode", std::string("ceil")},
           {"coordinate_transformation_mode", std::string("align_corners")}},
          {ramp({1, 1, 3, 3}), Value(), Value(), tensor<int64_t>({4}, {1, 1, 5, 2})}),
      tensor<float>({1, 1, 5, 2}, {-1.25f, -0.5f, 1.25f, -0.75f, 1.25f, -0.75f, 1, -1, 1, -1}),
      1e-05);
}

TEST(Resize, LinearHalfPixel) {
  expect_tensor(
      run("Resize", {{"mode", std::string("linear")}},
          {ramp({1, 1, 2, 3}), Value(), tensor<float>({4}, {1, 1, 2, 2})}),
      tensor<float>({1, 1, 4, 6}, {-1.25f,  -0.8125f,   0.0625f,   0.25f,   -0.25f,   -0.5f,
                                   -0.625f, -0.359375f, 0.171875f, 0.1875f, -0.3125f, -0.5625f,
                                   0.625f,  0.546875f,  0.390625f, 0.0625f, -0.4375f, -0.6875f,
                                   1.25f,   1,          0.5f,      0,       -0.5f,    -0.75f}),
      1e-05);
}

TEST(Resize, LinearAlignCorners) {
  expect_tensor(
      run("Resize",
          {{"mode", std::string("linear")},
           {"coordinate_transformation_mode", std::string("align_corners")}},
          {ramp({1, 1, 2, 2}), Value(), Value(), tensor<int64_t>({4}, {1, 1, 3, 4})}),
      tensor<float>({1, 1, 3, 4}, {-1.25f, -0.66666657f, -0.08333328f, 0.5f, -0.875f, -0.2916666f,
                                   0.29166672f, 0.875f, -0.5f, 0.08333337f, 0.66666675f, 1.25f}),
      1e-05);
}

TEST(Resize, LinearPytorchHalfPixelDown) {
  expect_tensor(run("Resize",
                    {{"mode", std::string("linear")},
                     {"coordinate_transformation_mode", std::string("pytorch_half_pixel")}},
                    {ramp({1, 1, 4, 4}), Value(), Value(), tensor<int64_t>({4}, {1, 1, 3, 1})}),
                tensor<float>({1, 1, 3, 1}, {-0.99999994f, -0.375f, 0.24999988f}), 1e-05);
}

TEST(Resize, LinearAxes) {
  expect_tensor(
      run("Resize", {{"mode", std::string("linear")}, {"axes", std::vector<int64_t>{2, 3}}},
          {ramp({1, 2, 2, 2}), Value(), Value(), tensor<int64_t>({2}, {3, 3})}),
      tensor<float>({1, 2, 3, 3}, {-1.25f, -0.375f, 0.5f, -0.875f, 0, 0.875f, -0.5f, 0.375f, 1.25f,
                                   0.25f, -0.25f, -0.75f, 0.625f, 0.125f, -0.375f, 1, 0.5f, 0}),
      1e-05);
}

TEST(Resize, CubicHalfPixel) {
  expect_tensor(
      run("Resize", {{"mode", std::string("cubic")}},
          {ramp({1, 1, 3, 3}), Value(), tensor<float>({4}, {1, 1, 1, 2})}),
      tensor<float>({1, 1, 3, 6}, {-1.4345703f, -0.8183594f, 0.20898438f, 0.4580078f, -0.21191406f,
                                   -0.60546875f, 1.3554688f, 1.0585938f, 0.58203125f, -0.08203125f,
                                   -0.55859375f, -0.85546875f, 1.1054688f, 0.80859375f, 0.33203125f,
                                   -0.33203125f, -0.80859375f, -1.1054688f}),
      1e-05);
}

TEST(Resize, CubicExcludeOutside) {
  expect_tensor(run("Resize",
                    {{"mode", std::string("cubic")},
                     {"exclude_outside", int64_t{1}},
                     {"cubic_coeff_a", -0.5f}},
                    {ramp({1, 1, 4, 4}), Value(), tensor<float>({4}, {1, 1, 0.5f, 1})}),
                tensor<float>({1, 1, 2, 4}, {-0.4705882f, -0.17647056f, 0.2794118f, 0.7352941f,
                                             -0.2794118f, 0.17647058f, 0.4705882f, -0.52941173f}),
                1e-05);
}

TEST(Resize, CropAndResize) {
  expect_tensor(
      run("Resize",
          {{"mode", std::string("linear")},
           {"coordinate_transformation_mode", std::string("tf_crop_and_resize")},
           {"extrapolation_value", 10.0f}},
          {ramp({1, 1, 4, 4}), tensor<float>({8}, {0, 0, 0.25f, 0.5f, 1, 1, 0.75f, 1.25f}), Value(),
           tensor<int64_t>({4}, {1, 1, 3, 3})}),
      tensor<float>({1, 1, 3, 3},
                    {0.09375f, 0.4296875f, 10, 0.1875f, -0.25f, 10, 0.28125f, -0.5f, 10}),
      1e-05);
}

TEST(Resize, LinearAntialias) {
  expect_tensor(run("Resize", {{"mode", std::string("linear")}, {"antialias", int64_t{1}}},
                    {ramp({1, 1, 4, 4}), Value(), tensor<float>({4}, {1, 1, 0.6f, 0.6f})}),
                tensor<float>({1, 1, 2, 2}, {-0.4179688f, 0.21527779f, -0.19097225f, 0.08950619f}),
                1e-05);
}

TEST(Resize, NotLarger) {
  expect_tensor(
      run("Resize",
          {{"mode", std::string("nearest")},
           {"keep_aspect_ratio_policy", std::string("not_larger")},
           {"axes", std::vector<int64_t>{2, 3}}},
          {ramp({1, 1, 2, 4}), Value(), Value(), tensor<int64_t>({2}, {7, 8})}),
      tensor<float>({1, 1, 4, 8}, {-1.25f, -1.25f, 0.5f,   0.5f,   -0.5f, -0.5f, 1.25f, 1.25f,
                                   -1.25f, -1.25f, 0.5f,   0.5f,   -0.5f, -0.5f, 1.25f, 1.25f,
                                   0.25f,  0.25f,  -0.75f, -0.75f, 1,     1,     0,     0,
                                   0.25f,  0.25f,  -0.75f, -0.75f, 1,     1,     0,     0}),
      1e-05);
}

TEST(Resize, Integers) {
  expect_tensor(run("Resize", {{"mode", std::string("linear")}},
                    {tensor<uint8_t>({1, 1, 2}, {10, 255}), Value(), list<float>({1, 1, 2})}),
                tensor<uint8_t>({1, 1, 4}, {10, 71, 194, 255}));
}

TEST(Resize, Inference) {
  const Given x(DType::float32, {1, -1, 4});
  EXPECT_EQ(inferred("Resize", {}, {x, TypeInfo(), list<float>({1, 2, 2.5f})}),
            "float32[1, ?, 10]");
  EXPECT_EQ(inferred("Resize", {}, {x, TypeInfo(), TypeInfo(), integers({1, 7, 9})}),
            "float32[1, 7, 9]");
  EXPECT_EQ(inferred("Resize", {{"axes", std::vector<int64_t>{2}}},
                     {x, TypeInfo(), TypeInfo(), Given(DType::int64, {1})}),
            "float32[1, ?, ?]");
  EXPECT_THAT(inferred("Resize", {}, {x, TypeInfo(), list<float>({1, 2})}),
              testing::HasSubstr("input scales has 2 elements, but there are 3 axes"));
  EXPECT_THAT(inferred("Resize", {}, {x, TypeInfo(), list<float>({1, 1, -1})}),
              testing::HasSubstr("scales must be positive"));
  EXPECT_THAT(
      inferred("Resize", {{"mode", std::string("best")}}, {x, TypeInfo(), list<float>({1, 1, 1})}),
      testing::HasSubstr("attribute mode has the unknown value best"));
}

}  // namespace
}  // namespace oarlock::test
