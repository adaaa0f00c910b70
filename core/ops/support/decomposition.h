#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "oarlock/plugin/op.h"
#include "oarlock/plugin/rewrite.h"

namespace oarlock::ops {

// The nodes that stand for one node, in the making. Types of the node's inputs are known at least
// by rank; extents may be unknown.
class Decomposition {
 public:
  Decomposition(const Graph& graph, NodeId node)
      : graph_(&graph), node_(&graph.node(node)), patch_(graph) {}

  const Attrs& attrs() const { return node_->attrs; }
  const std::string& op() const { return node_->op; }
  size_t input_count() const { return node_->formal_inputs().size(); }
  ValueId input(size_t i) const { return node_->input(i); }  // kNone when omitted
  bool has_input(size_t i) const { return input(i) != kNone; }
  bool has_output(size_t i) const { return node_->output(i) != kNone; }
  // Of the node's inputs.
  DType dtype(size_t i) const { return graph_->value(input(i)).type.dtype; }
  const Shape& shape(size_t i) const { return graph_->value(input(i)).type.shape; }
  const Tensor* constant(size_t i) const { return graph_->constant(input(i)); }

  // A node of the standard domain; its first output, or all of them.
  ValueId add(std::string_view op, std::vector<ValueId> inputs, Attrs attrs = {});
  std::vector<ValueId> add_many(std::string_view op, std::vector<ValueId> inputs, Attrs attrs,
                                size_t outputs);
  ValueId constant(Tensor tensor) { return patch_.add_constant(node_->name, std::move(tensor)); }
  ValueId number(double value, DType dtype);                // a scalar
  ValueId integers(std::initializer_list<int64_t> values);  // 1-D int64
  ValueId integers(std::span<const int64_t> values);
  ValueId reshape(ValueId value, std::initializer_list<int64_t> shape);  // 0 copies, -1 is the rest
  ValueId transpose(ValueId value, std::initializer_list<int64_t> perm);
  ValueId unsqueeze(ValueId value, std::initializer_list<int64_t> axes);
  // Extent `axis` of input i as a 1-D int64 value, constant when it is known.
  ValueId extent(size_t i, size_t axis);
  // value[..., from:to, ...]
  ValueId slice(ValueId value, int64_t axis, int64_t from, int64_t to);
  // Casts unless `from` is `to`.
  ValueId cast(ValueId value, DType from, DType to);

  // Output i of the node; nothing when it is omitted.
  void replace(size_t i, ValueId by);
  std::optional<Patch> finish() { return std::move(patch_); }

 private:
  const Graph* graph_;
  const Node* node_;
  Patch patch_;
};

// The node in terms of others; false when that takes more than is known of its inputs.
using Decompose = std::function<Result<bool>(Decomposition&)>;
// Refuses inputs and attributes.
using Check = std::function<Status(InferContext&)>;

// An operator that is nothing but its decomposition, which also tells the types of its outputs,
// unless `types` sets them. `check` and `types` may be null. Inputs are tensors.
OpDef function_op(OpDef def, Check check, Decompose decompose, Check types = nullptr);

}  // namespace oarlock::ops
