// Detection, sampling and rearranging of images. Expected values are ONNX Runtime's unless computed
// here.

#include <gmock/gmock.h>

#include <cmath>

#include "ramp.h"

namespace oarlock::test {
namespace {

TEST(NonMaxSuppression, Corners) {
  expect_tensor(
      run("NonMaxSuppression", {},
          {tensor<float>({1, 6, 4}, {0, 0,  1, 1,  0, 0.1f,  1, 1.1f,  0, -0.1f, 1, 0.9f,
                                     0, 10, 1, 11, 1, 10.1f, 0, 11.1f, 0, 100,   1, 101}),
           tensor<float>({1, 1, 6}, {0.9f, 0.75f, 0.6f, 0.95f, 0.5f, 0.3f}),
           tensor<int64_t>({1}, {3}), tensor<float>({1}, {0.5f}), tensor<float>({1}, {0.4f})}),
      tensor<int64_t>({2, 3}, {0, 0, 3, 0, 0, 0}));
}

TEST(NonMaxSuppression, Centers) {
  expect_tensor(
      run("NonMaxSuppression", {{"center_point_box", int64_t{1}}},
          {tensor<float>({1, 3, 4}, {0.5f, 0.5f, 1, 1, 0.5f, 0.6f, 1, 1, 0.5f, 10.5f, 1, 1}),
           tensor<float>({1, 1, 3}, {0.9f, 0.95f, 0.6f}), tensor<int64_t>({1}, {3}),
           tensor<float>({1}, {0.5f})}),
      tensor<int64_t>({2, 3}, {0, 0, 1, 0, 0, 2}));
}

TEST(NonMaxSuppression, NothingByDefault) {
  EXPECT_EQ(to_string(run("NonMaxSuppression", {}, {ramp({1, 2, 4}), ramp({1, 1, 2})})),
            "int64[0, 3]");
  EXPECT_EQ(inferred("NonMaxSuppression", {},
                     {{DType::float32, {1, -1, 4}}, {DType::float32, {1, 3, -1}}}),
            "int64[?, 3]");
}

TEST(RoiAlign, Average) {
  expect_tensor(run("RoiAlign",
                    {{"output_height", int64_t{2}},
                     {"output_width", int64_t{2}},
                     {"sampling_ratio", int64_t{2}},
                     {"coordinate_transformation_mode", std::string("output_half_pixel")}},
                    {ramp({1, 1, 4, 4}), tensor<float>({2, 4}, {0, 0, 3, 3, 1, 1, 2.5f, 3}),
                     tensor<int64_t>({2}, {0, 0})}),
                tensor<float>({2, 1, 2, 2}, {-0.23046875f, 0.3642578f, 0.04296875f, -0.017578125f,
                                             0.140625f, 0.20703125f, 0.265625f, 0.33203125f}),
                1e-05);
}

TEST(RoiAlign, HalfPixelAdaptive) {
  expect_tensor(
      run("RoiAlign",
          {{"output_height", int64_t{1}}, {"output_width", int64_t{2}}, {"spatial_scale", 0.5f}},
          {ramp({2, 1, 4, 4}), tensor<float>({1, 4}, {0, 0, 7, 7}), tensor<int64_t>({1}, {1})}),
      tensor<float>({1, 1, 1, 2}, {0.22790527f, -0.22058105f}), 1e-05);
}

TEST(MaxRoiPool, Bins) {
  expect_tensor(run("MaxRoiPool", {{"pooled_shape", std::vector<int64_t>{2, 2}}},
                    {ramp({1, 1, 4, 4}), tensor<float>({2, 5}, {0, 0, 0, 3, 3, 0, 1, 1, 2, 3})}),
                tensor<float>({2, 1, 2, 2}, {0.5f, 1.25f, 0.75f, 1.25f, 0.75f, 1, 0.75f, 1.25f}),
                1e-05);
}

TEST(GridSample, LinearZeros) {
  expect_tensor(run("GridSample",
                    {{"mode", std::string("linear")},
                     {"padding_mode", std::string("zeros")},
                     {"align_corners", int64_t{0}}},
                    {ramp({1, 1, 3, 3}),
                     tensor<float>({1, 1, 4, 2}, {-1.3f, -0.4f, 0.2f, 0.9f, 1.4f, 0.1f, 0, 0})}),
                tensor<float>({1, 1, 1, 4}, {-0.01250001f, -0.19500008f, 0, 0.25f}), 2e-05);
}

TEST(GridSample, LinearBorder) {
  expect_tensor(run("GridSample",
                    {{"mode", std::string("linear")},
                     {"padding_mode", std::string("border")},
                     {"align_corners", int64_t{1}}},
                    {ramp({1, 1, 3, 3}),
                     tensor<float>({1, 1, 4, 2}, {-1.3f, -0.4f, 0.2f, 0.9f, 1.4f, 0.1f, 0, 0})}),
                tensor<float>({1, 1, 1, 4}, {0.25000003f, -0.17500004f, -0.775f, 0.25f}), 2e-05);
}

TEST(GridSample, LinearReflection) {
  expect_tensor(run("GridSample",
                    {{"mode", std::string("linear")},
                     {"padding_mode", std::string("reflection")},
                     {"align_corners", int64_t{0}}},
                    {ramp({1, 1, 3, 3}),
                     tensor<float>({1, 1, 4, 2}, {-1.3f, -0.4f, 0.2f, 0.9f, 1.4f, 0.1f, 0, 0})}),
                tensor<float>({1, 1, 1, 4}, {-0.24999988f, -0.30000007f, -0.6874999f, 0.25f}),
                2e-05);
}

TEST(GridSample, NearestZeros) {
  expect_tensor(run("GridSample",
                    {{"mode", std::string("nearest")},
                     {"padding_mode", std::string("zeros")},
                     {"align_corners", int64_t{0}}},
                    {ramp({1, 1, 3, 3}),
                     tensor<float>({1, 1, 4, 2}, {-1.3f, -0.4f, 0.2f, 0.9f, 1.4f, 0.1f, 0, 0})}),
                tensor<float>({1, 1, 1, 4}, {0, 0, 0, 0.25f}), 2e-05);
}

TEST(GridSample, NearestBorder) {
  expect_tensor(run("GridSample",
                    {{"mode", std::string("nearest")},
                     {"padding_mode", std::string("border")},
                     {"align_corners", int64_t{1}}},
                    {ramp({1, 1, 3, 3}),
                     tensor<float>({1, 1, 4, 2}, {-1.3f, -0.4f, 0.2f, 0.9f, 1.4f, 0.1f, 0, 0})}),
                tensor<float>({1, 1, 1, 4}, {1.25f, 0, -0.75f, 0.25f}), 2e-05);
}

TEST(GridSample, NearestReflection) {
  expect_tensor(run("GridSample",
                    {{"mode", std::string("nearest")},
                     {"padding_mode", std::string("reflection")},
                     {"align_corners", int64_t{0}}},
                    {ramp({1, 1, 3, 3}),
                     tensor<float>({1, 1, 4, 2}, {-1.3f, -0.4f, 0.2f, 0.9f, 1.4f, 0.1f, 0, 0})}),
                tensor<float>({1, 1, 1, 4}, {-1.25f, 0, -0.75f, 0.25f}), 2e-05);
}

TEST(GridSample, CubicZeros) {
  expect_tensor(run("GridSample",
                    {{"mode", std::string("cubic")},
                     {"padding_mode", std::string("zeros")},
                     {"align_corners", int64_t{0}}},
                    {ramp({1, 1, 3, 3}),
                     tensor<float>({1, 1, 4, 2}, {-1.3f, -0.4f, 0.2f, 0.9f, 1.4f, 0.1f, 0, 0})}),
                tensor<float>({1, 1, 1, 4}, {-0.0171605f, -0.32020944f, 0.049607597f, 0.25f}),
                2e-05);
}

TEST(GridSample, CubicBorder) {
  expect_tensor(run("GridSample",
                    {{"mode", std::string("cubic")},
                     {"padding_mode", std::string("border")},
                     {"align_corners", int64_t{1}}},
                    {ramp({1, 1, 3, 3}),
                     tensor<float>({1, 1, 4, 2}, {-1.3f, -0.4f, 0.2f, 0.9f, 1.4f, 0.1f, 0, 0})}),
                tensor<float>({1, 1, 1, 4}, {0.29961368f, -0.2549698f, -0.8936879f, 0.25f}), 2e-05);
}

TEST(GridSample, CubicReflection) {
  expect_tensor(run("GridSample",
                    {{"mode", std::string("cubic")},
                     {"padding_mode", std::string("reflection")},
                     {"align_corners", int64_t{0}}},
                    {ramp({1, 1, 3, 3}),
                     tensor<float>({1, 1, 4, 2}, {-1.3f, -0.4f, 0.2f, 0.9f, 1.4f, 0.1f, 0, 0})}),
                tensor<float>({1, 1, 1, 4}, {-0.28633144f, -0.43190533f, -0.7285019f, 0.25f}),
                2e-05);
}

TEST(GridSample, ThreeDimensions) {
  expect_tensor(run("GridSample", {},
                    {ramp({1, 1, 2, 2, 3}),
                     tensor<float>({1, 1, 1, 2, 3}, {-0.3f, 0.4f, 0.1f, 0.9f, -0.2f, 0.6f})}),
                tensor<float>({1, 1, 1, 1, 2}, {0.37550002f, -0.62887514f}), 1e-05);
}

TEST(AffineGrid, TwoDimensions) {
  expect_tensor(run("AffineGrid", {}, {ramp({1, 2, 3}), tensor<int64_t>({4}, {1, 1, 2, 3})}),
                tensor<float>({1, 2, 3, 2}, {0.08333337f, -1.7083334f, -0.75f, -0.875f, -1.5833334f,
                                             -0.041666627f, 0.5833334f, -1.4583334f, -0.25f,
                                             -0.625f, -1.0833334f, 0.20833337f}),
                1e-05);
}

TEST(AffineGrid, ThreeDimensionsAligned) {
  expect_tensor(
      run("AffineGrid", {{"align_corners", int64_t{1}}},
          {ramp({1, 3, 4}), tensor<int64_t>({5}, {1, 1, 2, 2, 2})}),
      tensor<float>({1, 2, 2, 2, 3},
                    {2.5f, -0.5f, -0.75f, 0,  0, -2.75f, 3.5f, -2, 0.75f, 1, -1.5f, -1.25f,
                     1.5f, 1.5f,  -1.25f, -1, 2, -3.25f, 2.5f, 0,  0.25f, 0, 0.5f,  -1.75f}),
      1e-05);
}

TEST(CenterCropPad, CropsAndPads) {
  expect_tensor(run("CenterCropPad", {}, {ramp({5, 2}), tensor<int64_t>({2}, {2, 5})}),
                tensor<float>({2, 5}, {0, -0.5f, 1.25f, 0, 0, 0, 0.25f, -0.75f, 0, 0}), 1e-05);
}

TEST(Col2Im, OverlappingBlocks) {
  expect_tensor(
      run("Col2Im",
          {{"strides", std::vector<int64_t>{1, 2}}, {"pads", std::vector<int64_t>{0, 1, 0, 1}}},
          {ramp({1, 4, 6}), tensor<int64_t>({2}, {4, 3}), tensor<int64_t>({2}, {2, 2})}),
      tensor<float>({1, 1, 4, 3},
                    {1, 0.5f, 0, -1, 0.75f, -0.25f, 0.5f, -0.5f, -1.5f, -1.25f, 1, 0.5f}),
      1e-05);
}

TEST(DeformConv, OffsetsAndMask) {
  expect_tensor(run("DeformConv", {{"pads", std::vector<int64_t>{0, 0, 1, 0}}},
                    {ramp({1, 1, 3, 3}), ramp({2, 1, 2, 2}, 3, 11), ramp({1, 8, 3, 2}, 5, 11),
                     tensor<float>({2}, {1, -1}), ramp({1, 4, 3, 2}, 2, 11)}),
                tensor<float>({1, 2, 3, 2}, {0.2109375f, 0.09765625f, 1.5390625f, 0.9003906f,
                                             1.28125f, -0.33398438f, -1.734375f, -1.7382812f,
                                             -0.37890625f, -1.0585938f, -0.33203125f, -1.8515625f}),
                1e-05);
}

TEST(DeformConv, Groups) {
  expect_tensor(run("DeformConv", {{"group", int64_t{2}}, {"offset_group", int64_t{2}}},
                    {ramp({1, 2, 3, 3}), ramp({2, 1, 2, 2}, 3, 11), ramp({1, 16, 2, 2}, 5, 11)}),
                tensor<float>({1, 2, 2, 2}, {-0.75f, 0.484375f, -0.453125f, -0.55859375f,
                                             -0.67578125f, 0.546875f, 0.0625f, -0.4453125f}),
                1e-05);
}

TEST(Sampling, Errors) {
  EXPECT_THAT(error_of("RoiAlign", {}, {ramp({1, 1, 2, 2}), ramp({1, 4}), integers({1})}),
              testing::HasSubstr("the index 1; X has 1 images"));
  EXPECT_THAT(error_of("GridSample", {}, {ramp({1, 1, 2, 2}), ramp({1, 2, 2, 3})}),
              testing::HasSubstr("input grid must have shape [1, ..., 2]"));
  EXPECT_THAT(error_of("Col2Im", {}, {ramp({1, 4, 6}), integers({4, 4}), integers({2, 2})}),
              testing::HasSubstr("has 9 blocks"));
  EXPECT_EQ(inferred("CenterCropPad", {{"axes", std::vector<int64_t>{1}}},
                     {{DType::float32, {2, 3}}, Given(DType::int64, {1})}),
            "float32[2, ?]");
}

}  // namespace
}  // namespace oarlock::test
