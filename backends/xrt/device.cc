#include "backends/xrt/device.h"

#include <algorithm>
#include <cstring>
#include <set>
#include <utility>

#include "backends/xrt/failure.h"
#include "backends/xrt/profiler.h"

namespace oarlock::xrt {

namespace {

// A card has one xclbin at a time: sessions with the same one share it while one of them lives.
Result<std::shared_ptr<Card>> shared_card(unsigned index, const XclbinFile& xclbin) {
  struct Open {
    std::string path;
    std::weak_ptr<Card> card;
  };
  static auto& mutex = *new std::mutex;
  static auto& open = *new std::map<unsigned, Open>;
  const std::lock_guard lock(mutex);
  Open& entry = open[index];
  if (std::shared_ptr<Card> card = entry.card.lock()) {
    if (entry.path == xclbin.path) return card;
    return unavailable("device ", index, " is in use with ", entry.path,
                       "; close the sessions that ", "use it before one with ", xclbin.path);
  }
  OARLOCK_ASSIGN(std::shared_ptr<Card> card, Card::open(index, xclbin));
  entry = {xclbin.path, card};
  return card;
}

std::string unit_list(const XclbinFile& xclbin) {
  std::map<std::string, int> counts;
  for (const std::string& unit : xclbin.compute_units) ++counts[unit.substr(0, unit.find(':'))];
  std::string text;
  for (const auto& [name, count] : counts)
    text += concat(text.empty() ? "" : ", ", name, count > 1 ? concat(" x ", count) : "");
  return text;
}

// Tells of a transfer while it lives.
class Transfer {
 public:
  Transfer(Activity::Kind kind, uint32_t bank, size_t bytes) {
    activity_.kind = kind;
    activity_.bank = bank;
    activity_.bytes = bytes;
    if (is_heard()) activity_.start_us = now_us();
  }
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;
  ~Transfer() {
    if (activity_.start_us == 0 || !is_heard()) return;
    activity_.end_us = now_us();
    tell(activity_);
  }

 private:
  Activity activity_;
};

Result<::xrt::bo*> memory_of(const TensorRef& tensor, size_t bytes) {
  const size_t size = tensor.buffer->size();
  if (tensor.offset > size || bytes > size - tensor.offset)
    return internal_error("XRT: ", bytes, " bytes at offset ", tensor.offset,
                          " lie outside a buffer of ", size);
  return &static_cast<XrtBuffer*>(tensor.buffer)->memory();
}

}  // namespace

XrtBuffer::~XrtBuffer() {
  // A run may still be writing here. XRT's own exceptions must not leave a destructor.
  static_cast<void>(card_->wait());
  static_cast<void>(guarded("freeing a buffer", [this] { memory_ = ::xrt::bo(); }));
}

XrtDevice::XrtDevice(unsigned index, const Driver& driver, XclbinFile xclbin,
                     std::chrono::milliseconds timeout)
    : index_(index), xclbin_(std::move(xclbin)), timeout_(timeout) {
  info_.name = concat("xrt:", index);
  info_.memory = info_.name;
  info_.aliases = {concat("xrt:", driver.kind, ":", index)};
  info_.description = concat(driver.emulated        ? "EMULATED FPGA in software, no card, "
                             : driver.kind == kCard ? "FPGA card, "
                                                    : "FPGA by XRT's driver " + driver.kind + ", ",
                             xclbin_.platform, ", ", xclbin_.clock_mhz, " MHz");
  std::string banks;
  for (const XclbinFile::Bank& bank : xclbin_.banks)
    banks += concat(banks.empty() ? "" : ", ", bank.name, " ", bank.kib >> 10, " MiB");
  info_.details = {{"also called", info_.aliases.front()},
                   {"compute units", unit_list(xclbin_)},
                   {"memory banks", banks},
                   {"xclbin", xclbin_.path}};
}

size_t XrtDevice::compute_units(std::string_view kernel) const {
  return static_cast<size_t>(std::count_if(
      xclbin_.compute_units.begin(), xclbin_.compute_units.end(),
      [&](const std::string& unit) { return unit.substr(0, unit.find(':')) == kernel; }));
}

Result<std::shared_ptr<Card>> XrtDevice::card() {
  const std::lock_guard lock(mutex_);
  if (card_ == nullptr) {
    OARLOCK_ASSIGN(card_, shared_card(index_, xclbin_));
    card_->set_timeout(timeout_);
  }
  return card_;
}

Result<BufferPtr> XrtDevice::allocate(const MemoryRequest& request) {
  if (request.image) return unsupported(info_.name, ": has no images");
  OARLOCK_ASSIGN(std::shared_ptr<Card> opened, card());
  OARLOCK_ASSIGN(::xrt::bo memory, opened->tensor_memory(request.bytes));
  return BufferPtr(
      std::make_unique<XrtBuffer>(std::move(opened), std::move(memory), request.bytes));
}

Status XrtDevice::write(const TensorRef& to, std::span<const std::byte> from) {
  if (from.empty()) return {};
  OARLOCK_ASSIGN(::xrt::bo* const memory, memory_of(to, from.size()));
  OARLOCK_TRY(card_->wait_for(to.buffer));
  const Transfer transfer(Activity::Kind::write, card_->bank(), from.size());
  return guarded(concat("writing ", from.size(), " bytes"), [&] {
    std::memcpy(memory->map<std::byte*>() + to.offset, from.data(), from.size());
    memory->sync(XCL_BO_SYNC_BO_TO_DEVICE, from.size(), to.offset);
  });
}

Status XrtDevice::read(const TensorRef& from, std::span<std::byte> to) {
  if (to.empty()) return {};
  OARLOCK_ASSIGN(::xrt::bo* const memory, memory_of(from, to.size()));
  OARLOCK_TRY(card_->wait_for(from.buffer));
  const Transfer transfer(Activity::Kind::read, card_->bank(), to.size());
  return guarded(concat("reading ", to.size(), " bytes"), [&] {
    memory->sync(XCL_BO_SYNC_BO_FROM_DEVICE, to.size(), from.offset);
    std::memcpy(to.data(), memory->map<const std::byte*>() + from.offset, to.size());
  });
}

Status XrtDevice::wait(const Event& event) {
  if (event == nullptr) return {};
  OARLOCK_ASSIGN(const std::shared_ptr<Card> opened, card());
  return opened->wait();
}

Status XrtDevice::enter(const std::function<Status()>& body) {
  const Status status = body();
  std::shared_ptr<Card> opened;
  {
    const std::lock_guard lock(mutex_);
    opened = card_;
  }
  const Status rest = opened == nullptr ? Status() : opened->wait_for_own();
  return status.ok() ? rest : status;
}

Result<std::shared_ptr<::xrt::bo>> XrtDevice::constant(std::span<const float> numbers) {
  OARLOCK_ASSIGN(const std::shared_ptr<Card> opened, card());
  OARLOCK_ASSIGN(::xrt::bo memory, opened->tensor_memory(numbers.size_bytes()));
  OARLOCK_TRY(guarded("writing a table", [&] {
    std::memcpy(memory.map<float*>(), numbers.data(), numbers.size_bytes());
    memory.sync(XCL_BO_SYNC_BO_TO_DEVICE);
  }));
  return std::make_shared<::xrt::bo>(std::move(memory));
}

Result<std::shared_ptr<::xrt::bo>> XrtDevice::table(const std::string& name,
                                                    std::vector<float> (*values)()) {
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = tables_.find(name); found != tables_.end()) return found->second;
  }
  OARLOCK_ASSIGN(std::shared_ptr<::xrt::bo> table, constant(values()));
  const std::lock_guard lock(mutex_);
  return tables_.emplace(name, std::move(table)).first->second;
}

}  // namespace oarlock::xrt
