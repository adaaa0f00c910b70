#include "backends/xrt/emulator/model.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>
#include <set>
#include <span>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <utility>

namespace oarlock::xrt_emulator {

namespace {

constexpr size_t kPage = 4096;
constexpr unsigned kBankMask = 0xffffff;

[[noreturn]] void fail(const std::string& what) {
  throw std::runtime_error("emulated device: " + what);
}

std::span<const std::byte> section(const axlf* xclbin, axlf_section_kind kind, const char* name) {
  const axlf_section_header* header = xclbin::get_axlf_section(xclbin, kind);
  const uint64_t length = xclbin->m_header.m_length;
  if (header == nullptr || header->m_sectionOffset > length ||
      header->m_sectionSize > length - header->m_sectionOffset)
    fail(std::string("the xclbin has no section ") + name);
  return {reinterpret_cast<const std::byte*>(xclbin) + header->m_sectionOffset,
          header->m_sectionSize};
}

// The entries of a table that begins with a count; `first` bytes come before them.
template <class T>
std::vector<T> entries(std::span<const std::byte> bytes, size_t first) {
  int32_t count = 0;
  if (bytes.size() >= sizeof count) std::memcpy(&count, bytes.data(), sizeof count);
  if (count < 1 || bytes.size() < first ||
      static_cast<size_t>(count) > (bytes.size() - first) / sizeof(T))
    fail("a section of the xclbin is empty or cut off");
  std::vector<T> list(static_cast<size_t>(count));
  std::memcpy(list.data(), bytes.data() + first, list.size() * sizeof(T));
  return list;
}

int in_memory(std::span<const std::byte> bytes) {
  const int descriptor = memfd_create("oarlock-kernels", MFD_CLOEXEC);
  if (descriptor < 0 ||
      write(descriptor, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size()))
    fail("no memory for the kernels");
  return descriptor;
}

}  // namespace

bool Faults::inject(const std::string& what, int after) {
  static const std::set<std::string> known = {"allocation", "full", "transfer", "kernel", "crash",
                                              "hang",       "lost", "restore",  "none"};
  if (known.count(what) == 0) return false;
  if (what == "restore") lost_ = false;
  what_ = what == "restore" || what == "none" ? "" : what;
  after_ = after;
  return true;
}

bool Faults::strikes(const char* what) {
  if (lost_) return true;
  if (what_ == "full")
    return std::string_view(what) == "allocation" && (after_ <= 0 || after_-- <= 0);
  const bool loses = what_ == "lost";
  if ((what_ != what && !loses) || after_-- > 0) return false;
  what_.clear();
  lost_ = loses;
  return true;
}

void Model::expect_present() const {
  if (faults_.lost()) fail("the device is lost");
}

void Model::load(const axlf* xclbin) {
  const auto kernels = section(xclbin, BITSTREAM, "BITSTREAM");
  const auto layout = section(xclbin, IP_LAYOUT, "IP_LAYOUT");
  const auto topology = section(xclbin, MEM_TOPOLOGY, "MEM_TOPOLOGY");
  if (kernels.size() < 4 || std::memcmp(kernels.data(), "\177ELF", 4) != 0)
    fail("the xclbin was built for a card; it holds no kernels for the host");
  const auto memories = entries<mem_data>(topology, offsetof(mem_topology, m_mem_data));
  std::set<int32_t> streamed;  // entries of the layout
  for (const connection& c : entries<connection>(section(xclbin, CONNECTIVITY, "CONNECTIVITY"),
                                                 offsetof(connectivity, m_connection)))
    if (c.mem_data_index >= 0 && static_cast<size_t>(c.mem_data_index) < memories.size() &&
        memories[static_cast<size_t>(c.mem_data_index)].m_type == MEM_STREAMING_CONNECTION)
      streamed.insert(c.m_ip_layout_index);
  std::vector<std::pair<uint64_t, Unit>> units;
  int32_t index = -1;
  for (const ip_data& ip : entries<ip_data>(layout, offsetof(ip_layout, m_ip_data))) {
    ++index;
    if (ip.m_type != IP_KERNEL) continue;
    const std::string name(reinterpret_cast<const char*>(ip.m_name),
                           strnlen(reinterpret_cast<const char*>(ip.m_name), sizeof ip.m_name));
    units.push_back(
        {ip.m_base_address, {name.substr(0, name.find(':')), streamed.count(index) > 0}});
  }
  std::sort(units.begin(), units.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<Bank> banks;
  for (const mem_data& bank : memories)
    if (bank.m_type != MEM_STREAMING_CONNECTION)
      banks.push_back({bank.m_base_address, bank.m_size << 10});
  {
    const std::lock_guard lock(mutex_);
    expect_present();
    if (!buffers_.empty() && memory_) fail("an xclbin is loaded while buffers of another exist");
    memory_ = std::make_unique<Memory>(std::move(banks));
    if (kernels_ >= 0) close(kernels_);
    kernels_ = in_memory(kernels);
    units_.clear();
    for (auto& unit : units) units_.push_back(std::move(unit.second));
  }
  restart();
}

void Model::open_context() {
  const std::lock_guard lock(mutex_);
  expect_present();
  const char* const file = std::getenv("OARLOCK_XRT_ONE_CARD");
  if (contexts_ == 0 && file != nullptr && *file != '\0') {
    const int card = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (card < 0) fail(std::string("the file ") + file + " cannot be opened");
    if (flock(card, LOCK_EX | LOCK_NB) != 0) {
      close(card);
      throw std::system_error(EBUSY, std::generic_category(), "emulated device");
    }
    card_ = card;
  }
  ++contexts_;
}

void Model::close_context() {
  const std::lock_guard lock(mutex_);
  if (--contexts_ > 0 || card_ < 0) return;
  close(card_);
  card_ = -1;
}

void Model::restart() {
  const std::lock_guard worker_lock(worker_mutex_);
  worker_.reset();
  uint64_t generation = 0;
  {
    const std::lock_guard lock(mutex_);
    generation = ++generation_;
    worker_gone_ = false;
  }
  worker_ = std::make_unique<WorkerProcess>(
      worker_program_, memory_->descriptor(), kernels_,
      [this](const Finished& message) { finished(message); },
      [this, generation] { worker_lost(generation); });
}

unsigned Model::allocate(void* memory, size_t size, unsigned flags) {
  const std::lock_guard lock(mutex_);
  if (faults_.strikes("allocation")) {
    expect_present();
    throw std::bad_alloc();
  }
  auto buffer = std::make_shared<Buffer>();
  buffer->size = size;
  buffer->flags = flags;
  buffer->host = static_cast<std::byte*>(memory);
  if (memory == nullptr) {
    const size_t rounded = (std::max<size_t>(size, 1) + kPage - 1) / kPage * kPage;
    if (rounded < size) throw std::bad_alloc();
    void* own = std::aligned_alloc(kPage, rounded);
    if (own == nullptr) throw std::bad_alloc();
    std::memset(own, 0, rounded);
    buffer->own = {static_cast<std::byte*>(own), std::free};
    buffer->host = buffer->own.get();
  }
  // Commands lie in memory of the host alone.
  if ((flags & XCL_BO_FLAGS_EXECBUF) == 0) {
    if (!memory_) fail("no xclbin is loaded");
    buffer->address = memory_->allocate(flags & kBankMask, size);
    buffer->on_device = true;
  }
  buffers_[next_buffer_] = std::move(buffer);
  return next_buffer_++;
}

Model::BufferPtr Model::find(unsigned bo) {
  const auto found = buffers_.find(bo);
  if (found == buffers_.end()) fail("there is no such buffer");
  return found->second;
}

void Model::release(unsigned bo) {
  const std::lock_guard lock(mutex_);
  const BufferPtr buffer = find(bo);
  if (buffer->on_device) memory_->release(buffer->address);
  buffers_.erase(bo);
}

void* Model::map(unsigned bo) {
  const std::lock_guard lock(mutex_);
  return find(bo)->host;
}

void Model::describe(unsigned bo, xclBOProperties* properties) {
  const std::lock_guard lock(mutex_);
  const BufferPtr buffer = find(bo);
  properties->handle = bo;
  properties->flags = buffer->flags;
  properties->size = buffer->size;
  properties->paddr = buffer->address;
}

void Model::sync(unsigned bo, xclBOSyncDirection direction, size_t size, size_t at) {
  BufferPtr buffer;
  {
    const std::lock_guard lock(mutex_);
    if (faults_.strikes("transfer")) {
      expect_present();
      fail("a transfer failed");
    }
    buffer = find(bo);
    if (at > buffer->size || size > buffer->size - at) fail("a transfer outside a buffer");
    const bool to_device = direction == XCL_BO_SYNC_BO_TO_DEVICE;
    (to_device ? counters_.bytes_to_device : counters_.bytes_from_device) += size;
  }
  if (!buffer->on_device || size == 0) return;
  std::byte* const device = memory_->at(buffer->address + at);
  if (direction == XCL_BO_SYNC_BO_TO_DEVICE)
    std::memcpy(device, buffer->host + at, size);
  else
    std::memcpy(buffer->host + at, device, size);
}

void Model::copy(unsigned to, unsigned from, size_t size, size_t to_at, size_t from_at) {
  BufferPtr target, source;
  {
    const std::lock_guard lock(mutex_);
    expect_present();
    target = find(to);
    source = find(from);
  }
  if (to_at > target->size || size > target->size - to_at || from_at > source->size ||
      size > source->size - from_at)
    fail("a copy outside a buffer");
  std::memmove(memory_->at(target->address + to_at), memory_->at(source->address + from_at), size);
}

void Model::end(ert_packet* packet, ert_cmd_state state) {
  packet->state = state & 0xf;
  ended_ = true;
  ended_changed_.notify_all();
}

void Model::abort_all() {
  for (auto& [id, running] : running_)
    end(reinterpret_cast<ert_packet*>(running.packet->host), ERT_CMD_STATE_ABORT);
  running_.clear();
}

void Model::execute(unsigned bo) {
  bool aborts = false;
  bool crashes = false;
  {
    const std::lock_guard lock(mutex_);
    const BufferPtr buffer = find(bo);
    auto* const packet = reinterpret_cast<ert_packet*>(buffer->host);
    expect_present();
    if (packet->opcode == ERT_START_CU) {
      crashes = faults_.strikes("crash");
      if (!crashes && worker_gone_) aborts = true;
    } else {
      aborts = packet->opcode == ERT_ABORT;
      end(packet, ERT_CMD_STATE_COMPLETED);
      if (!aborts) return;
      abort_all();
    }
  }
  if (aborts) restart();
  const std::lock_guard worker_lock(worker_mutex_);
  BufferPtr buffer;
  {
    const std::lock_guard lock(mutex_);
    buffer = find(bo);
    if (reinterpret_cast<ert_packet*>(buffer->host)->opcode != ERT_START_CU) return;
  }
  if (crashes) worker_->crash();
  start_kernel(buffer);
}

void Model::start_kernel(const BufferPtr& buffer) {
  auto* const packet = reinterpret_cast<ert_start_kernel_cmd*>(buffer->host);
  Start start{};
  {
    const std::lock_guard lock(mutex_);
    auto* const any = reinterpret_cast<ert_packet*>(buffer->host);
    const bool fails = faults_.strikes("kernel");
    // The unit that is allowed and has the fewest runs before this one.
    size_t best = units_.size(), fewest = 0;
    for (size_t i = 0; i < std::min<size_t>(units_.size(), 32); ++i) {
      if ((packet->cu_mask >> i & 1) == 0) continue;
      const auto runs = static_cast<size_t>(std::count_if(
          running_.begin(), running_.end(), [i](const auto& r) { return r.second.unit == i; }));
      if (best < units_.size() && runs >= fewest) continue;
      best = i;
      fewest = runs;
    }
    if (best == units_.size()) return end(any, ERT_CMD_STATE_ERROR);
    if (fails && units_[best].streams) {
      // What its chain has left in the streams must not reach the next run.
      abort_all();
      worker_gone_ = true;
    }
    if (fails) return end(any, ERT_CMD_STATE_ERROR);
    start.command = next_command_++;
    start.compute_unit = static_cast<uint32_t>(best);
    units_[best].kernel.copy(start.kernel, sizeof start.kernel - 1);
    const size_t words = packet->count - 1u - packet->extra_cu_masks;
    std::memcpy(start.registers.data(), packet->data + packet->extra_cu_masks,
                std::min(words * sizeof(uint32_t), start.registers.size()));
    packet->state = ERT_CMD_STATE_RUNNING;
    running_[start.command] = {buffer, start.compute_unit};
    if (faults_.strikes("hang")) return;
  }
  if (worker_->start(start)) return;
  const std::lock_guard lock(mutex_);
  worker_gone_ = true;
  if (running_.erase(start.command) > 0)
    end(reinterpret_cast<ert_packet*>(buffer->host), ERT_CMD_STATE_ERROR);
}

void Model::finished(const Finished& message) {
  const std::lock_guard lock(mutex_);
  const auto found = running_.find(message.command);
  if (found == running_.end()) return;
  counters_.runs += 1;
  counters_.kernel_seconds += 1e-9 * message.nanoseconds;
  counters_.cycles += message.cycles;
  counters_.products += message.products;
  counters_.read_bytes += message.read_bytes;
  counters_.written_bytes += message.written_bytes;
  end(reinterpret_cast<ert_packet*>(found->second.packet->host),
      message.outcome == Outcome::completed ? ERT_CMD_STATE_COMPLETED : ERT_CMD_STATE_ERROR);
  running_.erase(found);
}

void Model::worker_lost(uint64_t generation) {
  const std::lock_guard lock(mutex_);
  if (generation != generation_) return;
  worker_gone_ = true;
  for (auto& [id, running] : running_)
    end(reinterpret_cast<ert_packet*>(running.packet->host), ERT_CMD_STATE_ERROR);
  running_.clear();
}

int Model::wait(int milliseconds) {
  std::unique_lock lock(mutex_);
  const auto time = std::chrono::milliseconds(milliseconds < 0 ? 1000 : milliseconds);
  const bool ended = ended_changed_.wait_for(lock, time, [this] { return ended_; });
  ended_ = false;
  return ended ? 1 : 0;
}

Counters Model::counters() {
  const std::lock_guard lock(mutex_);
  return counters_;
}

bool Model::inject(const std::string& what, int after) {
  bool resets = false;
  {
    const std::lock_guard lock(mutex_);
    resets = what == "restore" && faults_.lost() && worker_ != nullptr;
    if (!faults_.inject(what, after)) return false;
    if (resets) abort_all();
  }
  // A device that comes back has forgotten what it was doing.
  if (resets) restart();
  return true;
}

}  // namespace oarlock::xrt_emulator
