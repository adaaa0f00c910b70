// Runs the kernels of the emulated device, in a process of its own so that one that crashes or
// hangs takes nothing else with it. Ends when the device closes its side of the socket.
#include <dlfcn.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstring>
#include <deque>
#include <map>
#include <mutex>
#include <sstream>
#include <string>
#include <thread>

#include "backends/xrt/emulator/protocol.h"
#include "kernels/fpga/table.h"

namespace oarlock::xrt_emulator {

namespace {

using kernels::fpga::Cost;
using kernels::fpga::Kernel;
using kernels::fpga::Table;

struct Memory {
  std::byte* begin = nullptr;
  uint64_t size = 0;
};

uint64_t pointer_at(const Start& start, uint32_t i) {
  uint64_t value = 0;
  std::memcpy(&value, start.registers.data() + pointer_register(i), sizeof value);
  return value;
}

// The streams between compute units, in the order of the table's connections.
using Streams = std::deque<fpga_stream>;

// The stream at this argument of a kernel; null when it is joined to nothing.
fpga_stream* stream_at(const Table& table, Streams& streams, const std::string& argument) {
  for (uint32_t i = 0; i < table.connection_count; ++i)
    if (argument == table.connections[i].from || argument == table.connections[i].to)
      return &streams[i];
  return nullptr;
}

Finished run(const Table& table, const Memory& memory, Streams& streams, const Start& start) {
  Finished done{};
  done.command = start.command;
  done.outcome = Outcome::unknown_kernel;
  for (uint32_t i = 0; i < table.count; ++i) {
    const Kernel& kernel = table.kernels[i];
    if (std::strncmp(kernel.name, start.kernel, sizeof start.kernel) != 0) continue;
    if (kernel.tensors > kMostTensors || kernel.streams > kMostStreams) return done;
    void* pointers[kMostTensors + 1];
    int offsets[kMostTensors];
    done.outcome = Outcome::outside_memory;
    for (uint32_t t = 0; t <= kernel.tensors; ++t) {
      const uint64_t address = pointer_at(start, t);
      if (address >= memory.size) return done;
      pointers[t] = memory.begin + address;
    }
    for (uint32_t t = 0; t < kernel.tensors; ++t)
      std::memcpy(&offsets[t], start.registers.data() + offset_register(kernel.tensors, t),
                  sizeof(int));
    done.outcome = Outcome::unknown_kernel;
    fpga_stream* ends[kMostStreams] = {};
    std::istringstream names(kernel.arguments);
    std::string name;
    for (uint32_t skipped = 0; skipped <= 2 * kernel.tensors; ++skipped) names >> name;
    for (uint32_t s = 0; s < kernel.streams; ++s) {
      names >> name;
      ends[s] = stream_at(table, streams, std::string(kernel.name) + "." + name);
      if (ends[s] == nullptr) return done;
    }
    const auto begin = std::chrono::steady_clock::now();
    kernel.call(pointers, offsets, ends);
    const auto end = std::chrono::steady_clock::now();
    Cost cost;
    kernel.cost(static_cast<const int*>(pointers[kernel.tensors]), &cost);
    const auto took = std::chrono::duration_cast<std::chrono::nanoseconds>(end - begin).count();
    done.outcome = Outcome::completed;
    done.nanoseconds = static_cast<uint32_t>(took > 0xffffffff ? 0xffffffff : took);
    done.cycles = cost.cycles;
    done.products = cost.products;
    done.read_bytes = cost.read_bytes;
    done.written_bytes = cost.written_bytes;
    return done;
  }
  return done;
}

// One compute unit: a thread that runs what it is given in order.
class ComputeUnit {
 public:
  ComputeUnit(const Table& table, const Memory& memory, Streams& streams)
      : thread_([this, &table, &memory, &streams] {
          for (;;) {
            Start start;
            {
              std::unique_lock lock(mutex_);
              changed_.wait(lock, [this] { return !queue_.empty(); });
              start = queue_.front();
              queue_.pop_front();
            }
            const Finished done = run(table, memory, streams, start);
            if (send(kSocket, &done, sizeof done, MSG_NOSIGNAL) != sizeof done) _exit(0);
          }
        }) {}
  void add(const Start& start) {
    const std::lock_guard lock(mutex_);
    queue_.push_back(start);
    changed_.notify_one();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Start> queue_;
  std::thread thread_;
};

int fail(const char* what) {
  std::fprintf(stderr, "oarlock's emulated FPGA: %s\n", what);
  return 1;
}

int serve() {
  struct stat status;
  if (fstat(kMemory, &status) != 0) return fail("is started by the emulated device only");
  Memory memory;
  memory.size = static_cast<uint64_t>(status.st_size);
  void* const mapped =
      mmap(nullptr, memory.size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, kMemory, 0);
  if (mapped == MAP_FAILED) return fail("its memory cannot be mapped");
  memory.begin = static_cast<std::byte*>(mapped);
  char path[32];
  std::snprintf(path, sizeof path, "/proc/self/fd/%d", kKernels);
  void* const library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return fail(dlerror());
  const auto entry = reinterpret_cast<const Table* (*)()>(dlsym(library, "oarlock_fpga_kernels"));
  if (entry == nullptr) return fail("the xclbin holds no kernels for the host");
  const Table& table = *entry();
  if (table.version != kernels::fpga::kTableVersion)
    return fail("the kernels were built for another version of kernels/fpga/table.h");
  const Finished ready{};
  if (send(kSocket, &ready, sizeof ready, MSG_NOSIGNAL) != sizeof ready) return 1;
  // Units are never taken down: the process ends with all of them.
  static auto& units = *new std::map<uint32_t, ComputeUnit>;
  static auto& streams = *new Streams(table.connection_count);
  Start start;
  while (recv(kSocket, &start, sizeof start, 0) == sizeof start) {
    start.kernel[sizeof start.kernel - 1] = '\0';
    units.try_emplace(start.compute_unit, table, memory, streams).first->second.add(start);
  }
  _exit(0);
}

}  // namespace
}  // namespace oarlock::xrt_emulator

int main() { return oarlock::xrt_emulator::serve(); }
