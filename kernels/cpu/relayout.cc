#include "kernels/cpu/relayout.h"

#include <algorithm>

#include "kernels/cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/relayout.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace oarlock::kernels::cpu::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using F32x4 = hn::FixedTag<float, 4>;

// Four rows of four floats become four columns.
HWY_INLINE void transpose_4x4(const float* from, int64_t from_stride, float* to,
                              int64_t to_stride) {
  const F32x4 d;
  const hn::RepartitionToWide<hn::RebindToUnsigned<F32x4>> d64;
  const auto a = hn::LoadU(d, from), b = hn::LoadU(d, from + from_stride);
  const auto c = hn::LoadU(d, from + 2 * from_stride), e = hn::LoadU(d, from + 3 * from_stride);
  const auto ab_low = hn::BitCast(d64, hn::InterleaveLower(d, a, b));
  const auto ab_high = hn::BitCast(d64, hn::InterleaveUpper(d, a, b));
  const auto ce_low = hn::BitCast(d64, hn::InterleaveLower(d, c, e));
  const auto ce_high = hn::BitCast(d64, hn::InterleaveUpper(d, c, e));
  hn::StoreU(hn::BitCast(d, hn::InterleaveLower(d64, ab_low, ce_low)), d, to);
  hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(d64, ab_low, ce_low)), d, to + to_stride);
  hn::StoreU(hn::BitCast(d, hn::InterleaveLower(d64, ab_high, ce_high)), d, to + 2 * to_stride);
  hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(d64, ab_high, ce_high)), d, to + 3 * to_stride);
}

void block_target(const float* nchw, int64_t channels, int64_t pixels, float* blocked, Range blocks,
                  Range range) {
  for (int64_t block = blocks.begin; block < blocks.end; ++block) {
    const float* from = nchw + block * 16 * pixels;
    float* to = blocked + block * 16 * pixels;
    const int64_t lanes = std::min<int64_t>(16, channels - block * 16);
    int64_t p = range.begin;
    for (; p + 4 <= range.end; p += 4) {
      int64_t c = 0;
      for (; c + 4 <= lanes; c += 4)
        transpose_4x4(from + c * pixels + p, pixels, to + p * 16 + c, 16);
      for (; c < 16; ++c) {
        for (int64_t q = p; q < p + 4; ++q) {
          to[q * 16 + c] = c < lanes ? from[c * pixels + q] : 0.0f;
        }
      }
    }
    for (; p < range.end; ++p) {
      for (int64_t c = 0; c < 16; ++c) {
        to[p * 16 + c] = c < lanes ? from[c * pixels + p] : 0.0f;
      }
    }
  }
}

void unblock_target(const float* blocked, int64_t channels, int64_t pixels, float* nchw,
                    Range blocks, Range range) {
  for (int64_t block = blocks.begin; block < blocks.end; ++block) {
    const float* from = blocked + block * 16 * pixels;
    float* to = nchw + block * 16 * pixels;
    const int64_t lanes = std::min<int64_t>(16, channels - block * 16);
    int64_t p = range.begin;
    for (; p + 4 <= range.end; p += 4) {
      int64_t c = 0;
      for (; c + 4 <= lanes; c += 4)
        transpose_4x4(from + p * 16 + c, 16, to + c * pixels + p, pixels);
      for (; c < lanes; ++c) {
        for (int64_t q = p; q < p + 4; ++q) to[c * pixels + q] = from[q * 16 + c];
      }
    }
    for (; p < range.end; ++p) {
      for (int64_t c = 0; c < lanes; ++c) to[c * pixels + p] = from[p * 16 + c];
    }
  }
}

}  // namespace oarlock::kernels::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace oarlock::kernels::cpu {

OARLOCK_EXPORT(block_target);
OARLOCK_EXPORT(unblock_target);

void block_channels(const float* nchw, int64_t channels, int64_t pixels, float* blocked,
                    Range blocks, Range pixel_range) {
  OARLOCK_DISPATCH(block_target)(nchw, channels, pixels, blocked, blocks, pixel_range);
}
void unblock_channels(const float* blocked, int64_t channels, int64_t pixels, float* nchw,
                      Range blocks, Range pixel_range) {
  OARLOCK_DISPATCH(unblock_target)(blocked, channels, pixels, nchw, blocks, pixel_range);
}
void block_channels(const float* nchw, int64_t channels, int64_t pixels, float* blocked,
                    Range blocks) {
  block_channels(nchw, channels, pixels, blocked, blocks, {0, pixels});
}
void unblock_channels(const float* blocked, int64_t channels, int64_t pixels, float* nchw,
                      Range blocks) {
  unblock_channels(blocked, channels, pixels, nchw, blocks, {0, pixels});
}

}  // namespace oarlock::kernels::cpu
#endif
