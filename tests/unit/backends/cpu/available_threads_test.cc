#include "backends/cpu/available_threads.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace oarlock::cpu {
namespace {

TEST(AvailableThreadsTest, Quota) {
  EXPECT_EQ(threads_of_quota("200000 100000"), 2);
  EXPECT_EQ(threads_of_quota("150000 100000"), 2);
  EXPECT_EQ(threads_of_quota("1000 100000"), 1);
  EXPECT_EQ(threads_of_quota("max 100000"), std::nullopt);
  EXPECT_EQ(threads_of_quota("-1 100000"), std::nullopt);
  EXPECT_EQ(threads_of_quota("100000 0"), std::nullopt);
  EXPECT_EQ(threads_of_quota("100000"), std::nullopt);
  EXPECT_EQ(threads_of_quota(""), std::nullopt);
}

class ControlGroupTest : public testing::Test {
 protected:
  void SetUp() override {
    root_ = std::filesystem::path(testing::TempDir()) / "oarlock_control_groups";
    std::filesystem::remove_all(root_);
    std::filesystem::create_directories(root_);
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  void write(const std::string& file, const std::string& text) {
    const auto path = root_ / file;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text << "\n";
  }
  std::optional<int> threads() const {
    return control_group_threads((root_ / "self").string(), root_.string());
  }

  std::filesystem::path root_;
};

TEST_F(ControlGroupTest, SmallestOfAllParents) {
  write("self", "0::/a/b/c");
  write("a/cpu.max", "300000 100000");
  write("a/b/cpu.max", "max 100000");
  write("a/b/c/cpu.max", "500000 100000");
  EXPECT_EQ(threads(), 3);
}

TEST_F(ControlGroupTest, VersionOne) {
  write("self", "4:cpu,cpuacct:/x\n3:memory:/y");
  write("cpu,cpuacct/x/cpu.cfs_quota_us", "250000");
  write("cpu,cpuacct/x/cpu.cfs_period_us", "100000");
  write("y/cpu.max", "100000 100000");
  EXPECT_EQ(threads(), 3);
}

TEST_F(ControlGroupTest, NoLimit) {
  EXPECT_EQ(threads(), std::nullopt);
  write("self", "0::/\nnonsense\n1::relative");
  EXPECT_EQ(threads(), std::nullopt);
  EXPECT_GE(available_threads(), 1);
}

}  // namespace
}  // namespace oarlock::cpu
