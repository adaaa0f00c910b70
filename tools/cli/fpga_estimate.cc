// oarlock fpga estimate: what each layer of a model would take on a card, by the kernels' cost
// formulas, and which sizes of the kernels suit it.
#include <algorithm>
#include <cstdio>
#include <memory>

#include "core/graph/atomic_file.h"
#include "tools/cli/fpga_profile.h"
#include "tools/cli/inputs.h"
#include "tools/cli/model_options.h"
#include "tools/cli/table.h"
#include "tools/fpga/design.h"

namespace oarlock::cli {
namespace {

struct Estimate {
  ModelOptions model;
  InputOptions inputs;
  std::string platform = "u250", output;
  double megahertz = 300;
  size_t shown = 30;
  bool as_compiled = false;

  Result<ExitCode> run() const;
};

std::string described(const fpga::Design& d) {
  return concat(d.engines, " x ", d.engine.pe_m, " x ", d.engine.pe_n, " multipliers of float32, ",
                d.engine8.pe_m, " x ", d.engine8.pe_n, " of 8 bits, tiles ", d.engine.tile_m, " x ",
                d.engine.tile_n, " x ", d.engine.tile_k);
}

Result<ExitCode> Estimate::run() const {
  const fpga::Platform& card = *fpga::find_platform(platform);
  OARLOCK_ASSIGN(const Model loaded, model.load());
  OARLOCK_ASSIGN(const auto named, inputs.read(loaded.inputs()));
  std::vector<Value> values;
  for (const NamedValue& each : named) values.push_back(each.value);
  OARLOCK_ASSIGN(const std::vector<fpga::Layer> layers, fpga::measure(loaded, values));
  const fpga::Design design =
      as_compiled ? fpga::compiled_design() : fpga::explore(layers, card, megahertz);
  const auto all = [&](const fpga::Design& d) {
    fpga::LayerTime sum;
    for (const fpga::Layer& layer : layers) {
      const fpga::LayerTime t = fpga::time_of(layer, d, card.gigabytes_a_second, megahertz);
      sum.seconds += t.seconds;
      sum.products += t.products;
      sum.bytes += t.bytes;
    }
    return sum;
  };
  struct Row {
    const fpga::Layer* layer;
    fpga::LayerTime time;
  };
  std::vector<Row> rows;
  for (const fpga::Layer& layer : layers)
    rows.push_back({&layer, fpga::time_of(layer, design, card.gigabytes_a_second, megahertz)});
  std::stable_sort(rows.begin(), rows.end(),
                   [](const Row& a, const Row& b) { return a.time.seconds > b.time.seconds; });
  const fpga::LayerTime sum = all(design);
  Table table({"layer", "operator", "ms", "share", "Mcycles", "array busy", "MB", "bound"});
  for (size_t i = 0; i < std::min(shown, rows.size()); ++i) {
    const auto& [layer, time] = rows[i];
    table.add({layer->name, layer->op, fixed(time.seconds * 1e3, 3),
               fixed(100 * time.seconds / sum.seconds, 1) + " %", fixed(time.cycles / 1e6, 3),
               fixed(100 * time.array_busy, 1) + " %", fixed(time.bytes / 1e6, 2), time.bound});
  }
  std::fputs(table.text().c_str(), stdout);
  std::printf("\nmodelled on %s at %.0f MHz: %.2f ms, %.1f GFLOP/s, %.1f MB of its memory moved\n",
              card.name, megahertz, sum.seconds * 1e3, 2e-9 * sum.products / sum.seconds,
              sum.bytes / 1e6);
  std::printf("%s: %s\n", as_compiled ? "as compiled" : "chosen", described(design).c_str());
  if (!as_compiled)
    std::printf("as compiled: %s: %.2f ms\n", described(fpga::compiled_design()).c_str(),
                all(fpga::compiled_design()).seconds * 1e3);
  const fpga::Resources r = fpga::resources_of(design, card);
  std::printf("resources: %d of %d DSP, about %d of %d block RAMs, %d of %d UltraRAMs (%s)%s\n",
              r.dsp, card.dsp, r.bram, card.bram, r.uram, card.uram, card.source,
              fpga::fits(design, card) ? "" : ": does not fit");
  if (output.empty()) return kOk;
  const std::string text = fpga::configuration(design, card, megahertz);
  OARLOCK_ASSIGN(AtomicFile file, AtomicFile::create(output));
  OARLOCK_TRY(file.write(std::as_bytes(std::span(text))));
  OARLOCK_TRY(file.commit());
  std::printf("written: %s (cmake -C %s ... builds the target xclbin so)\n", output.c_str(),
              output.c_str());
  return kOk;
}

}  // namespace

void add_fpga_estimate(CLI::App& fpga) {
  CLI::App* estimate = fpga.add_subcommand(
      "estimate", "Show what each layer would take on a card, and choose the kernels' sizes");
  auto e = std::make_shared<Estimate>();
  e->model.add_to(estimate);
  e->inputs.add_to(estimate, true);
  std::vector<std::string> names;
  for (const fpga::Platform& each : fpga::platforms()) names.emplace_back(each.name);
  estimate->add_option("--platform", e->platform, "The card")
      ->capture_default_str()
      ->check(CLI::IsMember(names));
  estimate->add_option("--clock", e->megahertz, "MHz")
      ->capture_default_str()
      ->check(CLI::Range(1.0, 2000.0));
  estimate->add_flag("--as-compiled", e->as_compiled, "Keep the kernels' sizes");
  estimate->add_option("-o,--output", e->output, "Write the sizes for the build, for cmake -C")
      ->type_name("FILE.cmake");
  estimate->add_option("--rows", e->shown, "How many layers to print")->capture_default_str();
  when_chosen(estimate, [e] { return e->run(); });
}

}  // namespace oarlock::cli
