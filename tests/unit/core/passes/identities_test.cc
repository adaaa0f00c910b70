#include <limits>

#include "tests/unit/core/passes/pass_test.h"

namespace oarlock::test {
namespace {

TEST(Identities, NodesThatChangeNothingDisappear) {
  GraphUnderTest t;
  ValueId x = t.input({2, 3, 4, 4});
  x = t.op("Identity", {x});
  x = t.op("Dropout", {x});
  x = t.op("Cast", {x}, {{"to", int64_t{1}}});
  x = t.op("Reshape", {x, t.integers({2, 3, 4, 4})});
  x = t.op("Transpose", {x}, {{"perm", std::vector<int64_t>{0, 1, 2, 3}}});
  x = t.op("Pad", {x, t.integers({0, 0, 0, 0, 0, 0, 0, 0})});
  x = t.op("Slice", {x, t.integers({0}), t.integers({4}), t.integers({2})});
  x = t.op("Slice", {x, t.integers({0}), t.integers({std::numeric_limits<int64_t>::max()})});
  x = t.op("Expand", {x, t.integers({1, 4, 4})});
  x = t.op("Tile", {x, t.integers({1, 1, 1, 1})});
  x = t.op("Concat", {x}, {{"axis", int64_t{1}}});
  x = t.op("Add", {x, t.filled({1, 3, 1, 1}, 0)});
  x = t.op("Mul", {t.number(1), x});
  x = t.op("Div", {x, t.filled({4}, 1)});
  x = t.op("Sub", {x, t.number(0)});
  x = t.op("Neg", {t.op("Neg", {x})});
  x = t.op("MaxPool", {x}, {{"kernel_shape", std::vector<int64_t>{1, 1}}});
  t.output(t.op("Sin", {x}));
  EXPECT_EQ(t.simplified(0), "Sin");
}

TEST(Identities, AnInputMayBecomeAnOutput) {
  GraphUnderTest t;
  const ValueId x = t.input({2, 3});
  const ValueId same = t.op("Identity", {x});
  t.output(same);
  t.output(t.op("Identity", {same}));
  EXPECT_EQ(t.simplified(0), "");
}

TEST(Identities, NodesThatChangeSomethingStay) {
  {
    GraphUnderTest t;  // the constant stretches the value
    t.output(t.op("Add", {t.input({1, 3}), t.filled({4, 1}, 0)}));
    EXPECT_EQ(t.simplified(0), "Add");
  }
  {
    GraphUnderTest t;
    t.output(t.op("Pad", {t.input({2, 2}), t.integers({0, 0, 0, 1})}));
    EXPECT_EQ(t.simplified(0), "Pad");
  }
  {
    GraphUnderTest t;
    t.output(t.op("Slice", {t.input({4, 2}), t.integers({0}), t.integers({3})}));
    EXPECT_EQ(t.simplified(0), "Slice");
  }
  {
    GraphUnderTest t;  // 0 - x
    t.output(t.op("Sub", {t.number(0), t.input({4, 2})}));
    EXPECT_EQ(t.simplified(0), "Sub");
  }
  {
    GraphUnderTest t;  // the extent is not known to be 4
    t.output(t.op("Slice", {t.input({4, 2}), t.integers({0}), t.integers({4})}));
    EXPECT_EQ(t.simplified_knowing({{Shape::kUnknown, 2}}, 0), "Slice");
  }
}

TEST(Identities, CastsThatLoseNothingOnTheWay) {
  GraphUnderTest t;
  const ValueId wide = t.op("Cast", {t.input({5}, DType::int32)}, {{"to", int64_t{7}}});
  t.output(t.op("Cast", {wide}, {{"to", int64_t{6}}}));
  EXPECT_EQ(t.simplified(0), "");
}

TEST(Identities, CastsThatLoseSomethingStay) {
  GraphUnderTest t;
  const ValueId narrow = t.op("Cast", {t.input({5})}, {{"to", int64_t{10}}});
  t.output(t.op("Cast", {narrow}, {{"to", int64_t{1}}}));
  EXPECT_EQ(t.simplified(0), "Cast Cast");
}

TEST(Identities, WhereWithAConstantCondition) {
  GraphUnderTest t;
  const ValueId x = t.input({2, 3});
  const ValueId y = t.op("Sin", {t.input({2, 3})});
  t.output(t.op("Where", {t.filled({1}, 1, DType::boolean), x, y}));
  EXPECT_EQ(t.simplified(0), "");
  GraphUnderTest stretched;
  const ValueId a = stretched.input({1, 3});
  const ValueId b = stretched.input({2, 3});
  stretched.output(stretched.op("Where", {stretched.filled({1}, 1, DType::boolean), a, b}));
  EXPECT_EQ(stretched.simplified(0), "Where");
}

TEST(Identities, RequantizedIntegers) {
  GraphUnderTest t;
  const ValueId x = t.input({2, 3}, DType::uint8);
  const ValueId scale = t.number(0.1);
  const ValueId zero = t.number(2, DType::uint8);
  const ValueId real = t.op("DequantizeLinear", {x, scale, zero});
  t.output(t.op("QuantizeLinear", {real, scale, zero}));
  EXPECT_EQ(t.simplified(0), "");
  const ValueId other = t.op("QuantizeLinear", {real, t.number(0.2), zero});
  t.output(other);
  EXPECT_EQ(t.simplified(0), "DequantizeLinear QuantizeLinear");
}

}  // namespace
}  // namespace oarlock::test
