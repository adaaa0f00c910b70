#include "backends/null/device.h"

#include <cstring>
#include <memory>
#include <new>

namespace oarlock::null {

namespace {

// Memory of this device: aligned, and freed with the buffer.
class NullBuffer final : public Buffer {
 public:
  explicit NullBuffer(size_t bytes, std::align_val_t alignment) : alignment_(alignment) {
    host_ = static_cast<std::byte*>(::operator new(bytes, alignment, std::nothrow));
    size_ = host_ ? bytes : 0;
  }
  ~NullBuffer() override { ::operator delete(host_, alignment_); }

 private:
  std::align_val_t alignment_;
};

// Where `bytes` of a tensor begin, or why they do not fit into its buffer.
Result<std::byte*> memory_of(const TensorRef& tensor, size_t bytes) {
  const size_t size = tensor.buffer->size();
  if (tensor.offset > size || bytes > size - tensor.offset)
    return internal_error("null: ", bytes, " bytes at offset ", tensor.offset,
                          " lie outside a buffer of ", size);
  return tensor.data();
}

}  // namespace

NullDevice::NullDevice() {
  info_.name = "null";
  info_.description = "example device without hardware";
  info_.memory = "null";
}

Result<BufferPtr> NullDevice::allocate(const MemoryRequest& request) {
  if (request.image) return unsupported("null: has no images");
  auto buffer = std::make_unique<NullBuffer>(request.bytes, std::align_val_t(info_.alignment));
  if (!buffer->host()) return out_of_memory("null: cannot allocate ", request.bytes, " bytes");
  return BufferPtr(std::move(buffer));
}

Status NullDevice::write(const TensorRef& to, std::span<const std::byte> from) {
  OARLOCK_ASSIGN(std::byte * memory, memory_of(to, from.size()));
  if (!from.empty()) std::memcpy(memory, from.data(), from.size());
  return {};
}

Status NullDevice::read(const TensorRef& from, std::span<std::byte> to) {
  OARLOCK_ASSIGN(const std::byte* memory, memory_of(from, to.size()));
  if (!to.empty()) std::memcpy(to.data(), memory, to.size());
  return {};
}

}  // namespace oarlock::null
