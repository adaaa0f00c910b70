#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <future>
#include <memory>

#include "tools/cli/clock.h"
#include "tools/cli/inputs.h"
#include "tools/cli/model_options.h"
#include "tools/cli/precision.h"
#include "tools/cli/print.h"
#include "tools/cli/table.h"

namespace oarlock::cli {
namespace {

struct Tune {
  ModelOptions model;
  DeviceChoice device;
  InputOptions inputs;
  double seconds = 60;
  std::string precision;  // the file to write
  double tolerance = 0.01;
  bool json = false;

  Result<ExitCode> run() const;
  Result<ExitCode> run_precision(const Model& loaded, const SessionOptions& options) const;
};

// Median time of a run, of as many as fit into two seconds.
Result<double> median_ms(const Model& model, const SessionOptions& options,
                         const InputOptions& inputs) {
  OARLOCK_ASSIGN(Session session, Session::open(model, options));
  OARLOCK_ASSIGN(const auto named, inputs.read(session.inputs()));
  std::vector<Value> values, outputs(session.outputs().size());
  for (const NamedValue& each : named) values.push_back(each.value);
  for (int i = 0; i < 3; ++i) OARLOCK_TRY(session.run(values, outputs));
  std::vector<double> times;
  for (const Stopwatch total; times.empty() || total.ms() < 2e3;) {
    const Stopwatch one;
    OARLOCK_TRY(session.run(values, outputs));
    times.push_back(one.ms());
  }
  return quantile(times, 0.5);
}

nlohmann::json finite_or_null(double value) {
  return std::isfinite(value) ? nlohmann::json(value) : nlohmann::json();
}

std::string brief(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2e", value);
  return text;
}

// Some device of the session measures.
Status expect_tunable(const Model& model, const SessionOptions& options) {
  OARLOCK_ASSIGN(const Session session, Session::open(model, options));
  std::string tunable;
  for (const DeviceSummary& device : list_devices(options).devices) {
    if (!device.details.contains("tuning")) continue;
    for (const std::string& used : session.devices())
      if (used.starts_with(device.name + ": ")) return {};
    tunable += (tunable.empty() ? "; there is " : ", ") + device.name;
  }
  return unavailable("nothing to tune on ", session.devices().front(), tunable);
}

nlohmann::json to_json(const std::vector<TunedChoice>& choices) {
  nlohmann::json list = nlohmann::json::array();
  for (const TunedChoice& choice : choices) {
    nlohmann::json candidates = nlohmann::json::object();
    for (const TunedChoice::Candidate& c : choice.candidates) candidates[c.name] = c.share;
    list.push_back({{"device", choice.device},
                    {"node", choice.node},
                    {"nodes", choice.nodes},
                    {"usual", choice.usual},
                    {"usual_us", choice.usual_us},
                    {"candidates", std::move(candidates)},
                    {"kept", choice.kept.empty() ? choice.usual : choice.kept}});
  }
  return list;
}

// What is no longer chosen as before.
void print_choices(const std::vector<TunedChoice>& choices) {
  Table table({"node", "like it", "us", "before", "now", "share"});
  size_t changed = 0;
  for (const TunedChoice& choice : choices)
    for (const TunedChoice::Candidate& candidate : choice.candidates) {
      if (candidate.name != choice.kept) continue;
      ++changed;
      table.add({choice.node, std::to_string(choice.nodes), fixed(choice.usual_us, 1), choice.usual,
                 candidate.name, fixed(candidate.share, 2)});
    }
  std::printf("%zu kinds of nodes were measured, %zu are chosen anew\n", choices.size(), changed);
  if (changed > 0) std::fputs(table.text().c_str(), stdout);
}

// Draws how much of the time is gone until the work is done.
void show_progress(const std::future<Status>& work, double seconds) {
  constexpr int kWidth = 40;
  const bool shown = isatty(STDERR_FILENO) != 0;
  for (const Stopwatch clock;
       work.wait_for(std::chrono::milliseconds(200)) != std::future_status::ready;) {
    if (!shown) continue;
    const double gone = std::min(clock.ms() / 1e3 / std::max(seconds, 1e-3), 1.0);
    const std::string bar(static_cast<size_t>(gone * kWidth), '#');
    std::fprintf(stderr, "\rtuning [%-*s] %3.0f of %.0f s", kWidth, bar.c_str(), clock.ms() / 1e3,
                 seconds);
  }
  if (shown) std::fprintf(stderr, "\r%*s\r", kWidth + 30, "");
}

Result<ExitCode> Tune::run_precision(const Model& loaded, const SessionOptions& options) const {
  Precision found;
  std::future<Status> work = std::async(std::launch::async, [&]() -> Status {
    OARLOCK_ASSIGN(found, find_precision(loaded, options, inputs, {precision, tolerance, seconds}));
    return {};
  });
  show_progress(work, seconds);
  OARLOCK_TRY(work.get());
  if (json) {
    print_json({{"model", model.path},
                {"kept", found.kept},
                {"nodes", found.nodes},
                {"before", finite_or_null(found.before)},
                {"after", found.after}});
    return kOk;
  }
  std::printf("%zu of %zu nodes stay float32: outputs are %s off, with all as float16 %s\n",
              found.kept, found.nodes, brief(found.after).c_str(), brief(found.before).c_str());
  std::printf("use: --set storage=float16 --set storage.keep=%s\n", precision.c_str());
  return kOk;
}

Result<ExitCode> Tune::run() const {
  OARLOCK_ASSIGN(const Model loaded, model.load());
  OARLOCK_ASSIGN(const SessionOptions options, device.options());
  if (!precision.empty()) return run_precision(loaded, options);
  OARLOCK_TRY(expect_tunable(loaded, options));
  OARLOCK_ASSIGN(const double before, median_ms(loaded, options, inputs));
  SessionOptions tuning = options;
  tuning.settings["tune"] = std::to_string(seconds);
  const Stopwatch clock;
  std::vector<TunedChoice> choices;
  std::future<Status> work = std::async(std::launch::async, [&]() -> Status {
    OARLOCK_ASSIGN(Session session, Session::open(loaded, tuning));
    OARLOCK_ASSIGN(const auto named, inputs.read(session.inputs()));
    OARLOCK_TRY(session.run(named).status());
    OARLOCK_ASSIGN(Explanation explanation, session.explain());
    choices = std::move(explanation.tuning);
    return {};
  });
  show_progress(work, seconds);
  const double took = clock.ms() / 1e3;
  OARLOCK_TRY(work.get());
  OARLOCK_ASSIGN(const double after, median_ms(loaded, options, inputs));
  if (json) {
    print_json({{"model", model.path},
                {"seconds", took},
                {"finished", took < seconds},
                {"before_ms", before},
                {"after_ms", after},
                {"choices", to_json(choices)}});
    return kOk;
  }
  print_choices(choices);
  std::printf("tuned in %s s%s: %s ms a run, before %s ms\n", fixed(took, 1).c_str(),
              took < seconds ? "" : ", all that was allowed; run it again for the rest",
              fixed(after, 3).c_str(), fixed(before, 3).c_str());
  return kOk;
}

}  // namespace

void add_tune(CLI::App& app) {
  CLI::App* command = app.add_subcommand(
      "tune", "Measure variants of a device's kernels on a model, and keep the fastest");
  auto c = std::make_shared<Tune>();
  c->model.add_to(command);
  c->inputs.add_to(command, true);
  command->add_option("--seconds", c->seconds, "Time for measuring")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  command
      ->add_option("--precision", c->precision,
                   "Instead: find the nodes that must stay float32 for storage=float16, on these "
                   "inputs, and write their names to a file for storage.keep")
      ->type_name("FILE");
  command
      ->add_option("--tolerance", c->tolerance,
                   "With --precision: how far outputs may be off, as a part of the largest value")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  command->add_flag("--json", c->json, "Print JSON");
  c->device.add_to(command);
  when_chosen(command, [c] { return c->run(); });
}

}  // namespace oarlock::cli
