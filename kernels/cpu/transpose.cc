#include "kernels/cpu/transpose.h"

#include "kernels/cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/transpose.cc"
#include <hwy/foreach_target.h>  // IWYU pragma: keep

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "kernels/cpu/transpose_tile-inl.h"

#ifndef OARLOCK_KERNELS_CPU_TRANSPOSE_ONCE_
#define OARLOCK_KERNELS_CPU_TRANSPOSE_ONCE_
namespace oarlock::kernels::cpu {
// Columns of a matrix moved together, and values of a contiguous row moved together.
inline constexpr int64_t kTransposeColumns = 16;
inline constexpr int64_t kTransposeRun = 16384;
}  // namespace oarlock::kernels::cpu
#endif

HWY_BEFORE_NAMESPACE();
namespace oarlock::kernels::cpu::HWY_NAMESPACE {
namespace {

template <class T>
void transpose_units(const Transpose& plan, const T* from, T* to, int64_t begin, int64_t end) {
  for (int64_t unit = begin; unit < end; ++unit) {
    const int64_t block = unit % plan.blocks;
    int64_t index = unit / plan.blocks;
    int64_t source = 0;
    int64_t target = 0;
    for (int axis = plan.rank - 1; axis >= 0; --axis) {
      const int64_t i = index % plan.dims[axis];
      index /= plan.dims[axis];
      source += i * plan.from_strides[axis];
      target += i * plan.to_strides[axis];
    }
    if (plan.columns == 0) {
      const int64_t first = plan.rows * block / plan.blocks;
      const int64_t count = plan.rows * (block + 1) / plan.blocks - first;
      std::memcpy(to + target + first, from + source + first,
                  static_cast<size_t>(count) * sizeof(T));
    } else {
      const int64_t first = block * kTransposeColumns;
      const int64_t count = std::min(kTransposeColumns, plan.columns - first);
      transpose_tile(from + source + first, plan.from_stride, plan.rows, count,
                     to + target + first * plan.to_stride, plan.to_stride);
    }
  }
}

void transpose_range(const Transpose& plan, const void* from, void* to, int64_t begin,
                     int64_t end) {
  switch (plan.element_size) {
    case 1:
      return transpose_units(plan, static_cast<const uint8_t*>(from), static_cast<uint8_t*>(to),
                             begin, end);
    case 2:
      return transpose_units(plan, static_cast<const uint16_t*>(from), static_cast<uint16_t*>(to),
                             begin, end);
    case 4:
      return transpose_units(plan, static_cast<const uint32_t*>(from), static_cast<uint32_t*>(to),
                             begin, end);
    case 8:
      return transpose_units(plan, static_cast<const uint64_t*>(from), static_cast<uint64_t*>(to),
                             begin, end);
  }
}

}  // namespace
}  // namespace oarlock::kernels::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace oarlock::kernels::cpu {
OARLOCK_EXPORT(transpose_range);

bool make_transpose(std::span<const int64_t> dims, std::span<const int64_t> permutation,
                    int64_t element_size, Transpose& result) {
  constexpr size_t kMost = 64;
  const size_t rank = dims.size();
  if (rank > kMost || permutation.size() != rank) return false;
  if (element_size != 1 && element_size != 2 && element_size != 4 && element_size != 8)
    return false;
  int64_t input_strides[kMost] = {};
  int64_t stride = 1;
  for (size_t i = rank; i-- > 0;) {
    input_strides[i] = stride;
    stride *= dims[i];
  }
  // The output's axes, those merged that also lie side by side in the input.
  constexpr int kAxes = Transpose::kMaxRank + 2;
  int64_t extent[kAxes] = {};
  int64_t from_stride[kAxes] = {};
  int axes = 0;
  for (size_t i = 0; i < rank; ++i) {
    const size_t axis = static_cast<size_t>(permutation[i]);
    if (axis >= rank) return false;
    if (dims[axis] == 1) continue;
    if (axes > 0 && from_stride[axes - 1] == input_strides[axis] * dims[axis]) {
      extent[axes - 1] *= dims[axis];
      from_stride[axes - 1] = input_strides[axis];
      continue;
    }
    if (axes == kAxes) return false;
    extent[axes] = dims[axis];
    from_stride[axes++] = input_strides[axis];
  }
  if (axes == 0) {
    extent[0] = 1;
    from_stride[0] = 1;
    axes = 1;
  }
  int64_t to_stride[kAxes] = {};
  stride = 1;
  for (int i = axes; i-- > 0;) {
    to_stride[i] = stride;
    stride *= extent[i];
  }
  Transpose plan;
  plan.element_size = element_size;
  int inner = axes - 1;
  plan.rows = extent[axes - 1];
  if (from_stride[axes - 1] == 1) {
    plan.blocks = (plan.rows + kTransposeRun - 1) / kTransposeRun;
  } else {
    inner = 0;
    while (inner < axes - 1 && from_stride[inner] != 1) ++inner;
    if (inner == axes - 1) return false;
    plan.columns = extent[inner];
    plan.from_stride = from_stride[axes - 1];
    plan.to_stride = to_stride[inner];
    plan.blocks = (plan.columns + kTransposeColumns - 1) / kTransposeColumns;
  }
  plan.units = plan.blocks;
  for (int i = 0; i < axes - 1; ++i) {
    if (i == inner) continue;
    if (plan.rank == Transpose::kMaxRank) return false;
    plan.dims[plan.rank] = extent[i];
    plan.from_strides[plan.rank] = from_stride[i];
    plan.to_strides[plan.rank++] = to_stride[i];
    plan.units *= extent[i];
  }
  result = plan;
  return true;
}

void transpose(const Transpose& plan, const void* from, void* to, int64_t unit_begin,
               int64_t unit_end) {
  OARLOCK_DISPATCH(transpose_range)(plan, from, to, unit_begin, unit_end);
}
}  // namespace oarlock::kernels::cpu
#endif
