// Kernels that move elements against the reference implementations.
#include <gtest/gtest.h>

#include "tests/unit/backends/cpu/kernel_check.h"

namespace oarlock::cpu {
namespace {

using Ints = std::vector<int64_t>;

TEST(MovementKernels, Transpose) {
  for (const Ints& perm : {Ints{0, 2, 3, 1}, Ints{3, 2, 1, 0}, Ints{0, 1, 2, 3}, Ints{1, 0, 2, 3}})
    check_kernel({"Transpose", {{"perm", perm}}, {random_tensor({2, 13, 7, 33}, 1)}});
  check_kernel({"Transpose", {}, {random_tensor({40, 70}, 1)}});
  check_kernel({"Transpose", {{"perm", Ints{0, 2, 1}}}, {random_tensor({3, 1, 70}, 1)}});
}

TEST(MovementKernels, Concat) {
  for (int64_t axis : {0, 1, -1}) {
    Shape a{2, 3, 5}, b{2, 3, 5};
    b[axis < 0 ? 2 : static_cast<size_t>(axis)] = 4;
    check_kernel({"Concat", {{"axis", axis}}, {random_tensor(a, 1), random_tensor(b, 2)}});
  }
  const Tensor first = random_tensor({2, 32, 3, 3}, 1), second = random_tensor({2, 19, 3, 3}, 2);
  check_kernel({"Concat", {{"axis", int64_t{1}}}, {first, second}}, 2);
  check_kernel({"Concat", {{"axis", int64_t{1}}}, {second, first}}, 1);
  check_kernel({"Concat", {{"axis", int64_t{2}}}, {second, second}}, 2);
}

TEST(MovementKernels, Expand) {
  check_kernel({"Expand", {}, {random_tensor({3, 1, 5}, 1), integers({2, 3, 4, 5})}, {1}});
  check_kernel({"Expand", {}, {random_tensor({}, 1), integers({7, 3})}, {1}});
  check_kernel({"Expand", {}, {random_tensor({7, 3}, 1), integers({7, 3})}, {1}});
}

TEST(MovementKernels, Reshape) {
  check_kernel({"Reshape", {}, {random_tensor({3, 4, 5}, 1), integers({5, 12})}, {1}});
  check_kernel({"Flatten", {}, {random_tensor({2, 32, 1, 1}, 1)}});
  check_kernel({"Identity", {}, {integers({1, 2, 3})}});
  check_kernel({"Squeeze", {}, {random_tensor({2, 1, 5}, 1), integers({1})}, {1}});
  check_kernel({"Unsqueeze", {}, {random_tensor({2, 5}, 1), integers({0, 3})}, {1}});
}

TEST(MovementKernels, Split) {
  for (int64_t axis : {0, 2})
    check_kernel(
        {"Split", {{"axis", axis}}, {random_tensor({6, 3, 6}, 1), integers({2, 1, 3})}, {1}, 3});
  check_kernel({"Split",
                {{"axis", int64_t{1}}},
                {random_tensor({2, 51, 3, 3}, 1), integers({32, 19})},
                {1},
                2},
               2);
  check_kernel({"Split",
                {{"axis", int64_t{1}}},
                {random_tensor({2, 51, 3, 3}, 1), integers({19, 32})},
                {1},
                2},
               1);
}

TEST(MovementKernels, Slice) {
  const Tensor x = random_tensor({4, 48, 5, 6}, 1);
  check_kernel({"Slice", {}, {x, integers({1}), integers({3})}, {1, 2}}, 2);
  check_kernel({"Slice", {}, {x, integers({16}), integers({32}), integers({1})}, {1, 2, 3}}, 2);
  check_kernel({"Slice", {}, {x, integers({16}), integers({31}), integers({1})}, {1, 2, 3}}, 1);
  check_kernel({"Slice", {}, {x, integers({3}), integers({40}), integers({1})}, {1, 2, 3}}, 1);
  check_kernel({"Slice",
                {},
                {x, integers({-1, 5}), integers({-4, 0}), integers({2, 3}), integers({-1, -2})},
                {1, 2, 3, 4}},
               2);
  check_kernel({"Slice",
                {},
                {x, integers({1}), integers({99}), integers({-1}), integers({2})},
                {1, 2, 3, 4}},
               2);
  check_kernel({"Slice", {}, {integers({1, 2, 3, 4}), integers({1}), integers({3})}, {1, 2}});
}

TEST(MovementKernels, ScatterND) {
  const Tensor data = random_tensor({5, 3, 7}, 1);
  for (const char* reduction : {"none", "add", "mul", "max", "min"}) {
    const Attrs attrs{{"reduction", std::string(reduction)}};
    // Whole matrices, one of them twice; rows; elements.
    const Tensor matrices = Tensor::of<int64_t>(Shape{3, 1}, {4, -4, 4});
    check_kernel({"ScatterND", attrs, {data, matrices, random_tensor({3, 3, 7}, 2)}});
    const Tensor rows = Tensor::of<int64_t>(Shape{2, 1, 2}, {0, 2, -1, 0});
    check_kernel({"ScatterND", attrs, {data, rows, random_tensor({2, 1, 7}, 3)}});
    const Tensor elements = Tensor::of<int64_t>(Shape{2, 3}, {0, 1, 2, 0, 1, 2});
    check_kernel({"ScatterND", attrs, {data, elements, random_tensor({2}, 4)}});
  }
  check_kernel(
      {"ScatterND",
       {},
       {integers({1, 2, 3, 4}), Tensor::of<int64_t>(Shape{2, 1}, {3, 0}), integers({9, 8})}});
}

TEST(MovementKernels, ScatterElements) {
  const Tensor data = random_tensor({4, 3, 5}, 1);
  for (int64_t axis : {0, 1, -1}) {
    const Tensor indices =
        Tensor::of<int32_t>(Shape{2, 2, 3}, {0, 1, 2, -1, 0, 2, 1, 1, 0, 2, 0, -2});
    for (const char* reduction : {"none", "add"}) {
      check_kernel({"ScatterElements",
                    {{"axis", axis}, {"reduction", std::string(reduction)}},
                    {data, indices, random_tensor({2, 2, 3}, 2)}});
    }
  }
}

TEST(MovementKernels, GatherElements) {
  const Tensor x = random_tensor({4, 5, 6}, 1);
  const auto reshaped = [](const Tensor& tensor, const Shape& shape) {
    return tensor.reshaped(shape).value();
  };
  const Tensor indices = integers({0, -1, 2, 3, 1, -4, 3, 3, 0, 2, -2, 1});
  for (const int64_t axis : {0, 1, -1}) {
    check_kernel({"GatherElements", {{"axis", axis}}, {x, reshaped(indices, {2, 1, 6})}});
    check_kernel({"GatherElements", {{"axis", axis}}, {x, reshaped(indices, {3, 2, 2})}});
  }
  const Tensor wide = reshaped(integers({7, 8, 9, 10}), {2, 2});
  check_kernel({"GatherElements", {}, {wide, Tensor::of<int32_t>(Shape{1, 2}, {1, -1})}});
}

TEST(MovementKernels, Gather) {
  for (int64_t axis : {0, 1, 2})
    check_kernel(
        {"Gather", {{"axis", axis}}, {random_tensor({4, 5, 6}, 1), integers({0, -1, 2, 2})}});
  check_kernel({"Gather", {}, {integers({10, 20, 30}), Tensor::scalar(int64_t{-1})}});
}

TEST(MovementKernels, Pad) {
  const Tensor x = random_tensor({1, 19, 4, 5}, 1);
  check_kernel({"Pad", {}, {x, integers({0, 0, 1, 2, 0, 0, 3, 0})}, {1}}, 2);
  check_kernel({"Pad", {}, {x, integers({0, 0, 1, 2, 0, 0, -1, 0}), Tensor::scalar(2.5f)}, {1}}, 2);
  check_kernel({"Pad", {}, {x, integers({1, 2, 0, -1, 0, 1, 0, -1})}, {1}}, 1);
  check_kernel({"Pad", {}, {x, integers({2, 1}), Tensor(), integers({-1})}, {1, 3}}, 2);
  for (const char* mode : {"reflect", "edge", "wrap"})
    for (const Tensor& pads :
         {integers({0, 0, 1, 2, 0, 0, 3, 4}), integers({0, 5, -1, 0, 1, 3, 2, -2})})
      check_kernel({"Pad", {{"mode", std::string(mode)}}, {x, pads}, {1}}, 1);
}

TEST(MovementKernels, Where) {
  Tensor condition = Tensor::of<bool>(Shape{2, 1, 3}, {true, false, true, false, false, true});
  check_kernel({"Where", {}, {condition, random_tensor({4, 3}, 1), random_tensor({1}, 2)}});
}

TEST(MovementKernels, Cast) {
  const Tensor x = random_tensor({777}, 1, -50, 50);
  const auto to = [](DType type) { return Attrs{{"to", static_cast<int64_t>(type)}}; };
  for (DType type : {DType::float16, DType::bfloat16, DType::boolean, DType::float32})
    check_kernel({"Cast", to(type), {x}});
  for (DType type : {DType::float32, DType::int32, DType::int64, DType::boolean})
    check_kernel({"Cast", to(type), {integers({0, 1, -5, 1 << 30})}});
}

}  // namespace
}  // namespace oarlock::cpu
