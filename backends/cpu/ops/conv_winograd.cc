// Conv 3x3 of stride 1 by minimal filtering in NCHW16c.
#include <algorithm>

#include "backends/cpu/device.h"
#include "backends/cpu/ops/conv_node.h"
#include "backends/cpu/ops/packing.h"
#include "kernels/cpu/winograd.h"

namespace oarlock::cpu {

namespace {

using kernels::cpu::ConvShape;
using kernels::cpu::WinogradConv;

struct Choice {
  int m = 0;           // 0: a direct convolution is better
  int64_t wanted = 0;  // tiles in a block, about; the number of threads does not matter
  int64_t block_tiles = 0;
  bool staged = false;  // threads share the stages of one block; else each takes whole blocks
};

int64_t tiles_of(const ConvShape& s, int m) {
  return ((s.out_height + m - 1) / m) * ((s.out_width + m - 1) / m);
}

// Time in multiplications: arithmetic, transforms, and reading weights, which the rest of a network
// has driven out of the nearer caches.
double cost(const ConvShape& s, int m) {
  const auto full_block = static_cast<double>(WinogradConv::register_tiles());
  // Multiplications in the time one weight takes to arrive: the faster they are, the more.
  const double weights_read = full_block * 6 / 7;
  // Multiplications in the time of a transform, for each element and plane.
  const double transform = m == 6 ? 18 : 12;
  const double products = static_cast<double>(s.in_blocks() * 16) * s.out_blocks() * 16;
  const double planes = m == 0 ? 9 : (m + 2) * (m + 2);
  const double tiles = static_cast<double>(m == 0 ? s.out_pixels() : tiles_of(s, m));
  double sum = planes * products * (std::max(tiles, full_block) + weights_read);
  if (m != 0) sum += transform * planes * tiles * (s.in_blocks() + s.out_blocks()) * 16;
  return sum;
}

// Filtering with tiles of m x m; a block has about `wanted` of them.
Choice with_blocks(const ConvShape& s, int m, int64_t wanted, int threads) {
  Choice choice;
  choice.m = m;
  choice.wanted = wanted;
  const int64_t tiles = tiles_of(s, m);
  const int64_t least = (tiles + wanted - 1) / wanted;
  const int64_t blocks = (least + threads - 1) / threads * threads;  // equal shares
  choice.staged = blocks < 2 * threads;
  choice.block_tiles = choice.staged ? tiles : (tiles + blocks - 1) / blocks;
  // Blocks of whole register tiles, where no thread gets a larger share by that.
  const int64_t whole = WinogradConv::panel_register_tiles();
  if (blocks > 1 && threads == 1 && whole * 8 <= choice.block_tiles)
    choice.block_tiles = (choice.block_tiles + whole - 1) / whole * whole;
  // One block of everything must not be much larger than the caches.
  if (choice.staged && tiles > 256) choice.block_tiles = 128;
  return choice;
}

Choice choose(const ConvShape& s, int threads) {
  int best_m = 0;
  double best = cost(s, 0);
  for (const int m : {2, 4, 6}) {
    const double sum = cost(s, m);
    if (sum >= best) continue;
    best = sum;
    best_m = m;
  }
  if (best_m == 0) return {};
  // Blocks of like size, whatever the planes.
  const int64_t wanted = s.in_channels + s.out_channels > 256 ? 56 : 28;
  return with_blocks(s, best_m, best_m == 6 ? wanted / 2 : wanted, threads);
}

// A choice as the number of a kernel's variant, and back.
constexpr int kVariantBase = 1000;
int variant_of(const Choice& choice) {
  return choice.m * kVariantBase + static_cast<int>(choice.wanted);
}
Choice choice_of(int variant, const ConvShape& s, int threads) {
  return with_blocks(s, variant / kVariantBase, variant % kVariantBase, threads);
}

Result<ConvNode> read_filtered(const NodeView& view, const Device& device) {
  OARLOCK_ASSIGN(ConvNode node, read_conv(view));
  if (!WinogradConv::fits(node.shape)) return unsupported("is not 3x3 of stride 1 without groups");
  if (cpu_device(device).exact()) return unsupported("the session asks for exact sums");
  return node;
}

KernelOption option_of(const NodeView& view, const ConvNode& node, const Choice& choice,
                       int threads) {
  const WinogradConv conv(node.shape, choice.m, choice.block_tiles);
  KernelOption option =
      conv_option(view, node, blocked_layout(), winograd_weights_layout(node.shape, choice.m),
                  conv.workspace() * (choice.staged ? 1 : threads));
  option.variant = variant_of(choice);
  option.name = concat("F(", choice.m, "x", choice.m, ", 3x3), blocks of ", choice.wanted);
  return option;
}

Result<KernelNeeds> match_winograd(const NodeView& view, const Device& device) {
  OARLOCK_ASSIGN(const ConvNode node, read_filtered(view, device));
  const int threads = cpu_device(device).threads();
  const Choice choice = choose(node.shape, threads);
  if (choice.m == 0) return unsupported("a direct convolution is faster for this shape");
  return KernelNeeds(option_of(view, node, choice, threads));
}

Result<std::vector<KernelOption>> winograd_candidates(const NodeView& view, const Device& device) {
  OARLOCK_ASSIGN(const ConvNode node, read_filtered(view, device));
  const ConvShape& s = node.shape;
  std::vector<KernelOption> options;
  for (const int64_t m : {2, 4, 6}) {
    const int64_t tiles = tiles_of(s, static_cast<int>(m));
    // Where most of the tiles is padding, or nothing is left to divide, others are faster.
    if (tiles * m * m > 2 * s.out_pixels()) continue;
    for (const int64_t wanted : {14, 28, 56, 112})
      if (wanted == 14 || wanted / 2 < tiles)
        options.push_back(option_of(
            view, node, with_blocks(s, static_cast<int>(m), wanted, cpu_device(device).threads()),
            cpu_device(device).threads()));
  }
  return options;
}

class WinogradKernel final : public Kernel {
 public:
  WinogradKernel(const ConvNode& node, const CpuDevice& device, const Choice& choice)
      : node_(node),
        device_(device),
        staged_(choice.staged),
        conv_(node.shape, choice.m, choice.block_tiles) {}

  Status run(const KernelArgs& args) override {
    WinogradConv::Args base;
    base.weights = args.inputs[1].data<const float>();
    base.bias = optional_input(args, 2);
    base.workspace = args.workspace.data<float>();
    base.activation = node_.activation;
    const ConvShape& s = node_.shape;
    const float* residual = optional_input(args, 3);
    for (int64_t image = 0; image < node_.batch; ++image) {
      const int64_t out = image * s.out_blocks() * s.out_pixels() * 16;
      base.input = args.inputs[0].data<const float>() + image * s.in_blocks() * s.in_pixels() * 16;
      base.output = args.outputs[0].data<float>() + out;
      base.residual = residual ? residual + out : nullptr;
      if (staged_) {
        run_stages(base);
      } else {
        run_blocks(base);
      }
    }
    return {};
  }

 private:
  void run_blocks(const WinogradConv::Args& base) const {
    device_.parallel(conv_.block_count(), 1, [&](int64_t begin, int64_t end, int slot) {
      WinogradConv::Args one = base;
      one.workspace += slot * conv_.workspace();
      for (int64_t block = begin; block < end; ++block) conv_.run_block(one, block);
    });
  }

  void run_stages(const WinogradConv::Args& base) const {
    for (int64_t block = 0; block < conv_.block_count(); ++block) {
      device_.parallel(conv_.input_units(block), 8, [&](int64_t begin, int64_t end, int) {
        conv_.transform_input(base, block, {begin, end});
      });
      device_.parallel(conv_.multiply_units(), 1, [&](int64_t begin, int64_t end, int) {
        conv_.multiply(base, block, {begin, end});
      });
      device_.parallel(conv_.output_units(block), 8, [&](int64_t begin, int64_t end, int) {
        conv_.transform_output(base, block, {begin, end});
      });
    }
  }

  ConvNode node_;
  const CpuDevice& device_;
  bool staged_;
  WinogradConv conv_;
};

Result<KernelPtr> create_winograd(const NodeView& view, const KernelOption& chosen,
                                  Device& device) {
  OARLOCK_ASSIGN(const ConvNode node, read_conv(view));
  const CpuDevice& cpu = cpu_device(device);
  return KernelPtr(std::make_unique<WinogradKernel>(
      node, cpu, choice_of(chosen.variant, node.shape, cpu.threads())));
}

}  // namespace

std::span<const KernelDef> conv_winograd_kernels();

std::span<const KernelDef> conv_winograd_kernels() {
  static const std::vector<KernelDef> defs =
      conv_defs("conv_f32_winograd_nchw16c", match_winograd, create_winograd, winograd_candidates);
  return defs;
}

}  // namespace oarlock::cpu
