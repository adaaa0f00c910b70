#include "converter/names.h"

#include <queue>
#include <unordered_map>

namespace oarlock::converter {

const std::string& plain_domain(const std::string& domain) {
  static const std::string standard;
  return domain == "ai.onnx" ? standard : domain;
}

std::vector<onnx::GraphProto*> subgraphs(onnx::NodeProto& node) {
  std::vector<onnx::GraphProto*> graphs;
  for (onnx::AttributeProto& attribute : *node.mutable_attribute()) {
    if (attribute.has_g()) graphs.push_back(attribute.mutable_g());
    for (onnx::GraphProto& graph : *attribute.mutable_graphs()) graphs.push_back(&graph);
  }
  return graphs;
}

Result<std::vector<std::string>> free_names(onnx::GraphProto& graph, int depth) {
  if (depth > kMaxDepth) return invalid("subgraphs are nested more than ", kMaxDepth, " deep");
  std::unordered_set<std::string> known;
  for (const onnx::ValueInfoProto& input : graph.input()) known.insert(input.name());
  for (const onnx::TensorProto& tensor : graph.initializer()) known.insert(tensor.name());
  for (const onnx::SparseTensorProto& tensor : graph.sparse_initializer())
    known.insert(tensor.values().name());
  for (const onnx::NodeProto& node : graph.node())
    known.insert(node.output().begin(), node.output().end());
  known.insert("");
  std::vector<std::string> names;
  auto read = [&](const std::string& name) {
    if (known.insert(name).second) names.push_back(name);
  };
  for (onnx::NodeProto& node : *graph.mutable_node()) {
    OARLOCK_ASSIGN(const std::vector<std::string> inputs, names_read(node, depth));
    for (const std::string& name : inputs) read(name);
  }
  for (const onnx::ValueInfoProto& output : graph.output()) read(output.name());
  return names;
}

Result<std::vector<std::string>> names_read(onnx::NodeProto& node, int depth) {
  std::vector<std::string> names;
  for (const std::string& input : node.input())
    if (!input.empty()) names.push_back(input);
  for (onnx::GraphProto* graph : subgraphs(node)) {
    OARLOCK_ASSIGN(const std::vector<std::string> inner, free_names(*graph, depth + 1));
    names.insert(names.end(), inner.begin(), inner.end());
  }
  return names;
}

Result<std::vector<onnx::NodeProto*>> sorted_nodes(
    google::protobuf::RepeatedPtrField<onnx::NodeProto>& nodes) {
  std::unordered_map<std::string, int> producers;
  for (int i = 0; i < nodes.size(); ++i)
    for (const std::string& output : nodes[i].output())
      if (!output.empty()) producers.emplace(output, i);
  std::vector<int> waiting_for(nodes.size(), 0);
  std::vector<std::vector<int>> readers(nodes.size());
  for (int i = 0; i < nodes.size(); ++i) {
    OARLOCK_ASSIGN(const std::vector<std::string> inputs, names_read(nodes[i]));
    for (const std::string& name : inputs) {
      const auto found = producers.find(name);
      if (found == producers.end()) continue;
      readers[found->second].push_back(i);
      ++waiting_for[i];
    }
  }
  std::priority_queue<int, std::vector<int>, std::greater<>> ready;
  for (int i = 0; i < nodes.size(); ++i)
    if (waiting_for[i] == 0) ready.push(i);
  std::vector<onnx::NodeProto*> sorted;
  sorted.reserve(nodes.size());
  while (!ready.empty()) {
    const int i = ready.top();
    ready.pop();
    sorted.push_back(&nodes[i]);
    for (int reader : readers[i])
      if (--waiting_for[reader] == 0) ready.push(reader);
  }
  if (sorted.size() == static_cast<size_t>(nodes.size())) return sorted;
  for (int i = 0; i < nodes.size(); ++i)
    if (waiting_for[i] > 0)
      return invalid("node '", nodes[i].name(), "' (", nodes[i].op_type(),
                     ") is part of a cycle or depends on one");
  return internal_error("sorting nodes failed");
}

}  // namespace oarlock::converter
