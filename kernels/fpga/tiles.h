#pragma once
// Compile-time sizes: what is unrolled and what lies in on-chip memory. No loop bound or partition
// depends on the model beyond these. A build for a card defines others (`oarlock fpga estimate`).

// The engine of products: a tile of the result, the depth loaded at once, and the array of
// multipliers, which must divide the tile. FPGA_TILE_M / FPGA_PE_M * FPGA_TILE_N / FPGA_PE_N cycles
// lie between two additions to one sum; an adder of fp32 takes up to eight.
#ifndef FPGA_TILE_M
#define FPGA_TILE_M 64
#endif
#ifndef FPGA_TILE_N
#define FPGA_TILE_N 64
#endif
#ifndef FPGA_TILE_K
#define FPGA_TILE_K 32
#endif
#ifndef FPGA_PE_M
#define FPGA_PE_M 8
#endif
#ifndef FPGA_PE_N
#define FPGA_PE_N 32
#endif

// The array of multipliers of 8-bit integers, on the same tiles.
#ifndef FPGA_PE8_M
#define FPGA_PE8_M 8
#endif
#ifndef FPGA_PE8_N
#define FPGA_PE8_N 64
#endif

// Winograd's convolution on an array of FPGA_PE_M x FPGA_PE_N, which must divide filters and
// patches.
#ifndef FPGA_WINOGRAD_FILTERS
#define FPGA_WINOGRAD_FILTERS 64
#endif
#ifndef FPGA_WINOGRAD_PATCHES
#define FPGA_WINOGRAD_PATCHES 64
#endif
#ifndef FPGA_WINOGRAD_CHANNELS
#define FPGA_WINOGRAD_CHANNELS 8
#endif

// Rows and columns of an image that sliding windows keep on chip.
#ifndef FPGA_LINE_ROWS
#define FPGA_LINE_ROWS 16
#endif
#ifndef FPGA_LINE_WIDTH
#define FPGA_LINE_WIDTH 1024
#endif
// Elements of a window of a depthwise convolution.
#define FPGA_WINDOW 128

// Pooling of a stream keeps rows and columns of FPGA_TILE_M channels on chip.
#ifndef FPGA_STREAM_ROWS
#define FPGA_STREAM_ROWS 4
#endif
#ifndef FPGA_STREAM_WIDTH
#define FPGA_STREAM_WIDTH 256
#endif
// Numbers that a stream holds on its way; xclbin.cmake links as many.
#define FPGA_STREAM_DEPTH 1024

// Intervals of a table of a function; it has one value more.
#define FPGA_TABLE 2048
// Sums that are kept apart so that an addition need not wait for the one before.
#define FPGA_PARTIAL 8
// Axes over which element-wise kernels and moves walk.
#define FPGA_AXES 6
