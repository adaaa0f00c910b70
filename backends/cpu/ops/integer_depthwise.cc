// ConvInteger and QLinearConv with one input channel a group.
#include <array>
#include <vector>

#include "backends/cpu/ops/support/integer_conv.h"

namespace oarlock::cpu {

namespace {

namespace kc = kernels::cpu;

int64_t weights_bytes(const IntegerConv& c) {
  return (c.shape.out_channels * kc::paired_taps(c.shape) * 2 + 63) / 64 * 64;
}

// Of one thread.
int64_t plane_bytes(const IntegerConv& c) {
  return (kc::padded_plane(c.shape).pixels() + kc::kPaddedSlack + 63) / 64 * 64;
}

class DepthwiseKernel final : public Kernel {
 public:
  DepthwiseKernel(const IntegerConv& conv, const CpuDevice& device)
      : c_(conv), device_(device), offsets_(static_cast<size_t>(kc::paired_taps(conv.shape))) {
    kc::integer_tap_offsets(c_.shape, offsets_.data());
    // Rows of a plane are cut where there are few planes.
    const int64_t wanted = 4 * device.threads();
    row_parts_ = std::clamp<int64_t>(wanted / c_.shape.out_channels, 1, c_.shape.out_height);
    const double work = static_cast<double>(c_.shape.out_pixels() * c_.shape.taps());
    grain_ = grain_for(work / static_cast<double>(row_parts_), 200e3);
  }

  Status run(const KernelArgs& args) override {
    const kc::ConvShape& s = c_.shape;
    std::byte* next = args.workspace.data();
    const IntegerConvArrays arrays = c_.take_arrays(next);
    auto* const weights = reinterpret_cast<int16_t*>(next);
    next += weights_bytes(c_);
    auto* const planes = reinterpret_cast<uint8_t*>(next);
    const kc::IntegerFinish finish = c_.finish(args, arrays);
    prepare(args, arrays, weights);
    const auto zero = static_cast<uint8_t>(ZeroPoints(args, c_.in.x_zero)[0]);
    const auto* x = args.inputs[0].data<const uint8_t>();
    // Units are parts of output planes; a thread pads the input plane that it works on.
    device_.parallel(c_.batch * s.out_channels * row_parts_, grain_,
                     [&](int64_t begin, int64_t end, int slot) {
                       uint8_t* plane = planes + slot * plane_bytes(c_);
                       int64_t padded = -1;
                       for (int64_t u = begin; u < end; ++u) {
                         const int64_t from = u / row_parts_ / multiplier();
                         if (from != padded)
                           kc::pad_plane(s, x + from * s.in_pixels(), zero, plane);
                         padded = from;
                         run_part(u, plane, weights, finish, args.outputs[0].data());
                       }
                     });
    return {};
  }

 private:
  int64_t multiplier() const { return c_.shape.out_channels / c_.shape.in_channels; }

  void run_part(int64_t u, const uint8_t* plane, const int16_t* weights,
                const kc::IntegerFinish& finish, std::byte* y) const {
    const kc::ConvShape& s = c_.shape;
    const int64_t out = u / row_parts_, m = out % s.out_channels, part = u % row_parts_;
    kc::IntegerFinish f = finish;
    f.row_add += m;
    if (f.row_scale) f.row_scale += m;
    kc::integer_depthwise(s, offsets_.data(), plane, c_.x_signed, weights + m * kc::paired_taps(s),
                          f, y + out * s.out_pixels() * c_.result_bytes(),
                          s.out_height * part / row_parts_, s.out_height * (part + 1) / row_parts_);
  }

  void prepare(const KernelArgs& args, const IntegerConvArrays& arrays, int16_t* to) const {
    const ZeroPoints x_zero(args, c_.in.x_zero), w_zero(args, c_.in.w_zero);
    const auto right = static_cast<uint32_t>(kc::right_zero(c_.x_signed, x_zero[0]));
    const auto* raw = args.inputs[c_.in.weights].data<const uint8_t>();
    const int64_t taps = c_.shape.taps();
    for (int64_t m = 0; m < c_.shape.out_channels; ++m) {
      uint32_t sum = 0;
      int16_t* own = to + m * kc::paired_taps(c_.shape);
      own[kc::paired_taps(c_.shape) - 1] = 0;
      for (int64_t t = 0; t < taps; ++t) {
        const uint8_t bits = raw[m * taps + t];
        const int32_t w = c_.w_signed ? int32_t{static_cast<int8_t>(bits)} : int32_t{bits};
        own[t] = static_cast<int16_t>(w - w_zero[m]);
        sum += static_cast<uint32_t>(int32_t{own[t]});
      }
      arrays.row_add[m] =
          static_cast<int32_t>(static_cast<uint32_t>(arrays.row_add[m]) - right * sum);
    }
  }

  IntegerConv c_;
  const CpuDevice& device_;
  std::vector<int64_t> offsets_;
  int64_t row_parts_ = 1, grain_ = 1;
};

Result<IntegerConv> depthwise_of(const NodeView& node) {
  OARLOCK_ASSIGN(IntegerConv c, integer_conv_of(node));
  if (c.shape.groups != c.shape.in_channels || c.shape.groups == 1)
    return unsupported("has more than one input channel a group, or one group");
  return c;
}

Result<KernelNeeds> match(const NodeView& node, const Device& device) {
  OARLOCK_ASSIGN(const IntegerConv c, depthwise_of(node));
  KernelOption option;
  option.workspace = static_cast<size_t>(c.arrays() + weights_bytes(c) +
                                         cpu_device(device).threads() * plane_bytes(c));
  return KernelNeeds(std::move(option));
}

Result<KernelPtr> create(const NodeView& node, const KernelOption&, Device& device) {
  OARLOCK_ASSIGN(const IntegerConv c, depthwise_of(node));
  return KernelPtr(std::make_unique<DepthwiseKernel>(c, cpu_device(device)));
}

}  // namespace

std::span<const KernelDef> integer_depthwise_kernels();

std::span<const KernelDef> integer_depthwise_kernels() {
  static const std::array<KernelDef, 2> list = {{
      {"ConvInteger", "depthwise_8bit", match, create},
      {"QLinearConv", "depthwise_8bit", match, create},
  }};
  return list;
}

}  // namespace oarlock::cpu
