// Adapters that lead to opsets up to 7: the results, against values worked out by hand. Cases that
// others wrote are the converted networks of tests/conformance/test_onnx_models.py.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "converter/adapters/adapter.h"
#include "tests/unit/converter/model_maker.h"

namespace oarlock::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

using Build = std::function<void(GraphMaker&)>;

// The first fault of a node, or "".
std::string fault(int opset, const Build& build) {
  GraphMaker graph;
  graph.input("x", DType::float32, {1, 2, 1, 2}).output("y");
  build(graph);
  ConversionReport report;
  const Result<Graph> converted = convert_plain(make_model(graph, opset), &report);
  if (!converted.ok()) return converted.status().message();
  return report.unsupported.empty() ? "" : report.unsupported[0].fault;
}

// y for x = [[[[-1, 2]], [[-3, 4]]]].
std::vector<float> values(int opset, const Build& build) {
  GraphMaker graph;
  graph.input("x", DType::float32, {1, 2, 1, 2}).output("y");
  build(graph);
  const Result<Graph> converted = convert_plain(make_model(graph, opset));
  EXPECT_TRUE(converted.ok()) << to_string(converted.status());
  if (!converted.ok()) return {};
  const auto outputs = run(*converted, {Tensor::of<float>({1, 2, 1, 2}, {-1, 2, -3, 4})});
  return outputs.empty() ? std::vector<float>() : outputs[0];
}

TEST(BeforeOpset7, ArithmeticBroadcastsFromAnAxis) {
  for (int64_t axis : {1, -3}) {
    EXPECT_THAT(
        values(6,
               [axis](GraphMaker& g) {
                 g.floats("b", {2}, {10, 20});
                 g.node("Add", {"x", "b"}, {"y"}).with("broadcast", int64_t{1}).with("axis", axis);
               }),
        ElementsAre(9, 12, 17, 24));
  }
  EXPECT_THAT(values(6,
                     [](GraphMaker& g) {
                       g.floats("b", {2}, {10, 20});
                       g.node("Sub", {"x", "b"}, {"y"}).with("broadcast", int64_t{1});
                     }),
              ElementsAre(-11, -18, -13, -16));
}

TEST(BeforeOpset7, PReluHasASlopeForEachChannel) {
  EXPECT_THAT(values(6,
                     [](GraphMaker& g) {
                       g.floats("s", {2}, {10, 100});
                       g.node("PRelu", {"x", "s"}, {"y"});
                     }),
              ElementsAre(-10, 2, -300, 4));
}

TEST(BeforeOpset7, HintsDisappear) {
  EXPECT_THAT(
      values(1,
             [](GraphMaker& g) {
               g.node("Relu", {"x"}, {"y"}).with("consumed_inputs", std::vector<int64_t>{0});
             }),
      ElementsAre(0, 2, 0, 4));
}

TEST(BeforeOpset7, AttributesBecomeInputs) {
  EXPECT_THAT(
      values(1,
             [](GraphMaker& g) {
               g.node("Reshape", {"x"}, {"r"}).with("shape", std::vector<int64_t>{2, 2});
               g.node("Pad", {"r"}, {"y"}).with("paddings", std::vector<int64_t>{0, 0, 0, 1});
             }),
      ElementsAre(-1, 2, 0, -3, 4, 0));
  EXPECT_THAT(values(1,
                     [](GraphMaker& g) {
                       g.node("Upsample", {"x"}, {"y"})
                           .with("height_scale", 1.0F)
                           .with("width_scale", 2.0F)
                           .with("mode", "nearest");
                     }),
              ElementsAre(-1, -1, 2, 2, -3, -3, 4, 4));
  EXPECT_THAT(values(1,
                     [](GraphMaker& g) {
                       g.node("Concat", {"x", "x"}, {"y"});
                     }),
              ElementsAre(-1, 2, -3, 4, -1, 2, -3, 4));
  EXPECT_THAT(
      values(1, [](GraphMaker& g) { g.node("GlobalLpPool", {"x"}, {"y"}).with("p", 1.0F); }),
      ElementsAre(3, 7));
}

TEST(BeforeOpset7, WhatHasNoEquivalentIsRefused) {
  EXPECT_THAT(fault(6, [](GraphMaker& g) { g.node("Dropout", {"x"}, {"y"}); }),
              HasSubstr("is_test"));
  EXPECT_EQ(
      fault(6, [](GraphMaker& g) { g.node("Dropout", {"x"}, {"y"}).with("is_test", int64_t{1}); }),
      "");
  EXPECT_THAT(fault(5, [](GraphMaker& g) { g.node("Cast", {"x"}, {"y"}).with("to", "FLOAT"); }),
              HasSubstr("words"));
  EXPECT_THAT(fault(5,
                    [](GraphMaker& g) {
                      g.node("Tile", {"x", "x", "x"}, {"y"});
                    }),
              HasSubstr("one axis"));
}

}  // namespace
}  // namespace oarlock::test
