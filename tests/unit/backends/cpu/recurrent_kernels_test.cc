// LSTM, GRU and RNN in their less common forms against the reference implementations.
#include <gtest/gtest.h>

#include "tests/unit/backends/cpu/kernel_check.h"

namespace oarlock::cpu {
namespace {

using Names = std::vector<std::string>;
constexpr int64_t kHidden = 19, kInputs = 7, kSteps = 6;

struct Form {
  Attrs attrs;
  int64_t batch = 3;
  bool lengths = false, states = true, bias = true;
  int64_t directions = 1;
};

void check(const std::string& op, Form form, bool constant) {
  const int64_t gates = op == "LSTM" ? 4 : op == "GRU" ? 3 : 1;
  const bool batch_first = form.attrs.integer("layout", 0) != 0;
  const int64_t n = form.batch, d = form.directions;
  form.attrs.set("hidden_size", kHidden);
  if (d == 2) form.attrs.set("direction", std::string("bidirectional"));
  const Shape x = batch_first ? Shape{n, kSteps, kInputs} : Shape{kSteps, n, kInputs};
  const Shape state = batch_first ? Shape{n, d, kHidden} : Shape{d, n, kHidden};
  std::vector<Tensor> inputs = {random_tensor(x, 1),
                                random_tensor({d, gates * kHidden, kInputs}, 2),
                                random_tensor({d, gates * kHidden, kHidden}, 3, -0.5f, 0.5f)};
  inputs.push_back(form.bias ? random_tensor({d, 2 * gates * kHidden}, 4) : Tensor());
  Tensor lengths;
  if (form.lengths) {
    lengths = *Tensor::allocate(DType::int32, {n});
    for (int64_t b = 0; b < n; ++b)
      lengths.mutable_as<int32_t>()[b] = static_cast<int32_t>((kSteps + 5 * b) % (kSteps + 1));
  }
  inputs.push_back(lengths);
  if (form.states) inputs.push_back(random_tensor(state, 5));
  if (form.states && op == "LSTM") inputs.push_back(random_tensor(state, 6));
  std::vector<size_t> constants;
  if (constant) constants = {1, 2};
  check_kernel({.op = op,
                .attrs = form.attrs,
                .inputs = inputs,
                .constants = constants,
                .outputs = op == "LSTM" ? size_t{3} : size_t{2},
                .tolerance = 1e-4});
}

TEST(RecurrentKernels, GeneralForms) {
  for (const std::string op : {"LSTM", "GRU", "RNN"})
    for (bool constant : {true, false}) {
      check(op, {.attrs = {{"clip", 0.4f}}}, constant);
      check(op, {.attrs = {}, .batch = 5, .lengths = true}, constant);
      check(op, {.attrs = {}, .lengths = true, .directions = 2}, constant);
      check(op, {.attrs = {{"layout", int64_t{1}}}, .states = false, .directions = 2}, constant);
      check(op, {.attrs = {{"direction", std::string("reverse")}}, .batch = 1, .lengths = true},
            constant);
      check(op, {.attrs = {}, .batch = 1, .bias = false}, constant);
    }
  check("GRU", {.attrs = {{"linear_before_reset", int64_t{1}}}, .lengths = true}, true);
  check("LSTM", {.attrs = {{"input_forget", int64_t{1}}}}, true);
}

TEST(RecurrentKernels, Activations) {
  for (const std::string name : {"Relu", "Tanh", "Sigmoid", "Affine", "LeakyRelu", "HardSigmoid",
                                 "Elu", "Softsign", "Softplus", "ThresholdedRelu", "ScaledTanh"})
    check("RNN", {.attrs = {{"activations", Names{name}}, {"clip", 2.0f}}}, true);
  const Attrs scaled{{"activations", Names{"Affine", "ScaledTanh"}},
                     {"activation_alpha", std::vector<float>{0.3f, 0.7f}},
                     {"activation_beta", std::vector<float>{0.1f, 0.9f}}};
  check("GRU", {.attrs = scaled}, true);
  check("LSTM", {.attrs = {{"activations", Names{"HardSigmoid", "Softsign", "Elu"}}}}, true);
}

TEST(RecurrentKernels, Peephole) {
  const int64_t gates = 4 * kHidden;
  check_kernel(
      {.op = "LSTM",
       .attrs = {{"hidden_size", kHidden}, {"clip", 1.5f}},
       .inputs = {random_tensor({kSteps, 2, kInputs}, 1), random_tensor({1, gates, kInputs}, 2),
                  random_tensor({1, gates, kHidden}, 3), Tensor(), Tensor(), Tensor(), Tensor(),
                  random_tensor({1, 3 * kHidden}, 7)},
       .outputs = 3,
       .tolerance = 1e-4});
}

}  // namespace
}  // namespace oarlock::cpu
