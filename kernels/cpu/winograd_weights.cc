#include "kernels/cpu/winograd_weights.h"

#include "kernels/cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/winograd_weights.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#ifndef OARLOCK_KERNELS_CPU_WINOGRAD_WEIGHTS_CC_
#define OARLOCK_KERNELS_CPU_WINOGRAD_WEIGHTS_CC_
namespace oarlock::kernels::cpu {

inline constexpr double kG2[4][3] = {{1, 0, 0}, {0.5, 0.5, 0.5}, {0.5, -0.5, 0.5}, {0, 0, 1}};

inline constexpr double kG4[6][3] = {{1. / 4, 0, 0},
                                     {-1. / 6, -1. / 6, -1. / 6},
                                     {-1. / 6, 1. / 6, -1. / 6},
                                     {1. / 24, 1. / 12, 1. / 6},
                                     {1. / 24, -1. / 12, 1. / 6},
                                     {0, 0, 1}};

inline constexpr double kG6[8][3] = {{1, 0, 0},
                                     {-2. / 9, -2. / 9, -2. / 9},
                                     {-2. / 9, 2. / 9, -2. / 9},
                                     {1. / 90, 1. / 45, 2. / 45},
                                     {1. / 90, -1. / 45, 2. / 45},
                                     {32. / 45, 16. / 45, 8. / 45},
                                     {32. / 45, -16. / 45, 8. / 45},
                                     {0, 0, 1}};

}  // namespace oarlock::kernels::cpu
#endif  // OARLOCK_KERNELS_CPU_WINOGRAD_WEIGHTS_CC_

HWY_BEFORE_NAMESPACE();
namespace oarlock::kernels::cpu::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

constexpr int64_t kWidest = 64;  // channels of a panel

// G w G^T in double precision for as many filters as a vector holds; w[tap * kWidest + filter].
template <int m>
HWY_INLINE void transform_filters(const double (&g)[m + 2][3], const float* w, float* out,
                                  int64_t plane_stride) {
  const hn::CappedTag<double, 8> d;
  const hn::Rebind<float, decltype(d)> narrow;
  using V = hn::Vec<decltype(d)>;
  for (int i = 0; i < m + 2; ++i) {
    V row[3];
    for (int c = 0; c < 3; ++c) {
      row[c] = hn::Zero(d);
      for (int k = 0; k < 3; ++k) {
        const V tap = hn::PromoteTo(d, hn::LoadU(narrow, w + (k * 3 + c) * kWidest));
        row[c] = hn::MulAdd(hn::Set(d, g[i][k]), tap, row[c]);
      }
    }
    for (int j = 0; j < m + 2; ++j, out += plane_stride) {
      V sum = hn::Mul(row[0], hn::Set(d, g[j][0]));
      sum = hn::MulAdd(row[1], hn::Set(d, g[j][1]), sum);
      sum = hn::MulAdd(row[2], hn::Set(d, g[j][2]), sum);
      hn::StoreU(hn::DemoteTo(narrow, sum), narrow, out);
    }
  }
}

template <int m>
void pack_panel(const double (&g)[m + 2][3], const WinogradPanel& p) {
  const auto lanes = static_cast<int64_t>(hn::Lanes(hn::CappedTag<double, 8>()));
  HWY_ALIGN float w[9 * kWidest] = {};
  for (int64_t i = 0; i < p.in_channels; ++i) {
    for (int64_t o = 0; o < p.filters; ++o)
      for (int64_t tap = 0; tap < 9; ++tap)
        w[tap * kWidest + o] = p.oihw[(o * p.in_channels + i) * 9 + tap];
    for (int64_t o = 0; o < p.width; o += lanes)
      transform_filters<m>(g, w + o, p.packed + i * p.width + o, p.plane_stride);
  }
}

void pack_winograd_target(const WinogradPanel& p) {
  if (p.m == 2) return pack_panel<2>(kG2, p);
  if (p.m == 4) return pack_panel<4>(kG4, p);
  pack_panel<6>(kG6, p);
}

}  // namespace oarlock::kernels::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace oarlock::kernels::cpu {

OARLOCK_EXPORT(pack_winograd_target);

void pack_winograd_panel(const WinogradPanel& panel) {
  OARLOCK_DISPATCH(pack_winograd_target)(panel);
}

}  // namespace oarlock::kernels::cpu
#endif
