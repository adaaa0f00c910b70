// ConvInteger and QLinearConv: weights are the left operand of an integer product, patches of the
// image, packed strip by strip, the right one, so that results lie as ONNX has them.
#include "backends/cpu/ops/support/integer_conv.h"

#include <array>
#include <vector>

namespace oarlock::cpu {

namespace {

namespace kc = kernels::cpu;

struct StripConv : IntegerConv {
  PackedIntegers weights, strip;  // of all groups; of one thread's strip
  int64_t panels = 0, strip_panels = 1, strips = 1, row_parts = 1;
  bool constant_weights = false;

  int64_t group_rows() const { return shape.out_channels / shape.groups; }
  // Arrays of rows, packed weights unless constant, the padded image, and for each thread a strip
  // and a row of the image.
  int64_t workspace(int threads) const {
    return arrays() + (constant_weights ? 0 : weights.bytes()) + image_bytes() +
           threads * (strip_bytes() + row_bytes());
  }
  int64_t strip_bytes() const { return strip.bytes() + 64; }
  int64_t group_planes() const { return (group_channels() + 3) / 4; }
  int64_t plane_bytes() const { return 4 * kc::padded_plane(shape).pixels(); }
  int64_t image_bytes() const {
    if (shape.is_pointwise()) return 0;
    return (shape.groups * group_planes() * plane_bytes() + kc::kPaddedSlack + 63) / 64 * 64;
  }
  int64_t row_bytes() const {
    return shape.is_pointwise() ? 0 : (4 * kc::padded_plane(shape).row_pixels + 63) / 64 * 64;
  }
};

Result<StripConv> strip_conv_of(const NodeView& node, const Device& device) {
  StripConv c;
  OARLOCK_ASSIGN(static_cast<IntegerConv&>(c), integer_conv_of(node));
  const int64_t k = c.depth();
  const int64_t width = kc::integer_packing().panel_width;
  c.weights = packed_left(c.shape.out_channels, k);
  c.panels = kc::integer_panels(c.shape.out_pixels());
  // A strip stays in the second-level cache.
  const int64_t fitting = std::max<int64_t>(1, (int64_t{1} << 17) / kc::integer_panel_bytes(k));
  const int64_t threads = cpu_device(device).threads();
  const int64_t fair = std::max<int64_t>(1, c.panels * c.shape.groups / (4 * threads));
  c.strip_panels = std::min({fitting, fair, c.panels, kc::kPatchPanels});
  c.strips = (c.panels + c.strip_panels - 1) / c.strip_panels;
  c.strip = packed_right(k, c.strip_panels * width);
  const int64_t parts = (4 * threads + c.strips * c.shape.groups - 1) / (c.strips * c.shape.groups);
  c.row_parts = std::clamp<int64_t>(
      parts, 1, std::max<int64_t>(1, c.group_rows() / (2 * kc::integer_packing().tile_rows)));
  c.constant_weights = node.constant(c.in.weights) != nullptr;
  return c;
}

class StripKernel final : public Kernel {
 public:
  StripKernel(const StripConv& conv, const CpuDevice& device)
      : c_(conv), device_(device), offsets_(static_cast<size_t>(conv.shape.taps())) {
    kc::integer_tap_offsets(c_.shape, offsets_.data());
  }

  Status run(const KernelArgs& args) override {
    std::byte* next = args.workspace.data();
    const IntegerConvArrays arrays = c_.take_arrays(next);
    const std::byte* weights = args.inputs[c_.in.weights].data();
    if (!c_.constant_weights) {
      pack_weights(weights, next);
      weights = next;
      next += c_.weights.bytes();
    }
    kc::IntegerFinish finish = prepare(args, arrays, c_.weights.sums_of(weights));
    uint8_t* const image = reinterpret_cast<uint8_t*>(next);
    next += c_.image_bytes();
    const kc::ConvShape& s = c_.shape;
    const uint8_t* x = args.inputs[0].data<const uint8_t>();
    const int64_t y_bytes = s.out_channels * s.out_pixels() * c_.result_bytes();
    for (int64_t i = 0; i < c_.batch; ++i) {
      const uint8_t* planes = x + i * s.in_channels * s.in_pixels();
      if (!s.is_pointwise()) {
        pad_image(planes, ZeroPoints(args, c_.in.x_zero)[0], image,
                  reinterpret_cast<uint8_t*>(next));
        planes = image;
      }
      std::byte* const y = args.outputs[0].data() + i * y_bytes;
      device_.parallel(s.groups * c_.strips * c_.row_parts, 1,
                       [&](int64_t begin, int64_t end, int slot) {
                         std::byte* strip = next + slot * c_.strip_bytes();
                         for (int64_t u = begin; u < end; ++u)
                           run_part(u, planes, weights, finish, strip, y);
                       });
    }
    return {};
  }

 private:
  void pack_weights(const std::byte* weights, std::byte* to) const {
    device_.parallel(c_.shape.out_channels, grain_for(static_cast<double>(c_.depth())),
                     [&](int64_t begin, int64_t end, int) {
                       kc::pack_integer_filters(reinterpret_cast<const uint8_t*>(weights),
                                                c_.w_signed, c_.group_channels(), c_.shape.taps(),
                                                begin, end, reinterpret_cast<uint8_t*>(to),
                                                c_.weights.sums_of(to));
                     });
  }

  // `strips`: the threads' strips, after which their rows follow.
  void pad_image(const uint8_t* image, int32_t x_zero, uint8_t* to, uint8_t* strips) const {
    const kc::ConvShape& s = c_.shape;
    uint8_t* const rows = strips + device_.threads() * c_.strip_bytes();
    const int64_t each = c_.group_planes(), channels = c_.group_channels();
    device_.parallel(s.groups * each, grain_for(static_cast<double>(c_.plane_bytes()) / 4),
                     [&](int64_t begin, int64_t end, int slot) {
                       for (int64_t i = begin; i < end; ++i) {
                         const int64_t first = i / each * channels + i % each * 4;
                         const int64_t count = std::min<int64_t>(4, channels - i % each * 4);
                         kc::pad_planes(s, image + first * s.in_pixels(), count,
                                        static_cast<uint8_t>(x_zero), rows + slot * c_.row_bytes(),
                                        to + i * c_.plane_bytes());
                       }
                     });
  }

  kc::IntegerFinish prepare(const KernelArgs& args, const IntegerConvArrays& arrays,
                            const int32_t* sums) const {
    kc::IntegerFinish f = c_.finish(args, arrays);
    const ZeroPoints x_zero(args, c_.in.x_zero), w_zero(args, c_.in.w_zero);
    const auto right = static_cast<uint32_t>(kc::right_zero(c_.x_signed, x_zero[0]));
    bool shifted = false;
    for (int64_t m = 0; m < c_.shape.out_channels; ++m) {
      const auto left = static_cast<uint32_t>(kc::left_zero(c_.w_signed, w_zero[m]));
      const uint32_t factor =
          static_cast<uint32_t>(c_.depth()) * left - static_cast<uint32_t>(sums[m]);
      arrays.row_sum_factor[m] = static_cast<int32_t>(0u - left);
      arrays.row_add[m] =
          static_cast<int32_t>(static_cast<uint32_t>(arrays.row_add[m]) + right * factor);
      shifted = shifted || left != 0;
    }
    if (shifted) f.row_sum_factor = arrays.row_sum_factor;
    return f;
  }

  // Unit u: some rows of a strip of a group.
  void run_part(int64_t u, const uint8_t* planes, const std::byte* weights,
                const kc::IntegerFinish& finish, std::byte* strip, std::byte* y) const {
    const kc::ConvShape& s = c_.shape;
    const int64_t part = u % c_.row_parts, group = u / c_.row_parts / c_.strips;
    const int64_t number = u / c_.row_parts % c_.strips;
    const int64_t first = c_.panels * number / c_.strips;
    const int64_t last = c_.panels * (number + 1) / c_.strips;
    const int64_t pixel = first * kc::integer_packing().panel_width;
    const int64_t rows = c_.group_rows();
    const int64_t input = s.is_pointwise() ? c_.group_channels() * s.in_pixels()
                                           : c_.group_planes() * c_.plane_bytes();
    int32_t* const sums = finish.row_sum_factor ? c_.strip.sums_of(strip) : nullptr;
    kc::pack_integer_patches(s, offsets_.data(), planes + group * input, c_.x_signed, first, last,
                             reinterpret_cast<uint8_t*>(strip), sums);
    kc::IntegerProduct p;
    p.m = rows;
    p.n = std::min(last * kc::integer_packing().panel_width, s.out_pixels()) - pixel;
    p.k = c_.depth();
    p.left = reinterpret_cast<const uint8_t*>(weights) + group * rows * kc::integer_left_row(p.k);
    p.right = reinterpret_cast<const uint8_t*>(strip);
    p.c = y + (group * rows * s.out_pixels() + pixel) * c_.result_bytes();
    p.c_row_stride = s.out_pixels();
    p.finish = finish;
    p.finish.row_add += group * rows;
    if (p.finish.row_sum_factor) p.finish.row_sum_factor += group * rows;
    if (p.finish.row_scale) p.finish.row_scale += group * rows;
    p.finish.col_sum = sums;
    kc::integer_product(p, rows * part / c_.row_parts, rows * (part + 1) / c_.row_parts, 0,
                        last - first);
  }

  StripConv c_;
  const CpuDevice& device_;
  std::vector<int64_t> offsets_;
};

Result<KernelNeeds> match(const NodeView& node, const Device& device) {
  OARLOCK_ASSIGN(const StripConv c, strip_conv_of(node, device));
  KernelOption option;
  option.workspace = static_cast<size_t>(c.workspace(cpu_device(device).threads()));
  if (c.constant_weights) {
    option.inputs.assign(node.input_count(), Layout::row_major());
    option.inputs[c.in.weights] = integer_rows_layout(node.input_shape(c.in.weights));
    option.outputs.assign(1, Layout::row_major());
  }
  return KernelNeeds(std::move(option));
}

Result<KernelPtr> create(const NodeView& node, const KernelOption&, Device& device) {
  OARLOCK_ASSIGN(const StripConv c, strip_conv_of(node, device));
  return KernelPtr(std::make_unique<StripKernel>(c, cpu_device(device)));
}

}  // namespace

std::span<const KernelDef> integer_conv_kernels();

std::span<const KernelDef> integer_conv_kernels() {
  static const std::array<KernelDef, 2> list = {{
      {"ConvInteger", "conv_8bit", match, create},
      {"QLinearConv", "conv_8bit", match, create},
  }};
  return list;
}

}  // namespace oarlock::cpu
