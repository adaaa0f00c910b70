#include "tests/unit/core/passes/pass_test.h"

namespace oarlock::test {
namespace {

using List = std::vector<int64_t>;

TEST(Reshapes, ViewsMergeIntoOne) {
  GraphUnderTest t;
  ValueId x = t.input({2, 3, 4});
  x = t.op("Unsqueeze", {x, t.integers({0})});
  x = t.op("Reshape", {x, t.integers({0, 2, -1})});
  x = t.op("Squeeze", {x, t.integers({0})});
  x = t.op("Flatten", {x}, {{"axis", int64_t{2}}});
  t.output(x);
  EXPECT_EQ(t.simplified(0), "Reshape");
}

TEST(Reshapes, ViewsThatComeBackVanish) {
  GraphUnderTest t;
  ValueId x = t.input({2, 3, 4});
  x = t.op("Reshape", {x, t.integers({6, 4})});
  t.output(t.op("Sin", {t.op("Reshape", {x, t.integers({2, 3, 4})})}));
  EXPECT_EQ(t.simplified(0), "Sin");
}

TEST(Reshapes, OneUnknownExtentIsAllowed) {
  GraphUnderTest t;
  ValueId x = t.input({2, 3, 4});
  x = t.op("Reshape", {x, t.integers({0, 12})});
  x = t.op("Reshape", {x, t.integers({-1, 3, 4})});
  t.output(t.op("Sin", {x}));
  EXPECT_EQ(t.simplified_knowing({{Shape::kUnknown, 3, 4}}, 0), "Sin");
}

TEST(Reshapes, TwoUnknownExtentsAreNot) {
  GraphUnderTest t;
  ValueId x = t.input({2, 3, 4});
  t.output(t.op("Flatten", {x}));
  EXPECT_EQ(t.simplified_knowing({{Shape::kUnknown, Shape::kUnknown, 4}}, 0), "Flatten");
}

TEST(Reshapes, TransposesOfUnitAxesMoveNothing) {
  GraphUnderTest t;
  t.output(t.op("Transpose", {t.input({1, 5, 1, 4})}, {{"perm", List{1, 0, 3, 2}}}));
  EXPECT_EQ(t.simplified(0), "Reshape");
  GraphUnderTest moving;
  moving.output(moving.op("Transpose", {moving.input({1, 5, 4})}, {{"perm", List{0, 2, 1}}}));
  EXPECT_EQ(moving.simplified(0), "Transpose");
}

TEST(SinkReshapes, BehindElementwiseOperators) {
  GraphUnderTest t;
  ValueId x = t.op("Reshape", {t.input({4, 6}), t.integers({2, 2, 6})});
  ValueId y = t.op("Reshape", {t.input({4, 6}), t.integers({2, 2, 6})});
  x = t.op("Sin", {x});
  x = t.op("Max", {x, t.random({6})});
  t.output(t.op("Reshape", {t.op("Max", {x, y}), t.integers({4, 6})}));
  EXPECT_EQ(t.simplified(0), "Sin Max Max");
}

TEST(SinkReshapes, NotWhereTheConstantFollowsTheNewAxes) {
  GraphUnderTest t;
  const ValueId x = t.op("Reshape", {t.input({4, 6}), t.integers({2, 2, 6})});
  t.output(t.op("Max", {x, t.random({2, 1, 1})}));
  EXPECT_EQ(t.simplified(0), "Reshape Max");
}

TEST(SinkReshapes, NotWhereTheLastAxisChanges) {
  GraphUnderTest t;
  const ValueId x = t.op("Reshape", {t.input({4, 6}), t.integers({2, 12})});
  t.output(t.op("Softmax", {t.op("Max", {x, t.random({12})})}));
  EXPECT_EQ(t.simplified(), "Reshape Max Softmax");
}

TEST(SinkReshapes, BehindProductsAndRows) {
  GraphUnderTest t;
  ValueId x = t.op("Reshape", {t.input({2, 5, 6}), t.integers({10, 6})});
  x = t.op("Gemm", {x, t.random({6, 8}), t.random({8})});
  x = t.op("Softmax", {x});
  x = t.op("LayerNormalization", {x, t.random({8}), t.random({8})});
  t.output(t.op("Reshape", {x, t.integers({2, 5, 8})}));
  EXPECT_EQ(t.simplified(), "oarlock.MatMul Softmax LayerNormalization");
}

TEST(SinkReshapes, NotBehindBatchedProducts) {
  GraphUnderTest t;
  const ValueId x = t.op("Reshape", {t.input({10, 6}), t.integers({2, 5, 6})});
  t.output(t.op("MatMul", {x, t.input({2, 6, 3})}));
  EXPECT_EQ(t.simplified(), "Reshape oarlock.MatMul");
}

TEST(SinkReshapes, BehindSlicesOfAnAxisThatStays) {
  GraphUnderTest t;
  const ValueId x = t.op("Reshape", {t.input({4, 6, 2}), t.integers({2, 2, 6, 2})});
  for (const int64_t at : {0, 3}) {
    const ValueId part =
        t.op("Slice", {x, t.integers({at}), t.integers({at + 3}), t.integers({2})});
    t.output(t.op("Sin", {t.op("Reshape", {part, t.integers({4, 3, 2})})}));
  }
  EXPECT_EQ(t.simplified(0), "Slice Sin Slice Sin");
}

TEST(SinkReshapes, NotBehindSlicesOfAnAxisThatIsMade) {
  GraphUnderTest t;
  const ValueId x = t.op("Reshape", {t.input({4, 6}), t.integers({2, 2, 6})});
  t.output(t.op("Slice", {x, t.integers({0}), t.integers({1}), t.integers({1})}));
  EXPECT_EQ(t.simplified(0), "Reshape Slice");
}

TEST(SinkReshapes, BehindSplits) {
  GraphUnderTest t;
  const ValueId x = t.op("Reshape", {t.input({4, 6}), t.integers({2, 2, 6})});
  const auto parts = t.op("Split", {x}, {{"axis", int64_t{-1}}, {"num_outputs", int64_t{2}}}, 2);
  for (const ValueId part : parts) t.output(t.op("Reshape", {part, t.integers({4, 3})}));
  EXPECT_EQ(t.simplified(0), "Split");
}

}  // namespace
}  // namespace oarlock::test
