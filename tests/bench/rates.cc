#include "tests/bench/rates.h"

#include "kernels/cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tests/bench/rates.cc"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "kernels/cpu/instruction_set.h"

HWY_BEFORE_NAMESPACE();
namespace oarlock::bench::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

constexpr int kChains = 12;  // enough for two units of four cycles' latency

// Runs `rounds` of independent multiply-adds; the flops done. The chains start differently, so that
// they do not become one.
double multiply_add(int64_t rounds, float* result) {
  const hn::ScalableTag<float> d;
  const auto factor = hn::Set(d, result[0]), addend = hn::Set(d, result[1]);
  hn::Vec<decltype(d)> sums[kChains];
#pragma GCC unroll 12
  for (int i = 0; i < kChains; ++i) sums[i] = hn::Set(d, result[0] + 0.01f * static_cast<float>(i));
  for (int64_t i = 0; i < rounds; ++i) {
#pragma GCC unroll 12
    for (auto& sum : sums) sum = hn::MulAdd(sum, factor, addend);
  }
  auto all = sums[0];
#pragma GCC unroll 12
  for (int i = 1; i < kChains; ++i) all = hn::Add(all, sums[i]);
  result[2] = hn::GetLane(hn::SumOfLanes(d, all));
  return 2.0 * kChains * static_cast<double>(hn::Lanes(d)) * static_cast<double>(rounds);
}

float sum(const float* x, int64_t count) {
  const hn::ScalableTag<float> d;
  const auto step = static_cast<int64_t>(hn::Lanes(d));
  auto s0 = hn::Zero(d), s1 = hn::Zero(d), s2 = hn::Zero(d), s3 = hn::Zero(d);
  for (int64_t i = 0; i + 4 * step <= count; i += 4 * step) {
    s0 = hn::Add(s0, hn::LoadU(d, x + i));
    s1 = hn::Add(s1, hn::LoadU(d, x + i + step));
    s2 = hn::Add(s2, hn::LoadU(d, x + i + 2 * step));
    s3 = hn::Add(s3, hn::LoadU(d, x + i + 3 * step));
  }
  return hn::GetLane(hn::SumOfLanes(d, hn::Add(hn::Add(s0, s1), hn::Add(s2, s3))));
}

}  // namespace
}  // namespace oarlock::bench::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace oarlock::bench {

OARLOCK_EXPORT(multiply_add);
OARLOCK_EXPORT(sum);

namespace {

using benchmark::Counter;

// The least seconds of some repetitions.
template <class F>
double fastest(int repetitions, F body) {
  double best = 1e30;
  for (int i = 0; i < repetitions; ++i) {
    const auto start = std::chrono::steady_clock::now();
    body();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    best = std::min(best, took.count());
  }
  return best;
}

void set_rate(benchmark::State& state, const char* name, double amount) {
  state.counters[name] = Counter(amount, Counter::kIsIterationInvariantRate);
}

}  // namespace

double multiply_add_peak() {
  static const double peak = [] {
    float numbers[3] = {0.5f, 1.0f, 0.0f};
    double flops = 0;
    const double seconds = fastest(20, [&] {
      flops = OARLOCK_DISPATCH(multiply_add)(2000000, numbers);
      benchmark::DoNotOptimize(numbers[2]);
    });
    return flops * 1e-9 / seconds;
  }();
  return peak;
}

double read_peak() {
  static const double peak = [] {
    const std::vector<float> data(size_t{64} << 20, 1.0f);
    const double seconds = fastest(10, [&] {
      benchmark::DoNotOptimize(
          OARLOCK_DISPATCH(sum)(data.data(), static_cast<int64_t>(data.size())));
    });
    return static_cast<double>(data.size() * sizeof(float)) * 1e-9 / seconds;
  }();
  return peak;
}

void report_flops(benchmark::State& state, double flops) {
  set_rate(state, "GFLOP/s", flops * 1e-9);
  set_rate(state, "% of peak", flops * 1e-7 / multiply_add_peak());
}

void report_bytes(benchmark::State& state, double bytes) { set_rate(state, "GB/s", bytes * 1e-9); }

void report_reading(benchmark::State& state, double bytes) {
  report_bytes(state, bytes);
  set_rate(state, "% of reading", bytes * 1e-7 / read_peak());
}

int run(int argc, char** argv) {
  if (const char* limit = std::getenv("OARLOCK_CPU");
      limit && !kernels::cpu::limit_instruction_set(limit)) {
    std::fprintf(stderr, "OARLOCK_CPU=%s: no instruction set of this build\n", limit);
    return 2;
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::AddCustomContext("instruction set", kernels::cpu::instruction_set_name());
  benchmark::AddCustomContext("multiply-add peak, GFLOP/s", std::to_string(multiply_add_peak()));
  benchmark::AddCustomContext("reading, GB/s", std::to_string(read_peak()));
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}

}  // namespace oarlock::bench

int main(int argc, char** argv) { return oarlock::bench::run(argc, argv); }
#endif
