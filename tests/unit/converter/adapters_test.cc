// Every adapter: the form of the newest opset it gives, and which opsets it leaves alone. What the
// results mean is compared in opset_values_test.cc.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "converter/adapters/adapter.h"
#include "tests/unit/converter/model_maker.h"

namespace oarlock::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

using Build = std::function<void(GraphMaker&)>;

// A graph with x float32[2, 3, 4, 5], converted from this opset. Faults are allowed: operators need
// not be there, only their form counts here.
Graph from(int opset, const Build& build, ConversionReport* report = nullptr) {
  GraphMaker graph;
  graph.input("x", DType::float32, {2, 3, 4, 5});
  build(graph);
  const Result<Graph> converted = convert_plain(make_model(graph, opset), report);
  EXPECT_TRUE(converted.ok()) << to_string(converted.status());
  return converted.ok() ? *converted : Graph();
}

const std::vector<int64_t>& attribute(const Node& node, const char* name) {
  return node.attrs.integers(name);
}

TEST(Adapters, TableIsOrdered) {
  const converter::Adapter* last = nullptr;
  for (const converter::Adapter& adapter : converter::all_adapters()) {
    EXPECT_GT(adapter.to, kOldestOpset) << adapter.op;
    EXPECT_LE(adapter.to, kNewestOpset) << adapter.op;
    if (last != nullptr) {
      const bool ascending =
          last->op < adapter.op || (last->op == adapter.op && last->to < adapter.to);
      EXPECT_TRUE(ascending) << adapter.op;
    }
    last = &adapter;
  }
}

TEST(Adapters, AxesBecomeInputs) {
  const std::pair<const char*, int> changes[] = {
      {"ReduceL1", 18},        {"ReduceL2", 18},   {"ReduceLogSum", 18}, {"ReduceLogSumExp", 18},
      {"ReduceMax", 18},       {"ReduceMean", 18}, {"ReduceMin", 18},    {"ReduceProd", 18},
      {"ReduceSumSquare", 18}, {"ReduceSum", 13},  {"Squeeze", 13},      {"Unsqueeze", 13}};
  for (const auto& [op, to] : changes) {
    const auto build = [op = op](GraphMaker& g) {
      g.output("y").node(op, {"x"}, {"y"}).with("axes", std::vector<int64_t>{0, 2});
    };
    for (int opset : {7, to - 1}) {
      const Graph g = from(opset, build);
      const Node& node = only(g, op);
      EXPECT_FALSE(node.attrs.has("axes")) << op;
      EXPECT_THAT(integers(g, node, 1), ElementsAre(0, 2)) << op;
    }
    // No axes: all of them, as an omitted input means.
    const Graph g = from(to - 1, [op = op](GraphMaker& m) {
      m.output("y").node(op, {"x"}, {"y"}).with("keepdims", int64_t{0});
    });
    EXPECT_EQ(only(g, op).inputs.size(), 1U) << op;
  }
}

TEST(Adapters, BatchNormalization) {
  const auto build = [](GraphMaker& g) {
    for (const char* name : {"s", "b", "m", "v"}) g.floats(name, {3}, {1, 2, 3});
    g.output("y")
        .node("BatchNormalization", {"x", "s", "b", "m", "v"}, {"y", "", "u"})
        .with("epsilon", 0.5F);
  };
  for (int opset : {7, 9, 13}) {
    const Graph g = from(opset, build);
    EXPECT_EQ(only(g, "BatchNormalization").outputs.size(), 1U) << opset;
    EXPECT_EQ(only(g, "BatchNormalization").attrs.number("epsilon"), 0.5F);
  }
  const Graph spatial = from(7, [](GraphMaker& g) {
    for (const char* name : {"s", "b", "m", "v"}) g.floats(name, {3}, {1, 2, 3});
    g.output("y")
        .node("BatchNormalization", {"x", "s", "b", "m", "v"}, {"y"})
        .with("spatial", int64_t{1});
  });
  EXPECT_FALSE(only(spatial, "BatchNormalization").attrs.has("spatial"));
  // Every activation by itself: x, scale and so on have the same shape but for the batch.
  const Graph each = from(8, [](GraphMaker& g) {
    for (const char* name : {"s", "b", "m", "v"})
      g.floats(name, {3, 4, 5}, std::vector<float>(60, 1));
    g.output("y")
        .node("BatchNormalization", {"x", "s", "b", "m", "v"}, {"y"})
        .with("spatial", int64_t{0});
  });
  EXPECT_THAT(operators(each),
              testing::UnorderedElementsAre("Sub", "Add", "Sqrt", "Div", "Mul", "Add"));
  // Outputs of training that something reads have no counterpart.
  ConversionReport report;
  from(
      9,
      [](GraphMaker& g) {
        for (const char* name : {"s", "b", "m", "v"}) g.floats(name, {3}, {1, 2, 3});
        g.output("y").output("mean");
        g.node("BatchNormalization", {"x", "s", "b", "m", "v"}, {"y", "mean"});
      },
      &report);
  ASSERT_FALSE(report.unsupported.empty());
  EXPECT_THAT(report.unsupported[0].fault, HasSubstr("training"));
}

TEST(Adapters, Clip) {
  Graph g = from(7, [](GraphMaker& m) {
    m.output("y").node("Clip", {"x"}, {"y"}).with("min", -1.5F).with("max", 6.0F);
  });
  EXPECT_THAT(floats(g, only(g, "Clip"), 1), ElementsAre(-1.5F));
  EXPECT_THAT(floats(g, only(g, "Clip"), 2), ElementsAre(6.0F));
  EXPECT_FALSE(only(g, "Clip").attrs.has("min"));
  g = from(10, [](GraphMaker& m) { m.output("y").node("Clip", {"x"}, {"y"}).with("max", 6.0F); });
  EXPECT_EQ(only(g, "Clip").input(1), kNone);
  EXPECT_THAT(floats(g, only(g, "Clip"), 2), ElementsAre(6.0F));
  // Bounds have the type of the data.
  g = from(7, [](GraphMaker& m) {
    m.input("h", DType::float16, {2}).output("y");
    m.node("Clip", {"h"}, {"y"}).with("min", 0.0F);
  });
  EXPECT_EQ(only(g, "Cast").attrs.integer("to"), static_cast<int64_t>(DType::float16));
  EXPECT_EQ(only(g, "Clip").input(1), only(g, "Cast").outputs[0]);
}

TEST(Adapters, Dft) {
  Graph g = from(17, [](GraphMaker& m) { m.output("y").node("DFT", {"x"}, {"y"}); });
  EXPECT_THAT(integers(g, only(g, "DFT"), 2), ElementsAre(1));
  EXPECT_EQ(only(g, "DFT").input(1), kNone);
  g = from(19, [](GraphMaker& m) {
    m.output("y").node("DFT", {"x"}, {"y"}).with("axis", int64_t{2}).with("inverse", int64_t{1});
  });
  EXPECT_THAT(integers(g, only(g, "DFT"), 2), ElementsAre(2));
  g = from(20, [](GraphMaker& m) { m.output("y").node("DFT", {"x"}, {"y"}); });
  EXPECT_EQ(only(g, "DFT").inputs.size(), 1U);
}

TEST(Adapters, Dropout) {
  for (int opset : {7, 11}) {
    const Graph g = from(opset, [](GraphMaker& m) {
      m.output("y").node("Dropout", {"x"}, {"y", "mask"}).with("ratio", 0.25F);
    });
    EXPECT_THAT(operators(g), ElementsAre("Dropout"));
    EXPECT_THAT(floats(g, only(g, "Dropout"), 1), ElementsAre(0.25F));
  }
  // The mask of opset 7 has the type of the data.
  const Graph g = from(7, [](GraphMaker& m) {
    m.output("y").output("mask").node("Dropout", {"x"}, {"y", "mask"});
  });
  EXPECT_EQ(g.producer(g.outputs()[0])->op, "Dropout");
  EXPECT_EQ(g.producer(g.outputs()[1])->op, "CastLike");
  EXPECT_EQ(g.producer(g.outputs()[1])->inputs[0], only(g, "Dropout").outputs[1]);
  EXPECT_EQ(from(10,
                 [](GraphMaker& m) {
                   m.output("mask").node("Dropout", {"x"}, {"y", "mask"});
                 })
                .outputs()
                .size(),
            1U);
}

TEST(Adapters, GridSample) {
  const auto build = [](const char* mode) {
    return [mode](GraphMaker& m) {
      m.input("grid", DType::float32, {2, 6, 7, 2}).output("y");
      NodeMaker node = m.node("GridSample", {"x", "grid"}, {"y"});
      if (mode[0] != '\0') node.with("mode", mode);
    };
  };
  const auto mode_after = [&](const char* mode) {
    const Graph g = from(16, build(mode));
    return only(g, "GridSample").attrs.string("mode");
  };
  EXPECT_EQ(mode_after("bilinear"), "linear");
  EXPECT_EQ(mode_after("bicubic"), "cubic");
  EXPECT_EQ(mode_after("nearest"), "nearest");
  EXPECT_THAT(mode_after(""), testing::AnyOf("", "linear"));
}

TEST(Adapters, GroupNormalization) {
  const auto build = [](GraphMaker& m) {
    m.floats("s", {3}, {1, 2, 3}).floats("b", {3}, {4, 5, 6}).output("y");
    m.node("GroupNormalization", {"x", "s", "b"}, {"y"}).with("num_groups", int64_t{3});
  };
  const Graph old = from(18, build);
  const Node& node = only(old, "GroupNormalization");
  EXPECT_EQ(old.producer(node.inputs[1])->op, "Reshape");
  EXPECT_EQ(old.producer(old.producer(node.inputs[1])->inputs[0])->op, "Expand");
  EXPECT_EQ(old.producer(node.inputs[2])->op, "Reshape");
  const Graph now = from(21, build);
  EXPECT_THAT(floats(now, only(now, "GroupNormalization"), 1), ElementsAre(1, 2, 3));
}

TEST(Adapters, SoftmaxFamily) {
  for (const char* op : {"Softmax", "LogSoftmax", "Hardmax"}) {
    const auto build = [op](std::optional<int64_t> axis) {
      return [op, axis](GraphMaker& m) {
        m.output("y");
        NodeMaker node = m.node(op, {"x"}, {"y"});
        if (axis) node.with("axis", *axis);
      };
    };
    // The default axis was 1: everything behind it was one row.
    Graph g = from(7, build(std::nullopt));
    EXPECT_THAT(operators(g), testing::UnorderedElementsAre("Shape", "Flatten", op, "Reshape"));
    EXPECT_EQ(only(g, "Flatten").attrs.integer("axis"), 1);
    EXPECT_EQ(only(g, op).attrs.integer("axis"), -1);
    EXPECT_EQ(only(g, "Reshape").attrs.integer("allowzero"), 1);
    EXPECT_EQ(g.value(g.outputs()[0]).name, "y");
    // The last axis is the same in both.
    g = from(12, build(3));
    EXPECT_THAT(operators(g), ElementsAre(op));
    EXPECT_EQ(only(g, op).attrs.integer("axis"), 3);
    g = from(13, build(1));
    EXPECT_THAT(operators(g), ElementsAre(op));
  }
  // So is one with nothing but ones behind it.
  GraphMaker graph;
  graph.input("x", DType::float32, {1, 10, 1, 1}).output("y").node("Softmax", {"x"}, {"y"});
  const Result<Graph> g = convert_plain(make_model(graph, 7));
  ASSERT_TRUE(g.ok());
  EXPECT_EQ(only(*g, "Softmax").attrs.integer("axis"), 1);
}

TEST(Adapters, Pad) {
  Graph g = from(7, [](GraphMaker& m) {
    m.output("y")
        .node("Pad", {"x"}, {"y"})
        .with("mode", "constant")
        .with("value", 2.5F)
        .with("pads", std::vector<int64_t>{0, 0, 1, 2, 0, 0, 3, -1});
  });
  EXPECT_THAT(integers(g, only(g, "Pad"), 1), ElementsAre(0, 0, 1, 2, 0, 0, 3, -1));
  EXPECT_THAT(floats(g, only(g, "Pad"), 2), ElementsAre(2.5F));
  EXPECT_EQ(only(g, "Pad").attrs.string("mode"), "constant");
  g = from(10, [](GraphMaker& m) {
    m.output("y").node("Pad", {"x"}, {"y"}).with("pads", std::vector<int64_t>(8, 1));
  });
  EXPECT_EQ(only(g, "Pad").inputs.size(), 2U);
}

TEST(Adapters, ResizeAndUpsample) {
  const auto modern = [](const Node& node, const Graph& g, const char* nearest) {
    EXPECT_EQ(node.attrs.string("coordinate_transformation_mode"), "asymmetric");
    EXPECT_EQ(node.attrs.string("nearest_mode"), nearest);
    EXPECT_EQ(node.input(1), kNone);
    return floats(g, node, 2);
  };
  Graph g = from(7, [](GraphMaker& m) {
    m.output("y")
        .node("Upsample", {"x"}, {"y"})
        .with_floats("scales", {1, 1, 2, 3})
        .with("mode", "nearest");
  });
  EXPECT_THAT(modern(only(g, "Resize"), g, "floor"), ElementsAre(1, 1, 2, 3));
  g = from(9, [](GraphMaker& m) {
    m.floats("s", {4}, {1, 1, 2, 2}).output("y");
    m.node("Upsample", {"x", "s"}, {"y"}).with("mode", "linear");
  });
  EXPECT_THAT(modern(only(g, "Resize"), g, "floor"), ElementsAre(1, 1, 2, 2));
  EXPECT_EQ(only(g, "Resize").attrs.string("mode"), "linear");
  g = from(10, [](GraphMaker& m) {
    m.floats("s", {4}, {1, 1, 0.5F, 0.6F}).output("y");
    m.node("Resize", {"x", "s"}, {"y"}).with("mode", "nearest");
  });
  EXPECT_THAT(modern(only(g, "Resize"), g, "ceil"), ElementsAre(1, 1, 0.5F, 0.6F));
  // One axis grows and another shrinks: one step for each.
  g = from(10, [](GraphMaker& m) {
    m.floats("s", {4}, {1, 1, 2, 0.5F}).output("y");
    m.node("Resize", {"x", "s"}, {"y"});
  });
  EXPECT_THAT(operators(g), ElementsAre("Resize", "Resize"));
  const Node* last = g.producer(g.outputs()[0]);
  EXPECT_THAT(modern(*last, g, "ceil"), ElementsAre(1, 1, 1, 0.5F));
  EXPECT_THAT(modern(*g.producer(last->inputs[0]), g, "floor"), ElementsAre(1, 1, 2, 1));
  // Empty inputs of opset 11 are omitted ones now.
  g = from(11, [](GraphMaker& m) {
    m.floats("none", {0}, {}).integers("sizes", {4}, {2, 3, 8, 10}).output("y");
    m.node("Resize", {"x", "none", "none", "sizes"}, {"y"});
  });
  EXPECT_EQ(only(g, "Resize").input(1), kNone);
  EXPECT_EQ(only(g, "Resize").input(2), kNone);
  EXPECT_THAT(integers(g, only(g, "Resize"), 3), ElementsAre(2, 3, 8, 10));
  g = from(11, [](GraphMaker& m) {
    m.floats("none", {0}, {}).floats("s", {4}, {1, 1, 2, 2}).output("y");
    m.node("Resize", {"x", "none", "s"}, {"y"})
        .with("coordinate_transformation_mode", "tf_half_pixel_for_nn")
        .with("nearest_mode", "floor");
  });
  EXPECT_EQ(only(g, "Resize").attrs.string("coordinate_transformation_mode"), "half_pixel");
  EXPECT_EQ(only(g, "Resize").attrs.string("nearest_mode"), "round_prefer_ceil");
  ConversionReport report;
  from(
      11,
      [](GraphMaker& m) {
        m.floats("none", {0}, {}).floats("s", {4}, {1, 1, 2, 2}).output("y");
        m.node("Resize", {"x", "none", "s"}, {"y"})
            .with("coordinate_transformation_mode", "tf_half_pixel_for_nn")
            .with("nearest_mode", "ceil");
      },
      &report);
  ASSERT_FALSE(report.unsupported.empty());
  EXPECT_THAT(report.unsupported[0].fault, HasSubstr("tf_half_pixel_for_nn"));
}

TEST(Adapters, RoiAlign) {
  const auto mode = [](int opset) {
    const Graph g = from(opset, [](GraphMaker& m) {
      m.floats("rois", {1, 4}, {0, 0, 1, 1}).integers("batch", {1}, {0}).output("y");
      m.node("RoiAlign", {"x", "rois", "batch"}, {"y"});
    });
    return only(g, "RoiAlign").attrs.string("coordinate_transformation_mode");
  };
  EXPECT_EQ(mode(10), "output_half_pixel");
  EXPECT_NE(mode(16), "output_half_pixel");
}

TEST(Adapters, Scan) {
  GraphMaker body;
  body.input("state", DType::float32, {3}).input("step", DType::float32, {3});
  body.output("next").output("out");
  body.node("Add", {"state", "step"}, {"next"});
  body.node("Mul", {"next", "w"}, {"out"});
  const auto build = [&](GraphMaker& m) {
    m.input("first", DType::float32, {2, 3}).input("steps", DType::float32, {2, 7, 3});
    m.input("w", DType::float32, {3}).output("final").output("all");
    m.node("Scan", {"", "first", "steps"}, {"final", "all"})
        .with("body", body.proto)
        .with("num_scan_inputs", int64_t{1})
        .with("directions", std::vector<int64_t>{1});
  };
  const Graph g = from(8, build);
  const Node& outer = only(g, "Scan");
  EXPECT_EQ(outer.captures, 1);
  EXPECT_EQ(outer.formal_inputs().size(), 2U);
  EXPECT_EQ(outer.attrs.integer("num_scan_inputs"), 2);
  const GraphPtr batch = outer.attrs.graph("body");
  ASSERT_NE(batch, nullptr);
  ASSERT_EQ(batch->inputs().size(), 3U);
  EXPECT_EQ(to_string(batch->value(batch->inputs()[0]).type), "float32[3]");
  EXPECT_EQ(to_string(batch->value(batch->inputs()[1]).type), "float32[7, 3]");
  const Node& inner = only(*batch, "Scan");
  EXPECT_EQ(inner.captures, 1);
  EXPECT_EQ(inner.attrs.integer("num_scan_inputs"), 1);
  EXPECT_THAT(attribute(inner, "scan_input_directions"), ElementsAre(1));
  EXPECT_EQ(inner.attrs.graph("body")->outputs().size(), 2U);

  ConversionReport report;
  from(
      8,
      [&](GraphMaker& m) {
        build(m);
        m.integers("lens", {2}, {7, 5});
        m.proto.mutable_node(0)->set_input(0, "lens");
      },
      &report);
  ASSERT_FALSE(report.unsupported.empty());
  EXPECT_THAT(report.unsupported[0].fault, HasSubstr("sequence_lens"));
}

TEST(Adapters, Scatter) {
  const Graph g = from(9, [](GraphMaker& m) {
    m.input("i", DType::int64, {1, 1, 1, 1}).input("u", DType::float32, {1, 1, 1, 1}).output("y");
    m.node("Scatter", {"x", "i", "u"}, {"y"}).with("axis", int64_t{2});
  });
  EXPECT_EQ(only(g, "ScatterElements").attrs.integer("axis"), 2);
}

TEST(Adapters, Slice) {
  Graph g = from(7, [](GraphMaker& m) {
    m.output("y")
        .node("Slice", {"x"}, {"y"})
        .with("starts", std::vector<int64_t>{1, -2})
        .with("ends", std::vector<int64_t>{9, -1})
        .with("axes", std::vector<int64_t>{1, 3});
  });
  EXPECT_THAT(integers(g, only(g, "Slice"), 1), ElementsAre(1, -2));
  EXPECT_THAT(integers(g, only(g, "Slice"), 2), ElementsAre(9, -1));
  EXPECT_THAT(integers(g, only(g, "Slice"), 3), ElementsAre(1, 3));
  g = from(9, [](GraphMaker& m) {
    m.output("y")
        .node("Slice", {"x"}, {"y"})
        .with("starts", std::vector<int64_t>{1})
        .with("ends", std::vector<int64_t>{2});
  });
  EXPECT_EQ(only(g, "Slice").inputs.size(), 3U);
}

TEST(Adapters, Split) {
  Graph g = from(7, [](GraphMaker& m) {
    m.output("a")
        .output("b")
        .node("Split", {"x"}, {"a", "b"})
        .with("split", std::vector<int64_t>{3, 2})
        .with("axis", int64_t{3});
  });
  EXPECT_THAT(integers(g, only(g, "Split"), 1), ElementsAre(3, 2));
  EXPECT_FALSE(only(g, "Split").attrs.integer("num_outputs", 0) > 0);
  for (int opset : {7, 13, 17}) {
    g = from(opset, [](GraphMaker& m) {
      m.output("a").output("b").node("Split", {"x"}, {"a", "b"}).with("axis", int64_t{2});
    });
    EXPECT_EQ(only(g, "Split").attrs.integer("num_outputs"), 2) << opset;
  }
}

TEST(Adapters, TopK) {
  const Graph g = from(7, [](GraphMaker& m) {
    m.output("v")
        .output("i")
        .node("TopK", {"x"}, {"v", "i"})
        .with("k", int64_t{2})
        .with("axis", int64_t{1});
  });
  EXPECT_THAT(integers(g, only(g, "TopK"), 1), ElementsAre(2));
  EXPECT_EQ(only(g, "TopK").attrs.integer("axis"), 1);
}

// Those up to opset 7 are tested in before_7_test.cc.
TEST(Adapters, EveryEntryOfTheTableIsTestedHere) {
  std::set<std::string_view> ops;
  for (const converter::Adapter& adapter : converter::all_adapters())
    if (adapter.to > 7) ops.insert(adapter.op);
  EXPECT_THAT(
      ops, testing::UnorderedElementsAre(
               "BatchNormalization", "Clip", "DFT", "Dropout", "GridSample", "GroupNormalization",
               "Hardmax", "LogSoftmax", "Pad", "ReduceL1", "ReduceL2", "ReduceLogSum",
               "ReduceLogSumExp", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd", "ReduceSum",
               "ReduceSumSquare", "Resize", "RoiAlign", "Scan", "Scatter", "Slice", "Softmax",
               "Split", "Squeeze", "TopK", "Unsqueeze", "Upsample"));
}

}  // namespace
}  // namespace oarlock::test
