// Conv of any kind, directly in NCHW16c; pointwise also with scaled channels of the input.
#include <algorithm>

#include "backends/cpu/device.h"
#include "backends/cpu/ops/conv_node.h"
#include "backends/cpu/ops/packing.h"
#include "kernels/cpu/conv.h"

namespace oarlock::cpu {

namespace {

using kernels::cpu::ConvShape;
using kernels::cpu::DirectConv;

// A kernel of one pixel with strides reads few of the input's; brought together first, they make it
// a pointwise convolution, whose tiles read pixels that lie side by side.
bool gathers(const ConvNode& node) {
  const ConvShape& s = node.shape;
  return !node.scaled && s.groups == 1 && s.taps() == 1 && !s.is_pointwise() && s.pad_top == 0 &&
         s.pad_left == 0 && (s.out_height - 1) * s.stride_height < s.in_height &&
         (s.out_width - 1) * s.stride_width < s.in_width;
}

// The convolution of the pixels that are read, if they are gathered.
ConvShape read_shape(const ConvNode& node) {
  ConvShape s = node.shape;
  if (gathers(node)) {
    s.in_height = s.out_height;
    s.in_width = s.out_width;
    s.stride_height = s.stride_width = 1;
  }
  return s;
}

// Factors of the input's channels are multiplied into whichever is smaller.
bool scales_weights(const ConvNode& node) {
  return node.shape.out_blocks() * 16 < node.shape.in_pixels();
}

// Of an image: the pixels that are read, or what has factors in it.
size_t copied_floats(const ConvNode& node) {
  const ConvShape s = read_shape(node);
  if (node.scaled && scales_weights(node)) return DirectConv(s).packed_size();
  return node.scaled || gathers(node) ? static_cast<size_t>(s.in_blocks() * s.in_pixels() * 16) : 0;
}

// How threads share the work; none of it changes results.
struct Cut {
  bool by_thread = false;  // tiles for each thread; else:
  bool panels_first = false;
  int64_t parts_per_thread = 8;
};

// With weights that stay in the cache they divide the pixels. Of larger ones each reads its own,
// but all of the input, or all, but of the input only what it has made itself: values move between
// cores, which takes longer than weights that are fetched ahead. The panels of a grouped
// convolution read channels of their own.
Cut usual_cut(const ConvNode& node) {
  constexpr int64_t kCached = 128 * 1024;
  const ConvShape s = read_shape(node);
  const auto weights = static_cast<int64_t>(DirectConv(s).packed_size());
  const int64_t values = s.in_channels * s.in_pixels() + s.out_channels * s.out_pixels();
  Cut cut;
  cut.by_thread = weights > kCached && weights <= 2 * values;
  cut.panels_first = weights > kCached || s.groups > 1;
  return cut;
}

Division divide(const ConvNode& node, const DirectConv& conv, const Cut& cut, int threads) {
  const int64_t wanted = node.wanted_parts(threads, cut.parts_per_thread);
  if (cut.by_thread)
    return Division::by_thread(conv.tile_count(), conv.panel_count(), threads, wanted);
  return {conv.tile_count(), conv.panel_count(), cut.panels_first, wanted};
}

// A cut as the number of a kernel's variant, and back.
int variant_of(const Cut& cut) {
  return cut.by_thread ? 0
                       : static_cast<int>(cut.parts_per_thread * 2) + (cut.panels_first ? 1 : 0);
}
Cut cut_of(int variant) {
  if (variant == 0) return {.by_thread = true};
  return {false, (variant & 1) != 0, variant / 2};
}

KernelOption option_of(const NodeView& view, const ConvNode& node, const Cut& cut) {
  KernelOption option = conv_option(view, node, blocked_layout(), direct_weights_layout(node.shape),
                                    static_cast<size_t>(node.batch) * copied_floats(node));
  // Few pixels leave no time to bring anything else.
  option.reads_ahead = node.shape.out_pixels() >= 32;
  option.variant = variant_of(cut);
  option.name = cut.by_thread ? "pixels by thread"
                              : concat(cut.panels_first ? "channels first, " : "pixels first, ",
                                       cut.parts_per_thread, " a thread");
  return option;
}

Result<ConvNode> read_direct(const NodeView& view, const Device& device) {
  OARLOCK_ASSIGN(const ConvNode node, read_conv(view));
  if (node.scaled && cpu_device(device).exact())
    return unsupported("the session asks for exact sums");
  // Offsets of every pixel and tap are tabulated.
  if (node.shape.out_pixels() * node.shape.taps() > (1 << 24)) {
    return unsupported("kernel and output together are too large");
  }
  return node;
}

Result<KernelNeeds> match_direct(const NodeView& view, const Device& device) {
  OARLOCK_ASSIGN(const ConvNode node, read_direct(view, device));
  return KernelNeeds(option_of(view, node, usual_cut(node)));
}

Result<std::vector<KernelOption>> direct_candidates(const NodeView& view, const Device& device) {
  OARLOCK_ASSIGN(const ConvNode node, read_direct(view, device));
  if (node.is_depthwise()) return unsupported("is depthwise");
  std::vector<KernelOption> options = {option_of(view, node, {.by_thread = true})};
  for (const int64_t parts : {2, 4, 8})
    for (const bool panels_first : {false, true})
      options.push_back(option_of(view, node, {false, panels_first, parts}));
  return options;
}

class DirectKernel final : public Kernel {
 public:
  DirectKernel(const ConvNode& node, const CpuDevice& device, const Cut& cut)
      : node_(node),
        device_(device),
        conv_(read_shape(node)),
        division_(divide(node, conv_, cut, device.threads())) {}

  Status run(const KernelArgs& args) override {
    DirectConv::Args base;
    base.input = args.inputs[0].data<const float>();
    base.weights = args.inputs[1].data<const float>();
    base.bias = optional_input(args, node_.bias_input());
    base.residual = optional_input(args, node_.bias_input() + 1);
    base.output = args.outputs[0].data<float>();
    base.activation = node_.activation;
    const ConvShape& s = conv_.shape();
    int64_t in_image = s.in_blocks() * s.in_pixels() * 16, weights_image = 0;
    if (gathers(node_)) {
      gather(base.input, args.workspace.data<float>());
      base.input = args.workspace.data<float>();
    } else if (node_.scaled) {
      scale(args);
      (scales_weights(node_) ? base.weights : base.input) = args.workspace.data<float>();
      if (scales_weights(node_)) weights_image = static_cast<int64_t>(conv_.packed_size());
    }
    const int64_t out_image = s.out_blocks() * s.out_pixels() * 16;
    const int64_t parts = division_.parts();
    device_.parallel(node_.batch * parts, 1, [&](int64_t begin, int64_t end, int) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t image = i / parts, part = i % parts;
        DirectConv::Args one = base;
        one.input += image * in_image;
        one.output += image * out_image;
        if (one.residual) one.residual += image * out_image;
        one.weights += image * weights_image;
        if (image + 1 == node_.batch)
          one.upcoming = upcoming_share(args, part, parts, device_.threads());
        conv_.run(one, division_.tile_range(part), division_.panel_range(part));
      }
    });
    return {};
  }

 private:
  static constexpr int64_t kLeastFloats = 16 * 1024;  // that a thread copies

  // Copies of every image's input or of the weights, with the image's factors in them.
  void scale(const KernelArgs& args) const {
    const ConvShape& s = conv_.shape();
    const float* input = args.inputs[0].data<const float>();
    const float* weights = args.inputs[1].data<const float>();
    const float* factors = args.inputs[2].data<const float>();
    float* scaled = args.workspace.data<float>();
    const auto floats = static_cast<int64_t>(copied_floats(node_));
    const int64_t units = scales_weights(node_) ? conv_.panel_count() : s.in_blocks();
    const int64_t least = std::max<int64_t>(kLeastFloats * units / floats, 1);
    device_.parallel(node_.batch * units, least, [&](int64_t begin, int64_t end, int) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t image = i / units, unit = i % units;
        const float* of_image = factors + image * s.in_blocks() * 16;
        if (scales_weights(node_))
          conv_.scale_weights(weights, of_image, {unit, unit + 1}, scaled + image * floats);
        else
          conv_.scale_input(input + image * floats, of_image, {unit, unit + 1},
                            scaled + image * floats);
      }
    });
  }

  void gather(const float* input, float* gathered) const {
    const ConvShape& s = node_.shape;
    const int64_t rows = node_.batch * s.in_blocks() * s.out_height;
    const int64_t least = std::max<int64_t>(kLeastFloats / (s.out_width * 16), 1);
    device_.parallel(rows, least, [&](int64_t begin, int64_t end, int) {
      float* to = gathered + begin * s.out_width * 16;
      for (int64_t row = begin; row < end; ++row) {
        const int64_t block = row / s.out_height, y = row % s.out_height * s.stride_height;
        const float* from = input + (block * s.in_height + y) * s.in_width * 16;
        for (int64_t x = 0; x < s.out_width; ++x, to += 16, from += s.stride_width * 16)
          std::copy_n(from, 16, to);
      }
    });
  }

  ConvNode node_;
  const CpuDevice& device_;
  DirectConv conv_;
  Division division_;
};

Result<KernelPtr> create_direct(const NodeView& view, const KernelOption& chosen, Device& device) {
  OARLOCK_ASSIGN(const ConvNode node, read_conv(view));
  return KernelPtr(
      std::make_unique<DirectKernel>(node, cpu_device(device), cut_of(chosen.variant)));
}

}  // namespace

std::span<const KernelDef> conv_direct_kernels();

std::span<const KernelDef> conv_direct_kernels() {
  static const std::vector<KernelDef> defs = [] {
    constexpr const char* kName = "conv_f32_direct_nchw16c";
    std::vector<KernelDef> list = conv_defs(kName, match_direct, create_direct, direct_candidates);
    list.push_back(
        {"oarlock.cpu.ScaledConv", kName, match_direct, create_direct, direct_candidates});
    return list;
  }();
  return defs;
}

}  // namespace oarlock::cpu
