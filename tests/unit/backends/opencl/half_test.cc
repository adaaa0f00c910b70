// Tensors stored as float16, in every kernel that reads and writes floats.
#include <gtest/gtest.h>

#include "backends/opencl/platform.h"
#include "oarlock/session.h"
#include "tests/support/networks.h"
#include "tests/unit/backends/opencl/one_node.h"

namespace oarlock::opencl {
namespace {

using Integers = std::vector<int64_t>;

struct OpenClHalf : testing::Test {
  void SetUp() override {
    std::string why;
    if (!has_device(why)) GTEST_SKIP() << why;
  }
};

OneNode conv(const Shape& input, const Shape& weights, int64_t pad, int64_t group = 1) {
  return in_half(
      {"Conv",
       {{"pads", Integers{pad, pad, pad, pad}}, {"group", group}},
       {random_values(input, 1), random_values(weights, 2), random_values({weights[0]}, 3)},
       {1, 2}});
}

TEST_F(OpenClHalf, Convolutions) {
  check_against_reference(conv({2, 19, 7, 6}, {21, 19, 1, 1}, 0), "conv_direct");
  check_against_reference(conv({1, 16, 9, 7}, {20, 8, 3, 3}, 1, 2), "conv_direct");
  check_against_reference(conv({1, 3, 15, 13}, {20, 3, 3, 3}, 1), "conv_planar");
  check_against_reference(conv({1, 20, 9, 9}, {20, 1, 3, 3}, 1, 20), "conv_depthwise");
  OneNode filtered = conv({1, 48, 28, 29}, {64, 48, 3, 3}, 1);
  filtered.tolerance = 2e-2;
  check_against_reference(filtered, "conv_winograd");
  OneNode transposed{"ConvTranspose",
                     {{"strides", Integers{2, 2}}},
                     {random_values({1, 20, 5, 4}, 1), random_values({20, 18, 3, 3}, 2)},
                     {1}};
  check_against_reference(in_half(transposed), "conv_transpose");
  OneNode fused = conv({1, 20, 5, 5}, {18, 20, 1, 1}, 0);
  fused.op = "oarlock.Conv";
  fused.attrs.set("activation", std::string("Relu"));
  fused.inputs.push_back(in_half({"", {}, {random_values({1, 18, 5, 5}, 4)}}).inputs[0]);
  check_against_reference(fused, "conv_direct");
}

// Computing with float16 where the device can and the session asks; elsewhere asking is an error.
TEST_F(OpenClHalf, Arithmetic) {
  const auto with_arithmetic = [](OneNode test) {
    test.settings["arithmetic"] = "float16";
    test.tolerance = 3e-2;
    return test;
  };
  const OneNode direct = with_arithmetic(conv({1, 16, 9, 7}, {20, 8, 3, 3}, 1, 2));
  const Result<std::vector<FoundDevice>> found = find_devices();
  ASSERT_TRUE(found.ok());
  if (!found->front().traits.fp16) {
    SessionOptions options;
    options.devices = {"opencl"};
    options.settings = direct.settings;
    const std::string message = Session::open(test::resnet50(32, 1), options).status().message();
    EXPECT_NE(message.find("has no cl_khr_fp16"), std::string::npos) << message;
    return;
  }
  check_against_reference(direct, "conv_direct_fp16");
  check_against_reference(with_arithmetic(conv({2, 19, 7, 6}, {21, 19, 1, 1}, 0)),
                          "conv_direct_fp16");
  check_against_reference(with_arithmetic(conv({1, 3, 15, 13}, {20, 3, 3, 3}, 1)),
                          "conv_planar_fp16");
  check_against_reference(with_arithmetic(conv({1, 20, 9, 9}, {20, 1, 3, 3}, 1, 20)),
                          "conv_depthwise_fp16");
  OneNode fused = with_arithmetic(conv({1, 20, 5, 5}, {18, 20, 1, 1}, 0));
  fused.op = "oarlock.Conv";
  for (const char* activation : {"Relu", "HardSwish", "Sigmoid"}) {
    fused.attrs.set("activation", std::string(activation));
    check_against_reference(fused, "conv_direct_fp16");
  }
  // Float32 stays what it is.
  OneNode single{"Conv", {}, {random_values({1, 5, 5, 5}, 1), random_values({6, 5, 1, 1}, 2)}, {1}};
  single.settings["arithmetic"] = "float16";
  check_against_reference(single, "conv_");
}

TEST_F(OpenClHalf, Products) {
  OneNode test =
      in_half({"MatMul", {}, {random_values({3, 9, 21}, 1), random_values({21, 35}, 2)}});
  check_against_reference(test, "matmul");
  test.constants = {1};
  check_against_reference(test, "matmul");
  check_against_reference(
      in_half({"Gemm",
               {{"transA", int64_t{1}}, {"transB", int64_t{1}}},
               {random_values({9, 6}, 1), random_values({17, 9}, 2), random_values({6, 1}, 3)}}),
      "matmul");
}

TEST_F(OpenClHalf, Attention) {
  check_against_reference(
      in_half({"Attention",
               {},
               {random_values({1, 2, 9, 20}, 1), random_values({1, 2, 35, 20}, 2),
                random_values({1, 2, 35, 18}, 3), random_values({9, 35}, 4)}}),
      "attention");
}

TEST_F(OpenClHalf, Rows) {
  const Tensor rows = random_values({3, 5, 37}, 1);
  check_against_reference(in_half({"Softmax", {}, {rows}}), "softmax");
  check_against_reference(in_half({"Softmax", {{"axis", int64_t{1}}}, {rows}}), "softmax");
  check_against_reference(
      in_half({"ReduceMean", {}, {rows, Tensor::of<int64_t>(Shape{1}, {2})}, {1}}), "reduce");
  check_against_reference(
      in_half({"ReduceMax",
               {},
               {random_values({3, 5, 32}, 1), Tensor::of<int64_t>(Shape{1}, {1})},
               {1}}),
      "reduce");
  const Tensor scale = random_values({37}, 2), bias = random_values({37}, 3);
  check_against_reference(in_half({"LayerNormalization", {}, {rows, scale, bias}}), "layer_norm");
  check_against_reference(in_half({"GroupNormalization",
                                   {{"num_groups", int64_t{5}}},
                                   {rows, random_values({5}, 2), random_values({5}, 3)}}),
                          "group_norm");
}

TEST_F(OpenClHalf, Images) {
  const Tensor image = random_values({1, 20, 9, 8}, 1);
  for (const char* op : {"MaxPool", "AveragePool"})
    check_against_reference(in_half({op,
                                     {{"kernel_shape", Integers{3, 3}},
                                      {"strides", Integers{2, 2}},
                                      {"pads", Integers{1, 1, 1, 1}}},
                                     {image}}),
                            "pool");
  OneNode resize = in_half({"Resize", {{"mode", std::string("linear")}}, {image}});
  resize.inputs.resize(3);
  resize.inputs.push_back(Tensor::of<int64_t>(Shape{4}, {1, 20, 13, 17}));
  resize.constants = {3};
  check_against_reference(resize, "resize");
  const Tensor channels = random_values({20}, 2);
  Tensor variance = random_values({20}, 3);
  for (float& v : variance.mutable_as<float>()) v = v * v + 0.5f;
  check_against_reference(in_half({"BatchNormalization",
                                   {},
                                   {image, channels, channels, channels, variance},
                                   {1, 2, 3, 4}}),
                          "batch_norm");
}

TEST_F(OpenClHalf, Elements) {
  const Tensor a = random_values({3, 5, 37}, 1), b = random_values({5, 1}, 2);
  check_against_reference(in_half({"Mul", {}, {a, b}}), "elementwise");
  check_against_reference(in_half({"Sigmoid", {}, {a}}), "elementwise");
  check_against_reference(
      in_half({"Clip",
               {},
               {a, Tensor::of<float>(Shape{}, {-0.5f}), Tensor::of<float>(Shape{}, {0.25f})},
               {1, 2}}),
      "elementwise");
}

}  // namespace
}  // namespace oarlock::opencl
