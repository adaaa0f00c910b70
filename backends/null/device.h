#pragma once

#include <span>
#include <string>

#include "oarlock/plugin/device.h"

namespace oarlock::null {

// A device whose memory is set apart from the host's by name only, so that a session copies to and
// from it as it would with a card. Stateless, hence safe in concurrent runs.
class NullDevice final : public Device {
 public:
  NullDevice();
  const DeviceInfo& info() const override { return info_; }
  Result<BufferPtr> allocate(const MemoryRequest& request) override;
  Status write(const TensorRef& to, std::span<const std::byte> from) override;
  Status read(const TensorRef& from, std::span<std::byte> to) override;

 private:
  DeviceInfo info_;
};

}  // namespace oarlock::null
