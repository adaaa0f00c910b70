#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "oarlock/plugin/attrs.h"
#include "oarlock/status.h"
#include "oarlock/tensor.h"
#include "oarlock/type_info.h"

namespace oarlock {

struct OpDef;
class OpRegistry;
class Patch;

using NodeId = int32_t;
using ValueId = int32_t;
inline constexpr int32_t kNone = -1;  // an omitted optional input or output; no producer

// Domain of ONNX's standard operators is ""; operators of our own live in "oarlock".
inline constexpr std::string_view kOarlockDomain = "oarlock";

// One application of an operator.
struct Node {
  std::string name;    // not empty, unique in its graph
  std::string domain;  // "" for ai.onnx
  std::string op;
  const OpDef* def = nullptr;  // null until resolved, or when no such operator is known
  Attrs attrs;
  std::vector<ValueId> inputs;   // kNone for omitted ones; the last `captures` are captured values
  std::vector<ValueId> outputs;  // kNone for omitted ones
  // Values of the enclosing graph that the node's subgraphs read. Every subgraph has, after its
  // formal inputs, one input for each captured value in the same order.
  int captures = 0;
  int device = kNone;  // index into the session's devices, set by placement
  bool alive = true;

  std::span<const ValueId> formal_inputs() const {
    return {inputs.data(), inputs.size() - captures};
  }
  ValueId input(size_t i) const { return i + captures < inputs.size() ? inputs[i] : kNone; }
  ValueId output(size_t i) const { return i < outputs.size() ? outputs[i] : kNone; }
};

// A value that flows between nodes: a graph input, a constant, or an output of one node.
struct ValueInfo {
  std::string name;  // unique in its graph
  TypeInfo type;
  NodeId producer = kNone;
  int producer_output = 0;
  std::optional<Tensor> constant;
  std::vector<NodeId> users;  // each user once, unordered
  bool is_input = false;
};

// What applying a patch changed in a graph, so that it can be taken back.
class GraphChange {
 public:
  // Nodes that changed, as they were before.
  const std::vector<std::pair<NodeId, Node>>& nodes() const { return nodes_; }

 private:
  friend class Graph;
  size_t node_count_ = 0, value_count_ = 0;
  // As they were, each once.
  std::vector<std::pair<NodeId, Node>> nodes_;
  std::vector<std::pair<ValueId, ValueInfo>> values_;
  std::vector<ValueId> outputs_;
};

// Nodes and values by id. Built with the add functions, afterwards changed only by applying a
// Patch (or by the planner setting `device`). Ids stay valid; erased nodes have alive == false.
// Not thread-safe while changing; reading from several threads is safe.
class Graph {
 public:
  std::string name;

  ValueId add_input(std::string name, TypeInfo type);
  ValueId add_constant(std::string name, Tensor tensor);
  // Outputs get the names given; one named "" is omitted. `def` is looked up
  // by whoever builds the graph. Fails on ids outside the graph or on taken names.
  Result<NodeId> add_node(Node node, std::vector<std::string> output_names);
  // Outputs have names of their own ("" takes the value's), which rewriting never changes; any
  // value may be an output, also an input, a constant, or one value several times.
  void add_output(ValueId value, std::string name = "");

  size_t node_count() const { return nodes_.size(); }  // erased ones included
  size_t value_count() const { return values_.size(); }
  const Node& node(NodeId id) const { return nodes_[id]; }
  const ValueInfo& value(ValueId id) const { return values_[id]; }
  void set_type(ValueId id, TypeInfo type) { values_[id].type = std::move(type); }
  void set_def(NodeId id, const OpDef* def) { nodes_[id].def = def; }
  void set_attrs(NodeId id, Attrs attrs) { nodes_[id].attrs = std::move(attrs); }
  void set_device(NodeId id, int device) { nodes_[id].device = device; }

  const std::vector<ValueId>& inputs() const { return inputs_; }
  const std::vector<ValueId>& outputs() const { return outputs_; }
  const std::string& output_name(size_t i) const { return output_names_[i]; }
  bool is_output(ValueId id) const;
  // nullptr when the value is not constant (or is kNone).
  const Tensor* constant(ValueId id) const;
  // nullptr for inputs and constants (and kNone).
  const Node* producer(ValueId id) const;
  // Users plus graph outputs: 1 means that a rewrite may absorb the producer.
  size_t use_count(ValueId id) const;
  std::optional<ValueId> find_value(std::string_view name) const;

  // Living nodes, each after those whose outputs it reads. Fails on a cycle.
  Result<std::vector<NodeId>> order() const;

  // Applies a patch: adds its nodes, infers the types of the new values, redirects uses, erases
  // what became dead. On failure the graph is unchanged. Returns the new nodes that are alive.
  Result<std::vector<NodeId>> apply(Patch patch, const OpRegistry& ops);
  // The same; `change` receives what undo() needs.
  Result<std::vector<NodeId>> apply(Patch patch, const OpRegistry& ops, GraphChange& change);
  // Takes the latest apply() back; nothing else may have changed but devices and types of what it
  // added.
  void undo(GraphChange change);
  // Makes a value constant; its producer, if any, loses this output.
  void make_constant(ValueId value, Tensor tensor);
  // Let one node, or the graph's output i, read other values; for the planner.
  void set_inputs(NodeId node, std::vector<ValueId> inputs);
  void replace_output(size_t i, ValueId to) { outputs_[i] = to; }
  // Erases nodes whose outputs nobody reads. Returns how many.
  size_t erase_dead();

 private:
  friend class Patch;
  ValueId add_value(std::string name, TypeInfo type);
  NodeId append(Node node);
  std::string unique_value_name(std::string_view wanted) const;
  std::string unique_node_name(std::string_view wanted) const;
  void redirect(ValueId from, ValueId to);
  void remove_user(ValueId value, NodeId node);
  void erase_if_dead(NodeId node);
  void truncate(size_t nodes, size_t values);
  // Before they change.
  void note_node(NodeId id);
  void note_value(ValueId id);

  std::vector<Node> nodes_;
  std::vector<ValueInfo> values_;
  std::vector<ValueId> inputs_, outputs_;
  std::vector<std::string> output_names_;
  std::unordered_map<std::string, ValueId> value_by_name_;
  std::unordered_set<std::string> node_names_;
  GraphChange* change_ = nullptr;  // while a patch is applied that may be taken back
};

// Every id in range, users and producers agree, no cycle, names unique, types of constants agree
// with their tensors, subgraph inputs match formal inputs and captures.
Status verify(const Graph& graph);

// Indented text of a graph, a node a line: for debugging and `inspect`.
std::string to_string(const Graph& graph);

}  // namespace oarlock
