// Which XRT libraries the emulated device serves.
#include "backends/xrt/emulator/abi.h"

#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace oarlock::xrt_emulator {
namespace {

using testing::HasSubstr;

// What is said about one of the libraries made of fake_coreutil.cc, by its file's name.
std::string wrong_with(const std::string& file) {
  const std::string path = OARLOCK_FAKES "/" + file;
  void* const library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return dlerror();
  std::string wrong = check_abi(path.c_str());
  dlclose(library);
  return wrong;
}

TEST(XrtAbi, TheInstalledLibraryIsServed) {
  ASSERT_NE(dlopen("libxrt_coreutil.so.2", RTLD_NOW | RTLD_LOCAL), nullptr) << dlerror();
  EXPECT_EQ(check_abi(), "");
}

TEST(XrtAbi, AnotherVersionIsRefused) {
  const std::string wrong = wrong_with("libxrt_coreutil.so.2.99.0");
  EXPECT_THAT(wrong, HasSubstr("libxrt_coreutil.so.2.99.0"));
  EXPECT_THAT(wrong, HasSubstr("version is not 2.13"));
  EXPECT_THAT(wrong, HasSubstr("needs XRT 2.13"));
}

TEST(XrtAbi, VirtualFunctionsElsewhereAreRefused) {
  EXPECT_THAT(wrong_with("libxrt_coreutil.so.2.13.1"),
              HasSubstr("device has another number of virtual functions"));
  EXPECT_THAT(wrong_with("libxrt_coreutil.so.2.13.2"),
              HasSubstr("device has reopen where close_device is expected"));
}

TEST(XrtAbi, ALibraryThatIsNotLoadedIsSaid) {
  EXPECT_THAT(check_abi("libxrt_nowhere.so.2"), HasSubstr("not loaded"));
}

}  // namespace
}  // namespace oarlock::xrt_emulator
