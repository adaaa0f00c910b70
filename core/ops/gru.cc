// GRU (ONNX 22). Gates are stored in the order update, reset, hidden.
#include "core/ops/support/recurrent.h"

namespace oarlock::ops {

namespace {

constexpr int64_t kGates = 3;
constexpr std::string_view kDefaults[] = {"Sigmoid", "Tanh"};

template <class C>
Status run(RunContext& c) {
  const int64_t n = c.input(2).shape()[2];
  const int64_t directions = c.input(2).shape()[0];
  OARLOCK_ASSIGN(const std::vector<CellFunction> functions,
                 CellFunction::list(c.attrs(), static_cast<size_t>(directions), kDefaults));
  const Clip<C> clip(c.attrs());
  const bool linear_before_reset = c.attrs().integer("linear_before_reset") != 0;
  Elements<C> bias;
  if (c.has_input(3)) bias = Elements<C>(c.input(3));
  const Elements<C> recurrence(c.input(2));
  std::vector<C> reset(static_cast<size_t>(n)), gated(static_cast<size_t>(n));
  return run_recurrent<C, 1>(c, kGates, [&](int64_t direction) {
    const C* b = bias.empty() ? nullptr : bias.data() + direction * 2 * kGates * n;
    const C* hidden_rows = recurrence.data() + (direction * kGates + 2) * n * n;
    const CellFunction* act = functions.data() + direction * 2;
    return [=, &reset, &gated](const C* x, const C* r, C* const* states) {
      C* h = states[0];
      const auto w_bias = [&](int64_t k) { return b == nullptr ? C{0} : b[k]; };
      const auto r_bias = [&](int64_t k) { return b == nullptr ? C{0} : b[k + kGates * n]; };
      for (int64_t j = 0; j < n; ++j)
        reset[j] = act[0](clip(x[n + j] + r[n + j] + w_bias(n + j) + r_bias(n + j)));
      if (linear_before_reset) {
        for (int64_t j = 0; j < n; ++j) gated[j] = reset[j] * (r[2 * n + j] + r_bias(2 * n + j));
      } else {
        for (int64_t j = 0; j < n; ++j) reset[j] *= h[j];
        for (int64_t j = 0; j < n; ++j) {
          C sum = 0;
          for (int64_t k = 0; k < n; ++k) sum += hidden_rows[j * n + k] * reset[k];
          gated[j] = sum + r_bias(2 * n + j);
        }
      }
      for (int64_t j = 0; j < n; ++j) {
        const C update = act[0](clip(x[j] + r[j] + w_bias(j) + r_bias(j)));
        const C fresh = act[1](clip(x[2 * n + j] + gated[j] + w_bias(2 * n + j)));
        h[j] = (1 - update) * fresh + update * h[j];
      }
    };
  });
}

Status gru(RunContext& c) {
  return with_compute_type(c.input(0).dtype(),
                           [&](auto tag) { return run<typename decltype(tag)::Type>(c); });
}

}  // namespace

std::span<const OpDef> gru_ops() {
  static const std::vector<OpDef> defs = [] {
    OpDef def = recurrent_op("GRU", kGates, 2, 1, gru);
    def.attrs.emplace_back("linear_before_reset", 0);
    return std::vector<OpDef>{std::move(def)};
  }();
  return defs;
}

}  // namespace oarlock::ops
