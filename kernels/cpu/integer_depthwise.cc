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

struct Sums {
  VecI32 sum, other;
};

// Adds weight0 * x0 + weight1 * x1 for kStep pixels.
HWY_INLINE void add_two(const uint8_t* x0, const uint8_t* x1, int16_t weight0, int16_t weight1,
                        hn::Vec<I32> flip, Sums& sums) {
  const I32 d;
  const auto low = hn::Xor(hn::PromoteTo(d, hn::LoadU(Bytes(), x0)), flip);
  const auto high = hn::Xor(hn::PromoteTo(d, hn::LoadU(Bytes(), x1)), flip);
  const auto pairs = hn::BitCast(Shorts(), hn::Or(low, hn::ShiftLeft<16>(high)));
  const uint32_t weights =
      static_cast<uint16_t>(weight0) | static_cast<uint32_t>(static_cast<uint16_t>(weight1)) << 16;
  const auto w = hn::BitCast(Shorts(), hn::Set(d, static_cast<int32_t>(weights)));
  sums.sum = hn::ReorderWidenMulAccumulate(d, pairs, w, sums.sum, sums.other);
}

VecI32 pixels_from(const ConvShape& s, const PaddedPlane& padded, const uint8_t* row,
                   const int16_t* weights, VecI32 flip) {
  const I32 d;
  Sums sums{hn::Zero(d), hn::Zero(d)};
  const uint8_t* before = nullptr;
  int16_t weight = 0;
  for (int64_t ky = 0; ky < s.kernel_height; ++ky) {
    for (int64_t kx = 0; kx < s.kernel_width; ++kx) {
      const int64_t shift = kx * s.dilation_width;
      const uint8_t* tap = row + ky * s.dilation_height * padded.row_bytes +
                           shift % s.stride_width * padded.run + shift / s.stride_width;
      const int16_t w = *weights++;
      if (before) {
        add_two(before, tap, weight, w, flip, sums);
        before = nullptr;
      } else {
        before = tap;
        weight = w;
      }
    }
  }
  if (before) add_two(before, before, weight, 0, flip, sums);
#if HWY_TARGET == HWY_NEON
  return add_pairs(sums.other, sums.sum);
#else
  return sums.sum;
#endif
}

void depthwise(const ConvShape& s, const uint8_t* plane, bool is_signed, const int16_t* weights,
               const IntegerFinish& finish, void* c, int64_t row_begin, int64_t row_end) {
  const I32 d;
  const PaddedPlane padded = padded_plane(s);
  const VecI32 flip = hn::Set(d, is_signed ? 0x80 : 0);
  const bool wide =
      finish.kind == IntegerFinish::Kind::int32 || finish.kind == IntegerFinish::Kind::float32;
  const int64_t bytes = wide ? 4 : 1;
  HWY_ALIGN int32_t dots[kLanes];
  HWY_ALIGN char last[4 * kLanes];
  for (int64_t y = row_begin; y < row_end; ++y) {
    const uint8_t* row = plane + y * s.stride_height * padded.row_bytes;
    char* out = static_cast<char*>(c) + y * s.out_width * bytes;
    for (int64_t x = 0; x < s.out_width; x += kStep) {
      hn::Store(pixels_from(s, padded, row + x, weights, flip), d, dots);
      const int64_t count = std::min(kStep, s.out_width - x);
      char* to = count == kStep ? out + x * bytes : last;
      finish_row<kStep>(finish, dots, 0, 0, to);
      if (count < kStep) std::memcpy(out + x * bytes, last, static_cast<size_t>(count * bytes));
    }
  }
}

}  // namespace
}  // namespace oarlock::kernels::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace oarlock::kernels::cpu {
HWY_EXPORT(depthwise);

void integer_depthwise(const ConvShape& shape, const uint8_t* plane, bool is_signed,
                       const int16_t* weights, const IntegerFinish& finish, void* c,
                       int64_t row_begin, int64_t row_end) {
  HWY_DYNAMIC_DISPATCH(depthwise)(shape, plane, is_signed, weights, finish, c, row_begin, row_end);
}
}  // namespace oarlock::kernels::cpu
#endif
