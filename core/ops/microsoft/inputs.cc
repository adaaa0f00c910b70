#include "core/ops/microsoft/inputs.h"

namespace oarlock::ops {

Status expect_present(const InferContext& c,
                      std::initializer_list<std::pair<size_t, std::string_view>> inputs) {
  for (const auto& [i, name] : inputs)
    if (!c.has_input(i)) return invalid("the required input ", name, " is missing");
  return {};
}

Status expect_single(const InferContext& c, size_t i, std::string_view name) {
  const Shape& shape = c.shape(i);
  if (shape.rank() == 0 || (shape.rank() == 1 && agree(shape[0], 1))) return {};
  return invalid("input ", name, " must be a single number, but its shape is ", shape);
}

namespace {

Status expect_scale(const InferContext& c, size_t scale, std::string_view name, DType dtype) {
  OARLOCK_TRY(expect_dtype(c, scale, concat(name, "scale"), {DType::float32}));
  OARLOCK_TRY(expect_single(c, scale, concat(name, "scale")));
  if (!c.has_input(scale + 1)) return {};
  OARLOCK_TRY(expect_same_dtype(c, scale + 1, concat(name, "zero_point"), dtype));
  return expect_single(c, scale + 1, concat(name, "zero_point"));
}

}  // namespace

Status expect_quantized(const InferContext& c, size_t x, std::string_view name) {
  OARLOCK_TRY(expect_present(c, {{x, name}, {x + 1, "scale"}}));
  OARLOCK_TRY(expect_dtype(c, x, name, {DType::uint8, DType::int8}));
  return expect_scale(c, x + 1, concat(name, "_"), c.dtype(x));
}

Status expect_output_scale(const InferContext& c, size_t scale, DType dtype) {
  OARLOCK_TRY(expect_present(c, {{scale, "y_scale"}}));
  return expect_scale(c, scale, "y_", dtype);
}

ValueId dequantized(Decomposition& d, size_t x) {
  return d.add("DequantizeLinear", {d.input(x), d.input(x + 1), d.input(x + 2)});
}

void replace_quantized(Decomposition& d, ValueId y, size_t scale, DType dtype) {
  d.replace(0, d.add("QuantizeLinear", {y, d.input(scale), d.input(scale + 1)},
                     {{"output_dtype", static_cast<int64_t>(dtype)}}));
}

ValueId integer_product(Decomposition& d, const IntegerProduct& p) {
  ValueId y = d.add("MatMulInteger", {p.a, p.b, p.a_zero, p.b_zero});
  if (p.c != kNone) y = d.add("Add", {y, p.c});
  ValueId scale = d.add("Mul", {p.a_scale, p.b_scale});
  if (p.alpha != 1) scale = d.add("Mul", {scale, d.number(p.alpha, p.dtype)});
  y = d.add("Mul", {d.cast(y, DType::int32, p.dtype), scale});
  return p.bias == kNone ? y : d.add("Add", {y, p.bias});
}

Status expect_columns(const InferContext& c, size_t i, std::string_view name, int64_t columns) {
  const Shape& shape = c.shape(i);
  if (shape.rank() == 0 || (shape.rank() == 1 && (agree(shape[0], 1) || agree(shape[0], columns))))
    return {};
  return invalid("input ", name, " must hold one number, or one for each of ", columns,
                 " columns, but its shape is ", shape);
}

namespace {

struct KnownActivation {
  std::string_view name;
  bool alpha, beta, gamma;
};
constexpr KnownActivation kActivations[] = {
    {"Clip", true, true, false},       {"Elu", true, false, false},
    {"Gelu", false, false, false},     {"HardSigmoid", true, true, false},
    {"LeakyRelu", true, false, false}, {"Relu", false, false, false},
    {"Selu", true, false, true},       {"Sigmoid", false, false, false},
    {"Softplus", false, false, false}, {"Softsign", false, false, false},
    {"Tanh", false, false, false},     {"ThresholdedRelu", true, false, false},
};

}  // namespace

Status check_activation(const ActivationAttrs& activation) {
  if (activation.name.empty()) return {};
  std::string names;
  for (const KnownActivation& known : kActivations) {
    if (known.name == activation.name) return {};
    names += concat(names.empty() ? "" : ", ", known.name);
  }
  return invalid("attribute activation is ", activation.name, ", expected one of ", names);
}

ValueId add_activation(Decomposition& d, ValueId x, DType dtype,
                       const ActivationAttrs& activation) {
  for (const KnownActivation& known : kActivations) {
    if (known.name != activation.name) continue;
    if (known.name == "Clip") {
      const auto bound = [&](const std::optional<float>& value) {
        return value ? d.number(*value, dtype) : kNone;
      };
      return d.add("Clip", {x, bound(activation.alpha), bound(activation.beta)});
    }
    Attrs attrs;
    if (known.alpha && activation.alpha) attrs.set("alpha", *activation.alpha);
    if (known.beta && activation.beta) attrs.set("beta", *activation.beta);
    if (known.gamma && activation.gamma) attrs.set("gamma", *activation.gamma);
    return d.add(known.name, {x}, std::move(attrs));
  }
  return x;
}

}  // namespace oarlock::ops
