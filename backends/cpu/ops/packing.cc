// oarlock.Relayout of weights into the packed forms of the convolution kernels.
#include "backends/cpu/ops/packing.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>
#include <utility>

#include "backends/cpu/device.h"
#include "backends/cpu/ops/window.h"
#include "kernels/cpu/conv.h"
#include "kernels/cpu/conv_planar.h"
#include "kernels/cpu/depthwise.h"
#include "kernels/cpu/grouped_conv.h"
#include "kernels/cpu/winograd.h"

namespace oarlock::cpu {

namespace {

using kernels::cpu::ConvShape;
using kernels::cpu::DirectConv;
using kernels::cpu::FourierBlocking;
using kernels::cpu::FourierConv;
using kernels::cpu::FourierDepthwise;
using kernels::cpu::FourierSignal;
using kernels::cpu::Range;
using kernels::cpu::WinogradConv;

// Weights that a part should have at least.
constexpr int64_t kLeastWeights = 16 * 1024;
// Of a transform.
constexpr int64_t kMostLength = 1 << 24;

constexpr std::string_view kDirect = "cpu.conv_direct:";          // and the number of groups
constexpr std::string_view kTransposed = "cpu.conv_transposed:";  // and the number of groups
constexpr std::string_view kWinograd = "cpu.conv_winograd:";      // and m
constexpr std::string_view kPlanar = "cpu.conv_planar";
constexpr std::string_view kDepthwise = "cpu.conv_depthwise";
constexpr std::string_view kGrouped = "cpu.conv_grouped:";  // and the number of groups
// Along the width or not, dilation along it, length of the transforms.
constexpr std::string_view kFourierConv = "cpu.conv_fourier:";
constexpr std::string_view kFourierDepthwise = "cpu.conv_fourier_depthwise:";
// Groups, weights of a part, length of the transforms.
constexpr std::string_view kFourierSignal = "cpu.conv_fourier_signal:";
constexpr std::string_view kVector = "cpu.padded_vector";

// Channels and kernel of a convolution; extents of images do not matter to packing.
Result<ConvShape> weights_shape(const Shape& weights, int64_t groups) {
  if (weights.rank() != 3 && weights.rank() != 4)
    return unsupported("weights need 3 or 4 dimensions");
  ConvShape s;
  s.groups = groups;
  s.out_channels = weights[0];
  s.in_channels = weights[1] * groups;
  s.kernel_height = weights.rank() == 4 ? weights[2] : 1;
  s.kernel_width = weights.back();
  s.in_height = s.kernel_height;
  s.in_width = s.kernel_width;
  return s;
}

// The same weights on the smallest image.
ConvShape one_pixel(const ConvShape& shape) {
  ConvShape s = shape;
  s.in_height = s.kernel_height;
  s.in_width = s.kernel_width;
  s.out_height = s.out_width = 1;
  s.pad_top = s.pad_left = 0;
  return s;
}

Layout packed(std::string tag, size_t floats) {
  return Layout::opaque(std::move(tag), floats * sizeof(float));
}

int64_t number_after(std::string_view tag, std::string_view prefix) {
  int64_t number = 0;
  std::from_chars(tag.data() + prefix.size(), tag.data() + tag.size(), number);
  return number;
}

// Three numbers with colons between; zeros where they are missing.
std::array<int64_t, 3> numbers_after(std::string_view tag, std::string_view prefix) {
  std::array<int64_t, 3> numbers = {};
  tag.remove_prefix(prefix.size());
  for (int64_t& number : numbers) {
    number = number_after(tag, "");
    tag.remove_prefix(std::min(tag.find(':'), tag.size() - 1) + 1);
    if (tag.empty()) break;
  }
  return numbers;
}

std::string fourier_tag(std::string_view prefix, const ConvShape& shape, const FourierBlocking& b) {
  return concat(prefix, b.along_width ? 1 : 0, ":",
                b.along_width ? shape.dilation_width : shape.dilation_height, ":", b.length);
}

// Packing in independent units.
struct Pack {
  int64_t units = 1;
  std::function<void(const float* from, float* to, Range units)> run;
};

// In panels, where the kernel knows how.
template <class Conv>
Pack by_panels(Conv conv) {
  const int64_t panels = conv.panel_count();
  return {panels, [conv = std::move(conv)](const float* from, float* to, Range range) {
            conv.pack_weights(from, to, range);
          }};
}

// In `units(conv)` units, of a tag as fourier_tag() makes it.
template <class Conv, class Units>
Result<Pack> fourier_packing(ConvShape s, std::string_view tag, std::string_view prefix,
                             const Units& units) {
  const auto [width, dilation, length] = numbers_after(tag, prefix);
  if (dilation < 1 || length < 1 || length > kMostLength)
    return unsupported("a malformed tag ", tag);
  (width != 0 ? s.dilation_width : s.dilation_height) = dilation;
  Conv conv(s, {width != 0, 1, 1, length});
  const int64_t count = units(conv);
  return Pack{count, [conv = std::move(conv)](const float* from, float* out, Range range) {
                conv.pack_weights(from, out, range);
              }};
}

Result<Pack> packing(const Layout& to, const Shape& shape) {
  if (to.tag.starts_with(kDirect)) {
    const int64_t groups = number_after(to.tag, kDirect);
    if (groups < 1) return unsupported("a malformed tag ", to.tag);
    OARLOCK_ASSIGN(const ConvShape s, weights_shape(shape, groups));
    return by_panels(DirectConv(s));
  }
  if (to.tag.starts_with(kTransposed)) {
    const int64_t groups = number_after(to.tag, kTransposed);
    if (groups < 1) return unsupported("a malformed tag ", to.tag);
    OARLOCK_ASSIGN(ConvShape s, weights_shape(shape, 1));
    s.groups = groups;
    s.in_channels = shape[0];
    s.out_channels = shape[1] * groups;
    return by_panels(DirectConv(s, true));
  }
  if (to.tag.starts_with(kWinograd)) {
    const int64_t m = number_after(to.tag, kWinograd);
    OARLOCK_ASSIGN(const ConvShape s, weights_shape(shape, 1));
    if ((m != 2 && m != 4 && m != 6) || !WinogradConv::fits(s)) {
      return unsupported("a malformed tag ", to.tag);
    }
    return by_panels(WinogradConv(s, static_cast<int>(m), 1));
  }
  if (to.tag == kPlanar) {
    OARLOCK_ASSIGN(const ConvShape s, weights_shape(shape, 1));
    return Pack{1, [conv = kernels::cpu::PlanarConv(s)](const float* from, float* out, Range) {
                  conv.pack_weights(from, out);
                }};
  }
  if (to.tag == kDepthwise) {
    OARLOCK_ASSIGN(const ConvShape s, weights_shape(shape, shape[0]));
    return Pack{1, [s](const float* from, float* out, Range) {
                  kernels::cpu::pack_depthwise_weights(s, from, out);
                }};
  }
  if (to.tag.starts_with(kGrouped)) {
    OARLOCK_ASSIGN(const ConvShape s, weights_shape(shape, number_after(to.tag, kGrouped)));
    if (!kernels::cpu::grouped_conv_fits(s)) return unsupported("a malformed tag ", to.tag);
    return Pack{1, [s](const float* from, float* out, Range) {
                  kernels::cpu::pack_grouped_weights(s, from, out);
                }};
  }
  if (to.tag.starts_with(kFourierConv)) {
    OARLOCK_ASSIGN(const ConvShape s, weights_shape(shape, 1));
    return fourier_packing<FourierConv>(s, to.tag, kFourierConv,
                                        [](const FourierConv& conv) { return conv.panel_count(); });
  }
  if (to.tag.starts_with(kFourierDepthwise)) {
    OARLOCK_ASSIGN(const ConvShape s, weights_shape(shape, shape[0]));
    return fourier_packing<FourierDepthwise>(
        s, to.tag, kFourierDepthwise, [&](const FourierDepthwise&) { return s.in_blocks(); });
  }
  if (to.tag.starts_with(kFourierSignal)) {
    const auto [groups, part, length] = numbers_after(to.tag, kFourierSignal);
    if (groups < 1 || part < 1 || length < part || length > kMostLength)
      return unsupported("a malformed tag ", to.tag);
    OARLOCK_ASSIGN(const ConvShape s, weights_shape(shape, groups));
    return Pack{s.out_channels, [conv = FourierSignal(s, {part, part, length, 1})](
                                    const float* from, float* out, Range channels) {
                  conv.pack_weights(from, out, channels);
                }};
  }
  if (to.tag == kVector && shape.rank() == 1) {
    const int64_t length = shape[0], padded = static_cast<int64_t>(to.bytes / sizeof(float));
    return Pack{1, [length, padded](const float* from, float* out, Range) {
                  kernels::cpu::pad_bias(from, length, padded, out);
                }};
  }
  return unsupported("layout ", to_string(to), " is not one of the convolutions'");
}

Result<Pack> packing(const NodeView& view) {
  OARLOCK_TRY(expect_float32(view));
  const RelayoutLayouts& layouts = *view.relayout();
  if (!layouts.from.is_row_major() || layouts.to.kind != Layout::Kind::opaque) {
    return unsupported("packs weights from row-major only");
  }
  return packing(layouts.to, view.input_shape(0));
}

Result<KernelNeeds> match(const NodeView& view, const Device&) {
  OARLOCK_TRY(packing(view).status());
  KernelOption option;
  option.inputs = {view.relayout()->from};
  option.outputs = {view.relayout()->to};
  return KernelNeeds(std::move(option));
}

Result<KernelPtr> create(const NodeView& view, const KernelOption&, Device& device) {
  OARLOCK_ASSIGN(Pack pack, packing(view));
  const CpuDevice& cpu = cpu_device(device);
  const int64_t weights = view.input_shape(0).elements().value_or(1);
  const int64_t grain = std::max<int64_t>(1, kLeastWeights * pack.units / weights);
  return make_kernel([pack = std::move(pack), grain, &cpu](const KernelArgs& args) {
    const auto* from = args.inputs[0].data<const float>();
    auto* to = args.outputs[0].data<float>();
    cpu.parallel(pack.units, grain, [&](int64_t begin, int64_t end, int) {
      pack.run(from, to, {begin, end});
    });
    return Status();
  });
}

}  // namespace

Layout direct_weights_layout(const ConvShape& shape) {
  return packed(concat(kDirect, shape.groups), DirectConv(one_pixel(shape)).packed_size());
}

Layout transposed_weights_layout(const ConvShape& shape) {
  return packed(concat(kTransposed, shape.groups), DirectConv(one_pixel(shape)).packed_size());
}

Layout winograd_weights_layout(const ConvShape& shape, int m) {
  return packed(concat(kWinograd, m), WinogradConv(shape, m, 1).packed_size());
}

Layout planar_weights_layout(const ConvShape& shape) {
  return packed(std::string(kPlanar), kernels::cpu::PlanarConv(shape).packed_size());
}

Layout depthwise_weights_layout(const ConvShape& shape) {
  return packed(std::string(kDepthwise),
                static_cast<size_t>(shape.in_blocks() * shape.taps() * 16));
}

Layout grouped_weights_layout(const ConvShape& shape) {
  return packed(concat(kGrouped, shape.groups), kernels::cpu::grouped_conv_packed_size(shape));
}

Layout fourier_conv_weights_layout(const ConvShape& shape, const FourierBlocking& b) {
  return packed(fourier_tag(kFourierConv, shape, b), FourierConv(shape, b).packed_size());
}

Layout fourier_depthwise_weights_layout(const ConvShape& shape, const FourierBlocking& b) {
  return packed(fourier_tag(kFourierDepthwise, shape, b), FourierDepthwise(shape, b).packed_size());
}

Layout fourier_signal_weights_layout(const ConvShape& shape, const FourierSignal::Blocking& b) {
  return packed(concat(kFourierSignal, shape.groups, ":", b.part, ":", b.length),
                FourierSignal(shape, b).packed_size());
}

Layout padded_vector_layout(int64_t length) {
  return packed(std::string(kVector), static_cast<size_t>((length + 15) / 16 * 16));
}

std::span<const KernelDef> packing_kernels();

std::span<const KernelDef> packing_kernels() {
  static const KernelDef defs[] = {
      {.op = "oarlock.Relayout", .name = "pack_conv_f32", .match = match, .create = create}};
  return defs;
}

}  // namespace oarlock::cpu
