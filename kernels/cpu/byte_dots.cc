#include "kernels/cpu/byte_dots.h"

#include "kernels/cpu/integer_product.h"
#include "kernels/cpu/targets.h"
// Highway names targets once its list of those disabled is known.
#include <hwy/detect_targets.h>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace oarlock::kernels::cpu {

namespace {

bool allowed = true;

#if defined(__x86_64__)
struct Features {
  bool avx512 = false, avx = false;
};

Features detect() {
  Features features;
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (__get_cpuid_count(7, 0, &a, &b, &c, &d) != 0) features.avx512 = (c >> 11 & 1) != 0;
  if (__get_cpuid_count(7, 1, &a, &b, &c, &d) != 0) features.avx = (a >> 4 & 1) != 0;
  return features;
}

bool machine_has(int64_t target) {
  static const Features features = detect();
  return (target == HWY_AVX3 && features.avx512) || (target == HWY_AVX2 && features.avx);
}
#else
bool machine_has(int64_t) { return false; }
#endif

}  // namespace

bool has_byte_dots(int64_t target) { return allowed && machine_has(target); }

void allow_byte_dot_products(bool value) { allowed = value; }

}  // namespace oarlock::kernels::cpu
