// Operators that search or rearrange by contents or position.
#include <cmath>

#include "op_test.h"

namespace oarlock::test {
namespace {

TEST(TopK, SortsAndBreaksTiesByIndex) {
  const Tensor x = tensor<float>({2, 4}, {3, 1, 3, 2, 0, NAN, 5, -1});
  const Tensor two = integers({2});
  Values out = run_all("TopK", {}, {x, two}, 2);
  expect_tensor(out[0], tensor<float>({2, 2}, {3, 3, NAN, 5}));
  expect_tensor(out[1], tensor<int64_t>({2, 2}, {0, 2, 1, 2}));
  out = run_all("TopK", {{"largest", int64_t{0}}}, {x, two}, 2);
  expect_tensor(out[1], tensor<int64_t>({2, 2}, {1, 3, 3, 0}));
  out = run_all("TopK", {{"axis", int64_t{0}}}, {x, integers({1})}, 2);
  expect_tensor(out[1], tensor<int64_t>({1, 4}, {0, 1, 1, 0}));
  EXPECT_EQ(error_of("TopK", {}, {x, integers({5})}, 2),
            "node 'TopK' (TopK): k is 5 for an axis of extent 4");
  EXPECT_EQ(inferred("TopK", {}, {{DType::int8, {-1, 4}}, {DType::int64, {1}}}, 2),
            "int8[?, ?]; int64[?, ?]");
}

TEST(NonZero, Positions) {
  expect_tensor(run("NonZero", {}, {tensor<float>({2, 2}, {1, 0, 1, 1})}),
                tensor<int64_t>({2, 3}, {0, 1, 1, 0, 0, 1}));
  expect_tensor(run("NonZero", {}, {Tensor::scalar(true)}), Tensor::of<int64_t>({0, 1}, {}));
  expect_tensor(run("NonZero", {}, {list<int8_t>({0, 0})}), Tensor::of<int64_t>({1, 0}, {}));
  EXPECT_EQ(inferred("NonZero", {}, {{DType::float32, {2, 2}}}), "int64[2, ?]");
}

TEST(Compress, Selects) {
  const Tensor x = tensor<float>({3, 2}, {1, 2, 3, 4, 5, 6});
  expect_tensor(run("Compress", {{"axis", int64_t{0}}}, {x, list<bool>({false, true, true})}),
                tensor<float>({2, 2}, {3, 4, 5, 6}));
  expect_tensor(run("Compress", {}, {x, list<bool>({false, true, false, false, true})}),
                list<float>({2, 5}));
  EXPECT_EQ(error_of("Compress", {{"axis", int64_t{1}}}, {x, list<bool>({true, true, true})}),
            "node 'Compress' (Compress): the condition has 3 elements, the axis 2");
}

TEST(OneHot, PlacesTheOnValue) {
  const Tensor values = list<float>({2, 5});
  expect_tensor(run("OneHot", {}, {integers({0, -1, 7}), Tensor::scalar(int64_t{3}), values}),
                tensor<float>({3, 3}, {5, 2, 2, 2, 2, 5, 2, 2, 2}));
  expect_tensor(
      run("OneHot", {{"axis", int64_t{0}}}, {list<float>({1, 0}), list<float>({2}), values}),
      tensor<float>({2, 2}, {2, 5, 5, 2}));
  EXPECT_EQ(error_of("OneHot", {}, {integers({0}), Tensor::scalar(int64_t{-1}), values}),
            "node 'OneHot' (OneHot): depth is negative");
  EXPECT_EQ(inferred("OneHot", {}, {{DType::int64, {-1}}, Tensor::scalar(int64_t{3}), values}),
            "float32[?, 3]");
}

TEST(Unique, SortedAndInOrder) {
  const Tensor x = list<float>({2, 1, 1, 3, 4, 3});
  Values out = run_all("Unique", {}, {x}, 4);
  expect_tensor(out[0], list<float>({1, 2, 3, 4}));
  expect_tensor(out[1], integers({1, 0, 3, 4}));
  expect_tensor(out[2], integers({1, 0, 0, 2, 3, 2}));
  expect_tensor(out[3], integers({2, 1, 2, 1}));
  out = run_all("Unique", {{"sorted", int64_t{0}}}, {x}, 4);
  expect_tensor(out[0], list<float>({2, 1, 3, 4}));
  expect_tensor(out[1], integers({0, 1, 3, 4}));
  expect_tensor(out[2], integers({0, 1, 1, 2, 3, 2}));
  expect_tensor(out[3], integers({1, 2, 2, 1}));
}

TEST(Unique, AlongAnAxis) {
  const Tensor x = tensor<float>({2, 4, 2}, {1, 1, 0, 1, 2, 1, 0, 1, 1, 1, 0, 1, 2, 1, 0, 1});
  const Values out = run_all("Unique", {{"axis", int64_t{1}}}, {x}, 4);
  expect_tensor(out[0], tensor<float>({2, 3, 2}, {0, 1, 1, 1, 2, 1, 0, 1, 1, 1, 2, 1}));
  expect_tensor(out[1], integers({1, 0, 2}));
  expect_tensor(out[2], integers({1, 0, 2, 0}));
  expect_tensor(out[3], integers({2, 1, 1}));
  expect_tensor(run("Unique", {}, {Tensor::strings({3}, {"b", "a", "b"})}),
                Tensor::strings({2}, {"a", "b"}));
}

TEST(Trilu, KeepsATriangle) {
  const Tensor x = tensor<int32_t>({2, 3}, {1, 2, 3, 4, 5, 6});
  expect_tensor(run("Trilu", {}, {x}), tensor<int32_t>({2, 3}, {1, 2, 3, 0, 5, 6}));
  expect_tensor(run("Trilu", {{"upper", int64_t{0}}}, {x, Tensor::scalar(int64_t{1})}),
                tensor<int32_t>({2, 3}, {1, 2, 0, 4, 5, 6}));
}

TEST(DepthToSpace, BothModesAndBack) {
  const Tensor x = counting<float>({1, 8, 1, 1});
  const Attrs dcr{{"blocksize", int64_t{2}}};
  const Attrs crd{{"blocksize", int64_t{2}}, {"mode", std::string("CRD")}};
  expect_tensor(run("DepthToSpace", dcr, {x}),
                tensor<float>({1, 2, 2, 2}, {0, 2, 4, 6, 1, 3, 5, 7}));
  expect_tensor(run("DepthToSpace", crd, {x}),
                tensor<float>({1, 2, 2, 2}, {0, 1, 2, 3, 4, 5, 6, 7}));
  const Tensor y = counting<float>({2, 3, 4, 6});
  expect_tensor(run("DepthToSpace", dcr, {run("SpaceToDepth", dcr, {y})}), y);
  expect_tensor(run("DepthToSpace", crd, {run("SpaceToDepth", crd, {y})}), y);
  EXPECT_EQ(error_of("DepthToSpace", dcr, {y}),
            "node 'DepthToSpace' (DepthToSpace): the number of channels 3 does not divide by 4");
}

TEST(ReverseSequence, TimeFirstAndBatchFirst) {
  const Tensor x = tensor<float>({3, 2}, {0, 1, 2, 3, 4, 5});
  expect_tensor(run("ReverseSequence", {}, {x, integers({3, 2})}),
                tensor<float>({3, 2}, {4, 3, 2, 1, 0, 5}));
  expect_tensor(run("ReverseSequence", {{"time_axis", int64_t{1}}, {"batch_axis", int64_t{0}}},
                    {x, integers({2, 1, 0})}),
                tensor<float>({3, 2}, {1, 0, 2, 3, 4, 5}));
  EXPECT_EQ(error_of("ReverseSequence", {}, {x, integers({4, 0})}),
            "node 'ReverseSequence' (ReverseSequence): sequence length 4 is out of range for 3 "
            "steps");
}

TEST(CenterCropPad, CropsAndPads) {
  expect_tensor(run("CenterCropPad", {}, {list<float>({1, 2, 3, 4, 5}), integers({2})}),
                list<float>({2, 3}));
  expect_tensor(run("CenterCropPad", {}, {list<float>({1, 2}), integers({5})}),
                list<float>({0, 1, 2, 0, 0}));
  expect_tensor(run("CenterCropPad", {{"axes", std::vector<int64_t>{-1}}},
                    {tensor<float>({2, 1}, {1, 2}), integers({3})}),
                tensor<float>({2, 3}, {0, 1, 0, 0, 2, 0}));
}

}  // namespace
}  // namespace oarlock::test
