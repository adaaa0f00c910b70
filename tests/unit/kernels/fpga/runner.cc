#include "tests/unit/kernels/fpga/runner.h"

#include <bit>
#include <cmath>

#include "kernels/fpga/table.h"
#include "kernels/fpga/tiles.h"

namespace oarlock::kernels::fpga::test {

namespace {

// Elements before and after each tensor, which must stay as they are.
constexpr size_t kAround = 5;

class HostRunner final : public Runner {
 public:
  std::string run(const char* kernel, std::span<std::vector<std::byte>> tensors,
                  std::span<const int> parameters, std::span<const int> offsets) override {
    const Table& table = *oarlock_fpga_kernels();
    for (uint32_t i = 0; i < table.count; ++i) {
      if (std::string(table.kernels[i].name) != kernel) continue;
      if (table.kernels[i].tensors != tensors.size()) return "takes another number of tensors";
      std::vector<void*> pointers;
      for (auto& tensor : tensors) pointers.push_back(tensor.data());
      pointers.push_back(const_cast<int*>(parameters.data()));
      table.kernels[i].call(pointers.data(), offsets.data());
      Cost cost;
      table.kernels[i].cost(parameters.data(), &cost);
      return cost.cycles > 0 && cost.written_bytes > 0 ? "" : "costs nothing";
    }
    return "there is no such kernel";
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
