// Kernels of convolutions and pooling against the reference implementations.
#include <gtest/gtest.h>

#include "tests/unit/backends/cpu/kernel_check.h"

namespace oarlock::cpu {
namespace {

using Integers = std::vector<int64_t>;

Attrs window(int64_t stride, int64_t pad, int64_t dilation = 1, int64_t group = 1) {
  return {{"strides", Integers{stride, stride}},
          {"pads", Integers{pad, pad, pad, pad}},
          {"dilations", Integers{dilation, dilation}},
          {"group", group}};
}

KernelCase conv(Attrs attrs, const Shape& input, const Shape& weights, bool bias = true) {
  KernelCase test{"Conv", std::move(attrs), {random_tensor(input, 1), random_tensor(weights, 2)}};
  if (bias) test.inputs.push_back(random_tensor({weights[0]}, 3));
  test.constants = {1, 2};
  test.tolerance = 2e-4;
  return test;
}

TEST(ConvKernels, Pointwise) {
  check_kernel(conv(window(1, 0), {2, 32, 9, 14}, {64, 32, 1, 1}));
  check_kernel(conv(window(2, 0), {2, 19, 9, 13}, {45, 19, 1, 1}, false));
}

TEST(ConvKernels, Direct) {
  check_kernel(conv(window(2, 1), {2, 19, 13, 27}, {45, 19, 3, 3}));
  check_kernel(conv(window(1, 2, 2), {1, 16, 13, 28}, {32, 16, 3, 3}));
  check_kernel(conv(window(1, 2), {1, 16, 9, 9}, {1, 16, 5, 5}));
}

TEST(ConvKernels, MinimalFiltering) {
  for (KernelCase test : {conv(window(1, 1), {2, 32, 28, 29}, {64, 32, 3, 3}),
                          conv(window(1, 1), {1, 48, 70, 61}, {33, 48, 3, 3}),
                          conv(window(1, 0), {1, 64, 14, 14}, {64, 64, 3, 3})}) {
    test.tolerance = 5e-4;  // outputs are up to 25, and tiles of 6 are among the candidates
    check_kernel(test);
  }
}

TEST(ConvKernels, FirstLayer) {
  check_kernel(conv(window(2, 3), {2, 3, 31, 45}, {40, 3, 7, 7}));
  check_kernel(conv(window(16, 0), {1, 3, 64, 64}, {96, 3, 16, 16}));
  check_kernel(conv(window(1, 1), {1, 1, 9, 9}, {8, 1, 3, 3}));
}

TEST(ConvKernels, Groups) {
  check_kernel(conv(window(1, 1, 1, 4), {2, 64, 9, 14}, {64, 16, 3, 3}));
  check_kernel(conv(window(2, 1, 1, 6), {1, 48, 9, 14}, {48, 8, 3, 3}));
  check_kernel(conv(window(1, 1, 1, 3), {1, 9, 7, 7}, {15, 3, 3, 3}));
  KernelCase few = conv(window(1, 2, 2, 7), {2, 28, 15, 33}, {28, 4, 3, 3});
  check_kernel(few);
  few.op = "oarlock.Conv";
  few.inputs.push_back(random_tensor({2, 28, 15, 33}, 4));
  few.attrs.set("activation", std::string("Relu"));
  check_kernel(few);
}

TEST(ConvKernels, Depthwise) {
  check_kernel(conv(window(1, 1, 1, 37), {2, 37, 13, 29}, {37, 1, 3, 3}));
  check_kernel(conv(window(2, 2, 1, 64), {1, 64, 14, 14}, {64, 1, 5, 5}));
  check_kernel(conv(window(1, 1, 1, 8), {1, 8, 7, 7}, {24, 1, 3, 3}));  // with a multiplier
}

TEST(ConvKernels, LargeBySpectra) {
  const auto check = [](KernelCase test) {
    test.tolerance = 1e-3;  // outputs are up to 60
    check_kernel(test);
  };
  check(conv(window(1, 4), {2, 20, 30, 29}, {40, 20, 9, 9}));
  check(conv(window(1, 2), {1, 64, 27, 27}, {48, 64, 5, 5}, false));
  check(conv({{"strides", Integers{2, 1}}, {"pads", Integers{0, 3, 0, 3}}}, {1, 32, 31, 40},
             {32, 32, 7, 7}));
  KernelCase flat = conv({{"pads", Integers{0, 7, 0, 7}}}, {1, 32, 20, 60}, {33, 32, 1, 15});
  check(flat);
  flat.op = "oarlock.Conv";
  flat.inputs.push_back(random_tensor({1, 33, 20, 60}, 4));
  flat.attrs.set("activation", std::string("Relu"));
  check(flat);
}

TEST(ConvKernels, LargeDepthwiseBySpectra) {
  check_kernel(conv(window(1, 15, 1, 37), {2, 37, 56, 40}, {37, 1, 31, 31}));
  check_kernel(conv(window(1, 12, 1, 16), {1, 16, 40, 140}, {16, 1, 25, 25}, false));
  check_kernel(conv(window(1, 24, 3, 16), {1, 16, 60, 60}, {16, 1, 17, 17}));
  KernelCase upright = conv({{"pads", Integers{25, 2, 25, 2}}, {"group", int64_t{20}}},
                            {1, 20, 56, 56}, {20, 1, 51, 5});
  check_kernel(upright);
  upright.op = "oarlock.Conv";
  upright.inputs.push_back(random_tensor({1, 20, 56, 56}, 4));
  upright.attrs.set("activation", std::string("Relu"));
  check_kernel(upright);
}

TEST(ConvKernels, SignalsBySpectra) {
  check_kernel(conv({{"pads", Integers{300, 299}}}, {2, 1, 6000}, {1, 1, 600}));
  check_kernel(conv({}, {1, 2, 3000}, {3, 2, 129}, false));
  check_kernel(conv({{"group", int64_t{6}}}, {1, 6, 1, 2500}, {6, 1, 1, 400}));
  KernelCase test = conv({{"pads", Integers{64, 64}}}, {1, 2, 2000}, {3, 2, 129});
  test.op = "oarlock.Conv";
  test.inputs.push_back(random_tensor({1, 3, 2000}, 4));
  test.attrs.set("activation", std::string("HardSwish"));
  check_kernel(test);
}

TEST(ConvKernels, AutomaticPadding) {
  for (const char* automatic : {"SAME_UPPER", "SAME_LOWER", "VALID"}) {
    KernelCase test = conv({{"strides", Integers{2, 2}}, {"auto_pad", std::string(automatic)}},
                           {1, 16, 14, 15}, {16, 16, 3, 3});
    check_kernel(test);
  }
}

TEST(ConvKernels, OneDimension) {
  check_kernel(conv({{"pads", Integers{1, 2}}}, {2, 20, 50}, {40, 20, 3}));
  check_kernel(conv({{"strides", Integers{2}}}, {1, 3, 50}, {40, 3, 5}));
}

TEST(ConvKernels, ResidualAndActivation) {
  for (const char* activation : {"Relu", "HardSwish", "Clip"}) {
    for (const Shape& weights : {Shape{45, 19, 1, 1}, Shape{45, 19, 3, 3}}) {
      KernelCase test = conv(window(1, weights[2] / 2), {2, 19, 28, 28}, weights);
      test.op = "oarlock.Conv";
      test.inputs.push_back(random_tensor({2, 45, 28, 28}, 4));
      test.attrs.set("activation", std::string(activation));
      test.attrs.set("activation_alpha", -0.5f);
      test.attrs.set("activation_beta", 0.75f);
      check_kernel(test);
      test.inputs[2] = Tensor();
      check_kernel(test);
      test.inputs.resize(3);
      test.inputs[2] = random_tensor({45}, 3);
      check_kernel(test);
    }
  }
}

TEST(ConvKernels, Transposed) {
  for (const int64_t group : {1, 2}) {
    for (const int64_t stride : {1, 2, 3}) {
      KernelCase test{"ConvTranspose",
                      window(stride, 1, 1, group),
                      {random_tensor({2, 20, 7, 9}, 1), random_tensor({20, 18, 3, 3}, 2),
                       random_tensor({18 * group}, 3)}};
      test.tolerance = 2e-4;
      check_kernel(test);
      test.attrs.set("output_padding", Integers{stride - 1, 0});
      check_kernel(test);
    }
  }
  KernelCase same{"ConvTranspose",
                  {{"strides", Integers{2, 2}}, {"auto_pad", std::string("SAME_LOWER")}},
                  {random_tensor({1, 20, 7, 9}, 1), random_tensor({20, 18, 4, 4}, 2)}};
  same.tolerance = 5e-5;
  check_kernel(same);
  KernelCase line{"ConvTranspose",
                  {{"strides", Integers{2}}, {"output_shape", Integers{19}}},
                  {random_tensor({1, 5, 9}, 1), random_tensor({5, 3, 4}, 2)}};
  line.tolerance = 5e-5;
  check_kernel(line);
}

TEST(ConvKernels, OtherTypesAndRanksAreRefused) {
  KernelCase volume = conv({}, {1, 4, 5, 6, 7}, {8, 4, 1, 1, 1});
  check_refused(volume);
}

TEST(PoolKernels, Windows) {
  for (const char* op : {"MaxPool", "AveragePool"}) {
    for (const int64_t ceil_mode : {0, 1}) {
      Attrs attrs{{"kernel_shape", Integers{3, 2}},
                  {"strides", Integers{2, 3}},
                  {"pads", Integers{1, 0, 1, 1}},
                  {"ceil_mode", ceil_mode}};
      check_kernel({op, attrs, {random_tensor({2, 19, 13, 29}, 1)}});
      if (std::string(op) == "MaxPool") continue;
      attrs.set("count_include_pad", int64_t{1});
      check_kernel({op, attrs, {random_tensor({2, 19, 13, 29}, 1)}});
    }
  }
}

TEST(PoolKernels, Global) {
  check_kernel({"GlobalAveragePool", {}, {random_tensor({2, 35, 7, 9}, 1)}});
  check_kernel({"GlobalMaxPool", {}, {random_tensor({2, 35, 7, 9}, 1)}});
}

}  // namespace
}  // namespace oarlock::cpu
