#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "oarlock/plugin/device.h"
#include "oarlock/plugin/graph.h"
#include "oarlock/plugin/layout.h"
#include "oarlock/status.h"

namespace oarlock {

// The two layouts of an oarlock.Relayout node.
struct RelayoutLayouts {
  Layout from, to;
};

// A node with concrete types, as kernels see it when they are matched and created.
class NodeView {
 public:
  NodeView(const Graph& graph, const Node& node, const RelayoutLayouts* relayout = nullptr)
      : graph_(&graph), node_(&node), relayout_(relayout) {}

  const Node& node() const { return *node_; }
  const Attrs& attrs() const { return node_->attrs; }
  size_t input_count() const { return node_->formal_inputs().size(); }
  size_t output_count() const { return node_->outputs.size(); }
  bool has_input(size_t i) const { return node_->input(i) != kNone; }
  bool has_output(size_t i) const { return node_->output(i) != kNone; }
  const TypeInfo& input(size_t i) const { return graph_->value(node_->input(i)).type; }
  const TypeInfo& output(size_t i) const { return graph_->value(node_->output(i)).type; }
  const Shape& input_shape(size_t i) const { return input(i).shape; }
  const Shape& output_shape(size_t i) const { return output(i).shape; }
  // Contents of a constant input, row-major; nullptr when not constant.
  const Tensor* constant(size_t i) const { return graph_->constant(node_->input(i)); }
  // Only for oarlock.Relayout: what to bring into what; input 0 and output 0 have the same type.
  const RelayoutLayouts* relayout() const { return relayout_; }

 private:
  const Graph* graph_;
  const Node* node_;
  const RelayoutLayouts* relayout_;
};

// Memory that an output may share with an input.
struct Sharing {
  enum class Kind : uint8_t {
    // The output may overwrite the input, which nobody reads afterwards. Same size, offset 0.
    in_place,
    // The output is the part of the input's memory that starts at `offset` (reshape, split).
    output_is_part_of_input,
    // The input may be written straight into the output's memory at `offset` (concat).
    input_is_part_of_output,
  };
  Kind kind;
  uint8_t output = 0;
  uint16_t input = 0;
  size_t offset = 0;  // bytes
};

// One way in which a kernel can run a node. Kernels compare pointers at run time and skip copies
// that sharing has made unnecessary; when all sharings of kind *part* are granted and
// `only_moves` is set, the step is left out of the plan.
struct KernelOption {
  std::vector<Layout> inputs, outputs;  // empty: all row-major; else one for each input and output
  size_t workspace = 0;                 // bytes, live during this step only
  std::vector<Sharing> sharing;
  bool only_moves = false;   // computes nothing: outputs are rearranged inputs
  double cost = 1;           // relative to the kernel's other options
  int variant = 0;           // for the kernel's own use in create()
  bool reads_ahead = false;  // wants KernelArgs::upcoming
  std::string name = {};     // tells options apart that tuning compares: "F(4x4), blocks of 28"
};

// What a kernel needs to run a node: at least one option, the one liked best first.
struct KernelNeeds {
  std::vector<KernelOption> options;
  // The next kernel that takes the node offers its options as well, after these.
  bool beside_next = false;
  KernelNeeds() : options(1) {}  // all row-major, nothing else
  KernelNeeds(KernelOption option) : options{std::move(option)} {}
  KernelNeeds(std::vector<KernelOption> list) : options(std::move(list)) {}
};

struct KernelArgs {
  std::span<const TensorRef> inputs;  // formal inputs
  std::span<const TensorRef> outputs;
  TensorRef workspace;  // buffer null when none was asked for
  // Constants in memory of the host that the steps after this one read, the next ones first, up to
  // 512 KiB: the kernel may bring them into the cache while it computes. Each is shown to one step,
  // the last before it whose option has `reads_ahead`.
  std::span<const std::span<const std::byte>> upcoming = {};
};

// Work bound to shapes, layouts and a device. run() enqueues and does not wait, allocates
// nothing, and may be called from several threads at once with different arguments.
class Kernel {
 public:
  virtual ~Kernel() = default;
  virtual Status run(const KernelArgs& args) = 0;
};
using KernelPtr = std::unique_ptr<Kernel>;

// A kernel from a callable `Status(const KernelArgs&)`.
template <class F>
KernelPtr make_kernel(F body) {
  class Lambda final : public Kernel {
   public:
    explicit Lambda(F f) : body_(std::move(f)) {}
    Status run(const KernelArgs& args) override { return body_(args); }

   private:
    F body_;
  };
  return std::make_unique<Lambda>(std::move(body));
}

// A kernel of a backend for one operator. `op` is "Conv" or "domain.Op". A backend whose kernels
// ask for layouts other than row-major registers "oarlock.Relayout" kernels from and to them (see
// NodeView::relayout); on constants these run once, at planning: this is how weights are packed.
struct KernelDef {
  std::string op = {};
  std::string name = {};  // operator, types, layout: "conv_f32_nchw16c"
  // A refusal (code unsupported) says why; reports leave out one that says nothing.
  std::function<Result<KernelNeeds>(const NodeView&, const Device&)> match = nullptr;
  std::function<Result<KernelPtr>(const NodeView&, const KernelOption& chosen, Device&)> create =
      nullptr;
  // Options that tuning may put in the place of what match() likes best, of this kernel or of one
  // preferred to it, each with a name of its own; see Device::tuning(). A refusal, or none: the
  // kernel is no choice for this node. Null: tuning leaves the kernel alone.
  std::function<Result<std::vector<KernelOption>>(const NodeView&, const Device&)> candidates =
      nullptr;
};

}  // namespace oarlock
