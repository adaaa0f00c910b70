// oarlock fpga package: an xclbin for the emulated device. oarlock fpga estimate: what each layer
// of a model would take on a card, by the kernels' cost formulas.
#include <dlfcn.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>

#include "backends/xrt/emulator/emulator.h"
#include "backends/xrt/emulator/xclbin_writer.h"
#include "core/graph/atomic_file.h"
#include "core/graph/mapped_file.h"
#include "kernels/fpga/tiles.h"
#include "tools/cli/inputs.h"
#include "tools/cli/model_options.h"
#include "tools/cli/table.h"

namespace oarlock::cli {
namespace {

using xrt_emulator::Counters;
using xrt_emulator::Emulator;

// Of a library that stays loaded.
template <class F>
Result<F> entry_of(const std::string& library, const char* symbol) {
  void* const handle = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) return invalid("cannot load ", library, ": ", dlerror());
  const auto entry = reinterpret_cast<F>(dlsym(handle, symbol));
  if (entry == nullptr) return invalid(library, " does not export ", symbol);
  return entry;
}

struct Package {
  std::string library, output;
  std::vector<std::string> units;
  xrt_emulator::Platform platform;

  Result<ExitCode> run();
};

Result<ExitCode> Package::run() {
  for (const std::string& word : units) {
    const size_t equals = word.find('=');
    const int count = equals == std::string::npos ? 0 : std::atoi(word.c_str() + equals + 1);
    if (count < 1 || count > 16)
      return invalid("--units ", word, ": expected KERNEL=N, N from 1 to 16");
    platform.compute_units[word.substr(0, equals)] = count;
  }
  OARLOCK_ASSIGN(const auto mapped, MappedFile::open(library));
  const auto path = std::filesystem::absolute(library).string();
  OARLOCK_ASSIGN(const auto entry,
                 entry_of<decltype(&oarlock_fpga_kernels)>(path, "oarlock_fpga_kernels"));
  const kernels::fpga::Table& table = *entry();
  if (table.version != kernels::fpga::kTableVersion)
    return invalid(library, " was built against version ", table.version,
                   " of kernels/fpga/table.h, this is ", kernels::fpga::kTableVersion);
  const auto* const begin = reinterpret_cast<const char*>(mapped->bytes().data());
  const std::vector<char> xclbin =
      xrt_emulator::make_xclbin({begin, begin + mapped->bytes().size()}, table, platform);
  OARLOCK_ASSIGN(AtomicFile file, AtomicFile::create(output));
  OARLOCK_TRY(file.write(std::as_bytes(std::span(xclbin))));
  OARLOCK_TRY(file.commit());
  std::printf("written: %s, %u kernels\n", output.c_str(), table.count);
  return kOk;
}

// Figures of the data sheets: DS962 (U250), DS965 (U50), DS987 (K26 of the KV260). 36 Kb block
// RAMs.
struct Card {
  const char* name;
  int dsp, bram, uram;
  double gigabytes_a_second;
};
constexpr Card kCards[] = {
    {"u250", 12288, 2688, 1280, 77}, {"u50", 5952, 1344, 640, 316}, {"kv260", 1248, 144, 64, 19.2}};

// What kernels/fpga states for the engine as it was compiled: five DSP a multiplier, two tiles of
// each operand, one of the result, a table.
constexpr int kEngineDsp = 5 * FPGA_PE_M * FPGA_PE_N;
constexpr int kEngineWords =
    2 * (FPGA_TILE_M + FPGA_TILE_N) * FPGA_TILE_K + FPGA_TILE_M * FPGA_TILE_N + FPGA_TABLE;
constexpr int kOtherDsp = 120;  // of the other kernels together
constexpr int kOtherWords = 2 * FPGA_LINE_ROWS * FPGA_LINE_WIDTH + 4 * FPGA_TABLE;
constexpr int kWordsInBram = 1024;
constexpr double kEnginePeak = FPGA_PE_M * FPGA_PE_N;  // products a cycle
constexpr int kEngines = 2;

struct Layer {
  std::string name, op;
  Counters cost;
};

struct Estimate {
  ModelOptions model;
  InputOptions inputs;
  std::string platform = "u250";
  double megahertz = 300;
  size_t shown = 30;

  Result<ExitCode> run() const;

 private:
  Result<std::vector<Layer>> measure() const;
};

Counters difference(const Counters& after, const Counters& before) {
  Counters d;
  d.runs = after.runs - before.runs;
  d.bytes_to_device = after.bytes_to_device - before.bytes_to_device;
  d.bytes_from_device = after.bytes_from_device - before.bytes_from_device;
  d.cycles = after.cycles - before.cycles;
  d.products = after.products - before.products;
  d.read_bytes = after.read_bytes - before.read_bytes;
  d.written_bytes = after.written_bytes - before.written_bytes;
  return d;
}

// The library beside the xclbin of the emulated device.
Result<const Emulator*> find_emulator() {
  for (const DeviceSummary& device : list_devices().devices) {
    if (!device.description.starts_with("EMULATED")) continue;
    const auto folder = std::filesystem::path(device.details.at("xclbin")).parent_path();
    OARLOCK_ASSIGN(const auto entry,
                   entry_of<decltype(&oarlock_xrt_emulator)>(
                       (folder / "liboarlock_xrt_emulator.so").string(), "oarlock_xrt_emulator"));
    return entry();
  }
  return unavailable("there is no emulated FPGA; `oarlock devices` says why");
}

// Runs the model on the emulated device; layers on the host are not among the result.
Result<std::vector<Layer>> Estimate::measure() const {
  OARLOCK_ASSIGN(const Emulator* const emulator, find_emulator());
  OARLOCK_ASSIGN(const Model loaded, model.load());
  SessionOptions options;
  options.devices = {"xrt:emulated", "cpu"};
  OARLOCK_ASSIGN(Session session, Session::open(loaded, options));
  OARLOCK_ASSIGN(const auto named, inputs.read(session.inputs()));
  std::vector<Value> values, outputs(session.outputs().size());
  for (const NamedValue& each : named) values.push_back(each.value);
  OARLOCK_TRY(session.run(values, outputs));
  std::vector<Layer> layers;
  Counters before, after;
  emulator->counters(&before);
  RunOptions how;
  how.profile = [&](const StepRecord& record) {
    emulator->counters(&after);
    const Counters cost = difference(after, before);
    if (cost.runs > 0) layers.push_back({record.name, record.op, cost});
    before = after;
  };
  OARLOCK_TRY(session.run(values, outputs, how));
  return layers;
}

Result<ExitCode> Estimate::run() const {
  const Card* const card = std::find_if(std::begin(kCards), std::end(kCards),
                                        [&](const Card& each) { return platform == each.name; });
  OARLOCK_ASSIGN(std::vector<Layer> layers, measure());
  const double hertz = megahertz * 1e6, bandwidth = card->gigabytes_a_second * 1e9;
  struct Time {
    double seconds;
    const char* bound;
  };
  // Runs of a convolution go side by side on the engines, those of others one after the other.
  // Where memory cannot keep up, it decides.
  const auto time_of = [&](const Counters& c) -> Time {
    const double units =
        c.products > 0 ? static_cast<double>(std::min<uint64_t>(c.runs, kEngines)) : 1;
    const double kernel = c.cycles / units / hertz;
    const double memory = (c.read_bytes + c.written_bytes) / bandwidth;
    if (memory > kernel) return {memory, "bandwidth"};
    if (c.cycles < 4000.0 * static_cast<double>(c.runs)) return {kernel, "launch"};
    return {kernel, c.products > 0.5 * kEnginePeak * c.cycles ? "compute" : "loading"};
  };
  double total = 0, products = 0, bytes = 0;
  for (const Layer& layer : layers) {
    total += time_of(layer.cost).seconds;
    products += layer.cost.products;
    bytes += layer.cost.read_bytes + layer.cost.written_bytes;
  }
  std::stable_sort(layers.begin(), layers.end(), [&](const Layer& a, const Layer& b) {
    return time_of(a.cost).seconds > time_of(b.cost).seconds;
  });
  Table table({"layer", "operator", "ms", "share", "Mcycles", "array busy", "MB", "bound"});
  for (size_t i = 0; i < std::min(shown, layers.size()); ++i) {
    const Counters& c = layers[i].cost;
    const Time time = time_of(c);
    table.add({layers[i].name, layers[i].op, fixed(time.seconds * 1e3, 3),
               fixed(100 * time.seconds / total, 1) + " %", fixed(c.cycles / 1e6, 3),
               fixed(100 * c.products / (kEnginePeak * c.cycles), 1) + " %",
               fixed((c.read_bytes + c.written_bytes) / 1e6, 2), time.bound});
  }
  std::fputs(table.text().c_str(), stdout);
  std::printf("\nmodelled on %s at %.0f MHz: %.2f ms, %.1f GFLOP/s, %.1f MB of its memory moved\n",
              card->name, megahertz, total * 1e3, 2e-9 * products / total, bytes / 1e6);
  const int dsp = kEngines * kEngineDsp + kOtherDsp;
  const int bram = (kEngines * kEngineWords + kOtherWords) / kWordsInBram;
  std::printf("resources: %d of %d DSP, about %d of %d block RAMs%s\n", dsp, card->dsp, bram,
              card->bram,
              dsp > card->dsp || bram > card->bram
                  ? ": does not fit; compile with a smaller array (kernels/fpga/tiles.h)"
                  : "");
  return kOk;
}

}  // namespace

void add_fpga(CLI::App& app) {
  CLI::App* fpga = app.add_subcommand("fpga", "Work on kernels and designs for FPGA cards");
  fpga->require_subcommand(1);
  CLI::App* package = fpga->add_subcommand(
      "package", "Write an xclbin for the emulated FPGA from kernels compiled for the host");
  auto p = std::make_shared<Package>();
  package->add_option("library", p->library, "A shared library that exports oarlock_fpga_kernels")
      ->required();
  package->add_option("-o,--output", p->output, "The xclbin")->required();
  package->add_option("--units", p->units, "Compute units of a kernel; others have one")
      ->type_name("KERNEL=N");
  package->add_option("--clock", p->platform.clock_mhz, "MHz")->capture_default_str();
  when_chosen(package, [p] { return p->run(); });

  CLI::App* estimate = fpga->add_subcommand(
      "estimate", "Show what each layer would take on a card, by the kernels' cost formulas");
  auto e = std::make_shared<Estimate>();
  e->model.add_to(estimate);
  e->inputs.add_to(estimate, true);
  estimate->add_option("--platform", e->platform, "The card")
      ->capture_default_str()
      ->check(CLI::IsMember({"u250", "u50", "kv260"}));
  estimate->add_option("--clock", e->megahertz, "MHz")
      ->capture_default_str()
      ->check(CLI::Range(1.0, 2000.0));
  estimate->add_option("--rows", e->shown, "How many layers to print")->capture_default_str();
  when_chosen(estimate, [e] { return e->run(); });
}

}  // namespace oarlock::cli
