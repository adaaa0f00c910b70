#pragma once

#include <algorithm>
#include <span>

#include "backends/cpu/ops/window.h"
#include "kernels/cpu/conv_shape.h"
#include "kernels/cpu/upcoming.h"
#include "oarlock/plugin/kernel.h"

namespace oarlock::cpu {

// A Conv or oarlock.Conv node: X, W, and optionally B and R (a residual added before the
// activation). An oarlock.cpu.ScaledConv node has factors for the channels of X behind W.
struct ConvNode : WindowNode {
  kernels::cpu::Activation activation;
  bool scaled = false;
  size_t bias_input() const { return scaled ? 3 : 2; }
  bool is_depthwise() const {
    return shape.groups == shape.in_channels && shape.groups == shape.out_channels &&
           shape.groups > 1;
  }
  // Multiplications of a direct convolution.
  int64_t multiplications() const {
    return batch * shape.out_pixels() * shape.taps() * shape.out_channels * shape.in_channels /
           shape.groups;
  }
  // Parts to divide the work into; one where there is no second thread or it would take longer to
  // wake than to help.
  int64_t wanted_parts(int threads, int64_t per_thread = 8) const {
    constexpr int64_t kLeastWork = 200'000, kLeastPart = 1'000'000;
    if (threads == 1 || multiplications() < kLeastWork) return 1;
    const int64_t fitting = multiplications() / (kLeastPart * threads);
    return std::clamp<int64_t>(fitting, std::min<int64_t>(4, per_thread), per_thread) * threads;
  }
};

// What part i of a step brings into the cache for later ones: parts in a row are one thread's, and
// bring all of it together.
kernels::cpu::Upcoming upcoming_share(const KernelArgs& args, int64_t i, int64_t parts,
                                      int64_t threads);

Result<ConvNode> read_conv(const NodeView& view);

// A kernel option with an output in NCHW16c, as all of them have; the bias as a padded vector, the
// residual like the output, which may overwrite it, factors as the vector that they are in NCHW16c.
KernelOption conv_option(const NodeView& view, const ConvNode& node, Layout input, Layout weights,
                         size_t workspace_floats);

// Null where input i is omitted.
const float* optional_input(const KernelArgs& args, size_t i);

// What a micro-kernel takes as a whole: X, W, B, R, the output and the activation.
template <class Args>
Args conv_operands(const KernelArgs& args, const ConvNode& node) {
  Args operands;
  operands.input = args.inputs[0].data<const float>();
  operands.weights = args.inputs[1].data<const float>();
  operands.bias = optional_input(args, node.bias_input());
  operands.residual = optional_input(args, node.bias_input() + 1);
  operands.output = args.outputs[0].data<float>();
  operands.activation = node.activation;
  return operands;
}

// A list with the same kernel for Conv and oarlock.Conv.
std::vector<KernelDef> conv_defs(const char* name, decltype(KernelDef::match) match,
                                 decltype(KernelDef::create) create,
                                 decltype(KernelDef::candidates) candidates = nullptr);

// Two-dimensional division of tiles and panels into parts of about equal work.
struct Division {
  int64_t tiles, panels, tile_parts = 1, panel_parts = 1;
  bool tiles_outside = false;  // parts in a row have the same tiles, else the same panels

  // About `wanted` parts, by panels or by tiles as far as they go.
  Division(int64_t tile_count, int64_t panel_count, bool panels_first, int64_t wanted);
  // About `wanted` parts: tiles for each thread, whose panels are cut: it reads all panels, once.
  static Division by_thread(int64_t tile_count, int64_t panel_count, int64_t threads,
                            int64_t wanted);

  int64_t parts() const { return tile_parts * panel_parts; }
  kernels::cpu::Range tile_range(int64_t part) const {
    const int64_t i = tiles_outside ? part / panel_parts : part % tile_parts;
    return {tiles * i / tile_parts, tiles * (i + 1) / tile_parts};
  }
  kernels::cpu::Range panel_range(int64_t part) const {
    const int64_t i = tiles_outside ? part % panel_parts : part / tile_parts;
    return {panels * i / panel_parts, panels * (i + 1) / panel_parts};
  }
};

}  // namespace oarlock::cpu
