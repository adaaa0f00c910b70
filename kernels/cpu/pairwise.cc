#include "kernels/cpu/pairwise.h"

#include "kernels/cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/pairwise.cc"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

#include <algorithm>
#include <type_traits>

HWY_BEFORE_NAMESPACE();
namespace oarlock::kernels::cpu::HWY_NAMESPACE {
namespace {

template <PairOp OP, class T>
HWY_INLINE auto compute(T a, T b) {
  using U = std::make_unsigned_t<std::conditional_t<std::is_integral_v<T>, T, int64_t>>;
  if constexpr (OP == PairOp::add) {
    return static_cast<T>(static_cast<U>(a) + static_cast<U>(b));
  } else if constexpr (OP == PairOp::sub) {
    return static_cast<T>(static_cast<U>(a) - static_cast<U>(b));
  } else if constexpr (OP == PairOp::mul) {
    return static_cast<T>(static_cast<U>(a) * static_cast<U>(b));
  } else if constexpr (OP == PairOp::div) {
    if (b == 0) return T{0};
    if (b == -1) return static_cast<T>(U{0} - static_cast<U>(a));
    return static_cast<T>(a / b);
  } else if constexpr (OP == PairOp::min) {
    return a < b ? a : b;
  } else if constexpr (OP == PairOp::max) {
    return a > b ? a : b;
  } else if constexpr (OP == PairOp::equal) {
    return static_cast<uint8_t>(a == b);
  } else if constexpr (OP == PairOp::greater) {
    return static_cast<uint8_t>(a > b);
  } else if constexpr (OP == PairOp::greater_or_equal) {
    return static_cast<uint8_t>(a >= b);
  } else if constexpr (OP == PairOp::less) {
    return static_cast<uint8_t>(a < b);
  } else if constexpr (OP == PairOp::less_or_equal) {
    return static_cast<uint8_t>(a <= b);
  } else if constexpr (OP == PairOp::logical_and) {
    return static_cast<uint8_t>(a & b);
  } else if constexpr (OP == PairOp::logical_or) {
    return static_cast<uint8_t>(a | b);
  } else {
    return static_cast<uint8_t>(a ^ b);
  }
}

// A_STEP, B_STEP: 1 walks, 0 repeats one value.
template <PairOp OP, class T, class R, int A_STEP, int B_STEP>
void run_row(const T* a, const T* b, R* out, int64_t n) {
  const T a0 = a[0], b0 = b[0];
  for (int64_t i = 0; i < n; ++i) out[i] = compute<OP, T>(A_STEP ? a[i] : a0, B_STEP ? b[i] : b0);
}

template <PairOp OP, class T>
void run(const Broadcast& plan, const void* a, const void* b, void* out, int64_t begin,
         int64_t end) {
  using R = decltype(compute<OP, T>(T{}, T{}));
  const int last = plan.rank - 1;
  const int64_t a_step = plan.strides[0][last], b_step = plan.strides[1][last];
  BroadcastCursor at(plan, begin);
  for (int64_t i = begin; i < end;) {
    const T* x = static_cast<const T*>(a) + at.offset(0);
    const T* y = static_cast<const T*>(b) + at.offset(1);
    R* to = static_cast<R*>(out) + i;
    const int64_t n = std::min(at.row_left(), end - i);
    if (a_step == 1 && b_step == 1)
      run_row<OP, T, R, 1, 1>(x, y, to, n);
    else if (a_step == 1 && b_step == 0)
      run_row<OP, T, R, 1, 0>(x, y, to, n);
    else if (a_step == 0 && b_step == 1)
      run_row<OP, T, R, 0, 1>(x, y, to, n);
    else
      for (int64_t j = 0; j < n; ++j) to[j] = compute<OP, T>(x[j * a_step], y[j * b_step]);
    at.advance(n);
    i += n;
  }
}

using Run = void (*)(const Broadcast&, const void*, const void*, void*, int64_t, int64_t);

template <class T>
Run comparison(PairOp op) {
  switch (op) {
    case PairOp::equal:
      return run<PairOp::equal, T>;
    case PairOp::greater:
      return run<PairOp::greater, T>;
    case PairOp::greater_or_equal:
      return run<PairOp::greater_or_equal, T>;
    case PairOp::less:
      return run<PairOp::less, T>;
    case PairOp::less_or_equal:
      return run<PairOp::less_or_equal, T>;
    default:
      return nullptr;
  }
}

template <class T>
Run arithmetic(PairOp op) {
  switch (op) {
    case PairOp::add:
      return run<PairOp::add, T>;
    case PairOp::sub:
      return run<PairOp::sub, T>;
    case PairOp::mul:
      return run<PairOp::mul, T>;
    case PairOp::div:
      return run<PairOp::div, T>;
    case PairOp::min:
      return run<PairOp::min, T>;
    case PairOp::max:
      return run<PairOp::max, T>;
    default:
      return comparison<T>(op);
  }
}

Run logic(PairOp op) {
  switch (op) {
    case PairOp::logical_and:
      return run<PairOp::logical_and, uint8_t>;
    case PairOp::logical_or:
      return run<PairOp::logical_or, uint8_t>;
    case PairOp::logical_xor:
      return run<PairOp::logical_xor, uint8_t>;
    default:
      return op == PairOp::equal ? comparison<uint8_t>(op) : nullptr;
  }
}

Run find(PairOp op, PairType type) {
  switch (type) {
    case PairType::boolean:
      return logic(op);
    case PairType::uint8:
      return comparison<uint8_t>(op);
    case PairType::int8:
      return comparison<int8_t>(op);
    case PairType::int32:
      return arithmetic<int32_t>(op);
    case PairType::int64:
      return arithmetic<int64_t>(op);
    case PairType::float32:
      return comparison<float>(op);
    case PairType::float64:
      return comparison<double>(op);
  }
  return nullptr;
}

bool has(PairOp op, PairType type) { return find(op, type) != nullptr; }

void pairwise_range(PairOp op, PairType type, const Broadcast& plan, const void* a, const void* b,
                    void* out, int64_t begin, int64_t end) {
  find(op, type)(plan, a, b, out, begin, end);
}

void not_range(const uint8_t* x, uint8_t* y, int64_t n) {
  for (int64_t i = 0; i < n; ++i) y[i] = x[i] ^ 1;
}

}  // namespace
}  // namespace oarlock::kernels::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace oarlock::kernels::cpu {
OARLOCK_EXPORT(has);
OARLOCK_EXPORT(pairwise_range);
OARLOCK_EXPORT(not_range);

bool has_pair_op(PairOp op, PairType type) { return OARLOCK_DISPATCH(has)(op, type); }

void pairwise(PairOp op, PairType type, const Broadcast& plan, const void* a, const void* b,
              void* out, int64_t begin, int64_t end) {
  OARLOCK_DISPATCH(pairwise_range)(op, type, plan, a, b, out, begin, end);
}

void logical_not(const bool* x, bool* y, int64_t n) {
  OARLOCK_DISPATCH(not_range)
  (reinterpret_cast<const uint8_t*>(x), reinterpret_cast<uint8_t*>(y), n);
}
}  // namespace oarlock::kernels::cpu
#endif
