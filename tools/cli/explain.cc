#include <cstdio>
#include <memory>

#include "tools/cli/inputs.h"
#include "tools/cli/model_options.h"
#include "tools/cli/print.h"

namespace oarlock::cli {
namespace {

struct Explain {
  ModelOptions model;
  DeviceChoice device;
  bool json = false;

  Result<ExitCode> run() const;
};

nlohmann::json to_json(const Explanation& e) {
  nlohmann::json steps = nlohmann::json::array();
  for (const PlannedStep& step : e.steps) {
    nlohmann::json refusals = nlohmann::json::array();
    for (const Refusal& r : step.refusals)
      refusals.push_back({{"device", r.device}, {"kernel", r.kernel}, {"reason", r.reason}});
    steps.push_back({{"node", step.node},
                     {"op", step.op},
                     {"device", step.device},
                     {"kernel", step.kernel},
                     {"inputs", step.inputs},
                     {"outputs", step.outputs},
                     {"flops", step.flops},
                     {"tuned", step.tuned},
                     {"refusals", std::move(refusals)}});
  }
  return {{"summary", e.summary},
          {"steps", std::move(steps)},
          {"peak_bytes", e.peak_bytes},
          {"constant_bytes", e.constant_bytes},
          {"packed_constants", e.packed_constants},
          {"prepacked_constants", e.prepacked_constants},
          {"notes", e.notes},
          {"rewrites", e.rewrites}};
}

Result<ExitCode> Explain::run() const {
  OARLOCK_ASSIGN(const Model loaded, model.load());
  OARLOCK_ASSIGN(const SessionOptions options, device.options());
  OARLOCK_ASSIGN(Session session, Session::open(loaded, options));
  OARLOCK_ASSIGN(const Explanation explanation, session.explain());
  if (json)
    print_json(to_json(explanation));
  else
    std::fputs(to_string(explanation).c_str(), stdout);
  return kOk;
}

}  // namespace

void add_explain(CLI::App& app) {
  CLI::App* command = app.add_subcommand(
      "explain", "Show where each node runs, with which kernel and layout, and why not elsewhere");
  auto c = std::make_shared<Explain>();
  c->model.add_to(command);
  command->add_flag("--json", c->json, "Print JSON");
  c->device.add_to(command);
  when_chosen(command, [c] { return c->run(); });
}

}  // namespace oarlock::cli
