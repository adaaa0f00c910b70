// Kernels on image2d textures (opencl.storage=image) on small odd shapes, in float32 and float16.
#include <gtest/gtest.h>

#include "tests/unit/backends/opencl/one_node.h"
#include "tests/unit/backends/opencl/opencl_test.h"

namespace oarlock::opencl {
namespace {

using Integers = std::vector<int64_t>;

struct OpenClImages : testing::Test {
  void SetUp() override {
    std::string why;
    if (!has_device(why)) GTEST_SKIP() << why;
    const Result<std::vector<FoundDevice>> found = find_devices();
    if (!found->front().traits.images) GTEST_SKIP() << "the device has no images";
  }
};

// In both types, by this kernel.
void check(OneNode test, const std::string& kernel) {
  test.settings["opencl.storage"] = "image";
  check_against_reference(test, "image2d/" + kernel);
  check_against_reference(in_half(test), "image2d/" + kernel);
}

// Refused by the kernels on images, and run by others.
void check_in_buffers(OneNode test) {
  test.settings["opencl.storage"] = "image";
  check_against_reference(test);
}

TEST_F(OpenClImages, PointwiseConvolutions) {
  check(convolution(window(1, 0), {2, 8, 3, 5}, {16, 8, 1, 1}), "conv");
  check(convolution(window(1, 0), {2, 7, 3, 6}, {9, 7, 1, 1}, false), "conv");
  check(convolution(window(2, 0), {1, 5, 5, 4}, {6, 5, 1, 1}), "conv");
  check(convolution(window(1, 0), {3, 10, 1, 1}, {5, 10, 1, 1}), "conv");
}

TEST_F(OpenClImages, Convolutions) {
  check(convolution(window(1, 1), {2, 3, 5, 6}, {8, 3, 3, 3}), "conv");
  check(convolution(window(2, 1), {1, 6, 7, 5}, {7, 6, 3, 3}), "conv");
  check(convolution(window(1, 2, 2), {1, 5, 6, 7}, {4, 5, 3, 3}), "conv");
  check(convolution({{"pads", Integers{0, 1, 2, 0}}}, {1, 3, 4, 5}, {5, 3, 2, 3}), "conv");
  check(convolution(window(3, 4), {1, 2, 3, 3}, {3, 2, 3, 3}, false), "conv");
  check(convolution({{"pads", Integers{1, 1}}}, {2, 5, 9}, {6, 5, 3}), "conv");
}

TEST_F(OpenClImages, GroupedConvolutions) {
  check(convolution(window(1, 1, 1, 2), {1, 8, 4, 5}, {8, 4, 3, 3}), "conv");
  check(convolution(window(1, 0, 1, 3), {1, 12, 3, 3}, {24, 4, 1, 1}), "conv");
  check_in_buffers(convolution(window(1, 1, 1, 2), {1, 6, 4, 5}, {8, 3, 3, 3}));
  check_in_buffers(convolution(window(1, 1, 1, 4), {1, 4, 4, 5}, {8, 1, 3, 3}));
}

TEST_F(OpenClImages, DepthwiseConvolutions) {
  check(convolution(window(1, 1, 1, 8), {2, 8, 5, 6}, {8, 1, 3, 3}), "conv");
  check(convolution(window(2, 1, 1, 6), {1, 6, 7, 5}, {6, 1, 3, 3}, false), "conv");
  check(convolution(window(1, 2, 2, 5), {1, 5, 4, 9}, {5, 1, 3, 3}), "conv");
}

TEST_F(OpenClImages, ConvolutionsWithActivationAndResidual) {
  for (const char* activation : {"", "Relu", "HardSwish", "Sigmoid"}) {
    OneNode test = convolution(window(1, 1), {2, 5, 4, 5}, {6, 5, 3, 3});
    test.op = "oarlock.Conv";
    test.attrs.set("activation", std::string(activation));
    test.inputs.push_back(random_values({2, 6, 4, 5}, 4));
    check(test, "conv");
    test.inputs[2] = Tensor();
    test.constants = {1};
    check(test, "conv");
    OneNode depthwise = convolution(window(1, 1, 1, 6), {1, 6, 4, 5}, {6, 1, 3, 3});
    depthwise.op = "oarlock.Conv";
    depthwise.attrs.set("activation", std::string(activation));
    depthwise.inputs.push_back(random_values({1, 6, 4, 5}, 4));
    check(depthwise, "conv");
  }
}

TEST_F(OpenClImages, WeightsThatAreComputed) {
  OneNode test = convolution(window(1, 1), {1, 5, 4, 5}, {6, 5, 3, 3});
  test.constants = {};
  check(test, "conv");
}

TEST_F(OpenClImages, Pooling) {
  const Tensor image = random_values({2, 6, 7, 5}, 1);
  for (const char* op : {"MaxPool", "AveragePool"}) {
    const std::string kernel = op == std::string("MaxPool") ? "max_pool" : "average_pool";
    const Attrs attrs{{"kernel_shape", Integers{3, 2}},
                      {"strides", Integers{2, 1}},
                      {"pads", Integers{1, 0, 1, 1}}};
    check({op, attrs, {image}}, kernel);
    Attrs ceiled = attrs;
    ceiled.set("ceil_mode", int64_t{1});
    check({op, ceiled, {image}}, kernel);
    check({op, {{"kernel_shape", Integers{3}}}, {random_values({2, 5, 9}, 1)}}, kernel);
  }
  check({"AveragePool",
         {{"kernel_shape", Integers{3, 3}},
          {"pads", Integers{1, 1, 1, 1}},
          {"count_include_pad", int64_t{1}}},
         {image}},
        "average_pool");
  check({"MaxPool", {{"kernel_shape", Integers{2, 2}}, {"dilations", Integers{2, 3}}}, {image}},
        "max_pool");
}

TEST_F(OpenClImages, Planes) {
  for (const char* op : {"GlobalAveragePool", "GlobalMaxPool"}) {
    check({op, {}, {random_values({2, 6, 5, 7}, 1)}}, "pool_planes");
    check({op, {}, {random_values({1, 8, 2, 3}, 1)}}, "pool_planes");
    check({op, {}, {random_values({2, 5, 19}, 1)}}, "pool_planes");
  }
  const Tensor axes = Tensor::of<int64_t>(Shape{2}, {-1, 2});
  for (const int64_t keeps : {0, 1})
    for (const char* op : {"ReduceMean", "ReduceMax"})
      check({op, {{"keepdims", keeps}}, {random_values({2, 6, 5, 7}, 1), axes}, {1}},
            "pool_planes");
  check_in_buffers({"ReduceMean",
                    {},
                    {random_values({2, 6, 5, 7}, 1), Tensor::of<int64_t>(Shape{1}, {3})},
                    {1}});
}

TEST_F(OpenClImages, Functions) {
  const Tensor image = random_values({2, 6, 3, 5}, 1);
  for (const char* op : {"Abs", "Clip", "Elu", "Erf", "Gelu", "HardSigmoid", "HardSwish",
                         "LeakyRelu", "Mish", "Relu", "Sigmoid", "Softplus", "Tanh"})
    check({op, {}, {image}}, "elementwise");
  check({"Clip",
         {},
         {image, Tensor::of<float>(Shape{}, {-0.5f}), Tensor::of<float>(Shape{}, {0.25f})},
         {1, 2}},
        "elementwise");
  Tensor positive = random_values({1, 8, 3, 5}, 1);
  for (float& v : positive.mutable_as<float>()) v = v * v + 0.5f;
  for (const char* op : {"Log", "Reciprocal", "Sqrt"}) check({op, {}, {positive}}, "elementwise");
}

TEST_F(OpenClImages, TwoInputs) {
  const Shape whole{2, 6, 3, 5};
  const Tensor image = random_values(whole, 1);
  for (const char* op : {"Add", "Sub", "Mul", "Max", "Min"})
    check({op, {}, {image, random_values(whole, 2)}}, "elementwise");
  for (const Shape& other : {Shape{2, 6, 1, 1}, Shape{1, 6, 3, 5}, Shape{2, 1, 3, 5},
                             Shape{2, 6, 3, 1}, Shape{2, 6, 1, 5}, Shape{1, 1, 1, 1}, Shape{},
                             Shape{6, 1, 1}, Shape{3, 1}, Shape{5}, Shape{1}}) {
    check({"Add", {}, {image, random_values(other, 2)}}, "elementwise");
    check({"Sub", {}, {random_values(other, 2), image}, {0}}, "elementwise");
  }
  check({"PRelu", {}, {image, random_values({6, 1, 1}, 2)}, {1}}, "elementwise");
  Tensor divisor = random_values({1, 8, 3, 5}, 2);
  for (float& v : divisor.mutable_as<float>()) v = v * v + 0.5f;
  check({"Div", {}, {random_values({1, 8, 3, 5}, 1), divisor}}, "elementwise");
  check_in_buffers({"Add", {}, {random_values({2, 1, 3, 5}, 1), random_values({1, 6, 3, 5}, 2)}});
  check_in_buffers({"Add", {}, {random_values({6, 5}, 1), random_values({6, 5}, 2)}});
}

TEST_F(OpenClImages, Concatenation) {
  const Tensor a = random_values({2, 8, 3, 5}, 1), b = random_values({2, 4, 3, 5}, 2),
               c = random_values({2, 3, 3, 5}, 3);
  check({"Concat", {{"axis", int64_t{1}}}, {a, b, c}}, "concat");
  check({"Concat", {{"axis", int64_t{-3}}}, {b, b}}, "concat");
  check_in_buffers({"Concat", {{"axis", int64_t{1}}}, {c, a}});
  check_in_buffers({"Concat", {{"axis", int64_t{2}}}, {a, a}});
}

TEST_F(OpenClImages, Splitting) {
  const Tensor sizes = Tensor::of<int64_t>(Shape{1}, {10});
  check({"Split", {{"axis", int64_t{1}}}, {random_values({2, 10, 3, 5}, 1), sizes}, {1}}, "split");
}

TEST_F(OnDevice, ImagesAreReadAsTheyWereWritten) {
  if (!device->traits().images) GTEST_SKIP() << "the device has no images";
  const TensorDesc large{DType::float32, Shape{1, 4, 6, 9}, Layout::image2d()};
  const TensorDesc small{DType::float32, Shape{1, 6, 3, 2}, Layout::image2d()};
  Result<BufferPtr> image = device->allocate({0, &large});
  ASSERT_TRUE(image.ok()) << to_string(image.status());
  std::vector<float> from(4 * 3 * 4), to(from.size());
  for (size_t i = 0; i < from.size(); ++i) from[i] = static_cast<float>(i);
  const TensorRef ref{image->get(), 0, &small};
  ASSERT_TRUE(device->write(ref, std::as_bytes(std::span(from))).ok());
  ASSERT_TRUE(device->read(ref, std::as_writable_bytes(std::span(to))).ok());
  EXPECT_EQ(from, to);
  EXPECT_EQ(device->read(ref, std::as_writable_bytes(std::span(to).first(4))).code(),
            Code::internal);
}

TEST_F(OnDevice, RefusesImpossibleImages) {
  if (!device->traits().images) GTEST_SKIP() << "the device has no images";
  const TensorDesc wide{DType::float32, Shape{1, 4, 1, int64_t{1} << 24}, Layout::image2d()};
  const Result<BufferPtr> image = device->allocate({0, &wide});
  EXPECT_EQ(image.status().code(), Code::out_of_memory);
  EXPECT_NE(image.status().message().find("16777216 x 1"), std::string::npos);
  const TensorDesc bytes{DType::uint8, Shape{1, 4, 2, 2}, Layout::image2d()};
  EXPECT_EQ(device->allocate({0, &bytes}).status().code(), Code::unsupported);
}

}  // namespace
}  // namespace oarlock::opencl
