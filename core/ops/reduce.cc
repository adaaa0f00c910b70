// Reductions over axes: ONNX ReduceSum (13), ReduceMean, ReduceProd, ReduceL1, ReduceL2,
// ReduceSumSquare (18), ReduceMax, ReduceMin (20), ReduceLogSum, ReduceLogSumExp (28).
#include <algorithm>
#include <cmath>
#include <limits>

#include "core/ops/support/arguments.h"
#include "core/ops/support/saturate.h"
#include "core/ops/support/strided_loop.h"
#include "core/ops/support/types.h"

namespace oarlock::ops {
namespace {

// Floats accumulate in double, integers in 64 bits (wrapping around).
template <class T>
using Sum = std::conditional_t<!std::is_integral_v<T>, double,
                               std::conditional_t<std::is_signed_v<T>, int64_t, uint64_t>>;

template <class S, class F>
S wrapping(S a, S b, F f) {
  if constexpr (std::is_integral_v<S>) {
    return static_cast<S>(f(static_cast<uint64_t>(a), static_cast<uint64_t>(b)));
  } else {
    return f(a, b);
  }
}

// Each reducer gets walk(f), which calls f(x) for every element of a group as S, and their number.
// It may walk more than once. Groups may be empty.
struct SumOf {
  template <class S, class Walk, class Term>
  static S total(Walk walk, Term term) {
    S sum{0};
    walk([&](S x) { sum = wrapping(sum, term(x), [](auto a, auto b) { return a + b; }); });
    return sum;
  }
  template <class S, class Walk>
  static S reduce(Walk walk, int64_t) {
    return total<S>(walk, [](S x) { return x; });
  }
};

struct MeanOf {
  template <class S, class Walk>
  static S reduce(Walk walk, int64_t count) {
    if (std::is_integral_v<S> && count == 0) return S{0};
    return SumOf::reduce<S>(walk, count) / static_cast<S>(count);
  }
};

struct ProductOf {
  template <class S, class Walk>
  static S reduce(Walk walk, int64_t) {
    S result{1};
    walk([&](S x) { result = wrapping(result, x, [](auto a, auto b) { return a * b; }); });
    return result;
  }
};

struct L1Of {
  template <class S, class Walk>
  static S reduce(Walk walk, int64_t) {
    return SumOf::total<S>(walk, [](S x) {
      return x < S{0} ? wrapping(S{0}, x, [](auto a, auto b) { return a - b; }) : x;
    });
  }
};

struct SumSquareOf {
  template <class S, class Walk>
  static S reduce(Walk walk, int64_t) {
    return SumOf::total<S>(
        walk, [](S x) { return wrapping(x, x, [](auto a, auto b) { return a * b; }); });
  }
};

struct L2Of {
  template <class S, class Walk>
  static S reduce(Walk walk, int64_t count) {
    return saturated<S>(std::sqrt(static_cast<double>(SumSquareOf::reduce<S>(walk, count))));
  }
};

struct LogSumOf {
  template <class S, class Walk>
  static S reduce(Walk walk, int64_t count) {
    return saturated<S>(std::log(static_cast<double>(SumOf::reduce<S>(walk, count))));
  }
};

// Exponents are taken relative to the greatest element.
struct LogSumExpOf {
  template <class S, class Walk>
  static S reduce(Walk walk, int64_t) {
    double greatest = -std::numeric_limits<double>::infinity();
    walk([&](S x) { greatest = std::max(greatest, static_cast<double>(x)); });
    const double shift = std::isfinite(greatest) ? greatest : 0;
    double sum = 0;
    walk([&](S x) { sum += std::exp(static_cast<double>(x) - shift); });
    return saturated<S>(std::log(sum) + shift);
  }
};

// NaN wins over numbers.
template <bool kGreatest>
struct ExtremeOf {
  template <class S, class Walk, class T>
  static S reduce_as(Walk walk) {
    using Limits = std::numeric_limits<T>;
    S best;
    if constexpr (std::is_floating_point_v<S>) {
      best = kGreatest ? -std::numeric_limits<S>::infinity() : std::numeric_limits<S>::infinity();
    } else {
      best = kGreatest ? Limits::lowest() : Limits::max();
    }
    walk([&](S x) {
      if (x != x || (kGreatest ? x > best : x < best)) best = best != best ? best : x;
    });
    return best;
  }
};

// The axes to reduce, as flags in a shape: 1 where an axis is reduced.
Result<IntegerList> reduced_axes(const Attrs& attrs, const IntegerList* axes, size_t rank) {
  if (axes == nullptr || axes->empty()) {
    return IntegerList(rank, attrs.integer("noop_with_empty_axes") == 0 ? 1 : 0);
  }
  OARLOCK_ASSIGN(const IntegerList resolved, resolve_axes(axes->dims(), rank));
  IntegerList flags(rank);
  for (const int64_t axis : resolved) flags[static_cast<size_t>(axis)] = 1;
  return flags;
}

Shape reduced(const Shape& from, const IntegerList& flags, bool keep) {
  Shape to;
  for (size_t i = 0; i < from.rank(); ++i) {
    if (flags[i] == 0) {
      to.push_back(from[i]);
    } else if (keep) {
      to.push_back(1);
    }
  }
  return to;
}

template <class List>
Status infer_reduce(InferContext& c) {
  OARLOCK_TRY(check_type<List>(c, 0));
  const size_t rank = c.shape(0).rank();
  const bool keep = c.attrs().integer("keepdims") != 0;
  if (c.has_input(1)) OARLOCK_TRY(check_integers(c, 1, true));
  OARLOCK_ASSIGN(const auto axes, known_integers(c, 1));
  if (axes || !c.has_input(1)) {
    OARLOCK_ASSIGN(const IntegerList flags, reduced_axes(c.attrs(), axes ? &*axes : nullptr, rank));
    c.set_output(0, c.dtype(0), reduced(c.shape(0), flags, keep));
    return {};
  }
  const auto count = known_length(c, 1);
  if (keep) {
    set_unknown_extents(c, c.dtype(0), rank);
  } else if (count && *count > 0 && *count <= static_cast<int64_t>(rank)) {
    set_unknown_extents(c, c.dtype(0), rank - static_cast<size_t>(*count));
  } else {
    set_unknown_rank(c, c.dtype(0));
  }
  return {};
}

template <class Reducer, class T, class S, class Walk>
S reduce_group(Walk walk, int64_t count) {
  if constexpr (requires { Reducer::template reduce_as<S, Walk, T>(walk); }) {
    return Reducer::template reduce_as<S, Walk, T>(walk);
  } else {
    return Reducer::template reduce<S>(walk, count);
  }
}

template <class List, class Reducer>
Status run_reduce(RunContext& c) {
  const Tensor& x = c.input(0);
  IntegerList axes;
  if (c.has_input(1)) {
    OARLOCK_ASSIGN(axes, read_integers(c.input(1)));
  }
  OARLOCK_ASSIGN(const IntegerList flags, reduced_axes(c.attrs(), &axes, x.shape().rank()));
  OARLOCK_ASSIGN(
      Tensor* const y,
      c.output(0, x.dtype(), reduced(x.shape(), flags, c.attrs().integer("keepdims") != 0)));
  const Shape strides = row_major_strides(x.shape());
  Shape kept, kept_strides, group, group_strides;
  for (size_t i = 0; i < flags.size(); ++i) {
    (flags[i] ? group : kept).push_back(x.shape()[i]);
    (flags[i] ? group_strides : kept_strides).push_back(strides[i]);
  }
  const int64_t count = group.elements().value_or(0);
  return visit<List>(x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::Type;
    using S = Sum<T>;
    const T* from = x.as<T>().data();
    T* to = y->template mutable_as<T>().data();
    for_each_run<1>(kept, {kept_strides}, [&](const auto& base, int64_t n, const auto& step) {
      for (int64_t i = 0; i < n; ++i) {
        const T* first = from + base[0] + i * step[0];
        const auto walk = [&](auto f) {
          for_each_run<1>(group, {group_strides},
                          [&](const auto& at, int64_t length, const auto& stride) {
                            for (int64_t k = 0; k < length; ++k) {
                              f(static_cast<S>(Compute<T>(first[at[0] + k * stride[0]])));
                            }
                          });
        };
        *to++ = static_cast<T>(static_cast<Compute<T>>(reduce_group<Reducer, T, S>(walk, count)));
      }
    });
  });
}

template <class List, class Reducer>
OpDef reduction(std::string name, int version) {
  OpDef def;
  def.name = std::move(name);
  def.since_version = version;
  def.attrs = {{"keepdims", 1}, {"noop_with_empty_axes", 0}};
  def.inputs = {1, 2};
  def.infer = infer_reduce<List>;
  def.reference = run_reduce<List, Reducer>;
  def.flops = [](const Attrs&, std::span<const TypeInfo> inputs, std::span<const TypeInfo>) {
    return static_cast<double>(inputs[0].shape.elements().value_or(0));
  };
  return def;
}

}  // namespace

std::span<const OpDef> reduce_ops() {
  static const OpDef defs[] = {
      reduction<Numbers, SumOf>("ReduceSum", 13),
      reduction<Numbers, MeanOf>("ReduceMean", 18),
      reduction<Numbers, ProductOf>("ReduceProd", 18),
      reduction<Numbers, L1Of>("ReduceL1", 18),
      reduction<Numbers, L2Of>("ReduceL2", 18),
      reduction<Numbers, SumSquareOf>("ReduceSumSquare", 18),
      reduction<Numbers, LogSumOf>("ReduceLogSum", 28),
      reduction<Numbers, LogSumExpOf>("ReduceLogSumExp", 28),
      reduction<NumbersAndBool, ExtremeOf<true>>("ReduceMax", 20),
      reduction<NumbersAndBool, ExtremeOf<false>>("ReduceMin", 20),
  };
  return defs;
}

}  // namespace oarlock::ops
