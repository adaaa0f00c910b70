#include <cstdio>
#include <memory>

#include "tools/cli/model_options.h"
#include "tools/cli/print.h"

namespace oarlock::cli {
namespace {

struct Devices {
  std::vector<std::string> backend_paths;
  bool names = false, json = false;

  Result<ExitCode> run() const;
};

Result<ExitCode> Devices::run() const {
  SessionOptions options;
  options.backend_paths = backend_paths;
  const DeviceListing listing = list_devices(options);
  if (json) {
    nlohmann::json devices = nlohmann::json::array();
    for (const DeviceSummary& d : listing.devices)
      devices.push_back({{"name", d.name}, {"description", d.description}, {"details", d.details}});
    print_json({{"devices", std::move(devices)}, {"unavailable", listing.unavailable}});
    return kOk;
  }
  for (const DeviceSummary& d : listing.devices) {
    if (names) {
      std::puts(d.name.c_str());
      continue;
    }
    std::printf("%s: %s\n", d.name.c_str(), d.description.c_str());
    for (const auto& [key, value] : d.details)
      std::printf("    %s: %s\n", key.c_str(), value.c_str());
  }
  if (!names)
    for (const std::string& each : listing.unavailable)
      std::printf("not usable: %s\n", each.c_str());
  return kOk;
}

}  // namespace

void add_devices(CLI::App& app) {
  CLI::App* command = app.add_subcommand("devices", "List the devices of this machine");
  auto c = std::make_shared<Devices>();
  command->add_flag("--names", c->names, "Only names, one a line");
  command->add_flag("--json", c->json, "Print JSON");
  command->add_option("--backend", c->backend_paths, "Backend library or folder of them to load")
      ->type_name("PATH")
      ->allow_extra_args(false);
  when_chosen(command, [c] { return c->run(); });
}

}  // namespace oarlock::cli
