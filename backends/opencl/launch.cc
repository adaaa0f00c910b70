#include "backends/opencl/launch.h"

#include <algorithm>

namespace oarlock::opencl {

Work Work::items(int64_t count) { return grid({count, 1, 1}, {64, 1, 1}); }

Work Work::grid(std::array<int64_t, 3> count, std::array<size_t, 3> local) {
  Work work;
  for (size_t i = 0; i < 3; ++i) {
    const auto wanted = static_cast<size_t>(std::max<int64_t>(count[i], 1));
    work.local[i] = local[i];
    work.global[i] = (wanted + local[i] - 1) / local[i] * local[i];
    if (work.global[i] > 1) work.dimensions = static_cast<cl_uint>(i + 1);
  }
  return work;
}

Result<LaunchPtr> Launch::make(ClDevice& device, const ProgramSource& source, const char* kernel,
                               size_t tensors, const Work& work) {
  OARLOCK_ASSIGN(const cl::CommandQueue* const queue, device.queue());
  OARLOCK_ASSIGN(cl::Kernel made, device.kernel(source, kernel));
  return LaunchPtr(new Launch(*queue, std::move(made), tensors, work));
}

Status Launch::set(cl_uint index, size_t size, const void* value) {
  const cl_int code = clSetKernelArg(kernel_(), index, size, value);
  return code == CL_SUCCESS ? Status() : failure(code, concat("argument ", index));
}

Status Launch::set_tensor(size_t i, const TensorRef& tensor) {
  const cl_mem memory = tensor ? static_cast<const ClMemory*>(tensor.buffer)->handle() : nullptr;
  const cl_ulong offset = tensor.offset;
  const auto index = static_cast<cl_uint>(2 * i);
  OARLOCK_TRY(set(index, sizeof(cl_mem), &memory));
  return set(index + 1, sizeof offset, &offset);
}

Status Launch::enqueue() {
  const cl_int code =
      clEnqueueNDRangeKernel(queue_(), kernel_(), work_.dimensions, nullptr, work_.global.data(),
                             work_.local.data(), 0, nullptr, nullptr);
  return code == CL_SUCCESS ? Status() : failure(code, "starting a kernel");
}

Status Launch::run(std::span<const TensorRef> tensors) {
  const std::lock_guard lock(mutex_);
  for (size_t i = 0; i < tensors_; ++i)
    OARLOCK_TRY(set_tensor(i, i < tensors.size() ? tensors[i] : TensorRef()));
  return enqueue();
}

Status Launch::run(const KernelArgs& args) {
  const std::lock_guard lock(mutex_);
  const size_t inputs = args.inputs.size();
  for (size_t i = 0; i < tensors_; ++i) {
    const bool output = i >= inputs && i - inputs < args.outputs.size();
    OARLOCK_TRY(set_tensor(i, i < inputs ? args.inputs[i]
                              : output   ? args.outputs[i - inputs]
                                         : TensorRef()));
  }
  return enqueue();
}

KernelPtr launch_kernel(LaunchPtr launch) {
  return make_kernel(
      [launch = std::move(launch)](const KernelArgs& args) -> Status { return launch->run(args); });
}

}  // namespace oarlock::opencl
