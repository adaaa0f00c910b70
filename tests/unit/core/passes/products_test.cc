#include "tests/unit/core/passes/pass_test.h"

namespace oarlock::test {
namespace {

TEST(Products, GemmWithEverything) {
  GraphUnderTest t;
  t.output(t.op("Gemm", {t.input({5, 3}), t.random({4, 5}), t.random({4})},
                {{"transA", int64_t{1}}, {"transB", int64_t{1}}, {"alpha", 0.5f}, {"beta", 2.0f}}));
  EXPECT_EQ(t.simplified(), "oarlock.MatMul");
}

TEST(Products, BiasScaleResidualActivation) {
  GraphUnderTest t;
  ValueId y = t.op("MatMul", {t.input({2, 3, 5}), t.random({5, 4})});
  y = t.op("Mul", {y, t.random({4})});
  y = t.op("Add", {t.random({1, 4}), y});
  y = t.op("Div", {y, t.number(3)});
  y = t.op("Add", {y, t.number(0.5)});
  y = t.op("Add", {y, t.input({2, 3, 4})});
  t.output(t.op("Tanh", {y}));
  EXPECT_EQ(t.simplified(), "oarlock.MatMul");
  EXPECT_EQ(t.only("oarlock.MatMul").inputs.size(), 4u);
}

TEST(Products, ABiasPerRowIsAResidualOrStays) {
  GraphUnderTest t;
  const ValueId y = t.op("MatMul", {t.input({3, 5}), t.random({5, 4})});
  t.output(t.op("Add", {y, t.random({3, 1})}));
  EXPECT_EQ(t.simplified(), "oarlock.MatMul Add");
}

TEST(Products, AProductReadTwiceStays) {
  GraphUnderTest t;
  const ValueId y = t.op("MatMul", {t.input({3, 5}), t.random({5, 4})});
  t.output(t.op("Sub", {t.op("Add", {y, t.random({4})}), t.op("Sin", {y})}));
  EXPECT_EQ(t.simplified(), "oarlock.MatMul Add Sin Sub");
}

TEST(Products, TransposedOperands) {
  GraphUnderTest t;
  const auto swap = [&](ValueId x) {
    return t.op("Transpose", {x}, {{"perm", std::vector<int64_t>{0, 2, 1}}});
  };
  t.output(t.op("MatMul", {swap(t.input({2, 5, 3})), swap(t.input({2, 4, 5}))}));
  EXPECT_EQ(t.simplified(), "oarlock.MatMul");
  GraphUnderTest other;  // not the last two axes
  const ValueId x =
      other.op("Transpose", {other.input({5, 2, 3})}, {{"perm", std::vector<int64_t>{1, 0, 2}}});
  other.output(other.op("MatMul", {x, other.input({2, 3, 4})}));
  EXPECT_EQ(other.simplified(), "Transpose oarlock.MatMul");
}

TEST(Products, OperandsTimesANumber) {
  GraphUnderTest t;
  const ValueId a = t.op("Mul", {t.input({2, 3, 5}), t.number(0.5)});
  const ValueId b = t.op("Div", {t.input({2, 4, 5}), t.number(3)});
  const ValueId swapped = t.op("Transpose", {b}, {{"perm", std::vector<int64_t>{0, 2, 1}}});
  t.output(t.op("MatMul", {a, swapped}));
  EXPECT_EQ(t.simplified(), "oarlock.MatMul");
  EXPECT_FLOAT_EQ(t.only("oarlock.MatMul").attrs.number("alpha"), 0.5f / 3);
}

TEST(Products, ConstantMatricesAreMultipliedWhenThatIsCheaper) {
  GraphUnderTest t;
  ValueId y = t.op("Gemm", {t.input({3, 8}), t.random({8, 16}), t.random({16})});
  t.output(t.op("Gemm", {y, t.random({4, 16}), t.random({4})}, {{"transB", int64_t{1}}}));
  EXPECT_EQ(t.simplified(), "oarlock.MatMul");
  GraphUnderTest narrow;
  const ValueId z = narrow.op("MatMul", {narrow.input({3, 16}), narrow.random({16, 2})});
  narrow.output(narrow.op("MatMul", {z, narrow.random({2, 16})}));
  EXPECT_EQ(narrow.simplified(), "oarlock.MatMul oarlock.MatMul");
  GraphUnderTest bent;
  const ValueId r =
      bent.op("Relu", {bent.op("MatMul", {bent.input({3, 8}), bent.random({8, 16})})});
  bent.output(bent.op("MatMul", {r, bent.random({16, 4})}));
  EXPECT_EQ(bent.simplified(), "oarlock.MatMul oarlock.MatMul");
}

TEST(Products, BatchNormalizationOfColumns) {
  GraphUnderTest t;
  const ValueId y = t.op("Gemm", {t.input({3, 5}), t.random({5, 4}), t.random({4})});
  t.output(t.op("BatchNormalization", {y, t.random({4}), t.random({4}), t.random({4}),
                                       t.random({4}, DType::float32, 0.5, 1.5)}));
  EXPECT_EQ(t.simplified(), "oarlock.MatMul");
}

TEST(Products, SlicesOfColumnsBecomeProducts) {
  GraphUnderTest t;
  const ValueId y =
      t.op("Relu", {t.op("Gemm", {t.input({3, 5}), t.random({5, 48}), t.random({48})})});
  for (const int64_t at : {0, 16, 32})
    t.output(t.op("Slice", {y, t.integers({at}), t.integers({at + 16}), t.integers({-1})}));
  EXPECT_EQ(t.simplified(), "oarlock.MatMul oarlock.MatMul oarlock.MatMul");
}

TEST(Products, SplitColumnsBecomeProducts) {
  GraphUnderTest t;
  const ValueId y =
      t.op("Gemm", {t.input({3, 5}), t.random({40, 5}), t.random({40})}, {{"transB", int64_t{1}}});
  const auto parts = t.op("Split", {y, t.integers({16, 24})}, {{"axis", int64_t{1}}}, 2);
  t.output(t.op("Tanh", {parts[0]}));
  t.output(t.op("Sigmoid", {parts[1]}));
  EXPECT_EQ(t.simplified(), "oarlock.MatMul oarlock.MatMul");
}

TEST(Products, SlicesBesideOtherReadersStay) {
  GraphUnderTest t;
  const ValueId y = t.op("MatMul", {t.input({3, 5}), t.random({5, 48})});
  t.output(t.op("Slice", {y, t.integers({0}), t.integers({16}), t.integers({1})}));
  t.output(t.op("Sin", {y}));
  EXPECT_EQ(t.simplified(), "oarlock.MatMul Slice Sin");
}

}  // namespace
}  // namespace oarlock::test
