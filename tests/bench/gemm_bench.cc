// Products, attention and passes over memory as transformers have them, on one thread.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/cpu/attention.h"
#include "kernels/cpu/binary.h"
#include "kernels/cpu/gemm.h"
#include "kernels/cpu/normalize.h"
#include "kernels/cpu/softmax.h"
#include "kernels/cpu/transpose.h"
#include "tests/bench/rates.h"

namespace oarlock::kernels::cpu {
namespace {

std::vector<float> floats(int64_t count) {
  std::vector<float> data(static_cast<size_t>(count));
  for (size_t i = 0; i < data.size(); ++i) data[i] = static_cast<float>(i % 17) * 0.1f - 0.8f;
  return data;
}

// Arguments: rows, depth, columns, and whether the weights come from memory each time.
void product(benchmark::State& state) {
  const int64_t m = state.range(0), k = state.range(1), n = state.range(2);
  const int64_t size = gemm_packed_elements(k, n);
  const int64_t copies = state.range(3) ? std::max<int64_t>(1, (32 << 20) / size) : 1;
  const std::vector<float> a = floats(m * k), packed = floats(size * copies), bias = floats(n);
  std::vector<float> c(static_cast<size_t>(m * n));
  GemmArgs args;
  args.m = m;
  args.n = n;
  args.k = k;
  args.a = a.data();
  args.a_row_stride = k;
  args.c = c.data();
  args.c_row_stride = n;
  args.bias = bias.data();
  int64_t turn = 0;
  for (auto _ : state) {
    args.b = packed.data() + turn++ % copies * size;
    if (m <= kGemmThinRows)
      gemm_thin(args, 0, gemm_panels(n));
    else
      gemm(args, 0, m, 0, gemm_panels(n));
  }
  bench::report_flops(state, 2.0 * static_cast<double>(m) * static_cast<double>(k * n));
}

// A fully connected layer whose weights come from memory. Arguments: rows, depth, columns, bytes of
// a weight (4, 2, 1), and whether the weights lie column by column.
void fully_connected(benchmark::State& state) {
  const int64_t m = state.range(0), k = state.range(1), n = state.range(2), bytes = state.range(3);
  const int64_t size = gemm_packed_elements(k, n) * bytes / 4;  // floats
  const int64_t copies = (int64_t{64} << 20) / size + 1;
  const std::vector<float> a = floats(m * k), weights(static_cast<size_t>(size * copies));
  const std::vector<float> scale(static_cast<size_t>(n), 0.5f);
  std::vector<float> c(static_cast<size_t>(m * n));
  GemmArgs args;
  args.m = m;
  args.n = n;
  args.k = k;
  args.a = a.data();
  args.a_row_stride = k;
  args.c = c.data();
  args.c_row_stride = n;
  args.b_transposed = state.range(4) != 0;
  args.storage = bytes == 4 ? GemmStorage::f32 : bytes == 2 ? GemmStorage::f16 : GemmStorage::i8;
  if (bytes == 1) args.b_scale = scale.data();
  int64_t turn = 0;
  for (auto _ : state) {
    args.b = weights.data() + turn++ % copies * size;
    gemm_thin(args, 0, gemm_panels(n));
  }
  bench::report_reading(state, static_cast<double>(k * n * bytes));
}

// Arguments: heads, length, width of a head.
void self_attention(benchmark::State& state) {
  Attention s;
  s.heads = state.range(0);
  s.q_length = s.kv_length = state.range(1);
  s.qk_width = s.v_width = state.range(2);
  const int64_t row = s.heads * s.qk_width;
  s.q = s.k = s.v = s.out = {s.q_length * row, s.qk_width, row, 1};
  s.scale = 1.0f / std::sqrt(static_cast<float>(s.qk_width));
  const std::vector<float> q = floats(s.q_length * row);
  std::vector<float> out(q.size());
  std::vector<float> workspace(static_cast<size_t>(attention_workspace(s)));
  for (auto _ : state)
    attention(s, q.data(), q.data(), q.data(), nullptr, nullptr, out.data(), workspace.data(), 0,
              attention_units(s));
  bench::report_flops(
      state, 4.0 * static_cast<double>(row) * static_cast<double>(s.q_length * s.kv_length));
}

constexpr int64_t kRows = 128, kWidth = 384;

void normalization(benchmark::State& state) {
  const std::vector<float> x = floats(kRows * kWidth), scale = floats(kWidth);
  std::vector<float> y(x.size());
  LayerNorm norm;
  norm.width = kWidth;
  norm.scale = norm.bias = scale.data();
  for (auto _ : state) layer_norm(norm, x.data(), nullptr, nullptr, y.data(), 0, kRows);
  bench::report_bytes(state, 8.0 * kRows * kWidth);
}

void softmax_rows(benchmark::State& state) {
  const std::vector<float> x = floats(kRows * kWidth);
  std::vector<float> y(x.size());
  for (auto _ : state) softmax({kRows, kWidth, 1}, x.data(), y.data(), 0, kRows, false);
  bench::report_bytes(state, 8.0 * kRows * kWidth);
}

void addition(benchmark::State& state) {
  const std::vector<float> x = floats(kRows * kWidth);
  std::vector<float> y(x.size());
  const int64_t dims[] = {kRows, kWidth}, all[] = {kWidth, 1}, row[] = {0, 1};
  const int64_t* inputs[] = {all, state.range(0) ? row : all};
  Broadcast plan;
  if (!make_broadcast(dims, inputs, plan)) return state.SkipWithError("broadcast");
  for (auto _ : state) binary(BinaryOp::add, plan, x.data(), x.data(), y.data(), 0, plan.elements);
  bench::report_bytes(state, 12.0 * kRows * kWidth);
}

void transposition(benchmark::State& state) {
  const std::vector<float> x = floats(12 * 128 * 64);
  std::vector<float> y(x.size());
  const int64_t dims[] = {128, 12, 64}, heads[] = {1, 0, 2}, matrix[] = {2, 1, 0};
  Transpose plan;
  if (!make_transpose(dims, state.range(0) ? matrix : heads, 4, plan))
    return state.SkipWithError("transpose");
  for (auto _ : state) transpose(plan, x.data(), y.data(), 0, plan.units);
  bench::report_bytes(state, 8.0 * static_cast<double>(x.size()));
}

BENCHMARK(product)
    ->ArgNames({"rows", "depth", "columns", "cold"})
    ->ArgsProduct({{50, 128}, {384, 768, 3072}, {384, 768, 3072}, {0, 1}})
    ->Args({1024, 1024, 1024, 0})
    ->Args({512, 3072, 768, 1});
BENCHMARK(fully_connected)
    ->ArgNames({"rows", "depth", "columns", "bytes", "transposed"})
    ->ArgsProduct({{1, 3}, {4096}, {4096}, {4, 2, 1}, {0, 1}})
    ->ArgsProduct({{1}, {25088}, {4096}, {4, 2, 1}, {1}})
    ->ArgsProduct({{1}, {2048}, {1000}, {4, 2, 1}, {1}});
BENCHMARK(self_attention)->Args({12, 128, 32})->Args({12, 50, 64})->Args({8, 1024, 64});
BENCHMARK(normalization);
BENCHMARK(softmax_rows);
BENCHMARK(addition)->Arg(0)->Arg(1);
BENCHMARK(transposition)->Arg(0)->Arg(1);

}  // namespace
}  // namespace oarlock::kernels::cpu
