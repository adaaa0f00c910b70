#include "tools/fpga/listener.h"

#include <dlfcn.h>
#include <link.h>

#include <utility>

#include "backends/xrt/profiler.h"

namespace oarlock::fpga {

namespace {

// The library of the backend, where it is one of its own.
int find_backend(dl_phdr_info* info, size_t, void* found) {
  const std::string name = info->dlpi_name;
  if (!name.ends_with("liboarlock_backend_xrt.so")) return 0;
  *static_cast<std::string*>(found) = name;
  return 1;
}

const xrt::Profiler* find_profiler() {
  std::string path;
  dl_iterate_phdr(find_backend, &path);
  void* const library =
      path.empty() ? RTLD_DEFAULT : dlopen(path.c_str(), RTLD_NOW | RTLD_NOLOAD | RTLD_LOCAL);
  const auto entry =
      reinterpret_cast<decltype(&oarlock_xrt_profiler)>(dlsym(library, "oarlock_xrt_profiler"));
  if (entry == nullptr || entry()->version != xrt::kProfilerVersion) return nullptr;
  return entry();
}

}  // namespace

std::unique_ptr<Listener> Listener::start() {
  const xrt::Profiler* const profiler = find_profiler();
  if (profiler == nullptr) return nullptr;
  std::unique_ptr<Listener> listener(new Listener);
  profiler->listen(
      [](const xrt::Activity& a, void* context) {
        auto& self = *static_cast<Listener*>(context);
        const std::lock_guard lock(self.mutex_);
        if (a.kind == xrt::Activity::Kind::run)
          self.heard_.runs.push_back({a.kernel,
                                      a.unit,
                                      a.units,
                                      a.start_us,
                                      a.end_us,
                                      {a.parameters, a.parameters + a.words},
                                      a.bank,
                                      a.parameter_bank,
                                      a.cost});
        else
          self.heard_.transfers.push_back(
              {a.kind == xrt::Activity::Kind::write, a.start_us, a.end_us, a.bytes, a.bank});
      },
      listener.get());
  return listener;
}

Listener::~Listener() {
  if (const xrt::Profiler* const profiler = find_profiler()) profiler->listen(nullptr, nullptr);
}

Layer Listener::take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(heard_, Layer());
}

Result<std::vector<Layer>> measure(const Model& model, std::span<const Value> inputs) {
  SessionOptions options;
  options.devices = {"xrt:emulated", "cpu"};
  options.settings["fallback"] = "off";
  OARLOCK_ASSIGN(Session session, Session::open(model, options));
  std::vector<Value> outputs(session.outputs().size());
  OARLOCK_TRY(session.run(inputs, outputs));
  const std::unique_ptr<Listener> listener = Listener::start();
  if (listener == nullptr) return unavailable("the backend xrt does not tell of its runs");
  std::vector<Layer> layers;
  RunOptions how;
  how.profile = [&](const StepRecord& record) {
    Layer layer = listener->take();
    if (layer.runs.empty()) return;
    layer.name = record.name;
    layer.op = record.op;
    layers.push_back(std::move(layer));
  };
  OARLOCK_TRY(session.run(inputs, outputs, how));
  return layers;
}

}  // namespace oarlock::fpga
