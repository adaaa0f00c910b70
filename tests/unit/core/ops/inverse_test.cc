#include <gmock/gmock.h>

#include "op_test.h"

namespace oarlock::test {
namespace {

constexpr char kInverse[] = "com.microsoft.Inverse";

TEST(Inverse, EveryMatrixOfABatch) {
  expect_tensor(run(kInverse, {}, {tensor<float>({2, 2, 2}, {1, 2, 3, 4, 0, 2, 4, 0})}),
                tensor<float>({2, 2, 2}, {-2, 1, 1.5f, -0.5f, 0, 0.25f, 0.5f, 0}), 1e-6);
  EXPECT_EQ(run(kInverse, {}, {tensor<float>({3, 0, 0}, {})}).shape(), (Shape{3, 0, 0}));
}

TEST(Inverse, Inference) {
  EXPECT_EQ(inferred(kInverse, {}, {{DType::float16, {-1, 3, 3}}}), "float16[?, 3, 3]");
  EXPECT_THAT(error_of(kInverse, {}, {tensor<float>({1, 2}, {1, 2})}),
              testing::HasSubstr("input X must hold square matrices, but its shape is [1, 2]"));
  EXPECT_THAT(error_of(kInverse, {}, {tensor<int64_t>({1, 1}, {1})}), testing::HasSubstr("int64"));
}

TEST(Inverse, Singular) {
  EXPECT_THAT(error_of(kInverse, {}, {tensor<float>({2, 2}, {1, 2, 2, 4})}),
              testing::HasSubstr("matrix 0 of input X has no inverse"));
}

}  // namespace
}  // namespace oarlock::test
