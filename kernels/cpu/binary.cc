#include "kernels/cpu/binary.h"

#include "kernels/cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/binary.cc"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

#include <algorithm>
#include <cmath>

#include "kernels/cpu/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace oarlock::kernels::cpu::HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

using OneTag = hn::FixedTag<float, 1>;

struct Add {
  template <class D, class V>
  static HWY_INLINE V apply(D, V a, V b) {
    return hn::Add(a, b);
  }
};
struct Sub {
  template <class D, class V>
  static HWY_INLINE V apply(D, V a, V b) {
    return hn::Sub(a, b);
  }
};
struct Mul {
  template <class D, class V>
  static HWY_INLINE V apply(D, V a, V b) {
    return hn::Mul(a, b);
  }
};
struct Div {
  template <class D, class V>
  static HWY_INLINE V apply(D, V a, V b) {
    return hn::Div(a, b);
  }
};
struct Min {
  template <class D, class V>
  static HWY_INLINE V apply(D, V a, V b) {
    return hn::IfThenElse(hn::IsNaN(a), a, min_of(a, b));
  }
};
struct Max {
  template <class D, class V>
  static HWY_INLINE V apply(D, V a, V b) {
    return hn::IfThenElse(hn::IsNaN(a), a, max_of(a, b));
  }
};
struct Prelu {
  template <class D, class V>
  static HWY_INLINE V apply(D d, V a, V b) {
    return hn::IfThenElse(hn::Lt(a, hn::Zero(d)), hn::Mul(a, b), a);
  }
};
struct Pow {
  template <class D, class V>
  static HWY_INLINE V apply(D d, V a, V b) {
    HWY_ALIGN float x[hn::MaxLanes(D())];
    HWY_ALIGN float y[hn::MaxLanes(D())];
    hn::Store(a, d, x);
    hn::Store(b, d, y);
    for (size_t i = 0; i < hn::Lanes(d); ++i) x[i] = std::pow(x[i], y[i]);
    return hn::Load(d, x);
  }
};

// A_STEP, B_STEP: 1 walks, 0 repeats one value.
template <class OP, int A_STEP, int B_STEP>
void run_row(const float* a, const float* b, float* out, int64_t n) {
  const F32 d;
  const OneTag d1;
  const VecF32 a0 = hn::Set(d, a[0]);
  const VecF32 b0 = hn::Set(d, b[0]);
  int64_t i = 0;
  for (; i + kStep <= n; i += kStep) {
    const VecF32 x = A_STEP ? hn::LoadU(d, a + i) : a0;
    const VecF32 y = B_STEP ? hn::LoadU(d, b + i) : b0;
    hn::StoreU(OP::apply(d, x, y), d, out + i);
  }
  for (; i < n; ++i)
    hn::StoreU(OP::apply(d1, hn::LoadU(d1, a + A_STEP * i), hn::LoadU(d1, b + B_STEP * i)), d1,
               out + i);
}

template <class OP>
void run_strided(const float* a, int64_t a_step, const float* b, int64_t b_step, float* out,
                 int64_t n) {
  const OneTag d1;
  for (int64_t i = 0; i < n; ++i)
    hn::StoreU(OP::apply(d1, hn::LoadU(d1, a + i * a_step), hn::LoadU(d1, b + i * b_step)), d1,
               out + i);
}

// One input is dense, the other repeats a row of `period` values, a multiple of the vector length;
// starts at the beginning of a row.
template <class OP, bool A_REPEATS>
void run_periodic(const float* a, const float* b, float* out, int64_t period, int64_t rows) {
  const F32 d;
  for (int64_t j = 0; j < period; j += kStep) {
    const VecF32 fixed = hn::LoadU(d, (A_REPEATS ? a : b) + j);
    for (int64_t r = 0; r < rows; ++r) {
      const int64_t i = r * period + j;
      const VecF32 x = A_REPEATS ? fixed : hn::LoadU(d, a + i);
      const VecF32 y = A_REPEATS ? hn::LoadU(d, b + i) : fixed;
      hn::StoreU(OP::apply(d, x, y), d, out + i);
    }
  }
}

// Elements handled before the activation passes over them in the first-level cache.
constexpr int64_t kPiece = 2048;

template <class OP>
void run_binary(const Broadcast& plan, const float* a, const float* b, float* out, int64_t begin,
                int64_t end, const Activation& activation) {
  const int last = plan.rank - 1;
  const int64_t a_step = plan.strides[0][last];
  const int64_t b_step = plan.strides[1][last];
  const int64_t row = plan.dims[last];
  const bool short_rows =
      plan.rank > 1 && a_step == 1 && b_step == 1 && row <= 64 && row % kStep == 0;
  const bool a_repeats =
      short_rows && plan.strides[0][last - 1] == 0 && plan.strides[1][last - 1] == row;
  const bool b_repeats =
      short_rows && plan.strides[1][last - 1] == 0 && plan.strides[0][last - 1] == row;
  BroadcastCursor at(plan, begin);
  for (int64_t i = begin; i < end;) {
    const float* x = a + at.offset(0);
    const float* y = b + at.offset(1);
    int64_t n = std::min({at.row_left(), end - i, kPiece});
    if ((a_repeats || b_repeats) && n == row) {
      const int64_t rows =
          std::min({plan.dims[last - 1] - at.index(last - 1), (end - i) / row, kPiece / row});
      if (a_repeats)
        run_periodic<OP, true>(x, y, out + i, row, rows);
      else
        run_periodic<OP, false>(x, y, out + i, row, rows);
      for (int64_t r = 0; r < rows; ++r) at.advance(row);
      n = rows * row;
    } else {
      if (a_step == 1 && b_step == 1)
        run_row<OP, 1, 1>(x, y, out + i, n);
      else if (a_step == 1 && b_step == 0)
        run_row<OP, 1, 0>(x, y, out + i, n);
      else if (a_step == 0 && b_step == 1)
        run_row<OP, 0, 1>(x, y, out + i, n);
      else
        run_strided<OP>(x, a_step, y, b_step, out + i, n);
      at.advance(n);
    }
    activate_rows(activation, out + i, n, 1, n);
    i += n;
  }
}

void binary_range(BinaryOp op, const Broadcast& plan, const float* a, const float* b, float* out,
                  int64_t begin, int64_t end, const Activation& activation) {
  switch (op) {
    case BinaryOp::add:
      return run_binary<Add>(plan, a, b, out, begin, end, activation);
    case BinaryOp::sub:
      return run_binary<Sub>(plan, a, b, out, begin, end, activation);
    case BinaryOp::mul:
      return run_binary<Mul>(plan, a, b, out, begin, end, activation);
    case BinaryOp::div:
      return run_binary<Div>(plan, a, b, out, begin, end, activation);
    case BinaryOp::min:
      return run_binary<Min>(plan, a, b, out, begin, end, activation);
    case BinaryOp::max:
      return run_binary<Max>(plan, a, b, out, begin, end, activation);
    case BinaryOp::pow:
      return run_binary<Pow>(plan, a, b, out, begin, end, activation);
    case BinaryOp::prelu:
      return run_binary<Prelu>(plan, a, b, out, begin, end, activation);
  }
}

void where_range(const Broadcast& plan, const bool* condition, const float* a, const float* b,
                 float* out, int64_t begin, int64_t end) {
  const int last = plan.rank - 1;
  const int64_t c_step = plan.strides[0][last];
  const int64_t a_step = plan.strides[1][last];
  const int64_t b_step = plan.strides[2][last];
  BroadcastCursor at(plan, begin);
  for (int64_t i = begin; i < end;) {
    const int64_t n = std::min(at.row_left(), end - i);
    const bool* c = condition + at.offset(0);
    const float* x = a + at.offset(1);
    const float* y = b + at.offset(2);
    for (int64_t j = 0; j < n; ++j) out[i + j] = c[j * c_step] ? x[j * a_step] : y[j * b_step];
    at.advance(n);
    i += n;
  }
}

}  // namespace
}  // namespace oarlock::kernels::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace oarlock::kernels::cpu {
OARLOCK_EXPORT(binary_range);
OARLOCK_EXPORT(where_range);

void binary(BinaryOp op, const Broadcast& plan, const float* a, const float* b, float* out,
            int64_t begin, int64_t end, const Activation& activation) {
  OARLOCK_DISPATCH(binary_range)(op, plan, a, b, out, begin, end, activation);
}

void where(const Broadcast& plan, const bool* condition, const float* a, const float* b, float* out,
           int64_t begin, int64_t end) {
  OARLOCK_DISPATCH(where_range)(plan, condition, a, b, out, begin, end);
}
}  // namespace oarlock::kernels::cpu
#endif
