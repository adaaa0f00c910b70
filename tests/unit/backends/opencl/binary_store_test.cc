#include "backends/opencl/binary_store.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <string>

namespace oarlock::opencl {
namespace {

struct BinaryStoreTest : testing::Test {
  std::filesystem::path folder =
      std::filesystem::path(testing::TempDir()) / ("binary_store_" + std::to_string(getpid()));
  BinaryStore store{folder};
  const std::vector<unsigned char> binary = {1, 2, 3, 0, 255};

  ~BinaryStoreTest() override { std::filesystem::remove_all(folder); }

  std::string contents(const std::string& key) {
    std::ifstream file(store.file_for(key), std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  }
  void replace(const std::string& key, const std::string& bytes) {
    std::ofstream(store.file_for(key), std::ios::binary | std::ios::trunc) << bytes;
  }
};

TEST_F(BinaryStoreTest, GivesBackWhatWasSaved) {
  EXPECT_FALSE(store.load("key"));
  ASSERT_TRUE(store.save("key", binary));
  ASSERT_TRUE(store.load("key"));
  EXPECT_EQ(*store.load("key"), binary);
  EXPECT_FALSE(store.load("another key"));
  ASSERT_TRUE(store.save("key", {7}));
  EXPECT_EQ(store.load("key")->size(), 1u);
  size_t files = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder)) ++files;
  EXPECT_EQ(files, 1u) << "temporary files stay behind";
}

TEST_F(BinaryStoreTest, IgnoresEveryDamagedOrShortenedFile) {
  ASSERT_TRUE(store.save("key", binary));
  const std::string good = contents("key");
  for (size_t i = 0; i < good.size(); ++i) {
    std::string damaged = good;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x20);
    replace("key", damaged);
    EXPECT_FALSE(store.load("key")) << "byte " << i;
    replace("key", good.substr(0, i));
    EXPECT_FALSE(store.load("key")) << "length " << i;
  }
  replace("key", good + "x");
  EXPECT_FALSE(store.load("key"));
  replace("key", good);
  EXPECT_TRUE(store.load("key"));
}

TEST_F(BinaryStoreTest, IgnoresAFileOfAnotherKey) {
  ASSERT_TRUE(store.save("key one", binary));
  std::filesystem::copy_file(store.file_for("key one"), store.file_for("key two"));
  EXPECT_FALSE(store.load("key two"));
}

TEST_F(BinaryStoreTest, WithoutAFolderThereIsNothing) {
  const BinaryStore off = BinaryStore::from({{"opencl.cache", "off"}});
  EXPECT_FALSE(off.enabled());
  EXPECT_FALSE(off.save("key", binary));
  EXPECT_FALSE(off.load("key"));
  const BinaryStore file("/dev/null");
  EXPECT_FALSE(file.save("key", binary));
  EXPECT_FALSE(file.load("key"));
}

TEST_F(BinaryStoreTest, TheSettingNamesAFolder) {
  const BinaryStore chosen = BinaryStore::from({{"opencl.cache", folder.string()}});
  EXPECT_EQ(chosen.file_for("x"), store.file_for("x"));
}

}  // namespace
}  // namespace oarlock::opencl
