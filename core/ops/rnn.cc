// RNN (ONNX 22): the simple recurrent cell.
#include "core/ops/support/recurrent.h"

namespace oarlock::ops {

namespace {

constexpr std::string_view kDefaults[] = {"Tanh"};

template <class C>
Status run(RunContext& c) {
  const int64_t n = c.input(2).shape()[2];
  const int64_t directions = c.input(2).shape()[0];
  OARLOCK_ASSIGN(const std::vector<CellFunction> functions,
                 CellFunction::list(c.attrs(), static_cast<size_t>(directions), kDefaults));
  const Clip<C> clip(c.attrs());
  Elements<C> bias;
  if (c.has_input(3)) bias = Elements<C>(c.input(3));
  return run_recurrent<C, 1>(c, 1, [&](int64_t direction) {
    const C* b = bias.empty() ? nullptr : bias.data() + direction * 2 * n;
    const CellFunction act = functions[direction];
    return [=](const C* x, const C* r, C* const* states) {
      for (int64_t j = 0; j < n; ++j)
        states[0][j] = act(clip(x[j] + r[j] + (b == nullptr ? C{0} : b[j] + b[n + j])));
    };
  });
}

Status rnn(RunContext& c) {
  return with_compute_type(c.input(0).dtype(),
                           [&](auto tag) { return run<typename decltype(tag)::Type>(c); });
}

}  // namespace

std::span<const OpDef> rnn_ops() {
  static const std::vector<OpDef> defs = {recurrent_op("RNN", 1, 1, 1, rnn)};
  return defs;
}

}  // namespace oarlock::ops
