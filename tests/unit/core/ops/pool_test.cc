// Pooling operators. Expected values are ONNX Runtime's unless computed here.

#include <gmock/gmock.h>

#include <cmath>

#include "ramp.h"

namespace oarlock::test {
namespace {

TEST(MaxPool, IndicesAndDilations) {
  const Values results = run_all("MaxPool",
                                 {{"kernel_shape", std::vector<int64_t>{2, 2}},
                                  {"dilations", std::vector<int64_t>{2, 1}},
                                  {"pads", std::vector<int64_t>{1, 0, 1, 0}},
                                  {"strides", std::vector<int64_t>{2, 1}}},
                                 {ramp({1, 2, 5, 4})}, 2);
  expect_tensor(
      results[0],
      tensor<float>({1, 2, 3, 3}, {0.25f, 1, 1, 0.5f, 1.25f, 1.25f, 0.5f, 1.25f, 1.25f, 1.25f,
                                   1.25f, 0.25f, 1.25f, 1.25f, 0.5f, -0.25f, 0.5f, 0.5f}),
      1e-05);
  expect_tensor(results[1], tensor<int64_t>({1, 2, 3, 3}, {4, 6, 6, 12, 14, 14, 12, 14, 14, 25, 25,
                                                           26, 25, 25, 34, 32, 34, 34}));
}

TEST(MaxPool, CeilMode) {
  expect_tensor(run("MaxPool",
                    {{"kernel_shape", std::vector<int64_t>{3, 3}},
                     {"strides", std::vector<int64_t>{2, 2}},
                     {"ceil_mode", int64_t{1}}},
                    {ramp({1, 1, 6, 5})}),
                tensor<float>({1, 1, 3, 2}, {1, 1.25f, 1, 1.25f, 1.25f, 1}), 1e-05);
}

TEST(MaxPool, CeilModeDropsWindowsInPadding) {
  expect_tensor(run("MaxPool",
                    {{"kernel_shape", std::vector<int64_t>{1}},
                     {"strides", std::vector<int64_t>{2}},
                     {"pads", std::vector<int64_t>{0, 1}},
                     {"ceil_mode", int64_t{1}}},
                    {ramp({1, 1, 4})}),
                tensor<float>({1, 1, 2}, {-1.25f, -0.5f}), 1e-05);
}

TEST(MaxPool, SameUpper) {
  expect_tensor(run("MaxPool",
                    {{"kernel_shape", std::vector<int64_t>{3}},
                     {"strides", std::vector<int64_t>{2}},
                     {"auto_pad", std::string("SAME_UPPER")}},
                    {ramp({1, 2, 6})}),
                tensor<float>({1, 2, 3}, {0.5f, 1.25f, 0.25f, 1, 0.75f, -0.25f}), 1e-05);
}

TEST(MaxPool, Integers) {
  expect_tensor(run("MaxPool", {{"kernel_shape", std::vector<int64_t>{2}}},
                    {tensor<int8_t>({1, 1, 4}, {-128, 5, -3, 7})}),
                tensor<int8_t>({1, 1, 3}, {5, 5, 7}));
}

TEST(AveragePool, ExcludesPadding) {
  expect_tensor(
      run("AveragePool",
          {{"kernel_shape", std::vector<int64_t>{3, 3}},
           {"pads", std::vector<int64_t>{1, 1, 1, 1}},
           {"strides", std::vector<int64_t>{2, 2}}},
          {ramp({1, 1, 5, 4})}),
      tensor<float>({1, 1, 3, 2}, {-0.3125f, 0.25f, -0.125f, 0.055555556f, 0.0625f, 0.16666667f}),
      1e-05);
}

TEST(AveragePool, IncludesPadding) {
  expect_tensor(run("AveragePool",
                    {{"kernel_shape", std::vector<int64_t>{3, 3}},
                     {"pads", std::vector<int64_t>{1, 1, 1, 1}},
                     {"strides", std::vector<int64_t>{2, 2}},
                     {"count_include_pad", int64_t{1}}},
                    {ramp({1, 1, 5, 4})}),
                tensor<float>({1, 1, 3, 2}, {-0.1388889f, 0.16666667f, -0.083333336f, 0.055555556f,
                                             0.027777778f, 0.11111111f}),
                1e-05);
}

TEST(AveragePool, CeilMode) {
  expect_tensor(run("AveragePool",
                    {{"kernel_shape", std::vector<int64_t>{3, 2}},
                     {"strides", std::vector<int64_t>{2, 2}},
                     {"ceil_mode", int64_t{1}}},
                    {ramp({1, 1, 6, 5})}),
                tensor<float>({1, 1, 3, 3}, {-0.33333334f, -0.041666668f, 0.75f, -0.25f,
                                             0.041666668f, -0.083333336f, 0.5f, -0.125f, -0.25f}),
                1e-05);
}

TEST(AveragePool, Dilations) {
  expect_tensor(
      run("AveragePool",
          {{"kernel_shape", std::vector<int64_t>{2, 2}}, {"dilations", std::vector<int64_t>{2, 2}}},
          {ramp({1, 1, 4, 4})}),
      tensor<float>({1, 1, 2, 2}, {-0.75f, 0.3125f, 0.75f, -0.25f}), 1e-05);
}

TEST(LpPool, P2) {
  expect_tensor(run("LpPool",
                    {{"kernel_shape", std::vector<int64_t>{2, 3}},
                     {"pads", std::vector<int64_t>{0, 1, 0, 1}}},
                    {ramp({1, 1, 3, 4})}),
                tensor<float>({1, 1, 2, 4}, {1.5612495f, 1.9202864f, 1.9039433f, 1.677051f,
                                             1.47902f, 1.8027756f, 1.9364917f, 1.6201851f}),
                1e-05);
}

TEST(LpPool, P3) {
  expect_tensor(run("LpPool", {{"kernel_shape", std::vector<int64_t>{2}}, {"p", int64_t{3}}},
                    {ramp({1, 2, 3})}),
                tensor<float>({1, 2, 2}, {1.2761172f, 0.62996054f, 1.2533245f, 0.7591472f}), 1e-05);
}

TEST(GlobalPool, Average) {
  expect_tensor(run("GlobalAveragePool", {}, {ramp({2, 2, 3, 2})}),
                tensor<float>({2, 2, 1, 1}, {-0.083333336f, -0.125f, 0.29166666f, -0.20833333f}),
                1e-05);
}

TEST(GlobalPool, Max) {
  expect_tensor(run("GlobalMaxPool", {}, {ramp({2, 2, 5})}),
                tensor<float>({2, 2, 1}, {1.25f, 1, 1.25f, 1}), 1e-05);
}

TEST(GlobalPool, Lp) {
  expect_tensor(run("GlobalLpPool", {{"p", int64_t{2}}}, {ramp({1, 2, 2, 2})}),
                tensor<float>({1, 2, 1, 1}, {1.9039433f, 1.2747549f}), 1e-05);
}

TEST(MaxUnpool, PutsElementsBack) {
  expect_tensor(
      run("MaxUnpool",
          {{"kernel_shape", std::vector<int64_t>{2, 2}}, {"strides", std::vector<int64_t>{2, 2}}},
          {tensor<float>({1, 1, 2, 2}, {1, 2, 3, 4}),
           tensor<int64_t>({1, 1, 2, 2}, {5, 7, 13, 15})}),
      tensor<float>({1, 1, 4, 4}, {0, 0, 0, 0, 0, 1, 0, 2, 0, 0, 0, 0, 0, 3, 0, 4}), 1e-05);
}

TEST(MaxUnpool, IntoALargerOutput) {
  expect_tensor(
      run("MaxUnpool",
          {{"kernel_shape", std::vector<int64_t>{2, 2}}, {"strides", std::vector<int64_t>{2, 2}}},
          {tensor<float>({1, 1, 2, 2}, {1, 2, 3, 4}), tensor<int64_t>({1, 1, 2, 2}, {5, 7, 13, 15}),
           tensor<int64_t>({4}, {1, 1, 5, 5})}),
      tensor<float>({1, 1, 5, 5},
                    {0, 0, 0, 0, 0, 0, 1, 0, 2, 0, 0, 0, 0, 0, 0, 0, 3, 0, 4, 0, 0, 0, 0, 0, 0}),
      1e-05);
}

TEST(MaxPool, ColumnMajorIndices) {
  const Values results = run_all(
      "MaxPool", {{"kernel_shape", std::vector<int64_t>{2, 2}}, {"storage_order", int64_t{1}}},
      {counting<float>({1, 2, 2, 3})}, 2);
  expect_tensor(results[1], tensor<int64_t>({1, 2, 1, 2}, {3, 5, 9, 11}));
}

TEST(MaxPool, NotANumberWins) {
  expect_tensor(run("MaxPool", {{"kernel_shape", std::vector<int64_t>{2}}},
                    {tensor<float>({1, 1, 4}, {1, NAN, 2, 3})}),
                tensor<float>({1, 1, 3}, {NAN, NAN, 3}));
}

TEST(Pool, Errors) {
  EXPECT_THAT(
      error_of("MaxPool", {{"kernel_shape", std::vector<int64_t>{2}}}, {ramp({1, 2, 3, 3})}),
      testing::HasSubstr("kernel_shape must have 2 entries, but has 1"));
  EXPECT_THAT(error_of("AveragePool", {}, {ramp({1, 2, 3})}),
              testing::HasSubstr("kernel_shape is missing"));
  EXPECT_THAT(error_of("MaxUnpool", {{"kernel_shape", std::vector<int64_t>{2}}},
                       {ramp({1, 1, 2}), tensor<int64_t>({1, 1, 2}, {0, 9})}),
              testing::HasSubstr("the index 9"));
  EXPECT_THAT(error_of("MaxPool",
                       {{"kernel_shape", std::vector<int64_t>{1 << 30}},
                        {"pads", std::vector<int64_t>{1 << 30, 1 << 30}}},
                       {ramp({1, 1, 2})}),
              testing::HasSubstr("more than"));
}

}  // namespace
}  // namespace oarlock::test
