#include "tests/unit/core/passes/pass_test.h"

namespace oarlock::test {
namespace {

Attrs perm(std::initializer_list<int64_t> axes) {
  return Attrs{{"perm", std::vector<int64_t>(axes)}};
}

TEST(HoistSlices, RowsNobodyReadsAreNotComputed) {
  GraphUnderTest t;
  const ValueId x = t.input({1, 10, 8});
  ValueId y = t.op("LayerNormalization", {x, t.random({8}), t.random({8})});
  y = t.op("Gelu", {t.op("Add", {t.op("MatMul", {y, t.random({8, 16})}), t.random({16})})});
  y = t.op("Add", {t.op("MatMul", {y, t.random({16, 8})}), x});
  y = t.op("Sin", {t.op("Max", {y, t.random({10, 8})})});
  t.output(t.op("Gather", {y, t.number(3, DType::int64)}, {{"axis", int64_t{1}}}));
  t.simplified();
  EXPECT_TRUE(t.was_applied("hoist_slice"));
  EXPECT_EQ(t.count("Slice"), 1u);
  const Node& norm = t.only("LayerNormalization");
  EXPECT_EQ(t.result.value(norm.output(0)).type.shape, (Shape{1, 1, 8}));
}

TEST(HoistSlices, QueriesOfAttention) {
  GraphUnderTest t;
  const ValueId q = t.op("Sin", {t.input({2, 3, 6, 4})});
  const ValueId k = t.input({2, 3, 5, 4}), v = t.input({2, 3, 5, 7});
  ValueId scores = t.op("MatMul", {q, t.op("Transpose", {k}, perm({0, 1, 3, 2}))});
  scores = t.op("Add", {scores, t.input({6, 5})});
  const ValueId y = t.op("MatMul", {t.op("Softmax", {scores}, {{"axis", int64_t{3}}}), v});
  t.output(t.op("Slice", {y, t.integers({2}), t.integers({4}), t.integers({2})}));
  t.simplified();
  EXPECT_EQ(t.result.value(t.only("Attention").output(0)).type.shape, (Shape{2, 3, 2, 7}));
  EXPECT_EQ(t.result.value(t.only("Sin").output(0)).type.shape, (Shape{2, 3, 2, 4}));
}

TEST(HoistSlices, NotAlongAnAxisThatIsMixed) {
  GraphUnderTest t;
  const ValueId x = t.op("LayerNormalization", {t.input({4, 8}), t.random({8})});
  t.output(t.op("Slice", {x, t.integers({0}), t.integers({2}), t.integers({1})}));
  EXPECT_EQ(t.simplified(), "LayerNormalization Slice");
}

TEST(HoistSlices, NotWhereOthersReadAllRows) {
  GraphUnderTest t;
  const ValueId x = t.op("Sin", {t.input({4, 8})});
  t.output(x);
  t.output(t.op("Gather", {x, t.number(1, DType::int64)}));
  EXPECT_EQ(t.simplified(), "Sin Gather");
}

TEST(HoistSlices, NotForMostOfTheRows) {
  GraphUnderTest t;
  const ValueId x = t.op("Sin", {t.input({4, 8})});
  t.output(t.op("Slice", {x, t.integers({0}), t.integers({3})}));
  EXPECT_EQ(t.simplified(), "Sin Slice");
}

}  // namespace
}  // namespace oarlock::test
