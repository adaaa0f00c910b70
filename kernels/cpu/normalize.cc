#include "kernels/cpu/normalize.h"

#include "kernels/cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/normalize.cc"
#include <hwy/foreach_target.h>  // IWYU pragma: keep

#include <algorithm>
#include <cmath>

#include "kernels/cpu/row-inl.h"

HWY_BEFORE_NAMESPACE();
namespace oarlock::kernels::cpu::HWY_NAMESPACE {
namespace {

// y = (x - mean) * inverse * scale + bias.
void normalize_row(const LayerNorm& norm, const float* x, float* y, float mean, float inverse) {
  const F32 d;
  const VecF32 m = hn::Set(d, mean);
  const VecF32 inv = hn::Set(d, inverse);
  int64_t i = 0;
  for (; i + kStep <= norm.width; i += kStep) {
    VecF32 v = hn::Mul(hn::Sub(hn::LoadU(d, x + i), m), inv);
    const VecF32 bias = norm.bias ? hn::LoadU(d, norm.bias + i) : hn::Zero(d);
    v = norm.scale ? hn::MulAdd(v, hn::LoadU(d, norm.scale + i), bias) : hn::Add(v, bias);
    hn::StoreU(v, d, y + i);
  }
  for (; i < norm.width; ++i) {
    const float v = (x[i] - mean) * inverse;
    y[i] = v * (norm.scale ? norm.scale[i] : 1.0f) + (norm.bias ? norm.bias[i] : 0.0f);
  }
}

void layer_norm_range(const LayerNorm& norm, const float* x, const float* residual, float* sum,
                      float* y, int64_t row_begin, int64_t row_end) {
  const F32 d;
  const float count = static_cast<float>(norm.width);
  for (int64_t r = row_begin; r < row_end; ++r) {
    const float* from = x + r * norm.width;
    float* to = y + r * norm.width;
    if (residual) {
      float* total = sum ? sum + r * norm.width : to;
      const float* other = residual + r * norm.width;
      int64_t i = 0;
      for (; i + kStep <= norm.width; i += kStep)
        hn::StoreU(hn::Add(hn::LoadU(d, from + i), hn::LoadU(d, other + i)), d, total + i);
      for (; i < norm.width; ++i) total[i] = from[i] + other[i];
      from = total;
    }
    const float mean = norm.center ? row_sum(from, norm.width) / count : 0.0f;
    const float variance = row_squared_distance(from, norm.width, mean) / count;
    normalize_row(norm, from, to, mean, 1.0f / std::sqrt(variance + norm.epsilon));
  }
}

void group_norm_range(const GroupNorm& norm, const float* x, float* y, int64_t begin, int64_t end) {
  const int64_t size = norm.channels * norm.inner;
  for (int64_t g = begin; g < end; ++g) {
    const float* from = x + g * size;
    float* to = y + g * size;
    const float mean = row_sum(from, size) / static_cast<float>(size);
    const float variance = row_squared_distance(from, size, mean) / static_cast<float>(size);
    const float inverse = 1.0f / std::sqrt(variance + norm.epsilon);
    const int64_t channel = (g % norm.groups) * norm.channels;
    for (int64_t c = 0; c < norm.channels; ++c) {
      const float scale = inverse * (norm.scale ? norm.scale[channel + c] : 1.0f);
      const float shift = (norm.bias ? norm.bias[channel + c] : 0.0f) - mean * scale;
      row_affine(from + c * norm.inner, to + c * norm.inner, norm.inner, scale, shift);
    }
  }
}

// Values handled before the activation passes over them in the first-level cache.
constexpr int64_t kPiece = 2048;

void channel_affine_range(const ChannelAffine& affine, const float* x, float* y, int64_t row_begin,
                          int64_t row_end) {
  const F32 d;
  const int64_t row = affine.block * affine.inner;
  for (int64_t r = row_begin; r < row_end; ++r) {
    const float* scale = affine.scale + (r % affine.blocks) * affine.block;
    const float* shift = affine.shift + (r % affine.blocks) * affine.block;
    const float* from = x + r * row;
    float* to = y + r * row;
    if (affine.block == 1) {
      for (int64_t i = 0; i < row; i += kPiece) {
        const int64_t n = std::min(kPiece, row - i);
        row_affine(from + i, to + i, n, scale[0], shift[0]);
        activate_rows(affine.activation, to + i, n, 1, n);
      }
      continue;
    }
    if (affine.block == 16 && is_bounds(affine.activation)) {
      const Bounds bounds = bounds_of(affine.activation);
      const VecF32 low = hn::Set(d, bounds.low);
      const VecF32 high = hn::Set(d, bounds.high);
      constexpr int kVectors = 16 / static_cast<int>(kLanes);
      VecF32 a[kVectors], b[kVectors];
      for (int j = 0; j < kVectors; ++j) {
        a[j] = hn::LoadU(d, scale + j * kStep);
        b[j] = hn::LoadU(d, shift + j * kStep);
      }
      for (int64_t i = 0; i < row; i += 16) {
#pragma GCC unroll 4
        for (int j = 0; j < kVectors; ++j) {
          const VecF32 x = hn::LoadU(d, from + i + j * kStep);
          hn::StoreU(clamp_f32(d, hn::MulAdd(x, a[j], b[j]), low, high), d, to + i + j * kStep);
        }
      }
      continue;
    }
    const int64_t per_piece = std::max<int64_t>(1, kPiece / affine.block);
    for (int64_t i = 0; i < affine.inner; i += per_piece) {
      const int64_t n = std::min(per_piece, affine.inner - i);
      for (int64_t k = i * affine.block; k < (i + n) * affine.block; k += affine.block) {
        int64_t j = 0;
        for (; j + kStep <= affine.block; j += kStep)
          hn::StoreU(hn::MulAdd(hn::LoadU(d, from + k + j), hn::LoadU(d, scale + j),
                                hn::LoadU(d, shift + j)),
                     d, to + k + j);
        for (; j < affine.block; ++j) to[k + j] = from[k + j] * scale[j] + shift[j];
      }
      activate_rows(affine.activation, to + i * affine.block, 0, 1, n * affine.block);
    }
  }
}

}  // namespace
}  // namespace oarlock::kernels::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace oarlock::kernels::cpu {
OARLOCK_EXPORT(layer_norm_range);
OARLOCK_EXPORT(group_norm_range);
OARLOCK_EXPORT(channel_affine_range);

void layer_norm(const LayerNorm& norm, const float* x, const float* residual, float* sum, float* y,
                int64_t row_begin, int64_t row_end) {
  OARLOCK_DISPATCH(layer_norm_range)(norm, x, residual, sum, y, row_begin, row_end);
}
void group_norm(const GroupNorm& norm, const float* x, float* y, int64_t begin, int64_t end) {
  OARLOCK_DISPATCH(group_norm_range)(norm, x, y, begin, end);
}
void channel_affine(const ChannelAffine& affine, const float* x, float* y, int64_t row_begin,
                    int64_t row_end) {
  OARLOCK_DISPATCH(channel_affine_range)(affine, x, y, row_begin, row_end);
}
}  // namespace oarlock::kernels::cpu
#endif
