// Convolution of one plane of bytes, see integer_conv.h.
#include "kernels/cpu/integer_conv.h"
#include "kernels/cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/integer_depthwise.cc"
#include <hwy/foreach_target.h>  // IWYU pragma: keep

#include <algorithm>
#include <cstring>

#include "kernels/cpu/integer_finish-inl.h"

HWY_BEFORE_NAMESPACE();
namespace oarlock::kernels::cpu::HWY_NAMESPACE {
namespace {

using Bytes = hn::Rebind<uint8_t, I32>;
using Shorts = hn::Repartition<int16_t, I32>;

// VECTORS times kStep pixels, `step` bytes of the plane apart, from `row` on.
template <int VECTORS>
HWY_INLINE void pixels_from(const uint8_t* row, int64_t step, const int64_t* offsets,
                            const int16_t* weights, int64_t taps, VecI32 flip, int32_t* dots) {
  const I32 d;
  VecI32 sums[VECTORS], others[VECTORS];
#pragma GCC unroll 4
  for (int v = 0; v < VECTORS; ++v) sums[v] = others[v] = hn::Zero(d);
  for (int64_t t = 0; t < taps; t += 2) {
    const uint8_t* x0 = row + offsets[t];
    const uint8_t* x1 = row + offsets[t + 1];
    int32_t both;
    std::memcpy(&both, weights + t, sizeof both);
    const auto w = hn::BitCast(Shorts(), hn::Set(d, both));
#pragma GCC unroll 4
    for (int v = 0; v < VECTORS; ++v) {
      const VecI32 low = hn::Xor(hn::PromoteTo(d, hn::LoadU(Bytes(), x0 + v * step)), flip);
      const VecI32 high = hn::Xor(hn::PromoteTo(d, hn::LoadU(Bytes(), x1 + v * step)), flip);
      const auto pairs = hn::BitCast(Shorts(), hn::Or(low, hn::ShiftLeft<16>(high)));
      sums[v] = hn::ReorderWidenMulAccumulate(d, pairs, w, sums[v], others[v]);
    }
  }
#pragma GCC unroll 4
  for (int v = 0; v < VECTORS; ++v) {
#if HWY_TARGET == HWY_NEON
    sums[v] = add_pairs(others[v], sums[v]);
#endif
    hn::Store(sums[v], d, dots + v * kStep);
  }
}

void depthwise(const ConvShape& s, const int64_t* offsets, const uint8_t* plane, bool is_signed,
               const int16_t* weights, const IntegerFinish& finish, void* c, int64_t row_begin,
               int64_t row_end) {
  constexpr int64_t kMany = 4 * kStep;
  const PaddedPlane padded = padded_plane(s);
  const int64_t taps = paired_taps(s);
  const VecI32 flip = hn::Set(I32(), is_signed ? 0x80 : 0);
  const bool wide =
      finish.kind == IntegerFinish::Kind::int32 || finish.kind == IntegerFinish::Kind::float32;
  const int64_t bytes = wide ? 4 : 1;
  HWY_ALIGN int32_t dots[4 * kLanes];
  HWY_ALIGN char last[16 * kLanes];
  const int64_t step = s.stride_height * padded.row_pixels;
  int64_t y = row_begin;
  for (; s.out_width <= kStep && y + 4 <= row_end; y += 4) {  // four narrow rows at once
    pixels_from<4>(plane + y * step, step, offsets, weights, taps, flip, dots);
    finish_row<kMany>(finish, dots, 0, 0, last);
    char* out = static_cast<char*>(c) + y * s.out_width * bytes;
    for (int64_t v = 0; v < 4; ++v)
      std::memcpy(out + v * s.out_width * bytes, last + v * kStep * bytes,
                  static_cast<size_t>(s.out_width * bytes));
  }
  for (; y < row_end; ++y) {
    const uint8_t* row = plane + y * step;
    char* out = static_cast<char*>(c) + y * s.out_width * bytes;
    for (int64_t x = 0; x < s.out_width;) {
      const int64_t left = s.out_width - x;
      const int64_t many = left > 2 * kStep ? 4 : left > kStep ? 2 : 1;
      if (many == 4)
        pixels_from<4>(row + x, kStep, offsets, weights, taps, flip, dots);
      else if (many == 2)
        pixels_from<2>(row + x, kStep, offsets, weights, taps, flip, dots);
      else
        pixels_from<1>(row + x, kStep, offsets, weights, taps, flip, dots);
      const int64_t count = std::min(left, many * kStep);
      if (count == kMany) {
        finish_row<kMany>(finish, dots, 0, 0, out + x * bytes);
      } else {
        for (int64_t j = 0; j < count; j += kStep) {
          const int64_t n = std::min(kStep, count - j);
          finish_row<kStep>(finish, dots + j, 0, 0, n == kStep ? out + (x + j) * bytes : last);
          if (n < kStep) std::memcpy(out + (x + j) * bytes, last, static_cast<size_t>(n * bytes));
        }
      }
      x += count;
    }
  }
}

}  // namespace
}  // namespace oarlock::kernels::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace oarlock::kernels::cpu {
OARLOCK_EXPORT(depthwise);

void integer_depthwise(const ConvShape& shape, const int64_t* offsets, const uint8_t* plane,
                       bool is_signed, const int16_t* weights, const IntegerFinish& finish, void* c,
                       int64_t row_begin, int64_t row_end) {
  OARLOCK_DISPATCH(depthwise)
  (shape, offsets, plane, is_signed, weights, finish, c, row_begin, row_end);
}
}  // namespace oarlock::kernels::cpu
#endif
