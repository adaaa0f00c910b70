#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/cpu/activation.h"
#include "kernels/cpu/conv_shape.h"
#include "kernels/cpu/upcoming.h"

namespace oarlock::kernels::cpu {

// Direct convolution NCHW16c -> NCHW16c, fp32, any kernel, stride, dilation, padding and groups:
//   output = activation(convolution(input, weights) + bias + residual)
// Cut into tiles (runs of output pixels) times panels (one or two blocks of output channels);
// the result of a tile and a panel does not depend on how work is divided.
//
// Transposed, an input pixel (y, x) adds to the output pixels
// (y * stride_height - pad_top + ky * dilation_height, ...), and weights are IOHW
// (O: out_channels / groups).
class DirectConv {
 public:
  // Chooses tiles and panels for the instruction set of this machine.
  explicit DirectConv(const ConvShape& shape, bool transposed = false);

  const ConvShape& shape() const { return shape_; }
  int64_t tile_count() const { return static_cast<int64_t>(tiles_.size()); }
  int64_t panel_count() const { return static_cast<int64_t>(panels_.size()); }
  // Floats of packed weights.
  size_t packed_size() const { return packed_size_; }

  // From OIHW (I: in_channels / groups; transposed: IOHW) into the order the kernels read:
  // [panel][input block][kernel row][kernel column][16 input channels][channels of the panel],
  // where a panel of a grouped convolution has the input blocks its groups touch only.
  void pack_weights(const float* weights, float* packed, Range panels) const;

  // Of a pointwise convolution whose input channels have factors (padded to a multiple of 16),
  // copies of the input's channel blocks or of the packed weights with the factors in them.
  void scale_input(const float* input, const float* factors, Range blocks, float* scaled) const;
  void scale_weights(const float* packed, const float* factors, Range panels, float* scaled) const;

  struct Args {
    const float* input = nullptr;     // NCHW16c
    const float* weights = nullptr;   // packed
    const float* bias = nullptr;      // out_channels padded to a multiple of 16, or null
    const float* residual = nullptr;  // NCHW16c like the output, or null; may be the output
    float* output = nullptr;          // NCHW16c
    Activation activation;
    Upcoming upcoming = {};  // what to bring into the cache meanwhile
  };
  void run(const Args& args, Range tiles, Range panels) const;

 private:
  struct Tile {
    int64_t first_pixel = 0;  // of the output, in row-major order
    int32_t pixels = 0;
    // By rows: the kernel's rows that lie in the input, the columns from which on the first pixel
    // and the last one before which the last pixel does, and where pixel 0 reads its first row.
    int32_t first_row = 0, rows = 1;
    int32_t first_valid = 0, last_valid = 1;
    int64_t input = 0;  // offset in floats
  };
  struct Panel {
    int64_t weights;  // offset in floats
    int32_t first_in_block, in_blocks;
    int32_t first_out_block, out_blocks;
  };
  friend struct DirectConvAccess;

  void cut_tiles();
  void cut_panels();
  void place_tile(Tile& tile) const;
  void fill_offsets();

  ConvShape shape_;
  bool transposed_;
  bool by_rows_ = false;  // tiles lie in one row; else pixels are reached through offsets_
  std::vector<Tile> tiles_;
  std::vector<Panel> panels_;
  // For each tile and tap a row of 16: the offset in floats of every pixel's input within its
  // channel block, -1 in the padding; the last entry is 0 when all are.
  std::vector<int32_t> offsets_;
  size_t packed_size_ = 0;
};

// Copies count floats of a bias to padded_count, zero beyond.
void pad_bias(const float* bias, int64_t count, int64_t padded_count, float* padded);

}  // namespace oarlock::kernels::cpu
