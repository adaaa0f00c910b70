#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/ops/support/check.h"
#include "core/ops/support/elements.h"
#include "core/ops/support/matrix_product.h"

// What RNN, GRU and LSTM (ONNX 22) have in common.
namespace oarlock::ops {

struct RecurrentSizes {
  int64_t steps = 0, batch = 0, input = 0, hidden = 0, directions = 1;
  bool batch_first = false;  // attribute layout

  Shape output() const {
    return batch_first ? Shape{batch, steps, directions, hidden}
                       : Shape{steps, directions, batch, hidden};
  }
  Shape state() const {
    return batch_first ? Shape{batch, directions, hidden} : Shape{directions, batch, hidden};
  }
};

// From attributes and the shapes of X and R.
RecurrentSizes recurrent_sizes(const Attrs& attrs, const Shape& x, const Shape& r);

// Shape inference of an operator with `gates` gates and inputs X, W, R, B, sequence_lens,
// initial_h, and (LSTM) initial_c, P. The number of activation functions is `functions` a
// direction.
Status infer_recurrent(InferContext& c, int64_t gates, size_t functions);

// The definition of such an operator with `states` states; `reference` runs it.
OpDef recurrent_op(std::string name, int64_t gates, size_t functions, int states,
                   std::function<Status(RunContext&)> reference);

// One of the activation functions with its parameters.
class CellFunction {
 public:
  enum class Kind : uint8_t {
    relu,
    tanh,
    sigmoid,
    affine,
    leaky_relu,
    thresholded_relu,
    scaled_tanh,
    hard_sigmoid,
    elu,
    softsign,
    softplus,
  };
  float operator()(float x) const { return evaluate(x); }
  double operator()(double x) const { return evaluate(x); }

  // All functions of a node, direction by direction, from its attributes or `defaults`.
  static Result<std::vector<CellFunction>> list(const Attrs& attrs, size_t directions,
                                                std::span<const std::string_view> defaults);

 private:
  template <class C>
  C evaluate(C x) const;

  Kind kind_ = Kind::tanh;
  float alpha_ = 0, beta_ = 0;
};

// Limits the arguments of activation functions to [-limit, limit].
template <class C>
struct Clip {
  C limit = 0;  // 0: none
  explicit Clip(const Attrs& attrs) : limit(static_cast<C>(attrs.number("clip", 0))) {}
  C operator()(C x) const { return limit > 0 ? std::min(std::max(x, -limit), limit) : x; }
};

// Runs all directions. Y, Y_h and the other states are outputs 0, 1, ...; the initial states
// inputs 5, 6, .... For each direction `make_cell(direction)` gives a callable
//   cell(const C* x, const C* h, C* const* states)
// which gets a row of X * W^T and one of H * R^T, both [gates * hidden], and moves the states
// ([hidden] each, the first being H) one step on.
template <class C, size_t States, class MakeCell>
Status run_recurrent(RunContext& c, int64_t gates, MakeCell&& make_cell) {
  const RecurrentSizes s = recurrent_sizes(c.attrs(), c.input(0).shape(), c.input(2).shape());
  const DType dtype = c.input(0).dtype();
  const std::string& direction = c.attrs().string("direction");
  const int64_t width = gates * s.hidden;
  const Elements<C> x(c.input(0)), w(c.input(1)), r(c.input(2));
  OARLOCK_ASSIGN(Tensor* const y_tensor, c.output(0, dtype, s.output()));
  Results<C> y(*y_tensor);
  std::fill_n(y.data(), y.size(), C{0});
  std::vector<int64_t> lengths(static_cast<size_t>(s.batch), s.steps);
  if (c.has_input(4)) {
    const auto given = c.input(4).as<int32_t>();
    for (int64_t b = 0; b < s.batch; ++b) {
      if (given[b] < 0 || given[b] > s.steps)
        return invalid("input sequence_lens has the length ", given[b], " for sequence ", b,
                       "; it must lie in 0 to ", s.steps);
      lengths[b] = given[b];
    }
  }
  std::array<std::vector<C>, States> states;
  const auto state_index = [&](int64_t d, int64_t b) {
    return (s.batch_first ? b * s.directions + d : d * s.batch + b) * s.hidden;
  };
  for (size_t k = 0; k < States; ++k) {
    states[k].assign(static_cast<size_t>(s.directions * s.batch * s.hidden), C{0});
    if (!c.has_input(5 + k)) continue;
    const Elements<C> initial(c.input(5 + k));
    std::copy(initial.begin(), initial.end(), states[k].begin());
  }
  std::vector<C> from_input(static_cast<size_t>(s.steps * s.batch * width));
  std::vector<C> from_state(static_cast<size_t>(s.batch * width));
  std::vector<C> hidden(static_cast<size_t>(s.batch * s.hidden));
  for (int64_t d = 0; d < s.directions; ++d) {
    const bool backward = direction == "reverse" || d == 1;
    auto cell = make_cell(d);
    matrix_product<C>(s.steps * s.batch, width, s.input, {x.data(), s.input, 1},
                      {w.data() + d * width * s.input, 1, s.input}, {from_input.data(), width, 1});
    for (int64_t t = 0; t < s.steps; ++t) {
      if (c.cancelled()) return Status(Code::cancelled, "the run was cancelled");
      for (int64_t b = 0; b < s.batch; ++b)
        std::copy_n(states[0].data() + state_index(d, b), s.hidden, hidden.data() + b * s.hidden);
      matrix_product<C>(s.batch, width, s.hidden, {hidden.data(), s.hidden, 1},
                        {r.data() + d * width * s.hidden, 1, s.hidden},
                        {from_state.data(), width, 1});
      for (int64_t b = 0; b < s.batch; ++b) {
        if (t >= lengths[b]) continue;
        const int64_t time = backward ? lengths[b] - 1 - t : t;
        const int64_t row = s.batch_first ? b * s.steps + time : time * s.batch + b;
        C* at[States];
        for (size_t k = 0; k < States; ++k) at[k] = states[k].data() + state_index(d, b);
        cell(from_input.data() + row * width, from_state.data() + b * width, at);
        const int64_t to = s.batch_first ? (row * s.directions + d) * s.hidden
                                         : ((time * s.directions + d) * s.batch + b) * s.hidden;
        std::copy_n(at[0], s.hidden, y.data() + to);
      }
    }
  }
  y.store();
  for (size_t k = 0; k < States; ++k) {
    if (!c.has_output(1 + k)) continue;
    OARLOCK_ASSIGN(Tensor* const tensor, c.output(1 + k, dtype, s.state()));
    Results<C> out(*tensor);
    std::copy(states[k].begin(), states[k].end(), out.data());
    out.store();
  }
  return {};
}

}  // namespace oarlock::ops
