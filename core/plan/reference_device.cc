#include <cstring>
#include <new>

#include "core/plan/devices.h"
#include "core/plan/host_memory.h"

namespace oarlock {

namespace {

class HostBuffer final : public Buffer {
 public:
  static constexpr std::align_val_t kAlignment{64};

  HostBuffer(std::byte* memory, size_t size) {
    host_ = memory;
    size_ = size;
  }
  ~HostBuffer() override { ::operator delete(host_, kAlignment); }
};

class ReferenceDevice final : public Device {
 public:
  ReferenceDevice() {
    info_.name = "reference";
    info_.description = "plain loops on the host, every operator";
  }
  const DeviceInfo& info() const override { return info_; }
  Result<BufferPtr> allocate(const MemoryRequest& request) override {
    return allocate_host(request.bytes);
  }
  Result<BufferPtr> wrap(std::span<std::byte> memory) override {
    return BufferPtr(std::make_unique<HostView>(memory));
  }
  Status write(const TensorRef& to, std::span<const std::byte> from) override {
    if (!from.empty()) std::memcpy(to.data(), from.data(), from.size());
    return {};
  }
  Status read(const TensorRef& from, std::span<std::byte> to) override {
    if (!to.empty()) std::memcpy(to.data(), from.data(), to.size());
    return {};
  }

 private:
  DeviceInfo info_;
};

}  // namespace

Result<BufferPtr> allocate_host(size_t bytes) {
  const size_t rounded = (bytes + 63) / 64 * 64 + 64;
  if (rounded < bytes) return out_of_memory("a buffer of ", bytes, " bytes is too large");
  void* memory = ::operator new(rounded, HostBuffer::kAlignment, std::nothrow);
  if (memory == nullptr)
    return out_of_memory("not enough memory for a buffer of ", bytes, " bytes");
  std::memset(memory, 0, rounded);
  return BufferPtr(std::make_unique<HostBuffer>(static_cast<std::byte*>(memory), bytes));
}

Result<BufferPtr> Device::wrap(std::span<std::byte>) {
  return unsupported("device ", info().name, " cannot use host memory in place");
}

DevicePtr make_reference_device() { return std::make_shared<ReferenceDevice>(); }

}  // namespace oarlock
