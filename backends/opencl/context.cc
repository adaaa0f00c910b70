#include "backends/opencl/context.h"

#include <memory>
#include <vector>

namespace oarlock::opencl {

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
  return (contexts[device.device()] = std::move(made)).get();
}

Result<cl::Program> Context::program(const ProgramSource& source, const BinaryStore& store) {
  const std::string key = source.options + "\n" + source.text;
  const std::lock_guard lock(mutex_);
  if (const auto known = programs_.find(key); known != programs_.end()) return known->second;
  OARLOCK_ASSIGN(cl::Program program, make(source, store));
  programs_[key] = program;
  return program;
}

Result<cl::Program> Context::make(const ProgramSource& source, const BinaryStore& store) {
  // PoCL caches what it compiles by itself, and needs seconds to hand out a binary.
  if (!store.enabled() || (device_.is_pocl() && !store.explicitly()))
    return build_from_source(context_, device_.device, source);
  const std::string key = concat(device_.identity(), "\n", source.options, "\n", source.text);
  if (const auto binary = store.load(key)) {
    Result<cl::Program> program =
        build_from_binary(context_, device_.device, *binary, source.options);
    if (program.ok()) return program;
  }
  OARLOCK_ASSIGN(cl::Program program, build_from_source(context_, device_.device, source));
  if (const Result<std::vector<unsigned char>> binary = binary_of(program); binary.ok())
    store.save(key, *binary);
  return program;
}

}  // namespace oarlock::opencl
