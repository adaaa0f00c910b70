#include "kernels/cpu/reduce.h"

#include "kernels/cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/reduce.cc"
#include <hwy/foreach_target.h>  // IWYU pragma: keep

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/cpu/row-inl.h"

#ifndef OARLOCK_KERNELS_CPU_REDUCE_ONCE_
#define OARLOCK_KERNELS_CPU_REDUCE_ONCE_
namespace oarlock::kernels::cpu {
inline constexpr int64_t kReduceRun = 256;
}  // namespace oarlock::kernels::cpu
#endif

HWY_BEFORE_NAMESPACE();
namespace oarlock::kernels::cpu::HWY_NAMESPACE {
namespace {

// start, then combine(total, x) for every value; folding two totals is fold().
struct SumOf {
  static constexpr float kStart = 0;
  static HWY_INLINE VecF32 combine(VecF32 t, VecF32 x) { return hn::Add(t, x); }
  static HWY_INLINE VecF32 fold(VecF32 a, VecF32 b) { return hn::Add(a, b); }
};
struct SquareOf : SumOf {
  static HWY_INLINE VecF32 combine(VecF32 t, VecF32 x) { return hn::MulAdd(x, x, t); }
};
struct AbsOf : SumOf {
  static HWY_INLINE VecF32 combine(VecF32 t, VecF32 x) { return hn::Add(t, hn::Abs(x)); }
};
struct MaxOf {
  static constexpr float kStart = -std::numeric_limits<float>::infinity();
  static HWY_INLINE VecF32 combine(VecF32 t, VecF32 x) {
    return hn::IfThenElse(hn::IsNaN(t), t, max_of(t, x));
  }
  static HWY_INLINE VecF32 fold(VecF32 a, VecF32 b) { return combine(a, b); }
};
struct MinOf {
  static constexpr float kStart = std::numeric_limits<float>::infinity();
  static HWY_INLINE VecF32 combine(VecF32 t, VecF32 x) {
    return hn::IfThenElse(hn::IsNaN(t), t, min_of(t, x));
  }
  static HWY_INLINE VecF32 fold(VecF32 a, VecF32 b) { return combine(a, b); }
};
struct ProdOf {
  static constexpr float kStart = 1;
  static HWY_INLINE VecF32 combine(VecF32 t, VecF32 x) { return hn::Mul(t, x); }
  static HWY_INLINE VecF32 fold(VecF32 a, VecF32 b) { return hn::Mul(a, b); }
};

template <class OP>
float fold_lanes(VecF32 v) {
  HWY_ALIGN float lanes[kLanes];
  hn::Store(v, F32(), lanes);
  for (int64_t width = kStep / 2; width > 0; width /= 2)
    for (int64_t i = 0; i < width; ++i) {
      const VecF32 folded = OP::fold(hn::Set(F32(), lanes[i]), hn::Set(F32(), lanes[i + width]));
      lanes[i] = hn::GetLane(folded);
    }
  return lanes[0];
}

template <class OP>
float reduce_row(const float* x, int64_t n) {
  const F32 d;
  const VecF32 start = hn::Set(d, OP::kStart);
  VecF32 t0 = start, t1 = start, t2 = start, t3 = start;
  int64_t i = 0;
  for (; i + 4 * kStep <= n; i += 4 * kStep) {
    t0 = OP::combine(t0, hn::LoadU(d, x + i));
    t1 = OP::combine(t1, hn::LoadU(d, x + i + kStep));
    t2 = OP::combine(t2, hn::LoadU(d, x + i + 2 * kStep));
    t3 = OP::combine(t3, hn::LoadU(d, x + i + 3 * kStep));
  }
  for (; i + kStep <= n; i += kStep) t0 = OP::combine(t0, hn::LoadU(d, x + i));
  if (i < n) t1 = OP::combine(t1, load_tail(x + i, n - i, OP::kStart));
  return fold_lanes<OP>(OP::fold(OP::fold(t0, t1), OP::fold(t2, t3)));
}

template <class OP>
void reduce_columns(const float* x, int64_t length, int64_t stride, int64_t width, float* y) {
  const F32 d;
  const VecF32 start = hn::Set(d, OP::kStart);
  int64_t j = 0;
  for (; j + 4 * kStep <= width; j += 4 * kStep) {
    VecF32 t0 = start, t1 = start, t2 = start, t3 = start;
    const float* from = x + j;
    for (int64_t k = 0; k < length; ++k, from += stride) {
      t0 = OP::combine(t0, hn::LoadU(d, from));
      t1 = OP::combine(t1, hn::LoadU(d, from + kStep));
      t2 = OP::combine(t2, hn::LoadU(d, from + 2 * kStep));
      t3 = OP::combine(t3, hn::LoadU(d, from + 3 * kStep));
    }
    hn::StoreU(t0, d, y + j);
    hn::StoreU(t1, d, y + j + kStep);
    hn::StoreU(t2, d, y + j + 2 * kStep);
    hn::StoreU(t3, d, y + j + 3 * kStep);
  }
  for (; j < width; j += kStep) {
    const int64_t left = std::min(kStep, width - j);
    VecF32 t = start;
    const float* from = x + j;
    for (int64_t k = 0; k < length; ++k, from += stride)
      t = OP::combine(t, left == kStep ? hn::LoadU(d, from) : load_tail(from, left, OP::kStart));
    store_tail(t, y + j, left);
  }
}

template <class OP>
void reduce_unit(const float* x, int64_t length, int64_t inner, int64_t width, float* y) {
  if (inner == 1)
    y[0] = reduce_row<OP>(x, length);
  else
    reduce_columns<OP>(x, length, inner, width, y);
}

void log_sum_exp(const float* x, int64_t length, int64_t inner, int64_t width, float* y) {
  reduce_unit<MaxOf>(x, length, inner, width, y);
  for (int64_t j = 0; j < width; ++j) {
    const float peak = std::isfinite(y[j]) ? y[j] : 0.0f;
    float sum = 0;
    for (int64_t k = 0; k < length; ++k) sum += std::exp(x[k * inner + j] - peak);
    y[j] = peak + std::log(sum);
  }
}

void reduce_range(ReduceOp op, const ReduceShape& shape, const float* x, float* y,
                  int64_t unit_begin, int64_t unit_end) {
  const int64_t runs = (shape.inner + kReduceRun - 1) / kReduceRun;
  const int64_t n = shape.length;
  for (int64_t u = unit_begin; u < unit_end; ++u) {
    const int64_t o = u / runs;
    const int64_t j = (u % runs) * kReduceRun;
    const int64_t width = std::min(kReduceRun, shape.inner - j);
    const float* from = x + o * n * shape.inner + j;
    float* to = y + o * shape.inner + j;
    switch (op) {
      case ReduceOp::sum:
        reduce_unit<SumOf>(from, n, shape.inner, width, to);
        break;
      case ReduceOp::mean:
        reduce_unit<SumOf>(from, n, shape.inner, width, to);
        for (int64_t i = 0; i < width; ++i) to[i] /= static_cast<float>(n);
        break;
      case ReduceOp::max:
        reduce_unit<MaxOf>(from, n, shape.inner, width, to);
        break;
      case ReduceOp::min:
        reduce_unit<MinOf>(from, n, shape.inner, width, to);
        break;
      case ReduceOp::prod:
        reduce_unit<ProdOf>(from, n, shape.inner, width, to);
        break;
      case ReduceOp::sum_square:
        reduce_unit<SquareOf>(from, n, shape.inner, width, to);
        break;
      case ReduceOp::l1:
        reduce_unit<AbsOf>(from, n, shape.inner, width, to);
        break;
      case ReduceOp::l2:
        reduce_unit<SquareOf>(from, n, shape.inner, width, to);
        for (int64_t i = 0; i < width; ++i) to[i] = std::sqrt(to[i]);
        break;
      case ReduceOp::log_sum:
        reduce_unit<SumOf>(from, n, shape.inner, width, to);
        for (int64_t i = 0; i < width; ++i) to[i] = std::log(to[i]);
        break;
      case ReduceOp::log_sum_exp:
        log_sum_exp(from, n, shape.inner, width, to);
        break;
    }
  }
}

}  // namespace
}  // namespace oarlock::kernels::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace oarlock::kernels::cpu {
OARLOCK_EXPORT(reduce_range);

int64_t reduce_units(const ReduceShape& shape) {
  return shape.outer * ((shape.inner + kReduceRun - 1) / kReduceRun);
}

void reduce(ReduceOp op, const ReduceShape& shape, const float* x, float* y, int64_t unit_begin,
            int64_t unit_end) {
  OARLOCK_DISPATCH(reduce_range)(op, shape, x, y, unit_begin, unit_end);
}

void arg_extreme(bool largest, bool last, const ReduceShape& shape, const float* x, int64_t* y,
                 int64_t outer_begin, int64_t outer_end) {
  for (int64_t o = outer_begin; o < outer_end; ++o)
    for (int64_t j = 0; j < shape.inner; ++j) {
      const float* from = x + o * shape.length * shape.inner + j;
      int64_t best = 0;
      for (int64_t k = 1; k < shape.length; ++k) {
        const float value = from[k * shape.inner];
        const float record = from[best * shape.inner];
        const bool better = largest ? value > record : value < record;
        if (better || (last && value == record)) best = k;
      }
      y[o * shape.inner + j] = best;
    }
}
}  // namespace oarlock::kernels::cpu
#endif
