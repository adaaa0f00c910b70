// The shape of converted graphs: inputs, constants, order, subgraphs, functions, names.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/ops/evaluate.h"
#include "oarlock/plugin/passes.h"
#include "tests/unit/converter/model_maker.h"

namespace oarlock::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Graph plain(const onnx::ModelProto& model) {
  Result<Graph> graph = convert_plain(model);
  EXPECT_TRUE(graph.ok()) << to_string(graph.status());
  return graph.ok() ? *std::move(graph) : Graph();
}

std::string error(const onnx::ModelProto& model, const ConvertOptions& options = {}) {
  const Result<Model> converted = convert(model, options);
  EXPECT_FALSE(converted.ok());
  return converted.status().message();
}

TEST(ConvertGraph, KeepsNamesTypesAndOrder) {
  GraphMaker graph;
  graph.input("x", DType::float32, {"batch", 3, ""}).output("y", DType::float32, {"batch", 3, ""});
  graph.floats("w", {3, 1}, {1, 2, 3});
  graph.node("Relu", {"sum"}, {"y"});  // reads what only the next node makes
  graph.node("Add", {"x", "w"}, {"sum"});
  ConversionReport report;
  const Result<Model> model = convert(make_model(graph, 13), {}, &report);
  ASSERT_TRUE(model.ok()) << to_string(model.status());
  ASSERT_EQ(model->inputs().size(), 1U);
  EXPECT_EQ(model->inputs()[0].name, "x");
  EXPECT_EQ(to_string(model->inputs()[0].type), "float32[batch, 3, ?]");
  ASSERT_EQ(model->outputs().size(), 1U);
  EXPECT_EQ(model->outputs()[0].name, "y");
  EXPECT_EQ(model->outputs()[0].type.shape, (Shape{Shape::kUnknown, 3, Shape::kUnknown}));
  const Graph g = plain(make_model(graph, 13));
  EXPECT_THAT(operators(g), ElementsAre("Add", "Relu"));
  EXPECT_EQ(only(g, "Add").name, "make_sum");
  EXPECT_EQ(report.nodes, 2U);
  EXPECT_EQ(report.constants, 1U);
  EXPECT_EQ(report.constant_bytes, 12U);
  EXPECT_EQ(model->metadata().properties.at("producer_name"), "test");
  EXPECT_EQ(model->metadata().source_hash.size(), 64U);
}

TEST(ConvertGraph, InitializersThatAreInputsAreConstants) {
  GraphMaker graph;
  graph.input("x", DType::float32, {2}).input("w", DType::float32, {2});
  graph.output("y", DType::float32, {2}).floats("w", {2}, {1, 2});
  graph.node("Add", {"x", "w"}, {"y"});
  const Graph g = plain(make_model(graph, 13, 3));
  EXPECT_EQ(g.inputs().size(), 1U);
  EXPECT_THAT(floats(g, only(g, "Add"), 1), ElementsAre(1, 2));
}

TEST(ConvertGraph, UnusedInitializersAreLeftOut) {
  GraphMaker graph;
  graph.input("x", DType::float32, {2}).output("y", DType::float32, {2}).floats("w", {2}, {1, 2});
  graph.node("Relu", {"x"}, {"y"});
  EXPECT_EQ(plain(make_model(graph, 13)).value_count(), 2U);
}

TEST(ConvertGraph, ConstantNodesOfEveryKind) {
  GraphMaker graph;
  graph.node("Constant", {}, {"tensor"}).with("value", float_tensor("", {2}, {1, 2}));
  graph.node("Constant", {}, {"float"}).with("value_float", 1.5F);
  graph.node("Constant", {}, {"int"}).with("value_int", int64_t{7});
  graph.node("Constant", {}, {"string"}).with("value_string", "text");
  graph.node("Constant", {}, {"floats"}).with_floats("value_floats", {1, 2, 3});
  graph.node("Constant", {}, {"ints"}).with("value_ints", std::vector<int64_t>{4, 5});
  for (const char* name : {"tensor", "float", "int", "string", "floats", "ints"})
    graph.output(name);
  const Graph g = plain(make_model(graph, 13));
  EXPECT_THAT(operators(g), IsEmpty());
  std::vector<std::string> types;
  for (ValueId output : g.outputs()) types.push_back(to_string(g.value(output).type));
  EXPECT_THAT(types, ElementsAre("float32[2]", "float32[]", "int64[]", "string[]", "float32[3]",
                                 "int64[2]"));
  EXPECT_EQ(g.constant(g.outputs()[2])->as<int64_t>()[0], 7);
}

GraphMaker branch(const std::string& op, const Names& inputs, const std::string& output) {
  GraphMaker graph;
  graph.output(output);
  graph.node(op, inputs, {output});
  graph.proto.set_name(output + "_branch");
  return graph;
}

TEST(ConvertGraph, CapturedValuesBecomeExplicit) {
  GraphMaker graph;
  graph.input("c", DType::boolean, {}).input("a", DType::float32, {2});
  graph.input("b", DType::float32, {2}).floats("w", {2}, {1, 2}).output("y");
  // The second branch holds an If of its own that reads from two levels up.
  GraphMaker deep = branch("Add", {"b", "w"}, "deep");
  GraphMaker shallow = branch("Neg", {"a"}, "shallow");
  GraphMaker otherwise;
  otherwise.output("z");
  otherwise.node("If", {"c"}, {"z"})
      .with("then_branch", deep.proto)
      .with("else_branch", shallow.proto);
  graph.node("If", {"c"}, {"y"})
      .with("then_branch", branch("Relu", {"a"}, "t").proto)
      .with("else_branch", otherwise.proto);
  const Graph g = plain(make_model(graph, 16));
  const Node& outer = only(g, "If");
  ASSERT_EQ(outer.captures, 3);  // a, c, b; the constant is given to the branch that reads it
  ASSERT_EQ(outer.inputs.size(), 4U);
  std::vector<std::string> captured;
  for (size_t i = 1; i < 4; ++i) captured.push_back(g.value(outer.inputs[i]).name);
  EXPECT_THAT(captured, ElementsAre("a", "c", "b"));
  for (const char* name : {"then_branch", "else_branch"}) {
    const GraphPtr body = outer.attrs.graph(name);
    ASSERT_NE(body, nullptr);
    ASSERT_EQ(body->inputs().size(), 3U);
    EXPECT_EQ(body->value(body->inputs()[0]).name, "a");
    EXPECT_EQ(to_string(body->value(body->inputs()[0]).type), "float32[2]");
    EXPECT_EQ(body->outputs().size(), 1U);
  }
  EXPECT_EQ(outer.attrs.graph("then_branch")->find_value("w"), std::nullopt);
  const GraphPtr body = outer.attrs.graph("else_branch");
  const Node& inner = only(*body, "If");
  EXPECT_EQ(inner.captures, 2);  // b, a
  const GraphPtr innermost = inner.attrs.graph("then_branch");
  EXPECT_THAT(floats(*innermost, only(*innermost, "Add"), 1), ElementsAre(1, 2));
  // The weights are shared, not copied.
  EXPECT_EQ(innermost->constant(only(*innermost, "Add").inputs[1])->data(),
            body->constant(*body->find_value("w"))->data());
}

TEST(ConvertGraph, ABranchMayReturnACapturedValue) {
  GraphMaker graph, same;
  graph.input("c", DType::boolean, {}).input("a", DType::float32, {2}).output("y");
  same.output("a");
  graph.node("If", {"c"}, {"y"})
      .with("then_branch", same.proto)
      .with("else_branch", branch("Neg", {"a"}, "n").proto);
  const Graph g = plain(make_model(graph, 16));
  const GraphPtr body = only(g, "If").attrs.graph("then_branch");
  EXPECT_EQ(body->outputs(), body->inputs());
}

TEST(ConvertGraph, InnerNamesMayHideOuterOnes) {
  GraphMaker graph, body;
  graph.input("n", DType::int64, {}).input("c", DType::boolean, {});
  graph.input("x", DType::float32, {2}).output("y");
  body.input("i", DType::int64, {}).input("cond", DType::boolean, {});
  body.input("x", DType::float32, {2}).output("cond").output("next");
  body.node("Neg", {"x"}, {"next"});
  graph.node("Loop", {"n", "c", "x"}, {"y"}).with("body", body.proto);
  const Graph g = plain(make_model(graph, 16));
  EXPECT_EQ(only(g, "Loop").captures, 0);
  EXPECT_EQ(only(g, "Loop").attrs.graph("body")->inputs().size(), 3U);
}

TEST(ConvertGraph, ABranchThatIsNotTakenMayContradictTheShapes) {
  GraphMaker graph, bad;
  graph.input("c", DType::boolean, {}).input("x", DType::float32, {"n"}).output("y");
  bad.integers("three", {1}, {3}).output("t");
  bad.node("Reshape", {"x", "three"}, {"t"});
  graph.node("If", {"c"}, {"y"})
      .with("then_branch", bad.proto)
      .with("else_branch", branch("Neg", {"x"}, "n").proto);
  Graph g = plain(make_model(graph, 16));
  g.set_type(g.inputs()[1], TypeInfo::tensor(DType::float32, {2}));
  const Status status = simplify(g, OpRegistry::core());
  ASSERT_TRUE(status.ok()) << to_string(status);
  const Tensor x = Tensor::of<float>({2}, {1, 2});
  EXPECT_THAT(run(g, {Tensor::of<bool>({}, {false}), x}), ElementsAre(ElementsAre(-1, -2)));
  const Value inputs[] = {Tensor::of<bool>({}, {true}), x};
  EXPECT_FALSE(evaluate(g, inputs).ok());
}

onnx::FunctionProto& add_function(onnx::ModelProto& model, const std::string& name,
                                  const Names& inputs, const Names& outputs, int opset) {
  onnx::FunctionProto& function = *model.add_functions();
  function.set_domain("local");
  function.set_name(name);
  for (const std::string& input : inputs) function.add_input(input);
  for (const std::string& output : outputs) function.add_output(output);
  function.add_opset_import()->set_version(opset);
  auto& local = *function.add_opset_import();
  local.set_domain("local");
  local.set_version(1);
  return function;
}

TEST(ConvertFunctions, AreInlined) {
  GraphMaker graph;
  graph.input("x", DType::float32, {2, 3}).output("y").output("z");
  graph.node("Twice", {"x"}, {"y"}).domain("local").with("slope", 0.5F);
  graph.node("Twice", {"y"}, {"z"}).domain("local");
  onnx::ModelProto model = make_model(graph, 16);
  onnx::FunctionProto& twice = add_function(model, "Twice", {"in"}, {"out"}, 13);
  twice.add_attribute("slope");
  add_node(*twice.mutable_node(), "Once", {"in"}, {"half"})
      .domain("local")
      .refers("slope", "slope", onnx::AttributeProto::FLOAT);
  add_node(*twice.mutable_node(), "Once", {"half"}, {"out"}).domain("local");
  onnx::FunctionProto& once = add_function(model, "Once", {"in", "unused"}, {"out"}, 10);
  once.add_attribute("slope");
  add_node(*once.mutable_node(), "LeakyRelu", {"in"}, {"relu"})
      .refers("alpha", "slope", onnx::AttributeProto::FLOAT);
  // Of opset 10, unlike the model.
  add_node(*once.mutable_node(), "Clip", {"relu"}, {"out"}).with("max", 6.0F);
  ConversionReport report;
  const Result<Graph> g = convert_plain(model, &report);
  ASSERT_TRUE(g.ok()) << to_string(g.status());
  EXPECT_EQ(report.inlined, 6U);
  EXPECT_THAT(operators(*g), ElementsAre("LeakyRelu", "Clip", "LeakyRelu", "Clip", "LeakyRelu",
                                         "Clip", "LeakyRelu", "Clip"));
  const Result<std::vector<NodeId>> order = g->order();
  EXPECT_EQ(g->node((*order)[0]).attrs.number("alpha"), 0.5F);
  EXPECT_THAT(floats(*g, g->node((*order)[1]), 2), ElementsAre(6.0F));
  EXPECT_FALSE(g->node((*order)[2]).attrs.number("alpha", 9) == 0.5F);
  EXPECT_EQ(g->node((*order)[0]).name, "make_y/make_half/make_relu");
  EXPECT_EQ(g->output_name(0), "y");
  EXPECT_EQ(g->output_name(1), "z");
  EXPECT_EQ(g->value(g->outputs()[0]).name, "y");
}

// Fields of FunctionProto and NodeProto that are newer than the onnx.proto compiled in.
std::string field(int number, const std::string& bytes) {
  std::string out(1, static_cast<char>(number << 3 | 2));
  return out + static_cast<char>(bytes.size()) + bytes;
}

TEST(ConvertFunctions, OverloadsAndDefaultAttributes) {
  GraphMaker graph;
  graph.input("x", DType::float32, {2}).output("y").output("z");
  *graph.node("F", {"x"}, {"y"}).domain("local").proto().mutable_unknown_fields() =
      field(8, "second");
  graph.node("F", {"x"}, {"z"}).domain("local");
  onnx::ModelProto model = make_model(graph, 16);
  onnx::FunctionProto& first = add_function(model, "F", {"in"}, {"out"}, 16);
  add_node(*first.mutable_node(), "Neg", {"in"}, {"out"});
  onnx::FunctionProto& second = add_function(model, "F", {"in"}, {"out"}, 16);
  onnx::AttributeProto slope;
  slope.set_name("slope");
  slope.set_type(onnx::AttributeProto::FLOAT);
  slope.set_f(0.25F);
  *second.mutable_unknown_fields() = field(13, "second") + field(11, slope.SerializeAsString());
  add_node(*second.mutable_node(), "LeakyRelu", {"in"}, {"out"})
      .refers("alpha", "slope", onnx::AttributeProto::FLOAT);
  const Graph g = plain(model);
  EXPECT_EQ(g.producer(g.outputs()[0])->op, "LeakyRelu");
  EXPECT_EQ(g.producer(g.outputs()[0])->attrs.number("alpha"), 0.25F);
  EXPECT_EQ(g.producer(g.outputs()[1])->op, "Neg");
}

TEST(ConvertFunctions, OmittedInputsStayOmitted) {
  GraphMaker graph;
  graph.input("x", DType::float32, {2}).output("y");
  graph.node("F", {"x"}, {"y"}).domain("local");
  onnx::ModelProto model = make_model(graph, 16);
  onnx::FunctionProto& f = add_function(model, "F", {"in", "low", "high"}, {"out"}, 16);
  add_node(*f.mutable_node(), "Clip", {"in", "low", "high"}, {"out"});
  const Graph g = plain(model);
  EXPECT_EQ(only(g, "Clip").input(1), kNone);
  EXPECT_EQ(only(g, "Clip").input(2), kNone);
}

TEST(ConvertFunctions, RecursionAndExplosionAreBounded) {
  GraphMaker graph;
  graph.input("x", DType::float32, {2}).output("y");
  graph.node("F0", {"x"}, {"y"}).domain("local");
  onnx::ModelProto model = make_model(graph, 16);
  onnx::FunctionProto& self = add_function(model, "F0", {"in"}, {"out"}, 16);
  add_node(*self.mutable_node(), "F0", {"in"}, {"out"}).domain("local");
  EXPECT_THAT(error(model), HasSubstr("does the function call itself?"));

  // Every function calls the next one ten times: 10^12 nodes.
  model.clear_functions();
  for (int i = 0; i < 12; ++i) {
    onnx::FunctionProto& f = add_function(model, "F" + std::to_string(i), {"in"}, {"out"}, 16);
    for (int k = 0; k < 10; ++k)
      add_node(*f.mutable_node(), i == 11 ? "Neg" : "F" + std::to_string(i + 1),
               {k == 0 ? "in" : "v" + std::to_string(k)},
               {k == 9 ? "out" : "v" + std::to_string(k + 1)})
          .domain(i == 11 ? "" : "local");
  }
  EXPECT_THAT(error(model), HasSubstr("more than"));
}

TEST(ConvertShapes, FixNamedAndUnknownDimensions) {
  GraphMaker graph;
  graph.input("x", DType::float32, {"batch", 3, "", "width"});
  graph.input("m", DType::float32, {"batch", 3, 1, 1});
  graph.output("y", DType::float32, {"batch", 3, "", "width"});
  graph.node("Add", {"x", "m"}, {"y"});
  const onnx::ModelProto model = make_model(graph, 13);
  ConvertOptions options;
  options.shapes["x"] = Shape{2, 3, 7, Shape::kUnknown};
  Result<Model> converted = convert(model, options);
  ASSERT_TRUE(converted.ok()) << to_string(converted.status());
  EXPECT_EQ(converted->inputs()[0].type.shape, (Shape{2, 3, 7, Shape::kUnknown}));
  EXPECT_EQ(converted->inputs()[1].type.shape, (Shape{2, 3, 1, 1}));
  EXPECT_EQ(converted->outputs()[0].type.shape, (Shape{2, 3, 7, Shape::kUnknown}));
  options.shapes = {{"batch", Shape{5}}};
  converted = convert(model, options);
  ASSERT_TRUE(converted.ok()) << to_string(converted.status());
  EXPECT_EQ(converted->inputs()[1].type.shape[0], 5);

  options.shapes = {{"x", Shape{2, 4, 7, 7}}};
  EXPECT_THAT(error(model, options), HasSubstr("'x' float32[batch, 3, ?, width]"));
  options.shapes = {{"x", Shape{2, 3}}};
  EXPECT_THAT(error(model, options), HasSubstr("does not fit"));
  options.shapes = {{"q", Shape{2}}};
  EXPECT_THAT(error(model, options), HasSubstr("the inputs are 'x' float32[batch, 3, ?, width]"));
  options.shapes = {{"x", Shape{2, 3, 7, 7}}, {"batch", Shape{1}}};
  EXPECT_THAT(error(model, options), HasSubstr("dimension 'batch' is to be"));
}

TEST(ConvertReport, NamesEveryNodeThatCannotBeRun) {
  GraphMaker graph, body;
  graph.input("x", DType::float32, {2, 3}).input("c", DType::boolean, {}).output("y").output("z");
  graph.node("Mystery", {"x", ""}, {"a"}).domain("acme").name("first");
  graph.node("Relu", {"a"}, {"y"});
  graph.node("NoSuchOp", {"x"}, {"b"}).name("second");
  graph.floats("w", {5}, {1, 2, 3, 4, 5});
  graph.node("Add", {"x", "w"}, {"z"}).name("third");  // shapes do not broadcast
  body.output("t");
  body.node("Mystery", {"x"}, {"t"}).domain("acme").name("inner");
  graph.output("u");
  graph.node("If", {"c"}, {"u"})
      .name("if")
      .with("then_branch", body.proto)
      .with("else_branch", body.proto);
  onnx::ModelProto model = make_model(graph, 16);
  auto& acme = *model.add_opset_import();
  acme.set_domain("acme");
  acme.set_version(3);
  ConversionReport report;
  const Result<Model> converted = convert(model, {}, &report);
  ASSERT_FALSE(converted.ok());
  EXPECT_EQ(converted.status().code(), Code::unsupported);
  std::vector<std::string> nodes;
  for (const UnsupportedNode& node : report.unsupported) nodes.push_back(node.node);
  EXPECT_THAT(nodes, testing::IsSupersetOf({"first", "second", "third", "if/then_branch/inner",
                                            "if/else_branch/inner"}));
  const UnsupportedNode& first = report.unsupported[0];
  EXPECT_EQ(first.domain, "acme");
  EXPECT_EQ(first.op, "Mystery");
  EXPECT_EQ(first.opset, 3);
  ASSERT_EQ(first.inputs.size(), 2U);
  EXPECT_EQ(first.inputs[0].name, "x");
  EXPECT_EQ(to_string(first.inputs[0].type), "float32[2, 3]");
  EXPECT_EQ(first.inputs[1].name, "");
  EXPECT_THAT(first.fault, HasSubstr("acme"));
  EXPECT_FALSE(first.advice.empty());
  for (const std::string& text : {to_string(report), to_json(report), converted.status().message()})
    for (const char* part : {"first", "second", "third", "inner", "Mystery", "float32[2, 3]"})
      EXPECT_THAT(text, HasSubstr(part));

  ConvertOptions keep;
  keep.allow_unsupported = true;
  const Result<Model> kept = convert(model, keep);
  ASSERT_TRUE(kept.ok()) << to_string(kept.status());
  EXPECT_EQ(only(kept->graph(), "NoSuchOp").def, nullptr);
}

TEST(ConvertReport, JsonEscapes) {
  ConversionReport report;
  report.source = "a\"b\\c\n\xff\xc3\xa9";
  EXPECT_THAT(to_json(report), HasSubstr("\"a\\\"b\\\\c\\u000a\\ufffd\xc3\xa9\""));
}

TEST(ConvertMalformed, ContradictionsAreRefused) {
  const auto base = [] {
    GraphMaker graph;
    graph.input("x", DType::float32, {2}).output("y", DType::float32, {2});
    graph.node("Relu", {"x"}, {"y"});
    return graph;
  };
  GraphMaker g = base();
  g.node("Neg", {"x"}, {"y"});
  EXPECT_THAT(error(make_model(g, 13)), HasSubstr("'y' is defined twice"));
  g = base();
  g.node("Neg", {"nowhere"}, {"z"});
  EXPECT_THAT(error(make_model(g, 13)), HasSubstr("'nowhere' is read, but"));
  g = base();
  g.node("Add", {"b", "x"}, {"a"});
  g.node("Neg", {"a"}, {"b"});
  EXPECT_THAT(error(make_model(g, 13)), HasSubstr("cycle"));
  g = base();
  g.output("q");
  EXPECT_THAT(error(make_model(g, 13)), HasSubstr("'q'"));
  g = base();
  g.output("y");
  EXPECT_THAT(error(make_model(g, 13)), HasSubstr("two outputs 'y'"));
  g = base();
  g.input("x", DType::float32, {2});
  EXPECT_THAT(error(make_model(g, 13)), HasSubstr("'x' is defined twice"));
  g = base();
  g.floats("y", {2}, {1, 2});
  EXPECT_THAT(error(make_model(g, 13)), HasSubstr("'y'"));
  g = base();
  g.floats("w", {2}, {1, 2}).floats("w", {2}, {1, 2});
  EXPECT_THAT(error(make_model(g, 13)), HasSubstr("two initializers 'w'"));
  g = base();
  g.node("LeakyRelu", {"x"}, {"z"}).with("alpha", 1.0F).with("alpha", 2.0F);
  EXPECT_THAT(error(make_model(g, 13)), HasSubstr("'alpha' is given twice"));
  g = base();
  g.node("LeakyRelu", {"x"}, {"z"}).refers("alpha", "slope", onnx::AttributeProto::FLOAT);
  EXPECT_THAT(error(make_model(g, 13)), HasSubstr("not in a function"));
}

TEST(ConvertMalformed, VersionsOutsideTheRangeAreRefused) {
  GraphMaker graph;
  graph.input("x", DType::float32, {2}).output("y").node("Relu", {"x"}, {"y"});
  EXPECT_THAT(error(make_model(graph, 0)), HasSubstr("opset 0, older than 1"));
  EXPECT_THAT(error(make_model(graph, 29)), HasSubstr("opset 29, newer than 28"));
  EXPECT_THAT(error(make_model(graph, 13, 99)), HasSubstr("IR version 99"));
  EXPECT_THAT(error(make_model(graph, 13, 0)), HasSubstr("no IR version"));
  onnx::ModelProto model = make_model(graph, 13);
  model.add_opset_import()->set_version(14);
  EXPECT_THAT(error(model), HasSubstr("in versions 13 and 14"));
  model.clear_opset_import();
  EXPECT_THAT(error(model), HasSubstr("does not import the standard operators"));
  model.clear_graph();
  EXPECT_THAT(error(model), HasSubstr("no graph"));
}

TEST(ConvertMalformed, DeepNestingIsRefused) {
  GraphMaker inner;
  inner.output("v0");
  inner.node("Relu", {"x"}, {"v0"});
  onnx::GraphProto proto = inner.proto;
  for (int depth = 1; depth < 70; ++depth) {
    GraphMaker around;
    around.output("v" + std::to_string(depth));
    around.node("If", {"c"}, {"v" + std::to_string(depth)})
        .with("then_branch", proto)
        .with("else_branch", inner.proto);
    proto = around.proto;
  }
  GraphMaker graph;
  graph.input("x", DType::float32, {2}).input("c", DType::boolean, {});
  proto.mutable_input()->CopyFrom(graph.proto.input());
  graph.proto = proto;
  EXPECT_THAT(error(make_model(graph, 16)), HasSubstr("deep"));
}

}  // namespace
}  // namespace oarlock::test
