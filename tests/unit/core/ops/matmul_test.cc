// MatMul, oarlock.MatMul, Gemm. Expected values are ONNX Runtime's unless computed here.

#include <gmock/gmock.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "ramp.h"

namespace oarlock::test {
namespace {

// The product by its definition, in double.
void expect_product(const Tensor& y, const Tensor& a, const Tensor& b, int64_t m, int64_t k,
                    int64_t n) {
  ASSERT_EQ(y.elements(), m * n);
  for (int64_t i = 0; i < m; ++i) {
    for (int64_t j = 0; j < n; ++j) {
      double sum = 0;
      for (int64_t p = 0; p < k; ++p)
        sum += static_cast<double>(a.as<float>()[i * k + p]) * b.as<float>()[p * n + j];
      ASSERT_NEAR(y.as<float>()[i * n + j], sum, 1e-4 * static_cast<double>(k)) << i << ", " << j;
    }
  }
}

TEST(MatMul, AgreesWithTheDefinition) {
  for (const auto& [m, k, n] : std::vector<std::array<int64_t, 3>>{{1, 1, 1},
                                                                   {3, 300, 70},
                                                                   {13, 127, 9},
                                                                   {5, 513, 130},
                                                                   {1, 40, 65},
                                                                   {4, 8, 1},
                                                                   {2, 0, 3}}) {
    const Tensor a = ramp({m, k}, 17, 101), b = ramp({k, n}, 13, 97);
    expect_product(run("MatMul", {}, {a, b}), a, b, m, k, n);
  }
}

TEST(MatMul, Broadcasts) {
  expect_tensor(
      run("MatMul", {}, {ramp({2, 1, 2, 3}), ramp({3, 3, 2}, 3, 11)}),
      tensor<float>({2, 3, 2, 2},
                    {2.1875f, 1.25f,    -0.75f,   -0.1875f, -1.375f, -0.9375f, -0.125f,  2.5f,
                     1.25f,   -1.0625f, -0.1875f, -0.3125f, -0.25f,  -0.25f,   0.25f,    -0.3125f,
                     -0.25f,  2.5f,     -0.375f,  2.5f,     -0.25f,  -0.25f,   -0.3125f, -0.1875f}),
      1e-05);
}

TEST(MatMul, VectorTimesStack) {
  expect_tensor(run("MatMul", {}, {ramp({3}), ramp({2, 3, 2}, 3, 11)}),
                tensor<float>({2, 2}, {2.1875f, 1.25f, -1.375f, -0.9375f}), 1e-05);
}

TEST(MatMul, StackTimesVector) {
  expect_tensor(run("MatMul", {}, {ramp({2, 2, 3}), ramp({3}, 3, 11)}),
                tensor<float>({2, 2}, {1.1875f, -1.875f, -1.5f, -1.125f}), 1e-05);
}

TEST(MatMul, Dot) {
  expect_tensor(run("MatMul", {}, {ramp({3}), ramp({3}, 3, 11)}), tensor<float>({}, {1.1875f}),
                1e-05);
}

TEST(MatMul, Integers) {
  expect_tensor(
      run("MatMul", {},
          {tensor<int32_t>({2, 2}, {-1, 2, 3, -4}), tensor<int32_t>({2, 2}, {5, -6, 7, 8})}),
      tensor<int32_t>({2, 2}, {9, 22, -13, -50}));
}

TEST(Gemm, TransposedWithBias) {
  expect_tensor(
      run("Gemm", {{"transA", int64_t{1}}, {"transB", int64_t{1}}, {"alpha", 0.5f}, {"beta", 2.0f}},
          {ramp({3, 2}), ramp({4, 3}, 3, 11), ramp({4}, 5, 11)}),
      tensor<float>({2, 4}, {-1.5625f, -0.40625f, 1.78125f, -0.84375f, -3.21875f, -0.28125f,
                             3.6875f, 0.4375f}),
      1e-05);
}

TEST(Gemm, ColumnBias) {
  expect_tensor(run("Gemm", {}, {ramp({2, 3}), ramp({3, 2}, 3, 11), ramp({2, 1}, 5, 11)}),
                tensor<float>({2, 2}, {0.9375f, 0, -0.75f, -0.1875f}), 1e-05);
}

TEST(OarlockMatMul, AllOfIt) {
  const Tensor a = ramp({2, 3, 2}), b = ramp({4, 3}, 3), bias = ramp({4}, 5),
               r = ramp({2, 2, 4}, 2);
  const auto y = evaluate_op("oarlock", "MatMul",
                             {{"trans_a", int64_t{1}},
                              {"trans_b", int64_t{1}},
                              {"alpha", 0.5f},
                              {"activation", std::string("Relu")}},
                             Values{a, b, bias, r});
  ASSERT_TRUE(y.ok()) << to_string(y.status());
  const Tensor& result = (*y)[0].tensor();
  ASSERT_EQ(result.shape(), (Shape{2, 2, 4}));
  for (int64_t s = 0; s < 2; ++s) {
    for (int64_t i = 0; i < 2; ++i) {
      for (int64_t j = 0; j < 4; ++j) {
        float sum = 0;
        for (int64_t p = 0; p < 3; ++p)
          sum += a.as<float>()[(s * 3 + p) * 2 + i] * b.as<float>()[j * 3 + p];
        const int64_t at = (s * 2 + i) * 4 + j;
        const float expected = 0.5f * sum + bias.as<float>()[j] + r.as<float>()[at];
        EXPECT_NEAR(result.as<float>()[at], std::max(expected, 0.0f), 1e-6);
      }
    }
  }
}

TEST(MatMul, Inference) {
  EXPECT_EQ(inferred("MatMul", {}, {{DType::float32, {-1, 2, 3}}, {DType::float32, {3, -1}}}),
            "float32[?, 2, ?]");
  EXPECT_THAT(inferred("MatMul", {}, {{DType::float32, {2, 3}}, {DType::float32, {4, 2}}}),
              testing::HasSubstr("[2, 3] and [4, 2] cannot be multiplied"));
  EXPECT_THAT(inferred("MatMul", {}, {{DType::float32, {}}, {DType::float32, {4, 2}}}),
              testing::HasSubstr("at least one dimension"));
  EXPECT_THAT(inferred("Gemm", {},
                       {{DType::float32, {2, 3}}, {DType::float32, {3, 2}}, {DType::float32, {3}}}),
              testing::HasSubstr("input C of shape [3] does not broadcast to [2, 2]"));
}

}  // namespace
}  // namespace oarlock::test
