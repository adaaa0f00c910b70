// Softmax, LogSoftmax, Hardmax. Expected values are ONNX Runtime's unless computed here.

#include <gmock/gmock.h>

#include <cmath>

#include "ramp.h"

namespace oarlock::test {
namespace {

TEST(Softmax, LastAxis) {
  expect_tensor(run("Softmax", {}, {ramp({2, 4})}),
                tensor<float>({2, 4}, {0.047496695f, 0.27332458f, 0.1005505f, 0.5786282f,
                                       0.23453917f, 0.086282134f, 0.49651942f, 0.18265928f}),
                1e-05);
}

TEST(Softmax, MiddleAxis) {
  expect_tensor(run("Softmax", {{"axis", int64_t{1}}}, {ramp({2, 3, 2})}),
                tensor<float>({2, 3, 2}, {0.13160165f, 0.29381478f, 0.2786007f, 0.6220059f,
                                          0.5897977f, 0.08417934f, 0.70331395f, 0.29381478f,
                                          0.09518319f, 0.6220059f, 0.20150283f, 0.08417934f}),
                1e-05);
}

TEST(Softmax, LargeArguments) {
  expect_tensor(run("Softmax", {}, {tensor<float>({3}, {1000, 1001, -1.0000000150474662e+30f})}),
                tensor<float>({3}, {0.26894143f, 0.7310586f, 0}), 1e-05);
}

TEST(LogSoftmax, NegativeAxis) {
  expect_tensor(run("LogSoftmax", {{"axis", int64_t{-2}}}, {ramp({2, 3, 2})}),
                tensor<float>({2, 3, 2}, {-2.0279758f, -1.2248058f, -1.2779758f, -0.47480577f,
                                          -0.52797574f, -2.4748058f, -0.35195193f, -1.2248058f,
                                          -2.3519518f, -0.47480577f, -1.601952f, -2.4748058f}),
                1e-05);
}

TEST(Hardmax, FirstOfEquals) {
  expect_tensor(run("Hardmax", {{"axis", int64_t{0}}}, {tensor<float>({2, 3}, {1, 2, 3, 4, 2, 0})}),
                tensor<float>({2, 3}, {0, 1, 1, 1, 0, 0}), 1e-05);
}

TEST(Softmax, FloatTypes) {
  expect_tensor(run("Softmax", {}, {list<Float16>({0, 0})}), list<Float16>({0.5f, 0.5f}));
  expect_tensor(run("Softmax", {}, {list<double>({0, 1})}),
                list<double>({0.2689414213699951, 0.7310585786300049}), 1e-15);
}

TEST(Softmax, Errors) {
  EXPECT_THAT(error_of("Softmax", {{"axis", int64_t{2}}}, {ramp({2, 2})}),
              testing::HasSubstr("axis 2"));
  EXPECT_THAT(error_of("Softmax", {}, {list<int32_t>({1})}),
              testing::HasSubstr("must be one of float32"));
}

}  // namespace
}  // namespace oarlock::test
