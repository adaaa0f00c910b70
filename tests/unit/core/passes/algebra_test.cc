#include "tests/unit/core/passes/pass_test.h"

namespace oarlock::test {
namespace {

TEST(Algebra, DivisionByConstants) {
  GraphUnderTest t;
  t.output(t.op("Div", {t.input({2, 3}), t.random({3}, DType::float32, 1, 3)}));
  EXPECT_EQ(t.simplified(1e-6), "Mul");
}

TEST(Algebra, DivisionThatWouldRoundOrOverflowStays) {
  GraphUnderTest t;
  const auto half = DType::float16;
  t.output(t.op("Div", {t.input({2, 3}, half), t.number(3, half)}));
  t.output(t.op("Div", {t.input({2, 3}), t.number(0)}));
  t.output(t.op("Div", {t.input({2, 3}), t.number(1e-38)}));
  t.output(t.op("Div", {t.input({2, 3}, DType::int32), t.number(2, DType::int32)}));
  EXPECT_EQ(t.simplified(0), "Div Div Div Div");
  GraphUnderTest exact;
  exact.output(exact.op("Div", {exact.input({2, 3}, half), exact.number(8, half)}));
  EXPECT_EQ(exact.simplified(0), "Mul");
}

TEST(Algebra, Powers) {
  GraphUnderTest t;
  const ValueId x = t.op("Exp", {t.input({2, 3})});
  for (const double exponent : {2.0, 0.5, 1.0, -1.0, -0.5, 3.0})
    t.output(t.op("Pow", {x, t.number(exponent)}));
  t.simplified();
  EXPECT_EQ(t.count("Mul"), 1u);
  EXPECT_EQ(t.count("Sqrt"), 1u);
  EXPECT_EQ(t.count("Reciprocal"), 2u);
  EXPECT_EQ(t.count("Pow"), 1u);
}

TEST(Algebra, ConstantsOfOneKindMerge) {
  GraphUnderTest t;
  ValueId x = t.input({2, 3});
  x = t.op("Mul", {t.op("Mul", {x, t.random({3})}), t.number(2)});
  x = t.op("Add", {t.op("Sub", {x, t.number(2)}), t.random({2, 3})});
  t.output(x);
  EXPECT_EQ(t.simplified(), "Mul Add");
}

TEST(Algebra, ConstantsThatWouldGrowStayApart) {
  GraphUnderTest t;
  ValueId x = t.input({20, 30});
  x = t.op("Mul", {t.op("Mul", {x, t.random({30})}), t.random({20, 1})});
  t.output(x);
  EXPECT_EQ(t.simplified(), "Mul Mul");
}

TEST(Algebra, AConstantReadThroughTwiceStays) {
  GraphUnderTest t;
  const ValueId x = t.op("Mul", {t.input({2, 3}), t.random({3})});
  t.output(x);
  t.output(t.op("Mul", {x, t.number(2)}));
  EXPECT_EQ(t.simplified(), "Mul Mul");
}

TEST(Algebra, Negation) {
  GraphUnderTest t;
  const ValueId x = t.input({2, 3}), y = t.input({2, 3});
  t.output(t.op("Add", {x, t.op("Neg", {y})}));
  t.output(t.op("Sub", {x, t.op("Neg", {y})}));
  EXPECT_EQ(t.simplified(0), "Sub Add");
}

TEST(Algebra, Reciprocals) {
  GraphUnderTest t;
  const ValueId x = t.input({2, 3}), y = t.op("Exp", {t.input({2, 3})});
  t.output(t.op("Mul", {x, t.op("Div", {t.number(1), y})}));
  EXPECT_EQ(t.simplified(), "Exp Div");
  GraphUnderTest small;  // one reciprocal serves a whole row
  const ValueId z = small.op("Exp", {small.input({2, 1})});
  small.output(small.op("Mul", {small.input({2, 3}), small.op("Reciprocal", {z})}));
  EXPECT_EQ(small.simplified(), "Exp Reciprocal Mul");
}

}  // namespace
}  // namespace oarlock::test
