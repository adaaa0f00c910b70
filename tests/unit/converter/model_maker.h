#pragma once

#include <initializer_list>
#include <span>
#include <string>
#include <vector>

#include "oarlock/convert.h"
#include "onnx/onnx.pb.h"

namespace oarlock::test {

// Extents of a type: a number, or a name, or "" for unknown.
struct Dim {
  int64_t value = -1;
  std::string name;
  Dim(int v) : value(v) {}
  Dim(const char* n) : name(n) {}
};
using Dims = std::vector<Dim>;

// Attributes of a node, set one after the other.
class NodeMaker {
 public:
  explicit NodeMaker(onnx::NodeProto* node) : node_(node) {}
  NodeMaker& name(const std::string& name);
  NodeMaker& domain(const std::string& domain);
  NodeMaker& with(const std::string& name, int64_t value);
  NodeMaker& with(const std::string& name, float value);
  NodeMaker& with(const std::string& name, const char* value);
  NodeMaker& with(const std::string& name, std::vector<int64_t> values);
  NodeMaker& with_floats(const std::string& name, std::vector<float> values);
  NodeMaker& with(const std::string& name, const onnx::GraphProto& graph);
  NodeMaker& with(const std::string& name, const onnx::TensorProto& tensor);
  // The value of the function's attribute `from`.
  NodeMaker& refers(const std::string& name, const std::string& from,
                    onnx::AttributeProto::AttributeType type);
  onnx::NodeProto& proto() { return *node_; }

 private:
  onnx::AttributeProto& add(const std::string& name, onnx::AttributeProto::AttributeType type);
  onnx::NodeProto* node_;
};

using Names = std::vector<std::string>;

NodeMaker add_node(google::protobuf::RepeatedPtrField<onnx::NodeProto>& nodes,
                   const std::string& op, const Names& inputs, const Names& outputs);

// A GraphProto, filled piece by piece.
class GraphMaker {
 public:
  onnx::GraphProto proto;

  GraphMaker& input(const std::string& name, DType dtype, const Dims& dims);
  GraphMaker& input(const std::string& name);  // without a type
  GraphMaker& output(const std::string& name, DType dtype, const Dims& dims);
  GraphMaker& output(const std::string& name);
  GraphMaker& floats(const std::string& name, const Shape& shape, std::vector<float> values);
  GraphMaker& integers(const std::string& name, const Shape& shape, std::vector<int64_t> values);
  NodeMaker node(const std::string& op, const Names& inputs, const Names& outputs) {
    return add_node(*proto.mutable_node(), op, inputs, outputs);
  }
};

onnx::TensorProto float_tensor(const std::string& name, const Shape& shape,
                               std::vector<float> values);
onnx::TensorProto raw_tensor(const std::string& name, int dtype, const Shape& shape,
                             const std::string& bytes);

// A whole model around a graph.
onnx::ModelProto make_model(const GraphMaker& graph, int opset, int ir_version = 8);

Result<Model> convert(const onnx::ModelProto& model, const ConvertOptions& options = {},
                      ConversionReport* report = nullptr, const std::string& folder = "");

// Without simplification, keeping what cannot be run.
Result<Graph> convert_plain(const onnx::ModelProto& model, ConversionReport* report = nullptr);

// The living nodes' operators, in an order in which they can run.
std::vector<std::string> operators(const Graph& graph);
// The only living node with this operator; fails the test when there is none or more.
const Node& only(const Graph& graph, std::string_view op);
// Of a constant input of a node; empty when it is none or has another type.
std::vector<int64_t> integers(const Graph& graph, const Node& node, size_t input);
std::vector<float> floats(const Graph& graph, const Node& node, size_t input);

// Outputs of a converted graph for float inputs, by the reference implementations.
std::vector<std::vector<float>> run(const Graph& graph, const std::vector<Tensor>& inputs);

}  // namespace oarlock::test
