// Operators that move elements: reshapes, transposes, concat, split, slice, gather, scatter, pad.
#include "op_test.h"

namespace oarlock::test {
namespace {

constexpr int64_t kU = Shape::kUnknown;
using Ints = std::vector<int64_t>;

Tensor int4s(std::initializer_list<int> elements) {
  Tensor tensor = *Tensor::allocate(DType::int4, {static_cast<int64_t>(elements.size())});
  int64_t i = 0;
  for (const int e : elements) store_packed(DType::int4, tensor.mutable_data(), i++, e);
  return tensor;
}

TEST(Shape, StartAndEndClamp) {
  const Tensor x = counting<float>({2, 3, 4});
  expect_tensor(run("Shape", {}, {x}), integers({2, 3, 4}));
  expect_tensor(run("Shape", {{"start", int64_t{-2}}}, {x}), integers({3, 4}));
  expect_tensor(run("Shape", {{"start", int64_t{1}}, {"end", int64_t{-1}}}, {x}), integers({3}));
  expect_tensor(run("Shape", {{"start", int64_t{-9}}, {"end", int64_t{9}}}, {x}),
                integers({2, 3, 4}));
  expect_tensor(run("Shape", {{"start", int64_t{2}}, {"end", int64_t{1}}}, {x}), integers({}));
  expect_tensor(run("Size", {}, {x}), Tensor::scalar(int64_t{24}));
  EXPECT_EQ(inferred("Shape", {}, {{DType::float32, {kU, 3}}}), "int64[2]");
}

TEST(Reshape, Rules) {
  const Tensor x = counting<float>({2, 3, 4});
  expect_tensor(run("Reshape", {}, {x, integers({4, -1})}), counting<float>({4, 6}));
  expect_tensor(run("Reshape", {}, {x, integers({0, 12})}), counting<float>({2, 12}));
  expect_tensor(run("Reshape", {}, {Tensor::scalar(3.f), integers({1, -1})}),
                tensor<float>({1, 1}, {3}));
  expect_tensor(run("Reshape", {{"allowzero", int64_t{1}}},
                    {Tensor::of<float>({0, 3}, {}), integers({3, 0})}),
                Tensor::of<float>({3, 0}, {}));
  expect_tensor(run("Reshape", {}, {int4s({1, -2, 3}), integers({3, 1})}),
                *int4s({1, -2, 3}).reshaped({3, 1}));
  EXPECT_EQ(error_of("Reshape", {}, {x, integers({5, -1})}),
            "node 'Reshape' (Reshape): cannot reshape [2, 3, 4] to [5, ?]: 24 elements do not "
            "divide by 5");
  EXPECT_EQ(error_of("Reshape", {}, {x, integers({5, 5})}),
            "node 'Reshape' (Reshape): cannot reshape [2, 3, 4] to [5, 5]: 24 elements against 25");
  EXPECT_EQ(error_of("Reshape", {}, {x, integers({-1, -1})}),
            "node 'Reshape' (Reshape): the new shape [?, ?] has more than one -1");
}

TEST(Reshape, Inference) {
  EXPECT_EQ(inferred("Reshape", {}, {{DType::float32, {kU, 3, 4}}, integers({0, -1})}),
            "float32[?, ?]");
  EXPECT_EQ(inferred("Reshape", {}, {{DType::float32, {kU, 3}}, integers({-1, 0})}),
            "float32[?, 3]");
  EXPECT_EQ(inferred("Reshape", {}, {{DType::float32, {2, 3}}, {DType::int64, {4}}}),
            "float32[?, ?, ?, ?]");
  EXPECT_EQ(inferred("Reshape", {}, {{DType::float32, {2, 3}}, {DType::int64, {kU}}}),
            "float32[...]");
}

TEST(Flatten, AroundTheAxis) {
  const Tensor x = counting<float>({2, 3, 4});
  expect_tensor(run("Flatten", {}, {x}), counting<float>({2, 12}));
  expect_tensor(run("Flatten", {{"axis", int64_t{0}}}, {x}), counting<float>({1, 24}));
  expect_tensor(run("Flatten", {{"axis", int64_t{-1}}}, {x}), counting<float>({6, 4}));
  expect_tensor(run("Flatten", {{"axis", int64_t{3}}}, {x}), counting<float>({24, 1}));
  EXPECT_EQ(error_of("Flatten", {{"axis", int64_t{4}}}, {x}),
            "node 'Flatten' (Flatten): axis 4 is out of range for a tensor of rank 3 (allowed: -3 "
            "to 3)");
  EXPECT_EQ(inferred("Flatten", {}, {{DType::float32, {2, kU, 3}}}), "float32[2, ?]");
}

TEST(Squeeze, And) {
  const Tensor x = counting<float>({1, 3, 1, 2});
  expect_tensor(run("Squeeze", {}, {x}), counting<float>({3, 2}));
  expect_tensor(run("Squeeze", {}, {x, integers({-2})}), counting<float>({1, 3, 2}));
  expect_tensor(run("Unsqueeze", {}, {counting<float>({3}), integers({0, -1})}),
                counting<float>({1, 3, 1}));
  EXPECT_EQ(error_of("Squeeze", {}, {x, integers({1})}),
            "node 'Squeeze' (Squeeze): cannot squeeze axis 1 of the shape [1, 3, 1, 2]: only an "
            "extent of 1 can be removed");
  EXPECT_EQ(error_of("Unsqueeze", {}, {x, integers({0, 0})}),
            "node 'Unsqueeze' (Unsqueeze): axis 0 is given twice in [0, 0]");
  EXPECT_EQ(inferred("Squeeze", {}, {{DType::float32, {1, kU}}}), "float32[...]");
  EXPECT_EQ(inferred("Squeeze", {}, {{DType::float32, {1, kU}}, integers({0})}), "float32[?]");
  EXPECT_EQ(inferred("Unsqueeze", {}, {{DType::int8, {kU}}, {DType::int64, {2}}}), "int8[?, ?, ?]");
}

TEST(Transpose, Permutes) {
  expect_tensor(run("Transpose", {}, {counting<float>({2, 3})}),
                tensor<float>({3, 2}, {0, 3, 1, 4, 2, 5}));
  expect_tensor(run("Transpose", {{"perm", Ints{1, 2, 0}}}, {counting<int64_t>({2, 2, 2})}),
                tensor<int64_t>({2, 2, 2}, {0, 4, 1, 5, 2, 6, 3, 7}));
  expect_tensor(run("Transpose", {}, {*int4s({0, 1, 2, 3, 4, 5}).reshaped({2, 3})}),
                *int4s({0, 3, 1, 4, 2, 5}).reshaped({3, 2}));
  expect_tensor(run("Transpose", {}, {Tensor::strings({1, 2}, {"a", "b"})}),
                Tensor::strings({2, 1}, {"a", "b"}));
  EXPECT_EQ(error_of("Transpose", {{"perm", Ints{0, 0}}}, {counting<float>({2, 3})}),
            "node 'Transpose' (Transpose): axis 0 is given twice in [0, 0]");
  EXPECT_EQ(inferred("Transpose", {{"perm", Ints{1, 0}}}, {{DType::float32, {kU, 3}}}),
            "float32[3, ?]");
}

TEST(Transpose, ManyAxesAgainstANaiveLoop) {
  const Shape shape{2, 1, 3, 2, 1, 2, 3, 1, 2};  // more than Shape::kInline
  const Ints perm = {8, 2, 0, 7, 5, 1, 3, 6, 4};
  const Tensor x = counting<float>(shape);
  const Tensor y = run("Transpose", {{"perm", perm}}, {x});
  const Shape from = row_major_strides(shape), to = row_major_strides(y.shape());
  for (int64_t i = 0; i < y.elements(); ++i) {
    int64_t source = 0;
    for (size_t axis = 0; axis < 9; ++axis) {
      source += i / to[axis] % y.shape()[axis] * from[static_cast<size_t>(perm[axis])];
    }
    ASSERT_EQ(y.as<float>()[i], static_cast<float>(source));
  }
}

TEST(Concat, AlongAnAxis) {
  const Tensor a = counting<float>({2, 2}), b = tensor<float>({2, 1}, {7, 8});
  expect_tensor(run("Concat", {{"axis", int64_t{1}}}, {a, b}),
                tensor<float>({2, 3}, {0, 1, 7, 2, 3, 8}));
  expect_tensor(run("Concat", {{"axis", int64_t{-2}}}, {a, Tensor::of<float>({0, 2}, {}), a}),
                tensor<float>({4, 2}, {0, 1, 2, 3, 0, 1, 2, 3}));
  expect_tensor(run("Concat", {{"axis", int64_t{0}}},
                    {Tensor::strings({1}, {"a"}), Tensor::strings({2}, {"b", "c"})}),
                Tensor::strings({3}, {"a", "b", "c"}));
  EXPECT_EQ(error_of("Concat", {{"axis", int64_t{0}}}, {a, b}),
            "node 'Concat' (Concat): input 1 has the shape [2, 1], expected 2 at axis 1 like the "
            "inputs before (only axis 0 may differ)");
  EXPECT_EQ(error_of("Concat", {}, {a, b}), "node 'Concat' (Concat) lacks the attribute 'axis'");
  EXPECT_EQ(
      inferred("Concat", {{"axis", int64_t{0}}}, {{DType::int8, {2, kU}}, {DType::int8, {3, 4}}}),
      "int8[5, 4]");
}

TEST(Split, EvenAndGiven) {
  const Tensor x = counting<float>({7});
  Values parts = run_all("Split", {{"num_outputs", int64_t{4}}}, {x}, 4);
  expect_tensor(parts[0], list<float>({0, 1}));
  expect_tensor(parts[3], list<float>({6}));
  parts = run_all("Split", {{"axis", int64_t{1}}}, {counting<float>({2, 3}), integers({1, 2})}, 2);
  expect_tensor(parts[0], tensor<float>({2, 1}, {0, 3}));
  expect_tensor(parts[1], tensor<float>({2, 2}, {1, 2, 4, 5}));
  EXPECT_EQ(error_of("Split", {}, {x, integers({3, 3})}, 2),
            "node 'Split' (Split): split [3, 3] sums up to 6, but the axis has the extent 7");
  EXPECT_EQ(error_of("Split", {}, {x, integers({7})}, 2),
            "node 'Split' (Split): split has 1 lengths for 2 outputs");
  EXPECT_EQ(inferred("Split", {}, {{DType::int8, {kU, 4}}}, 2), "int8[?, 4]; int8[?, 4]");
}

TEST(Slice, StartsEndsSteps) {
  const Tensor x = counting<float>({3, 4});
  expect_tensor(run("Slice", {}, {x, integers({1}), integers({3}), integers({1})}),
                tensor<float>({3, 2}, {1, 2, 5, 6, 9, 10}));
  expect_tensor(run("Slice", {}, {x, integers({0, 1}), integers({-1, 1000})}),
                tensor<float>({2, 3}, {1, 2, 3, 5, 6, 7}));
  expect_tensor(run("Slice", {},
                    {counting<float>({5}), integers({-1}), integers({INT64_MIN}), integers({0}),
                     integers({-2})}),
                list<float>({4, 2, 0}));
  expect_tensor(run("Slice", {},
                    {counting<float>({5}), integers({INT64_MAX}), integers({INT64_MIN}),
                     integers({0}), integers({INT64_MIN})}),
                list<float>({4}));
  expect_tensor(run("Slice", {}, {counting<float>({5}), integers({3}), integers({1})}),
                list<float>({}));
  expect_tensor(run("Slice", {},
                    {counting<float>({5}), list<int32_t>({1}), list<int32_t>({5}),
                     list<int32_t>({0}), list<int32_t>({3})}),
                list<float>({1, 4}));
  EXPECT_EQ(error_of("Slice", {}, {x, integers({0}), integers({1}), integers({2})}),
            "node 'Slice' (Slice): axis 2 is out of range for a tensor of rank 2 (allowed: -2 to "
            "1)");
  EXPECT_EQ(error_of("Slice", {}, {x, integers({0}), integers({1}), integers({0}), integers({0})}),
            "node 'Slice' (Slice): a step of 0; use 1 to take every element");
  EXPECT_EQ(
      inferred(
          "Slice", {},
          {{DType::float32, {kU, 4, 5}}, integers({0, 1}), integers({1, 3}), integers({0, 1})}),
      "float32[?, 2, 5]");
  EXPECT_EQ(inferred("Slice", {},
                     {{DType::float32, {3, 4}}, {DType::int64, {1}}, integers({2}), integers({0})}),
            "float32[?, 4]");
}

TEST(Gather, AlongAnAxis) {
  const Tensor x = counting<float>({2, 3});
  expect_tensor(run("Gather", {{"axis", int64_t{1}}}, {x, tensor<int64_t>({2, 1}, {2, -3})}),
                tensor<float>({2, 2, 1}, {2, 0, 5, 3}));
  expect_tensor(run("Gather", {}, {x, Tensor::scalar(int32_t{1})}), list<float>({3, 4, 5}));
  EXPECT_EQ(error_of("Gather", {}, {x, integers({0, 2})}),
            "node 'Gather' (Gather): index 2 (element 1 of the indices) is out of range for an "
            "axis of extent 2");
  EXPECT_EQ(inferred("Gather", {{"axis", int64_t{1}}},
                     {{DType::float32, {kU, 3}}, {DType::int64, {4, kU}}}),
            "float32[?, 4, ?]");
}

TEST(GatherElements, FollowsTheIndices) {
  expect_tensor(run("GatherElements", {{"axis", int64_t{1}}},
                    {tensor<float>({2, 2}, {1, 2, 3, 4}), tensor<int64_t>({2, 2}, {0, 0, 1, 0})}),
                tensor<float>({2, 2}, {1, 1, 4, 3}));
  expect_tensor(run("GatherElements", {},
                    {counting<float>({3, 3}), tensor<int64_t>({2, 3}, {1, 2, 0, -1, 0, 0})}),
                tensor<float>({2, 3}, {3, 7, 2, 6, 1, 2}));
  EXPECT_EQ(
      error_of("GatherElements", {}, {counting<float>({2, 1}), tensor<int64_t>({1, 2}, {0, 0})}),
      "node 'GatherElements' (GatherElements): the indices of shape [1, 2] exceed the data "
      "of shape [2, 1] at axis 1");
}

TEST(GatherND, WithAndWithoutBatch) {
  const Tensor x = counting<int32_t>({2, 2, 2});
  expect_tensor(run("GatherND", {}, {x, tensor<int64_t>({2, 2}, {0, 1, 1, 0})}),
                tensor<int32_t>({2, 2}, {2, 3, 4, 5}));
  expect_tensor(run("GatherND", {{"batch_dims", int64_t{1}}}, {x, tensor<int64_t>({2, 1}, {1, 0})}),
                tensor<int32_t>({2, 2}, {2, 3, 4, 5}));
  EXPECT_EQ(error_of("GatherND", {}, {x, tensor<int64_t>({1, 4}, {0, 0, 0, 0})}),
            "node 'GatherND' (GatherND): indices of length 4 for data of shape [2, 2, 2] with "
            "batch_dims 0");
}

TEST(ScatterElements, Reductions) {
  const Tensor x = tensor<float>({1, 5}, {1, 2, 3, 4, 5});
  const Tensor indices = tensor<int64_t>({1, 3}, {1, -2, 1}),
               updates = tensor<float>({1, 3}, {10, 20, 30});
  const auto with = [](const char* reduction) {
    return Attrs{{"axis", int64_t{1}}, {"reduction", std::string(reduction)}};
  };
  expect_tensor(run("ScatterElements", with("none"), {x, indices, updates}),
                tensor<float>({1, 5}, {1, 30, 3, 20, 5}));
  expect_tensor(run("ScatterElements", with("add"), {x, indices, updates}),
                tensor<float>({1, 5}, {1, 42, 3, 24, 5}));
  expect_tensor(run("ScatterElements", with("mul"), {x, indices, updates}),
                tensor<float>({1, 5}, {1, 600, 3, 80, 5}));
  expect_tensor(run("ScatterElements", with("min"), {x, indices, updates}), x);
  expect_tensor(run("ScatterElements", with("max"), {x, indices, updates}),
                tensor<float>({1, 5}, {1, 30, 3, 20, 5}));
  EXPECT_EQ(error_of("ScatterElements", with("sub"), {x, indices, updates}),
            "node 'ScatterElements' (ScatterElements): reduction is \"sub\", expected none, add, "
            "mul, max or min");
}

TEST(ScatterND, Slices) {
  expect_tensor(run("ScatterND", {},
                    {counting<float>({4}), tensor<int64_t>({2, 1}, {3, 0}), list<float>({9, 8})}),
                list<float>({8, 1, 2, 9}));
  expect_tensor(run("ScatterND", {{"reduction", std::string("add")}},
                    {counting<float>({2, 2}), tensor<int64_t>({2, 1}, {1, 1}),
                     tensor<float>({2, 2}, {1, 2, 3, 4})}),
                tensor<float>({2, 2}, {0, 1, 6, 9}));
  EXPECT_EQ(error_of("ScatterND", {},
                     {counting<float>({4}), tensor<int64_t>({2, 1}, {0, 1}), list<float>({1})}),
            "node 'ScatterND' (ScatterND): updates have the shape [1], expected [2]");
  EXPECT_EQ(error_of("ScatterND", {},
                     {counting<float>({4}), tensor<int64_t>({1, 1}, {4}), list<float>({1})}),
            "node 'ScatterND' (ScatterND): index 4 (element 0 of the indices) is out of range for "
            "an axis of extent 4");
}

TEST(ExpandAndTile, Repeat) {
  expect_tensor(run("Expand", {}, {tensor<float>({2, 1}, {1, 2}), integers({2, 1, 2})}),
                tensor<float>({2, 2, 2}, {1, 1, 2, 2, 1, 1, 2, 2}));
  expect_tensor(run("Expand", {}, {list<float>({1, 2}), integers({1})}), list<float>({1, 2}));
  expect_tensor(run("Tile", {}, {tensor<float>({2, 2}, {1, 2, 3, 4}), integers({2, 1})}),
                tensor<float>({4, 2}, {1, 2, 3, 4, 1, 2, 3, 4}));
  expect_tensor(run("Tile", {}, {tensor<float>({1, 2}, {1, 2}), integers({2, 2})}),
                tensor<float>({2, 4}, {1, 2, 1, 2, 1, 2, 1, 2}));
  expect_tensor(run("Tile", {}, {list<float>({1}), integers({0})}), list<float>({}));
  EXPECT_EQ(error_of("Expand", {}, {list<float>({1, 2}), integers({3})}),
            "node 'Expand' (Expand): the shape [2] does not broadcast with the wanted [3]");
  EXPECT_EQ(error_of("Tile", {}, {counting<float>({2, 2}), integers({INT64_MAX, 2})}),
            "node 'Tile' (Tile): the shape [2, 2] repeated [9223372036854775807, 2] times is too "
            "large");
}

TEST(Where, ChoosesAndBroadcasts) {
  expect_tensor(
      run("Where", {},
          {tensor<bool>({2, 1}, {true, false}), list<int64_t>({1, 2}), Tensor::scalar(int64_t{9})}),
      tensor<int64_t>({2, 2}, {1, 2, 9, 9}));
  expect_tensor(
      run("Where", {},
          {list<bool>({false, true}), Tensor::strings({1}, {"a"}), Tensor::strings({1}, {"b"})}),
      Tensor::strings({2}, {"b", "a"}));
  EXPECT_EQ(error_of("Where", {}, {list<bool>({true}), list<float>({1}), list<double>({1})}),
            "node 'Where' (Where): input 2 is float64, expected float32 like input 1");
}

TEST(Pad, Modes) {
  const Tensor x = list<float>({1, 2, 3});
  const auto mode = [](const char* name) { return Attrs{{"mode", std::string(name)}}; };
  expect_tensor(run("Pad", {}, {x, integers({2, 1}), Tensor::scalar(9.f)}),
                list<float>({9, 9, 1, 2, 3, 9}));
  expect_tensor(run("Pad", {}, {x, integers({-1, 1})}), list<float>({2, 3, 0}));
  expect_tensor(run("Pad", mode("edge"), {x, integers({2, 1})}), list<float>({1, 1, 1, 2, 3, 3}));
  expect_tensor(run("Pad", mode("reflect"), {x, integers({2, 1})}),
                list<float>({3, 2, 1, 2, 3, 2}));
  expect_tensor(run("Pad", mode("reflect"), {x, integers({5, 0})}),
                list<float>({2, 1, 2, 3, 2, 1, 2, 3}));
  expect_tensor(run("Pad", mode("wrap"), {x, integers({4, 2})}),
                list<float>({3, 1, 2, 3, 1, 2, 3, 1, 2}));
  expect_tensor(
      run("Pad", {}, {counting<float>({2, 2}), integers({1, 1}), Value(), integers({-1})}),
      tensor<float>({2, 4}, {0, 0, 1, 0, 0, 2, 3, 0}));
  expect_tensor(run("Pad", {}, {int4s({-1, 2}), integers({1, 0}), int4s({7})}), int4s({7, -1, 2}));
  EXPECT_EQ(error_of("Pad", mode("mirror"), {x, integers({0, 0})}),
            "node 'Pad' (Pad): mode is \"mirror\", expected constant, reflect, edge or wrap");
  EXPECT_EQ(error_of("Pad", {}, {x, integers({-2, -2})}),
            "node 'Pad' (Pad): axis 0 of extent 3 cannot be padded by -2 and -2");
  EXPECT_EQ(error_of("Pad", {}, {x, integers({1})}),
            "node 'Pad' (Pad): pads has 1 numbers, expected 2");
  EXPECT_EQ(inferred("Pad", {}, {{DType::float32, {kU, 3}}, integers({0, 1, 0, 1})}),
            "float32[?, 5]");
}

TEST(Constants, Make) {
  expect_tensor(run("Constant", {{"value_ints", Ints{1, 2}}}, {}), integers({1, 2}));
  expect_tensor(run("Constant", {{"value_float", 1.5f}}, {}), Tensor::scalar(1.5f));
  expect_tensor(run("ConstantOfShape", {}, {integers({2})}), list<float>({0, 0}));
  expect_tensor(run("ConstantOfShape", {{"value", list<int8_t>({3})}}, {integers({})}),
                Tensor::scalar(int8_t{3}));
  expect_tensor(run("ConstantOfShape", {{"value", int4s({-3})}}, {integers({3})}),
                int4s({-3, -3, -3}));
  expect_tensor(
      run("EyeLike", {{"k", int64_t{1}}, {"dtype", int64_t{6}}}, {counting<float>({2, 3})}),
      tensor<int32_t>({2, 3}, {0, 1, 0, 0, 0, 1}));
  EXPECT_EQ(error_of("Constant", {}, {}),
            "node 'Constant' (Constant): no attribute holds the value");
  EXPECT_EQ(error_of("ConstantOfShape", {}, {integers({-1})}),
            "node 'ConstantOfShape' (ConstantOfShape): the shape [?] has a negative extent");
}

TEST(Range, Lengths) {
  const auto range = [](auto start, auto limit, auto delta) {
    return run("Range", {}, {Tensor::scalar(start), Tensor::scalar(limit), Tensor::scalar(delta)});
  };
  expect_tensor(range(int64_t{3}, int64_t{9}, int64_t{3}), integers({3, 6}));
  expect_tensor(range(10, 4, -2), list<int32_t>({10, 8, 6}));
  expect_tensor(range(1.f, 2.f, 0.3f), list<float>({1, 1.3f, 1.6f, 1.9f}), 1e-6);
  expect_tensor(range(int64_t{5}, int64_t{5}, int64_t{1}), integers({}));
  EXPECT_EQ(error_of("Range", {}, {Tensor::scalar(1.f), Tensor::scalar(2.f), Tensor::scalar(0.f)}),
            "node 'Range' (Range): delta is 0");
  EXPECT_EQ(inferred("Range", {}, {{DType::int32, {}}, {DType::int32, {}}, {DType::int32, {}}}),
            "int32[?]");
}

}  // namespace
}  // namespace oarlock::test
