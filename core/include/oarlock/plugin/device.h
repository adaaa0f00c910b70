#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "oarlock/plugin/layout.h"
#include "oarlock/status.h"

namespace oarlock {

class Tuning;

// What a user asked of the devices of a session.
struct DeviceOptions {
  int threads = 0;                              // 0: what cgroup and affinity allow
  std::map<std::string, std::string> settings;  // "opencl.binary" = "file.xclbin"
};

struct DeviceInfo {
  std::string name;         // "cpu", "reference", "opencl:0"
  std::string description;  // "AMD EPYC, 2 threads, AVX-512"
  // Further names that a user may give, "opencl:gpu:0"; as with `name`, what precedes a colon is
  // enough.
  std::vector<std::string> aliases = {};
  // Devices that name the same memory share buffers without a copy; "host" is ordinary memory.
  std::string memory = "host";
  size_t alignment = 64;                       // of buffers and of offsets in an arena
  std::map<std::string, std::string> details;  // for `oarlock devices`
};

// Memory of one device. Host memory has an address.
class Buffer {
 public:
  virtual ~Buffer() = default;
  std::byte* host() const { return host_; }  // nullptr when not addressable by the host
  size_t size() const { return size_; }

 protected:
  std::byte* host_ = nullptr;
  size_t size_ = 0;
};
using BufferPtr = std::unique_ptr<Buffer>;

// Host memory owned by somebody else; can be pointed elsewhere between runs.
class HostView final : public Buffer {
 public:
  HostView() = default;
  explicit HostView(std::span<std::byte> memory) { point_to(memory); }
  void point_to(std::span<std::byte> memory) {
    host_ = memory.data();
    size_ = memory.size();
  }
};

// A tensor in a buffer. `buffer` is null for an omitted optional input or output.
struct TensorRef {
  Buffer* buffer = nullptr;
  size_t offset = 0;
  const TensorDesc* desc = nullptr;

  explicit operator bool() const { return buffer != nullptr; }
  const Shape& shape() const { return desc->shape; }
  DType dtype() const { return desc->dtype; }
  template <class T = std::byte>
  T* data() const {
    return reinterpret_cast<T*>(buffer->host() + offset);
  }
};

struct MemoryRequest {
  size_t bytes = 0;
  const TensorDesc* image = nullptr;  // set: an image2d for this tensor instead of bytes
};

// A point in a device's queue. Made by record(); an empty one is complete.
using Event = std::shared_ptr<void>;

// One in-order queue and its memory. Methods may be called from one thread at a time per run;
// several runs of one session use the same Device concurrently, so implementations lock or are
// stateless. Devices outlive everything allocated from them.
class Device {
 public:
  virtual ~Device() = default;
  virtual const DeviceInfo& info() const = 0;
  virtual Result<BufferPtr> allocate(const MemoryRequest& request) = 0;
  // A buffer on memory of the host without a copy.
  virtual Result<BufferPtr> wrap(std::span<std::byte> memory);  // default: unsupported
  // Between host memory in the same layout and a tensor of this device; an image is, on the host,
  // its rows of texels one after the other. write() has taken its source when it returns; read()
  // has filled `to` when it returns.
  virtual Status write(const TensorRef& to, std::span<const std::byte> from) = 0;
  virtual Status read(const TensorRef& from, std::span<std::byte> to) = 0;
  virtual Result<Event> record() { return Event(); }
  virtual Status wait(const Event&) { return {}; }
  // Names all that decides the bytes of constants packed for this device beside their layout: the
  // build of the kernels, instruction sets. Empty: packed constants are not kept in files.
  virtual std::string packing() const { return {}; }
  // Runs `body` the way this device wants its kernels called (in its thread arena, with its
  // floating-point mode). Called once around the steps of a run.
  virtual Status enter(const std::function<Status()>& body) { return body(); }
  // What was measured about this device's kernels; lives as long as the device. Null: nothing is
  // ever measured. Kernels with KernelDef::candidates take part.
  virtual Tuning* tuning() { return nullptr; }
};
using DevicePtr = std::shared_ptr<Device>;
using DeviceList = std::vector<DevicePtr>;

}  // namespace oarlock
