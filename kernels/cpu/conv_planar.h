#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/cpu/activation.h"
#include "kernels/cpu/conv_shape.h"

namespace oarlock::kernels::cpu {

// Convolution of a row-major NCHW image with few channels into NCHW16c, fp32, for the first layer
// of a network: groups == 1, any kernel, stride, dilation and padding.
//   output = activation(convolution(input, weights) + bias)
// Cut into strips of output rows times panels of output channels. Each call copies the input rows
// of its strips into the workspace, in the order in which the inner loop reads them.
class PlanarConv {
 public:
  explicit PlanarConv(const ConvShape& shape);

  int64_t strip_count() const { return (shape_.out_height + strip_rows_ - 1) / strip_rows_; }
  int64_t panel_count() const { return (shape_.out_blocks() + panel_blocks_ - 1) / panel_blocks_; }
  size_t packed_size() const;  // floats
  // From OIHW to [panel][input channel, kernel row, kernel column][channels of the panel].
  void pack_weights(const float* oihw, float* packed) const;
  size_t workspace() const { return workspace_; }  // floats for each concurrent call

  struct Args {
    const float* input = nullptr;    // NCHW
    const float* weights = nullptr;  // packed
    const float* bias = nullptr;     // out_channels padded to a multiple of 16, or null
    float* output = nullptr;         // NCHW16c
    float* workspace = nullptr;
    Activation activation;
  };
  void run(const Args& args, Range strips, Range panels) const;

 private:
  friend struct PlanarConvAccess;
  ConvShape shape_;
  bool patches_ = false;  // the workspace holds a row of pixels for each tap; else whole rows
  int64_t strip_rows_ = 1, panel_blocks_ = 1;
  int64_t copied_rows_ = 0, copied_columns_ = 0;  // of the workspace, for one channel
  size_t workspace_ = 0;
  std::vector<int32_t> offsets_;  // of each tap's first pixel in the workspace
};

}  // namespace oarlock::kernels::cpu
