// Convolutions of well-known networks on one thread, in GFLOP/s (a multiplication and an addition
// count as two, those a direct convolution would do also for minimal filtering, which may thus go
// beyond the peak).
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "kernels/cpu/conv.h"
#include "kernels/cpu/conv_planar.h"
#include "kernels/cpu/depthwise.h"
#include "kernels/cpu/fourier_depthwise.h"
#include "kernels/cpu/fourier_signal.h"
#include "kernels/cpu/integer_conv.h"
#include "kernels/cpu/winograd.h"
#include "tests/bench/rates.h"

namespace oarlock::kernels::cpu {
namespace {

struct Free {
  void operator()(float* p) const { std::free(p); }
};
using Floats = std::unique_ptr<float[], Free>;

Floats floats(size_t count) {
  const size_t bytes = (count * sizeof(float) + 63) / 64 * 64;
  Floats data(static_cast<float*>(std::aligned_alloc(64, bytes)));
  for (size_t i = 0; i < count; ++i) data[i] = static_cast<float>(i % 17) * 0.1f - 0.8f;
  return data;
}

// Arguments: input channels, output channels, extent, kernel, stride, groups.
ConvShape shape_of(const benchmark::State& state) {
  ConvShape s;
  s.in_channels = state.range(0);
  s.out_channels = state.range(1);
  s.in_height = s.in_width = state.range(2);
  s.kernel_height = s.kernel_width = state.range(3);
  s.stride_height = s.stride_width = state.range(4);
  s.groups = state.range(5);
  s.pad_top = s.pad_left = s.kernel_width / 2;
  s.out_height = s.out_width = (s.in_width + 2 * s.pad_left - s.kernel_width) / s.stride_width + 1;
  return s;
}

void report(benchmark::State& state, const ConvShape& s) {
  const double flops = 2.0 * static_cast<double>(s.in_channels / s.groups * s.out_channels) *
                       static_cast<double>(s.out_pixels() * s.taps());
  bench::report_flops(state, flops);
}

void direct(benchmark::State& state) {
  const ConvShape s = shape_of(state);
  const DirectConv conv(s);
  const Floats input = floats(s.in_blocks() * s.in_pixels() * 16),
               packed = floats(conv.packed_size());
  const Floats output = floats(s.out_blocks() * s.out_pixels() * 16);
  DirectConv::Args args;
  args.input = input.get();
  args.weights = packed.get();
  args.output = output.get();
  for (auto _ : state) conv.run(args, {0, conv.tile_count()}, {0, conv.panel_count()});
  report(state, s);
}

void winograd(benchmark::State& state) {
  const ConvShape s = shape_of(state);
  const WinogradConv conv(s, static_cast<int>(state.range(6)), 28);
  const Floats input = floats(s.in_blocks() * s.in_pixels() * 16),
               packed = floats(conv.packed_size());
  const Floats output = floats(s.out_blocks() * s.out_pixels() * 16);
  const Floats workspace = floats(conv.workspace());
  WinogradConv::Args args;
  args.input = input.get();
  args.weights = packed.get();
  args.output = output.get();
  args.workspace = workspace.get();
  for (auto _ : state) {
    for (int64_t block = 0; block < conv.block_count(); ++block) conv.run_block(args, block);
  }
  report(state, s);
}

void planar(benchmark::State& state) {
  const ConvShape s = shape_of(state);
  const PlanarConv conv(s);
  const Floats input = floats(s.in_channels * s.in_pixels()), packed = floats(conv.packed_size());
  const Floats output = floats(s.out_blocks() * s.out_pixels() * 16);
  const Floats workspace = floats(conv.workspace());
  PlanarConv::Args args;
  args.input = input.get();
  args.weights = packed.get();
  args.output = output.get();
  args.workspace = workspace.get();
  for (auto _ : state) conv.run(args, {0, conv.strip_count()}, {0, conv.panel_count()});
  report(state, s);
}

void depthwise_rows(benchmark::State& state) {
  const ConvShape s = shape_of(state);
  const Floats input = floats(s.in_blocks() * s.in_pixels() * 16);
  const Floats packed = floats(s.in_blocks() * s.taps() * 16);
  const Floats output = floats(s.out_blocks() * s.out_pixels() * 16);
  const Floats workspace = floats(depthwise_workspace(s));
  DepthwiseArgs args;
  args.input = input.get();
  args.weights = packed.get();
  args.output = output.get();
  args.workspace = workspace.get();
  for (auto _ : state) depthwise(s, args, {0, depthwise_groups(s)}, {0, s.out_height});
  report(state, s);
}

// The last argument is the transforms' length.
void depthwise_fourier(benchmark::State& state) {
  const ConvShape s = shape_of(state);
  const FourierDepthwise conv(s, {true, s.out_width, s.out_height, state.range(6)});
  const Floats input = floats(s.in_blocks() * s.in_pixels() * 16);
  const Floats packed = floats(conv.packed_size());
  const Floats output = floats(s.out_blocks() * s.out_pixels() * 16);
  const Floats workspace = floats(conv.workspace());
  FourierDepthwise::Args args;
  args.input = input.get();
  args.weights = packed.get();
  args.output = output.get();
  args.workspace = workspace.get();
  for (auto _ : state)
    for (int64_t block = 0; block < s.in_blocks(); ++block) conv.run(args, block, 0);
  report(state, s);
}

// Arguments: channels in and out, values, taps, segment, segments of a chunk.
void signal_fourier(benchmark::State& state) {
  ConvShape s;
  s.in_channels = state.range(0);
  s.out_channels = state.range(1);
  s.in_width = s.out_width = state.range(2);
  s.kernel_width = state.range(3);
  s.pad_left = s.kernel_width / 2;
  const FourierSignal conv(s, {state.range(4), state.range(4), 2 * state.range(4), state.range(5)});
  const Floats input = floats(s.in_channels * s.in_width), packed = floats(conv.packed_size());
  const Floats output = floats(s.out_channels * s.out_width), workspace = floats(conv.workspace());
  FourierSignal::Args args;
  args.input = input.get();
  args.weights = packed.get();
  args.output = output.get();
  args.workspace = workspace.get();
  for (auto _ : state)
    for (int64_t chunk = 0; chunk < conv.chunks(); ++chunk) conv.run(args, 0, chunk);
  report(state, s);
}

void depthwise_bytes(benchmark::State& state) {
  const ConvShape s = shape_of(state);
  const std::vector<uint8_t> image(static_cast<size_t>(s.in_channels * s.in_pixels()), 3);
  std::vector<uint8_t> plane(static_cast<size_t>(padded_plane(s).pixels() + kPaddedSlack));
  std::vector<uint8_t> output(static_cast<size_t>(s.out_channels * s.out_pixels()));
  const auto taps = static_cast<size_t>(paired_taps(s));
  std::vector<int64_t> offsets(taps);
  integer_tap_offsets(s, offsets.data());
  const std::vector<int16_t> weights(taps, 1);
  const int32_t add = 0;
  const float scale = 0.1f;
  IntegerFinish finish;
  finish.kind = IntegerFinish::Kind::uint8;
  finish.row_add = &add;
  finish.row_scale = &scale;
  finish.high = 255;
  for (auto _ : state) {
    for (int64_t c = 0; c < s.in_channels; ++c) {
      pad_plane(s, image.data() + c * s.in_pixels(), 0, plane.data());
      integer_depthwise(s, offsets.data(), plane.data(), false, weights.data(), finish,
                        output.data() + c * s.out_pixels(), 0, s.out_height);
    }
  }
  report(state, s);
}

const std::vector<std::string> kShape = {"in", "out", "extent", "kernel", "stride", "groups"};
const std::vector<std::string> kWinogradShape = {"in",     "out",    "extent", "kernel",
                                                 "stride", "groups", "m"};

BENCHMARK(direct)
    ->ArgNames(kShape)
    // resnet50
    ->Args({64, 64, 56, 1, 1, 1})
    ->Args({64, 256, 56, 1, 1, 1})
    ->Args({256, 64, 56, 1, 1, 1})
    ->Args({256, 512, 56, 1, 2, 1})
    ->Args({512, 128, 28, 1, 1, 1})
    ->Args({128, 512, 28, 1, 1, 1})
    ->Args({1024, 256, 14, 1, 1, 1})
    ->Args({256, 1024, 14, 1, 1, 1})
    ->Args({2048, 512, 7, 1, 1, 1})
    ->Args({512, 2048, 7, 1, 1, 1})
    ->Args({128, 128, 56, 3, 2, 1})
    ->Args({512, 512, 14, 3, 2, 1})
    // resnet18, vgg16, squeezenet1_1
    ->Args({64, 64, 56, 3, 1, 1})
    ->Args({256, 256, 14, 3, 1, 1})
    ->Args({512, 512, 7, 3, 1, 1})
    ->Args({64, 128, 112, 3, 1, 1})
    ->Args({48, 192, 13, 3, 1, 1})
    // mobilenet_v1, mobilenet_v2, mobilenet_v3_large, efficientnet_b0, shufflenet_v2_x1_0
    ->Args({32, 64, 112, 1, 1, 1})
    ->Args({512, 512, 14, 1, 1, 1})
    ->Args({1024, 1024, 7, 1, 1, 1})
    ->Args({24, 144, 56, 1, 1, 1})
    ->Args({144, 24, 56, 1, 1, 1})
    ->Args({320, 1280, 7, 1, 1, 1})
    ->Args({116, 116, 14, 1, 1, 1})
    // densenet121, regnet_y_400mf
    ->Args({128, 32, 56, 3, 1, 1})
    ->Args({896, 128, 14, 1, 1, 1})
    ->Args({104, 104, 28, 3, 1, 13});
BENCHMARK(winograd)
    ->ArgNames(kWinogradShape)
    ->Args({64, 64, 56, 3, 1, 1, 2})
    ->Args({64, 64, 56, 3, 1, 1, 4})
    ->Args({64, 64, 56, 3, 1, 1, 6})
    ->Args({128, 128, 28, 3, 1, 1, 4})
    ->Args({256, 256, 14, 3, 1, 1, 2})
    ->Args({256, 256, 14, 3, 1, 1, 4})
    ->Args({512, 512, 7, 3, 1, 1, 2})
    ->Args({64, 64, 224, 3, 1, 1, 6})
    ->Args({256, 256, 56, 3, 1, 1, 6})
    ->Args({512, 512, 28, 3, 1, 1, 4});
BENCHMARK(planar)
    ->ArgNames(kShape)
    ->Args({3, 64, 224, 7, 2, 1})
    ->Args({3, 64, 224, 3, 1, 1})
    ->Args({3, 32, 224, 3, 2, 1});
BENCHMARK(depthwise_rows)
    ->ArgNames(kShape)
    ->Args({32, 32, 112, 3, 1, 32})
    ->Args({96, 96, 112, 3, 2, 96})
    ->Args({144, 144, 56, 3, 1, 144})
    ->Args({512, 512, 14, 3, 1, 512})
    ->Args({240, 240, 28, 5, 2, 240})
    ->Args({960, 960, 7, 5, 1, 960});
// Large kernels, as RepLKNet has them.
BENCHMARK(depthwise_rows)
    ->ArgNames(kShape)
    ->Args({128, 128, 56, 7, 1, 128})
    ->Args({128, 128, 56, 9, 1, 128})
    ->Args({128, 128, 56, 13, 1, 128})
    ->Args({128, 128, 56, 31, 1, 128})
    ->Args({256, 256, 28, 13, 1, 256})
    ->Args({256, 256, 28, 29, 1, 256})
    ->Args({512, 512, 14, 27, 1, 512})
    ->Args({1024, 1024, 7, 13, 1, 1024});
BENCHMARK(depthwise_fourier)
    ->ArgNames({"in", "out", "extent", "kernel", "stride", "groups", "length"})
    ->Args({128, 128, 56, 7, 1, 128, 60})
    ->Args({128, 128, 56, 9, 1, 128, 60})
    ->Args({128, 128, 56, 13, 1, 128, 64})
    ->Args({128, 128, 56, 31, 1, 128, 72})
    ->Args({256, 256, 28, 13, 1, 256, 36})
    ->Args({256, 256, 28, 29, 1, 256, 45})
    ->Args({512, 512, 14, 27, 1, 512, 27})
    ->Args({1024, 1024, 7, 13, 1, 1024, 15});
BENCHMARK(signal_fourier)
    ->ArgNames({"in", "out", "width", "taps", "segment", "chunk"})
    ->Args({1, 1, 16384, 1024, 128, 64})
    ->Args({1, 1, 65536, 4096, 256, 128})
    ->Args({8, 8, 16384, 512, 128, 64});
BENCHMARK(depthwise_bytes)
    ->ArgNames(kShape)
    ->Args({32, 32, 112, 3, 1, 32})
    ->Args({64, 64, 112, 3, 2, 64})
    ->Args({128, 128, 56, 3, 2, 128})
    ->Args({256, 256, 28, 3, 2, 256})
    ->Args({512, 512, 14, 3, 1, 512})
    ->Args({512, 512, 14, 3, 2, 512});

}  // namespace
}  // namespace oarlock::kernels::cpu
