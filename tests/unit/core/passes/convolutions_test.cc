#include "tests/unit/core/passes/pass_test.h"

namespace oarlock::test {
namespace {

using List = std::vector<int64_t>;

// A 3x3 convolution of a [2, 4, 7, 6] input to 6 channels.
ValueId conv(GraphUnderTest& t, ValueId x, bool bias = true) {
  std::vector<ValueId> inputs = {x, t.random({6, 4, 3, 3})};
  if (bias) inputs.push_back(t.random({6}));
  return t.op("Conv", std::move(inputs), {{"pads", List{1, 1, 1, 1}}});
}

ValueId batch_norm(GraphUnderTest& t, ValueId x, int64_t channels) {
  return t.op("BatchNormalization",
              {x, t.random({channels}), t.random({channels}), t.random({channels}),
               t.random({channels}, DType::float32, 0.5, 1.5)});
}

TEST(Convolutions, TakeBatchNormalizationAndActivation) {
  for (const bool bias : {true, false}) {
    GraphUnderTest t;
    t.output(t.op("Relu", {batch_norm(t, conv(t, t.input({2, 4, 7, 6}), bias), 6)}));
    EXPECT_EQ(t.simplified(), "oarlock.Conv");
    EXPECT_EQ(t.only("oarlock.Conv").attrs.string("activation"), "Relu");
  }
}

TEST(Convolutions, BatchNormalizationOfAValueReadTwiceStays) {
  GraphUnderTest t;
  const ValueId y = conv(t, t.input({2, 4, 7, 6}));
  t.output(y);
  t.output(batch_norm(t, y, 6));
  EXPECT_EQ(t.simplified(), "oarlock.Conv BatchNormalization");
}

TEST(Convolutions, BatchNormalizationBehindAnActivationStays) {
  GraphUnderTest t;
  t.output(batch_norm(t, t.op("Relu", {conv(t, t.input({2, 4, 7, 6}))}), 6));
  EXPECT_EQ(t.simplified(), "oarlock.Conv BatchNormalization");
}

TEST(Convolutions, TakeConstantsPerChannel) {
  GraphUnderTest t;
  ValueId y = conv(t, t.input({2, 4, 7, 6}), false);
  y = t.op("Add", {y, t.random({6, 1, 1})});
  y = t.op("Mul", {t.random({1, 6, 1, 1}), y});
  y = t.op("Sub", {y, t.random({6, 1, 1})});
  y = t.op("Div", {y, t.number(3)});
  t.output(y);
  EXPECT_EQ(t.simplified(), "oarlock.Conv");
}

TEST(Convolutions, ConstantsOfOtherAxesStay) {
  GraphUnderTest t;
  t.output(t.op("Add", {conv(t, t.input({2, 4, 7, 6})), t.random({6})}));
  EXPECT_EQ(t.simplified(), "oarlock.Conv Add");
}

TEST(Convolutions, TakeAResidualBeforeTheActivation) {
  GraphUnderTest t;
  const ValueId shortcut = t.input({2, 6, 7, 6});
  const ValueId y = conv(t, t.input({2, 4, 7, 6}));
  t.output(t.op("Clip", {t.op("Add", {shortcut, y}), t.number(0), t.number(1)}));
  EXPECT_EQ(t.simplified(), "oarlock.Conv");
  EXPECT_EQ(t.only("oarlock.Conv").inputs.size(), 4u);
}

TEST(Convolutions, ATwoSidedSumKeepsOneOfThemApart) {
  GraphUnderTest t;
  const ValueId x = t.input({2, 4, 7, 6});
  t.output(t.op("Relu", {t.op("Add", {conv(t, x), conv(t, x)})}));
  EXPECT_EQ(t.simplified(), "oarlock.Conv oarlock.Conv");
}

TEST(Convolutions, ASumWithItselfStays) {
  GraphUnderTest t;
  const ValueId y = conv(t, t.input({2, 4, 7, 6}));
  t.output(t.op("Add", {y, y}));
  EXPECT_EQ(t.simplified(), "oarlock.Conv Add");
}

TEST(Convolutions, AnAdditionBehindTheActivationStays) {
  GraphUnderTest t;
  const ValueId y = t.op("Relu", {conv(t, t.input({2, 4, 7, 6}))});
  t.output(t.op("Add", {t.input({2, 6, 7, 6}), y}));
  EXPECT_EQ(t.simplified(), "oarlock.Conv Add");
}

TEST(Convolutions, AStretchedResidualStays) {
  GraphUnderTest t;
  const ValueId y = conv(t, t.input({2, 4, 7, 6}));
  t.output(t.op("Add", {t.input({2, 6, 1, 6}), y}));
  EXPECT_EQ(t.simplified(), "oarlock.Conv Add");
}

TEST(Convolutions, AResidualOfUnknownShapeStays) {
  GraphUnderTest t;
  const ValueId shortcut = t.input({2, 6, 7, 6});
  t.output(t.op("Add", {conv(t, t.input({2, 4, 7, 6})), shortcut}));
  constexpr int64_t kUnknown = Shape::kUnknown;
  EXPECT_EQ(t.simplified_knowing({{kUnknown, 6, 7, 6}, {kUnknown, 4, 7, 6}}), "oarlock.Conv Add");
}

TEST(Convolutions, TakeSwishReadTwice) {
  GraphUnderTest t;
  const ValueId y = conv(t, t.input({2, 4, 7, 6}));
  t.output(t.op("Mul", {y, t.op("Sigmoid", {y})}));
  EXPECT_EQ(t.simplified(), "oarlock.Conv");
  EXPECT_EQ(t.only("oarlock.Conv").attrs.string("activation"), "Swish");
}

TEST(Convolutions, TakePaddingAndScaling) {
  GraphUnderTest t;
  ValueId x = t.input({2, 4, 7, 6});
  x = t.op("Mul", {x, t.random({1, 4, 1, 1})});
  x = t.op("Pad", {x, t.integers({0, 0, 1, 0, 0, 0, 2, 1})});
  t.output(
      t.op("Conv", {x, t.random({6, 2, 3, 3})}, {{"group", int64_t{2}}, {"strides", List{2, 1}}}));
  EXPECT_EQ(t.simplified(), "oarlock.Conv");
  EXPECT_EQ(t.only("oarlock.Conv").attrs.integers("pads"), (List{1, 0, 2, 1}));
}

TEST(Convolutions, PaddingWithOtherNumbersStays) {
  GraphUnderTest t;
  const ValueId x =
      t.op("Pad", {t.input({2, 4, 7, 6}), t.integers({0, 0, 1, 0, 0, 0, 2, 1}), t.number(1)});
  t.output(conv(t, x));
  EXPECT_EQ(t.simplified(), "Pad oarlock.Conv");
}

TEST(Convolutions, AutomaticPaddingIsWrittenOut) {
  GraphUnderTest t;
  const ValueId w = t.random({6, 4, 3, 2});
  t.output(t.op("Conv", {t.input({2, 4, 7, 6}), w},
                {{"auto_pad", std::string("SAME_UPPER")}, {"strides", List{2, 2}}}));
  EXPECT_EQ(t.simplified(), "oarlock.Conv");
  EXPECT_EQ(t.only("oarlock.Conv").attrs.integers("pads"), (List{1, 0, 1, 0}));
  GraphUnderTest unknown;
  const ValueId v = unknown.random({6, 4, 3, 3});
  unknown.output(unknown.op("Conv", {unknown.input({2, 4, 7, 6}), v},
                            {{"auto_pad", std::string("SAME_LOWER")}, {"strides", List{2, 2}}}));
  EXPECT_EQ(unknown.simplified_knowing({{2, 4, Shape::kUnknown, 6}}), "Conv");
}

TEST(Convolutions, TransposedOnesTakeBatchNormalization) {
  GraphUnderTest t;
  const ValueId x = t.input({2, 4, 5, 5});
  const ValueId y =
      t.op("ConvTranspose", {x, t.random({4, 6, 2, 2}), t.random({6})}, {{"strides", List{2, 2}}});
  t.output(batch_norm(t, y, 6));
  EXPECT_EQ(t.simplified(), "ConvTranspose");
}

TEST(Convolutions, HalfPrecisionStaysHalf) {
  GraphUnderTest t;
  const auto half = DType::float16;
  const ValueId y = t.op("Conv", {t.input({1, 4, 5, 5}, half), t.random({6, 4, 3, 3}, half)});
  t.output(t.op("Relu", {t.op("Add", {y, t.random({6, 1, 1}, half)})}));
  EXPECT_EQ(t.simplified(1e-2), "oarlock.Conv");
}

TEST(Pooling, PaddingBecomesPartOfIt) {
  GraphUnderTest t;
  const ValueId x = t.op("Pad", {t.input({1, 2, 6, 6}), t.integers({0, 0, 1, 1, 0, 0, 1, 1})});
  t.output(t.op("AveragePool", {x}, {{"kernel_shape", List{3, 3}}}));
  EXPECT_EQ(t.simplified(), "AveragePool");
  GraphUnderTest maximum;  // zeros around it are not what MaxPool pads with
  const ValueId y =
      maximum.op("Pad", {maximum.input({1, 2, 6, 6}), maximum.integers({0, 0, 1, 1, 0, 0, 1, 1})});
  maximum.output(maximum.op("MaxPool", {y}, {{"kernel_shape", List{3, 3}}}));
  EXPECT_EQ(maximum.simplified(), "Pad MaxPool");
}

TEST(Pooling, OverTheWholeImage) {
  for (const bool keep : {true, false}) {
    GraphUnderTest t;
    t.output(t.op("ReduceMean", {t.input({2, 3, 4, 5}), t.integers({2, 3})},
                  {{"keepdims", int64_t{keep}}}));
    EXPECT_EQ(t.simplified(), keep ? "GlobalAveragePool" : "GlobalAveragePool Reshape");
  }
  GraphUnderTest window;
  window.output(window.op("MaxPool", {window.input({2, 3, 4, 5})}, {{"kernel_shape", List{4, 5}}}));
  EXPECT_EQ(window.simplified(), "GlobalMaxPool");
  GraphUnderTest channels;
  channels.output(
      channels.op("ReduceMean", {channels.input({2, 3, 4, 5}), channels.integers({1, 2})}));
  EXPECT_EQ(channels.simplified(), "ReduceMean");
}

}  // namespace
}  // namespace oarlock::test
