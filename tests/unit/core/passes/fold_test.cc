#include "tests/unit/core/passes/pass_test.h"

namespace oarlock::test {
namespace {

TEST(FoldConstants, NodesOfConstantsBecomeConstants) {
  GraphUnderTest t;
  const ValueId x = t.input({2, 3});
  const ValueId sum = t.op("Add", {t.random({2, 3}), t.random({3})});
  t.output(t.op("Max", {x, t.op("Exp", {sum})}));
  EXPECT_EQ(t.simplified(), "Max");
  EXPECT_TRUE(t.was_applied("fold_constants"));
}

TEST(FoldConstants, AConstantResultKeepsTheOutputsName) {
  GraphUnderTest t;
  t.output(t.op("Exp", {t.random({4})}));
  EXPECT_EQ(t.simplified(), "");
  EXPECT_TRUE(t.result.constant(t.result.outputs()[0]));
}

TEST(FoldConstants, LargeGeneratedTensorsStayNodes) {
  GraphUnderTest t;
  const ValueId x = t.input({1, 300, 300});
  const ValueId wide = t.op("Expand", {t.random({1, 300, 1}), t.integers({1, 300, 300})});
  t.output(t.op("Max", {x, wide}));
  EXPECT_EQ(t.simplified(), "Expand Max");
}

TEST(FoldShapes, ShapeOfKnownExtents) {
  GraphUnderTest t;
  const ValueId x = t.input({2, 3, 4});
  const ValueId shape = t.op("Shape", {x});
  const ValueId last = t.op("Gather", {shape, t.integers({-1, 0})}, {{"axis", int64_t{0}}});
  t.output(t.op("Relu", {x}));
  t.output(t.op("Mul", {last, t.integers({2})}));
  t.output(t.op("Size", {x}));
  EXPECT_EQ(t.simplified(), "Relu");
}

TEST(FoldShapes, KnownExtentsOfPartlyKnownShapes) {
  GraphUnderTest t;
  const ValueId x = t.input({2, 3, 4});
  const ValueId shape = t.op("Shape", {x});
  t.output(t.op("Gather", {shape, t.integers({1, 2})}, {{"axis", int64_t{0}}}));
  t.output(t.op("Slice", {shape, t.integers({1}), t.integers({3})}));
  EXPECT_EQ(t.simplified_knowing({{Shape::kUnknown, 3, 4}}), "");
}

TEST(FoldShapes, UnknownExtentsStay) {
  GraphUnderTest t;
  const ValueId x = t.input({2, 3, 4});
  const ValueId shape = t.op("Shape", {x});
  t.output(t.op("Gather", {shape, t.integers({0, 1})}, {{"axis", int64_t{0}}}));
  EXPECT_EQ(t.simplified_knowing({{Shape::kUnknown, 3, 4}}), "Shape Gather");
}

TEST(FoldShapes, ReshapeChainsOfOneModelFold) {
  GraphUnderTest t;
  const ValueId x = t.input({2, 3, 4});
  const ValueId shape = t.op("Cast", {t.op("Shape", {x})}, {{"to", int64_t{6}}});
  const ValueId head = t.op("Gather", {shape, t.integers({0})}, {{"axis", int64_t{0}}});
  const ValueId target =
      t.op("Concat", {t.op("Cast", {head}, {{"to", int64_t{7}}}), t.integers({-1})},
           {{"axis", int64_t{0}}});
  t.output(t.op("Reshape", {x, target}));
  EXPECT_EQ(t.simplified(), "Reshape");
}

TEST(CommonSubexpressions, EqualNodesBecomeOne) {
  GraphUnderTest t;
  const ValueId x = t.input({2, 3});
  const ValueId a = t.op("Exp", {t.op("Max", {x, t.filled({3}, 0.25)})});
  const ValueId b = t.op("Exp", {t.op("Max", {x, t.filled({3}, 0.25)})});
  t.output(t.op("Sub", {a, t.op("Sin", {b})}));
  t.simplified();
  EXPECT_EQ(t.count("Exp"), 1u);
}

TEST(CommonSubexpressions, OtherAttributesAreOtherNodes) {
  GraphUnderTest t;
  const ValueId x = t.input({2, 3});
  const ValueId a = t.op("LeakyRelu", {x}, {{"alpha", 0.1f}});
  const ValueId b = t.op("LeakyRelu", {x}, {{"alpha", 0.2f}});
  t.output(t.op("Sub", {a, b}));
  t.simplified();
  EXPECT_EQ(t.count("LeakyRelu"), 2u);
}

TEST(CommonSubexpressions, OtherConstantsAreOtherNodes) {
  GraphUnderTest t;
  const ValueId x = t.input({2, 3});
  const ValueId a = t.op("Mod", {x, t.filled({3}, 0.25)}, {{"fmod", int64_t{1}}});
  const ValueId b = t.op("Mod", {x, t.filled({3}, 0.5)}, {{"fmod", int64_t{1}}});
  t.output(t.op("Sub", {a, b}));
  t.simplified();
  EXPECT_EQ(t.count("Mod"), 2u);
}

}  // namespace
}  // namespace oarlock::test
