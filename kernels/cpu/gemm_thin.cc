// Matrix product of one to three rows, bound by the reading of B; see gemm.h.
#include "kernels/cpu/gemm.h"
#include "kernels/cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/gemm_thin.cc"
#include <hwy/foreach_target.h>  // IWYU pragma: keep

#include <algorithm>

#include "kernels/cpu/gemm_tile-inl.h"
#include "kernels/cpu/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace oarlock::kernels::cpu::HWY_NAMESPACE {
namespace {

struct StoredFloat {
  using T = float;
  static HWY_INLINE VecF32 load(const T* p) { return hn::LoadU(F32(), p); }
};
struct StoredHalf {
  using T = uint16_t;
  static HWY_INLINE VecF32 load(const T* p) {
    const hn::Rebind<hwy::float16_t, F32> d;
    return hn::PromoteTo(F32(), hn::LoadU(d, reinterpret_cast<const hwy::float16_t*>(p)));
  }
};
struct StoredBrain {
  using T = uint16_t;
  static HWY_INLINE VecF32 load(const T* p) {
    const hn::Rebind<hwy::bfloat16_t, F32> d;
    return hn::PromoteTo(F32(), hn::LoadU(d, reinterpret_cast<const hwy::bfloat16_t*>(p)));
  }
};
struct StoredByte {
  using T = int8_t;
  static HWY_INLINE VecF32 load(const T* p) {
    const hn::Rebind<int8_t, F32> d;
    const hn::RebindToSigned<F32> wide;
    return hn::ConvertTo(F32(), hn::PromoteTo(wide, hn::LoadU(d, p)));
  }
};

// The first n < kStep values at p, zeros behind them.
template <class STORED>
HWY_INLINE VecF32 load_some(const typename STORED::T* p, int64_t n) {
  HWY_ALIGN typename STORED::T lanes[kLanes] = {};
  std::copy_n(p, n, lanes);
  return STORED::load(lanes);
}

// PHASES sums run side by side over k modulo PHASES and are added in a fixed tree at the end.
template <class STORED, int ROWS, int PHASES>
HWY_NOINLINE void thin_panel(const GemmArgs& g, const typename STORED::T* b, int64_t stride,
                             float* out) {
  const F32 d;
  using V = VecF32;
  V acc[PHASES][ROWS][kPanelVectors];
#pragma GCC unroll 4
  for (int u = 0; u < PHASES; ++u)
#pragma GCC unroll 4
    for (int i = 0; i < ROWS; ++i)
#pragma GCC unroll 4
      for (int j = 0; j < kPanelVectors; ++j) acc[u][i][j] = hn::Zero(d);
  const float* a = g.a;
  const int64_t rs = g.a_row_stride;
  const int64_t cs = g.a_col_stride;
  int64_t k = 0;
  for (; k + PHASES <= g.k; k += PHASES) {
    __builtin_prefetch(b + 64 * kStep, 0, 2);
    __builtin_prefetch(b + 66 * kStep, 0, 2);
#pragma GCC unroll 4
    for (int u = 0; u < PHASES; ++u) {
      V y[kPanelVectors];
#pragma GCC unroll 4
      for (int j = 0; j < kPanelVectors; ++j) y[j] = STORED::load(b + j * kStep);
      b += stride;
#pragma GCC unroll 4
      for (int i = 0; i < ROWS; ++i) {
        const V x = hn::Set(d, a[i * rs + u * cs]);
#pragma GCC unroll 4
        for (int j = 0; j < kPanelVectors; ++j) acc[u][i][j] = hn::MulAdd(x, y[j], acc[u][i][j]);
      }
    }
    a += PHASES * cs;
  }
  for (; k < g.k; ++k) {
    V y[kPanelVectors];
#pragma GCC unroll 4
    for (int j = 0; j < kPanelVectors; ++j) y[j] = STORED::load(b + j * kStep);
    b += stride;
#pragma GCC unroll 4
    for (int i = 0; i < ROWS; ++i) {
      const V x = hn::Set(d, a[i * rs]);
#pragma GCC unroll 4
      for (int j = 0; j < kPanelVectors; ++j) acc[0][i][j] = hn::MulAdd(x, y[j], acc[0][i][j]);
    }
    a += cs;
  }
#pragma GCC unroll 4
  for (int i = 0; i < ROWS; ++i)
#pragma GCC unroll 4
    for (int j = 0; j < kPanelVectors; ++j) {
      V sum = acc[0][i][j];
      if constexpr (PHASES == 4)
        sum = hn::Add(hn::Add(sum, acc[1][i][j]), hn::Add(acc[2][i][j], acc[3][i][j]));
      if constexpr (PHASES == 2) sum = hn::Add(sum, acc[1][i][j]);
      hn::StoreU(sum, d, out + i * kPanelWidth + j * kStep);
    }
}

// The sums of up to kPanelWidth columns of a B that lies column by column.
template <class STORED, int ROWS>
HWY_NOINLINE void dot_panel(const GemmArgs& g, int64_t first, int64_t columns, float* out) {
  using T = typename STORED::T;
  constexpr int kTogether = 4;
  constexpr int kPhases = ROWS == 1 ? 2 : 1;
  constexpr int64_t kLength = static_cast<int64_t>(kLanes);
  // Hides the memory's latency at the rate of one core. Vectors of 32 bytes (a Zen 3) leave it to
  // the hardware, which brings 1.1 times as much.
  constexpr bool kBrings = kLanes != 8;
  constexpr int64_t kAhead = 1024 / static_cast<int64_t>(sizeof(T));
  const F32 d;
  using V = VecF32;
  const T* b = static_cast<const T*>(g.b) + first * g.k;
  for (int64_t j = 0; j < columns; j += kTogether) {
    const T* column[kTogether];
    for (int c = 0; c < kTogether; ++c) column[c] = b + std::min(j + c, columns - 1) * g.k;
    V acc[kPhases][kTogether][ROWS];
    for (auto& phase : acc)
      for (auto& sums : phase)
        for (V& sum : sums) sum = hn::Zero(d);
    int64_t k = 0;
    for (; k + kPhases * kLength <= g.k; k += kPhases * kLength) {
      if constexpr (kBrings) {
        // Behind the columns' ends come the next ones.
        const int64_t ahead = k + kAhead < g.k ? k + kAhead : k + kAhead + (kTogether - 1) * g.k;
#pragma GCC unroll 4
        for (int c = 0; c < kTogether; ++c) __builtin_prefetch(column[c] + ahead, 0, 2);
      }
#pragma GCC unroll 2
      for (int u = 0; u < kPhases; ++u) {
        V x[ROWS];
#pragma GCC unroll 4
        for (int i = 0; i < ROWS; ++i)
          x[i] = hn::LoadU(d, g.a + i * g.a_row_stride + k + u * kLength);
#pragma GCC unroll 4
        for (int c = 0; c < kTogether; ++c) {
          const V w = STORED::load(column[c] + k + u * kLength);
#pragma GCC unroll 4
          for (int i = 0; i < ROWS; ++i) acc[u][c][i] = hn::MulAdd(x[i], w, acc[u][c][i]);
        }
      }
    }
    for (; k < g.k; k += kLength) {
      const int64_t rest = std::min(kLength, g.k - k);
      V x[ROWS];
      for (int i = 0; i < ROWS; ++i)
        x[i] = rest < kLength ? load_tail(g.a + i * g.a_row_stride + k, rest, 0.0f)
                              : hn::LoadU(d, g.a + i * g.a_row_stride + k);
      for (int c = 0; c < kTogether; ++c) {
        const V w =
            rest < kLength ? load_some<STORED>(column[c] + k, rest) : STORED::load(column[c] + k);
        for (int i = 0; i < ROWS; ++i) acc[0][c][i] = hn::MulAdd(x[i], w, acc[0][c][i]);
      }
    }
    for (int c = 0; c < kTogether && j + c < columns; ++c) {
      for (int i = 0; i < ROWS; ++i) {
        V all = acc[0][c][i];
        if constexpr (kPhases == 2) all = hn::Add(all, acc[1][c][i]);
        out[i * kPanelWidth + j + c] = hn::GetLane(hn::SumOfLanes(d, all));
      }
    }
  }
}

template <class STORED>
void thin_range(const GemmArgs& g, int64_t panel_begin, int64_t panel_end) {
  using T = typename STORED::T;
  const T* b = static_cast<const T*>(g.b);
  const int64_t row_stride = g.b_row_stride ? g.b_row_stride : kPanelWidth;
  const int64_t panel_stride = g.b_panel_stride ? g.b_panel_stride : kPanelWidth * g.k;
  const Bounds bounds = bounds_of(g.activation);
  HWY_ALIGN float out[kGemmThinRows * kPanelWidth];
  for (int64_t p = panel_begin; p < panel_end; ++p) {
    const int64_t first = p * kPanelWidth;
    const int64_t columns = std::min(kPanelWidth, g.n - first);
    const T* panel = b + p * panel_stride;
    int64_t stride = row_stride;
    if constexpr (sizeof(T) == sizeof(float)) {
      if (columns < kPanelWidth && g.b_tail) {
        panel = g.b_tail;
        stride = kPanelWidth;
      }
    }
    if (g.b_transposed) {
      const auto sums = g.m == 1   ? dot_panel<STORED, 1>
                        : g.m == 2 ? dot_panel<STORED, 2>
                                   : dot_panel<STORED, 3>;
      sums(g, first, columns, out);
    } else if (g.m == 1)
      thin_panel<STORED, 1, 8 / kPanelVectors>(g, panel, stride, out);
    else if (g.m == 2)
      thin_panel<STORED, 2, 8 / kPanelVectors>(g, panel, stride, out);
    else
      thin_panel<STORED, 3, 4 / kPanelVectors>(g, panel, stride, out);
    for (int64_t i = 0; i < g.m; ++i) {
      const float* sum = out + i * kPanelWidth;
      float* c = g.c + i * g.c_row_stride + first;
      const float* scale = g.b_scale ? g.b_scale + first : nullptr;
      const float* residual = g.residual ? g.residual + i * g.residual_row_stride + first : nullptr;
      for (int64_t j = 0; j < columns; ++j) {
        const float factor = scale ? g.alpha * scale[j] : g.alpha;
        float y = sum[j] * factor + (g.bias ? g.bias[first + j] : 0.0f);
        if (residual) y += residual[j];
        y = y < bounds.low ? bounds.low : y;
        c[j] = y > bounds.high ? bounds.high : y;
      }
    }
    if (!is_bounds(g.activation))
      activate_rows(g.activation, g.c + first, g.c_row_stride, g.m, columns);
  }
}

void thin(const GemmArgs& g, int64_t panel_begin, int64_t panel_end) {
  switch (g.storage) {
    case GemmStorage::f32:
      return thin_range<StoredFloat>(g, panel_begin, panel_end);
    case GemmStorage::f16:
      return thin_range<StoredHalf>(g, panel_begin, panel_end);
    case GemmStorage::bf16:
      return thin_range<StoredBrain>(g, panel_begin, panel_end);
    case GemmStorage::i8:
      return thin_range<StoredByte>(g, panel_begin, panel_end);
  }
}

}  // namespace
}  // namespace oarlock::kernels::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace oarlock::kernels::cpu {
OARLOCK_EXPORT(thin);

void gemm_thin(const GemmArgs& args, int64_t panel_begin, int64_t panel_end) {
  OARLOCK_DISPATCH(thin)(args, panel_begin, panel_end);
}
}  // namespace oarlock::kernels::cpu
#endif
