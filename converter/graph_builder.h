#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "converter/adapters/adapter.h"
#include "converter/attributes.h"
#include "converter/context.h"
#include "oarlock/plugin/graph.h"
#include "onnx/onnx.pb.h"

namespace oarlock::converter {

// A value that a subgraph reads from the graphs around it.
struct Captured {
  std::string name;
  TypeInfo type;
  std::optional<Tensor> constant;  // given as a constant of its own instead of as an input
};

// Where names are looked up: a graph's, or a function's body.
struct Scope {
  const Opsets* opsets = nullptr;
  const Bindings* bindings = nullptr;  // in functions
  std::string path;                    // of the nodes: "loop/body/"
  int depth = 0;                       // of subgraphs and functions
  bool is_function = false;
  std::unordered_map<std::string, ValueId> values;           // kNone for an omitted input
  std::unordered_map<std::string, std::string> given_names;  // that values get in the graph
  std::unordered_set<std::string> reads;                     // names that anything reads
};

// Makes a Graph of a GraphProto: functions inlined, nodes at the newest opset, resolved and with
// types. Nodes that cannot be run are added to the context's report and stay as they are.
class GraphBuilder final : public DraftContext {
 public:
  explicit GraphBuilder(Context& context) : context_(context) {}

  // The scope has no values yet. `captured` become inputs after the graph's own, or constants.
  // Initializers that are inputs as well become constants in the main graph only.
  Result<Graph> build(onnx::GraphProto& proto, Scope scope, std::span<const Captured> captured);

  const TypeInfo& type(ValueId value) const override;
  const Tensor* constant(ValueId value) const override { return graph_.constant(value); }
  ValueId add_constant(std::string_view name, Tensor tensor) override;
  Result<ValueId> add(std::string_view name, std::string_view op, std::vector<ValueId> inputs,
                      Attrs attrs) override;
  Result<std::vector<ValueId>> add(NodeDraft draft) override;
  std::string unique_name(std::string_view hint) const override;
  bool is_read(const std::string& output) const override { return !unread_.contains(output); }
  const OpRegistry& ops() const override { return *context_.options.ops; }

 private:
  struct Initializer {
    onnx::TensorProto* dense = nullptr;
    onnx::SparseTensorProto* sparse = nullptr;
  };

  Status add_inputs(onnx::GraphProto& proto, Scope& scope);
  Status add_initializers(onnx::GraphProto& proto);
  Status add_captured(std::span<const Captured> captured, Scope& scope);
  Status add_outputs(const onnx::GraphProto& proto, Scope& scope);
  Status read_declared_types(const onnx::GraphProto& proto, const Scope& scope);
  Status note_reads(google::protobuf::RepeatedPtrField<onnx::NodeProto>& nodes, Scope& scope);
  Status add_nodes(google::protobuf::RepeatedPtrField<onnx::NodeProto>& nodes, Scope& scope);
  Status add_node(onnx::NodeProto& node, Scope& scope);
  Status add_constant_node(onnx::NodeProto& node, Scope& scope);
  Status add_operator(onnx::NodeProto& node, Scope& scope);
  Status add_subgraphs(onnx::NodeProto& node, Scope& scope, NodeDraft& draft);
  Status expand_gradient(const NodeDraft& draft, Scope& scope);
  Status inline_call(onnx::NodeProto& node, Function& function, Scope& scope);

  Result<ValueId> look_up(const std::string& name, Scope& scope);
  Status define(const std::string& name, ValueId value, Scope& scope);
  std::string value_name(const std::string& name, const Scope& scope) const;
  Result<std::vector<ValueId>> inputs_of(const onnx::NodeProto& node, Scope& scope);
  void report(const Status& fault, std::string advice);
  Status place(NodeDraft draft, std::vector<ValueId>& outputs);

  // The node of the model that is being converted.
  struct Origin {
    UnsupportedNode entry;
    bool reported = false;
  };

  Context& context_;
  Graph graph_;
  Origin origin_;
  std::unordered_map<std::string, Initializer> initializers_;  // not read yet
  std::unordered_map<std::string, TypeInfo> declared_;         // by name in the graph
  std::unordered_set<std::string> reserved_;                   // names of the model itself
  std::unordered_set<std::string> unread_;  // outputs of the node that is being converted
};

// "loop/body/conv1": a node's name, or that of its first output, or its operator.
std::string node_path(const onnx::NodeProto& node, const Scope& scope);

}  // namespace oarlock::converter
