#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/cpu/activation.h"
#include "kernels/cpu/conv_shape.h"

namespace oarlock::kernels::cpu {

// Convolution 3x3 of stride 1 by minimal filtering F(m x m, 3 x 3) (Winograd; Lavin and Gray,
// arXiv 1509.09308), NCHW16c -> NCHW16c, fp32:
//   output = activation(convolution(input, weights) + bias + residual)
// The output is cut into m x m tiles, numbered row by row. A block of tiles goes through three
// stages: transform_input writes (m + 2)^2 planes of tiles by input channels, multiply makes planes
// of tiles by output channels, transform_output writes the result. Each stage can be divided among
// threads; results do not depend on the division.
// Errors relative to the largest output: m = 2 about 5e-7, 4 about 1e-5, 6 about 2e-5.
class WinogradConv {
 public:
  // 3x3, stride 1, no dilation, no groups.
  static bool fits(const ConvShape& shape);

  // Tiles that a register block of the products takes at once, on the instruction set in use.
  static int64_t register_tiles();
  // The same where a whole panel of output channels is computed.
  static int64_t panel_register_tiles();

  // m: 2, 4 or 6; block_tiles: tiles in a block, the last block of an image may have fewer.
  WinogradConv(const ConvShape& shape, int m, int64_t block_tiles);

  int64_t tile_count() const { return tiles_high_ * tiles_wide_; }
  int64_t block_tiles() const { return block_tiles_; }
  int64_t block_count() const { return (tile_count() + block_tiles_ - 1) / block_tiles_; }
  int64_t plane_count() const { return int64_t{m_ + 2} * (m_ + 2); }
  int64_t panel_count() const { return (shape_.out_blocks() + panel_blocks_ - 1) / panel_blocks_; }

  // Floats of packed weights: [plane][panel][input channel][channels of the panel].
  size_t packed_size() const;
  void pack_weights(const float* oihw, float* packed, Range panels) const;
  // Floats of workspace for one block.
  size_t workspace() const { return in_plane_ * plane_count() + out_plane_ * plane_count(); }

  struct Args {
    const float* input = nullptr;     // NCHW16c
    const float* weights = nullptr;   // packed
    const float* bias = nullptr;      // padded to a multiple of 16, or null
    const float* residual = nullptr;  // NCHW16c like the output, or null; may be the output
    float* output = nullptr;          // NCHW16c
    float* workspace = nullptr;       // 64-byte aligned
    Activation activation;
  };
  // Work units: tiles of the block times input blocks, tile inner.
  void transform_input(const Args& args, int64_t block, Range units) const;
  int64_t input_units(int64_t block) const { return tiles_in(block) * shape_.in_blocks(); }
  // Work units: planes times panels, panel inner.
  void multiply(const Args& args, int64_t block, Range units) const;
  int64_t multiply_units() const { return plane_count() * panel_count(); }
  // Work units: tiles of the block times output blocks, tile inner.
  void transform_output(const Args& args, int64_t block, Range units) const;
  int64_t output_units(int64_t block) const { return tiles_in(block) * shape_.out_blocks(); }
  // All stages of one block.
  void run_block(const Args& args, int64_t block) const;

 private:
  friend struct WinogradAccess;
  int64_t tiles_in(int64_t block) const {
    const int64_t rest = tile_count() - block * block_tiles_;
    return rest < block_tiles_ ? rest : block_tiles_;
  }

  ConvShape shape_;
  int m_;
  int64_t block_tiles_, tiles_high_, tiles_wide_, panel_blocks_;
  size_t in_plane_, out_plane_;  // floats from plane to plane of the workspace
};

}  // namespace oarlock::kernels::cpu
