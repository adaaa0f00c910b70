#include <utility>

#include "backends/opencl/platform.h"
#include "tests/unit/kernels/fpga/runner.h"

namespace oarlock::kernels::fpga::test {

namespace {

class OpenClRunner final : public Runner {
 public:
  // An error message, or nothing.
  std::string build(const cl::Device& device) {
    cl_int code = CL_SUCCESS;
    context_ = cl::Context(device, nullptr, nullptr, nullptr, &code);
    if (code != CL_SUCCESS) return "no context";
    queue_ = cl::CommandQueue(context_, device, cl_command_queue_properties{0}, &code);
    if (code != CL_SUCCESS) return "no queue";
    program_ = cl::Program(context_, std::string("#include \"kernels/fpga/opencl/kernels.cl\"\n"),
                           false, &code);
    if (code != CL_SUCCESS) return "no program";
    if (program_.build(device, "-cl-std=CL1.2 -I" OARLOCK_SOURCE_FOLDER) != CL_SUCCESS)
      return program_.getBuildInfo<CL_PROGRAM_BUILD_LOG>(device);
    return "";
  }

  std::string run(const char* name, std::span<std::vector<std::byte>> tensors,
                  std::span<const int> parameters, std::span<const int> offsets) override {
    return run_with(name, tensors, parameters, offsets, {});
  }

  std::string run_chain(std::span<Stage> stages, size_t streams, size_t length) override {
    const std::vector<int> zeros(length + 2, 0);
    std::vector<cl::Buffer> memory;
    for (size_t i = 0; i < streams; ++i) {
      cl_int code = CL_SUCCESS;
      memory.emplace_back(context_, CL_MEM_READ_WRITE | CL_MEM_COPY_HOST_PTR,
                          zeros.size() * sizeof(int), const_cast<int*>(zeros.data()), &code);
      if (code != CL_SUCCESS) return "a stream failed";
    }
    for (Stage& stage : stages) {
      std::vector<std::vector<std::byte>> tensors;
      for (const auto& tensor : stage.tensors)
        tensors.push_back(to_bytes(tensor.empty() ? std::vector<float>(1) : tensor));
      std::vector<cl::Buffer> ends;
      for (const size_t stream : stage.streams) ends.push_back(memory[stream]);
      const std::vector<int> offsets(tensors.size(), 0);
      std::string error = run_with(stage.kernel, tensors, stage.parameters, offsets, ends);
      if (!error.empty()) return error;
      if (stage.tensors.back().empty()) continue;
      const auto* const values = reinterpret_cast<const float*>(tensors.back().data());
      stage.tensors.back().assign(values, values + stage.tensors.back().size());
    }
    return "";
  }

 private:
  std::string run_with(const char* name, std::span<std::vector<std::byte>> tensors,
                       std::span<const int> parameters, std::span<const int> offsets,
                       std::span<const cl::Buffer> streams) {
    cl_int code = CL_SUCCESS;
    cl::Kernel kernel(program_, name, &code);
    if (code != CL_SUCCESS) return "there is no such kernel";
    std::vector<cl::Buffer> buffers;
    const auto add = [&](const void* data, size_t bytes) {
      buffers.emplace_back(context_, CL_MEM_READ_WRITE | CL_MEM_COPY_HOST_PTR, bytes,
                           const_cast<void*>(data), &code);
      if (code == CL_SUCCESS)
        code = kernel.setArg(static_cast<cl_uint>(buffers.size()) - 1, buffers.back());
      return code == CL_SUCCESS;
    };
    for (auto& tensor : tensors)
      if (!add(tensor.data(), tensor.size())) return "a buffer failed";
    if (!add(parameters.data(), parameters.size_bytes())) return "the parameters failed";
    for (size_t i = 0; i < offsets.size(); ++i) {
      const auto index = static_cast<cl_uint>(buffers.size() + i);
      if (kernel.setArg(index, cl_int{offsets[i]}) != CL_SUCCESS) return "an offset failed";
    }
    for (size_t i = 0; i < streams.size(); ++i)
      if (kernel.setArg(static_cast<cl_uint>(buffers.size() + offsets.size() + i), streams[i]) !=
          CL_SUCCESS)
        return "a stream failed";
    if (queue_.enqueueNDRangeKernel(kernel, cl::NullRange, cl::NDRange(1), cl::NDRange(1)) !=
        CL_SUCCESS)
      return "the kernel did not start";
    for (size_t i = 0; i < tensors.size(); ++i)
      if (queue_.enqueueReadBuffer(buffers[i], CL_TRUE, 0, tensors[i].size(), tensors[i].data()) !=
          CL_SUCCESS)
        return "reading failed";
    return "";
  }

  cl::Context context_;
  cl::CommandQueue queue_;
  cl::Program program_;
};

}  // namespace

std::unique_ptr<Runner> opencl_runner(std::string& why) {
  const Result<std::vector<opencl::FoundDevice>> found = opencl::find_devices();
  if (!found.ok()) {
    why = found.status().message();
    return nullptr;
  }
  auto runner = std::make_unique<OpenClRunner>();
  const std::string error = runner->build(found->front().device);
  EXPECT_EQ(error, "");
  if (!error.empty()) why = "the kernels do not build";
  return error.empty() ? std::move(runner) : nullptr;
}

}  // namespace oarlock::kernels::fpga::test
