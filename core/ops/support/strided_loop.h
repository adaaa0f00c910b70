#pragma once

#include <array>

#include "oarlock/shape.h"

namespace oarlock::ops {

// Walks over `extents` in row-major order with N operands, each of which moves by its own strides
// (in elements, may be zero or negative). Calls body(offsets, count, steps) for runs along the
// innermost axis: operand n is at offsets[n] + i * steps[n] for i < count. Axes that all operands
// cross in one stride are merged. Allocates nothing up to Shape::kInline axes.
template <size_t N, class Body>
void for_each_run(const Shape& extents, const std::array<Shape, N>& strides, Body&& body) {
  using Offsets = std::array<int64_t, N>;
  Shape dims;
  std::array<Shape, N> steps;
  for (size_t axis = 0; axis < extents.rank(); ++axis) {
    const int64_t extent = extents[axis];
    if (extent == 0) return;
    if (extent == 1) continue;
    bool merges = !dims.empty();
    for (size_t n = 0; n < N && merges; ++n) {
      merges = steps[n].back() == strides[n][axis] * extent;
    }
    if (!merges) dims.push_back(1);
    dims.back() *= extent;
    for (size_t n = 0; n < N; ++n) {
      if (!merges) steps[n].push_back(0);
      steps[n].back() = strides[n][axis];
    }
  }
  Offsets offsets{}, inner{};
  if (dims.empty()) {
    body(offsets, int64_t{1}, inner);
    return;
  }
  const size_t last = dims.rank() - 1;
  for (size_t n = 0; n < N; ++n) inner[n] = steps[n][last];
  Shape index(last);
  while (true) {
    body(static_cast<const Offsets&>(offsets), dims[last], static_cast<const Offsets&>(inner));
    size_t axis = last;
    while (axis > 0) {
      --axis;
      for (size_t n = 0; n < N; ++n) offsets[n] += steps[n][axis];
      if (++index[axis] < dims[axis]) break;
      for (size_t n = 0; n < N; ++n) offsets[n] -= steps[n][axis] * dims[axis];
      index[axis] = 0;
      if (axis == 0) return;
    }
    if (last == 0) return;
  }
}

// Strides that make a row-major tensor of shape `from` look like one of shape `to`, to which it
// broadcasts: 0 along stretched axes.
Shape broadcast_strides(const Shape& from, const Shape& to);

// Calls f(i, indices) for every element i of an output of shape `out`, where indices[n] is the
// element of input n, of shape *inputs[n], that broadcasts to it.
template <size_t N, class F>
void for_each_broadcast(const Shape& out, const std::array<const Shape*, N>& inputs, F&& f) {
  std::array<Shape, N> strides;
  for (size_t n = 0; n < N; ++n) strides[n] = broadcast_strides(*inputs[n], out);
  int64_t next = 0;
  for_each_run<N>(out, strides, [&](const auto& offsets, int64_t count, const auto& steps) {
    std::array<int64_t, N> at = offsets;
    for (int64_t i = 0; i < count; ++i) {
      f(next++, static_cast<const std::array<int64_t, N>&>(at));
      for (size_t n = 0; n < N; ++n) at[n] += steps[n];
    }
  });
}

}  // namespace oarlock::ops
