#pragma once
// Rates of a benchmark, absolute and as shares of what the machine can do on one thread.

#include <benchmark/benchmark.h>

namespace oarlock::bench {

// Multiplications and additions a second of a loop that does nothing else, as GFLOP/s, with the
// instruction set that the kernels use. Measured at the first call.
double multiply_add_peak();
// GB/s of a loop that reads memory far larger than the caches. Measured at the first call.
double read_peak();

// Each iteration computes `flops`: GFLOP/s, and percent of the peak.
void report_flops(benchmark::State& state, double flops);
// Each iteration moves `bytes`: GB/s.
void report_bytes(benchmark::State& state, double bytes);
// Each iteration reads `bytes` that no cache holds: GB/s, and percent of read_peak().
void report_reading(benchmark::State& state, double bytes);

// The environment variable OARLOCK_CPU limits the instruction set; then runs all benchmarks.
int run(int argc, char** argv);

}  // namespace oarlock::bench
