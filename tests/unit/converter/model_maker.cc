#include "tests/unit/converter/model_maker.h"

#include <gtest/gtest.h>

#include "core/ops/evaluate.h"

namespace oarlock::test {

onnx::AttributeProto& NodeMaker::add(const std::string& name,
                                     onnx::AttributeProto::AttributeType type) {
  onnx::AttributeProto& attribute = *node_->add_attribute();
  attribute.set_name(name);
  attribute.set_type(type);
  return attribute;
}

NodeMaker& NodeMaker::name(const std::string& name) {
  node_->set_name(name);
  return *this;
}
NodeMaker& NodeMaker::domain(const std::string& domain) {
  node_->set_domain(domain);
  return *this;
}
NodeMaker& NodeMaker::with(const std::string& name, int64_t value) {
  add(name, onnx::AttributeProto::INT).set_i(value);
  return *this;
}
NodeMaker& NodeMaker::with(const std::string& name, float value) {
  add(name, onnx::AttributeProto::FLOAT).set_f(value);
  return *this;
}
NodeMaker& NodeMaker::with(const std::string& name, const char* value) {
  add(name, onnx::AttributeProto::STRING).set_s(value);
  return *this;
}
NodeMaker& NodeMaker::with(const std::string& name, std::vector<int64_t> values) {
  onnx::AttributeProto& attribute = add(name, onnx::AttributeProto::INTS);
  for (int64_t value : values) attribute.add_ints(value);
  return *this;
}
NodeMaker& NodeMaker::with_floats(const std::string& name, std::vector<float> values) {
  onnx::AttributeProto& attribute = add(name, onnx::AttributeProto::FLOATS);
  for (float value : values) attribute.add_floats(value);
  return *this;
}
NodeMaker& NodeMaker::with(const std::string& name, const onnx::GraphProto& graph) {
  *add(name, onnx::AttributeProto::GRAPH).mutable_g() = graph;
  return *this;
}
NodeMaker& NodeMaker::with(const std::string& name, const onnx::TensorProto& tensor) {
  *add(name, onnx::AttributeProto::TENSOR).mutable_t() = tensor;
  return *this;
}
NodeMaker& NodeMaker::refers(const std::string& name, const std::string& from,
                             onnx::AttributeProto::AttributeType type) {
  add(name, type).set_ref_attr_name(from);
  return *this;
}

NodeMaker add_node(google::protobuf::RepeatedPtrField<onnx::NodeProto>& nodes,
                   const std::string& op, const Names& inputs, const Names& outputs) {
  onnx::NodeProto& node = *nodes.Add();
  node.set_op_type(op);
  for (const std::string& input : inputs) node.add_input(input);
  for (const std::string& output : outputs) node.add_output(output);
  if (!outputs.empty()) node.set_name("make_" + outputs[0]);
  return NodeMaker(&node);
}

namespace {

void fill(onnx::ValueInfoProto& value, const std::string& name, DType dtype, const Dims& dims) {
  value.set_name(name);
  auto& tensor = *value.mutable_type()->mutable_tensor_type();
  tensor.set_elem_type(static_cast<int>(dtype));
  auto& shape = *tensor.mutable_shape();
  for (const Dim& dim : dims) {
    auto& proto = *shape.add_dim();
    if (dim.value >= 0) proto.set_dim_value(dim.value);
    if (!dim.name.empty()) proto.set_dim_param(dim.name);
  }
}

}  // namespace

GraphMaker& GraphMaker::input(const std::string& name, DType dtype, const Dims& dims) {
  fill(*proto.add_input(), name, dtype, dims);
  return *this;
}
GraphMaker& GraphMaker::input(const std::string& name) {
  proto.add_input()->set_name(name);
  return *this;
}
GraphMaker& GraphMaker::output(const std::string& name, DType dtype, const Dims& dims) {
  fill(*proto.add_output(), name, dtype, dims);
  return *this;
}
GraphMaker& GraphMaker::output(const std::string& name) {
  proto.add_output()->set_name(name);
  return *this;
}
GraphMaker& GraphMaker::floats(const std::string& name, const Shape& shape,
                               std::vector<float> values) {
  *proto.add_initializer() = float_tensor(name, shape, std::move(values));
  return *this;
}
GraphMaker& GraphMaker::integers(const std::string& name, const Shape& shape,
                                 std::vector<int64_t> values) {
  onnx::TensorProto& tensor = *proto.add_initializer();
  tensor.set_name(name);
  tensor.set_data_type(onnx::TensorProto::INT64);
  for (int64_t dim : shape) tensor.add_dims(dim);
  for (int64_t value : values) tensor.add_int64_data(value);
  return *this;
}

onnx::TensorProto float_tensor(const std::string& name, const Shape& shape,
                               std::vector<float> values) {
  onnx::TensorProto tensor;
  tensor.set_name(name);
  tensor.set_data_type(onnx::TensorProto::FLOAT);
  for (int64_t dim : shape) tensor.add_dims(dim);
  for (float value : values) tensor.add_float_data(value);
  return tensor;
}

onnx::TensorProto raw_tensor(const std::string& name, int dtype, const Shape& shape,
                             const std::string& bytes) {
  onnx::TensorProto tensor;
  tensor.set_name(name);
  tensor.set_data_type(dtype);
  for (int64_t dim : shape) tensor.add_dims(dim);
  tensor.set_raw_data(bytes);
  return tensor;
}

onnx::ModelProto make_model(const GraphMaker& graph, int opset, int ir_version) {
  onnx::ModelProto model;
  model.set_ir_version(ir_version);
  model.set_producer_name("test");
  auto& import = *model.add_opset_import();
  import.set_domain("");
  import.set_version(opset);
  *model.mutable_graph() = graph.proto;
  model.mutable_graph()->set_name("main");
  return model;
}

Result<Model> convert(const onnx::ModelProto& model, const ConvertOptions& options,
                      ConversionReport* report, const std::string& folder) {
  const std::string bytes = model.SerializeAsString();
  return convert_onnx(std::as_bytes(std::span(bytes.data(), bytes.size())), folder, options,
                      report);
}

Result<Graph> convert_plain(const onnx::ModelProto& model, ConversionReport* report) {
  ConvertOptions options;
  options.allow_unsupported = true;
  options.simplify = false;
  OARLOCK_ASSIGN(Model converted, convert(model, options, report));
  return Graph(converted.graph());
}

std::vector<std::string> operators(const Graph& graph) {
  std::vector<std::string> names;
  const Result<std::vector<NodeId>> order = graph.order();
  EXPECT_TRUE(order.ok());
  if (order.ok())
    for (NodeId id : *order) names.push_back(graph.node(id).op);
  return names;
}

const Node& only(const Graph& graph, std::string_view op) {
  static const Node none;
  const Node* found = nullptr;
  for (size_t id = 0; id < graph.node_count(); ++id) {
    const Node& node = graph.node(static_cast<NodeId>(id));
    if (!node.alive || node.op != op) continue;
    EXPECT_EQ(found, nullptr) << "more than one " << op;
    found = &node;
  }
  EXPECT_NE(found, nullptr) << "no " << op;
  return found != nullptr ? *found : none;
}

std::vector<int64_t> integers(const Graph& graph, const Node& node, size_t input) {
  const Tensor* tensor = graph.constant(node.input(input));
  if (tensor == nullptr || tensor->dtype() != DType::int64) return {};
  const auto values = tensor->as<int64_t>();
  return {values.begin(), values.end()};
}

std::vector<float> floats(const Graph& graph, const Node& node, size_t input) {
  const Tensor* tensor = graph.constant(node.input(input));
  if (tensor == nullptr || tensor->dtype() != DType::float32) return {};
  const auto values = tensor->as<float>();
  return {values.begin(), values.end()};
}

std::vector<std::vector<float>> run(const Graph& graph, const std::vector<Tensor>& inputs) {
  const std::vector<Value> values(inputs.begin(), inputs.end());
  const Result<std::vector<Value>> outputs = evaluate(graph, values);
  EXPECT_TRUE(outputs.ok()) << to_string(outputs.status());
  std::vector<std::vector<float>> results;
  if (!outputs.ok()) return results;
  for (const Value& output : *outputs) {
    results.emplace_back();
    if (!output.is_tensor() || output.tensor().dtype() != DType::float32) continue;
    const auto elements = output.tensor().as<float>();
    results.back().assign(elements.begin(), elements.end());
  }
  return results;
}

}  // namespace oarlock::test
