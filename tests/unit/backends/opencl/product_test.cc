// Matrix products and attention on an OpenCL device.
#include <gtest/gtest.h>

#include "tests/unit/backends/opencl/one_node.h"

namespace oarlock::opencl {
namespace {

struct OpenClProduct : testing::Test {
  void SetUp() override {
    std::string why;
    if (!has_device(why)) GTEST_SKIP() << why;
  }
};

// With B as a constant and as an input.
void check_both(OneNode test) {
  check_against_reference(test, "matmul");
  test.constants = {1};
  check_against_reference(test, "matmul");
}

OneNode product(const Shape& a, const Shape& b) {
  return {"MatMul", {}, {random_values(a, 1), random_values(b, 2)}};
}

TEST_F(OpenClProduct, Matrices) {
  check_both(product({5, 7}, {7, 3}));
  check_both(product({13, 33}, {33, 64}));
  check_both(product({1, 40}, {40, 130}));
  check_both(product({50, 384}, {384, 400}));
}

TEST_F(OpenClProduct, Batches) {
  check_both(product({2, 3, 5, 7}, {2, 3, 7, 9}));
  check_both(product({2, 3, 5, 7}, {7, 9}));
  check_both(product({5, 7}, {4, 7, 9}));
  check_both(product({1, 5, 7}, {4, 7, 9}));
}

TEST_F(OpenClProduct, Vectors) {
  check_both(product({7}, {7, 9}));
  check_both(product({5, 7}, {7}));
  check_both(product({7}, {7}));
  check_both(product({3, 5, 7}, {7}));
}

TEST_F(OpenClProduct, Gemm) {
  for (const int64_t trans_a : {0, 1}) {
    for (const int64_t trans_b : {0, 1}) {
      for (const Shape& bias : {Shape{}, Shape{17}, Shape{1, 17}, Shape{6, 1}, Shape{6, 17}}) {
        OneNode test{
            "Gemm",
            {{"transA", trans_a}, {"transB", trans_b}, {"alpha", 0.5f}, {"beta", -2.0f}},
            {random_values(trans_a ? Shape{9, 6} : Shape{6, 9}, 1),
             random_values(trans_b ? Shape{17, 9} : Shape{9, 17}, 2), random_values(bias, 3)}};
        check_both(test);
      }
    }
  }
}

TEST_F(OpenClProduct, BiasResidualAndActivation) {
  for (const Shape& bias : {Shape{17}, Shape{5, 17}, Shape{2, 5, 17}, Shape{2, 1, 17}}) {
    for (const char* activation : {"", "Gelu", "Relu"}) {
      OneNode test{"oarlock.MatMul",
                   {{"activation", std::string(activation)}, {"alpha", 0.5f}, {"trans_b", 1}},
                   {random_values({2, 5, 9}, 1), random_values({17, 9}, 2), random_values(bias, 3),
                    random_values({2, 5, 17}, 4)}};
      check_both(test);
      test.inputs[2] = Tensor();
      check_both(test);
    }
  }
}

OneNode attention(const Shape& q, const Shape& k, const Shape& v, Attrs attrs = {}) {
  return {"Attention",
          std::move(attrs),
          {random_values(q, 1), random_values(k, 2), random_values(v, 3)}};
}

TEST_F(OpenClProduct, Attention) {
  check_against_reference(attention({2, 4, 13, 32}, {2, 4, 13, 32}, {2, 4, 13, 32}), "attention");
  check_against_reference(attention({1, 4, 3, 17}, {1, 2, 45, 17}, {1, 2, 45, 9}));
  check_against_reference(attention({2, 13, 24}, {2, 19, 12}, {2, 19, 20},
                                    {{"q_num_heads", 4}, {"kv_num_heads", 2}, {"scale", 0.7f}}));
  check_against_reference(
      attention({1, 2, 20, 8}, {1, 2, 20, 8}, {1, 2, 20, 8}, {{"is_causal", 1}}));
}

TEST_F(OpenClProduct, AttentionWithMask) {
  for (const Shape& mask : {Shape{10, 19}, Shape{2, 1, 10, 19}, Shape{1, 4, 1, 19}}) {
    OneNode test = attention({2, 4, 10, 8}, {2, 4, 19, 8}, {2, 4, 19, 8});
    test.inputs.push_back(random_values(mask, 4));
    check_against_reference(test, "attention");
    Result<Tensor> keep = Tensor::allocate(DType::boolean, mask);
    ASSERT_TRUE(keep.ok());
    size_t i = 0;  // the first row hides every key
    for (bool& k : keep->mutable_as<bool>()) k = i++ >= 19 && i % 3 != 0;
    test.inputs[3] = *keep;
    check_against_reference(test, "attention");
  }
}

}  // namespace
}  // namespace oarlock::opencl
