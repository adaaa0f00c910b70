#include "tools/fpga/design.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "kernels/fpga/gemm_words.h"
#include "oarlock/status.h"

namespace oarlock::fpga {

namespace {

using kernels::fpga::Cost;
using kernels::fpga::EngineSizes;

// One DDR4 channel is 19.25 GB/s and one channel of HBM 14.375 GB/s by UG1393; the K26's 64 bits at
// 2400 Mb/s are those of DS987.
constexpr Platform kPlatforms[] = {
    {"u250", 12288, 2688, 1280, 19.25, "DDR[0]", "DDR[1]", "DS962, UG1393"},
    {"u50", 5952, 1344, 640, 14.375, "HBM[0:15]", "HBM[16]", "DS965, UG1393"},
    {"kv260", 1248, 144, 64, 19.2, "HP0", "HP1", "DS987"},
};

// Stated by the kernels: DSP of all but the engines, and their on-chip words. Winograd's kernel has
// an array like an engine's.
constexpr int kOtherDsp = 280;
constexpr int kWinogradDsp = 64;
constexpr int kWinogradWords =
    16 * (FPGA_WINOGRAD_FILTERS + FPGA_WINOGRAD_PATCHES) * FPGA_WINOGRAD_CHANNELS +
    16 * FPGA_WINOGRAD_FILTERS * FPGA_WINOGRAD_PATCHES;
constexpr int kOtherWords = 2 * FPGA_LINE_ROWS * FPGA_LINE_WIDTH + 5 * FPGA_TABLE;
constexpr int kWordsInBram = 1024, kWordsInUram = 8192;

constexpr double kLaunchCycles = 4000;

// Blocks of an array in `parts`; what is small lies in LUTs.
double blocks(int parts, int words, double bytes) {
  const double each = words * bytes / 4 / parts;
  if (each <= 64) return 0;
  return parts * std::max(0.5, std::ceil(each / kWordsInBram));
}

double engine_blocks(const EngineSizes& s, double bytes) {
  return 2 * blocks(s.pe_m, s.tile_m * s.tile_k, bytes) +
         2 * blocks(s.pe_n, s.tile_k * s.tile_n, bytes) +
         blocks(s.pe_m * s.pe_n, s.tile_m * s.tile_n, 4) + (bytes == 4 ? 2 : 0);
}

const EngineSizes* engine_of(const std::string& kernel, const Design& design) {
  if (kernel == "oarlock_gemm") return &design.engine;
  if (kernel == "oarlock_gemm8") return &design.engine8;
  return nullptr;
}

bool is_streamed(const Run& run) { return run.kernel.starts_with("oarlock_stream_"); }

// The runs of a layer on an engine, which differ in their rows, as one, divided anew.
void add_engine(const std::vector<int>& parameters, int rows, const EngineSizes& sizes, int engines,
                LayerTime& time) {
  std::vector<int> p = parameters;
  p[GEMM_M] = rows;
  Cost whole, part;
  kernels::fpga::engine_cost(sizes, p.data(), &whole);
  const int tiles = (rows + sizes.tile_m - 1) / sizes.tile_m;
  const int units = std::min(engines, tiles);
  p[GEMM_M] = std::min(rows, (tiles + units - 1) / units * sizes.tile_m);
  kernels::fpga::engine_cost(sizes, p.data(), &part);
  time.cycles += part.cycles;
  time.products += whole.products;
  time.bytes += whole.read_bytes + whole.written_bytes;
}

}  // namespace

std::span<const Platform> platforms() { return kPlatforms; }

const Platform* find_platform(const std::string& name) {
  for (const Platform& platform : kPlatforms)
    if (name == platform.name) return &platform;
  return nullptr;
}

Design compiled_design() { return {kernels::fpga::kEngine, kernels::fpga::kEngine8, 2}; }

Resources resources_of(const Design& d, const Platform& platform) {
  Resources r;
  r.dsp = (d.engines + 2) * 5 * d.engine.pe_m * d.engine.pe_n + kWinogradDsp +
          d.engine8.pe_m * d.engine8.pe_n + kOtherDsp;
  const double engines = (d.engines + 1) * engine_blocks(d.engine, 4) + engine_blocks(d.engine8, 2);
  const int lines = (kOtherWords + kWinogradWords) / kWordsInBram;
  // Rows of images that come by a stream.
  r.uram = FPGA_STREAM_ROWS * FPGA_STREAM_WIDTH * d.engine.tile_m / kWordsInUram;
  r.bram = static_cast<int>(engines) + lines;
  if (r.bram > platform.bram * 2 / 3) {
    r.bram -= lines;
    r.uram += (kOtherWords + kWinogradWords + kWordsInUram - 1) / kWordsInUram;
  }
  return r;
}

bool fits(const Design& design, const Platform& platform) {
  const Resources r = resources_of(design, platform);
  return r.dsp <= platform.dsp * 4 / 5 && r.bram <= platform.bram * 2 / 3 &&
         r.uram <= platform.uram * 2 / 3;
}

LayerTime time_of(const Layer& layer, const Design& design, double gigabytes_a_second,
                  double megahertz) {
  LayerTime time;
  double peak = 1;  // products a cycle
  const auto winograd = [&](const Run& run) { return run.kernel == "oarlock_winograd"; };
  if (std::any_of(layer.runs.begin(), layer.runs.end(), winograd))
    peak = double{36} / 16 * design.engine.pe_m * design.engine.pe_n;  // of a direct convolution
  // Kernels joined by streams, in their order, run side by side.
  std::vector<Cost> chain;
  for (const Run& run : layer.runs) {
    if (!is_streamed(run)) continue;
    chain.push_back(run.cost);
    if (run.kernel == "oarlock_stream_gemm") {
      kernels::fpga::stream_engine_cost(design.engine, run.parameters.data(), &chain.back());
      peak = double{1} * design.engine.pe_m * design.engine.pe_n;
    }
    time.products += run.cost.products;
    time.bytes += chain.back().read_bytes + chain.back().written_bytes;
  }
  time.cycles += kernels::fpga::chain_cycles(chain);
  // Runs that differ only in rows are parts of one product.
  std::map<std::vector<int>, int> rows;
  for (const Run& run : layer.runs) {
    if (is_streamed(run)) continue;
    const EngineSizes* const sizes = engine_of(run.kernel, design);
    if (sizes == nullptr) {
      time.cycles += run.cost.cycles;
      time.products += run.cost.products;
      time.bytes += run.cost.read_bytes + run.cost.written_bytes;
      continue;
    }
    std::vector<int> key = run.parameters;
    key.push_back(sizes == &design.engine8);
    key[GEMM_M] = 0;
    rows[key] += run.parameters[GEMM_M];
    peak = double{1} * sizes->pe_m * sizes->pe_n * (sizes == &design.engine ? design.engines : 1);
  }
  for (const auto& [key, count] : rows) {
    const bool bytes = key.back() != 0;
    add_engine(key, count, bytes ? design.engine8 : design.engine, bytes ? 1 : design.engines,
               time);
  }
  const double kernel = time.cycles / (megahertz * 1e6);
  const double memory = time.bytes / (gigabytes_a_second * 1e9);
  time.seconds = std::max(kernel, memory);
  time.array_busy = time.cycles > 0 ? time.products / (peak * time.cycles) : 0;
  const auto launches = static_cast<double>(std::max<size_t>(layer.runs.size(), 1));
  if (memory > kernel)
    time.bound = "bandwidth";
  else if (time.cycles < kLaunchCycles * launches)
    time.bound = "launch";
  else
    time.bound = time.array_busy > 0.5 ? "compute" : "bandwidth";
  return time;
}

Design explore(std::span<const Layer> layers, const Platform& platform, double megahertz) {
  const auto total = [&](const Design& design) {
    double seconds = 0;
    for (const Layer& layer : layers)
      seconds += time_of(layer, design, platform.gigabytes_a_second, megahertz).seconds;
    return seconds;
  };
  const auto uses = [&](const char* kernel) {
    return std::any_of(layers.begin(), layers.end(), [&](const Layer& layer) {
      return std::any_of(layer.runs.begin(), layer.runs.end(),
                         [&](const Run& run) { return run.kernel == kernel; });
    });
  };
  Design best = compiled_design();
  // The least that every model runs on.
  best.engine = {16, 16, 16, 4, 4, 4};
  best.engine8 = {16, 16, 16, 4, 4, 1};
  best.engines = 1;
  double least = total(best);
  // Both engines share the tiles: one array is searched after the other.
  for (const bool bytes : {false, true}) {
    if (!uses(bytes ? "oarlock_gemm8" : "oarlock_gemm")) continue;
    const bool tiles_are_fixed = bytes && uses("oarlock_gemm");
    const Design start = best;
    for (const int pe_m : {4, 8, 16, 32})
      for (const int pe_n : {4, 8, 16, 32, 64})
        for (const int tile_m : {16, 32, 64, 128})
          for (const int tile_n : {16, 32, 64, 128, 256})
            for (const int tile_k : {16, 32, 64})
              for (const int engines : {1, 2, 3, 4}) {
                if (tile_m % pe_m != 0 || tile_n % pe_n != 0) continue;
                // An addition of float32 takes eight cycles before the next to the same sum.
                if (!bytes && tile_m / pe_m * (tile_n / pe_n) < 8) continue;
                Design d = start;
                const EngineSizes sizes = {tile_m, tile_n, tile_k, pe_m, pe_n, bytes ? 1 : 4};
                if (tiles_are_fixed && (tile_m != d.engine.tile_m || tile_n != d.engine.tile_n ||
                                        tile_k != d.engine.tile_k))
                  continue;
                (bytes ? d.engine8 : d.engine) = sizes;
                EngineSizes& other = bytes ? d.engine : d.engine8;
                other.tile_m = tile_m;
                other.tile_n = tile_n;
                other.tile_k = tile_k;
                d.engines = bytes ? start.engines : engines;
                if (bytes && engines > 1) continue;
                if (!fits(d, platform)) continue;
                const double seconds = total(d);
                // Of equals the smaller one.
                if (seconds < least * 0.999) {
                  least = seconds;
                  best = d;
                }
              }
  }
  return best;
}

std::string configuration(const Design& d, const Platform& platform, double megahertz) {
  const EngineSizes& e = d.engine;
  return concat(
      "# For `cmake -C`: kernels for ", platform.name, ", written by oarlock fpga estimate.\n",
      "set(OARLOCK_FPGA_DEFINES \"FPGA_TILE_M=", e.tile_m, ";FPGA_TILE_N=", e.tile_n,
      ";FPGA_TILE_K=", e.tile_k, ";FPGA_PE_M=", e.pe_m, ";FPGA_PE_N=", e.pe_n,
      ";FPGA_PE8_M=", d.engine8.pe_m, ";FPGA_PE8_N=", d.engine8.pe_n, "\" CACHE STRING \"\")\n",
      "set(OARLOCK_FPGA_ENGINES ", d.engines, " CACHE STRING \"\")\n", "set(OARLOCK_FPGA_CLOCK ",
      megahertz, " CACHE STRING \"\")\n", "set(OARLOCK_FPGA_TENSORS \"", platform.tensors,
      "\" CACHE STRING \"\")\n", "set(OARLOCK_FPGA_PARAMETERS \"", platform.parameters,
      "\" CACHE STRING \"\")\n");
}

}  // namespace oarlock::fpga
