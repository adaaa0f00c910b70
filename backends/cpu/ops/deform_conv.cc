// DeformConv in two dimensions, float32: samples for one panel of output pixels at a time, then a
// matrix product with the weights.
#include <array>
#include <cmath>

#include "backends/cpu/ops/support/common.h"
#include "kernels/cpu/gemm.h"

namespace oarlock::cpu {

namespace {

namespace kc = kernels::cpu;

constexpr int64_t kMostWidth = 64;  // of a panel

struct DeformConv : WindowNode {
  int64_t offset_groups = 1;
  bool has_bias = false, has_mask = false;

  int64_t depth() const { return shape.in_channels / shape.groups * shape.taps(); }
  int64_t filters() const { return shape.out_channels / shape.groups; }
  // Floats of one thread: the samples of all channels.
  int64_t samples() const { return shape.in_channels * shape.taps() * kc::gemm_panel_width(); }
};

Result<DeformConv> deform_conv_of(const NodeView& node) {
  DeformConv c;
  OARLOCK_ASSIGN(static_cast<WindowNode&>(c), read_convolution(node));
  c.offset_groups = node.attrs().integer("offset_group", 1);
  if (node.input_shape(0).rank() != 4) return unsupported("another number of dimensions than two");
  if (c.offset_groups < 1 || c.shape.in_channels % c.offset_groups != 0)
    return unsupported("channels that do not divide into ", c.offset_groups, " offset groups");
  c.has_bias = node.input_count() > 3 && node.has_input(3);
  c.has_mask = node.input_count() > 4 && node.has_input(4);
  return c;
}

// Four pixels (-1: none) and their weights for each sample of a tap.
struct Samples {
  std::array<std::array<int32_t, kMostWidth>, 4> at;
  std::array<std::array<float, kMostWidth>, 4> weight;
};

class DeformConvKernel final : public Kernel {
 public:
  DeformConvKernel(const DeformConv& c, const CpuDevice& device) : c_(c), device_(device) {}

  Status run(const KernelArgs& args) override {
    const int64_t panels = kc::gemm_panels(c_.shape.out_pixels());
    device_.parallel(c_.batch * panels, 1, [&](int64_t begin, int64_t end, int slot) {
      float* samples = args.workspace.data<float>() + slot * c_.samples();
      for (int64_t i = begin; i < end; ++i) run_panel(args, i / panels, i % panels, samples);
    });
    return {};
  }

 private:
  void run_panel(const KernelArgs& args, int64_t image, int64_t panel, float* samples) const {
    const kc::ConvShape& s = c_.shape;
    const int64_t width = kc::gemm_panel_width(), first = panel * width;
    const int64_t count = std::min(width, s.out_pixels() - first);
    const int64_t each = s.in_channels / c_.offset_groups;
    for (int64_t group = 0; group < c_.offset_groups; ++group)
      for (int64_t tap = 0; tap < s.taps(); ++tap) {
        Samples places;
        locate(args, image, group, tap, first, count, places);
        for (int64_t c = group * each; c < (group + 1) * each; ++c)
          sample(args.inputs[0].data<const float>() + (image * s.in_channels + c) * s.in_pixels(),
                 places, samples + (c * s.taps() + tap) * width);
      }
    for (int64_t group = 0; group < s.groups; ++group) {
      kc::GemmArgs g;
      g.m = c_.filters();
      g.n = count;
      g.k = c_.depth();
      g.a = args.inputs[1].data<const float>() + group * g.m * g.k;
      g.a_row_stride = g.k;
      g.b = samples + group * g.k * width;
      g.c = args.outputs[0].data<float>() +
            (image * s.out_channels + group * g.m) * s.out_pixels() + first;
      g.c_row_stride = s.out_pixels();
      kc::gemm(g, 0, g.m, 0, 1);
      if (!c_.has_bias) continue;
      const float* bias = args.inputs[3].data<const float>() + group * g.m;
      for (int64_t m = 0; m < g.m; ++m)
        for (int64_t p = 0; p < count; ++p) g.c[m * g.c_row_stride + p] += bias[m];
    }
  }

  // Where a tap of the output pixels [first, first + count) is sampled.
  void locate(const KernelArgs& args, int64_t image, int64_t group, int64_t tap, int64_t first,
              int64_t count, Samples& to) const {
    const kc::ConvShape& s = c_.shape;
    const int64_t pixels = s.out_pixels();
    const int64_t number = (image * c_.offset_groups + group) * s.taps() + tap;
    const float* offset = args.inputs[2].data<const float>() + 2 * number * pixels + first;
    const float* mask =
        c_.has_mask ? args.inputs[4].data<const float>() + number * pixels + first : nullptr;
    const int64_t ky = tap / s.kernel_width, kx = tap % s.kernel_width;
    for (int64_t p = 0; p < kMostWidth; ++p) {
      const auto lane = static_cast<size_t>(p);
      for (size_t corner = 0; corner < 4; ++corner) {
        to.at[corner][lane] = -1;
        to.weight[corner][lane] = 0;
      }
      if (p >= count) continue;
      const int64_t oy = (first + p) / s.out_width, ox = (first + p) % s.out_width;
      const double y =
          static_cast<double>(oy * s.stride_height - s.pad_top + ky * s.dilation_height) +
          static_cast<double>(offset[p]);
      const double x =
          static_cast<double>(ox * s.stride_width - s.pad_left + kx * s.dilation_width) +
          static_cast<double>(offset[pixels + p]);
      if (!(y > -1 && y < static_cast<double>(s.in_height) && x > -1 &&
            x < static_cast<double>(s.in_width)))
        continue;
      const auto y0 = static_cast<int64_t>(std::floor(y));
      const auto x0 = static_cast<int64_t>(std::floor(x));
      const double dy = y - static_cast<double>(y0), dx = x - static_cast<double>(x0);
      const double scale = mask ? static_cast<double>(mask[p]) : 1.0;
      for (size_t corner = 0; corner < 4; ++corner) {
        const int64_t cy = y0 + static_cast<int64_t>(corner / 2);
        const int64_t cx = x0 + static_cast<int64_t>(corner % 2);
        if (cy < 0 || cy >= s.in_height || cx < 0 || cx >= s.in_width) continue;
        to.at[corner][lane] = static_cast<int32_t>(cy * s.in_width + cx);
        to.weight[corner][lane] = static_cast<float>((corner / 2 == 0 ? 1 - dy : dy) *
                                                     (corner % 2 == 0 ? 1 - dx : dx) * scale);
      }
    }
  }

  static void sample(const float* plane, const Samples& s, float* to) {
    const int64_t width = kc::gemm_panel_width();
    for (int64_t p = 0; p < width; ++p) {
      const auto i = static_cast<size_t>(p);
      float sum = 0;
      for (size_t corner = 0; corner < 4; ++corner)
        if (s.at[corner][i] >= 0) sum += s.weight[corner][i] * plane[s.at[corner][i]];
      to[p] = sum;
    }
  }

  DeformConv c_;
  const CpuDevice& device_;
};

Result<KernelNeeds> match(const NodeView& node, const Device& device) {
  OARLOCK_ASSIGN(const DeformConv c, deform_conv_of(node));
  KernelOption option;
  option.workspace =
      static_cast<size_t>(c.samples() * cpu_device(device).threads()) * sizeof(float);
  return KernelNeeds(std::move(option));
}

Result<KernelPtr> create(const NodeView& node, const KernelOption&, Device& device) {
  OARLOCK_ASSIGN(const DeformConv c, deform_conv_of(node));
  return KernelPtr(std::make_unique<DeformConvKernel>(c, cpu_device(device)));
}

}  // namespace

std::span<const KernelDef> deform_conv_kernels();

std::span<const KernelDef> deform_conv_kernels() {
  static const std::array<KernelDef, 1> list = {{{"DeformConv", "deform_conv_f32", match, create}}};
  return list;
}

}  // namespace oarlock::cpu
