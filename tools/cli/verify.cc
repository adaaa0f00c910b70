#include <cstdio>
#include <memory>

#include "tools/cli/difference.h"
#include "tools/cli/model_options.h"
#include "tools/cli/print.h"
#include "tools/cli/table.h"

namespace oarlock::cli {
namespace {

struct Verify {
  std::string path;
  DeviceChoice device;
  double tolerance = 1e-3;
  bool json = false;

  Result<ExitCode> run() const;
};

Result<ExitCode> Verify::run() const {
  OARLOCK_ASSIGN(const Model model, Model::load(path));
  if (Status s = model.check(); !s.ok()) return s.within(path);
  if (model.golden().empty())
    return invalid(path, " holds no recorded outputs; convert it with --golden 3 to add some");
  OARLOCK_ASSIGN(const SessionOptions options, device.options());
  OARLOCK_ASSIGN(Session session, Session::open(model, options));
  Table table({"case", "output", "scaled error", "absolute"});
  nlohmann::json rows = nlohmann::json::array();
  bool agree = true;
  for (size_t i = 0; i < model.golden().size(); ++i) {
    const GoldenCase& golden = model.golden()[i];
    OARLOCK_ASSIGN(const auto outputs, session.run(golden.inputs));
    for (const NamedValue& expected : golden.outputs)
      for (const NamedValue& output : outputs) {
        if (output.name != expected.name) continue;
        const Difference d = difference(output.value, expected.value);
        agree = agree && !d.beyond(tolerance);
        table.add({std::to_string(i + 1), output.name, d.comparable ? significant(d.scaled) : d.why,
                   significant(d.absolute)});
        rows.push_back({{"case", i + 1},
                        {"output", output.name},
                        {"scaled_error", d.scaled},
                        {"absolute_error", d.absolute},
                        {"comparable", d.comparable}});
      }
  }
  if (json) {
    print_json({{"agree", agree}, {"tolerance", tolerance}, {"outputs", std::move(rows)}});
  } else {
    std::fputs(table.text().c_str(), stdout);
    std::printf("%s the recorded outputs (tolerance %s), contents match their hash\n",
                agree ? "agrees with" : "DIFFERS from", significant(tolerance).c_str());
  }
  return agree ? kOk : kDifference;
}

}  // namespace

void add_verify(CLI::App& app) {
  CLI::App* command = app.add_subcommand(
      "verify", "Check a file's contents, and a device against the outputs recorded in it");
  auto c = std::make_shared<Verify>();
  command->add_option("model", c->path, "An .oar file converted with --golden")->required();
  command
      ->add_option("--tolerance", c->tolerance,
                   "Largest difference allowed, as a fraction of the largest value")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  command->add_flag("--json", c->json, "Print JSON");
  c->device.add_to(command);
  when_chosen(command, [c] { return c->run(); });
}

}  // namespace oarlock::cli
