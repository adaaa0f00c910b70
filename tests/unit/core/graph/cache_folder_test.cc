#include "oarlock/plugin/cache_folder.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <string>

namespace oarlock {
namespace {

struct CacheFolderTest : testing::Test {
  std::filesystem::path folder =
      std::filesystem::path(testing::TempDir()) / ("cache_folder_" + std::to_string(getpid()));
  CacheFolder store{folder};
  const std::vector<unsigned char> value = {1, 2, 3, 0, 255};

  ~CacheFolderTest() override { std::filesystem::remove_all(folder); }

  std::string contents(const std::string& key) {
    std::ifstream file(store.file_for(key), std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  }
  void replace(const std::string& key, const std::string& bytes) {
    std::ofstream(store.file_for(key), std::ios::binary | std::ios::trunc) << bytes;
  }
};

TEST_F(CacheFolderTest, GivesBackWhatWasSaved) {
  EXPECT_FALSE(store.load("key"));
  ASSERT_TRUE(store.save("key", value));
  ASSERT_TRUE(store.load("key"));
  EXPECT_EQ(*store.load("key"), value);
  EXPECT_FALSE(store.load("another key"));
  ASSERT_TRUE(store.save("key", {7}));
  EXPECT_EQ(store.load("key")->size(), 1u);
  size_t files = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder)) ++files;
  EXPECT_EQ(files, 1u) << "temporary files stay behind";
}

TEST_F(CacheFolderTest, IgnoresEveryDamagedOrShortenedFile) {
  ASSERT_TRUE(store.save("key", value));
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

TEST_F(CacheFolderTest, IgnoresAFileOfAnotherKey) {
  ASSERT_TRUE(store.save("key one", value));
  std::filesystem::copy_file(store.file_for("key one"), store.file_for("key two"));
  EXPECT_FALSE(store.load("key two"));
}

TEST_F(CacheFolderTest, WithoutAFolderThereIsNothing) {
  const CacheFolder off = CacheFolder::from({{"some.cache", "off"}}, "some");
  EXPECT_FALSE(off.enabled());
  EXPECT_FALSE(off.save("key", value));
  EXPECT_FALSE(off.load("key"));
  const CacheFolder file("/dev/null");
  EXPECT_FALSE(file.save("key", value));
  EXPECT_FALSE(file.load("key"));
}

TEST_F(CacheFolderTest, TheSettingNamesAFolder) {
  const CacheFolder chosen = CacheFolder::from({{"some.cache", folder.string()}}, "some");
  EXPECT_EQ(chosen.file_for("x"), store.file_for("x"));
}

TEST_F(CacheFolderTest, WithoutTheSettingTheEnvironmentDoes) {
  setenv("OARLOCK_SOME_CACHE", folder.c_str(), 1);
  EXPECT_EQ(CacheFolder::from({}, "some").file_for("x"), store.file_for("x"));
  EXPECT_FALSE(CacheFolder::from({{"some.cache", "off"}}, "some").enabled());
  setenv("OARLOCK_SOME_CACHE", "off", 1);
  EXPECT_FALSE(CacheFolder::from({}, "some").enabled());
  unsetenv("OARLOCK_SOME_CACHE");
}

TEST_F(CacheFolderTest, IsMadeWhenSomethingIsToBeWritten) {
  EXPECT_FALSE(store.exists());
  EXPECT_TRUE(store.is_writable());
  EXPECT_TRUE(store.exists());
  EXPECT_FALSE(CacheFolder("").is_writable());
  EXPECT_FALSE(CacheFolder("/dev/null").is_writable());
}

}  // namespace
}  // namespace oarlock
