#include "tests/unit/core/passes/pass_test.h"

namespace oarlock::test {
namespace {

ValueId mean(GraphUnderTest& t, ValueId x, std::initializer_list<int64_t> axes = {-1}) {
  return t.op("ReduceMean", {x, t.integers(axes)});
}

ValueId deviation(GraphUnderTest& t, ValueId square, std::initializer_list<int64_t> axes = {-1}) {
  return t.op("Sqrt", {t.op("Add", {mean(t, square, axes), t.number(1e-5)})});
}

TEST(Normalizations, LayerNormalizationAsPyTorchWritesIt) {
  GraphUnderTest t;
  const ValueId x = t.input({2, 5, 8});
  const ValueId d = t.op("Sub", {x, mean(t, x)});
  const ValueId s = deviation(t, t.op("Pow", {d, t.number(2)}));
  const ValueId y = t.op("Mul", {t.op("Div", {d, s}), t.random({8})});
  t.output(t.op("Add", {y, t.random({8})}));
  EXPECT_EQ(t.simplified(), "LayerNormalization");
  EXPECT_EQ(t.only("LayerNormalization").inputs.size(), 3u);
}

TEST(Normalizations, OverTwoAxes) {
  GraphUnderTest t;
  const ValueId x = t.input({2, 5, 8});
  const ValueId d = t.op("Sub", {x, mean(t, x, {1, 2})});
  const ValueId s = deviation(t, t.op("Mul", {d, d}), {-1, -2});
  const ValueId y = t.op("Mul", {t.random({5, 8}), t.op("Mul", {d, t.op("Reciprocal", {s})})});
  t.output(t.op("Add", {t.random({1, 5, 8}), y}));
  EXPECT_EQ(t.simplified(), "LayerNormalization");
}

TEST(Normalizations, LayerNormalizationAsTensorFlowWritesIt) {
  for (const bool scaled : {true, false}) {
    GraphUnderTest t;
    const ValueId x = t.input({2, 5, 8});
    const ValueId m = mean(t, x);
    const ValueId d = t.op("Sub", {x, m});
    ValueId f = t.op("Reciprocal", {deviation(t, t.op("Mul", {d, d}))});
    if (scaled) f = t.op("Mul", {f, t.random({8})});
    const ValueId shift = t.op("Sub", {t.random({8}), t.op("Mul", {m, f})});
    t.output(t.op("Add", {t.op("Mul", {x, f}), shift}));
    EXPECT_EQ(t.simplified(), "LayerNormalization");
  }
}

TEST(Normalizations, AnotherAxisOfTheVarianceStays) {
  GraphUnderTest t;
  const ValueId x = t.input({2, 8, 8});
  const ValueId d = t.op("Sub", {x, mean(t, x)});
  t.output(t.op("Div", {d, deviation(t, t.op("Mul", {d, d}), {1})}));
  t.simplified();
  EXPECT_EQ(t.count("LayerNormalization"), 0u);
}

TEST(Normalizations, AxesThatAreNotLastStay) {
  GraphUnderTest t;
  const ValueId x = t.input({2, 8, 8});
  const ValueId d = t.op("Sub", {x, mean(t, x, {1})});
  t.output(t.op("Div", {d, deviation(t, t.op("Mul", {d, d}), {1})}));
  t.simplified();
  EXPECT_EQ(t.count("LayerNormalization"), 0u);
}

TEST(Normalizations, AnExtentNotKnownStays) {
  GraphUnderTest t;
  const ValueId x = t.input({2, 8});
  const ValueId d = t.op("Sub", {x, mean(t, x)});
  t.output(t.op("Div", {d, deviation(t, t.op("Mul", {d, d}))}));
  t.simplified_knowing({{2, Shape::kUnknown}});
  EXPECT_EQ(t.count("LayerNormalization"), 0u);
}

TEST(Normalizations, ADifferenceReadByOthersStays) {
  GraphUnderTest t;
  const ValueId x = t.input({2, 8});
  const ValueId d = t.op("Sub", {x, mean(t, x)});
  t.output(t.op("Div", {d, deviation(t, t.op("Mul", {d, d}))}));
  t.output(d);
  t.simplified();
  EXPECT_EQ(t.count("LayerNormalization"), 0u);
}

TEST(Normalizations, AScalePerRowIsNotAbsorbed) {
  GraphUnderTest t;
  const ValueId x = t.input({2, 5, 8});
  const ValueId norm = t.op("LayerNormalization", {x, t.filled({8}, 1)});
  t.output(t.op("Mul", {norm, t.random({5, 1})}));
  EXPECT_EQ(t.simplified(), "LayerNormalization Mul");
}

TEST(Normalizations, RootMeanSquare) {
  GraphUnderTest t;
  const ValueId x = t.input({2, 5, 8});
  const ValueId inverse = t.op("Reciprocal", {deviation(t, t.op("Pow", {x, t.number(2)}))});
  t.output(t.op("Mul", {t.random({8}), t.op("Mul", {x, inverse})}));
  EXPECT_EQ(t.simplified(), "RMSNormalization");
  GraphUnderTest other;
  const ValueId y = other.input({2, 5, 8}), z = other.input({2, 5, 8});
  other.output(other.op("Div", {z, deviation(other, other.op("Mul", {y, y}))}));
  other.simplified();
  EXPECT_EQ(other.count("RMSNormalization"), 0u);
}

ValueId exponentials(GraphUnderTest& t, ValueId x, bool with_maximum, int64_t axis) {
  if (!with_maximum) return t.op("Exp", {x});
  return t.op("Exp", {t.op("Sub", {x, t.op("ReduceMax", {x, t.integers({axis})})})});
}

TEST(Softmax, FromExponentials) {
  for (const bool with_maximum : {true, false}) {
    GraphUnderTest t;
    const ValueId e = exponentials(t, t.input({2, 5, 8}), with_maximum, 1);
    t.output(t.op("Div", {e, t.op("ReduceSum", {e, t.integers({1})})}));
    EXPECT_EQ(t.simplified(), "Softmax");
    EXPECT_EQ(t.only("Softmax").attrs.integer("axis"), 1);
  }
}

TEST(Softmax, WithAReciprocalAndALogarithm) {
  GraphUnderTest t;
  const ValueId e = exponentials(t, t.input({2, 5}), true, -1);
  const ValueId s = t.op("Reciprocal", {t.op("ReduceSum", {e, t.integers({-1})})});
  t.output(t.op("Log", {t.op("Mul", {s, e})}));
  EXPECT_EQ(t.simplified(), "LogSoftmax");
}

TEST(Softmax, OverTwoAxesStays) {
  GraphUnderTest t;
  const ValueId e = t.op("Exp", {t.input({2, 5, 8})});
  t.output(t.op("Div", {e, t.op("ReduceSum", {e, t.integers({1, 2})})}));
  EXPECT_EQ(t.simplified(), "Exp ReduceSum Div");
}

TEST(Softmax, OfAnotherSumStays) {
  GraphUnderTest t;
  const ValueId x = t.input({2, 8});
  const ValueId other = t.op("Exp", {t.op("Sin", {x})});
  t.output(t.op("Div", {t.op("Exp", {x}), t.op("ReduceSum", {other, t.integers({1})})}));
  t.simplified();
  EXPECT_EQ(t.count("Softmax"), 0u);
}

}  // namespace
}  // namespace oarlock::test
