#include "kernels/cpu/instruction_set.h"

#include <algorithm>
#include <cctype>
#include <cstring>

#include "kernels/cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/instruction_set.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace oarlock::kernels::cpu::HWY_NAMESPACE {

const char* target_name() { return hwy::TargetName(HWY_TARGET); }

}  // namespace oarlock::kernels::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace oarlock::kernels::cpu {

HWY_EXPORT(target_name);

bool instruction_set_supported() { return (hwy::SupportedTargets() & HWY_TARGETS) != 0; }

const char* instruction_set_name() { return HWY_DYNAMIC_DISPATCH(target_name)(); }

std::string instruction_set_names() {
  std::string names;
  for (const int64_t target : hwy::SupportedAndGeneratedTargets()) {
    if (!names.empty()) names += ", ";
    names += hwy::TargetName(target);
  }
  return names;
}

bool limit_instruction_set(std::string_view name) {
  const auto same = [](char a, char b) { return a == std::toupper(static_cast<unsigned char>(b)); };
  for (const int64_t target : hwy::SupportedAndGeneratedTargets()) {
    const std::string_view known = hwy::TargetName(target);
    if (!std::equal(known.begin(), known.end(), name.begin(), name.end(), same)) continue;
    hwy::DisableTargets(target - 1);  // a lower bit stands for a better instruction set
    hwy::GetChosenTarget().DeInit();
    return true;
  }
  return false;
}

bool force_instruction_set(const char* name) {
  hwy::SetSupportedTargetsForTest(0);
  hwy::GetChosenTarget().DeInit();
  if (name[0] == '\0') return true;
  for (const int64_t target : hwy::SupportedAndGeneratedTargets()) {
    if (std::strcmp(hwy::TargetName(target), name) != 0) continue;
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().DeInit();
    return true;
  }
  return false;
}

}  // namespace oarlock::kernels::cpu
#endif
