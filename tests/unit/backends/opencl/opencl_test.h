#pragma once

#include <gtest/gtest.h>

#include <memory>

#include "backends/opencl/device.h"

namespace oarlock::opencl {

// The first device there is; tests of it are skipped with the reason when there is none.
class OnDevice : public testing::Test {
 protected:
  void SetUp() override {
    Result<std::vector<FoundDevice>> found = find_devices();
    if (!found.ok()) GTEST_SKIP() << to_string(found.status());
    device = std::make_shared<ClDevice>(found->front(), Settings{CacheFolder("")});
  }

  std::shared_ptr<ClDevice> device;
};

}  // namespace oarlock::opencl
