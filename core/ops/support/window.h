#pragma once

#include <cstdint>
#include <vector>

#include "oarlock/plugin/op.h"

namespace oarlock::ops {

// How a kernel slides over the spatial dimensions of a tensor [N, C, D1, ..., Dn].
// All lists have one entry a spatial dimension.
struct Window {
  Shape input, kernel, strides, dilations, pads_begin, pads_end;
  Shape output;  // number of positions; kUnknown where the input extent is unknown

  size_t rank() const { return kernel.rank(); }
  int64_t kernel_elements() const;
  // Refuses kernels too large to be tabulated.
  Status check_kernel() const;
};

// auto_pad, dilations, kernel_shape, pads and strides, as the operators that slide define them.
std::vector<AttrDef> window_attrs();

// From the attributes above and the spatial extents of the input. `kernel` comes from the weights,
// or is empty: then attribute kernel_shape is needed. `ceil_mode`: positions whose window leaves
// the padded input at the end count, unless they start in the end padding (ONNX AveragePool 19).
Result<Window> window_from(const Attrs& attrs, std::span<const int64_t> input,
                           std::span<const int64_t> kernel, bool ceil_mode = false);

// [N, C, output positions...].
Shape window_output_shape(int64_t batch, int64_t channels, const Window& window);

// How many output positions to treat together so that tables of `rows` entries for each kernel
// element and position stay small: 1 to 64.
int64_t window_tile(const Window& window, int64_t rows = 1);

// Offsets into one input plane that a range of output positions reads: entry [k][p] belongs to
// kernel element k and position first + p; -1 stands for padding.
void window_offsets(const Window& window, int64_t first, int64_t count, int64_t* offsets);

// The list attribute `name`, or `fallback` n times when absent. Entries must number n and lie in
// [least, 2^31).
Result<Shape> spatial_list(const Attrs& attrs, std::string_view name, size_t n, int64_t fallback,
                           int64_t least);

}  // namespace oarlock::ops
