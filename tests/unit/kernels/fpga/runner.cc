#include "tests/unit/kernels/fpga/runner.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <thread>

#include "kernels/fpga/table.h"
#include "kernels/fpga/tiles.h"

namespace oarlock::kernels::fpga::test {

namespace {

// Elements before and after each tensor, which must stay as they are.
constexpr size_t kAround = 5;

const Kernel* find_kernel(const std::string& name) {
  const Table& table = *oarlock_fpga_kernels();
  const auto* const end = table.kernels + table.count;
  const auto* const found =
      std::find_if(table.kernels, end, [&](const Kernel& kernel) { return kernel.name == name; });
  return found == end ? nullptr : found;
}

class HostRunner final : public Runner {
 public:
  std::string run(const char* name, std::span<std::vector<std::byte>> tensors,
                  std::span<const int> parameters, std::span<const int> offsets) override {
    const Kernel* const kernel = find_kernel(name);
    if (kernel == nullptr) return "there is no such kernel";
    if (kernel->tensors != tensors.size()) return "takes another number of tensors";
    std::vector<void*> pointers;
    for (auto& tensor : tensors) pointers.push_back(tensor.data());
    pointers.push_back(const_cast<int*>(parameters.data()));
    kernel->call(pointers.data(), offsets.data(), nullptr);
    Cost cost;
    kernel->cost(parameters.data(), &cost);
    return cost.cycles > 0 && cost.written_bytes > 0 ? "" : "costs nothing";
  }

  std::string run_chain(std::span<Stage> stages, size_t streams, size_t) override {
    std::vector<fpga_stream> fifos(streams);
    std::vector<std::thread> threads;
    for (Stage& stage : stages) {
      const Kernel* const kernel = find_kernel(stage.kernel);
      if (kernel == nullptr || kernel->tensors != stage.tensors.size() ||
          kernel->streams != stage.streams.size())
        std::abort();
      threads.emplace_back([&fifos, &stage, kernel] {
        std::vector<void*> pointers;
        for (auto& tensor : stage.tensors) pointers.push_back(tensor.data());
        pointers.push_back(stage.parameters.data());
        std::vector<fpga_stream*> ends;
        for (const size_t stream : stage.streams) ends.push_back(&fifos[stream]);
        const std::vector<int> offsets(stage.tensors.size(), 0);
        kernel->call(pointers.data(), offsets.data(), ends.data());
      });
    }
    for (std::thread& thread : threads) thread.join();
    for (const fpga_stream& fifo : fifos)
      if (fifo.written != fifo.taken) return "a stream is left with numbers";
    return "";
  }
};

}  // namespace

std::unique_ptr<Runner> host_runner() { return std::make_unique<HostRunner>(); }

void FpgaKernels::SetUp() {
  static const std::unique_ptr<Runner> host = host_runner();
  static std::string why;
  static const std::unique_ptr<Runner> opencl = opencl_runner(why);
  runner_ = std::string(GetParam()) == "host" ? host.get() : opencl.get();
  if (runner_ == nullptr) GTEST_SKIP() << why;
}

void FpgaKernels::run_chain(std::span<Stage> stages, size_t streams, size_t length) {
  ASSERT_EQ(runner_->run_chain(stages, streams, length), "");
}

void FpgaKernels::run_bytes(const char* kernel, std::span<std::vector<std::byte>> tensors,
                            std::span<const size_t> sizes, std::span<const int> parameters) {
  std::vector<std::vector<std::byte>> placed;
  std::vector<int> offsets;
  for (size_t i = 0; i < tensors.size(); ++i) {
    std::vector<std::byte> around(kAround * sizes[i], std::byte{0x5a});
    placed.push_back(around);
    placed.back().insert(placed.back().end(), tensors[i].begin(), tensors[i].end());
    placed.back().insert(placed.back().end(), around.begin(), around.end());
    offsets.push_back(static_cast<int>(kAround));
  }
  const std::vector<std::vector<std::byte>> before = placed;
  const std::string error = runner_->run(kernel, placed, parameters, offsets);
  ASSERT_EQ(error, "") << kernel;
  for (size_t i = 0; i < tensors.size(); ++i) {
    const auto edge = static_cast<ptrdiff_t>(kAround * sizes[i]);
    ASSERT_TRUE(std::equal(placed[i].begin(), placed[i].begin() + edge, before[i].begin()) &&
                std::equal(placed[i].end() - edge, placed[i].end(), before[i].end() - edge))
        << kernel << " wrote outside tensor " << i;
    if (i + 1 < tensors.size()) {
      ASSERT_EQ(placed[i], before[i]) << kernel << " changed input " << i;
    }
    tensors[i].assign(placed[i].begin() + edge, placed[i].end() - edge);
  }
}

int word(float value) { return std::bit_cast<int>(value); }

std::vector<float> tabulated(double (*f)(double), double low, double high) {
  std::vector<float> table;
  for (int i = 0; i <= FPGA_TABLE; ++i)
    table.push_back(static_cast<float>(f(low + (high - low) * i / FPGA_TABLE)));
  return table;
}

std::vector<float> powers_of_two() {
  return tabulated([](double x) { return std::exp2(x); }, 0, 1);
}

}  // namespace oarlock::kernels::fpga::test
