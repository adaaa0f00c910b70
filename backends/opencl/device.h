#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "backends/opencl/context.h"
#include "backends/opencl/platform.h"
#include "backends/opencl/portable.h"
#include "backends/opencl/settings.h"
#include "oarlock/plugin/device.h"
#include "oarlock/plugin/tuning.h"

namespace oarlock::opencl {

// Memory of OpenCL. Not addressable by the host, also where host and device share memory: the queue
// decides when its contents are there.
class ClMemory : public Buffer {
 public:
  virtual cl_mem handle() const = 0;
};

class ClBuffer final : public ClMemory {
 public:
  ClBuffer(cl::Buffer memory, size_t size) : memory_(std::move(memory)) { size_ = size; }
  cl_mem handle() const override { return memory_(); }
  const cl::Buffer& memory() const { return memory_; }
  // A part of it as an object of its own, which lives as long as this; made once. The offset is a
  // multiple of the device's alignment, or 0. Thread-safe.
  Result<cl_mem> part(size_t offset, size_t bytes);

 private:
  cl::Buffer memory_;
  std::mutex mutex_;
  std::map<std::pair<size_t, size_t>, cl::Buffer> parts_;
};

// An image of RGBA texels, of float32 or float16 as its tensor.
class ClImage final : public ClMemory {
 public:
  ClImage(cl::Image2D memory, size_t size) : memory_(std::move(memory)) { size_ = size; }
  cl_mem handle() const override { return memory_(); }
  const cl::Image2D& memory() const { return memory_; }

 private:
  cl::Image2D memory_;
};

// One device of a driver, with an in-order queue of its own; context and programs are shared by
// all sessions. Opened when first needed. Thread-safe.
class ClDevice final : public Device {
 public:
  ClDevice(FoundDevice found, Settings settings);
  ~ClDevice() override;

  const DeviceInfo& info() const override { return info_; }
  Result<BufferPtr> allocate(const MemoryRequest& request) override;
  // Constant memory of the host where the device shares it; unsupported elsewhere.
  Result<BufferPtr> wrap(std::span<std::byte> memory) override;
  Status write(const TensorRef& to, std::span<const std::byte> from) override;
  Status read(const TensorRef& from, std::span<std::byte> to) override;
  Result<Event> record() override;
  Status wait(const Event& event) override;
  Tuning* tuning() override { return &tuning_; }

  const Traits& traits() const { return found_.traits; }
  const FoundDevice& found() const { return found_; }
  const Settings& settings() const { return settings_; }
  // Opens the device.
  Result<const cl::CommandQueue*> queue();
  // From the source, or from a binary in its place.
  Result<cl::Kernel> kernel(const ProgramSource& source, const char* name);

 private:
  Status open();
  Result<BufferPtr> allocate_image(const TensorDesc& desc);
  Result<cl::Program> portable_program(const PortableProgram& program);

  FoundDevice found_;
  Settings settings_;
  Tuning tuning_;
  DeviceInfo info_;
  std::mutex mutex_;
  Context* context_ = nullptr;
  cl::CommandQueue queue_;
  std::map<std::filesystem::path, cl::Program> given_;  // programs of opencl.binary
};

// The device that a kernel of this backend was matched or created for.
inline const ClDevice& cl_device(const Device& device) {
  return static_cast<const ClDevice&>(device);
}
inline ClDevice& cl_device(Device& device) { return static_cast<ClDevice&>(device); }

}  // namespace oarlock::opencl
