// Conv, oarlock.Conv, ConvTranspose. Expected values are ONNX Runtime's unless computed here.

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>

#include "ramp.h"

namespace oarlock::test {
namespace {

TEST(Conv, StridedWithBias) {
  expect_tensor(
      run("Conv",
          {{"strides", std::vector<int64_t>{2, 2}}, {"pads", std::vector<int64_t>{1, 1, 1, 1}}},
          {ramp({1, 2, 5, 4}), ramp({3, 2, 3, 3}, 5, 11), tensor<float>({3}, {0.5f, -1, 2})}),
      tensor<float>({1, 3, 3, 2},
                    {0.625f, -3.1875f, -3.6875f, -3.125f, 1.625f, 2.5f, 0.5f, -2.6875f, -3.375f,
                     2.125f, 0.25f, 2.5f, 2.125f, 5.0625f, 4.1875f, 7.0625f, 3.375f, 5.625f}),
      1e-05);
}

TEST(Conv, GroupsAndDilations) {
  expect_tensor(run("Conv",
                    {{"group", int64_t{2}},
                     {"dilations", std::vector<int64_t>{2, 1}},
                     {"kernel_shape", std::vector<int64_t>{2, 2}}},
                    {ramp({1, 4, 4, 3}), ramp({4, 2, 2, 2}, 3, 11)}),
                tensor<float>({1, 4, 2, 2},
                              {-0.0625f, -0.75f, -3.5f, -0.75f, 2.3125f, -0.3125f, 0.625f, 0.0625f,
                               -1.6875f, 1.3125f, -1.625f, 0, 2.3125f, -0.75f, 2.0625f, -1}),
                1e-05);
}

TEST(Conv, OneDimensionSameUpper) {
  expect_tensor(
      run("Conv", {{"auto_pad", std::string("SAME_UPPER")}, {"strides", std::vector<int64_t>{2}}},
          {ramp({2, 1, 7}), ramp({2, 1, 4}, 3, 11)}),
      tensor<float>({2, 2, 4},
                    {0.25f, 0.1875f, -0.875f, 0.4375f, -0.0625f, 0.5625f, -0.4375f, 0.5f, 0.5f,
                     -0.4375f, 0.5625f, -0.375f, 0.4375f, -0.875f, 0.1875f, -0.375f}),
      1e-05);
}

TEST(Conv, SameLower) {
  expect_tensor(run("Conv", {{"auto_pad", std::string("SAME_LOWER")}},
                    {ramp({1, 1, 3, 3}), ramp({1, 1, 2, 2}, 3, 11)}),
                tensor<float>({1, 1, 3, 3}, {-1.25f, 0.1875f, -0.375f, 1.875f, 1.875f, -1.0625f,
                                             0.375f, -1.4375f, -0.9375f}),
                1e-05);
}

TEST(Conv, ThreeDimensions) {
  expect_tensor(
      run("Conv", {{"pads", std::vector<int64_t>{0, 0, 1, 0, 1, 0}}},
          {ramp({1, 1, 2, 3, 3}), ramp({2, 1, 2, 2, 2}, 3, 11)}),
      tensor<float>({1, 2, 1, 3, 3}, {2.3125f, 0.8125f, 0.8125f, 0.5625f, -2.625f, 0.125f, -0.5625f,
                                      -1.3125f, 1, -1.875f, 2.125f, -1.1875f, -1.375f, 0.4375f,
                                      -0.125f, 0.0625f, -1.0625f, 0.625f}),
      1e-05);
}

// Every position by the definition, over tiles and odd sizes.
TEST(Conv, AgreesWithTheDefinition) {
  const int64_t channels = 6, filters = 10, height = 13, width = 17;
  const Tensor x = ramp({2, channels, height, width}, 17, 101);
  const Tensor w = ramp({filters, channels / 2, 3, 5}, 13, 97);
  const Tensor y =
      run("Conv", {{"group", int64_t{2}}, {"pads", std::vector<int64_t>{1, 2, 1, 2}}}, {x, w});
  ASSERT_EQ(y.shape(), (Shape{2, filters, height, width}));
  const auto at = [&](int64_t n, int64_t c, int64_t i, int64_t j) {
    if (i < 0 || i >= height || j < 0 || j >= width) return 0.0;
    return static_cast<double>(x.as<float>()[((n * channels + c) * height + i) * width + j]);
  };
  int64_t index = 0;
  for (int64_t n = 0; n < 2; ++n) {
    for (int64_t m = 0; m < filters; ++m) {
      for (int64_t i = 0; i < height; ++i) {
        for (int64_t j = 0; j < width; ++j, ++index) {
          double sum = 0;
          for (int64_t c = 0; c < channels / 2; ++c) {
            for (int64_t ki = 0; ki < 3; ++ki) {
              for (int64_t kj = 0; kj < 5; ++kj) {
                sum += at(n, m / 5 * 3 + c, i + ki - 1, j + kj - 2) *
                       w.as<float>()[((m * 3 + c) * 3 + ki) * 5 + kj];
              }
            }
          }
          ASSERT_NEAR(y.as<float>()[index], sum, 1e-2) << "element " << index;
        }
      }
    }
  }
}

TEST(Conv, FloatTypes) {
  const Attrs attrs = {{"pads", std::vector<int64_t>{1, 1}}};
  const Tensor y = run("Conv", attrs, {ramp({1, 2, 6}), ramp({2, 2, 3}, 3)});
  const Tensor y16 = run("Conv", attrs, {ramp<Float16>({1, 2, 6}), ramp<Float16>({2, 2, 3}, 3)});
  const Tensor y64 = run("Conv", attrs, {ramp<double>({1, 2, 6}), ramp<double>({2, 2, 3}, 3)});
  const Tensor yb = run("Conv", attrs, {ramp<BFloat16>({1, 2, 6}), ramp<BFloat16>({2, 2, 3}, 3)});
  for (int64_t i = 0; i < y.elements(); ++i) {
    EXPECT_EQ(y64.as<double>()[i], y.as<float>()[i]);
    EXPECT_NEAR(y16.as<Float16>()[i], y.as<float>()[i], 1e-2);
    EXPECT_NEAR(yb.as<BFloat16>()[i], y.as<float>()[i], 4e-2);
  }
}

TEST(Conv, ResidualAndActivation) {
  const Values inputs = {ramp({1, 2, 3, 3}), ramp({2, 2, 3, 3}, 3), list<float>({1, -1}),
                         ramp({1, 2, 3, 3}, 5)};
  const Attrs pads = {{"pads", std::vector<int64_t>{1, 1, 1, 1}}};
  const Tensor plain = run("Conv", pads, {inputs[0], inputs[1], inputs[2]});
  Attrs attrs = pads;
  attrs.set("activation", std::string("Clip"));
  attrs.set("activation_alpha", -1.0f);
  attrs.set("activation_beta", 2.0f);
  const auto fused = evaluate_op("oarlock", "Conv", attrs, inputs);
  ASSERT_TRUE(fused.ok()) << to_string(fused.status());
  for (int64_t i = 0; i < plain.elements(); ++i) {
    const float sum = plain.as<float>()[i] + inputs[3].tensor().as<float>()[i];
    EXPECT_EQ((*fused)[0].tensor().as<float>()[i], std::min(std::max(sum, -1.0f), 2.0f));
  }
}

TEST(Conv, Inference) {
  EXPECT_EQ(inferred("Conv", {{"strides", std::vector<int64_t>{2, 2}}},
                     {{DType::float32, {-1, 3, -1, 9}}, {DType::float32, {8, 3, 3, 3}}}),
            "float32[?, 8, ?, 4]");
  EXPECT_EQ(inferred("Conv", {}, {{DType::float32, {1, -1, 9}}, {DType::float32, {-1, 3, -1}}}),
            "float32[1, ?, ?]");
  EXPECT_THAT(inferred("Conv", {}, {{DType::float32, {1, 4, 9}}, {DType::float32, {8, 3, 3}}}),
              testing::HasSubstr("W must have 4 channels, but its shape is [8, 3, 3]"));
  EXPECT_THAT(inferred("Conv", {}, {{DType::float32, {1, 3, 2}}, {DType::float32, {8, 3, 3}}}),
              testing::HasSubstr("the kernel reaches over 3 elements"));
  EXPECT_THAT(inferred("Conv", {}, {{DType::int32, {1, 3, 9}}, {DType::int32, {8, 3, 3}}}),
              testing::HasSubstr("input X must be one of float32"));
  EXPECT_THAT(inferred("Conv", {{"strides", std::vector<int64_t>{0}}},
                       {{DType::float32, {1, 3, 9}}, {DType::float32, {8, 3, 3}}}),
              testing::HasSubstr("strides must have entries of at least 1, but has 0"));
}

TEST(ConvTranspose, Strided) {
  expect_tensor(
      run("ConvTranspose",
          {{"strides", std::vector<int64_t>{2, 2}},
           {"pads", std::vector<int64_t>{1, 0, 0, 1}},
           {"output_padding", std::vector<int64_t>{1, 0}}},
          {ramp({1, 2, 3, 2}), ramp({2, 2, 3, 3}, 3, 11), tensor<float>({2}, {1, 2})}),
      tensor<float>({1, 2, 7, 4},
                    {0.5f,    1,       1.3125f, 0.5f,     0,       1.4375f,  0.4375f,  0.4375f,
                     -0.25f,  2.75f,   3.4375f, -1.1875f, -0.125f, -0.5625f, 2.625f,   4.625f,
                     1.0625f, 1.0625f, -0.625f, 3.3125f,  1.0625f, 1.0625f,  0.375f,   -1.1875f,
                     1,       1,       1,       1,        1.875f,  1.6875f,  1.25f,    2.125f,
                     2.25f,   0.9375f, 0.3125f, 3.1875f,  3,       1.875f,   -0.4375f, 2.3125f,
                     3.8125f, 2.6875f, -1,      0.125f,   2.0625f, 2.0625f,  3.375f,   1.8125f,
                     2.0625f, 2.0625f, 4.375f,  2.8125f,  2,       2,        2,        2}),
      1e-05);
}

TEST(ConvTranspose, GroupsAndDilations) {
  expect_tensor(
      run("ConvTranspose", {{"group", int64_t{2}}, {"dilations", std::vector<int64_t>{2}}},
          {ramp({1, 4, 4}), ramp({4, 1, 2}, 3, 11)}),
      tensor<float>({1, 2, 6}, {1.625f, -0.8125f, 1.75f, -2.5625f, 1.25f, -0.625f, 1.25f, -1, 1.75f,
                                0.5625f, 1.625f, 0.625f}),
      1e-05);
}

TEST(ConvTranspose, OutputShape) {
  expect_tensor(
      run("ConvTranspose",
          {{"strides", std::vector<int64_t>{3, 2}},
           {"output_shape", std::vector<int64_t>{8, 5}},
           {"auto_pad", std::string("SAME_UPPER")}},
          {ramp({1, 1, 3, 3}), ramp({1, 1, 3, 3}, 3, 11)}),
      tensor<float>({1, 1, 8, 5},
                    {0.625f,  -0.9375f, -0.25f,   0.75f,   0.25f,    1.25f,    0.8125f, -0.5f,
                     -0.625f, 0.5f,     -1.5625f, 1.1875f, 0.625f,   -0.625f,  -0.625f, -0.625f,
                     0,       -0.125f,  1,        0.375f,  -1.25f,   -0.0625f, -0.25f,  -0.8125f,
                     0.75f,   1.5625f,  -0.8125f, 0.3125f, -0.5625f, -0.9375f, -0.5f,   0.25f,
                     0,       1.25f,    0.5f,     -1,      -0.25f,   0,        -1,      1}),
      1e-05);
}

}  // namespace
}  // namespace oarlock::test
