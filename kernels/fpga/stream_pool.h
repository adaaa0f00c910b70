#pragma once
// Maximum and average over sliding windows of images that come by a stream, in the order of
// stream_gemm.h: up to FPGA_TILE_M channels side by side.
//
// Interface: AXI masters y, parameters; AXI stream in; AXI-Lite offset in elements. II: 1 an
// element, read or of a window. On chip: STREAM_ROWS x STREAM_WIDTH x TILE_M words: 256 KiB as it
// stands, in UltraRAM. DSP: 4.
#include "kernels/fpga/pool.h"
#include "kernels/fpga/stream.h"

enum {
  STREAM_POOL_MATRICES,  // images times groups
  STREAM_POOL_CHANNELS,  // of each
  STREAM_POOL,           // as POOL_WORDS has them; PLANES and GLOBAL are not used
  STREAM_POOL_WORDS = STREAM_POOL + POOL_WORDS
  // WINDOW_IN_X is at most FPGA_STREAM_WIDTH, (KERNEL_Y - 1) * DILATION_Y < FPGA_STREAM_ROWS.
};

// Every row is taken, whether a window needs it or not.
FPGA_FUNCTION void fpga_stream_pool(FPGA_GLOBAL float* y, FPGA_GLOBAL const int* parameters,
                                    FPGA_STREAM in) {
  int p[STREAM_POOL_WORDS];
  float lines[FPGA_STREAM_ROWS * FPGA_STREAM_WIDTH * FPGA_TILE_M];
#pragma HLS BIND_STORAGE variable = lines type = ram_2p impl = uram
  fpga_load_parameters(parameters, p, STREAM_POOL_WORDS);
  const int* pool = p + STREAM_POOL;
  const int* w = pool + POOL_WINDOW;
  const int pixels = w[WINDOW_OUT_Y] * w[WINDOW_OUT_X];
  for (int matrix = 0; matrix < p[STREAM_POOL_MATRICES]; ++matrix) {
    for (int first = 0; first < p[STREAM_POOL_CHANNELS]; first += FPGA_TILE_M) {
      const int channels = fpga_min(FPGA_TILE_M, p[STREAM_POOL_CHANNELS] - first);
      const int plane = matrix * p[STREAM_POOL_CHANNELS] + first;
      int oy = 0;
      for (int row = 0; row < w[WINDOW_IN_Y]; ++row) {
        for (int x = 0; x < w[WINDOW_IN_X]; ++x) {
          for (int c = 0; c < channels; ++c) {
#pragma HLS LOOP_TRIPCOUNT max = FPGA_TILE_M
#pragma HLS PIPELINE II = 1
            lines[(row % FPGA_STREAM_ROWS * FPGA_STREAM_WIDTH + x) * FPGA_TILE_M + c] =
                fpga_read(in);
          }
        }
        // The rows of windows that end here; all that are left below the last row.
        const int last = row + 1 == w[WINDOW_IN_Y];
        const int reach = (w[WINDOW_KERNEL_Y] - 1) * w[WINDOW_DILATION_Y] - w[WINDOW_PAD_Y];
        const int end = last ? w[WINDOW_OUT_Y]
                             : fpga_min(row < reach ? 0 : (row - reach) / w[WINDOW_STRIDE_Y] + 1,
                                        w[WINDOW_OUT_Y]);
        for (; oy < end; ++oy) {
          for (int c = 0; c < channels; ++c) {
#pragma HLS LOOP_TRIPCOUNT max = FPGA_TILE_M
            for (int ox = 0; ox < w[WINDOW_OUT_X]; ++ox)
              y[(plane + c) * pixels + oy * w[WINDOW_OUT_X] + ox] =
                  fpga_pool_at(lines + c, FPGA_STREAM_ROWS, FPGA_STREAM_WIDTH * FPGA_TILE_M,
                               FPGA_TILE_M, pool, oy, ox);
          }
        }
      }
    }
  }
}
