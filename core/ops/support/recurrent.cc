#include "core/ops/support/recurrent.h"

#include <cmath>
#include <optional>
#include <string>

namespace oarlock::ops {

RecurrentSizes recurrent_sizes(const Attrs& attrs, const Shape& x, const Shape& r) {
  RecurrentSizes s;
  s.batch_first = attrs.integer("layout") != 0;
  s.steps = x[s.batch_first ? 1 : 0];
  s.batch = x[s.batch_first ? 0 : 1];
  s.input = x[2];
  s.hidden = known_of(r[2], attrs.integer("hidden_size", Shape::kUnknown));
  s.directions = attrs.string("direction") == "bidirectional" ? 2 : 1;
  return s;
}

Status infer_recurrent(InferContext& c, int64_t gates, size_t functions) {
  OARLOCK_TRY(expect_tensors(c));
  OARLOCK_TRY(expect_float(c, 0, "X"));
  OARLOCK_TRY(expect_rank(c, 0, "X", 3));
  OARLOCK_TRY(expect_rank(c, 2, "R", 3));
  const std::string& direction = c.attrs().string("direction");
  if (direction != "forward" && direction != "reverse" && direction != "bidirectional")
    return invalid("attribute direction must be forward, reverse or bidirectional, but is ",
                   direction);
  const RecurrentSizes s = recurrent_sizes(c.attrs(), c.shape(0), c.shape(2));
  const int64_t wide = int64_t{1} << 40;
  if (s.hidden > wide) return invalid("a hidden size of ", s.hidden, " is too large");
  const auto times = [&](int64_t n) {
    return s.hidden == Shape::kUnknown ? Shape::kUnknown : n * s.hidden;
  };
  struct Expected {
    std::string_view name;
    Shape shape;
  };
  const Expected expected[] = {
      {"X", c.shape(0)},
      {"W", {s.directions, times(gates), s.input}},
      {"R", {s.directions, times(gates), s.hidden}},
      {"B", {s.directions, times(2 * gates)}},
      {"sequence_lens", {s.batch}},
      {"initial_h", s.state()},
      {"initial_c", s.state()},
      {"P", {s.directions, times(3)}},
  };
  for (size_t i = 1; i < c.input_count() && i < std::size(expected); ++i) {
    if (!c.has_input(i)) continue;
    OARLOCK_TRY(expect_shape(c, i, expected[i].name, expected[i].shape));
    OARLOCK_TRY(expect_same_dtype(c, i, expected[i].name, i == 4 ? DType::int32 : c.dtype(0)));
  }
  const std::vector<std::string_view> unused(functions, "Tanh");
  OARLOCK_TRY(CellFunction::list(c.attrs(), static_cast<size_t>(s.directions), unused).status());
  c.set_output(0, c.dtype(0), s.output());
  for (size_t i = 1; i < c.output_count(); ++i) c.set_output(i, c.dtype(0), s.state());
  return {};
}

namespace {

double flops(const Attrs&, std::span<const TypeInfo> inputs, std::span<const TypeInfo>) {
  const Shape& x = inputs[0].shape;
  const auto size = [](const Shape& shape) {
    double product = 1;
    for (int64_t extent : shape) product *= static_cast<double>(extent);
    return product;
  };
  return 2 * static_cast<double>(x[0]) * static_cast<double>(x[1]) *
         (size(inputs[1].shape) + size(inputs[2].shape));
}

}  // namespace

OpDef recurrent_op(std::string name, int64_t gates, size_t functions, int states,
                   std::function<Status(RunContext&)> reference) {
  return {.name = std::move(name),
          .since_version = 22,
          .attrs = {{"activation_alpha", AttrKind::numbers},
                    {"activation_beta", AttrKind::numbers},
                    {"activations", AttrKind::strings},
                    {"clip", AttrKind::number},
                    {"direction", "forward"},
                    {"hidden_size", AttrKind::integer},
                    {"layout", 0}},
          .inputs = {3, 5 + states},
          .outputs = {0, 1 + states},
          .infer = [=](InferContext& c) { return infer_recurrent(c, gates, functions); },
          .reference = std::move(reference),
          .flops = flops};
}

namespace {

using Kind = CellFunction::Kind;

struct FunctionInfo {
  std::string_view name;
  Kind kind;
  std::optional<float> alpha, beta;  // defaults of the parameters it takes
};

constexpr FunctionInfo kFunctions[] = {
    {"relu", Kind::relu, {}, {}},
    {"tanh", Kind::tanh, {}, {}},
    {"sigmoid", Kind::sigmoid, {}, {}},
    {"affine", Kind::affine, 1.0f, 0.0f},
    {"leakyrelu", Kind::leaky_relu, 0.01f, {}},
    {"thresholdedrelu", Kind::thresholded_relu, 1.0f, {}},
    {"scaledtanh", Kind::scaled_tanh, 1.0f, 1.0f},
    {"hardsigmoid", Kind::hard_sigmoid, 0.2f, 0.5f},
    {"elu", Kind::elu, 1.0f, {}},
    {"softsign", Kind::softsign, {}, {}},
    {"softplus", Kind::softplus, {}, {}},
};

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& letter : result) {
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  }
  return result;
}

}  // namespace

Result<std::vector<CellFunction>> CellFunction::list(const Attrs& attrs, size_t directions,
                                                     std::span<const std::string_view> defaults) {
  const std::vector<std::string>& given = attrs.strings("activations");
  const size_t count = directions * defaults.size();
  if (!given.empty() && given.size() != count)
    return invalid("attribute activations must name ", count, " functions, but names ",
                   given.size());
  size_t next_alpha = 0, next_beta = 0;
  const auto parameter = [](const std::vector<float>& values, size_t& next,
                            std::optional<float> fallback) {
    if (!fallback) return 0.0f;
    return next < values.size() ? values[next++] : *fallback;
  };
  std::vector<CellFunction> functions(count);
  for (size_t i = 0; i < count; ++i) {
    const std::string name = lower(given.empty() ? defaults[i % defaults.size()] : given[i]);
    const FunctionInfo* found = nullptr;
    for (const FunctionInfo& info : kFunctions) {
      if (info.name == name) found = &info;
    }
    if (found == nullptr)
      return invalid("attribute activations names an unknown function: ", given[i]);
    functions[i].kind_ = found->kind;
    functions[i].alpha_ = parameter(attrs.numbers("activation_alpha"), next_alpha, found->alpha);
    functions[i].beta_ = parameter(attrs.numbers("activation_beta"), next_beta, found->beta);
  }
  return functions;
}

template <class C>
C CellFunction::evaluate(C x) const {
  const C alpha = static_cast<C>(alpha_);
  const C beta = static_cast<C>(beta_);
  switch (kind_) {
    case Kind::relu:
      return std::max(x, C{0});
    case Kind::tanh:
      return std::tanh(x);
    case Kind::sigmoid:
      return 1 / (1 + std::exp(-x));
    case Kind::affine:
      return alpha * x + beta;
    case Kind::leaky_relu:
      return x >= 0 ? x : alpha * x;
    case Kind::thresholded_relu:
      return x >= alpha ? x : 0;
    case Kind::scaled_tanh:
      return alpha * std::tanh(beta * x);
    case Kind::hard_sigmoid:
      return std::min(std::max(alpha * x + beta, C{0}), C{1});
    case Kind::elu:
      return x >= 0 ? x : alpha * std::expm1(x);
    case Kind::softsign:
      return x / (1 + std::abs(x));
    case Kind::softplus:
      return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x));
  }
  return x;
}

template float CellFunction::evaluate(float) const;
template double CellFunction::evaluate(double) const;

}  // namespace oarlock::ops
