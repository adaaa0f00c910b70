#include "kernels/cpu/activation.h"

#include "kernels/cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/activation.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/cpu/activation-inl.h"

HWY_BEFORE_NAMESPACE();
namespace oarlock::kernels::cpu::HWY_NAMESPACE {

void activate_target(const Activation& activation, const float* input, float* output,
                     size_t count) {
  activate_f32(activation, input, output, count);
}

}  // namespace oarlock::kernels::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace oarlock::kernels::cpu {

OARLOCK_EXPORT(activate_target);

void activate(const Activation& activation, const float* input, float* output, size_t count) {
  OARLOCK_DISPATCH(activate_target)(activation, input, output, count);
}

}  // namespace oarlock::kernels::cpu
#endif
