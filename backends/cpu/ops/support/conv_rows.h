#pragma once

#include <algorithm>

#include "backends/cpu/device.h"
#include "backends/cpu/ops/conv_node.h"

namespace oarlock::cpu {

// How the rows of the output are the tiles and `groups` of channel blocks the panels of `node`.
Division divide_rows(const ConvNode& node, int64_t groups, int threads);

// A convolution that cuts its work into groups of channel blocks and rows of the output: a function
// that computes ranges of both, which needs `workspace` floats for each thread.
template <class Args>
class ConvRowsKernel final : public Kernel {
 public:
  using Run = void (*)(const kernels::cpu::ConvShape& shape, const Args& args,
                       kernels::cpu::Range groups, kernels::cpu::Range rows);

  ConvRowsKernel(const ConvNode& node, const CpuDevice& device, Run run, int64_t groups,
                 size_t workspace)
      : node_(node),
        device_(device),
        run_(run),
        division_(divide_rows(node, groups, device.threads())),
        workspace_(workspace) {}

  Status run(const KernelArgs& args) override {
    const kernels::cpu::ConvShape& s = node_.shape;
    const Args base = conv_operands<Args>(args, node_);
    float* const workspace = args.workspace ? args.workspace.data<float>() : nullptr;
    const int64_t parts = division_.parts();
    device_.parallel(node_.batch * parts, 1, [&](int64_t begin, int64_t end, int slot) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t image = i / parts, part = i % parts;
        const int64_t out = image * s.out_blocks() * s.out_pixels() * 16;
        Args one = base;
        one.input += image * s.in_blocks() * s.in_pixels() * 16;
        one.output += out;
        if (one.residual) one.residual += out;
        if (workspace) one.workspace = workspace + slot * workspace_;
        run_(s, one, division_.panel_range(part), division_.tile_range(part));
      }
    });
    return {};
  }

 private:
  ConvNode node_;
  const CpuDevice& device_;
  Run run_;
  Division division_;
  size_t workspace_;
};

}  // namespace oarlock::cpu
