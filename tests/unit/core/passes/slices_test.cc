#include "tests/unit/core/passes/pass_test.h"

namespace oarlock::test {
namespace {

const Attrs kAxis1{{"axis", int64_t{1}}};

TEST(Slices, OfOtherAxesMerge) {
  GraphUnderTest t;
  ValueId x = t.input({2, 8, 9});
  x = t.op("Slice", {x, t.integers({1}), t.integers({100}), t.integers({1}), t.integers({2})});
  x = t.op("Slice", {x, t.integers({0}), t.integers({-1}), t.integers({2}), t.integers({3})});
  t.output(x);
  EXPECT_EQ(t.simplified(0), "Slice");
}

TEST(Slices, OfOneAxisMerge) {
  GraphUnderTest t;
  ValueId x = t.input({20});
  x = t.op("Slice", {x, t.integers({2}), t.integers({18}), t.integers({0}), t.integers({3})});
  x = t.op("Slice", {x, t.integers({1}), t.integers({-1}), t.integers({0}), t.integers({2})});
  t.output(x);
  EXPECT_EQ(t.simplified(0), "Slice");
}

TEST(Slices, BackwardsStay) {
  GraphUnderTest t;
  ValueId x = t.input({20});
  x = t.op("Slice", {x, t.integers({2}), t.integers({18})});
  x = t.op("Slice", {x, t.integers({-1}), t.integers({-100}), t.integers({0}), t.integers({-1})});
  t.output(x);
  EXPECT_EQ(t.simplified(0), "Slice Slice");
}

TEST(Slices, OfAConcatFindTheirInput) {
  GraphUnderTest t;
  const ValueId a = t.op("Sin", {t.input({2, 3})}), b = t.op("Cos", {t.input({2, 5})});
  const ValueId both = t.op("Concat", {a, b}, kAxis1);
  t.output(t.op("Slice", {both, t.integers({3}), t.integers({8}), t.integers({1})}));
  t.output(t.op("Slice", {both, t.integers({1}), t.integers({2}), t.integers({1})}));
  EXPECT_EQ(t.simplified(0), "Cos Slice Sin");
}

TEST(Slices, AcrossTheSeamStay) {
  GraphUnderTest t;
  const ValueId both = t.op("Concat", {t.input({2, 3}), t.input({2, 5})}, kAxis1);
  t.output(t.op("Slice", {both, t.integers({2}), t.integers({5}), t.integers({1})}));
  EXPECT_EQ(t.simplified(0), "Concat Slice");
}

TEST(Concats, NestedOnesFlatten) {
  GraphUnderTest t;
  const ValueId a = t.input({2, 3}), b = t.input({2, 5}), c = t.input({2, 1});
  t.output(t.op("Concat", {c, t.op("Concat", {a, b}, kAxis1)}, kAxis1));
  EXPECT_EQ(t.simplified(0), "Concat");
}

TEST(Concats, OfAnotherAxisStay) {
  GraphUnderTest t;
  const ValueId a = t.input({2, 3}), b = t.input({1, 3}), c = t.input({3, 1});
  t.output(t.op("Concat", {t.op("Concat", {a, b}, {{"axis", int64_t{0}}}), c}, kAxis1));
  EXPECT_EQ(t.simplified(0), "Concat Concat");
}

TEST(Concats, AGrowingBlockReusesItsPrefix) {
  GraphUnderTest t;
  const ValueId a = t.input({2, 3}), b = t.input({2, 5}), c = t.input({2, 1}), d = t.input({2, 2});
  t.output(t.op("Sin", {t.op("Concat", {a, b}, kAxis1)}));
  t.output(t.op("Sin", {t.op("Concat", {a, b, c}, kAxis1)}));
  t.output(t.op("Sin", {t.op("Concat", {a, b, c, d}, kAxis1)}));
  t.simplified(0);
  for (NodeId id = 0; id < static_cast<NodeId>(t.result.node_count()); ++id) {
    const Node& node = t.result.node(id);
    if (!node.alive || node.op != "Concat") continue;
    EXPECT_EQ(node.inputs.size(), 2u);
  }
}

TEST(Concats, OfASplitAreItsInput) {
  GraphUnderTest t;
  const ValueId x = t.input({2, 6});
  const auto parts = t.op("Split", {x}, {{"axis", int64_t{1}}, {"num_outputs", int64_t{3}}}, 3);
  t.output(t.op("Sin", {t.op("Concat", parts, kAxis1)}));
  EXPECT_EQ(t.simplified(0), "Sin");
  GraphUnderTest turned;
  const auto others = turned.op("Split", {turned.input({2, 6})},
                                {{"axis", int64_t{1}}, {"num_outputs", int64_t{2}}}, 2);
  turned.output(turned.op("Concat", {others[1], others[0]}, kAxis1));
  EXPECT_EQ(turned.simplified(0), "Split Concat");
}

}  // namespace
}  // namespace oarlock::test
