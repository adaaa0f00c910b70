#pragma once
// How many cycles a run of each kernel would take on a card, from its parameter block. Assumptions,
// explained in docs/fpga.md: loops run at the II that their kernels state; every AXI master moves
// one element a cycle in bursts, and an access that cannot be in a burst costs kAccessCycles;
// loading the next pair of tiles and multiplying overlap, so the longer of the two counts; a loop
// takes kPipelineDepth cycles to fill, a run kStartCycles to start.
#include <span>

#include "kernels/fpga/table.h"

namespace oarlock::kernels::fpga {

inline constexpr double kStartCycles = 200;
inline constexpr double kPipelineDepth = 40;
inline constexpr double kAccessCycles = 4;  // of a stream of single accesses in flight

// What is compiled into an engine of products.
struct EngineSizes {
  int tile_m, tile_n, tile_k, pe_m, pe_n;
  int element_bytes;  // in memory
};
// As this was compiled.
extern const EngineSizes kEngine, kEngine8;
// The cost of an engine of these sizes, which a card may have.
void engine_cost(const EngineSizes& sizes, const int* parameters, Cost* cost);

void convert_cost(const int* parameters, Cost* cost);
void winograd_cost(const int* parameters, Cost* cost);
void resize_cost(const int* parameters, Cost* cost);
void normalize_cost(const int* parameters, Cost* cost);
void depthwise_cost(const int* parameters, Cost* cost);
void elementwise_cost(const int* parameters, Cost* cost);
void gemm_cost(const int* parameters, Cost* cost);
void gemm8_cost(const int* parameters, Cost* cost);
void move_cost(const int* parameters, Cost* cost);
void pool_cost(const int* parameters, Cost* cost);
void quantize_cost(const int* parameters, Cost* cost);
void softmax_cost(const int* parameters, Cost* cost);
void stream_function_cost(const int* parameters, Cost* cost);
void stream_gemm_cost(const int* parameters, Cost* cost);
void stream_pool_cost(const int* parameters, Cost* cost);
// Of an engine of these sizes.
void stream_engine_cost(const EngineSizes& sizes, const int* parameters, Cost* cost);
// Kernels joined by streams, which run side by side: the slowest one, and what the others wait for
// before they have something to do.
double chain_cycles(std::span<const Cost> kernels);

}  // namespace oarlock::kernels::fpga
