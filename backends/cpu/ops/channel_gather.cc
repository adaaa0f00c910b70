// oarlock.cpu.ChannelGather in NCHW16c.
#include "kernels/cpu/channel_gather.h"

#include <algorithm>
#include <array>
#include <utility>

#include "backends/cpu/device.h"
#include "backends/cpu/ops/window.h"

namespace oarlock::cpu {

namespace {

using kernels::cpu::ChannelGather;

// Floats that a part should have at least.
constexpr int64_t kLeastFloats = 16 * 1024;
constexpr size_t kMostInputs = 32;

Result<KernelNeeds> match(const NodeView& view, const Device&) {
  OARLOCK_TRY(expect_float32(view));
  if (view.input_count() > kMostInputs) return unsupported("more than ", kMostInputs, " inputs");
  KernelOption option;
  option.inputs.assign(view.input_count(), blocked_layout());
  option.outputs.assign(view.output_count(), blocked_layout());
  option.only_moves = true;
  return KernelNeeds(std::move(option));
}

class GatherKernel final : public Kernel {
 public:
  GatherKernel(const NodeView& view, const CpuDevice& device) : device_(device) {
    const Shape& shape = view.input_shape(0);
    batch_ = shape[0];
    plane_ = shape[2] * shape[3];
    std::vector<int64_t> channels;
    for (size_t i = 0; i < view.input_count(); ++i) {
      channels.push_back(view.input_shape(i)[1]);
      image_.push_back((channels.back() + 15) / 16 * 16 * plane_);
    }
    const std::span<const int64_t> all = view.attrs().integers("channels");
    size_t first = 0;
    for (size_t i = 0; i < view.output_count(); ++i) {
      const auto count = static_cast<size_t>(view.output_shape(i)[1]);
      gathers_.emplace_back(channels, all.subspan(first, count));
      first += count;
      blocks_ += gathers_.back().block_count();
    }
  }

  Status run(const KernelArgs& args) override {
    const int64_t grain = std::max<int64_t>(1, kLeastFloats / (plane_ * 16));
    for (int64_t image = 0; image < batch_; ++image) {
      std::array<const float*, kMostInputs> sources;
      for (size_t i = 0; i < image_.size(); ++i)
        sources[i] = args.inputs[i].data<const float>() + image * image_[i];
      device_.parallel(blocks_, grain, [&](int64_t begin, int64_t end, int) {
        int64_t first = 0;  // of this output's blocks
        for (size_t i = 0; i < gathers_.size(); ++i) {
          const int64_t count = gathers_[i].block_count();
          const kernels::cpu::Range blocks = {std::clamp<int64_t>(begin - first, 0, count),
                                              std::clamp<int64_t>(end - first, 0, count)};
          gathers_[i].run(sources.data(),
                          args.outputs[i].data<float>() + image * count * 16 * plane_, plane_,
                          blocks, {0, plane_});
          first += count;
        }
      });
    }
    return {};
  }

 private:
  const CpuDevice& device_;
  int64_t batch_, plane_, blocks_ = 0;
  std::vector<int64_t> image_;  // floats of one image of each input
  std::vector<ChannelGather> gathers_;
};

Result<KernelPtr> create(const NodeView& view, const KernelOption&, Device& device) {
  return KernelPtr(std::make_unique<GatherKernel>(view, cpu_device(device)));
}

}  // namespace

std::span<const KernelDef> channel_gather_kernels();

std::span<const KernelDef> channel_gather_kernels() {
  static const KernelDef defs[] = {
      {"oarlock.cpu.ChannelGather", "channel_gather_f32_nchw16c", match, create}};
  return defs;
}

}  // namespace oarlock::cpu
