// Activations on vectors; included by kernel files inside foreach_target.

#if defined(OARLOCK_KERNELS_CPU_ACTIVATION_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef OARLOCK_KERNELS_CPU_ACTIVATION_INL_H_
#undef OARLOCK_KERNELS_CPU_ACTIVATION_INL_H_
#else
#define OARLOCK_KERNELS_CPU_ACTIVATION_INL_H_
#endif

#include <limits>

#include "kernels/cpu/activation.h"
#include "kernels/cpu/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace oarlock::kernels::cpu::HWY_NAMESPACE {

// none, relu and clip are all min(max(x, low), high): cheap enough for a register-blocked kernel.
struct Bounds {
  float low = -std::numeric_limits<float>::infinity();
  float high = std::numeric_limits<float>::infinity();
};

inline bool is_bounds(const Activation& activation) {
  return activation.kind == Activation::Kind::none || activation.kind == Activation::Kind::relu ||
         activation.kind == Activation::Kind::clip;
}

inline Bounds bounds_of(const Activation& activation) {
  Bounds bounds;
  if (activation.kind == Activation::Kind::relu) {
    bounds.low = 0;
  } else if (activation.kind == Activation::Kind::clip) {
    bounds.low = activation.alpha;
    bounds.high = activation.beta;
  }
  return bounds;
}

// Calls use(f), f being a function from vector to vector that computes the activation. The choice
// is made once, so that the caller's loop holds one function only.
template <class D, class Use>
HWY_INLINE void with_activation(D d, const Activation& activation, const Use& use) {
  using V = hn::Vec<D>;
  using Kind = Activation::Kind;
  const V alpha = hn::Set(d, activation.alpha);
  const V beta = hn::Set(d, activation.beta);
  const V zero = hn::Zero(d);
  const V one = hn::Set(d, 1.0f);
  const V half = hn::Set(d, 0.5f);
  switch (activation.kind) {
    case Kind::none:
      return use([](V x) HWY_ATTR { return x; });
    case Kind::relu:
      return use([=](V x) HWY_ATTR { return max_of(zero, x); });
    case Kind::clip:
      return use([=](V x) HWY_ATTR { return min_of(beta, max_of(alpha, x)); });
    case Kind::leaky_relu:
      return use([=](V x)
                     HWY_ATTR { return hn::IfThenElse(hn::Lt(x, zero), hn::Mul(alpha, x), x); });
    case Kind::sigmoid:
      return use([=](V x) HWY_ATTR { return sigmoid_f32(d, x); });
    case Kind::hard_sigmoid:
      return use([=](V x)
                     HWY_ATTR { return min_of(one, max_of(zero, hn::MulAdd(alpha, x, beta))); });
    case Kind::hard_swish: {
      const V sixth = hn::Set(d, 1.0f / 6.0f);
      return use([=](V x) HWY_ATTR {
        return hn::Mul(x, min_of(one, max_of(zero, hn::MulAdd(x, sixth, half))));
      });
    }
    case Kind::swish: {
      const V minus_alpha = hn::Neg(alpha);
      return use([=](V x) HWY_ATTR { return gated_f32(d, x, hn::Mul(minus_alpha, x)); });
    }
    case Kind::tanh:
      return use([=](V x) HWY_ATTR { return tanh_f32(d, x); });
    case Kind::gelu_erf:
      return use([=](V x) HWY_ATTR { return gelu_f32(d, x); });
    case Kind::gelu_tanh: {
      // (1 + tanh(y)) / 2 is the sigmoid of 2y.
      const V scale = hn::Set(d, -2 * 0.797884561f);
      const V cubic = hn::Set(d, -2 * 0.0356774081f);
      return use([=](V x) HWY_ATTR {
        const V y = gated_f32(d, x, hn::Mul(x, hn::MulAdd(hn::Mul(x, x), cubic, scale)));
        return hn::MulAdd(min_of(zero, x), zero, y);  // NaN for -infinity, which is times 0
      });
    }
    case Kind::exp:
      return use([=](V x) HWY_ATTR { return exp_f32(d, x); });
    case Kind::erf:
      return use([=](V x) HWY_ATTR { return erf_f32(d, x); });
    case Kind::elu:
      return use([=](V x) HWY_ATTR {
        const V negative = hn::Mul(alpha, hn::Sub(exp_f32(d, x), one));
        return hn::IfThenElse(hn::Lt(x, zero), negative, x);
      });
    case Kind::softplus:
      return use([=](V x) HWY_ATTR {
        return hn::Add(max_of(zero, x), log1p_f32(d, exp_f32(d, hn::Neg(hn::Abs(x)))));
      });
    case Kind::mish: {
      const V limit = hn::Set(d, 30.0f);
      return use([=](V x) HWY_ATTR {
        // With e = exp(x): tanh(log(1 + e)) = (e^2 + 2e) / (e^2 + 2e + 2).
        const V e = exp_f32(d, min_of(limit, x));
        const V n = hn::Mul(e, hn::Add(e, hn::Set(d, 2.0f)));
        return hn::Mul(x, hn::Div(n, hn::Add(n, hn::Set(d, 2.0f))));
      });
    }
  }
}

// Applies f to count floats, a partial vector last.
template <class D, class F>
HWY_INLINE void map_f32(D d, const F& f, const float* input, float* output, size_t count) {
  const size_t lanes = hn::Lanes(d);
  size_t i = 0;
#pragma GCC unroll 2
  for (; i + lanes <= count; i += lanes) hn::StoreU(f(hn::LoadU(d, input + i)), d, output + i);
  if (i < count) {
    float rest[kLanes] = {};
    for (size_t k = i; k < count; ++k) rest[k - i] = input[k];
    hn::StoreU(f(hn::LoadU(d, rest)), d, rest);
    for (size_t k = i; k < count; ++k) output[k] = rest[k - i];
  }
}

inline void activate_f32(const Activation& activation, const float* input, float* output,
                         size_t count) {
  const F32 d;
  with_activation(d, activation,
                  [&](const auto& f) HWY_ATTR { map_f32(d, f, input, output, count); });
}

}  // namespace oarlock::kernels::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // OARLOCK_KERNELS_CPU_ACTIVATION_INL_H_
