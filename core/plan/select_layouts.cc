#include <algorithm>
#include <limits>

#include "core/plan/draft.h"

namespace oarlock {

Layout simplest(const Layout& layout, const Shape& shape) {
  if (layout.kind != Layout::Kind::blocked) return layout;
  for (const Layout::Block& block : layout.blocks)
    if (block.axis >= shape.rank() || shape[block.axis] % block.size != 0) return layout;
  // Axes of extent one may stand anywhere; blocks after the last larger axis are in row-major order
  // if they split that very axis.
  std::vector<uint8_t> order = layout.order;
  if (order.empty())
    for (size_t axis = 0; axis < shape.rank(); ++axis) order.push_back(static_cast<uint8_t>(axis));
  std::erase_if(order, [&](uint8_t axis) { return shape[axis] == 1; });
  if (!std::is_sorted(order.begin(), order.end())) return layout;
  for (const Layout::Block& block : layout.blocks)
    if (order.empty() || block.axis != order.back()) return layout;
  return Layout::row_major();
}

const Layout& input_layout(const NodeDraft& node, size_t i) {
  static const Layout row_major;
  const KernelOption& option = node.chosen();
  return node.kernel != nullptr && i < option.inputs.size() ? option.inputs[i] : row_major;
}

const Layout& output_layout(const NodeDraft& node, size_t i) {
  static const Layout row_major;
  const KernelOption& option = node.chosen();
  return node.kernel != nullptr && i < option.outputs.size() ? option.outputs[i] : row_major;
}

namespace {

class Selection {
 public:
  Selection(Draft& draft, const std::vector<NodeId>& order)
      : draft_(draft), graph_(draft.graph), order_(order) {}

  void choose_by_producers() {
    for (NodeId id : order_) pick(id, false);
  }

  // Coordinate descent; every change lowers the cost.
  void improve() {
    for (int sweep = 0; sweep < 10; ++sweep) {
      bool changed = false;
      for (size_t i = 0; i < order_.size(); ++i) changed = pick(order_[i], true) || changed;
      for (size_t i = order_.size(); i-- > 0;) changed = pick(order_[i], true) || changed;
      if (!changed) return;
    }
  }

  double cost() {
    double total = 0;
    for (NodeId id : order_) {
      NodeDraft& node = draft_.at(id);
      total += own_cost(id, node.option) + inputs_cost(id, node.option);
    }
    return total + outputs_of_graph();
  }

  std::vector<size_t> choices() {
    std::vector<size_t> list;
    for (NodeId id : order_) list.push_back(draft_.at(id).option);
    return list;
  }
  void restore(const std::vector<size_t>& list) {
    for (size_t i = 0; i < order_.size(); ++i) draft_.at(order_[i]).option = list[i];
  }

 private:
  double bytes(ValueId id) const {
    const TypeInfo& type = graph_.value(id).type;
    if (!is_planned(type)) return 0;
    return static_cast<double>(storage_bytes(type.dtype, *type.shape.elements()).value_or(0)) + 1;
  }

  Layout layout_of(ValueId id) {
    const ValueInfo& value = graph_.value(id);
    if (value.producer == kNone) return Layout::row_major();
    return output_layout(draft_.at(value.producer), value.producer_output);
  }

  double mismatch(ValueId id, const Layout& from, const Layout& to) const {
    const TypeInfo& type = graph_.value(id).type;
    if (!is_planned(type) || same_bytes(from, to, type.shape)) return 0;
    return 2 * bytes(id);
  }

  double own_cost(NodeId id, size_t option) {
    const KernelOption& o = draft_.at(id).needs.options[option];
    if (o.cost == 1) return 0;
    double touched = 0;
    const Node& node = graph_.node(id);
    for (ValueId v : node.inputs)
      if (v != kNone) touched += bytes(v);
    for (ValueId v : node.outputs)
      if (v != kNone) touched += bytes(v);
    return (o.cost - 1) * touched;
  }

  double inputs_cost(NodeId id, size_t option) {
    NodeDraft& node = draft_.at(id);
    const size_t kept = node.option;
    node.option = option;
    double total = 0;
    const auto inputs = graph_.node(id).formal_inputs();
    for (size_t i = 0; i < inputs.size(); ++i)
      if (inputs[i] != kNone && graph_.constant(inputs[i]) == nullptr)
        total += mismatch(inputs[i], layout_of(inputs[i]), input_layout(node, i));
    node.option = kept;
    return total;
  }

  double consumers_cost(NodeId id, size_t option) {
    NodeDraft& node = draft_.at(id);
    const size_t kept = node.option;
    node.option = option;
    double total = 0;
    for (size_t o = 0; o < graph_.node(id).outputs.size(); ++o) {
      const ValueId output = graph_.node(id).outputs[o];
      if (output == kNone) continue;
      for (NodeId user : graph_.value(output).users) {
        const auto inputs = graph_.node(user).formal_inputs();
        for (size_t i = 0; i < inputs.size(); ++i)
          if (inputs[i] == output)
            total += mismatch(output, output_layout(node, o), input_layout(draft_.at(user), i));
      }
      if (graph_.is_output(output))
        total += mismatch(output, output_layout(node, o), Layout::row_major());
    }
    node.option = kept;
    return total;
  }

  double outputs_of_graph() {
    double total = 0;
    for (ValueId output : graph_.outputs())
      total += mismatch(output, layout_of(output), Layout::row_major());
    return total;
  }

  bool pick(NodeId id, bool with_consumers) {
    NodeDraft& node = draft_.at(id);
    if (node.kernel == nullptr || node.needs.options.size() < 2) return false;
    auto cost_of = [&](size_t option) {
      return own_cost(id, option) + inputs_cost(id, option) +
             (with_consumers ? consumers_cost(id, option) : 0);
    };
    size_t best = with_consumers ? node.option : 0;
    double best_cost = cost_of(best);
    for (size_t option = 0; option < node.needs.options.size(); ++option) {
      const double c = cost_of(option);
      if (c < best_cost) {
        best = option;
        best_cost = c;
      }
    }
    const bool changed = node.option != best;
    node.option = best;
    return changed;
  }

  Draft& draft_;
  const Graph& graph_;
  const std::vector<NodeId>& order_;
};

}  // namespace

void select_layouts(Draft& draft, const DeviceTable& devices) {
  const Result<std::vector<NodeId>> order = draft.graph.order();
  if (!order.ok()) return;
  for (NodeId id : *order) draft.at(id);
  Selection selection(draft, *order);
  // Two starts: every kernel's favourite, and what the producers offer.
  selection.improve();
  const double favourites_cost = selection.cost();
  const std::vector<size_t> favourites = selection.choices();
  selection.choose_by_producers();
  selection.improve();
  if (favourites_cost <= selection.cost()) selection.restore(favourites);
  for (NodeId id : *order) {
    NodeDraft& node = draft.at(id);
    if (node.owners.empty()) continue;
    node.kernel = node.owners[node.option];
    const KernelDef* last = node.kernel;
    for (const KernelDef* other : node.owners) {
      if (other == node.kernel || other == last) continue;
      node.refusals.push_back({devices[draft.graph.node(id).device].info().name, other->name,
                               concat("beside its neighbours ", node.kernel->name, " costs less")});
      last = other;
    }
  }
}

}  // namespace oarlock
