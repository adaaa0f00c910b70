#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "backends/xrt/emulator/protocol.h"

namespace oarlock::xrt_emulator {

// The process that runs kernels, and a thread that hears from it. Thread-safe.
class WorkerProcess {
 public:
  // `finished` is called from that thread; `lost` once when the process is gone, unless stopped.
  // Throws std::runtime_error.
  WorkerProcess(const std::string& program, int memory, int kernels,
                std::function<void(const Finished&)> finished, std::function<void()> lost);
  // Ends the process, whatever it is doing.
  ~WorkerProcess();
  WorkerProcess(const WorkerProcess&) = delete;
  WorkerProcess& operator=(const WorkerProcess&) = delete;

  // False when the process is gone.
  bool start(const Start& start);
  // Ends the process as a fault in a kernel would.
  void crash();

 private:
  int socket_ = -1;
  pid_t process_ = -1;
  std::thread listener_;
};

}  // namespace oarlock::xrt_emulator
