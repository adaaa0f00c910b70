#include "backends/opencl/context.h"

#include <atomic>
#include <cstdlib>
#include <memory>
#include <utility>

namespace oarlock::opencl {

namespace {

// Whether the process is ending, when drivers may be gone in part.
std::atomic<bool> exiting = false;

}  // namespace

Result<Context*> Context::of(const FoundDevice& device) {
  // Never destroyed: drivers end their threads before static objects go.
  static auto& mutex = *new std::mutex;
  static auto& contexts = *new std::map<cl_device_id, std::unique_ptr<Context>>;
  const std::lock_guard lock(mutex);
  if (const auto known = contexts.find(device.device()); known != contexts.end())
    return known->second.get();
  std::unique_ptr<Context> made(new Context(device));
  cl_int code = CL_SUCCESS;
  made->context_ = cl::Context(device.device, nullptr, nullptr, nullptr, &code);
  OARLOCK_TRY(check(code, concat("context on ", device.device_name)));
  // Runs before what the driver, which is loaded by now, does at the end.
  if (contexts.empty()) std::atexit([] { exiting = true; });
  return (contexts[device.device()] = std::move(made)).get();
}

Result<cl::Program> Context::program(const ProgramSource& source, const CacheFolder& store) {
  const std::string key = source.options + "\n" + source.text;
  const std::lock_guard lock(mutex_);
  if (const auto known = programs_.find(key); known != programs_.end()) return known->second;
  OARLOCK_ASSIGN(cl::Program program, make(source, store));
  programs_[key] = program;
  return program;
}

Result<cl::Program> Context::make(const ProgramSource& source, const CacheFolder& store) {
  if (!store.enabled()) return build_from_source(context_, device_.device, source);
  const std::string key = concat(device_.identity(), "\n", source.options, "\n", source.text);
  if (const auto binary = store.load(key)) {
    Result<cl::Program> program =
        build_from_binary(context_, device_.device, *binary, source.options);
    if (program.ok()) return program;
  }
  OARLOCK_ASSIGN(cl::Program program, build_from_source(context_, device_.device, source));
  built_.push_back({key, program, store});
  return program;
}

void Context::keep_binaries() {
  std::vector<Built> built;
  {
    const std::lock_guard lock(mutex_);
    built.swap(built_);
  }
  for (const Built& each : built) {
    if (exiting || !each.store.is_writable()) return;
    if (const Result<std::vector<unsigned char>> binary = binary_of(each.program); binary.ok())
      each.store.save(each.key, *binary);
  }
}

}  // namespace oarlock::opencl
