// Convolutions on an OpenCL device.
#include <gtest/gtest.h>

#include "tests/unit/backends/opencl/one_node.h"

namespace oarlock::opencl {
namespace {

using Integers = std::vector<int64_t>;

struct OpenClConv : testing::Test {
  void SetUp() override {
    std::string why;
    if (!has_device(why)) GTEST_SKIP() << why;
  }
};

TEST_F(OpenClConv, Pointwise) {
  check_against_reference(convolution(window(1, 0), {2, 32, 9, 14}, {64, 32, 1, 1}), "conv_direct");
  check_against_reference(convolution(window(1, 0), {2, 19, 9, 13}, {45, 19, 1, 1}, false));
  check_against_reference(convolution(window(2, 0), {2, 19, 9, 13}, {45, 19, 1, 1}));
  check_against_reference(convolution(window(1, 0), {3, 72, 1, 1}, {24, 72, 1, 1}));
  check_against_reference(convolution(window(1, 0), {1, 512, 2, 2}, {512, 512, 1, 1}));
}

TEST_F(OpenClConv, Windows) {
  check_against_reference(convolution(window(1, 1), {2, 19, 13, 27}, {45, 19, 3, 3}));
  check_against_reference(convolution(window(2, 1), {1, 64, 15, 16}, {128, 64, 3, 3}),
                          "conv_direct");
  check_against_reference(convolution(window(1, 2, 2), {1, 16, 13, 28}, {32, 16, 3, 3}));
  check_against_reference(convolution(window(1, 2), {1, 16, 9, 9}, {1, 16, 5, 5}));
  check_against_reference(
      convolution({{"pads", Integers{0, 1, 2, 0}}}, {1, 17, 4, 5}, {16, 17, 2, 3}));
  check_against_reference(convolution(window(3, 4), {1, 5, 3, 3}, {7, 5, 3, 3}, false));
}

TEST_F(OpenClConv, MinimalFiltering) {
  const Shape weights = {64, 48, 3, 3};
  for (OneNode test : {convolution(window(1, 1), {2, 48, 28, 29}, weights),
                       convolution(window(1, 0), {1, 48, 14, 15}, weights, false),
                       convolution(window(1, 1), {1, 37, 90, 70}, {33, 37, 3, 3}),
                       convolution(window(1, 2), {1, 48, 5, 12}, weights)}) {
    test.tolerance = 4e-4;
    check_against_reference(test, "conv_winograd");
  }
  OneNode fused = convolution(window(1, 1), {1, 48, 20, 20}, weights);
  fused.op = "oarlock.Conv";
  fused.inputs.push_back(random_values({1, 64, 20, 20}, 4));
  fused.attrs.set("activation", std::string("Relu"));
  fused.tolerance = 4e-4;
  check_against_reference(fused, "conv_winograd");
}

TEST_F(OpenClConv, FirstLayers) {
  check_against_reference(convolution(window(2, 3), {2, 3, 31, 45}, {40, 3, 7, 7}), "conv_planar");
  check_against_reference(convolution(window(16, 0), {1, 3, 64, 64}, {96, 3, 16, 16}),
                          "conv_planar");
  check_against_reference(convolution(window(1, 1), {1, 1, 9, 9}, {8, 1, 3, 3}, false),
                          "conv_planar");
  check_against_reference(convolution(window(2, 0), {1, 4, 10, 10}, {8, 4, 3, 3}), "conv_planar");
  check_against_reference(convolution(window(1, 3, 3), {1, 2, 11, 9}, {20, 2, 3, 3}),
                          "conv_planar");
}

TEST_F(OpenClConv, Groups) {
  check_against_reference(convolution(window(1, 1, 1, 4), {2, 64, 9, 14}, {64, 16, 3, 3}));
  check_against_reference(convolution(window(2, 1, 1, 6), {1, 48, 9, 14}, {48, 8, 3, 3}));
  check_against_reference(convolution(window(1, 1, 1, 3), {1, 9, 7, 7}, {15, 3, 3, 3}));
  check_against_reference(convolution(window(1, 0, 1, 2), {1, 40, 3, 3}, {200, 20, 1, 1}));
}

TEST_F(OpenClConv, Depthwise) {
  check_against_reference(convolution(window(1, 1, 1, 37), {2, 37, 13, 29}, {37, 1, 3, 3}),
                          "conv_depthwise");
  check_against_reference(convolution(window(2, 2, 1, 64), {1, 64, 14, 14}, {64, 1, 5, 5}),
                          "conv_depthwise");
  check_against_reference(convolution(window(1, 2, 2, 20), {1, 20, 5, 4}, {20, 1, 3, 3}, false),
                          "conv_depthwise");
  check_against_reference(convolution(window(1, 4, 1, 8), {1, 8, 10, 9}, {8, 1, 9, 9}),
                          "conv_direct");
  check_against_reference(convolution(window(1, 1, 1, 8), {1, 8, 7, 7}, {24, 1, 3, 3}));
}

TEST_F(OpenClConv, AutomaticPadding) {
  for (const char* automatic : {"SAME_UPPER", "SAME_LOWER", "VALID"}) {
    check_against_reference(
        convolution({{"strides", Integers{2, 2}}, {"auto_pad", std::string(automatic)}},
                    {1, 16, 14, 15}, {16, 16, 3, 3}));
  }
}

TEST_F(OpenClConv, OneDimension) {
  check_against_reference(convolution({{"pads", Integers{1, 2}}}, {2, 20, 50}, {40, 20, 3}));
  check_against_reference(convolution({{"strides", Integers{2}}}, {1, 3, 50}, {40, 3, 5}));
}

TEST_F(OpenClConv, WeightsThatAreNoConstants) {
  OneNode test = convolution(window(1, 1), {1, 19, 5, 6}, {20, 19, 3, 3});
  test.constants = {};
  check_against_reference(test);
}

TEST_F(OpenClConv, ResidualAndActivation) {
  for (const char* activation : {"", "Relu", "Clip", "LeakyRelu", "Elu", "Sigmoid", "HardSigmoid",
                                 "Swish", "HardSwish", "Tanh", "Gelu", "Mish", "Softplus"}) {
    OneNode test = convolution(window(1, 1), {2, 19, 5, 6}, {45, 19, 3, 3});
    test.op = "oarlock.Conv";
    test.inputs.push_back(random_values({2, 45, 5, 6}, 4));
    test.attrs.set("activation", std::string(activation));
    test.attrs.set("activation_alpha", -0.5f);
    test.attrs.set("activation_beta", 0.75f);
    check_against_reference(test);
    if (*activation != 'R') continue;
    test.inputs[2] = Tensor();
    check_against_reference(test);
    OneNode depthwise = convolution(window(1, 1, 1, 19), {2, 19, 5, 6}, {19, 1, 3, 3});
    depthwise.op = "oarlock.Conv";
    depthwise.inputs.push_back(random_values({2, 19, 5, 6}, 4));
    depthwise.attrs.set("activation", std::string(activation));
    check_against_reference(depthwise, "conv_depthwise");
  }
}

TEST_F(OpenClConv, Transposed) {
  for (const int64_t group : {1, 2}) {
    for (const int64_t stride : {1, 2, 3}) {
      OneNode test{"ConvTranspose",
                   window(stride, 1, 1, group),
                   {random_values({2, 20, 7, 9}, 1), random_values({20, 18, 3, 3}, 2),
                    random_values({18 * group}, 3)}};
      check_against_reference(test, "conv_transpose");
      test.attrs.set("output_padding", Integers{stride - 1, 0});
      check_against_reference(test);
    }
  }
  for (const char* automatic : {"SAME_LOWER", "SAME_UPPER"})
    check_against_reference({"ConvTranspose",
                             {{"strides", Integers{2, 2}}, {"auto_pad", std::string(automatic)}},
                             {random_values({1, 20, 7, 9}, 1), random_values({20, 18, 3, 4}, 2)}});
  check_against_reference({"ConvTranspose",
                           {{"strides", Integers{2}}, {"output_shape", Integers{19}}},
                           {random_values({1, 5, 9}, 1), random_values({5, 3, 4}, 2)}});
  check_against_reference({"ConvTranspose",
                           {{"strides", Integers{4, 4}}, {"dilations", Integers{2, 3}}},
                           {random_values({1, 5, 2, 2}, 1), random_values({5, 3, 2, 2}, 2)}});
}

}  // namespace
}  // namespace oarlock::opencl
