// Finding, checking and opening backends.
#include <dirent.h>
#include <dlfcn.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <memory>

#include "core/plan/devices.h"
#include "core/plan/fallback.h"
#include "oarlock/custom_op.h"
#include "oarlock/operators.h"

namespace oarlock {

std::span<const BackendEntry> linked_backends();

const char* build_tag() { return OARLOCK_BUILD_TAG; }

std::string qualified_op(const Node& node) {
  return node.domain.empty() ? node.op : node.domain + "." + node.op;
}

std::span<const KernelDef* const> PlacedDevice::kernels_for(const Node& node) const {
  const auto found = kernels.find(qualified_op(node));
  if (found == kernels.end()) return {};
  return found->second;
}

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "liboarlock_backend_";

// A backend found; its devices are there once it was opened.
struct FoundBackend {
  const Backend* backend = nullptr;
  std::string name;
  DeviceList devices = {};
  Status status = {};  // why there are no devices
  bool opened = false;
};

void open_backend(FoundBackend& found, const DeviceOptions& options) {
  if (found.opened || found.backend == nullptr) return;
  found.opened = true;
  if (found.backend->open == nullptr) {
    found.status = invalid("backend ", found.name, " has no open function");
    return;
  }
  Result<DeviceList> devices = found.backend->open(options);
  found.status = devices.status();
  if (devices.ok()) found.devices = *std::move(devices);
}

std::string backend_name(const fs::path& library) {
  const std::string stem = library.stem().string();
  return stem.starts_with(kPrefix) ? stem.substr(kPrefix.size()) : "";
}

// Libraries stay loaded for the life of the process: devices and kernels refer to their code.
Result<const Backend*> load_library(const fs::path& library) {
  const std::string name = backend_name(library);
  void* handle = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) return unavailable("cannot load backend library: ", dlerror());
  const std::string symbol = "oarlock_backend_" + name;
  auto entry = reinterpret_cast<BackendEntry>(dlsym(handle, symbol.c_str()));
  if (entry == nullptr) {
    dlclose(handle);
    return invalid(library.string(), " does not export ", symbol);
  }
  const Backend* backend = entry();
  Status status;
  if (backend == nullptr)
    status = invalid(library.string(), ": ", symbol, " returned nothing");
  else if (backend->abi != kBackendAbi)
    status =
        invalid(library.string(), " was built for backend ABI ", backend->abi, ", this is ABI ",
                kBackendAbi, "; rebuild the backend against this version of oarlock");
  else if (std::strcmp(backend->build_tag, build_tag()) != 0)
    status = invalid(library.string(), " was built as '", backend->build_tag, "', this is '",
                     build_tag(), "'; build both with the same compiler and standard library");
  if (!status.ok()) {
    dlclose(handle);
    return status;
  }
  return backend;
}

// The folder of this library: plugins are installed in `oarlock/` beside it.
fs::path own_folder() {
  Dl_info info;
  if (dladdr(reinterpret_cast<const void*>(&linked_backends), &info) == 0 ||
      info.dli_fname == nullptr)
    return {};
  std::error_code ignored;
  return fs::weakly_canonical(info.dli_fname, ignored).parent_path();
}

// By readdir: libstdc++'s directory_iterator ends the process when memory runs out.
std::vector<fs::path> libraries_in(const fs::path& folder) {
  std::vector<fs::path> found;
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(opendir(folder.c_str()), closedir);
  if (directory == nullptr) return found;
  while (const dirent* entry = readdir(directory.get())) {
    const fs::path name(entry->d_name);
    if (name.extension() == ".so" && !backend_name(name).empty()) found.push_back(folder / name);
  }
  std::sort(found.begin(), found.end());
  return found;
}

// All backends; a library that the caller named must load, others may be unavailable.
Result<std::vector<FoundBackend>> find_backends(const SessionOptions& options) {
  std::vector<FoundBackend> found;
  for (BackendEntry entry : linked_backends()) found.push_back({entry(), entry()->name});
  auto known = [&](const std::string& name) {
    return std::any_of(found.begin(), found.end(),
                       [&](const FoundBackend& b) { return b.name == name; });
  };
  for (const std::string& given : options.backend_paths) {
    std::error_code error;
    const fs::path path(given);
    std::vector<fs::path> libraries{path};
    if (fs::is_directory(path, error))
      libraries = libraries_in(path);
    else if (!fs::exists(path, error))
      return io_error("backend library ", given, " does not exist");
    else if (backend_name(path).empty())
      return invalid(given, ": a backend library is called ", kPrefix, "<name>.so");
    for (const fs::path& library : libraries) {
      if (known(backend_name(library))) continue;
      OARLOCK_ASSIGN(const Backend* backend, load_library(library));
      found.push_back({backend, backend->name});
    }
  }
  const fs::path own = own_folder();
  for (const fs::path& folder : {own, own / "oarlock"}) {
    for (const fs::path& library : libraries_in(folder)) {
      if (known(backend_name(library))) continue;
      Result<const Backend*> backend = load_library(library);
      if (backend.ok())
        found.push_back({*backend, (*backend)->name});
      else
        found.push_back({nullptr, backend_name(library), {}, backend.status()});
    }
  }
  return found;
}

PlacedDevice place(const DevicePtr& device, const Backend* backend) {
  PlacedDevice placed{device, backend, {}};
  if (backend->kernels != nullptr)
    for (const KernelDef& kernel : backend->kernels()) placed.kernels[kernel.op].push_back(&kernel);
  return placed;
}

bool names(const std::string& wanted, const std::string& device) {
  return device == wanted || (device.starts_with(wanted) && device[wanted.size()] == ':');
}

bool names(const std::string& wanted, const DeviceInfo& info) {
  return names(wanted, info.name) ||
         std::any_of(info.aliases.begin(), info.aliases.end(),
                     [&](const std::string& alias) { return names(wanted, alias); });
}

}  // namespace

Result<DeviceTable> open_devices(const SessionOptions& options) {
  OARLOCK_ASSIGN(std::vector<FoundBackend> backends, find_backends(options));
  const DeviceOptions device_options{options.threads, options.settings};
  DeviceTable table;
  table.ops = registered_ops();
  OARLOCK_ASSIGN(const Fallback fallback, fallback_of(options));
  std::vector<std::string> wanted = options.devices;
  if (wanted.empty()) wanted.push_back("cpu");
  for (const std::string& name : wanted) {
    if (name == "reference") break;
    bool found = false;
    Status why;
    for (FoundBackend& b : backends) {
      if (!names(b.name, name)) continue;
      open_backend(b, device_options);
      why = b.status;
      for (const DevicePtr& device : b.devices) {
        if (found || !names(name, device->info())) continue;
        table.devices.push_back(place(device, b.backend));
        if (b.backend->ops != nullptr) table.ops.add(b.backend->ops());
        found = true;
      }
    }
    if (found) continue;
    if (why.code() == Code::invalid) return why.within(concat("device '", name, "'"));
    if (options.devices.empty())
      continue;  // no CPU backend in this build: the reference device serves
    if (!why.ok() && fallback != Fallback::off && wanted.size() > 1) {
      warn(fallback, concat("the session goes without device '", name, "': ", why.message()));
      continue;
    }
    std::string present;
    for (FoundBackend& b : backends) {
      open_backend(b, device_options);
      for (const DevicePtr& device : b.devices) present += device->info().name + ", ";
    }
    if (!why.ok()) return unavailable("device '", name, "': ", why.message());
    return unavailable("there is no device '", name, "'; present are: ", present, "reference");
  }
  table.devices.push_back({make_reference_device(), nullptr, {}});
  return table;
}

DeviceListing list_devices(const SessionOptions& options) {
  DeviceListing listing;
  Result<std::vector<FoundBackend>> backends = find_backends(options);
  if (!backends.ok()) {
    listing.unavailable.push_back(backends.status().message());
    backends = std::vector<FoundBackend>();
  }
  for (FoundBackend& b : *backends) {
    open_backend(b, {options.threads, options.settings});
    for (const DevicePtr& device : b.devices)
      listing.devices.push_back(
          {device->info().name, device->info().description, device->info().details});
    if (!b.status.ok()) listing.unavailable.push_back(concat(b.name, ": ", b.status.message()));
  }
  const DevicePtr reference = make_reference_device();
  listing.devices.push_back({reference->info().name, reference->info().description, {}});
  return listing;
}

Result<std::vector<OperatorSummary>> list_operators(const SessionOptions& options) {
  OARLOCK_ASSIGN(const std::vector<FoundBackend> backends, find_backends(options));
  OpRegistry ops = registered_ops();
  for (const FoundBackend& b : backends)
    if (b.backend != nullptr && b.backend->ops != nullptr) ops.add(b.backend->ops());
  std::vector<OperatorSummary> list;
  for (const OpDef* def : ops.all()) {
    list.push_back({def->domain, def->name, def->since_version, def->reference == nullptr, {}});
    for (const FoundBackend& b : backends) {
      if (b.backend == nullptr || b.backend->kernels == nullptr) continue;
      const auto kernels = b.backend->kernels();
      const std::string name = def->domain.empty() ? def->name : def->domain + "." + def->name;
      if (std::any_of(kernels.begin(), kernels.end(),
                      [&](const KernelDef& kernel) { return kernel.op == name; }))
        list.back().backends.push_back(b.name);
    }
  }
  return list;
}

}  // namespace oarlock
