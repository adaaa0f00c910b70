// Conv and oarlock.Conv in NCHW16c.
#include "kernels/cpu/conv.h"

#include <algorithm>

#include "backends/cpu/device.h"
#include "backends/cpu/ops/packing.h"
#include "backends/cpu/ops/window.h"
#include "kernels/cpu/conv_planar.h"
#include "kernels/cpu/depthwise.h"

namespace oarlock::cpu {

namespace {

using kernels::cpu::ConvShape;
using kernels::cpu::DepthwiseArgs;
using kernels::cpu::DirectConv;
using kernels::cpu::PlanarConv;
using kernels::cpu::Range;

// Below this many multiplications a second thread takes longer to wake than to help.
constexpr int64_t kWorthThreads = 200'000;

struct ConvNode : WindowNode {
  kernels::cpu::Activation activation;
  int64_t multiplications() const {
    return batch * shape.out_pixels() * shape.taps() * shape.out_channels * shape.in_channels /
           shape.groups;
  }
  bool is_depthwise() const {
    return shape.groups == shape.in_channels && shape.groups == shape.out_channels &&
           shape.groups > 1;
  }
};

Result<ConvNode> read_node(const NodeView& view) {
  ConvNode node;
  OARLOCK_ASSIGN(static_cast<WindowNode&>(node), read_convolution(view));
  OARLOCK_ASSIGN(node.activation, read_activation(view));
  return node;
}

KernelOption option_of(const NodeView& view, const ConvNode& node, Layout input, Layout weights,
                       size_t workspace_floats) {
  KernelOption option;
  option.inputs = {std::move(input), std::move(weights)};
  if (view.input_count() > 2)
    option.inputs.push_back(padded_vector_layout(node.shape.out_channels));
  if (view.input_count() > 3) {
    option.inputs.push_back(blocked_layout());
    if (view.has_input(3)) option.sharing = {{Sharing::Kind::in_place, 0, 3, 0}};
  }
  option.outputs = {blocked_layout()};
  option.workspace = workspace_floats * sizeof(float);
  return option;
}

const float* optional_input(const KernelArgs& args, size_t i) {
  return i < args.inputs.size() && args.inputs[i] ? args.inputs[i].data<const float>() : nullptr;
}

// Two-dimensional division of tiles and panels into parts of about equal work.
struct Division {
  int64_t tiles, panels, tile_parts, panel_parts;

  Division(int64_t tile_count, int64_t panel_count, bool panels_first, int64_t wanted)
      : tiles(tile_count), panels(panel_count) {
    int64_t& major = panels_first ? panel_parts : tile_parts;
    int64_t& minor = panels_first ? tile_parts : panel_parts;
    const int64_t major_count = panels_first ? panels : tiles;
    const int64_t minor_count = panels_first ? tiles : panels;
    major = std::min(major_count, wanted);
    minor = std::min(minor_count, (wanted + major - 1) / major);
  }
  int64_t parts() const { return tile_parts * panel_parts; }
  Range tile_range(int64_t part) const {
    const int64_t i = part % tile_parts;
    return {tiles * i / tile_parts, tiles * (i + 1) / tile_parts};
  }
  Range panel_range(int64_t part) const {
    const int64_t i = part / tile_parts;
    return {panels * i / panel_parts, panels * (i + 1) / panel_parts};
  }
};

// ---- direct ----

Result<KernelNeeds> match_direct(const NodeView& view, const Device&) {
  OARLOCK_ASSIGN(const ConvNode node, read_node(view));
  // Offsets of every pixel and tap are tabulated.
  if (node.shape.out_pixels() * node.shape.taps() > (1 << 24)) {
    return unsupported("kernel and output together are too large");
  }
  return KernelNeeds(option_of(view, node, blocked_layout(), direct_weights_layout(node.shape), 0));
}

class DirectKernel final : public Kernel {
 public:
  DirectKernel(const ConvNode& node, const CpuDevice& device)
      : node_(node),
        device_(device),
        conv_(node.shape),
        division_(conv_.tile_count(), conv_.panel_count(), conv_.packed_size() > 128 * 1024,
                  node.multiplications() < kWorthThreads ? 1 : int64_t{4} * device.threads()) {}

  Status run(const KernelArgs& args) override {
    DirectConv::Args base;
    base.input = args.inputs[0].data<const float>();
    base.weights = args.inputs[1].data<const float>();
    base.bias = optional_input(args, 2);
    base.residual = optional_input(args, 3);
    base.output = args.outputs[0].data<float>();
    base.activation = node_.activation;
    const ConvShape& s = node_.shape;
    const int64_t in_image = s.in_blocks() * s.in_pixels() * 16;
    const int64_t out_image = s.out_blocks() * s.out_pixels() * 16;
    const int64_t parts = division_.parts();
    device_.parallel(node_.batch * parts, 1, [&](int64_t begin, int64_t end, int) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t image = i / parts, part = i % parts;
        DirectConv::Args one = base;
        one.input += image * in_image;
        one.output += image * out_image;
        if (one.residual) one.residual += image * out_image;
        conv_.run(one, division_.tile_range(part), division_.panel_range(part));
      }
    });
    return {};
  }

 private:
  ConvNode node_;
  const CpuDevice& device_;
  DirectConv conv_;
  Division division_;
};

Result<KernelPtr> create_direct(const NodeView& view, const KernelOption&, Device& device) {
  OARLOCK_ASSIGN(const ConvNode node, read_node(view));
  return KernelPtr(std::make_unique<DirectKernel>(node, cpu_device(device)));
}

// ---- planar ----

Result<KernelNeeds> match_planar(const NodeView& view, const Device& device) {
  OARLOCK_ASSIGN(const ConvNode node, read_node(view));
  if (node.shape.in_channels > 4) return unsupported("has more than 4 input channels");
  if (node.shape.groups > 1) return unsupported("has groups");
  if (view.has_input(3)) return unsupported("adds a residual");
  const ConvShape& s = node.shape;
  if (s.taps() * s.in_width * s.in_channels > (1 << 24)) return unsupported("kernel is too large");
  const PlanarConv conv(s);
  return KernelNeeds(option_of(view, node, Layout::row_major(), planar_weights_layout(s),
                               conv.workspace() * cpu_device(device).threads()));
}

class PlanarKernel final : public Kernel {
 public:
  PlanarKernel(const ConvNode& node, const CpuDevice& device)
      : node_(node),
        device_(device),
        conv_(node.shape),
        division_(conv_.strip_count(), conv_.panel_count(), false,
                  node.multiplications() < kWorthThreads ? 1 : int64_t{4} * device.threads()) {}

  Status run(const KernelArgs& args) override {
    PlanarConv::Args base;
    base.input = args.inputs[0].data<const float>();
    base.weights = args.inputs[1].data<const float>();
    base.bias = optional_input(args, 2);
    base.output = args.outputs[0].data<float>();
    base.activation = node_.activation;
    float* const workspace = args.workspace.data<float>();
    const ConvShape& s = node_.shape;
    const int64_t parts = division_.parts();
    device_.parallel(node_.batch * parts, 1, [&](int64_t begin, int64_t end, int slot) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t image = i / parts, part = i % parts;
        PlanarConv::Args one = base;
        one.input += image * s.in_channels * s.in_pixels();
        one.output += image * s.out_blocks() * s.out_pixels() * 16;
        one.workspace = workspace + slot * conv_.workspace();
        conv_.run(one, division_.tile_range(part), division_.panel_range(part));
      }
    });
    return {};
  }

 private:
  ConvNode node_;
  const CpuDevice& device_;
  PlanarConv conv_;
  Division division_;
};

Result<KernelPtr> create_planar(const NodeView& view, const KernelOption&, Device& device) {
  OARLOCK_ASSIGN(const ConvNode node, read_node(view));
  return KernelPtr(std::make_unique<PlanarKernel>(node, cpu_device(device)));
}

// ---- depthwise ----

Result<KernelNeeds> match_depthwise(const NodeView& view, const Device& device) {
  OARLOCK_ASSIGN(const ConvNode node, read_node(view));
  if (!node.is_depthwise()) return unsupported("is not depthwise");
  const size_t workspace =
      kernels::cpu::depthwise_workspace(node.shape) * cpu_device(device).threads();
  return KernelNeeds(
      option_of(view, node, blocked_layout(), depthwise_weights_layout(node.shape), workspace));
}

Result<KernelPtr> create_depthwise(const NodeView& view, const KernelOption&, Device& device) {
  OARLOCK_ASSIGN(const ConvNode node, read_node(view));
  const CpuDevice& cpu = cpu_device(device);
  const ConvShape& s = node.shape;
  const int64_t rows = s.in_blocks() * s.out_height;
  const int64_t row_work = s.out_width * 16 * s.taps();
  const int64_t grain = std::max<int64_t>(kWorthThreads / 4 / row_work, std::min<int64_t>(8, rows));
  const size_t workspace = kernels::cpu::depthwise_workspace(s);
  return make_kernel([node, &cpu, rows, grain, workspace](const KernelArgs& args) {
    const ConvShape& shape = node.shape;
    const auto* input = args.inputs[0].data<const float>();
    auto* output = args.outputs[0].data<float>();
    const float* residual = optional_input(args, 3);
    const int64_t out_image = shape.out_blocks() * shape.out_pixels() * 16;
    for (int64_t image = 0; image < node.batch; ++image) {
      DepthwiseArgs base;
      base.input = input + image * shape.in_blocks() * shape.in_pixels() * 16;
      base.weights = args.inputs[1].data<const float>();
      base.bias = optional_input(args, 2);
      base.residual = residual ? residual + image * out_image : nullptr;
      base.output = output + image * out_image;
      base.activation = node.activation;
      cpu.parallel(rows, grain, [&](int64_t begin, int64_t end, int slot) {
        DepthwiseArgs one = base;
        one.workspace = args.workspace.data<float>() + slot * workspace;
        kernels::cpu::depthwise(shape, one, {begin, end});
      });
    }
    return Status();
  });
}

}  // namespace

std::span<const KernelDef> conv_kernels();

std::span<const KernelDef> conv_kernels() {
  static const std::vector<KernelDef> defs = [] {
    std::vector<KernelDef> list;
    for (const char* op : {"Conv", "oarlock.Conv"}) {
      list.push_back({op, "conv_f32_depthwise_nchw16c", match_depthwise, create_depthwise});
      list.push_back({op, "conv_f32_planar_nchw16c", match_planar, create_planar});
      list.push_back({op, "conv_f32_direct_nchw16c", match_direct, create_direct});
    }
    return list;
  }();
  return defs;
}

}  // namespace oarlock::cpu
