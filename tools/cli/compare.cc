#include <algorithm>
#include <cstdio>
#include <memory>
#include <optional>
#include <unordered_map>

#include "tools/cli/difference.h"
#include "tools/cli/inputs.h"
#include "tools/cli/model_options.h"
#include "tools/cli/print.h"
#include "tools/cli/table.h"

namespace oarlock::cli {
namespace {

// A value on its way through the model.
struct Observed {
  std::string name, node, op, device;
  Value value;
};

// One value of both runs.
struct Compared {
  size_t position;  // in the order of the run
  std::string name, node, op, device;
  Difference difference;
};

struct Compare {
  ModelOptions model;
  DeviceChoice device;
  InputOptions inputs;
  std::vector<std::string> against = {"reference"};
  double tolerance = 1e-3;
  size_t shown = 10;
  bool json = false;

  Result<ExitCode> run() const;
  void print(const std::vector<Compared>& list, const Compared* first, size_t only_one) const;
};

Result<std::vector<Observed>> observe(const Model& model, SessionOptions options,
                                      const InputOptions& inputs) {
  options.keep_intermediates = true;
  OARLOCK_ASSIGN(Session session, Session::open(model, options));
  OARLOCK_ASSIGN(const auto values, inputs.read(session.inputs()));
  std::vector<Observed> list;
  Observed step;  // the latest one, whose values follow
  RunOptions how;
  how.profile = [&](const StepRecord& record) {
    step = {"", record.name, record.op, record.device, {}};
  };
  how.observe = [&](const std::string& name, const Value& value) {
    list.push_back({name, step.node, step.op, step.device, value});
  };
  OARLOCK_ASSIGN(auto outputs, session.run(values, how));
  for (NamedValue& output : outputs)
    if (std::none_of(list.begin(), list.end(),
                     [&](const Observed& o) { return o.name == output.name; }))
      list.push_back({output.name, "output " + output.name, "", "", std::move(output.value)});
  return list;
}

std::string text_of(const Difference& d) { return d.comparable ? significant(d.scaled) : d.why; }

void Compare::print(const std::vector<Compared>& list, const Compared* first,
                    size_t only_one) const {
  if (json) {
    nlohmann::json values = nlohmann::json::array();
    for (const Compared& c : list)
      values.push_back({{"value", c.name},
                        {"node", c.node},
                        {"op", c.op},
                        {"device", c.device},
                        {"scaled_error", c.difference.scaled},
                        {"absolute_error", c.difference.absolute},
                        {"comparable", c.difference.comparable},
                        {"why", c.difference.why}});
    print_json({{"tolerance", tolerance},
                {"first_diverging_node", first ? nlohmann::json(first->node) : nlohmann::json()},
                {"only_on_one_side", only_one},
                {"values", std::move(values)}});
    return;
  }
  std::string left, right;
  for (const std::string& d : device.devices) left += (left.empty() ? "" : ",") + d;
  for (const std::string& d : against) right += (right.empty() ? "" : ",") + d;
  std::printf("%s against %s: %zu values compared, %zu more on one side only, tolerance %s\n",
              left.empty() ? "cpu" : left.c_str(), right.c_str(), list.size(), only_one,
              significant(tolerance).c_str());
  if (first != nullptr)
    std::printf("first diverging node: %s (%s) on %s, value %s, scaled error %s\n",
                first->node.c_str(), first->op.c_str(), first->device.c_str(), first->name.c_str(),
                text_of(first->difference).c_str());
  else
    std::printf("no value differs by more than the tolerance\n");
  Table table({"scaled error", "absolute", "step", "value", "node", "operator", "device"});
  for (size_t i = 0; i < std::min(shown, list.size()); ++i) {
    const Compared& c = list[i];
    table.add({text_of(c.difference), significant(c.difference.absolute),
               std::to_string(c.position), c.name, c.node, c.op, c.device});
  }
  std::fputs(table.text().c_str(), stdout);
}

Result<ExitCode> Compare::run() const {
  OARLOCK_ASSIGN(const Model loaded, model.load());
  OARLOCK_ASSIGN(const SessionOptions options, device.options());
  SessionOptions other = options;
  other.devices = against;
  other.strict = false;
  OARLOCK_ASSIGN(const std::vector<Observed> ours, observe(loaded, options, inputs));
  OARLOCK_ASSIGN(const std::vector<Observed> theirs, observe(loaded, other, inputs));

  std::unordered_map<std::string, const Observed*> by_name;
  for (const Observed& o : theirs) by_name.emplace(o.name, &o);
  std::vector<Compared> list;
  for (const Observed& o : ours) {
    const auto found = by_name.find(o.name);
    if (found == by_name.end()) continue;
    list.push_back({list.size() + 1, o.name, o.node, o.op, o.device,
                    difference(o.value, found->second->value)});
    by_name.erase(found);
  }
  const size_t only_one = ours.size() - list.size() + by_name.size();
  std::optional<Compared> first;
  for (const Compared& c : list)
    if (!first && c.difference.beyond(tolerance)) first = c;
  std::stable_sort(list.begin(), list.end(), [](const Compared& a, const Compared& b) {
    return a.difference.scaled > b.difference.scaled;
  });
  print(list, first ? &*first : nullptr, only_one);
  return first ? kDifference : kOk;
}

}  // namespace

void add_compare(CLI::App& app) {
  CLI::App* command = app.add_subcommand(
      "compare", "Compare every intermediate value of one device with another's, worst first");
  auto c = std::make_shared<Compare>();
  c->model.add_to(command);
  c->inputs.add_to(command, true);
  command->add_option("--against", c->against, "Devices to compare with, by preference")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("A,B")
      ->capture_default_str();
  command
      ->add_option("--tolerance", c->tolerance,
                   "Largest difference allowed, as a fraction of the largest value")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  command->add_option("--rows", c->shown, "How many values to print")->capture_default_str();
  command->add_flag("--json", c->json, "Print JSON, all values");
  c->device.add_to(command);
  when_chosen(command, [c] { return c->run(); });
}

}  // namespace oarlock::cli
