#include <cmath>
#include <limits>

#include "tests/unit/core/passes/pass_test.h"

namespace oarlock::test {
namespace {

TEST(Activations, Swish) {
  GraphUnderTest t;
  const ValueId x = t.input({2, 3});
  t.output(t.op("Mul", {t.op("Sigmoid", {x}), x}));
  EXPECT_EQ(t.simplified(), "Swish");
}

TEST(Activations, SwishWithAFactor) {
  GraphUnderTest t;
  const ValueId x = t.input({2, 3});
  t.output(t.op("Mul", {x, t.op("Sigmoid", {t.op("Mul", {x, t.number(1.702)})})}));
  EXPECT_EQ(t.simplified(), "Swish");
  EXPECT_FLOAT_EQ(t.only("Swish").attrs.number("alpha"), 1.702f);
}

TEST(Activations, AGateOfAnotherValueIsNoSwish) {
  GraphUnderTest t;
  const ValueId x = t.input({2, 3}), y = t.input({2, 3});
  t.output(t.op("Mul", {y, t.op("Sigmoid", {x})}));
  EXPECT_EQ(t.simplified(), "Sigmoid Mul");
}

TEST(Activations, AGateReadTwiceStays) {
  GraphUnderTest t;
  const ValueId x = t.input({2, 3});
  const ValueId gate = t.op("Sigmoid", {x});
  t.output(t.op("Mul", {x, gate}));
  t.output(gate);
  EXPECT_EQ(t.simplified(), "Sigmoid Mul");
}

ValueId relu6(GraphUnderTest& t, ValueId x) {
  return t.op("Clip", {t.op("Add", {x, t.number(3)}), t.number(0), t.number(6)});
}

TEST(Activations, HardSwishInAllItsForms) {
  {
    GraphUnderTest t;
    const ValueId x = t.input({2, 9});
    t.output(t.op("Div", {t.op("Mul", {x, relu6(t, x)}), t.filled({1}, 6)}));
    EXPECT_EQ(t.simplified(), "HardSwish");
  }
  {
    GraphUnderTest t;
    const ValueId x = t.input({2, 9});
    t.output(t.op("Mul", {t.op("Div", {relu6(t, x), t.number(6)}), x}));
    EXPECT_EQ(t.simplified(), "HardSwish");
  }
  {
    GraphUnderTest t;
    const ValueId x = t.input({2, 9});
    t.output(t.op("Mul", {x, t.op("HardSigmoid", {x}, {{"alpha", 1.0f / 6}, {"beta", 0.5f}})}));
    EXPECT_EQ(t.simplified(), "HardSwish");
  }
  {
    GraphUnderTest t;  // Keras: x * relu6(x + 3) * 0.1666
    const ValueId x = t.input({2, 9});
    t.output(t.op("Mul", {t.op("Mul", {relu6(t, x), t.number(1.0 / 6)}), x}));
    EXPECT_EQ(t.simplified(), "HardSwish");
  }
}

TEST(Activations, HardSigmoid) {
  GraphUnderTest t;
  t.output(t.op("Div", {relu6(t, t.input({2, 9})), t.number(6)}));
  EXPECT_EQ(t.simplified(), "HardSigmoid");
  GraphUnderTest other;
  other.output(other.op("Div", {relu6(other, other.input({2, 9})), other.number(5)}));
  EXPECT_EQ(other.simplified(), "Add Clip Mul");
}

TEST(Activations, AnotherSlopeIsNoHardSwish) {
  GraphUnderTest t;
  const ValueId x = t.input({2, 9});
  t.output(t.op("Mul", {x, t.op("HardSigmoid", {x}, {{"alpha", 0.2f}, {"beta", 0.5f}})}));
  EXPECT_EQ(t.simplified(), "HardSigmoid Mul");
}

ValueId erf_part(GraphUnderTest& t, ValueId x, double root = std::sqrt(2.0)) {
  return t.op("Add", {t.op("Erf", {t.op("Div", {x, t.number(root)})}), t.number(1)});
}

TEST(Activations, GeluByErrorFunction) {
  {
    GraphUnderTest t;
    const ValueId x = t.input({2, 9});
    t.output(t.op("Mul", {t.op("Mul", {x, erf_part(t, x)}), t.number(0.5)}));
    EXPECT_EQ(t.simplified(), "Gelu");
  }
  {
    GraphUnderTest t;
    const ValueId x = t.input({2, 9});
    t.output(t.op("Mul", {t.op("Mul", {x, t.number(0.5)}), erf_part(t, x)}));
    EXPECT_EQ(t.simplified(), "Gelu");
  }
  {
    GraphUnderTest t;
    const ValueId x = t.input({2, 9});
    t.output(t.op("Mul", {x, t.op("Mul", {t.number(0.5), erf_part(t, x)})}));
    EXPECT_EQ(t.simplified(), "Gelu");
    EXPECT_EQ(t.only("Gelu").attrs.string("approximate"), "none");
  }
}

TEST(Activations, GeluInHalfPrecision) {
  GraphUnderTest t;
  const ValueId x = t.input({2, 9}, DType::float16);
  const ValueId root = t.number(std::sqrt(2.0), DType::float16);
  const ValueId erf = t.op("Erf", {t.op("Div", {x, root})});
  const ValueId sum = t.op("Add", {erf, t.number(1, DType::float16)});
  t.output(t.op("Mul", {t.op("Mul", {x, sum}), t.number(0.5, DType::float16)}));
  EXPECT_EQ(t.simplified(5e-3), "Gelu");
}

TEST(Activations, OtherConstantsAreNoGelu) {
  GraphUnderTest t;
  const ValueId x = t.input({2, 9});
  t.output(t.op("Mul", {t.op("Mul", {x, erf_part(t, x, 1.5)}), t.number(0.5)}));
  t.simplified();
  EXPECT_EQ(t.count("Gelu"), 0u);
}

TEST(Activations, GeluByHyperbolicTangent) {
  const double root = std::sqrt(2 / M_PI);
  for (const int form : {0, 1, 2, 3}) {
    GraphUnderTest t;
    const ValueId x = t.input({2, 9});
    ValueId inside = kNone;
    if (form == 0) {
      const ValueId cube = t.op("Pow", {x, t.number(3)});
      inside = t.op("Add", {x, t.op("Mul", {cube, t.number(0.044715)})});
    } else if (form == 1) {
      const ValueId once = t.op("Mul", {t.number(0.044715), x});
      inside = t.op("Add", {x, t.op("Mul", {x, t.op("Mul", {x, once})})});
    } else if (form == 2) {
      const ValueId cube = t.op("Mul", {t.op("Mul", {x, x}), x});
      inside = t.op("Add", {t.op("Mul", {cube, t.number(0.044715)}), x});
    } else {
      const ValueId square = t.op("Mul", {t.op("Mul", {x, x}), t.number(0.044715)});
      inside = t.op("Mul", {x, t.op("Add", {t.number(1), square})});
    }
    const ValueId tanh = t.op("Tanh", {t.op("Mul", {inside, t.number(root)})});
    const ValueId gate = t.op("Mul", {t.number(0.5), t.op("Add", {t.number(1), tanh})});
    t.output(t.op("Mul", {x, gate}));
    EXPECT_EQ(t.simplified(), "Gelu") << "form " << form;
    EXPECT_EQ(t.only("Gelu").attrs.string("approximate"), "tanh");
  }
}

TEST(Activations, Mish) {
  GraphUnderTest t;
  const ValueId x = t.input({2, 9});
  t.output(t.op("Mul", {x, t.op("Tanh", {t.op("Softplus", {x})})}));
  EXPECT_EQ(t.simplified(), "Mish");
}

TEST(Activations, ClipFromMinAndMax) {
  GraphUnderTest t;
  const ValueId x = t.op("Max", {t.input({2, 9}), t.number(-0.5)});
  t.output(t.op("Min", {t.filled({1}, 1), x}));
  EXPECT_EQ(t.simplified(0), "Clip");
  GraphUnderTest wide;  // the bound stretches the value
  wide.output(wide.op("Max", {wide.input({1, 9}), wide.filled({4, 1}, 0.5)}));
  EXPECT_EQ(wide.simplified(0), "Max");
}

TEST(Activations, ReluAndClipMerge) {
  GraphUnderTest t;
  const ValueId x = t.op("Relu", {t.input({2, 9})});
  t.output(t.op("Clip", {x, t.number(-1), t.number(1)}));
  EXPECT_EQ(t.simplified(0), "Clip");
  GraphUnderTest open;
  const ValueId y = open.op("Clip", {open.input({2, 9}), open.number(0)});
  open.output(open.op("Relu", {y}));
  EXPECT_EQ(open.simplified(0), "Relu");
  GraphUnderTest twice;
  const ValueId z = twice.op("Relu", {twice.input({2, 9})});
  twice.output(z);
  twice.output(twice.op("Clip", {z, kNone, twice.number(1)}));
  EXPECT_EQ(twice.simplified(0), "Relu Clip");
}

TEST(Activations, PReluOfOneSlope) {
  GraphUnderTest t;
  t.output(t.op("PRelu", {t.input({2, 3, 2}), t.filled({3, 1}, 0.25)}));
  EXPECT_EQ(t.simplified(), "LeakyRelu");
  GraphUnderTest many;
  many.output(many.op("PRelu", {many.input({2, 3, 2}), many.random({3, 1})}));
  EXPECT_EQ(many.simplified(), "PRelu");
}

}  // namespace
}  // namespace oarlock::test
