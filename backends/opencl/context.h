#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "backends/opencl/platform.h"
#include "backends/opencl/program.h"
#include "oarlock/plugin/cache_folder.h"

namespace oarlock::opencl {

// The context of one device and the programs compiled in it, shared by all sessions of the process
// and kept until its end. Thread-safe.
class Context {
 public:
  // Made on first use.
  static Result<Context*> of(const FoundDevice& device);

  const cl::Context& handle() const { return context_; }
  // Compiled before, from the store, or from source. A second thread that wants the same program
  // waits for the first.
  Result<cl::Program> program(const ProgramSource& source, const CacheFolder& store);
  // Stores the binaries of the programs that were built from source since the last call. For some
  // drivers this takes seconds, so it is done when a session ends, not before its first result.
  void keep_binaries();

 private:
  explicit Context(FoundDevice device) : device_(std::move(device)) {}
  Result<cl::Program> make(const ProgramSource& source, const CacheFolder& store);

  struct Built {
    std::string key;
    cl::Program program;
    CacheFolder store;
  };

  FoundDevice device_;
  cl::Context context_;
  std::mutex mutex_;
  std::map<std::string, cl::Program> programs_;  // by text and options
  std::vector<Built> built_;                     // not stored yet
};

}  // namespace oarlock::opencl
