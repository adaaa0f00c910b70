#include "backends/cpu/ops/support/cell_function.h"

#include <optional>
#include <string>

#include "kernels/cpu/activation.h"
#include "kernels/cpu/unary.h"

namespace oarlock::cpu {

namespace {

namespace kc = kernels::cpu;
using Kind = CellFunction::Kind;
using Simple = kc::Activation::Kind;

struct Known {
  std::string_view name;
  Kind kind;
  Simple activation;
  std::optional<float> alpha, beta;  // defaults of the parameters it takes
};

constexpr Known kKnown[] = {
    {"relu", Kind::activation, Simple::relu, {}, {}},
    {"tanh", Kind::activation, Simple::tanh, {}, {}},
    {"sigmoid", Kind::activation, Simple::sigmoid, {}, {}},
    {"affine", Kind::affine, Simple::none, 1.0f, 0.0f},
    {"leakyrelu", Kind::activation, Simple::leaky_relu, 0.01f, {}},
    {"thresholdedrelu", Kind::thresholded_relu, Simple::none, 1.0f, {}},
    {"scaledtanh", Kind::scaled_tanh, Simple::none, 1.0f, 1.0f},
    {"hardsigmoid", Kind::activation, Simple::hard_sigmoid, 0.2f, 0.5f},
    {"elu", Kind::activation, Simple::elu, 1.0f, {}},
    {"softsign", Kind::softsign, Simple::none, {}, {}},
    {"softplus", Kind::activation, Simple::softplus, {}, {}},
};

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& letter : result)
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  return result;
}

std::vector<std::string> defaults_of(std::string_view op) {
  if (op == "LSTM") return {"sigmoid", "tanh", "tanh"};
  if (op == "GRU") return {"sigmoid", "tanh"};
  return {"tanh"};
}

}  // namespace

void CellFunction::apply(float* x, int64_t n) const {
  switch (kind) {
    case Kind::activation:
      return kc::activate(activation, x, x, static_cast<size_t>(n));
    case Kind::affine:
      for (int64_t i = 0; i < n; ++i) x[i] = alpha * x[i] + beta;
      return;
    case Kind::scaled_tanh:
      for (int64_t i = 0; i < n; ++i) x[i] *= beta;
      kc::activate({Simple::tanh}, x, x, static_cast<size_t>(n));
      for (int64_t i = 0; i < n; ++i) x[i] *= alpha;
      return;
    case Kind::softsign:
      return kc::unary(kc::UnaryOp::softsign, x, x, n);
    case Kind::thresholded_relu:
      for (int64_t i = 0; i < n; ++i) x[i] = x[i] >= alpha ? x[i] : 0.0f;
      return;
  }
}

Result<std::vector<CellFunction>> cell_functions(const Attrs& attrs, std::string_view op,
                                                 size_t directions) {
  const std::vector<std::string>& given = attrs.strings("activations");
  const std::vector<std::string> defaults = defaults_of(op);
  const size_t count = directions * defaults.size();
  if (!given.empty() && given.size() != count)
    return unsupported(given.size(), " activations instead of ", count);
  size_t next_alpha = 0, next_beta = 0;
  const auto parameter = [](const std::vector<float>& values, size_t& next,
                            std::optional<float> fallback) {
    if (!fallback) return 0.0f;
    return next < values.size() ? values[next++] : *fallback;
  };
  std::vector<CellFunction> functions(count);
  for (size_t i = 0; i < count; ++i) {
    const std::string name = lower(given.empty() ? defaults[i % defaults.size()] : given[i]);
    const Known* found = nullptr;
    for (const Known& known : kKnown)
      if (known.name == name) found = &known;
    if (!found) return unsupported("activation ", name);
    CellFunction& f = functions[i];
    f.kind = found->kind;
    f.alpha = parameter(attrs.numbers("activation_alpha"), next_alpha, found->alpha);
    f.beta = parameter(attrs.numbers("activation_beta"), next_beta, found->beta);
    f.activation = {found->activation, f.alpha, f.beta};
  }
  return functions;
}

}  // namespace oarlock::cpu
