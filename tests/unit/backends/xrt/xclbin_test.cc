// Xclbin files: what the writer says is read back; what is wrong with a file is said.
#include "xclbin.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>

#include "backends/xrt/emulator/xclbin_writer.h"
#include "backends/xrt/xclbin_file.h"
#include "tests/unit/backends/xrt/network.h"

namespace oarlock::xrt {
namespace {

using testing::HasSubstr;

class Xclbin : public testing::Test {
 protected:
  std::string write(const std::vector<char>& bytes) {
    std::ofstream(path_, std::ios::binary)
        .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    return path_;
  }
  static std::vector<char> sample() {
    xrt_emulator::Platform platform;
    platform.name = "some_platform";
    platform.clock_mhz = 250;
    platform.compute_units["oarlock_gemm"] = 3;
    return xrt_emulator::make_xclbin({'\177', 'E', 'L', 'F', 'x'}, *oarlock_fpga_kernels(),
                                     platform);
  }
  void TearDown() override { std::filesystem::remove(path_); }

  std::string path_ = testing::TempDir() + "oarlock_test.xclbin";
};

std::string session_error(const std::string& xclbin) {
  const Tensor input = random_values({2, 3}, 1);
  const Result<Model> model =
      make_chain(TypeInfo::tensor(DType::float32, input.shape()), {{"Relu"}});
  SessionOptions options;
  options.devices = {"xrt"};
  options.settings["xrt.xclbin"] = xclbin;
  options.settings["fallback"] = "off";
  Result<Session> session = Session::open(*model, options);
  if (!session.ok()) return session.status().message();
  const std::vector<Value> inputs = {Value(input)};
  std::vector<Value> outputs(1);
  return session->run(inputs, outputs).message();
}

TEST_F(Xclbin, IsReadAsItWasWritten) {
  const Result<XclbinFile> file = read_xclbin_file(write(sample()));
  ASSERT_TRUE(file.ok()) << to_string(file.status());
  EXPECT_EQ(file->platform, "some_platform");
  EXPECT_EQ(file->clock_mhz, 250);
  EXPECT_TRUE(file->for_emulation);
  ASSERT_EQ(file->banks.size(), 2u);
  EXPECT_EQ(file->banks[1].name, "DDR[1]");
  EXPECT_EQ(file->compute_units.size(), oarlock_fpga_kernels()->count + 2);
  EXPECT_EQ(sample(), sample());
}

TEST_F(Xclbin, EveryCutIsRefused) {
  const std::vector<char> whole = sample();
  for (size_t size = 0; size < whole.size(); size += size < 1000 ? 1 : 97) {
    const Result<XclbinFile> file =
        read_xclbin_file(write(std::vector<char>(whole.begin(), whole.begin() + size)));
    ASSERT_FALSE(file.ok()) << size;
    ASSERT_THAT(file.status().message(), HasSubstr(path_));
  }
}

TEST_F(Xclbin, ChangedBytesDoNotCrash) {
  const std::vector<char> whole = sample();
  for (size_t at = 0; at < whole.size(); at += 3) {
    std::vector<char> changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ 0x81);
    const Result<XclbinFile> file = read_xclbin_file(write(changed));
    if (!file.ok()) {
      ASSERT_FALSE(file.status().message().empty());
    }
  }
}

TEST_F(Xclbin, SessionsNameWhatIsWrong) {
  if (const std::string why = why_not_emulated(); !why.empty()) GTEST_SKIP() << why;
  EXPECT_THAT(session_error("/nowhere/x.xclbin"), HasSubstr("/nowhere/x.xclbin"));
  std::vector<char> bytes = sample();
  EXPECT_THAT(session_error(write({bytes.begin(), bytes.end() - 9})),
              HasSubstr("says that it has"));
  EXPECT_THAT(session_error(write({'h', 'e', 'l', 'l', 'o'})), HasSubstr("cut off"));
  // The kernels' code is none.
  EXPECT_THAT(session_error(write(bytes)), HasSubstr("cannot be run"));
  // Built for a card.
  xrt_emulator::Platform platform;
  platform.name = "xilinx_u250";
  const auto& table = *oarlock_fpga_kernels();
  EXPECT_THAT(session_error(write(xrt_emulator::make_xclbin({1, 2, 3, 4}, table, platform))),
              HasSubstr("built for the card xilinx_u250"));
  // Lacks kernels.
  kernels::fpga::Table few = table;
  few.count = 2;
  EXPECT_THAT(session_error(write(xrt_emulator::make_xclbin({'\177', 'E', 'L', 'F'}, few, {}))),
              ::testing::AnyOf(HasSubstr("lacks the kernel"), HasSubstr("cannot be run")));
}

}  // namespace
}  // namespace oarlock::xrt
