// Packing of B into panels, see gemm.h.
#include "kernels/cpu/gemm.h"
#include "kernels/cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/gemm_pack.cc"
#include <hwy/foreach_target.h>  // IWYU pragma: keep

#include <algorithm>
#include <cstring>

#include "kernels/cpu/gemm_tile-inl.h"
#include "kernels/cpu/transpose_tile-inl.h"

HWY_BEFORE_NAMESPACE();
namespace oarlock::kernels::cpu::HWY_NAMESPACE {
namespace {

template <class T>
void copy_rows(const T* b, int64_t row_stride, int64_t k, int64_t columns, T* panel) {
  const size_t bytes = static_cast<size_t>(columns) * sizeof(T);
  if (columns == kPanelWidth) {
    for (int64_t i = 0; i < k; ++i)
      std::memcpy(panel + i * kPanelWidth, b + i * row_stride, kPanelWidth * sizeof(T));
    return;
  }
  for (int64_t i = 0; i < k; ++i) {
    T* row = panel + i * kPanelWidth;
    std::memcpy(row, b + i * row_stride, bytes);
    std::fill(row + columns, row + kPanelWidth, T(0));
  }
}

template <class T>
void gather_rows(const T* b, int64_t row_stride, int64_t col_stride, int64_t k, int64_t columns,
                 T* panel) {
  for (int64_t i = 0; i < k; ++i)
    for (int64_t j = 0; j < kPanelWidth; ++j)
      panel[i * kPanelWidth + j] = j < columns ? b[i * row_stride + j * col_stride] : T(0);
}

template <class T>
void pack(const T* b, int64_t row_stride, int64_t col_stride, int64_t k, int64_t n,
          int64_t panel_begin, int64_t panel_end, T* packed) {
  for (int64_t p = panel_begin; p < panel_end; ++p) {
    const int64_t first = p * kPanelWidth;
    const int64_t columns = std::min(kPanelWidth, n - first);
    const T* from = b + first * col_stride;
    T* panel = packed + first * k;
    if (col_stride == 1) {
      copy_rows(from, row_stride, k, columns, panel);
    } else if (row_stride == 1 && sizeof(T) == 4) {
      transpose_tile(from, col_stride, columns, k, panel, kPanelWidth);
      if (columns < kPanelWidth)
        for (int64_t i = 0; i < k; ++i)
          std::fill(panel + i * kPanelWidth + columns, panel + (i + 1) * kPanelWidth, T(0));
    } else {
      gather_rows(from, row_stride, col_stride, k, columns, panel);
    }
  }
}

void pack_f32(const float* b, int64_t row_stride, int64_t col_stride, int64_t k, int64_t n,
              int64_t panel_begin, int64_t panel_end, float* packed) {
  pack(b, row_stride, col_stride, k, n, panel_begin, panel_end, packed);
}

void pack_16(const uint16_t* b, int64_t row_stride, int64_t col_stride, int64_t k, int64_t n,
             int64_t panel_begin, int64_t panel_end, uint16_t* packed) {
  pack(b, row_stride, col_stride, k, n, panel_begin, panel_end, packed);
}

void pack_8(const int8_t* b, int64_t row_stride, int64_t col_stride, int64_t k, int64_t n,
            int64_t panel_begin, int64_t panel_end, int8_t* packed) {
  pack(b, row_stride, col_stride, k, n, panel_begin, panel_end, packed);
}

}  // namespace
}  // namespace oarlock::kernels::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace oarlock::kernels::cpu {
OARLOCK_EXPORT(pack_f32);
OARLOCK_EXPORT(pack_16);
OARLOCK_EXPORT(pack_8);

void gemm_pack(const float* b, int64_t row_stride, int64_t col_stride, int64_t k, int64_t n,
               int64_t panel_begin, int64_t panel_end, float* packed) {
  OARLOCK_DISPATCH(pack_f32)(b, row_stride, col_stride, k, n, panel_begin, panel_end, packed);
}

void gemm_pack_16(const uint16_t* b, int64_t row_stride, int64_t col_stride, int64_t k, int64_t n,
                  int64_t panel_begin, int64_t panel_end, uint16_t* packed) {
  OARLOCK_DISPATCH(pack_16)(b, row_stride, col_stride, k, n, panel_begin, panel_end, packed);
}

void gemm_pack_8(const int8_t* b, int64_t row_stride, int64_t col_stride, int64_t k, int64_t n,
                 int64_t panel_begin, int64_t panel_end, int8_t* packed) {
  OARLOCK_DISPATCH(pack_8)(b, row_stride, col_stride, k, n, panel_begin, panel_end, packed);
}
}  // namespace oarlock::kernels::cpu
#endif
