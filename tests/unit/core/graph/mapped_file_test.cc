#include "core/graph/mapped_file.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <vector>

namespace oarlock {
namespace {

constexpr size_t kBytes = size_t{1} << 20;

std::string write_file() {
  std::string path = testing::TempDir() + "mapped_file_test";
  std::ofstream file(path, std::ios::binary);
  for (size_t i = 0; i < kBytes; ++i) file.put(static_cast<char>(i * 7));
  return path;
}

bool intact(std::span<const std::byte> bytes) {
  for (size_t i = 0; i < bytes.size(); ++i)
    if (bytes[i] != static_cast<std::byte>(i * 7)) return false;
  return bytes.size() == kBytes;
}

// KiB in memory of the mapping that begins at `address`.
long resident(const std::byte* address) {
  std::ifstream maps("/proc/self/smaps");
  bool inside = false;
  for (std::string line; std::getline(maps, line);) {
    const size_t dash = line.find('-');
    if (dash != std::string::npos && dash > 0 && dash < line.find(' '))
      inside = std::strtoull(line.c_str(), nullptr, 16) == reinterpret_cast<uintptr_t>(address);
    if (inside && line.starts_with("Rss:")) return std::strtol(line.c_str() + 4, nullptr, 10);
  }
  return -1;
}

TEST(MappedFile, ReleasedPagesComeBackWhenTouched) {
  const auto file = MappedFile::open(write_file());
  ASSERT_TRUE(file.ok()) << to_string(file.status());
  const std::span<const std::byte> bytes = (*file)->bytes();
  ASSERT_TRUE(intact(bytes));
  if (resident(bytes.data()) < 0) GTEST_SKIP() << "/proc/self/smaps cannot be read";
  EXPECT_EQ(resident(bytes.data()), static_cast<long>(kBytes / 1024));
  MappedFile::release_pages(bytes.subspan(100, 900'000));
  EXPECT_LT(resident(bytes.data()), 200);
  EXPECT_TRUE(intact(bytes));
}

TEST(MappedFile, OtherMemoryIsLeftAlone) {
  const auto file = MappedFile::open(write_file());
  ASSERT_TRUE(file.ok());
  std::vector<std::byte> own(kBytes);
  for (size_t i = 0; i < own.size(); ++i) own[i] = static_cast<std::byte>(i * 7);
  MappedFile::release_pages(own);
  EXPECT_TRUE(intact(own));
  MappedFile::release_pages({});
  EXPECT_TRUE(intact((*file)->bytes()));
}

}  // namespace
}  // namespace oarlock
