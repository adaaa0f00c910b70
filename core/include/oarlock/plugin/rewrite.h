#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "oarlock/plugin/graph.h"

namespace oarlock {

class OpRegistry;

// A change to a graph: new constants and nodes, and which existing values they replace.
// Reads the graph it was made for and does not touch it; Graph::apply carries it out.
class Patch {
 public:
  explicit Patch(const Graph& graph)
      : graph_(&graph), next_(static_cast<ValueId>(graph.value_count())) {}

  ValueId add_constant(std::string_view name_hint, Tensor tensor);
  // Adds a node; returns the ids its outputs will have. Names are made unique on applying.
  std::vector<ValueId> add_node(std::string_view name_hint, std::string_view domain,
                                std::string_view op, std::vector<ValueId> inputs, Attrs attrs = {},
                                size_t output_count = 1);
  // A node with captures or other fields set by hand.
  std::vector<ValueId> add_node(Node node, size_t output_count);
  // All uses of `old_value` (graph outputs too) will read `new_value`, which takes over its name if
  // it comes from a node of this patch.
  void replace(ValueId old_value, ValueId new_value) {
    replacements_.push_back({old_value, new_value});
  }

  bool empty() const { return nodes_.empty() && replacements_.empty(); }

 private:
  friend class Graph;
  struct NewConstant {
    ValueId id;
    std::string name;
    Tensor tensor;
  };
  struct Replacement {
    ValueId from, to;
  };
  const Graph* graph_;
  ValueId next_;
  std::vector<NewConstant> constants_;
  std::vector<Node> nodes_;
  std::vector<Replacement> replacements_;
};

// A named rewrite, tried on every node whose operator is root_op ("" tries every node;
// "oarlock.Conv" names an operator of a domain). Returns a patch to apply, nothing when it does
// not fit, or an error, which is reported under the rule's name.
struct Rule {
  std::string_view name;
  std::string_view root_op;
  Result<std::optional<Patch>> (*rewrite)(const Graph& graph, NodeId root);
};

// Applies rules until none fits (bounded number of sweeps), but no patch with operators that `ops`
// lacks. `on_applied` hears of every application. Debug builds verify the graph after each.
Status rewrite(Graph& graph, std::span<const Rule> rules, const OpRegistry& ops,
               const std::function<void(std::string_view rule, const Node& root)>& on_applied = {});

}  // namespace oarlock
