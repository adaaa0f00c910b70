#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "core/plan/devices.h"

namespace oarlock {
namespace {

std::string plugin(const char* name) {
  const char* build = std::getenv("OARLOCK_BUILD_DIR");
  return concat(build != nullptr ? build : "build/release", "/test-plugins/liboarlock_backend_",
                name, ".so");
}

Status loading(const std::string& path) {
  SessionOptions options;
  options.devices = {"reference"};
  options.backend_paths = {path};
  return open_devices(options).status();
}

TEST(OpenDevices, RefusesAnotherAbi) {
  const Status status = loading(plugin("wrong_abi"));
  EXPECT_EQ(status.code(), Code::invalid);
  EXPECT_NE(status.message().find(concat("ABI ", kBackendAbi + 1, ", this is ABI ", kBackendAbi)),
            std::string::npos)
      << status.message();
}

TEST(OpenDevices, RefusesAnotherBuild) {
  const Status status = loading(plugin("wrong_tag"));
  EXPECT_EQ(status.code(), Code::invalid);
  EXPECT_NE(status.message().find("'c++11 another library'"), std::string::npos)
      << status.message();
}

TEST(OpenDevices, RefusesALibraryWithoutEntryPoint) {
  const Status status = loading(plugin("misnamed"));
  EXPECT_NE(status.message().find("does not export oarlock_backend_misnamed"), std::string::npos)
      << status.message();
}

TEST(OpenDevices, RefusesWhatIsNotThereOrNotALibrary) {
  EXPECT_EQ(loading("/nowhere/liboarlock_backend_x.so").code(), Code::io);
  EXPECT_EQ(loading("/dev/null").code(), Code::invalid);
}

TEST(OpenDevices, ABackendWithoutHardwareIsUnavailableWithItsReason) {
  SessionOptions options;
  options.backend_paths = {plugin("sample")};
  const DeviceListing listing = list_devices(options);
  EXPECT_EQ(listing.devices.back().name, "reference");
  EXPECT_TRUE(std::find(listing.unavailable.begin(), listing.unavailable.end(),
                        "sample: no sample card is plugged in") != listing.unavailable.end());
  options.devices = {"sample"};
  const auto table = open_devices(options);
  ASSERT_FALSE(table.ok());
  EXPECT_EQ(table.status().message(), "device 'sample': no sample card is plugged in");
}

TEST(OpenDevices, AWrongSettingIsInvalidThoughOtherDevicesCouldServe) {
  const DeviceListing listing = list_devices({});
  if (std::none_of(listing.devices.begin(), listing.devices.end(),
                   [](const auto& device) { return device.name == "cpu"; }))
    GTEST_SKIP() << "no CPU backend in this build";
  SessionOptions options;
  options.devices = {"cpu", "reference"};
  options.settings = {{"exact", "perhaps"}};
  const auto table = open_devices(options);
  EXPECT_EQ(table.status().code(), Code::invalid);
  EXPECT_EQ(table.status().message(),
            "device 'cpu': the setting exact is true or false, not 'perhaps'");
}

}  // namespace
}  // namespace oarlock
