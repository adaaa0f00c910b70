// LSTM (ONNX 22). Gates are stored in the order input, output, forget, cell.
#include "core/ops/support/recurrent.h"

namespace oarlock::ops {

namespace {

constexpr int64_t kGates = 4;
constexpr std::string_view kDefaults[] = {"Sigmoid", "Tanh", "Tanh"};

template <class C>
Status run(RunContext& c) {
  const int64_t n = c.input(2).shape()[2];
  const int64_t directions = c.input(2).shape()[0];
  OARLOCK_ASSIGN(const std::vector<CellFunction> functions,
                 CellFunction::list(c.attrs(), static_cast<size_t>(directions), kDefaults));
  const Clip<C> clip(c.attrs());
  const bool coupled = c.attrs().integer("input_forget") != 0;
  Elements<C> bias, peephole;
  if (c.has_input(3)) bias = Elements<C>(c.input(3));
  if (c.has_input(7)) peephole = Elements<C>(c.input(7));
  return run_recurrent<C, 2>(c, kGates, [&](int64_t direction) {
    const C* b = bias.empty() ? nullptr : bias.data() + direction * 2 * kGates * n;
    const C* p = peephole.empty() ? nullptr : peephole.data() + direction * 3 * n;
    const CellFunction* act = functions.data() + direction * 3;
    return [=](const C* x, const C* r, C* const* states) {
      C* h = states[0];
      C* cell = states[1];
      const auto gate = [&](int64_t which, int64_t j) {
        const int64_t k = which * n + j;
        return x[k] + r[k] + (b == nullptr ? C{0} : b[k] + b[k + kGates * n]);
      };
      const auto peek = [&](int64_t which, int64_t j, C value) {
        return p == nullptr ? C{0} : p[which * n + j] * value;
      };
      for (int64_t j = 0; j < n; ++j) {
        const C input = act[0](clip(gate(0, j) + peek(0, j, cell[j])));
        const C forget = coupled ? 1 - input : act[0](clip(gate(2, j) + peek(2, j, cell[j])));
        cell[j] = forget * cell[j] + input * act[1](clip(gate(3, j)));
        const C output = act[0](clip(gate(1, j) + peek(1, j, cell[j])));
        h[j] = output * act[2](clip(cell[j]));
      }
    };
  });
}

Status lstm(RunContext& c) {
  return with_compute_type(c.input(0).dtype(),
                           [&](auto tag) { return run<typename decltype(tag)::Type>(c); });
}

}  // namespace

std::span<const OpDef> lstm_ops() {
  static const std::vector<OpDef> defs = [] {
    OpDef def = recurrent_op("LSTM", kGates, 3, 2, lstm);
    def.attrs.emplace_back("input_forget", 0);
    def.inputs = {3, 8};  // with peepholes
    return std::vector<OpDef>{std::move(def)};
  }();
  return defs;
}

}  // namespace oarlock::ops
