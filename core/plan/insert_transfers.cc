#include "core/plan/draft.h"

namespace oarlock {

Result<const KernelDef*> find_relayout(const NodeView& view, const PlacedDevice& device,
                                       KernelNeeds& needs) {
  Status last = unsupported("device ", device.info().name, " has no kernel for oarlock.Relayout");
  for (const KernelDef* kernel : device.kernels_for(view.node())) {
    Result<KernelNeeds> found = kernel->match(view, *device.device);
    if (found.ok()) {
      needs = *std::move(found);
      return kernel;
    }
    last = found.status();
  }
  return last.within(concat("from ", view.relayout()->from, " to ", view.relayout()->to));
}

namespace {

class Inserter {
 public:
  Inserter(Draft& draft, const DeviceTable& devices, ConstantCache& cache)
      : draft_(draft), graph_(draft.graph), devices_(devices), cache_(cache) {}

  Status run() {
    OARLOCK_ASSIGN(const std::vector<NodeId> order, graph_.order());
    for (NodeId id : order) {
      // Ids: the vector of inputs may move while nodes are added.
      const size_t count = graph_.node(id).formal_inputs().size();
      for (size_t i = 0; i < count; ++i) {
        const ValueId input = graph_.node(id).inputs[i];
        if (input == kNone || !is_planned(graph_.value(input).type)) continue;
        const Place wanted{graph_.node(id).device, input_layout(draft_.at(id), i)};
        OARLOCK_ASSIGN(const ValueId placed, bring(input, wanted));
        if (placed != input) replace_one(id, i, placed);
      }
      // Captured values are read on the host.
      for (size_t i = count; i < graph_.node(id).inputs.size(); ++i) {
        const ValueId input = graph_.node(id).inputs[i];
        if (input == kNone || !is_planned(graph_.value(input).type)) continue;
        OARLOCK_ASSIGN(const ValueId placed,
                       bring(input, {devices_.reference(), Layout::row_major()}));
        if (placed != input) replace_one(id, i, placed);
      }
    }
    return outputs();
  }

 private:
  struct Place {
    int device;
    Layout layout;
  };

  // One input only: another may want the same value in another layout.
  void replace_one(NodeId id, size_t position, ValueId to) {
    const std::vector<ValueId> inputs = graph_.node(id).inputs;
    std::vector<ValueId> wanted = inputs;
    wanted[position] = to;
    graph_.set_inputs(id, std::move(wanted));
  }

  Place place_of(ValueId id) {
    const ValueInfo& value = graph_.value(id);
    if (value.producer == kNone) return {devices_.reference(), Layout::row_major()};
    return {graph_.node(value.producer).device,
            output_layout(draft_.at(value.producer), value.producer_output)};
  }

  Result<ValueId> bring(ValueId id, const Place& wanted) {
    const Shape shape = graph_.value(id).type.shape;
    if (const Tensor* constant = graph_.constant(id)) {
      const bool as_is = same_bytes(wanted.layout, Layout::row_major(), shape) &&
                         devices_.same_memory(wanted.device, devices_.reference());
      if (as_is) return id;
      return bring_constant(id, *constant, wanted);
    }
    Place at = place_of(id);
    if (!devices_.same_memory(at.device, wanted.device)) {
      // Layouts of one device mean nothing to another: cross in row-major order.
      if (!at.layout.is_row_major()) {
        OARLOCK_ASSIGN(id, relayout(id, at, Layout::row_major()));
      }
      OARLOCK_ASSIGN(id, copy(id, wanted.device));
      at = {wanted.device, Layout::row_major()};
    }
    if (same_bytes(at.layout, wanted.layout, shape)) return id;
    // The consumer's device converts if it has kernels at all, else the producer's.
    if (!devices_[wanted.device].is_reference()) at.device = wanted.device;
    return relayout(id, at, wanted.layout);
  }

  Result<ValueId> bring_constant(ValueId id, const Tensor& tensor, const Place& wanted) {
    const auto key = std::make_tuple(id, wanted.device, to_string(wanted.layout));
    if (const auto known = made_.find(key); known != made_.end()) return known->second;
    Result<std::shared_ptr<const PlacedConstant>> placed =
        cache_.get(tensor, wanted.layout, wanted.device, devices_);
    if (!placed.ok())
      return placed.status().within(concat("constant '", graph_.value(id).name, "' on ",
                                           devices_[wanted.device].info().name));
    const ValueId copy =
        graph_.add_constant(concat(graph_.value(id).name, "@", wanted.layout), tensor);
    draft_.constants[copy] = *std::move(placed);
    made_[key] = copy;
    return copy;
  }

  Result<ValueId> add(std::string_view op, ValueId id, int device, const std::string& suffix) {
    Node node;
    node.name = concat(graph_.value(id).name, suffix);
    node.domain = kOarlockDomain;
    node.op = op;
    node.inputs = {id};
    const TypeInfo type = graph_.value(id).type;
    OARLOCK_ASSIGN(
        const NodeId added,
        graph_.add_node(std::move(node), {unique(concat(graph_.value(id).name, suffix))}));
    OARLOCK_TRY(resolve_node(graph_, added, devices_.ops));
    graph_.set_device(added, device);
    const ValueId output = graph_.node(added).outputs[0];
    graph_.set_type(output, type);
    draft_.at(added) = {};
    return output;
  }

  std::string unique(std::string name) const {
    while (graph_.find_value(name)) name += "'";
    return name;
  }

  Result<ValueId> copy(ValueId id, int device) {
    const auto key = std::make_tuple(id, device, std::string("copy"));
    if (const auto known = made_.find(key); known != made_.end()) return known->second;
    OARLOCK_ASSIGN(const ValueId output,
                   add("Copy", id, device, "@" + devices_[device].info().name));
    made_[key] = output;
    return output;
  }

  // Whether a kernel of the device knows both layouts.
  bool changes(ValueId id, const Place& at, const Layout& to) const {
    Graph graph;
    Node node;
    node.name = "relayout";
    node.domain = kOarlockDomain;
    node.op = "Relayout";
    const TypeInfo& type = graph_.value(id).type;
    node.inputs = {graph.add_input("x", type)};
    const Result<NodeId> added = graph.add_node(std::move(node), {"y"});
    if (!added.ok()) return false;
    graph.set_type(graph.node(*added).outputs[0], type);
    const RelayoutLayouts layouts{at.layout, to};
    KernelNeeds needs;
    return find_relayout(NodeView(graph, graph.node(*added), &layouts), devices_[at.device], needs)
        .ok();
  }

  // Directly, or by way of row-major order where no kernel knows both layouts.
  Result<ValueId> relayout(ValueId id, const Place& at, const Layout& to) {
    const auto key = std::make_tuple(id, at.device, to_string(to));
    if (const auto known = made_.find(key); known != made_.end()) return known->second;
    if (!at.layout.is_row_major() && !to.is_row_major() && !changes(id, at, to)) {
      OARLOCK_ASSIGN(const ValueId plain, relayout(id, at, Layout::row_major()));
      return relayout(plain, {at.device, Layout::row_major()}, to);
    }
    OARLOCK_ASSIGN(const ValueId output, add("Relayout", id, at.device, "@" + to_string(to)));
    const NodeId node_id = graph_.value(output).producer;
    NodeDraft& node = draft_.at(node_id);
    node.relayout = std::make_unique<RelayoutLayouts>(RelayoutLayouts{at.layout, to});
    const NodeView view(graph_, graph_.node(node_id), node.relayout.get());
    OARLOCK_ASSIGN(node.kernel, find_relayout(view, devices_[at.device], node.needs));
    KernelOption& option = node.needs.options[0];
    option.inputs = {at.layout};
    option.outputs = {to};
    node.option = 0;
    made_[key] = output;
    return output;
  }

  // Outputs of the graph are row-major tensors on the host, each in memory of its own.
  Status outputs() {
    for (size_t i = 0; i < graph_.outputs().size(); ++i) {
      ValueId id = graph_.outputs()[i];
      if (!is_planned(graph_.value(id).type)) continue;
      OARLOCK_ASSIGN(ValueId placed, bring(id, {devices_.reference(), Layout::row_major()}));
      const ValueInfo& value = graph_.value(placed);
      bool taken = value.producer == kNone;  // an input or a constant
      for (size_t j = 0; j < i; ++j) taken = taken || graph_.outputs()[j] == placed;
      if (taken) {
        OARLOCK_ASSIGN(placed, add("Copy", placed, devices_.reference(), concat("@output", i)));
      }
      if (placed != id) graph_.replace_output(i, placed);
    }
    return {};
  }

  Draft& draft_;
  Graph& graph_;
  const DeviceTable& devices_;
  ConstantCache& cache_;
  std::map<std::tuple<ValueId, int, std::string>, ValueId> made_;
};

}  // namespace

Status insert_transfers(Draft& draft, const DeviceTable& devices, ConstantCache& cache) {
  return Inserter(draft, devices, cache).run();
}

}  // namespace oarlock
