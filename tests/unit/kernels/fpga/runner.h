#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace oarlock::kernels::fpga::test {

// A kernel of a chain. `streams` are those it takes, by number.
struct Stage {
  const char* kernel;
  std::vector<std::vector<float>> tensors;
  std::vector<int> parameters;
  std::vector<size_t> streams;
};

// Runs one kernel on arrays: compiled for the host, or as OpenCL C on the first device.
class Runner {
 public:
  virtual ~Runner() = default;
  // `tensors` are the kernel's in order, the result last; empty ones are omitted. They lie
  // `offset` bytes into memory of their own. An error message, or nothing.
  virtual std::string run(const char* kernel, std::span<std::vector<std::byte>> tensors,
                          std::span<const int> parameters, std::span<const int> offsets) = 0;
  // Kernels joined by streams, each of `length` numbers: side by side on the host, one after the
  // other by OpenCL. Tensors begin at their first element.
  virtual std::string run_chain(std::span<Stage> stages, size_t streams, size_t length) = 0;
};

std::unique_ptr<Runner> host_runner();
// Null, with the reason, where there is no OpenCL.
std::unique_ptr<Runner> opencl_runner(std::string& why);

// Each test runs compiled by the host's compiler and by OpenCL.
class FpgaKernels : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override;
  // Runs with tensors of T beside unused memory; results replace the last one.
  template <class In, class Out>
  void run(const char* kernel, const std::vector<std::vector<In>>& inputs, std::vector<Out>& output,
           const std::vector<int>& parameters);
  // With inputs of several types.
  template <class Out, class... In>
  void run_mixed(const char* kernel, std::vector<Out>& output, const std::vector<int>& parameters,
                 const std::vector<In>&... inputs);
  // The last tensor of the last kernel takes the results.
  void run_chain(std::span<Stage> stages, size_t streams, size_t length);

 private:
  void run_bytes(const char* kernel, std::span<std::vector<std::byte>> tensors,
                 std::span<const size_t> sizes, std::span<const int> parameters);

  Runner* runner_ = nullptr;
};

template <class T>
std::vector<std::byte> to_bytes(const std::vector<T>& values) {
  const auto bytes = std::as_bytes(std::span(values));
  return {bytes.begin(), bytes.end()};
}

template <class In, class Out>
void FpgaKernels::run(const char* kernel, const std::vector<std::vector<In>>& inputs,
                      std::vector<Out>& output, const std::vector<int>& parameters) {
  std::vector<std::vector<std::byte>> tensors;
  std::vector<size_t> sizes;
  for (const auto& input : inputs) {
    tensors.push_back(to_bytes(input));
    sizes.push_back(sizeof(In));
  }
  tensors.push_back(to_bytes(output));
  sizes.push_back(sizeof(Out));
  run_bytes(kernel, tensors, sizes, parameters);
  const auto* values = reinterpret_cast<const Out*>(tensors.back().data());
  output.assign(values, values + output.size());
}

template <class Out, class... In>
void FpgaKernels::run_mixed(const char* kernel, std::vector<Out>& output,
                            const std::vector<int>& parameters, const std::vector<In>&... inputs) {
  std::vector<std::vector<std::byte>> tensors = {to_bytes(inputs)..., to_bytes(output)};
  const std::vector<size_t> sizes = {sizeof(In)..., sizeof(Out)};
  run_bytes(kernel, tensors, sizes, parameters);
  const auto* values = reinterpret_cast<const Out*>(tensors.back().data());
  output.assign(values, values + output.size());
}

// A float as a word of a parameter block.
int word(float value);

// The table of a function on [low, high], as kernels interpolate it.
std::vector<float> tabulated(double (*f)(double), double low, double high);
// 2^f for f in [0, 1].
std::vector<float> powers_of_two();

#define OARLOCK_HOST_AND_OPENCL(suite)                                     \
  INSTANTIATE_TEST_SUITE_P(Each, suite, testing::Values("host", "opencl"), \
                           [](const auto& i) { return std::string(i.param); })

}  // namespace oarlock::kernels::fpga::test
