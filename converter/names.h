#pragma once

#include <string>
#include <unordered_set>
#include <vector>

#include "oarlock/status.h"
#include "onnx/onnx.pb.h"

namespace oarlock::converter {

// Deepest nesting of subgraphs and function calls together.
inline constexpr int kMaxDepth = 48;

// "" for "ai.onnx", else the domain itself.
const std::string& plain_domain(const std::string& domain);

// The graphs among a node's attributes, in order.
std::vector<onnx::GraphProto*> subgraphs(onnx::NodeProto& node);

// Names that a graph reads, itself or in its subgraphs, and does not define: what it captures from
// the graphs around it. In order of their first use.
Result<std::vector<std::string>> free_names(onnx::GraphProto& graph, int depth = 0);

// The node's inputs and all free names of its subgraphs, without omitted ones.
Result<std::vector<std::string>> names_read(onnx::NodeProto& node, int depth = 0);

// The nodes, each after those whose outputs it reads, else in the given order. `nodes` may come in
// any order; a cycle is invalid. Names that no node defines are ignored.
Result<std::vector<onnx::NodeProto*>> sorted_nodes(
    google::protobuf::RepeatedPtrField<onnx::NodeProto>& nodes);

}  // namespace oarlock::converter
