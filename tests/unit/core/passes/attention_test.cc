#include <cmath>

#include "tests/unit/core/passes/pass_test.h"

namespace oarlock::test {
namespace {

Attrs perm(std::initializer_list<int64_t> axes) {
  return Attrs{{"perm", std::vector<int64_t>(axes)}};
}

// [2, 6, 12] to [2, 3, 6, 4], heads before rows.
ValueId heads(GraphUnderTest& t, ValueId x, bool transposed = false) {
  const ValueId split = t.op("Reshape", {x, t.integers({2, 6, 3, 4})});
  return t.op("Transpose", {split}, transposed ? perm({0, 2, 3, 1}) : perm({0, 2, 1, 3}));
}

ValueId joined(GraphUnderTest& t, ValueId x) {
  return t.op("Reshape", {t.op("Transpose", {x}, perm({0, 2, 1, 3})), t.integers({2, 6, 12})});
}

TEST(Attention, WithItsHeadsAndScaleAndMask) {
  GraphUnderTest t;
  const ValueId q = heads(t, t.input({2, 6, 12}));
  const ValueId k = heads(t, t.input({2, 6, 12}), true);
  const ValueId v = heads(t, t.input({2, 6, 12}));
  const ValueId mask = t.input({2, 1, 1, 6});
  const ValueId scores = t.op("Div", {t.op("MatMul", {q, k}), t.number(2)});
  const ValueId weights = t.op("Softmax", {t.op("Add", {scores, mask})}, {{"axis", int64_t{-1}}});
  t.output(joined(t, t.op("MatMul", {weights, v})));
  EXPECT_EQ(t.simplified(), "Attention");
  const Node& node = t.only("Attention");
  EXPECT_EQ(node.attrs.integer("q_num_heads"), 3);
  EXPECT_FLOAT_EQ(node.attrs.number("scale"), 0.5f);
  EXPECT_EQ(node.inputs.size(), 4u);
}

TEST(Attention, ScaledBeforeTheProduct) {
  GraphUnderTest t;
  ValueId q = heads(t, t.input({2, 6, 12}));
  q = t.op("Mul", {q, t.number(0.5)});
  const ValueId k = heads(t, t.op("Mul", {t.input({2, 6, 12}), t.number(0.25)}), true);
  const ValueId v = heads(t, t.input({2, 6, 12}));
  const ValueId weights = t.op("Softmax", {t.op("MatMul", {q, k})}, {{"axis", int64_t{-1}}});
  t.output(joined(t, t.op("MatMul", {weights, v})));
  EXPECT_EQ(t.simplified(), "Attention");
  EXPECT_FLOAT_EQ(t.only("Attention").attrs.number("scale"), 0.125f);
}

TEST(Attention, OfThreeAxesAsPyTorchWritesIt) {
  GraphUnderTest t;  // one batch, rows first: [6, 12] to [3, 6, 4]
  const auto rows_first = [&](ValueId x) { return t.op("Reshape", {x, t.integers({6, 3, 4})}); };
  const ValueId q = t.op("Transpose", {rows_first(t.input({6, 12}))}, perm({1, 0, 2}));
  const ValueId k = t.op("Transpose", {rows_first(t.input({6, 12}))}, perm({1, 2, 0}));
  const ValueId v = t.op("Transpose", {rows_first(t.input({6, 12}))}, perm({1, 0, 2}));
  const ValueId scores = t.op("MatMul", {t.op("Div", {q, t.number(2)}), k});
  const ValueId weights = t.op("Softmax", {scores}, {{"axis", int64_t{-1}}});
  const ValueId y = t.op("Transpose", {t.op("MatMul", {weights, v})}, perm({1, 0, 2}));
  t.output(t.op("Reshape", {y, t.integers({6, 12})}));
  EXPECT_EQ(t.simplified(), "Reshape Reshape Reshape Attention Reshape");
}

TEST(Attention, WithoutTransposesOfHeads) {
  GraphUnderTest t;
  const ValueId q = t.input({2, 3, 6, 4}), k = t.input({2, 3, 5, 4}), v = t.input({2, 3, 5, 7});
  const ValueId scores = t.op("MatMul", {q, t.op("Transpose", {k}, perm({0, 1, 3, 2}))});
  t.output(t.op("MatMul", {t.op("Softmax", {scores}, {{"axis", int64_t{3}}}), v}));
  EXPECT_EQ(t.simplified(), "Attention");
}

TEST(Attention, ASoftmaxOfAnotherAxisStays) {
  GraphUnderTest t;
  const ValueId q = t.input({2, 3, 6, 4}), k = t.input({2, 3, 6, 4}), v = t.input({2, 3, 6, 7});
  const ValueId scores = t.op("MatMul", {q, t.op("Transpose", {k}, perm({0, 1, 3, 2}))});
  t.output(t.op("MatMul", {t.op("Softmax", {scores}, {{"axis", int64_t{2}}}), v}));
  EXPECT_EQ(t.simplified(), "oarlock.MatMul Softmax oarlock.MatMul");
}

TEST(Attention, WeightsReadByOthersStay) {
  GraphUnderTest t;
  const ValueId q = t.input({2, 3, 6, 4}), k = t.input({2, 3, 6, 4}), v = t.input({2, 3, 6, 7});
  const ValueId scores = t.op("MatMul", {q, t.op("Transpose", {k}, perm({0, 1, 3, 2}))});
  const ValueId weights = t.op("Softmax", {scores}, {{"axis", int64_t{3}}});
  t.output(weights);
  t.output(t.op("MatMul", {weights, v}));
  EXPECT_EQ(t.simplified(), "oarlock.MatMul Softmax oarlock.MatMul");
}

TEST(Attention, AMaskThatStretchesTheScoresStays) {
  GraphUnderTest t;
  const ValueId q = t.input({1, 3, 6, 4}), k = t.input({1, 3, 6, 4}), v = t.input({1, 3, 6, 7});
  const ValueId scores = t.op("MatMul", {q, t.op("Transpose", {k}, perm({0, 1, 3, 2}))});
  const ValueId masked = t.op("Add", {scores, t.input({2, 1, 1, 6})});
  t.output(t.op("MatMul", {t.op("Softmax", {masked}, {{"axis", int64_t{3}}}), v}));
  t.simplified();
  EXPECT_EQ(t.count("Attention"), 0u);
}

TEST(Attention, ShapesNotKnownStay) {
  GraphUnderTest t;
  const ValueId q = t.input({2, 3, 6, 4}), k = t.input({2, 3, 6, 4}), v = t.input({2, 3, 6, 7});
  const ValueId scores = t.op("MatMul", {q, t.op("Transpose", {k}, perm({0, 1, 3, 2}))});
  t.output(t.op("MatMul", {t.op("Softmax", {scores}, {{"axis", int64_t{3}}}), v}));
  constexpr int64_t kUnknown = Shape::kUnknown;
  t.simplified_knowing({{kUnknown, 3, 6, 4}, {2, 3, 6, 4}, {2, 3, 6, 7}});
  EXPECT_EQ(t.count("Attention"), 0u);
}

}  // namespace
}  // namespace oarlock::test
