#include <cstdio>
#include <memory>

#include "core/graph/atomic_file.h"
#include "tools/cli/fpga_profile.h"
#include "tools/cli/inputs.h"
#include "tools/cli/model_options.h"
#include "tools/cli/product_rate.h"
#include "tools/cli/profile_report.h"

namespace oarlock::cli {
namespace {

struct ProfileCommand {
  ModelOptions model;
  DeviceChoice device;
  InputOptions inputs;
  std::string trace_file;
  size_t runs = 5, warmup = 2, shown = 20;

  Result<ExitCode> run() const;
};

Result<ExitCode> ProfileCommand::run() const {
  OARLOCK_ASSIGN(const Model loaded, model.load());
  OARLOCK_ASSIGN(const SessionOptions options, device.options());
  OARLOCK_ASSIGN(Session session, Session::open(loaded, options));
  OARLOCK_ASSIGN(const auto named, inputs.read(session.inputs()));
  std::vector<Value> values, outputs(session.outputs().size());
  for (const NamedValue& each : named) values.push_back(each.value);
  for (size_t i = 0; i < warmup; ++i) OARLOCK_TRY(session.run(values, outputs));
  ProfileReport report;
  const std::unique_ptr<FpgaProfile> fpga = listen_to_fpga();
  for (size_t i = 0; i < runs; ++i) {
    RunOptions how;
    how.profile = [&](const StepRecord& record) {
      if (fpga != nullptr) fpga->add(record, report);
      report.add(record);
    };
    OARLOCK_TRY(session.run(values, outputs, how));
    report.end_run();
  }
  report.set_peaks(product_rates(options, report.devices()));
  if (!trace_file.empty()) {
    const std::string trace = report.chrome_trace();
    OARLOCK_ASSIGN(AtomicFile file, AtomicFile::create(trace_file));
    OARLOCK_TRY(file.write(std::as_bytes(std::span(trace))));
    OARLOCK_TRY(file.commit());
  }
  std::fputs(report.by_operator().c_str(), stdout);
  std::fputs("\n", stdout);
  std::fputs(report.by_node(shown).c_str(), stdout);
  if (const std::string text = fpga == nullptr ? "" : fpga->text(runs, shown); !text.empty())
    std::printf("\n%s", text.c_str());
  if (!trace_file.empty())
    std::printf("\nwritten: %s (open it in ui.perfetto.dev)\n", trace_file.c_str());
  return kOk;
}

}  // namespace

void add_profile(CLI::App& app) {
  CLI::App* command =
      app.add_subcommand("profile", "Show where the time goes, by operator and by node");
  auto c = std::make_shared<ProfileCommand>();
  c->model.add_to(command);
  c->inputs.add_to(command, true);
  command->add_option("-o,--trace", c->trace_file, "Write a Chrome trace, which Perfetto opens")
      ->type_name("FILE.json");
  command->add_option("--runs", c->runs, "Profiled runs")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000000));
  command->add_option("--warmup", c->warmup, "Runs before")->capture_default_str();
  command->add_option("--rows", c->shown, "How many nodes to print")->capture_default_str();
  c->device.add_to(command);
  when_chosen(command, [c] { return c->run(); });
}

}  // namespace oarlock::cli
