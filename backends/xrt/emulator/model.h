#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "backends/xrt/emulator/emulator.h"
#include "backends/xrt/emulator/memory.h"
#include "backends/xrt/emulator/worker_process.h"
#include "ert.h"
#include "xclbin.h"
#include "xrt.h"

namespace oarlock::xrt_emulator {

// What is to fail, and after how many successes.
class Faults {
 public:
  bool inject(const std::string& what, int after);
  // Whether an operation of this kind fails now. Counts it.
  bool strikes(const char* what);
  bool lost() const { return lost_; }

 private:
  std::string what_;
  int after_ = 0;
  bool lost_ = false;
};

// The emulated card: memory, buffers, compute units, commands. Functions throw std::exception as a
// driver does. Thread-safe.
class Model {
 public:
  explicit Model(std::string worker_program) : worker_program_(std::move(worker_program)) {}

  void load(const axlf* xclbin);
  // A compute unit is in use from the one to the other. Where the environment variable
  // OARLOCK_XRT_ONE_CARD names a file, processes with the same one share a card, of which one
  // process uses compute units at a time; another is refused with EBUSY.
  void open_context();
  void close_context();
  unsigned allocate(void* memory, size_t size, unsigned flags);
  void release(unsigned bo);
  void* map(unsigned bo);
  void sync(unsigned bo, xclBOSyncDirection direction, size_t size, size_t at);
  void copy(unsigned to, unsigned from, size_t size, size_t to_at, size_t from_at);
  void describe(unsigned bo, xclBOProperties* properties);
  // Takes a command that lies in a buffer.
  void execute(unsigned bo);
  // 1 when commands have ended since the last call, 0 after the time.
  int wait(int milliseconds);

  Counters counters();
  bool inject(const std::string& what, int after);

 private:
  struct Buffer {
    uint64_t address = 0;
    size_t size = 0;
    unsigned flags = 0;
    std::byte* host = nullptr;
    std::unique_ptr<std::byte, void (*)(void*)> own{nullptr, nullptr};
    bool on_device = false;
  };
  struct Unit {
    std::string kernel;
    bool streams = false;
  };
  using BufferPtr = std::shared_ptr<Buffer>;
  struct Running {
    BufferPtr packet;
    uint32_t unit;
  };

  void expect_present() const;
  BufferPtr find(unsigned bo);
  void start_kernel(const BufferPtr& packet);
  void end(ert_packet* packet, ert_cmd_state state);
  void abort_all();
  // Takes the lock for the pieces that need it: the process' thread must be able to report.
  void restart();
  void finished(const Finished& message);
  void worker_lost(uint64_t generation);

  const std::string worker_program_;
  std::mutex worker_mutex_;  // of starting and ending the process; taken before mutex_
  std::unique_ptr<WorkerProcess> worker_;
  std::mutex mutex_;
  std::condition_variable ended_changed_;
  std::unique_ptr<Memory> memory_;
  int kernels_ = -1;  // a descriptor
  int card_ = -1;     // a descriptor of the file that stands for the card, while it is in use
  int contexts_ = 0;
  std::vector<Unit> units_;
  std::map<unsigned, BufferPtr> buffers_;
  unsigned next_buffer_ = 1;
  std::map<uint64_t, Running> running_;
  uint64_t next_command_ = 1;
  uint64_t generation_ = 0;  // of the process
  bool worker_gone_ = false;
  bool ended_ = false;
  Counters counters_;
  Faults faults_;
};

}  // namespace oarlock::xrt_emulator
