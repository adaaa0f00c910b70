#include "backends/xrt/card.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <set>

#include "backends/xrt/failure.h"
#include "backends/xrt/profiler.h"
#include "kernels/fpga/convert.h"
#include "kernels/fpga/table.h"

namespace oarlock::xrt {

namespace {

std::string state_name(ert_cmd_state state) {
  switch (state) {
    case ERT_CMD_STATE_TIMEOUT:
      return "did not end in time";
    case ERT_CMD_STATE_ABORT:
      return "was ended";
    default:
      return concat("failed (state ", static_cast<int>(state), ")");
  }
}

std::string joined(const std::vector<std::string>& words) {
  std::string all;
  for (const std::string& word : words) all += (all.empty() ? "" : " ") + word;
  return all;
}

}  // namespace

Result<std::shared_ptr<Card>> Card::open(unsigned index, const XclbinFile& xclbin) {
  std::shared_ptr<Card> card(new Card);
  OARLOCK_TRY(card->load(index, xclbin));
  OARLOCK_TRY(card->check_that_it_computes());
  return card;
}

Card::~Card() {
  const std::lock_guard lock(mutex_);
  static_cast<void>(finish());
}

Status Card::load(unsigned index, const XclbinFile& xclbin) {
  return guarded(concat("opening device ", index, " with ", xclbin.path), [&]() -> Status {
    device_ = ::xrt::device(index);
    const ::xrt::xclbin loaded(xclbin.path);
    const ::xrt::uuid uuid = device_.load_xclbin(loaded);
    OARLOCK_TRY(find_kernels(loaded).within(xclbin.path));
    for (auto& [name, kernel] : kernels_)
      for (const std::string& unit : kernel.unit_names)
        kernel.units.emplace_back(device_, uuid, concat(name, ":{", unit, "}"));
    std::set<int> tensors, parameters;
    for (auto& [name, kernel] : kernels_) {
      for (const ::xrt::kernel& unit : kernel.units) {
        for (size_t i = 0; i < kernel.tensors(); ++i)
          tensors.insert(unit.group_id(static_cast<int>(i)));
        parameters.insert(unit.group_id(static_cast<int>(kernel.tensors())));
      }
    }
    if (tensors.size() != 1 || parameters.size() != 1)
      return invalid(xclbin.path, " connects tensors to ", tensors.size(),
                     " groups of memory banks and parameter blocks to ", parameters.size(),
                     "; link all tensors to one group, and all parameter blocks");
    tensors_ = static_cast<::xrt::memory_group>(*tensors.begin());
    parameters_ = static_cast<::xrt::memory_group>(*parameters.begin());
    OARLOCK_ASSIGN(nothing_, tensor_memory(4096));
    return {};
  });
}

Status Card::find_kernels(const ::xrt::xclbin& xclbin) {
  struct Present {
    std::string arguments;
    std::vector<std::string> units;
  };
  std::map<std::string, Present> present;
  for (const ::xrt::xclbin::kernel& kernel : xclbin.get_kernels()) {
    std::vector<std::string> names;
    for (const ::xrt::xclbin::arg& argument : kernel.get_args())
      names.push_back(argument.get_name());
    std::vector<std::string> units;
    for (const ::xrt::xclbin::ip& unit : kernel.get_cus()) {
      const std::string name = unit.get_name();  // "oarlock_gemm:oarlock_gemm_1"
      units.push_back(name.substr(name.find(':') + 1));
    }
    present[kernel.get_name()] = {joined(names), std::move(units)};
  }
  const kernels::fpga::Table& expected = *oarlock_fpga_kernels();
  for (uint32_t i = 0; i < expected.count; ++i) {
    const kernels::fpga::Kernel& kernel = expected.kernels[i];
    const auto found = present.find(kernel.name);
    if (found == present.end())
      return invalid("it lacks the kernel ", kernel.name, "; build it from this version's kernels");
    if (found->second.arguments != kernel.arguments)
      return invalid("its kernel ", kernel.name, " takes (", found->second.arguments, "), not (",
                     kernel.arguments, "); build it from this version's kernels");
    if (found->second.units.empty())
      return invalid("its kernel ", kernel.name, " has no compute unit; link one");
    kernels_[kernel.name] = {kernel.name, {}, found->second.units, &kernel};
  }
  return {};
}

// A driver may accept runs and compute nothing, as XRT's noop does.
Status Card::check_that_it_computes() {
  constexpr int kCount = 64;
  OARLOCK_ASSIGN(const KernelOnCard* const convert, kernel("convert"));
  OARLOCK_ASSIGN(::xrt::bo x, tensor_memory(kCount));
  OARLOCK_ASSIGN(::xrt::bo y, tensor_memory(kCount * sizeof(float)));
  OARLOCK_ASSIGN(::xrt::bo parameters, parameter_memory(CONVERT_WORDS * sizeof(int)));
  return guarded("a first run", [&]() -> Status {
    auto* const from = x.map<unsigned char*>();
    for (int i = 0; i < kCount; ++i) from[i] = static_cast<unsigned char>(i + 1);
    auto* const words = parameters.map<int*>();
    words[CONVERT_COUNT] = kCount;
    words[CONVERT_SIGNED] = words[CONVERT_SCALES] = 0;
    x.sync(XCL_BO_SYNC_BO_TO_DEVICE);
    parameters.sync(XCL_BO_SYNC_BO_TO_DEVICE);
    RunGroup group;
    group.places = {{convert, 0}};
    group.runs.emplace_back(group.unit_of(0));
    group.parameters.emplace_back(words, words + CONVERT_WORDS);
    ::xrt::run& run = group.runs.back();
    run.set_arg(0, x);
    run.set_arg(1, nothing_);
    run.set_arg(2, y);
    run.set_arg(3, parameters);
    for (int i = 4; i < 7; ++i) run.set_arg(i, 0);
    OARLOCK_TRY(start(group, [] { return Status(); }));
    OARLOCK_TRY(wait());
    y.sync(XCL_BO_SYNC_BO_FROM_DEVICE);
    const auto* const to = y.map<const float*>();
    for (int i = 0; i < kCount; ++i)
      if (to[i] != static_cast<float>(i + 1))
        return unavailable(
            "XRT ran a kernel and nothing was computed; is its driver noop, or one that only "
            "traces? Unset XILINX_XRT to use the emulated device");
    return {};
  });
}

Result<const KernelOnCard*> Card::kernel(const std::string& name) const {
  const auto found = kernels_.find("oarlock_" + name);
  if (found == kernels_.end()) return unavailable("the xclbin lacks the kernel oarlock_", name);
  return &found->second;
}

Result<::xrt::bo> Card::memory(size_t bytes, ::xrt::memory_group group) {
  constexpr size_t kPage = 4096;
  if (bytes > SIZE_MAX - kPage) return out_of_memory("XRT: a buffer of ", bytes, " bytes");
  // XRT allocates the host's side by pages.
  const size_t pages = std::max<size_t>((bytes + kPage - 1) / kPage, 1);
  return guarded(concat("a buffer of ", bytes, " bytes"),
                 [&]() -> Result<::xrt::bo> { return ::xrt::bo(device_, pages * kPage, group); });
}

Status Card::begin(RunGroup& group) {
  started_ = 0;
  outstanding_ = &group;
  {
    const std::lock_guard lock(state_mutex_);
    starter_ = std::this_thread::get_id();
    in_use_ = &group;
  }
  started_us_ = now_us();
  Status status = guarded("starting a kernel", [&] {
    for (; started_ < group.runs.size(); ++started_) group.runs[started_].start();
  });
  group.failed = group.failed || !status.ok();
  return status;
}

void Card::tell_of_run(size_t i) const {
  const RunGroup& group = *outstanding_;
  Activity activity;
  activity.start_us = started_us_;
  activity.end_us = now_us();
  activity.bank = bank();
  const KernelOnCard& kernel = *group.places[i].kernel;
  activity.kernel = kernel.name.c_str();
  activity.units = static_cast<uint32_t>(kernel.units.size());
  activity.unit = static_cast<uint32_t>(group.places[i].unit);
  activity.parameters = group.parameters[i].data();
  activity.words = static_cast<uint32_t>(group.parameters[i].size());
  activity.parameter_bank = static_cast<uint32_t>(parameters_);
  kernel.description->cost(activity.parameters, &activity.cost);
  tell(activity);
}

Status Card::finish() {
  Status status;
  for (size_t i = 0; outstanding_ != nullptr && i < started_; ++i) {
    ::xrt::run& run = outstanding_->runs[i];
    const Status each = guarded("waiting for a kernel", [&]() -> Status {
      // Without one of its kernels a chain waits for ever.
      const bool stalled = (!status.ok() || started_ < outstanding_->runs.size()) &&
                           outstanding_->places[i].kernel->description->streams > 0;
      ert_cmd_state state = run.wait(stalled ? std::chrono::milliseconds(1) : timeout_);
      if (state == ERT_CMD_STATE_COMPLETED) return {};
      const std::string what = state_name(state);
      if (state == ERT_CMD_STATE_TIMEOUT) run.abort();
      return unavailable("a kernel on the FPGA ", what,
                         "; run again, or leave its device out of the session");
    });
    if (status.ok()) status = each;
    if (is_heard()) tell_of_run(i);
  }
  if (!status.ok()) outstanding_->failed = true;
  outstanding_ = nullptr;
  {
    const std::lock_guard lock(state_mutex_);
    in_use_ = nullptr;
    if (!status.ok()) failures_[starter_] = status;
  }
  return own_failure();
}

Status Card::own_failure() {
  const std::lock_guard lock(state_mutex_);
  const auto own = failures_.find(std::this_thread::get_id());
  if (own == failures_.end()) return {};
  Status status = std::move(own->second);
  failures_.erase(own);
  return status;
}

Status Card::wait() {
  const std::lock_guard lock(mutex_);
  return finish();
}

Status Card::wait_for(const void* buffer) {
  {
    const std::lock_guard lock(state_mutex_);
    if (in_use_ == nullptr || std::find(in_use_->buffers.begin(), in_use_->buffers.end(), buffer) ==
                                  in_use_->buffers.end())
      return {};
  }
  return wait();
}

Status Card::wait_for_own() {
  {
    const std::lock_guard lock(state_mutex_);
    const std::thread::id self = std::this_thread::get_id();
    const bool waits = in_use_ != nullptr && starter_ == self;
    if (!waits && failures_.find(self) == failures_.end()) return {};
  }
  return wait();
}

}  // namespace oarlock::xrt
