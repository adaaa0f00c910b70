// Stages of discrete Fourier transforms of as many lines as a vector has lanes: number k of all
// lines is a vector of real parts and one of imaginary parts. Included once per instruction set.
#if defined(OARLOCK_KERNELS_CPU_FOURIER_STAGES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef OARLOCK_KERNELS_CPU_FOURIER_STAGES_INL_H_
#undef OARLOCK_KERNELS_CPU_FOURIER_STAGES_INL_H_
#else
#define OARLOCK_KERNELS_CPU_FOURIER_STAGES_INL_H_
#endif

#include <hwy/highway.h>

#include <utility>

#include "kernels/cpu/fourier.h"

HWY_BEFORE_NAMESPACE();
namespace oarlock::kernels::cpu::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// The constructors are written out for their attribute, which those of vectors need on Arm.
template <class V>
struct ComplexLanes {
  V re, im;
  HWY_ATTR ComplexLanes() {}
  HWY_ATTR ComplexLanes(V real, V imaginary) : re(real), im(imaginary) {}
};

template <class D, class T = hn::TFromD<D>, class V = hn::Vec<D>>
HWY_INLINE ComplexLanes<V> load_complex(D d, const T* x) {
  return {hn::LoadU(d, x), hn::LoadU(d, x + hn::MaxLanes(d))};
}
template <class D, class T = hn::TFromD<D>, class V = hn::Vec<D>>
HWY_INLINE void store_complex(D d, ComplexLanes<V> v, T* x) {
  hn::StoreU(v.re, d, x);
  hn::StoreU(v.im, d, x + hn::MaxLanes(d));
}
template <class V>
HWY_INLINE ComplexLanes<V> add(ComplexLanes<V> a, ComplexLanes<V> b) {
  return {hn::Add(a.re, b.re), hn::Add(a.im, b.im)};
}
template <class V>
HWY_INLINE ComplexLanes<V> sub(ComplexLanes<V> a, ComplexLanes<V> b) {
  return {hn::Sub(a.re, b.re), hn::Sub(a.im, b.im)};
}
template <class V>
HWY_INLINE ComplexLanes<V> times(ComplexLanes<V> a, V re, V im) {
  return {hn::NegMulAdd(a.im, im, hn::Mul(a.re, re)), hn::MulAdd(a.re, im, hn::Mul(a.im, re))};
}
// a + f * b, a - f * b
template <class V>
HWY_INLINE ComplexLanes<V> add_times(ComplexLanes<V> a, V f, ComplexLanes<V> b) {
  return {hn::MulAdd(f, b.re, a.re), hn::MulAdd(f, b.im, a.im)};
}
template <class V>
HWY_INLINE ComplexLanes<V> sub_times(ComplexLanes<V> a, V f, ComplexLanes<V> b) {
  return {hn::NegMulAdd(f, b.re, a.re), hn::NegMulAdd(f, b.im, a.im)};
}
// a + i * f * b, a - i * f * b
template <class V>
HWY_INLINE ComplexLanes<V> add_turned(ComplexLanes<V> a, V f, ComplexLanes<V> b) {
  return {hn::NegMulAdd(f, b.im, a.re), hn::MulAdd(f, b.re, a.im)};
}
template <class V>
HWY_INLINE ComplexLanes<V> sub_turned(ComplexLanes<V> a, V f, ComplexLanes<V> b) {
  return {hn::MulAdd(f, b.im, a.re), hn::NegMulAdd(f, b.re, a.im)};
}

// Cosines and sines of the first two roots.
template <class V>
struct FirstRoots {
  V cos1, sin1, cos2, sin2;
};

template <class V>
HWY_INLINE void transform_four(const V quarter, ComplexLanes<V>& a, ComplexLanes<V>& b,
                               ComplexLanes<V>& c, ComplexLanes<V>& e) {
  const ComplexLanes<V> even = add(a, c), odd = sub(a, c), both = add(b, e), apart = sub(b, e);
  a = add(even, both);
  b = add_turned(odd, quarter, apart);
  c = sub(even, both);
  e = sub_turned(odd, quarter, apart);
}

// The transform of kRadix numbers in registers.
template <int kRadix, class V>
HWY_INLINE void transform_few(const FirstRoots<V>& r, ComplexLanes<V> (&v)[kRadix]) {
  if constexpr (kRadix == 2) {
    const ComplexLanes<V> a = v[0];
    v[0] = add(a, v[1]);
    v[1] = sub(a, v[1]);
  } else if constexpr (kRadix == 3) {
    const ComplexLanes<V> sum = add(v[1], v[2]), apart = sub(v[1], v[2]);
    const ComplexLanes<V> middle = add_times(v[0], r.cos1, sum);
    v[0] = add(v[0], sum);
    v[1] = add_turned(middle, r.sin1, apart);
    v[2] = sub_turned(middle, r.sin1, apart);
  } else if constexpr (kRadix == 4) {
    transform_four(r.sin1, v[0], v[1], v[2], v[3]);
  } else if constexpr (kRadix == 5) {
    const ComplexLanes<V> outer = add(v[1], v[4]), inner = add(v[2], v[3]);
    const ComplexLanes<V> far = sub(v[1], v[4]), near = sub(v[2], v[3]);
    const ComplexLanes<V> m1 = add_times(add_times(v[0], r.cos1, outer), r.cos2, inner);
    const ComplexLanes<V> m2 = add_times(add_times(v[0], r.cos2, outer), r.cos1, inner);
    v[0] = add(add(v[0], outer), inner);
    v[1] = add_turned(add_turned(m1, r.sin1, far), r.sin2, near);
    v[2] = sub_turned(add_turned(m2, r.sin2, far), r.sin1, near);
    v[3] = add_turned(sub_turned(m2, r.sin2, far), r.sin1, near);
    v[4] = sub_turned(sub_turned(m1, r.sin1, far), r.sin2, near);
  } else {
    static_assert(kRadix == 8);
    const V quarter = r.sin2, diagonal = r.cos1;
    transform_four(quarter, v[0], v[2], v[4], v[6]);
    transform_four(quarter, v[1], v[3], v[5], v[7]);
    const ComplexLanes<V> e1 = v[2], e2 = v[4], e3 = v[6], o0 = v[1], o2 = v[5];
    const ComplexLanes<V> o1 = add_turned(v[3], quarter, v[3]);
    const ComplexLanes<V> o3 = sub_turned(v[7], quarter, v[7]);
    v[4] = sub(v[0], o0);
    v[0] = add(v[0], o0);
    v[1] = add_times(e1, diagonal, o1);
    v[5] = sub_times(e1, diagonal, o1);
    v[2] = add_turned(e2, quarter, o2);
    v[6] = sub_turned(e2, quarter, o2);
    v[3] = sub_times(e3, diagonal, o3);
    v[7] = add_times(e3, diagonal, o3);
  }
}

// Of values `before` transformed so far, next to each other `after * radix` apart: result p + q *
// before is the sum over u of roots[p][u] * root(radix, u * q) * value u.
template <int kRadix, bool kFirst, class D, class T = hn::TFromD<D>>
HWY_NOINLINE void stage_of(D d, const FourierStage<T>& s, const T* from, T* to) {
  using V = hn::Vec<D>;
  constexpr int64_t kNumber = 2 * static_cast<int64_t>(hn::MaxLanes(D()));
  const int64_t step = s.after * kNumber, out_step = s.before * step;
  const T* first = s.roots.data() + 2 * (s.before * kRadix + kRadix + 1);
  const int second = kRadix > 2 ? 2 : 0;
  const FirstRoots<V> roots = {hn::Set(d, first[0]), hn::Set(d, first[1]),
                               hn::Set(d, first[second]), hn::Set(d, first[second + 1])};
  for (int64_t p = 0; p < s.before; ++p) {
    V re[kRadix], im[kRadix];
    const T* w = s.roots.data() + 2 * p * kRadix;
#pragma GCC unroll 8
    for (int u = 0; u < kRadix; ++u) {
      re[u] = hn::Set(d, w[2 * u]);
      im[u] = hn::Set(d, w[2 * u + 1]);
    }
    const T* x = from + p * kRadix * step;
    T* y = to + p * step;
    for (int64_t i = 0; i < s.after; ++i, x += kNumber, y += kNumber) {
      ComplexLanes<V> v[kRadix];
#pragma GCC unroll 8
      for (int u = 0; u < kRadix; ++u) {
        v[u] = load_complex(d, x + u * step);
        if (!kFirst && u > 0) v[u] = times(v[u], re[u], im[u]);
      }
      transform_few<kRadix>(roots, v);
#pragma GCC unroll 8
      for (int u = 0; u < kRadix; ++u) store_complex(d, v[u], y + u * out_step);
    }
  }
}

// The same for any radix.
template <class D, class T = hn::TFromD<D>>
void general_stage(D d, const FourierStage<T>& s, const T* from, T* to) {
  using V = hn::Vec<D>;
  constexpr int64_t kNumber = 2 * static_cast<int64_t>(hn::MaxLanes(D()));
  const int64_t step = s.after * kNumber;
  const T* matrix = s.roots.data() + 2 * s.before * s.radix;
  const auto rotated = [&](ComplexLanes<V> v, const T* w)
                           HWY_ATTR { return times(v, hn::Set(d, w[0]), hn::Set(d, w[1])); };
  for (int64_t p = 0; p < s.before; ++p) {
    const T* w = s.roots.data() + 2 * p * s.radix;
    for (int64_t i = 0; i < s.after; ++i) {
      const T* x = from + (p * s.radix * s.after + i) * kNumber;
      T* y = to + (p * s.after + i) * kNumber;
      ComplexLanes<V> values[Fourier::kMostDirect];
      for (int64_t u = 0; u < s.radix; ++u)
        values[u] = rotated(load_complex(d, x + u * step), w + 2 * u);
      for (int64_t q = 0; q < s.radix; ++q) {
        ComplexLanes<V> sum = values[0];
        for (int64_t u = 1; u < s.radix; ++u)
          sum = add(sum, rotated(values[u], matrix + 2 * (q * s.radix + u)));
        store_complex(d, sum, y + q * s.before * step);
      }
    }
  }
}

template <int kRadix, class D, class T = hn::TFromD<D>>
HWY_INLINE void run_stage_of(D d, const FourierStage<T>& s, const T* from, T* to) {
  if (s.before == 1) return stage_of<kRadix, true>(d, s, from, to);
  stage_of<kRadix, false>(d, s, from, to);
}

// The transform of numbers at `data`; `other` has room for as many. Returns where the results are.
template <class D, class T = hn::TFromD<D>>
T* run_stages(D d, const std::vector<FourierStage<T>>& stages, T* data, T* other) {
  for (const FourierStage<T>& s : stages) {
    switch (s.radix) {
      case 2:
        run_stage_of<2>(d, s, data, other);
        break;
      case 3:
        run_stage_of<3>(d, s, data, other);
        break;
      case 4:
        run_stage_of<4>(d, s, data, other);
        break;
      case 5:
        run_stage_of<5>(d, s, data, other);
        break;
      case 8:
        run_stage_of<8>(d, s, data, other);
        break;
      default:
        general_stage(d, s, data, other);
    }
    std::swap(data, other);
  }
  return data;
}

}  // namespace oarlock::kernels::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
