#pragma once
// Resampling of two-dimensional planes by tables that the caller has computed.

#include <cstdint>

namespace oarlock::kernels::cpu {

// One output coordinate: low * (1 - weight) + high * weight. Nearest: weight 0.
struct ResizeTap {
  int32_t low = 0;
  int32_t high = 0;
  float weight = 0;
};

struct Resize {
  int64_t in_height = 1, in_width = 1;
  int64_t out_height = 1, out_width = 1;
  int64_t block = 1;                   // values per pixel: 1 (NCHW) or 16 (NCHW16c)
  const ResizeTap* rows = nullptr;     // out_height
  const ResizeTap* columns = nullptr;  // out_width
  bool nearest = false;
};

// Output rows [begin, end), counted over all planes.
void resize(const Resize& shape, const float* x, float* y, int64_t begin, int64_t end);

}  // namespace oarlock::kernels::cpu
