#include "kernels/cpu/resize.h"

#include "kernels/cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/resize.cc"
#include <hwy/foreach_target.h>  // IWYU pragma: keep

#include <cstring>

#include "kernels/cpu/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace oarlock::kernels::cpu::HWY_NAMESPACE {
namespace {

void nearest_row(const Resize& s, const float* x, float* y) {
  if (s.block == 1) {
    for (int64_t i = 0; i < s.out_width; ++i) y[i] = x[s.columns[i].low];
    return;
  }
  const size_t bytes = static_cast<size_t>(s.block) * sizeof(float);
  for (int64_t i = 0; i < s.out_width; ++i)
    std::memcpy(y + i * s.block, x + s.columns[i].low * s.block, bytes);
}

void linear_row(const Resize& s, const float* low, const float* high, float weight, float* y) {
  if (s.block % kStep != 0) {
    for (int64_t i = 0; i < s.out_width; ++i) {
      const ResizeTap& tap = s.columns[i];
      for (int64_t c = 0; c < s.block; ++c) {
        const int64_t l = tap.low * s.block + c;
        const int64_t h = tap.high * s.block + c;
        const float top = low[l] + (low[h] - low[l]) * tap.weight;
        const float bottom = high[l] + (high[h] - high[l]) * tap.weight;
        y[i * s.block + c] = top + (bottom - top) * weight;
      }
    }
    return;
  }
  const F32 d;
  const VecF32 w = hn::Set(d, weight);
  for (int64_t i = 0; i < s.out_width; ++i) {
    const ResizeTap& tap = s.columns[i];
    const VecF32 across = hn::Set(d, tap.weight);
    for (int64_t c = 0; c < s.block; c += kStep) {
      const VecF32 ll = hn::LoadU(d, low + tap.low * s.block + c);
      const VecF32 lh = hn::LoadU(d, low + tap.high * s.block + c);
      const VecF32 hl = hn::LoadU(d, high + tap.low * s.block + c);
      const VecF32 hh = hn::LoadU(d, high + tap.high * s.block + c);
      const VecF32 top = hn::MulAdd(hn::Sub(lh, ll), across, ll);
      const VecF32 bottom = hn::MulAdd(hn::Sub(hh, hl), across, hl);
      hn::StoreU(hn::MulAdd(hn::Sub(bottom, top), w, top), d, y + i * s.block + c);
    }
  }
}

void resize_range(const Resize& s, const float* x, float* y, int64_t begin, int64_t end) {
  const int64_t in_row = s.in_width * s.block;
  const int64_t out_row = s.out_width * s.block;
  for (int64_t r = begin; r < end; ++r) {
    const float* plane = x + r / s.out_height * s.in_height * in_row;
    const int64_t row = r % s.out_height;
    const ResizeTap& tap = s.rows[row];
    float* to = y + r * out_row;
    if (!s.nearest) {
      linear_row(s, plane + tap.low * in_row, plane + tap.high * in_row, tap.weight, to);
    } else if (row > 0 && r > begin && s.rows[row - 1].low == tap.low) {
      std::memcpy(to, to - out_row, static_cast<size_t>(out_row) * sizeof(float));
    } else {
      nearest_row(s, plane + tap.low * in_row, to);
    }
  }
}

}  // namespace
}  // namespace oarlock::kernels::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace oarlock::kernels::cpu {
OARLOCK_EXPORT(resize_range);

void resize(const Resize& shape, const float* x, float* y, int64_t begin, int64_t end) {
  OARLOCK_DISPATCH(resize_range)(shape, x, y, begin, end);
}
}  // namespace oarlock::kernels::cpu
#endif
