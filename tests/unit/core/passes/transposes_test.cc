#include "tests/unit/core/passes/pass_test.h"

namespace oarlock::test {
namespace {

Attrs perm(std::initializer_list<int64_t> axes) {
  return Attrs{{"perm", std::vector<int64_t>(axes)}};
}

TEST(Transposes, TwoInARowMerge) {
  GraphUnderTest t;
  const ValueId x = t.op("Transpose", {t.input({2, 3, 4})}, perm({1, 2, 0}));
  t.output(t.op("Transpose", {x}, perm({1, 0, 2})));
  EXPECT_EQ(t.simplified(0), "Transpose");
}

TEST(Transposes, TwoThatUndoEachOtherVanish) {
  GraphUnderTest t;
  ValueId x = t.op("Transpose", {t.input({2, 3, 4, 5})}, perm({0, 2, 3, 1}));
  x = t.op("Sin", {x});
  x = t.op("Max", {x, t.random({3})});
  x = t.op("Min", {t.random({5, 1}), x});
  t.output(t.op("Transpose", {x}, perm({0, 3, 1, 2})));
  EXPECT_EQ(t.simplified(0), "Sin Max Min");
}

TEST(Transposes, TwoAroundAViewOfUnitAxesMerge) {
  GraphUnderTest t;
  ValueId x = t.op("Transpose", {t.input({1, 6, 3, 4})}, perm({0, 2, 1, 3}));
  x = t.op("Reshape", {x, t.integers({3, 6, 4})});
  t.output(t.op("Transpose", {x}, perm({1, 0, 2})));
  EXPECT_EQ(t.simplified(0), "Reshape");
  GraphUnderTest left;
  x = left.op("Transpose", {left.input({1, 6, 3, 4})}, perm({0, 2, 1, 3}));
  x = left.op("Reshape", {x, left.integers({3, 1, 6, 4})});
  left.output(left.op("Transpose", {x}, perm({3, 2, 1, 0})));
  left.simplified(0);
  EXPECT_EQ(left.count("Transpose"), 1u);
  GraphUnderTest other;  // the view joins axes
  x = other.op("Transpose", {other.input({2, 6, 3, 4})}, perm({0, 2, 1, 3}));
  x = other.op("Reshape", {x, other.integers({6, 6, 4})});
  other.output(other.op("Transpose", {x}, perm({1, 0, 2})));
  EXPECT_EQ(other.simplified(0), "Transpose Reshape Transpose");
}

TEST(Transposes, PairsOfOneKindMoveTogether) {
  GraphUnderTest t;
  const ValueId a = t.op("Transpose", {t.input({2, 3, 4})}, perm({0, 2, 1}));
  const ValueId b = t.op("Transpose", {t.input({2, 3, 4})}, perm({0, 2, 1}));
  const ValueId both =
      t.op("Concat",
           {t.op("Max", {a, b}),
            t.op("Sin", {t.op("Transpose", {t.input({2, 3, 4})}, perm({0, 2, 1}))})},
           {{"axis", int64_t{1}}});
  t.output(t.op("Transpose", {both}, perm({0, 2, 1})));
  EXPECT_EQ(t.simplified(0), "Max Sin Concat");
}

TEST(Transposes, OtherPermutationsStay) {
  GraphUnderTest t;
  const ValueId a = t.op("Transpose", {t.input({3, 3, 3})}, perm({0, 2, 1}));
  const ValueId b = t.op("Transpose", {t.input({3, 3, 3})}, perm({1, 0, 2}));
  t.output(t.op("Max", {a, b}));
  EXPECT_EQ(t.simplified(0), "Transpose Transpose Max");
}

TEST(Transposes, ASecondReaderKeepsIt) {
  GraphUnderTest t;
  const ValueId a = t.op("Transpose", {t.input({2, 3, 4})}, perm({0, 2, 1}));
  t.output(a);
  t.output(t.op("Sin", {a}));
  EXPECT_EQ(t.simplified(0), "Transpose Sin");
}

TEST(Transposes, ReductionsTakeOtherAxes) {
  GraphUnderTest t;
  const ValueId x = t.op("Transpose", {t.input({2, 3, 4, 5})}, perm({0, 2, 3, 1}));
  t.output(t.op("ReduceMax", {x, t.integers({1, 2})}, {{"keepdims", int64_t{0}}}));
  EXPECT_EQ(t.simplified(0), "GlobalMaxPool Reshape");
  GraphUnderTest kept;
  const ValueId y = kept.op("Transpose", {kept.input({2, 3, 4, 5})}, perm({0, 2, 3, 1}));
  const ValueId sum = kept.op("ReduceSum", {y, kept.integers({-1})});
  kept.output(sum);
  EXPECT_EQ(kept.simplified(), "ReduceSum Reshape");
}

}  // namespace
}  // namespace oarlock::test
