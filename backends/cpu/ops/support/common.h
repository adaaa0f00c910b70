#pragma once
// What the kernels of this backend have in common.

#include <algorithm>
#include <cstdint>

#include "backends/cpu/device.h"
#include "backends/cpu/ops/window.h"
#include "oarlock/plugin/kernel.h"

namespace oarlock::cpu {

// Channels in a block of NCHW16c.
inline constexpr int64_t kChannelBlock = 16;

inline bool is_float32(const TypeInfo& type) {
  return type.is_concrete() && type.dtype == DType::float32;
}
inline int64_t element_count(const TypeInfo& type) { return type.shape.elements().value_or(0); }

// Elements of axes [begin, end).
inline int64_t extent(const Shape& shape, size_t begin, size_t end) {
  int64_t product = 1;
  for (size_t i = begin; i < end; ++i) product *= shape[i];
  return product;
}

// Units of `per_unit` elementary operations that are worth a part of their own when run in
// parallel (some microseconds of work).
inline int64_t grain_for(double per_unit, double enough = 32768) {
  return static_cast<int64_t>(std::max(1.0, enough / std::max(per_unit, 1.0)));
}

// An option whose only output may overwrite each of the inputs listed.
inline KernelOption in_place(std::initializer_list<uint16_t> inputs) {
  KernelOption option;
  for (uint16_t i : inputs) option.sharing.push_back({Sharing::Kind::in_place, 0, i, 0});
  return option;
}

}  // namespace oarlock::cpu
