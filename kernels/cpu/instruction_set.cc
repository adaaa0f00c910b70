#include "kernels/cpu/instruction_set.h"

#include <algorithm>
#include <cctype>
#include <cstring>
#include <vector>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

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

OARLOCK_EXPORT(target_name);

namespace {

// Compiled in, and what this machine and its operating system support.
int64_t detect() {
#if defined(__x86_64__)
  __builtin_cpu_init();
  unsigned a = 0, b = 0, features = 0, d = 0;
  __get_cpuid(1, &a, &b, &features, &d);
  const bool multiply = (features >> 1 & 1) != 0, aes = (features >> 25 & 1) != 0,
             half = (features >> 29 & 1) != 0;
  const bool sse4 = __builtin_cpu_supports("sse4.2") && multiply && aes;
  const bool avx2 = sse4 && half && __builtin_cpu_supports("avx2") &&
                    __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi") &&
                    __builtin_cpu_supports("bmi2");
  const bool avx3 = avx2 && __builtin_cpu_supports("avx512f") &&
                    __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
                    __builtin_cpu_supports("avx512bw");
  return ((sse4 ? HWY_SSE4 : 0) | (avx2 ? HWY_AVX2 : 0) | (avx3 ? HWY_AVX3 : 0)) & HWY_TARGETS;
#else
  return HWY_TARGETS;
#endif
}

// A lower bit stands for a better instruction set.
class Targets {
 public:
  Targets() { choose(); }
  int64_t allowed() const { return detected_ & limit_ & forced_; }
  void limit(int64_t mask) {
    limit_ = mask;
    choose();
  }
  void force(int64_t mask) {
    forced_ = mask;
    choose();
  }
  size_t index() const { return chosen_.GetIndex(); }

 private:
  void choose() { chosen_.Update(allowed()); }

  const int64_t detected_ = detect();
  int64_t limit_ = -1, forced_ = -1;
  hwy::ChosenTarget chosen_;
};

Targets& targets() {
  static Targets all;
  return all;
}

// Those in `set`, best first.
std::vector<int64_t> list(int64_t set) {
  std::vector<int64_t> bits;
  for (; set != 0; set &= set - 1) bits.push_back(set & -set);
  return bits;
}

}  // namespace

size_t dispatch_index() { return targets().index(); }

bool instruction_set_supported() { return targets().allowed() != 0; }

const char* instruction_set_name() { return OARLOCK_DISPATCH(target_name)(); }

std::string instruction_set_names() {
  std::string names;
  for (const int64_t target : list(targets().allowed())) {
    if (!names.empty()) names += ", ";
    names += hwy::TargetName(target);
  }
  return names;
}

bool limit_instruction_set(std::string_view name) {
  const auto same = [](char a, char b) { return a == std::toupper(static_cast<unsigned char>(b)); };
  for (const int64_t target : list(targets().allowed())) {
    const std::string_view known = hwy::TargetName(target);
    if (!std::equal(known.begin(), known.end(), name.begin(), name.end(), same)) continue;
    targets().limit(-target);
    return true;
  }
  return false;
}

bool force_instruction_set(const char* name) {
  targets().force(-1);
  if (name[0] == '\0') return true;
  for (const int64_t target : list(targets().allowed())) {
    if (std::strcmp(hwy::TargetName(target), name) != 0) continue;
    targets().force(target);
    return true;
  }
  return false;
}

}  // namespace oarlock::kernels::cpu
#endif
