#include "oarlock/plugin/graph.h"

#include <algorithm>
#include <deque>

namespace oarlock {

namespace {

template <class Taken>
std::string make_unique_name(std::string_view wanted, const Taken& taken) {
  std::string base(wanted.empty() ? "value" : wanted);
  if (!taken.contains(base)) return base;
  for (size_t n = taken.size();; ++n) {
    std::string name = concat(base, "_", n);
    if (!taken.contains(name)) return name;
  }
}

}  // namespace

std::string Graph::unique_value_name(std::string_view wanted) const {
  return make_unique_name(wanted, value_by_name_);
}

std::string Graph::unique_node_name(std::string_view wanted) const {
  return make_unique_name(wanted, node_names_);
}

ValueId Graph::add_value(std::string value_name, TypeInfo type) {
  const auto id = static_cast<ValueId>(values_.size());
  ValueInfo value;
  value.name = unique_value_name(value_name);
  value.type = std::move(type);
  value_by_name_.emplace(value.name, id);
  values_.push_back(std::move(value));
  return id;
}

ValueId Graph::add_input(std::string input_name, TypeInfo type) {
  const ValueId id = add_value(std::move(input_name), std::move(type));
  values_[id].is_input = true;
  inputs_.push_back(id);
  return id;
}

ValueId Graph::add_constant(std::string constant_name, Tensor tensor) {
  const ValueId id =
      add_value(std::move(constant_name), TypeInfo::tensor(tensor.dtype(), tensor.shape()));
  values_[id].constant = std::move(tensor);
  return id;
}

// Takes over a node whose ids are in range and whose outputs have no producer yet.
NodeId Graph::append(Node node) {
  const auto id = static_cast<NodeId>(nodes_.size());
  node.name = unique_node_name(node.name.empty() ? node.op : node.name);
  node_names_.insert(node.name);
  for (ValueId input : node.inputs) {
    if (input == kNone) continue;
    note_value(input);
    std::vector<NodeId>& users = values_[input].users;
    if (users.empty() || users.back() != id) users.push_back(id);
  }
  for (size_t i = 0; i < node.outputs.size(); ++i) {
    if (node.outputs[i] == kNone) continue;
    values_[node.outputs[i]].producer = id;
    values_[node.outputs[i]].producer_output = static_cast<int>(i);
  }
  nodes_.push_back(std::move(node));
  return id;
}

Result<NodeId> Graph::add_node(Node node, std::vector<std::string> output_names) {
  for (ValueId input : node.inputs)
    if (input < kNone || input >= static_cast<ValueId>(values_.size()))
      return invalid("node '", node.name, "' (", node.op, ") reads a value that is not in graph '",
                     name, "'");
  if (node.captures < 0 || static_cast<size_t>(node.captures) > node.inputs.size())
    return invalid("node '", node.name, "' (", node.op,
                   ") captures more values than it has inputs");
  for (const std::string& output : output_names)
    if (!output.empty() && value_by_name_.contains(output))
      return invalid("node '", node.name, "' (", node.op, "): the name '", output,
                     "' is taken by another value");
  node.outputs.clear();
  for (std::string& output : output_names)
    node.outputs.push_back(output.empty() ? kNone : add_value(std::move(output), {}));
  return append(std::move(node));
}

void Graph::add_output(ValueId value, std::string output_name) {
  outputs_.push_back(value);
  output_names_.push_back(output_name.empty() ? values_[value].name : std::move(output_name));
}

bool Graph::is_output(ValueId id) const {
  return std::find(outputs_.begin(), outputs_.end(), id) != outputs_.end();
}

const Tensor* Graph::constant(ValueId id) const {
  return id != kNone && values_[id].constant ? &*values_[id].constant : nullptr;
}

const Node* Graph::producer(ValueId id) const {
  return id != kNone && values_[id].producer != kNone ? &nodes_[values_[id].producer] : nullptr;
}

size_t Graph::use_count(ValueId id) const {
  return values_[id].users.size() + std::count(outputs_.begin(), outputs_.end(), id);
}

std::optional<ValueId> Graph::find_value(std::string_view value_name) const {
  auto found = value_by_name_.find(std::string(value_name));
  if (found == value_by_name_.end()) return std::nullopt;
  return found->second;
}

// Depth first from the outputs: a value is computed shortly before it is needed.
Result<std::vector<NodeId>> Graph::order() const {
  enum : uint8_t { unseen, open, done };
  std::vector<uint8_t> state(nodes_.size(), unseen);
  std::vector<NodeId> order;
  order.reserve(nodes_.size());
  struct Frame {
    NodeId node;
    size_t next_input;
  };
  std::vector<Frame> stack;
  auto visit = [&](NodeId root) -> Status {
    if (root == kNone || state[root] != unseen) return {};
    stack.push_back({root, 0});
    state[root] = open;
    while (!stack.empty()) {
      Frame& frame = stack.back();
      const Node& node = nodes_[frame.node];
      if (frame.next_input == node.inputs.size()) {
        state[frame.node] = done;
        order.push_back(frame.node);
        stack.pop_back();
        continue;
      }
      const ValueId input = node.inputs[frame.next_input++];
      const NodeId before = input == kNone ? kNone : values_[input].producer;
      if (before == kNone || state[before] == done) continue;
      if (state[before] == open)
        return invalid("graph '", name, "' has a cycle through node '", nodes_[before].name, "'");
      state[before] = open;
      stack.push_back({before, 0});
    }
    return {};
  };
  for (ValueId output : outputs_) OARLOCK_TRY(visit(values_[output].producer));
  for (NodeId id = 0; id < static_cast<NodeId>(nodes_.size()); ++id)
    if (nodes_[id].alive) OARLOCK_TRY(visit(id));
  return order;
}

void Graph::remove_user(ValueId value, NodeId node) {
  if (value == kNone) return;
  note_value(value);
  std::erase(values_[value].users, node);
  if (values_[value].users.empty() && values_[value].constant && !is_output(value))
    values_[value].constant.reset();
}

void Graph::erase_if_dead(NodeId first) {
  std::deque<NodeId> queue{first};
  while (!queue.empty()) {
    const NodeId id = queue.front();
    queue.pop_front();
    Node& node = nodes_[id];
    if (!node.alive) continue;
    const bool used = std::any_of(node.outputs.begin(), node.outputs.end(),
                                  [&](ValueId v) { return v != kNone && use_count(v) > 0; });
    if (used) continue;
    note_node(id);
    node.alive = false;
    node_names_.erase(node.name);
    for (ValueId output : node.outputs) {
      if (output == kNone) continue;
      note_value(output);
      values_[output].producer = kNone;
    }
    for (ValueId input : node.inputs) {
      if (input == kNone) continue;
      const NodeId before = values_[input].producer;
      remove_user(input, id);
      if (before != kNone) queue.push_back(before);
    }
  }
}

size_t Graph::erase_dead() {
  size_t before = 0, after = 0;
  for (const Node& node : nodes_) before += node.alive;
  for (NodeId id = 0; id < static_cast<NodeId>(nodes_.size()); ++id)
    if (nodes_[id].alive) erase_if_dead(id);
  for (const Node& node : nodes_) after += node.alive;
  return before - after;
}

void Graph::make_constant(ValueId value, Tensor tensor) {
  ValueInfo& info = values_[value];
  info.type = TypeInfo::tensor(tensor.dtype(), tensor.shape());
  info.constant = std::move(tensor);
  const NodeId producer = info.producer;
  if (producer == kNone) return;
  nodes_[producer].outputs[info.producer_output] = kNone;
  info.producer = kNone;
  erase_if_dead(producer);
}

void Graph::redirect(ValueId from, ValueId to) {
  note_value(from);
  note_value(to);
  std::vector<NodeId> users = std::move(values_[from].users);
  values_[from].users.clear();
  for (NodeId user : users) {
    note_node(user);
    for (ValueId& input : nodes_[user].inputs)
      if (input == from) input = to;
    std::vector<NodeId>& target = values_[to].users;
    if (std::find(target.begin(), target.end(), user) == target.end()) target.push_back(user);
  }
  std::replace(outputs_.begin(), outputs_.end(), from, to);
}

void Graph::set_inputs(NodeId id, std::vector<ValueId> inputs) {
  for (ValueId input : nodes_[id].inputs)
    if (input != kNone) std::erase(values_[input].users, id);
  nodes_[id].inputs = std::move(inputs);
  for (ValueId input : nodes_[id].inputs) {
    if (input == kNone) continue;
    std::vector<NodeId>& users = values_[input].users;
    if (std::find(users.begin(), users.end(), id) == users.end()) users.push_back(id);
  }
}

// Takes back nodes and values added last; nothing older refers to them.
void Graph::truncate(size_t nodes, size_t values) {
  for (size_t id = nodes; id < nodes_.size(); ++id) {
    node_names_.erase(nodes_[id].name);
    for (ValueId input : nodes_[id].inputs)
      if (input != kNone) std::erase(values_[input].users, static_cast<NodeId>(id));
  }
  nodes_.resize(nodes);
  for (size_t id = values; id < values_.size(); ++id) value_by_name_.erase(values_[id].name);
  values_.resize(values);
}

}  // namespace oarlock
