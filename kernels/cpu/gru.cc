#include "kernels/cpu/gru.h"

#include "kernels/cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/gru.cc"
#include <hwy/foreach_target.h>  // IWYU pragma: keep

#include "kernels/cpu/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace oarlock::kernels::cpu::HWY_NAMESPACE {
namespace {

HWY_INLINE VecF32 load(const float* x, int64_t n) {
  return n >= kStep ? hn::LoadU(F32(), x) : load_tail(x, n, 0.0f);
}

void gru_step_run(const GruStep& s) {
  const F32 d;
  for (int64_t b = 0; b < s.batch; ++b) {
    const float* x = s.from_input + b * 3 * s.hidden;
    const float* h = s.from_state + b * 3 * s.hidden;
    float* state = s.state + b * s.hidden;
    for (int64_t j = 0; j < s.hidden; j += kStep) {
      const int64_t n = s.hidden - j;
      const auto sum = [&](int64_t gate) HWY_ATTR {
        return hn::Add(load(x + gate * s.hidden + j, n), load(h + gate * s.hidden + j, n));
      };
      const VecF32 update = sigmoid_f32(d, sum(0));
      const VecF32 reset = sigmoid_f32(d, sum(1));
      const VecF32 fresh = tanh_f32(
          d, hn::MulAdd(reset, load(h + 2 * s.hidden + j, n), load(x + 2 * s.hidden + j, n)));
      const VecF32 next = hn::MulAdd(update, hn::Sub(load(state + j, n), fresh), fresh);
      if (n >= kStep)
        hn::StoreU(next, d, state + j);
      else
        store_tail(next, state + j, n);
    }
  }
}

}  // namespace
}  // namespace oarlock::kernels::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace oarlock::kernels::cpu {
OARLOCK_EXPORT(gru_step_run);

void gru_step(const GruStep& step) { OARLOCK_DISPATCH(gru_step_run)(step); }
}  // namespace oarlock::kernels::cpu
#endif
