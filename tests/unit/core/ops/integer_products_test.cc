// Integer products and dynamic quantization. Expected values are ONNX Runtime's unless computed
// here.

#include <gmock/gmock.h>

#include <cmath>

#include "ramp.h"

namespace oarlock::test {
namespace {

TEST(MatMulInteger, ZeroPoints) {
  expect_tensor(run("MatMulInteger", {},
                    {tensor<uint8_t>({2, 3}, {1, 200, 3, 4, 5, 255}),
                     tensor<uint8_t>({3, 2}, {1, 2, 3, 4, 5, 6}), tensor<uint8_t>({}, {7}),
                     tensor<uint8_t>({}, {2})}),
                tensor<int32_t>({2, 2}, {187, 370, 745, 988}));
}

TEST(MatMulInteger, ColumnZeroPoints) {
  expect_tensor(run("MatMulInteger", {},
                    {tensor<uint8_t>({2, 3}, {1, 200, 3, 4, 5, 255}),
                     tensor<int8_t>({3, 2}, {1, -2, 3, 4, -5, 6}), tensor<uint8_t>({}, {7}),
                     tensor<int8_t>({2}, {2, -1})}),
                tensor<int32_t>({2, 2}, {227, 943, -1735, 1729}));
}

TEST(QLinearMatMul, Bytes) {
  expect_tensor(
      run("QLinearMatMul", {},
          {tensor<uint8_t>({2, 3}, {208, 236, 0, 3, 214, 255}), tensor<float>({}, {0.0066f}),
           tensor<uint8_t>({}, {113}), tensor<uint8_t>({3, 2}, {152, 51, 60, 26, 0, 127}),
           tensor<float>({}, {0.00705f}), tensor<uint8_t>({}, {114}), tensor<float>({}, {0.0107f}),
           tensor<uint8_t>({}, {118})}),
      tensor<uint8_t>({2, 2}, {161, 39, 6, 118}));
}

TEST(ConvInteger, PaddingIsTheZeroPoint) {
  expect_tensor(
      run("ConvInteger", {{"pads", std::vector<int64_t>{1, 1, 1, 1}}},
          {tensor<uint8_t>({1, 1, 3, 3}, {2, 3, 4, 5, 6, 7, 8, 9, 10}),
           tensor<uint8_t>({1, 1, 2, 2}, {1, 1, 1, 1}), tensor<uint8_t>({}, {1})}),
      tensor<int32_t>({1, 1, 4, 4}, {1, 3, 5, 3, 5, 12, 16, 9, 11, 24, 28, 15, 7, 15, 17, 9}));
}

TEST(QLinearConv, PerChannelWithBias) {
  expect_tensor(
      run("QLinearConv", {{"strides", std::vector<int64_t>{2}}},
          {tensor<uint8_t>({1, 2, 6}, {0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110}),
           tensor<float>({}, {0.5f}), tensor<uint8_t>({}, {20}),
           tensor<int8_t>({2, 2, 2}, {1, -2, 3, 4, 5, 6, -7, 8}), tensor<float>({2}, {0.25f, 0.5f}),
           tensor<int8_t>({2}, {0, 0}), tensor<float>({}, {4}), tensor<uint8_t>({}, {100}),
           tensor<int32_t>({2}, {30, -500})}),
      tensor<uint8_t>({1, 2, 3}, {111, 115, 118, 66, 81, 96}));
}

TEST(DynamicQuantizeLinear, Range) {
  const Values results =
      run_all("DynamicQuantizeLinear", {}, {tensor<float>({6}, {0, 2, -3, -2.5f, 1.34f, 0.5f})}, 3);
  expect_tensor(results[0], tensor<uint8_t>({6}, {153, 255, 0, 26, 221, 179}));
  expect_tensor(results[1], tensor<float>({}, {0.019607844f}), 1e-05);
  expect_tensor(results[2], tensor<uint8_t>({}, {153}));
}

TEST(DynamicQuantizeLinear, AllZero) {
  const Values results = run_all("DynamicQuantizeLinear", {}, {tensor<float>({2}, {0, 0})}, 3);
  expect_tensor(results[0], tensor<uint8_t>({2}, {0, 0}));
  expect_tensor(results[1], tensor<float>({}, {1}), 1e-05);
  expect_tensor(results[2], tensor<uint8_t>({}, {0}));
}

TEST(IntegerProducts, Errors) {
  EXPECT_THAT(error_of("MatMulInteger", {},
                       {tensor<uint8_t>({1, 2}, {1, 2}), tensor<uint8_t>({2, 1}, {1, 2}),
                        list<uint8_t>({1, 2, 3})}),
              testing::HasSubstr("input a_zero_point must have one element or 1"));
  EXPECT_THAT(error_of("ConvInteger", {},
                       {tensor<uint8_t>({1, 1, 2}, {1, 2}), tensor<uint8_t>({1, 2, 1}, {1, 2})}),
              testing::HasSubstr("W must have 1 channels"));
  EXPECT_EQ(inferred("ConvInteger", {}, {{DType::uint8, {-1, 1, 5}}, {DType::int8, {3, 1, 2}}}),
            "int32[?, 3, 4]");
}

}  // namespace
}  // namespace oarlock::test
