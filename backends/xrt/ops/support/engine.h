#pragma once
// What convolutions and products of every type say to the engines of products.

#include <functional>
#include <vector>

#include "backends/xrt/ops/support/function.h"
#include "backends/xrt/ops/support/nodes.h"

namespace oarlock::xrt {

struct Convolution {
  Window window;
  int64_t batch = 1, in = 1, out = 1, groups = 1;

  int64_t taps() const { return window.y.kernel * window.x.kernel; }
  int64_t pixels() const { return window.y.out * window.x.out; }
  int64_t depth() const { return in / groups * taps(); }
};

// Of a node whose input 0 is the image and whose input `weights` are the filters.
Result<Convolution> read_convolution(const NodeView& node, size_t weights);
Result<Convolution> read_convolution(const Attrs& attrs, const Shape& in, const Shape& filters,
                                     const Shape& out);

// The words of gemm_words.h but for those of one type alone.
void set_convolution(Parameters& parameters, const Convolution& convolution, bool bias);

// What Winograd's kernel is told of a convolution that has_winograd_window.
bool has_winograd_window(const Convolution& convolution);
Parameters winograd_parameters(const Convolution& convolution, bool bias, const Function& function);

// Modelled cycles of a convolution of float32 on so many engines.
double engine_cycles(const Convolution& convolution, bool bias, const Function& function,
                     size_t engines);

// Divides the rows of GEMM_M between compute units, in whole tiles. `offsets` says how many
// elements the arguments move on for a first row.
Status add_by_rows(Launch& launch, Parameters parameters,
                   const std::function<std::vector<int64_t>(int64_t row)>& offsets);

}  // namespace oarlock::xrt
