#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/plan/constants.h"
#include "core/plan/devices.h"
#include "core/plan/trial.h"
#include "oarlock/plugin/kernel.h"

namespace oarlock {

// What the stages of planning decide about a node.
struct NodeDraft {
  const KernelDef* kernel = nullptr;  // null: reference, or a copy between devices
  KernelNeeds needs;
  size_t option = 0;                     // chosen among needs.options
  std::vector<const KernelDef*> owners;  // of needs.options
  std::vector<Refusal> refusals;
  std::unique_ptr<RelayoutLayouts> relayout;  // only for oarlock.Relayout
  std::string tuning_key;                     // see tuned_kernels.h
  std::string tuned;                          // what measuring led to, for reports

  const KernelOption& chosen() const { return needs.options[option]; }
};

// A graph on its way to a Plan: types are concrete, nodes get devices, kernels, layouts.
struct Draft {
  Graph graph;
  std::vector<NodeDraft> nodes;  // by NodeId
  std::map<ValueId, std::shared_ptr<const PlacedConstant>>
      constants;  // brought to a device or layout
  std::vector<std::string> rewrites;
  bool small = false;      // kernels are chosen for the memory they need
  Trial* trial = nullptr;  // what tuning asks, if it does

  NodeDraft& at(NodeId id) {
    if (nodes.size() <= static_cast<size_t>(id)) nodes.resize(id + 1);
    return nodes[id];
  }
};

// A value that lives in planned memory: a tensor of known shape that is not made of strings.
bool is_planned(const TypeInfo& type);

// The layout of input or output i of a node.
const Layout& input_layout(const NodeDraft& node, size_t i);
const Layout& output_layout(const NodeDraft& node, size_t i);

// The layout that an equal placement of bytes has under its simplest name: blocked layouts whose
// blocking changes nothing for this shape become row-major.
Layout simplest(const Layout& layout, const Shape& shape);
inline bool same_bytes(const Layout& a, const Layout& b, const Shape& shape) {
  return a == b || simplest(a, shape) == simplest(b, shape);
}

// The stages, in order. Each leaves a graph that verifies.

// Gives the inputs these types, infers all others anew, folds what became constant.
Status specialize(Graph& graph, std::span<const TypeInfo> inputs, const OpRegistry& ops);
// Products of few rows read stored weights as they are (oarlock.NarrowMatMul), if the first device
// has a kernel for that; all other stored weights are widened.
Status settle_weights(Graph& graph, ConstantCache& cache, const DeviceTable& devices);
// A device and a kernel for every node, with the reasons of those who refused; decomposes
// operators that nobody takes; applies the backends' rules.
Status place(Draft& draft, const DeviceTable& devices, bool strict, bool small);
// Chooses among the kernels' options so that few bytes change layout, and with them the kernels.
void select_layouts(Draft& draft, const DeviceTable& devices);
// Adds oarlock.Copy between devices that do not share memory, and oarlock.Relayout where layouts
// differ; on constants both are carried out at once.
Status insert_transfers(Draft& draft, const DeviceTable& devices, ConstantCache& cache);

// The kernel of `device` that changes a layout, or why there is none.
Result<const KernelDef*> find_relayout(const NodeView& view, const PlacedDevice& device,
                                       KernelNeeds& needs);

}  // namespace oarlock
