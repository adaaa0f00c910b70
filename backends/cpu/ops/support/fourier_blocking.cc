#include "backends/cpu/ops/support/fourier_blocking.h"

#include <algorithm>

#include "backends/cpu/ops/support/cache.h"

namespace oarlock::cpu {

namespace {

using kernels::cpu::ConvShape;
using kernels::cpu::fourier_length;
using kernels::cpu::FourierAxis;
using kernels::cpu::FourierBlocking;
using kernels::cpu::FourierConv;
using kernels::cpu::FourierDepthwise;
using kernels::cpu::FourierSignal;

// Times are in steps of the direct depthwise kernel: one weight times one pixel of 16 channels.
constexpr double kProduct = 3.4;     // of two complex numbers
constexpr double kPart = 1000;       // what begins and ends a part
constexpr double kWeightsRead = 8;   // 16 floats that the rest of a network has driven out
constexpr int64_t kLeastKernel = 8;  // along the lines
constexpr int64_t kMostTiles = 64;

// Of one number of a transform of two lines, with reading, splitting and writing it.
double number_cost(int64_t length) {
  double cost = 13;
  while (length % 8 == 0 && length != 16) {
    length /= 8;
    cost += 6;
  }
  for (; length % 4 == 0; length /= 4) cost += 4;
  for (; length % 2 == 0; length /= 2) cost += 3;
  for (; length % 3 == 0; length /= 3) cost += 4.5;
  for (; length % 5 == 0; length /= 5) cost += 7;
  return length == 1 ? cost : 1e6;
}

double transform_cost(int64_t length) { return static_cast<double>(length) * number_cost(length); }

// The length that takes the least time among those of at least `needed`.
int64_t best_length(int64_t needed) {
  int64_t best = needed;
  for (int64_t n = needed; n <= 2 * needed; ++n)
    if (transform_cost(n) < transform_cost(best)) best = n;
  return best;
}

// Pairs of an output and a weight along an axis that meet inside the input.
double pairs(int64_t in, int64_t out, int64_t kernel, int64_t stride, int64_t dilation,
             int64_t pad) {
  double sum = 0;
  for (int64_t i = 0; i < out; ++i) {
    const int64_t at = i * stride - pad;
    const int64_t begin = at < 0 ? std::min((-at + dilation - 1) / dilation, kernel) : 0;
    const int64_t end = at >= in ? begin : std::min((in - 1 - at) / dilation + 1, kernel);
    sum += static_cast<double>(std::max<int64_t>(end - begin, 0));
  }
  return sum;
}

struct Choice {
  FourierBlocking blocking;
  double cost;
};

// For one block of channels.
void choose_along(const ConvShape& s, bool width, Choice& best) {
  const int64_t kernel = width ? s.kernel_width : s.kernel_height;
  if (kernel < kLeastKernel || !FourierDepthwise::fits(s, width)) return;
  const int64_t along = width ? s.out_width : s.out_height;
  const int64_t across = width ? s.out_height : s.out_width;
  const int64_t lines_in = width ? s.in_height : s.in_width;
  const int64_t lines_kernel = width ? s.kernel_height : s.kernel_width;
  const int64_t stride = width ? s.stride_height : s.stride_width;
  const int64_t reach = (lines_kernel - 1) * (width ? s.dilation_height : s.dilation_width);
  const double products = width ? pairs(s.in_height, s.out_height, s.kernel_height, s.stride_height,
                                        s.dilation_height, s.pad_top)
                                : pairs(s.in_width, s.out_width, s.kernel_width, s.stride_width,
                                        s.dilation_width, s.pad_left);
  for (int64_t wanted = 1; wanted <= std::min(along, kMostTiles); ++wanted) {
    const int64_t tile = (along + wanted - 1) / wanted, tiles = (along + tile - 1) / tile;
    const int64_t length = best_length(fourier_length(s, width, tile));
    const int64_t numbers = length / 2 + 1;
    // Half of the cache holds the spectra of a strip, whose lines are even in number.
    const int64_t slots = cache_bytes() / 2 / (numbers * 32 * int64_t{sizeof(float)});
    const int64_t most = (slots - reach - 1) / stride + 1;
    if (slots <= reach || most < std::min<int64_t>(across, 8)) continue;
    const int64_t least_strips = (across + most - 1) / most;
    const int64_t strip = ((across + least_strips - 1) / least_strips + 1) / 2 * 2;
    const int64_t strips = (across + strip - 1) / strip;
    const int64_t read = std::min(lines_in, (strip - 1) * stride + reach + 1);
    const double lines = static_cast<double>(strips * read + across) / 2;
    const double cost =
        static_cast<double>(tiles) *
            (lines * transform_cost(length) + static_cast<double>(numbers) * products * kProduct +
             static_cast<double>(strips) * kPart) +
        static_cast<double>(numbers * lines_kernel * 2) * kWeightsRead;
    if (cost < best.cost) best = {{width, tile, strip, length}, cost};
  }
}

// As choose_along(), of all channels.
void choose_dense_along(const ConvShape& s, bool width, Choice& best) {
  constexpr double kMultiplyAdd = 0.6;               // of a step, in a product
  constexpr int64_t kMostFloats = int64_t{8} << 20;  // of a strip's spectra
  constexpr int64_t kLeastDenseKernel = 4, kLeastRows = 14;
  const FourierAxis along(s, width), across(s, !width);
  if (along.kernel < kLeastDenseKernel || !FourierConv::fits(s, width)) return;
  for (int64_t wanted = 1; wanted <= std::min(along.out, kMostTiles); ++wanted) {
    const int64_t tile = (along.out + wanted - 1) / wanted, tiles = (along.out + tile - 1) / tile;
    const int64_t length = best_length(fourier_length(s, width, tile)), numbers = length / 2 + 1;
    const int64_t line = 32 * numbers * tiles;  // floats of a line's spectra, of a block
    const int64_t most = (kMostFloats / line - across.reach() * s.in_blocks()) /
                         (across.stride * s.in_blocks() + s.out_blocks());
    if (most < std::min<int64_t>(across.out, 14)) continue;
    const int64_t strips = (across.out + most - 1) / most;
    const int64_t strip = (across.out + strips - 1) / strips;
    const int64_t read = std::min(across.in, (strip - 1) * across.stride + across.reach() + 1);
    const auto weights =
        static_cast<double>(numbers * across.kernel * s.in_blocks() * 2 * 16 * s.out_blocks());
    const int64_t pairs_in = (read + 1) / 2, pairs_out = (strip + 1) / 2;
    const auto transforms = static_cast<double>(
        strips * tiles * (pairs_in * s.in_blocks() + pairs_out * s.out_blocks()));
    // Products of few rows take as long as of some more.
    const bool together = across.kernel == 1 && across.stride == 1;
    const int64_t rows = std::max((together ? tiles : 1) * strip, kLeastRows);
    const int64_t products = strips * (together ? 1 : tiles);
    const double cost = transforms * transform_cost(length) +
                        weights * (static_cast<double>(products * rows) * 2 * kMultiplyAdd +
                                   static_cast<double>(strips) * kWeightsRead);
    if (cost < best.cost) best = {{width, tile, strip, length}, cost};
  }
}

}  // namespace

std::optional<FourierBlocking> fourier_conv_blocking(const ConvShape& s, double most) {
  constexpr double kMultiplyAdd = 0.55;
  const auto weights = static_cast<double>(s.taps() * s.in_channels * s.out_blocks());
  const double direct =
      weights * (static_cast<double>(s.out_pixels()) * kMultiplyAdd + kWeightsRead);
  Choice best = {{}, direct * most};
  choose_dense_along(s, true, best);
  choose_dense_along(s, false, best);
  if (best.blocking.length == 1) return std::nullopt;
  return best.blocking;
}

std::optional<FourierBlocking> fourier_depthwise_blocking(const ConvShape& s, double most) {
  const double rows = pairs(s.in_height, s.out_height, s.kernel_height, s.stride_height,
                            s.dilation_height, s.pad_top);
  const double direct = rows * static_cast<double>(s.out_width * s.kernel_width) +
                        static_cast<double>(s.taps()) * kWeightsRead;
  Choice best = {{}, direct * most};
  choose_along(s, true, best);
  choose_along(s, false, best);
  if (best.blocking.length == 1) return std::nullopt;
  return best.blocking;
}

std::optional<FourierSignal::Blocking> fourier_signal_blocking(const ConvShape& s, double most) {
  constexpr double kGather = 8;          // of a number, through transposed blocks
  constexpr double kBlockedStep = 0.33;  // of the direct kernels that share the input's values
  constexpr int64_t kLanes = 16, kPair = 32;
  if (!FourierSignal::fits(s) || s.kernel_width < kLeastKernel) return std::nullopt;
  const int64_t in = s.in_channels / s.groups, out = s.out_channels / s.groups;
  const bool depthwise = s.groups > 1 && in == 1 && out == 1;
  const double direct = static_cast<double>(s.out_width) * static_cast<double>(s.kernel_width) *
                        static_cast<double>(in * s.out_blocks()) * (depthwise ? 1 : kBlockedStep);
  double best_cost = direct * most;
  std::optional<FourierSignal::Blocking> best;
  const auto offer = [&](FourierSignal::Blocking b) {
    const int64_t parts = (s.kernel_width + b.part - 1) / b.part;
    const int64_t segments = (s.out_width + b.hop - 1) / b.hop, numbers = b.length / 2 + 1;
    for (b.chunk = kLanes; b.chunk <= 16 * kLanes; b.chunk *= 2) {
      const int64_t chunks = (segments + b.chunk - 1) / b.chunk;
      const int64_t vectors = std::min(b.chunk, segments + kLanes - 1) / kLanes;
      const int64_t pairs_in = (vectors * kLanes + parts - 1 + kPair - 1) / kPair;
      const int64_t transforms = in * pairs_in + out * ((vectors + 1) / 2);
      const auto weights = static_cast<double>(numbers * in * parts * out);
      const double room = static_cast<double>(numbers * 2 * kPair * pairs_in * in) * sizeof(float);
      if (room > 4 * static_cast<double>(cache_bytes())) break;
      const double slow = room > 0.5 * static_cast<double>(cache_bytes()) ? 1.5 : 1.0;
      const double product = vectors == 1 ? 1.5 * kProduct : kProduct;
      const double chunk =
          slow * (static_cast<double>(transforms) *
                      (transform_cost(b.length) + static_cast<double>(b.length) * kGather) +
                  weights * (static_cast<double>(vectors) * product + 1)) +
          kPart;
      const int64_t units = s.groups * chunks;
      // Few units leave threads without work, or with unequal shares.
      const double cost =
          static_cast<double>(units) * chunk * (1 + 1.0 / static_cast<double>(units));
      if (cost >= best_cost) continue;
      best_cost = cost;
      best = b;
    }
  };
  for (int64_t two = 16; two <= 2048; two *= 2) {
    for (const int64_t hop : {two, two + two / 2}) {
      if (hop < s.kernel_width) offer({hop, hop, 2 * hop, 1});
      const int64_t length = best_length(hop + s.kernel_width - 1);
      if (hop + s.kernel_width <= 8192)
        offer({length - s.kernel_width + 1, s.kernel_width, length, 1});
    }
  }
  return best;
}

}  // namespace oarlock::cpu
