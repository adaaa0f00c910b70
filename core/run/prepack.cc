#include "core/run/prepack.h"

#include <filesystem>

namespace oarlock {

Result<std::vector<std::string>> use_packed_weights(const Model::Content& model,
                                                    const SessionOptions& options,
                                                    Runtime& runtime) {
  std::vector<std::string> notes;
  const auto setting = options.settings.find("prepacked");
  if (setting != options.settings.end() && setting->second != "on" && setting->second != "off")
    return invalid("the setting prepacked is on or off, not '", setting->second, "'");
  runtime.constants.lie_in(model.weights);
  if (model.path.empty() || (setting != options.settings.end() && setting->second == "off"))
    return notes;
  for (size_t d = 0; d < runtime.devices.size(); ++d) {
    const Device& device = *runtime.devices[d].device;
    const std::string packing = device.packing();
    if (packing.empty()) continue;
    const std::string path = PackedWeights::file_for(model.path, device.info().name);
    std::error_code missing;
    if (!std::filesystem::exists(path, missing)) continue;
    auto packed = PackedWeights::load(path, model.metadata.content_hash, packing);
    if (packed.ok()) {
      runtime.constants.take_from(static_cast<int>(d), *std::move(packed));
    } else {
      notes.push_back(concat("weights are packed again: ", packed.status().message()));
    }
  }
  return notes;
}

Result<std::vector<std::string>> write_packed_weights(const Model::Content& model,
                                                      const Runtime& runtime) {
  if (model.path.empty())
    return invalid(
        "packed weights lie beside the file of the model, and this one was not loaded from a "
        "file; save it and open the file");
  std::vector<std::string> paths;
  std::string names;
  for (size_t d = 0; d < runtime.devices.size(); ++d) {
    const Device& device = *runtime.devices[d].device;
    names += concat(names.empty() ? "" : ", ", device.info().name);
    const std::string packing = device.packing();
    if (packing.empty()) continue;
    const auto constants = runtime.constants.packed(static_cast<int>(d));
    std::vector<PackedWeights::Entry> entries;
    for (const auto& [name, constant] : constants)
      entries.push_back({name, {constant->buffer->host(), constant->bytes}});
    paths.push_back(PackedWeights::file_for(model.path, device.info().name));
    OARLOCK_TRY(PackedWeights::save(paths.back(), model.metadata.content_hash, packing, entries));
  }
  if (paths.empty())
    return unsupported("none of the devices (", names, ") keeps packed weights in files; cpu does");
  return paths;
}

}  // namespace oarlock
