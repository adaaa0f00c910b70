#include "kernels/cpu/lstm.h"

#include "kernels/cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/lstm.cc"
#include <hwy/foreach_target.h>  // IWYU pragma: keep

#include "kernels/cpu/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace oarlock::kernels::cpu::HWY_NAMESPACE {
namespace {

HWY_INLINE VecF32 load(const float* x, int64_t n) {
  return n >= kStep ? hn::LoadU(F32(), x) : load_tail(x, n, 0.0f);
}
HWY_INLINE void store(VecF32 v, float* y, int64_t n) {
  if (n >= kStep)
    hn::StoreU(v, F32(), y);
  else
    store_tail(v, y, n);
}

void lstm_step_run(const LstmStep& s) {
  const F32 d;
  for (int64_t b = 0; b < s.batch; ++b) {
    const float* gates = s.gates + b * s.gates_stride;
    const float* before = s.cell_before + b * s.hidden;
    for (int64_t j = 0; j < s.hidden; j += kStep) {
      const int64_t n = s.hidden - j;
      VecF32 in = load(gates + j, n);
      VecF32 out = load(gates + s.hidden + j, n);
      VecF32 forget = load(gates + 2 * s.hidden + j, n);
      const VecF32 candidate = tanh_f32(d, load(gates + 3 * s.hidden + j, n));
      const VecF32 old = load(before + j, n);
      if (s.peephole) {
        in = hn::MulAdd(load(s.peephole + j, n), old, in);
        forget = hn::MulAdd(load(s.peephole + 2 * s.hidden + j, n), old, forget);
      }
      const VecF32 cell =
          hn::MulAdd(sigmoid_f32(d, forget), old, hn::Mul(sigmoid_f32(d, in), candidate));
      if (s.peephole) out = hn::MulAdd(load(s.peephole + s.hidden + j, n), cell, out);
      store(cell, s.cell + b * s.hidden + j, n);
      store(hn::Mul(sigmoid_f32(d, out), tanh_f32(d, cell)), s.out + b * s.out_stride + j, n);
    }
  }
}

}  // namespace
}  // namespace oarlock::kernels::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace oarlock::kernels::cpu {
OARLOCK_EXPORT(lstm_step_run);

void lstm_step(const LstmStep& step) { OARLOCK_DISPATCH(lstm_step_run)(step); }
}  // namespace oarlock::kernels::cpu
#endif
