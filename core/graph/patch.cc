#include <algorithm>

#include "oarlock/plugin/op.h"
#include "oarlock/plugin/rewrite.h"

namespace oarlock {

ValueId Patch::add_constant(std::string_view name_hint, Tensor tensor) {
  constants_.push_back({next_, std::string(name_hint), std::move(tensor)});
  return next_++;
}

std::vector<ValueId> Patch::add_node(std::string_view name_hint, std::string_view domain,
                                     std::string_view op, std::vector<ValueId> inputs, Attrs attrs,
                                     size_t output_count) {
  Node node;
  node.name = name_hint;
  node.domain = domain;
  node.op = op;
  node.inputs = std::move(inputs);
  node.attrs = std::move(attrs);
  return add_node(std::move(node), output_count);
}

std::vector<ValueId> Patch::add_node(Node node, size_t output_count) {
  node.outputs.clear();
  node.def = nullptr;
  node.alive = true;
  for (size_t i = 0; i < output_count; ++i) node.outputs.push_back(next_++);
  nodes_.push_back(std::move(node));
  return nodes_.back().outputs;
}

Result<std::vector<NodeId>> Graph::apply(Patch patch, const OpRegistry& ops, GraphChange& change) {
  change = {};
  change.node_count_ = nodes_.size();
  change.value_count_ = values_.size();
  change.outputs_ = outputs_;
  // For the time of this call, also where memory runs out in it.
  struct Noting {
    GraphChange*& noted;
    ~Noting() { noted = nullptr; }
  };
  const Noting noting{change_ = &change};
  return apply(std::move(patch), ops);
}

void Graph::note_node(NodeId id) {
  if (change_ == nullptr || static_cast<size_t>(id) >= change_->node_count_) return;
  for (const auto& [known, node] : change_->nodes_)
    if (known == id) return;
  change_->nodes_.emplace_back(id, nodes_[id]);
}

void Graph::note_value(ValueId id) {
  if (change_ == nullptr || static_cast<size_t>(id) >= change_->value_count_) return;
  for (const auto& [known, value] : change_->values_)
    if (known == id) return;
  change_->values_.emplace_back(id, values_[id]);
}

void Graph::undo(GraphChange change) {
  // Names may have moved between what was added and what was there: all go, then the old return.
  for (size_t id = change.node_count_; id < nodes_.size(); ++id) node_names_.erase(nodes_[id].name);
  for (size_t id = change.value_count_; id < values_.size(); ++id)
    value_by_name_.erase(values_[id].name);
  for (const auto& [id, value] : change.values_) value_by_name_.erase(values_[id].name);
  nodes_.resize(change.node_count_);
  values_.resize(change.value_count_);
  for (auto& [id, node] : change.nodes_) {
    if (node.alive) node_names_.insert(node.name);
    nodes_[id] = std::move(node);
  }
  for (auto& [id, value] : change.values_) {
    value_by_name_[value.name] = id;
    values_[id] = std::move(value);
  }
  outputs_ = std::move(change.outputs_);
}

Result<std::vector<NodeId>> Graph::apply(Patch patch, const OpRegistry& ops) {
  const size_t old_nodes = nodes_.size();
  const size_t old_values = values_.size();
  if (patch.graph_ != this || patch.next_ < static_cast<ValueId>(old_values))
    return internal_error("a patch was made for another graph");

  // Values first, in the order of their ids, then the nodes that read and write them.
  struct Pending {
    ValueId id;
    std::string name;
    Tensor* constant;
  };
  std::vector<Pending> pending;
  for (Patch::NewConstant& c : patch.constants_) pending.push_back({c.id, c.name, &c.tensor});
  for (const Node& node : patch.nodes_)
    for (size_t i = 0; i < node.outputs.size(); ++i)
      pending.push_back({node.outputs[i], i == 0 ? node.name : concat(node.name, ".", i), nullptr});
  std::sort(pending.begin(), pending.end(),
            [](const Pending& a, const Pending& b) { return a.id < b.id; });
  for (Pending& p : pending) {
    const ValueId id =
        p.constant ? add_constant(p.name, std::move(*p.constant)) : add_value(p.name, {});
    if (id != p.id) {
      truncate(old_nodes, old_values);
      return internal_error("a patch was made for another state of graph '", name, "'");
    }
  }

  Status status;
  std::vector<NodeId> added;
  std::vector<std::string> wanted_names;
  for (Node& node : patch.nodes_) {
    for (ValueId input : node.inputs)
      if (input < kNone || input >= static_cast<ValueId>(values_.size()))
        status = internal_error("new node '", node.name, "' (", node.op,
                                ") reads a value that does not exist");
    if (!status.ok()) break;
    wanted_names.push_back(node.name);
    added.push_back(append(std::move(node)));
    status = resolve_node(*this, added.back(), ops);
    if (status.ok()) status = infer_node(*this, added.back());
    if (!status.ok()) break;
  }
  for (const Patch::Replacement& r : patch.replacements_) {
    if (!status.ok()) break;
    const TypeInfo& from = values_[r.from].type;
    const TypeInfo& to = values_[r.to].type;
    if (from.is_tensor() && to.is_tensor() &&
        (from.dtype != to.dtype ||
         (from.is_concrete() && to.is_concrete() && from.shape != to.shape)))
      status = internal_error("value '", values_[r.from].name, "' of type ", to_string(from),
                              " cannot be replaced by one of type ", to_string(to));
  }
  if (!status.ok()) {
    truncate(old_nodes, old_values);
    return status;
  }

  std::vector<NodeId> maybe_dead;
  for (const Patch::Replacement& r : patch.replacements_) {
    note_value(r.from);
    note_value(r.to);
    ValueInfo& from = values_[r.from];
    ValueInfo& to = values_[r.to];
    if (to.producer >= static_cast<NodeId>(old_nodes) &&
        from.producer < static_cast<NodeId>(old_nodes)) {
      std::swap(value_by_name_[from.name], value_by_name_[to.name]);
      std::swap(from.name, to.name);
    }
    if (!to.type.is_concrete() && from.type.is_concrete()) to.type = from.type;
    redirect(r.from, r.to);
    if (from.producer != kNone) maybe_dead.push_back(from.producer);
    if (from.constant && !from.is_input) from.constant.reset();
  }
  for (NodeId id : maybe_dead) erase_if_dead(id);
  // The names of nodes that are gone are free for those in their place.
  for (size_t i = 0; i < added.size(); ++i) {
    Node& node = nodes_[added[i]];
    if (wanted_names[i].empty() || !node.alive || !node_names_.insert(wanted_names[i]).second)
      continue;
    node_names_.erase(node.name);
    node.name = wanted_names[i];
  }
  std::erase_if(added, [&](NodeId id) {
    erase_if_dead(id);
    return !nodes_[id].alive;
  });
  return added;
}

}  // namespace oarlock
