#include <sys/resource.h>

#include <cstdio>
#include <memory>

#include "tools/cli/clock.h"
#include "tools/cli/inputs.h"
#include "tools/cli/model_options.h"
#include "tools/cli/print.h"
#include "tools/cli/table.h"

namespace oarlock::cli {
namespace {

struct Bench {
  ModelOptions model;
  DeviceChoice device;
  InputOptions inputs;
  size_t runs = 0, warmup = 3;
  double seconds = 3;
  bool json = false;

  Result<ExitCode> run() const;
};

double peak_resident_bytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) * 1024;
}

Result<ExitCode> Bench::run() const {
  const Stopwatch load_time;
  OARLOCK_ASSIGN(const Model loaded, model.load());
  OARLOCK_ASSIGN(const SessionOptions options, device.options());
  OARLOCK_ASSIGN(Session session, Session::open(loaded, options));
  const double load_ms = load_time.ms();
  OARLOCK_ASSIGN(const auto named, inputs.read(session.inputs()));
  std::vector<Value> values, outputs(session.outputs().size());
  for (const NamedValue& each : named) values.push_back(each.value);

  const Stopwatch first_time;
  OARLOCK_TRY(session.run(values, outputs));
  const double first_ms = first_time.ms();
  for (size_t i = 1; i < warmup; ++i) OARLOCK_TRY(session.run(values, outputs));
  std::vector<double> times;
  const Stopwatch total;
  while (runs > 0 ? times.size() < runs : times.empty() || total.ms() < seconds * 1e3) {
    const Stopwatch one;
    OARLOCK_TRY(session.run(values, outputs));
    times.push_back(one.ms());
  }
  OARLOCK_ASSIGN(const Explanation plan, session.explain());
  double flops = 0;
  for (const PlannedStep& step : plan.steps) flops += step.flops;
  const double median = quantile(times, 0.5);
  if (json) {
    print_json({{"model", model.path},
                {"devices", session.devices()},
                {"threads", device.threads},
                {"runs", times.size()},
                {"median_ms", median},
                {"min_ms", quantile(times, 0)},
                {"p99_ms", quantile(times, 0.99)},
                {"first_run_ms", first_ms},
                {"load_ms", load_ms},
                {"peak_resident_bytes", peak_resident_bytes()},
                {"arena_bytes", plan.peak_bytes},
                {"constant_bytes", plan.constant_bytes},
                {"gflops", median > 0 ? flops / median / 1e6 : 0}});
    return kOk;
  }
  std::string devices;
  for (const std::string& each : session.devices()) devices += (devices.empty() ? "" : "; ") + each;
  std::printf("%s on %s\n%s\n", model.path.c_str(), devices.c_str(), plan.summary.c_str());
  Table table({"median ms", "min ms", "p99 ms", "runs", "first run ms", "load ms", "GFLOP/s"});
  table.add({fixed(median, 3), fixed(quantile(times, 0), 3), fixed(quantile(times, 0.99), 3),
             std::to_string(times.size()), fixed(first_ms, 1), fixed(load_ms, 1),
             fixed(flops / median / 1e6, 1)});
  std::fputs(table.text().c_str(), stdout);
  std::printf("memory: %s of the process at most, %s of one run, %s packed weights\n",
              bytes_text(peak_resident_bytes()).c_str(),
              bytes_text(static_cast<double>(plan.peak_bytes)).c_str(),
              bytes_text(static_cast<double>(plan.constant_bytes)).c_str());
  return kOk;
}

}  // namespace

void add_bench(CLI::App& app) {
  CLI::App* command = app.add_subcommand("bench", "Measure how fast a model runs");
  auto c = std::make_shared<Bench>();
  c->model.add_to(command);
  c->inputs.add_to(command, true);
  command->add_option("--runs", c->runs, "So many timed runs; 0: for --seconds")
      ->capture_default_str();
  command->add_option("--seconds", c->seconds, "Time for timed runs")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  command->add_option("--warmup", c->warmup, "Runs before timing, the first one included")
      ->capture_default_str();
  command->add_flag("--json", c->json, "Print JSON");
  c->device.add_to(command);
  when_chosen(command, [c] { return c->run(); });
}

}  // namespace oarlock::cli
