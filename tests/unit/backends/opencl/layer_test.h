#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "tests/unit/backends/opencl/one_node.h"

namespace oarlock::opencl {

// Tests on the layer of tests/opencl; skipped without a device. Variables that a test sets for the
// layer are gone after it.
class OnLayer : public testing::Test {
 protected:
  void SetUp() override {
    set("OPENCL_LAYERS", OARLOCK_OPENCL_LAYER);
    std::string why;
    if (!has_device(why)) GTEST_SKIP() << why;
  }
  void TearDown() override {
    for (const char* name : {"OARLOCK_LAYER_ML", "OARLOCK_LAYER_GPU", "OARLOCK_LAYER_MEMORY",
                             "OARLOCK_LAYER_BUDGET", "OARLOCK_LAYER_IMAGE", "OARLOCK_LAYER_FAIL"})
      unsetenv(name);
  }
  static void set(const char* name, const std::string& value) { setenv(name, value.c_str(), 1); }
};

}  // namespace oarlock::opencl
