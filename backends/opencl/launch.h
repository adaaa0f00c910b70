#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <span>

#include "backends/opencl/device.h"
#include "oarlock/plugin/kernel.h"

namespace oarlock::opencl {

// Work-items and how they are grouped. Few local sizes are in use, since a compiler of device code
// may specialize for each; counts of items are rounded up to whole groups, so kernels check theirs.
struct Work {
  std::array<size_t, 3> global = {1, 1, 1};
  std::array<size_t, 3> local = {1, 1, 1};
  cl_uint dimensions = 1;

  // One dimension, groups of 64.
  static Work items(int64_t count);
  static Work grid(std::array<int64_t, 3> count, std::array<size_t, 3> local);
};

// One kernel with its arguments: first two for each tensor (a buffer and a byte offset, TENSOR in
// common.cl, or an image and 0), then scalars, set once. run() may be called from several threads.
class Launch {
 public:
  static Result<std::shared_ptr<Launch>> make(ClDevice& device, const ProgramSource& source,
                                              const char* kernel, size_t tensors, const Work& work);

  // The arguments after the tensors, in order, of exactly the kernel's types.
  template <class... Ts>
  Status scalars(const Ts&... values) {
    cl_uint index = static_cast<cl_uint>(2 * tensors_);
    Status status;
    ((status.ok() ? void(status = set(index++, sizeof(Ts), &values)) : void()), ...);
    return status;
  }
  // Enqueues with as many tensors as were announced; an omitted one is a null pointer there.
  Status run(std::initializer_list<TensorRef> tensors) {
    return run({tensors.begin(), tensors.size()});
  }
  Status run(std::span<const TensorRef> tensors);
  // The inputs, then the outputs, of a step; as many as were announced together.
  Status run(const KernelArgs& args);

 private:
  Launch(const cl::CommandQueue& queue, cl::Kernel kernel, size_t tensors, const Work& work)
      : queue_(queue), kernel_(std::move(kernel)), tensors_(tensors), work_(work) {}
  Status set(cl_uint index, size_t size, const void* value);
  Status set_tensor(size_t i, const TensorRef& tensor);
  Status enqueue();

  const cl::CommandQueue& queue_;
  cl::Kernel kernel_;
  size_t tensors_;
  Work work_;
  std::mutex mutex_;  // arguments belong to the kernel object
};
using LaunchPtr = std::shared_ptr<Launch>;

// A table of numbers that a kernel needs beside its tensors, in a buffer of its own.
template <class T>
Result<std::shared_ptr<Buffer>> upload(ClDevice& device, std::span<const T> table) {
  OARLOCK_ASSIGN(BufferPtr buffer, device.allocate({table.size_bytes(), nullptr}));
  OARLOCK_TRY(device.write({buffer.get(), 0, nullptr}, std::as_bytes(table)));
  return std::shared_ptr<Buffer>(std::move(buffer));
}

// A step's kernel that is one launch on all its inputs and outputs.
KernelPtr launch_kernel(LaunchPtr launch);

}  // namespace oarlock::opencl
