#include <cmath>
#include <limits>

#include "op_test.h"

namespace oarlock::test {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
const Attrs kDrop{{"keepdims", int64_t{0}}};

TEST(Reduce, EveryKind) {
  const Tensor x = tensor<float>({2, 2}, {1, -2, 3, 4});
  const Tensor axis = integers({1});
  expect_tensor(run("ReduceSum", kDrop, {x, axis}), list<float>({-1, 7}));
  expect_tensor(run("ReduceMean", kDrop, {x, axis}), list<float>({-0.5f, 3.5f}));
  expect_tensor(run("ReduceProd", kDrop, {x, axis}), list<float>({-2, 12}));
  expect_tensor(run("ReduceMax", kDrop, {x, axis}), list<float>({1, 4}));
  expect_tensor(run("ReduceMin", kDrop, {x, axis}), list<float>({-2, 3}));
  expect_tensor(run("ReduceL1", kDrop, {x, axis}), list<float>({3, 7}));
  expect_tensor(run("ReduceL2", kDrop, {x, axis}), list<float>({2.23606798f, 5}), 1e-6);
  expect_tensor(run("ReduceSumSquare", kDrop, {x, axis}), list<float>({5, 25}));
  expect_tensor(run("ReduceLogSum", kDrop, {x, integers({0})}),
                list<float>({1.38629436f, 0.69314718f}), 1e-6);
  expect_tensor(run("ReduceLogSumExp", kDrop, {x, axis}), list<float>({1.04858735f, 4.31326169f}),
                1e-6);
}

TEST(Reduce, AxesAndKeepdims) {
  const Tensor x = counting<float>({2, 3, 2});
  expect_tensor(run("ReduceSum", {}, {x}), tensor<float>({1, 1, 1}, {66}));
  expect_tensor(run("ReduceSum", {}, {x, integers({-1, 0})}),
                tensor<float>({1, 3, 1}, {14, 22, 30}));
  expect_tensor(run("ReduceSum", kDrop, {x, integers({1})}), tensor<float>({2, 2}, {6, 9, 24, 27}));
  const Attrs noop{{"noop_with_empty_axes", int64_t{1}}};
  expect_tensor(run("ReduceSum", noop, {x}), x);
  expect_tensor(run("ReduceSumSquare", noop, {list<float>({2, 3}), integers({})}),
                list<float>({4, 9}));
  expect_tensor(run("ReduceMax", {}, {Tensor::scalar(3.f)}), Tensor::scalar(3.f));
}

TEST(Reduce, EmptyGroups) {
  const Tensor x = Tensor::of<float>({2, 0}, {});
  const Tensor axis = integers({1});
  expect_tensor(run("ReduceSum", kDrop, {x, axis}), list<float>({0, 0}));
  expect_tensor(run("ReduceProd", kDrop, {x, axis}), list<float>({1, 1}));
  expect_tensor(run("ReduceMax", kDrop, {x, axis}), list<float>({-kInfinity, -kInfinity}));
  expect_tensor(run("ReduceLogSumExp", kDrop, {x, axis}), list<float>({-kInfinity, -kInfinity}));
  expect_tensor(run("ReduceMean", kDrop, {x, axis}), list<float>({NAN, NAN}));
  expect_tensor(run("ReduceMin", kDrop, {Tensor::of<int8_t>({1, 0}, {}), axis}),
                list<int8_t>({127}));
}

TEST(Reduce, OtherTypes) {
  expect_tensor(run("ReduceMax", kDrop, {list<bool>({false, true})}), Tensor::scalar(true));
  expect_tensor(run("ReduceMean", kDrop, {list<int32_t>({1, 2, 4})}), Tensor::scalar(int32_t{2}));
  expect_tensor(run("ReduceProd", kDrop, {list<int64_t>({3, -4})}), Tensor::scalar(int64_t{-12}));
  expect_tensor(run("ReduceSum", kDrop, {list<int32_t>({INT32_MAX, 1})}),
                Tensor::scalar(INT32_MIN));
  expect_tensor(run("ReduceSum", kDrop, {list<Float16>({1.f, 2048.f, 1.f})}),
                Tensor::scalar(Float16(2050.f)));
  expect_tensor(run("ReduceMin", kDrop, {list<float>({1, NAN, 0})}), Tensor::scalar(float{NAN}));
  expect_tensor(run("ReduceLogSumExp", kDrop, {list<float>({1000, 1000})}),
                Tensor::scalar(1000.69315f), 1e-4);
}

TEST(Reduce, ErrorsAndInference) {
  EXPECT_EQ(error_of("ReduceSum", {}, {counting<float>({2}), integers({1})}),
            "node 'ReduceSum' (ReduceSum): axis 1 is out of range for a tensor of rank 1 (allowed: "
            "-1 to 0)");
  EXPECT_EQ(inferred("ReduceSum", {}, {{DType::float32, {-1, 3}}, integers({1})}), "float32[?, 1]");
  EXPECT_EQ(inferred("ReduceSum", {}, {{DType::float32, {2, 3}}, {DType::int64, {1}}}),
            "float32[?, ?]");
  EXPECT_EQ(inferred("ReduceSum", kDrop, {{DType::float32, {2, 3}}, {DType::int64, {1}}}),
            "float32[?]");
}

TEST(ArgReduce, Indices) {
  const Tensor x = tensor<float>({2, 3}, {2, 7, 7, 4, 1, 1});
  expect_tensor(run("ArgMax", {{"axis", int64_t{1}}}, {x}), tensor<int64_t>({2, 1}, {1, 0}));
  expect_tensor(
      run("ArgMax",
          {{"axis", int64_t{1}}, {"select_last_index", int64_t{1}}, {"keepdims", int64_t{0}}}, {x}),
      integers({2, 0}));
  expect_tensor(run("ArgMin", {{"axis", int64_t{0}}, {"keepdims", int64_t{0}}}, {x}),
                integers({0, 1, 1}));
  expect_tensor(run("ArgMin", {{"keepdims", int64_t{0}}}, {list<uint8_t>({3, 1, 2})}),
                Tensor::scalar(int64_t{1}));
  EXPECT_EQ(error_of("ArgMax", {}, {Tensor::of<float>({0}, {})}),
            "node 'ArgMax' (ArgMax): axis 0 of the shape [0] is empty");
}

TEST(Cumulative, SumAndProduct) {
  const Tensor x = list<float>({1, 2, 3});
  const Tensor axis = Tensor::scalar(int32_t{0});
  const Attrs exclusive{{"exclusive", int64_t{1}}}, reverse{{"reverse", int64_t{1}}};
  const Attrs both{{"exclusive", int64_t{1}}, {"reverse", int64_t{1}}};
  expect_tensor(run("CumSum", {}, {x, axis}), list<float>({1, 3, 6}));
  expect_tensor(run("CumSum", exclusive, {x, axis}), list<float>({0, 1, 3}));
  expect_tensor(run("CumSum", reverse, {x, axis}), list<float>({6, 5, 3}));
  expect_tensor(run("CumSum", both, {x, axis}), list<float>({5, 3, 0}));
  expect_tensor(run("CumProd", {}, {x, axis}), list<float>({1, 2, 6}));
  expect_tensor(run("CumProd", both, {x, axis}), list<float>({6, 3, 1}));
  expect_tensor(
      run("CumSum", {}, {tensor<int32_t>({2, 2}, {1, 2, 3, 4}), Tensor::scalar(int64_t{-1})}),
      tensor<int32_t>({2, 2}, {1, 3, 3, 7}));
}

}  // namespace
}  // namespace oarlock::test
