#pragma once

#include <cstdint>

namespace oarlock::kernels::cpu {

// Filters of one panel. Of each filter and input channel, G w G^T has (m + 2)^2 values, m being 2,
// 4 or 6, for the interpolation points of winograd_transform-inl.h; value p of input channel i and
// filter o goes to packed[p * plane_stride + i * width + o], zero for o from `filters` on.
struct WinogradPanel {
  int m = 2;
  int64_t in_channels = 1;
  int64_t filters = 1, width = 16;  // filters <= width <= 64, width a multiple of 16
  const float* oihw = nullptr;      // [filters][in_channels][3][3]
  float* packed = nullptr;
  int64_t plane_stride = 0;
};
void pack_winograd_panel(const WinogradPanel& panel);

}  // namespace oarlock::kernels::cpu
