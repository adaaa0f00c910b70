#include "backends/cpu/device.h"

#include <tbb/global_control.h>
#include <tbb/info.h>
#include <tbb/parallel_for.h>
#include <tbb/partitioner.h>
#include <tbb/task_arena.h>
#include <tbb/task_group.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <utility>

#include "backends/cpu/available_threads.h"
#include "backends/cpu/flush_denormals.h"
#include "backends/cpu/processor.h"
#include "backends/cpu/team.h"
#include "kernels/cpu/instruction_set.h"
#include "kernels/cpu/source_hash.h"

namespace oarlock::cpu {

namespace {

// Parts per thread: more even out unequal speeds, fewer cost less.
constexpr int64_t kPartsPerThread = 4;

// Where part i of a thread's share of the work begins, as a fraction of kShare: later parts are the
// smaller ones, so that threads of unequal speed end together.
constexpr int64_t kShare = 8;
constexpr int64_t kPartBegin[kPartsPerThread + 1] = {0, 4, 6, 7, kShare};

// Slots of the arena for threads that run, beside those of helpers.
constexpr int kConcurrentRuns = 64;

// The run that this thread carries out, if any.
struct CurrentRun {
  const CpuDevice* device = nullptr;
  Team* team = nullptr;
};
thread_local CurrentRun current_run;

// While it lives, this thread carries out a run.
class InRun {
 public:
  InRun(const CpuDevice* device, Team* team) : outer_(std::exchange(current_run, {device, team})) {}
  ~InRun() { current_run = outer_; }
  InRun(const InRun&) = delete;
  InRun& operator=(const InRun&) = delete;

 private:
  CurrentRun outer_;
};

// The environment variable OARLOCK_CPU, read once, limits the process to an instruction set.
Status limit_from_environment() {
  static const Status status = []() -> Status {
    const char* name = std::getenv("OARLOCK_CPU");
    if (name == nullptr || *name == '\0' || kernels::cpu::limit_instruction_set(name)) return {};
    return invalid("the environment variable OARLOCK_CPU is ", name, "; this machine has ",
                   kernels::cpu::instruction_set_names());
  }();
  return status;
}

// Whether sums are asked for as the model has them.
Result<bool> exact_setting(const DeviceOptions& options) {
  const auto setting = options.settings.find("exact");
  if (setting == options.settings.end() || setting->second == "false") return false;
  if (setting->second == "true") return true;
  return invalid("the setting exact is true or false, not '", setting->second, "'");
}

}  // namespace

struct CpuDevice::Arena {
  // oneTBB makes no more threads than processors unless told to.
  std::optional<tbb::global_control> more_threads;
  mutable tbb::task_arena arena;

  explicit Arena(int threads) : arena(threads - 1 + kConcurrentRuns, kConcurrentRuns) {
    if (threads > tbb::info::default_concurrency()) {
      more_threads.emplace(tbb::global_control::max_allowed_parallelism, threads);
    }
  }
};

Result<DevicePtr> CpuDevice::open(const DeviceOptions& options) {
  if (!kernels::cpu::instruction_set_supported()) {
    return unavailable(
        "device cpu: this processor lacks SSE4.2, which the kernels need; use device reference");
  }
  OARLOCK_TRY(limit_from_environment());
  constexpr int kMostThreads = 4096;
  static_assert(kMostThreads * kPartsPerThread <= Team::kMostParts);
  if (options.threads < 0 || options.threads > kMostThreads) {
    return invalid("threads must be between 0 (automatic) and ", kMostThreads, ", but is ",
                   options.threads);
  }
  const int threads = options.threads > 0 ? options.threads : available_threads();
  OARLOCK_ASSIGN(const bool exact, exact_setting(options));
  return DevicePtr(new CpuDevice(threads, exact, CacheFolder::from(options.settings, "cpu")));
}

CpuDevice::CpuDevice(int threads, bool exact, CacheFolder cache)
    : threads_(threads),
      exact_(exact),
      // Candidates of sessions with exact sums are others.
      tuning_(std::move(cache), tuning_identity() + (exact ? "\nexact" : "")),
      arena_(std::make_unique<Arena>(threads)) {
  info_.name = "cpu";
  const char* set = kernels::cpu::instruction_set_name();
  info_.description =
      concat(processor().name, ", ", threads, threads == 1 ? " thread, " : " threads, ", set);
  info_.alignment = Memory::kAlignment;
  info_.details = {{"threads", std::to_string(threads)},
                   {"instruction set", set},
                   {"tuning", "algorithms and blocks of convolutions and products (oarlock tune)"}};
}

std::string CpuDevice::packing() const {
  return concat(kernels::cpu::instruction_set_name(), " ", kernels::cpu::source_hash());
}

Result<BufferPtr> CpuDevice::allocate(const MemoryRequest& request) {
  if (request.image) return unsupported("device cpu has no images");
  BufferPtr buffer = memory_.allocate(request.bytes);
  if (!buffer) return out_of_memory("device cpu: cannot allocate ", request.bytes, " bytes");
  return buffer;
}

Result<BufferPtr> CpuDevice::wrap(std::span<std::byte> memory) {
  return BufferPtr(std::make_unique<HostView>(memory));
}

Status CpuDevice::write(const TensorRef& to, std::span<const std::byte> from) {
  if (!from.empty()) std::memmove(to.data(), from.data(), from.size());
  return {};
}

Status CpuDevice::read(const TensorRef& from, std::span<std::byte> to) {
  if (!to.empty()) std::memmove(to.data(), from.data(), to.size());
  return {};
}

// A team and the tasks in which its helpers are; they may stay for a moment after a run.
class CpuDevice::Crew {
 public:
  Crew(int threads, tbb::task_arena& arena) : team(threads), arena_(arena) {}
  ~Crew() {
    arena_.execute([&] { tasks_.wait(); });
  }
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;

  // Inside the arena; team.end_run() is due afterwards, also where this fails.
  void begin_run() {
    for (int missing = team.begin_run(); missing > 0; --missing) {
      tasks_.run([this] {
        const FlushDenormals flush;
        team.help();
      });
    }
  }

  Team team;

 private:
  tbb::task_arena& arena_;
  tbb::task_group tasks_;
};

CpuDevice::~CpuDevice() = default;

// A crew for the time of a run.
class CpuDevice::Borrowed {
 public:
  explicit Borrowed(CpuDevice& device) : device_(device) {
    const std::lock_guard lock(device.mutex_);
    if (device.idle_crews_.empty()) {
      // Room for its return, which must not fail.
      device.idle_crews_.reserve(device.crews_ + 1);
      crew_ = std::make_unique<Crew>(device.threads_, device.arena_->arena);
      ++device.crews_;
    } else {
      crew_ = std::move(device.idle_crews_.back());
      device.idle_crews_.pop_back();
    }
  }
  ~Borrowed() {
    crew_->team.end_run();
    const std::lock_guard lock(device_.mutex_);
    device_.idle_crews_.push_back(std::move(crew_));
  }
  Borrowed(const Borrowed&) = delete;
  Borrowed& operator=(const Borrowed&) = delete;

  Crew* operator->() { return crew_.get(); }

 private:
  CpuDevice& device_;
  std::unique_ptr<Crew> crew_;
};

Status CpuDevice::enter(const std::function<Status()>& body) {
  if (threads_ == 1) {
    const FlushDenormals flush;
    return body();
  }
  Status status;
  arena_->arena.execute([&] {
    Borrowed crew(*this);
    crew->begin_run();
    const FlushDenormals flush;
    const InRun in_run(this, &crew->team);
    status = body();
  });
  return status;
}

void CpuDevice::run_parts(int64_t units, int64_t grain, const void* body,
                          PartFunction function) const {
  if (units <= 0) return;
  const int64_t least = std::max<int64_t>(grain, 1);
  const int64_t most = std::max<int64_t>(units / least, 1);
  const int64_t parts = threads_ == 1 ? 1 : std::min(most, threads_ * kPartsPerThread);
  struct Work {
    int64_t units, parts, shares;  // shares: 0 where parts are equal
    const void* body;
    PartFunction function;

    int64_t begin(int64_t part) const {
      if (shares == 0) return units * part / parts;
      const int64_t share = part / kPartsPerThread;
      const int64_t first = units * share / shares, last = units * (share + 1) / shares;
      return first + (last - first) * kPartBegin[part % kPartsPerThread] / kShare;
    }
    void run(int64_t part, int slot) const { function(body, begin(part), begin(part + 1), slot); }
  };
  const bool tapered = threads_ > 1 && most >= threads_ * kShare;
  const Work work = {units, parts, tapered ? threads_ : 0, body, function};
  if (parts == 1) {
    const FlushDenormals flush;
    work.run(0, 0);
    return;
  }
  if (current_run.device == this && current_run.team != nullptr) {
    // Parts that start work of their own find no team.
    Team* const team = std::exchange(current_run.team, nullptr);
    team->run(parts, &work, [](const void* w, int64_t part, int slot) {
      static_cast<const Work*>(w)->run(part, slot);
    });
    current_run.team = team;
    return;
  }
  // Outside a run, as when constants are packed.
  std::atomic<int64_t> next = 0;
  const auto take_parts = [&](int slot) {
    const FlushDenormals flush;
    for (int64_t part; (part = next.fetch_add(1, std::memory_order_relaxed)) < parts;) {
      work.run(part, slot);
    }
  };
  const int takers = static_cast<int>(std::min<int64_t>(threads_, parts));
  arena_->arena.execute(
      [&] { tbb::parallel_for(0, takers, 1, take_parts, tbb::static_partitioner()); });
}

}  // namespace oarlock::cpu
