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

// Runs `rounds` of independent multiply-adds; the flops done.
double multiply_add(int64_t rounds, float* result) {
  const hn::ScalableTag<float> d;
  const auto factor = hn::Set(d, result[0]), addend = hn::Set(d, result[1]);
  auto s0 = factor, s1 = factor, s2 = factor, s3 = factor, s4 = factor, s5 = factor;
  auto s6 = factor, s7 = factor, s8 = factor, s9 = factor, s10 = factor, s11 = factor;
  for (int64_t i = 0; i < rounds; ++i) {
    s0 = hn::MulAdd(s0, factor, addend);
    s1 = hn::MulAdd(s1, factor, addend);
    s2 = hn::MulAdd(s2, factor, addend);
    s3 = hn::MulAdd(s3, factor, addend);
    s4 = hn::MulAdd(s4, factor, addend);
    s5 = hn::MulAdd(s5, factor, addend);
    s6 = hn::MulAdd(s6, factor, addend);
    s7 = hn::MulAdd(s7, factor, addend);
    s8 = hn::MulAdd(s8, factor, addend);
    s9 = hn::MulAdd(s9, factor, addend);
    s10 = hn::MulAdd(s10, factor, addend);
    s11 = hn::MulAdd(s11, factor, addend);
  }
  const auto a = hn::Add(hn::Add(hn::Add(s0, s1), hn::Add(s2, s3)), hn::Add(s4, s5));
  const auto b = hn::Add(hn::Add(hn::Add(s6, s7), hn::Add(s8, s9)), hn::Add(s10, s11));
  result[2] = hn::GetLane(hn::SumOfLanes(d, hn::Add(a, b)));
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
