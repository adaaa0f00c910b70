#include "kernels/cpu/pool.h"

#include <algorithm>
#include <limits>

#include "kernels/cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/pool.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/cpu/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace oarlock::kernels::cpu::HWY_NAMESPACE {

constexpr int kVectors = 16 / kLanes;

struct MaxOf {
  static constexpr float kStart = std::numeric_limits<float>::lowest();
  static HWY_INLINE VecF32 join(VecF32 sum, VecF32 x) { return max_of(sum, x); }
};
struct SumOf {
  static constexpr float kStart = 0;
  static HWY_INLINE VecF32 join(VecF32 sum, VecF32 x) { return hn::Add(sum, x); }
};

// Window positions k in [begin, end) for which start + k * dilation lies in [0, extent).
struct Window {
  int64_t begin, end;
  Window(int64_t start, int64_t kernel, int64_t dilation, int64_t extent) : begin(0), end(kernel) {
    while (begin < end && start + begin * dilation < 0) ++begin;
    while (end > begin && start + (end - 1) * dilation >= extent) --end;
  }
  explicit Window(int64_t kernel) : begin(0), end(kernel) {}
  int64_t size() const { return end - begin; }
};

// Joins `width` pixels, `step` floats apart, to the sums.
template <class Op>
HWY_INLINE void join_pixels(const float* p, int64_t step, int64_t width, VecF32 (&sums)[kVectors]) {
  const F32 d;
  for (int64_t kx = 0; kx < width; ++kx, p += step)
    for (int j = 0; j < kVectors; ++j) sums[j] = Op::join(sums[j], hn::LoadU(d, p + j * kLanes));
}

template <class Op>
HWY_INLINE void pool_rows(bool average, bool with_padding, const ConvShape& s, PoolPadding padding,
                          const float* input, float* output, Range rows) {
  const F32 d;
  const int64_t reach = (s.kernel_width - 1) * s.dilation_width, step = s.dilation_width * 16;
  for (int64_t unit = rows.begin; unit < rows.end; ++unit) {
    const int64_t block = unit / s.out_height, y = unit % s.out_height;
    const float* plane = input + block * s.in_pixels() * 16;
    float* out = output + unit * s.out_width * 16;
    const int64_t iy = y * s.stride_height - s.pad_top;
    const Window high(iy, s.kernel_height, s.dilation_height, s.in_height);
    const Window padded_high(iy + s.pad_top, s.kernel_height, s.dilation_height,
                             s.in_height + s.pad_top + padding.bottom);
    for (int64_t x = 0; x < s.out_width; ++x, out += 16) {
      const int64_t ix = x * s.stride_width - s.pad_left;
      const bool inside = ix >= 0 && ix + reach < s.in_width;
      const Window wide = inside ? Window(s.kernel_width)
                                 : Window(ix, s.kernel_width, s.dilation_width, s.in_width);
      VecF32 sums[kVectors];
      for (auto& sum : sums) sum = hn::Set(d, Op::kStart);
      for (int64_t ky = high.begin; ky < high.end; ++ky) {
        const float* p =
            plane +
            ((iy + ky * s.dilation_height) * s.in_width + ix + wide.begin * s.dilation_width) * 16;
        if (wide.size() == 3) {
          join_pixels<Op>(p, step, 3, sums);
        } else if (wide.size() == 2) {
          join_pixels<Op>(p, step, 2, sums);
        } else {
          join_pixels<Op>(p, step, wide.size(), sums);
        }
      }
      float scale = 1;
      if (average) {
        int64_t count = high.size() * wide.size();
        if (with_padding) {
          count = padded_high.size() * Window(ix + s.pad_left, s.kernel_width, s.dilation_width,
                                              s.in_width + s.pad_left + padding.right)
                                           .size();
        }
        scale = 1.0f / static_cast<float>(std::max<int64_t>(count, 1));
      }
      for (int j = 0; j < kVectors; ++j) {
        hn::StoreU(average ? hn::Mul(sums[j], hn::Set(d, scale)) : sums[j], d, out + j * kLanes);
      }
    }
  }
}

void pool_target(PoolKind kind, const ConvShape& s, PoolPadding padding, const float* input,
                 float* output, Range rows) {
  if (kind == PoolKind::max) {
    pool_rows<MaxOf>(false, false, s, padding, input, output, rows);
  } else {
    pool_rows<SumOf>(true, kind == PoolKind::average_with_padding, s, padding, input, output, rows);
  }
}

template <class Op>
HWY_INLINE void global_blocks(const float* input, int64_t pixels, float scale, float* output,
                              Range blocks) {
  const F32 d;
  constexpr int kChains = 4, kTogether = std::min(kVectors, 2);
  for (int64_t block = blocks.begin; block < blocks.end; ++block) {
    const float* p = input + block * pixels * 16;
    for (int first = 0; first < kVectors; first += kTogether) {
      VecF32 sums[kChains][kTogether];
      for (auto& chain : sums)
        for (auto& sum : chain) sum = hn::Set(d, Op::kStart);
      const float* x = p + first * kLanes;
      const auto add = [d](const float* pixel, VecF32(&chain)[kTogether]) HWY_ATTR {
        for (int j = 0; j < kTogether; ++j)
          chain[j] = Op::join(chain[j], hn::LoadU(d, pixel + j * kLanes));
      };
      int64_t i = 0;
      for (; i + kChains <= pixels; i += kChains)
        for (int k = 0; k < kChains; ++k) add(x + (i + k) * 16, sums[k]);
      for (; i < pixels; ++i) add(x + i * 16, sums[0]);
      for (int j = 0; j < kTogether; ++j) {
        const VecF32 sum =
            Op::join(Op::join(sums[0][j], sums[1][j]), Op::join(sums[2][j], sums[3][j]));
        hn::StoreU(hn::Mul(sum, hn::Set(d, scale)), d, output + block * 16 + (first + j) * kLanes);
      }
    }
  }
}

void global_average_target(const float* input, int64_t pixels, float* output, Range blocks) {
  global_blocks<SumOf>(input, pixels, 1.0f / static_cast<float>(pixels), output, blocks);
}
void global_max_target(const float* input, int64_t pixels, float* output, Range blocks) {
  global_blocks<MaxOf>(input, pixels, 1.0f, output, blocks);
}

}  // namespace oarlock::kernels::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace oarlock::kernels::cpu {

OARLOCK_EXPORT(pool_target);
OARLOCK_EXPORT(global_average_target);
OARLOCK_EXPORT(global_max_target);

void pool(PoolKind kind, const ConvShape& shape, PoolPadding padding, const float* input,
          float* output, Range rows) {
  OARLOCK_DISPATCH(pool_target)(kind, shape, padding, input, output, rows);
}
void global_average(const float* input, int64_t pixels, float* output, Range blocks) {
  OARLOCK_DISPATCH(global_average_target)(input, pixels, output, blocks);
}
void global_max(const float* input, int64_t pixels, float* output, Range blocks) {
  OARLOCK_DISPATCH(global_max_target)(input, pixels, output, blocks);
}

}  // namespace oarlock::kernels::cpu
#endif
