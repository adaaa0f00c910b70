#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "backends/xrt/card.h"
#include "oarlock/plugin/device.h"

namespace oarlock::xrt {

// Memory on the card, with as much of the host's beside it for transfers.
class XrtBuffer final : public Buffer {
 public:
  XrtBuffer(std::shared_ptr<Card> card, ::xrt::bo memory, size_t bytes)
      : card_(std::move(card)), memory_(std::move(memory)) {
    size_ = bytes;
  }
  ~XrtBuffer() override;
  ::xrt::bo& memory() { return memory_; }

 private:
  std::shared_ptr<Card> card_;
  ::xrt::bo memory_;
};

// One card in one session. It is opened when first used.
class XrtDevice final : public Device {
 public:
  XrtDevice(unsigned index, const Driver& driver, XclbinFile xclbin,
            std::chrono::milliseconds timeout);
  const DeviceInfo& info() const override { return info_; }
  Result<BufferPtr> allocate(const MemoryRequest& request) override;
  Status write(const TensorRef& to, std::span<const std::byte> from) override;
  Status read(const TensorRef& from, std::span<std::byte> to) override;
  Result<Event> record() override { return Event(std::make_shared<int>(0)); }
  Status wait(const Event& event) override;
  Status enter(const std::function<Status()>& body) override;

  // How many the xclbin has of a kernel, "oarlock_gemm".
  size_t compute_units(std::string_view kernel) const;
  // Opens the card.
  Result<std::shared_ptr<Card>> card();
  // Memory with these numbers.
  Result<std::shared_ptr<::xrt::bo>> constant(std::span<const float> numbers);
  // A table that kernels read, made once.
  Result<std::shared_ptr<::xrt::bo>> table(const std::string& name, std::vector<float> (*values)());

 private:
  unsigned index_;
  XclbinFile xclbin_;
  std::chrono::milliseconds timeout_;
  DeviceInfo info_;
  std::mutex mutex_;
  std::shared_ptr<Card> card_;
  std::map<std::string, std::shared_ptr<::xrt::bo>> tables_;
};

inline XrtDevice& xrt_device(Device& device) { return static_cast<XrtDevice&>(device); }

}  // namespace oarlock::xrt
