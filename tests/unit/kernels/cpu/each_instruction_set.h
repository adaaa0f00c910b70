#pragma once

#include <gtest/gtest.h>

#include "kernels/cpu/instruction_set.h"

// Fixture of tests that run once for every instruction set this machine has.
class EachInstructionSet : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (!oarlock::kernels::cpu::force_instruction_set(GetParam())) GTEST_SKIP() << "not available";
    ASSERT_STREQ(oarlock::kernels::cpu::instruction_set_name(), GetParam());
  }
  void TearDown() override { oarlock::kernels::cpu::force_instruction_set(""); }
};

#define OARLOCK_EACH_INSTRUCTION_SET(fixture)                                             \
  INSTANTIATE_TEST_SUITE_P(All, fixture, testing::Values("SSE4", "AVX2", "AVX3", "NEON"), \
                           [](const auto& info) { return std::string(info.param); })
