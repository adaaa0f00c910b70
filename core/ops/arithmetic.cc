// ONNX Add, Sub, Mul, Div (14), Mod (28), Pow (15), PRelu (16), SwiGLU (28).
#include <cmath>
#include <limits>

#include "core/ops/support/elementwise.h"
#include "core/ops/support/saturate.h"

namespace oarlock::ops {
namespace {

// Calls f on uint64_t for integers, so that overflow wraps around; on T itself for floats.
template <class T, class F>
T wrapping(T a, T b, F f) {
  if constexpr (std::is_integral_v<T>) {
    return static_cast<T>(f(static_cast<uint64_t>(a), static_cast<uint64_t>(b)));
  } else {
    return f(a, b);
  }
}

// Integers truncate towards zero. An integer divided by zero gives 0, the smallest by -1 itself.
template <class T>
T divide(T a, T b) {
  if constexpr (std::is_integral_v<T>) {
    if (b == 0) return 0;
    if constexpr (std::is_signed_v<T>) {
      if (b == -1) return wrapping(T{0}, a, [](auto x, auto y) { return x - y; });
    }
  }
  return static_cast<T>(a / b);
}

// a - trunc(a / b) * b; 0 for an integer b of 0.
template <class T>
T truncated_remainder(T a, T b) {
  if constexpr (std::is_integral_v<T>) {
    if (b == 0) return 0;
    if constexpr (std::is_signed_v<T>) {
      if (b == -1) return 0;
    }
    return static_cast<T>(a % b);
  } else {
    return std::fmod(a, b);
  }
}

// a - floor(a / b) * b, which has the sign of b.
template <class T>
T floored_remainder(T a, T b) {
  T r = truncated_remainder(a, b);
  if constexpr (std::is_floating_point_v<T>) {
    if (r == 0) return std::copysign(r, b);
  }
  if (r != 0 && (r < 0) != (b < 0)) r = static_cast<T>(r + b);
  return r;
}

auto mod(const Attrs& attrs) {
  return [truncated = attrs.integer("fmod") != 0](auto a, auto b) {
    return truncated ? truncated_remainder(a, b) : floored_remainder(a, b);
  };
}

template <class T>
T integer_power(T base, uint64_t exponent) {
  uint64_t result = 1;
  for (auto factor = static_cast<uint64_t>(base); exponent != 0; exponent >>= 1) {
    if (exponent & 1) result *= factor;
    factor *= factor;
  }
  return static_cast<T>(result);
}

// In the type of the base. An integer to a negative integer power is truncated to 0, 1 or -1.
template <class T, class E>
T power(T base, E exponent) {
  if constexpr (std::is_integral_v<T> && std::is_integral_v<E>) {
    if (exponent >= E{0}) return integer_power(base, static_cast<uint64_t>(exponent));
    if (base == 1) return 1;
    if (base == T(-1)) return exponent % 2 == 0 ? T{1} : T(-1);
    return 0;
  } else if constexpr (std::is_integral_v<T>) {
    return saturated<T>(std::pow(static_cast<double>(base), static_cast<double>(exponent)));
  } else {
    return static_cast<T>(std::pow(base, static_cast<T>(exponent)));
  }
}

using PowBases = Join<Floats, Types<int32_t, int64_t>>;

Status infer_pow(InferContext& c) {
  OARLOCK_TRY(check_type<PowBases>(c, 0));
  OARLOCK_TRY(check_type<Numbers>(c, 1));
  const auto shape = broadcast(c.shape(0), c.shape(1));
  if (!shape) return invalid("shapes ", c.shape(0), " and ", c.shape(1), " do not broadcast");
  c.set_output(0, c.dtype(0), *shape);
  return {};
}

Status run_pow(RunContext& c) {
  const Tensor &x = c.input(0), &e = c.input(1);
  const auto shape = broadcast(x.shape(), e.shape());
  if (!shape) return invalid("shapes ", x.shape(), " and ", e.shape(), " do not broadcast");
  OARLOCK_ASSIGN(Tensor* const y, c.output(0, x.dtype(), *shape));
  Status status;
  OARLOCK_TRY(visit<PowBases>(x.dtype(), [&](auto base_tag) {
    using T = typename decltype(base_tag)::Type;
    status = visit<Numbers>(e.dtype(), [&](auto exponent_tag) {
      using E = typename decltype(exponent_tag)::Type;
      const T* bases = x.as<T>().data();
      const E* exponents = e.as<E>().data();
      T* to = y->template mutable_as<T>().data();
      for_each_broadcast<2>(*shape, {&x.shape(), &e.shape()}, [&](int64_t i, const auto& at) {
        to[i] = static_cast<T>(power(static_cast<Compute<T>>(bases[at[0]]),
                                     static_cast<Compute<E>>(exponents[at[1]])));
      });
    });
  }));
  return status;
}

OpDef pow_op() {
  OpDef def;
  def.name = "Pow";
  def.since_version = 15;
  def.inputs = 2;
  def.infer = infer_pow;
  def.reference = run_pow;
  def.flops = flops_per_output;
  return def;
}

// The slope broadcasts to the shape of x, which the output keeps.
OpDef prelu_op() {
  using PReluTypes = Join<Floats, Types<int32_t, uint32_t, int64_t, uint64_t>>;
  OpDef def = binary<PReluTypes>("PRelu", 16, [](auto x, auto slope) {
    return x < 0 ? wrapping(x, slope, [](auto a, auto b) { return a * b; }) : x;
  });
  def.infer = [infer = def.infer](InferContext& c) -> Status {
    OARLOCK_TRY(infer(c));
    const auto shape = broadcast(c.shape(0), c.shape(1));
    if (c.shape(0).is_concrete() && !(*shape == c.shape(0))) {
      return invalid("the slope of shape ", c.shape(1), " does not broadcast to the input's ",
                     c.shape(0));
    }
    return {};
  };
  return def;
}

auto swiglu(const Attrs& attrs) {
  return [alpha = attrs.number("alpha")](auto gate, auto linear) {
    return gate / (1 + std::exp(-alpha * gate)) * linear;
  };
}

}  // namespace

std::span<const OpDef> arithmetic_ops() {
  static const OpDef defs[] = {
      binary<Numbers>(
          "Add", 14,
          [](auto a, auto b) { return wrapping(a, b, [](auto x, auto y) { return x + y; }); }),
      binary<Numbers>(
          "Sub", 14,
          [](auto a, auto b) { return wrapping(a, b, [](auto x, auto y) { return x - y; }); }),
      binary<Numbers>(
          "Mul", 14,
          [](auto a, auto b) { return wrapping(a, b, [](auto x, auto y) { return x * y; }); }),
      binary<Numbers>("Div", 14, [](auto a, auto b) { return divide(a, b); }),
      binary_with<Numbers>("Mod", 28, {{"fmod", 0}}, mod),
      pow_op(),
      prelu_op(),
      binary_with<Floats>("SwiGLU", 28, {{"alpha", 1.0f}}, swiglu),
  };
  return defs;
}

}  // namespace oarlock::ops
