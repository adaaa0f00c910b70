// Derivatives of operators of the newest opset.
#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "converter/gradient.h"

namespace oarlock::converter {

namespace {

// The factor by which the derivative of a unary operator's output becomes that of its input.
using Factor = ValueId (*)(Backward& to, const Node& node, ValueId x, ValueId y);

template <Factor factor>
void unary(Backward& to, const Node& node, ValueId g) {
  const ValueId x = node.input(0);
  to.give(x, to.add("Mul", {g, factor(to, node, x, node.output(0))}));
}

ValueId exp_factor(Backward&, const Node&, ValueId, ValueId y) { return y; }
ValueId log_factor(Backward& to, const Node&, ValueId x, ValueId) {
  return to.add("Reciprocal", {x});
}
ValueId sqrt_factor(Backward& to, const Node&, ValueId, ValueId y) {
  return to.add("Div", {to.number(0.5F, y), y});
}
ValueId reciprocal_factor(Backward& to, const Node&, ValueId, ValueId y) {
  return to.add("Neg", {to.add("Mul", {y, y})});
}
ValueId sin_factor(Backward& to, const Node&, ValueId x, ValueId) { return to.add("Cos", {x}); }
ValueId cos_factor(Backward& to, const Node&, ValueId x, ValueId) {
  return to.add("Neg", {to.add("Sin", {x})});
}
ValueId sinh_factor(Backward& to, const Node&, ValueId x, ValueId) { return to.add("Cosh", {x}); }
ValueId cosh_factor(Backward& to, const Node&, ValueId x, ValueId) { return to.add("Sinh", {x}); }
ValueId tan_factor(Backward& to, const Node&, ValueId, ValueId y) {
  return to.add("Add", {to.number(1, y), to.add("Mul", {y, y})});
}
ValueId tanh_factor(Backward& to, const Node&, ValueId, ValueId y) {
  return to.add("Sub", {to.number(1, y), to.add("Mul", {y, y})});
}
ValueId sigmoid_factor(Backward& to, const Node&, ValueId, ValueId y) {
  return to.add("Mul", {y, to.add("Sub", {to.number(1, y), y})});
}
ValueId softplus_factor(Backward& to, const Node&, ValueId x, ValueId) {
  return to.add("Sigmoid", {x});
}
ValueId erf_factor(Backward& to, const Node&, ValueId x, ValueId) {
  const auto scale = static_cast<float>(2 * std::numbers::inv_sqrtpi);
  const ValueId power = to.add("Exp", {to.add("Neg", {to.add("Mul", {x, x})})});
  return to.add("Mul", {to.number(scale, x), power});
}
ValueId abs_factor(Backward& to, const Node&, ValueId x, ValueId) { return to.add("Sign", {x}); }

ValueId positive(Backward& to, ValueId x) { return to.add("Greater", {x, to.number(0, x)}); }

ValueId relu_factor(Backward& to, const Node&, ValueId x, ValueId) {
  return to.add("Where", {positive(to, x), to.number(1, x), to.number(0, x)});
}
ValueId leaky_relu_factor(Backward& to, const Node& node, ValueId x, ValueId) {
  const float alpha = node.attrs.number("alpha", 0.01F);
  return to.add("Where", {positive(to, x), to.number(1, x), to.number(alpha, x)});
}
ValueId elu_factor(Backward& to, const Node& node, ValueId x, ValueId y) {
  const ValueId alpha = to.number(node.attrs.number("alpha", 1), x);
  return to.add("Where", {positive(to, x), to.number(1, x), to.add("Add", {y, alpha})});
}
// 1 where nothing was cut.
ValueId clip_factor(Backward& to, const Node&, ValueId x, ValueId y) {
  return to.add("Where", {to.add("Equal", {x, y}), to.number(1, x), to.number(0, x)});
}

void same(Backward& to, const Node& node, ValueId g) { to.give(node.input(0), g); }

void negated(Backward& to, const Node& node, ValueId g) {
  to.give(node.input(0), to.add("Neg", {g}));
}

void sum(Backward& to, const Node& node, ValueId g) {
  for (const ValueId input : node.inputs) to.give(input, to.summed(g, input));
}

void mean(Backward& to, const Node& node, ValueId g) {
  const auto share = 1 / static_cast<float>(node.inputs.size());
  sum(to, node, to.add("Mul", {g, to.number(share, g)}));
}

void difference(Backward& to, const Node& node, ValueId g) {
  to.give(node.input(0), to.summed(g, node.input(0)));
  to.give(node.input(1), to.summed(to.add("Neg", {g}), node.input(1)));
}

void product(Backward& to, const Node& node, ValueId g) {
  const ValueId a = node.input(0), b = node.input(1);
  to.give(a, to.summed(to.add("Mul", {g, b}), a));
  to.give(b, to.summed(to.add("Mul", {g, a}), b));
}

void quotient(Backward& to, const Node& node, ValueId g) {
  const ValueId a = node.input(0), b = node.input(1), share = to.add("Div", {g, b});
  to.give(a, to.summed(share, a));
  to.give(b, to.summed(to.add("Neg", {to.add("Mul", {share, node.output(0)})}), b));
}

void power(Backward& to, const Node& node, ValueId g) {
  const ValueId a = node.input(0), y = node.output(0);
  const ValueId b = to.add("CastLike", {node.input(1), a});
  const ValueId less = to.add("Pow", {a, to.add("Sub", {b, to.number(1, a)})});
  to.give(a, to.summed(to.add("Mul", {g, to.add("Mul", {b, less})}), a));
  // The logarithm of 0 counts as 0: there the power does not change with a positive exponent.
  const ValueId log = to.add("Where", {positive(to, a), to.add("Log", {a}), to.number(0, a)});
  const ValueId by_exponent = to.add("Mul", {g, to.add("Mul", {y, log})});
  const ValueId exponent = node.input(1);
  to.give(exponent, to.add("CastLike", {to.summed(by_exponent, exponent), exponent}));
}

void choice(Backward& to, const Node& node, ValueId g) {
  const ValueId condition = node.input(0), a = node.input(1), b = node.input(2);
  const ValueId zero = to.number(0, g);
  to.give(a, to.summed(to.add("Where", {condition, g, zero}), a));
  to.give(b, to.summed(to.add("Where", {condition, zero, g}), b));
}

void cast(Backward& to, const Node& node, ValueId g) {
  to.give(node.input(0), to.add("CastLike", {g, node.input(0)}));
}

void reshape(Backward& to, const Node& node, ValueId g) {
  to.give(node.input(0), to.reshaped(g, node.input(0)));
}

void expand(Backward& to, const Node& node, ValueId g) {
  to.give(node.input(0), to.summed(g, node.input(0)));
}

void transpose(Backward& to, const Node& node, ValueId g) {
  const std::vector<int64_t>& perm = node.attrs.integers("perm");
  std::vector<int64_t> back(perm.size());
  for (size_t i = 0; i < perm.size(); ++i)
    back[static_cast<size_t>(perm[i])] = static_cast<int64_t>(i);
  Attrs attrs;
  if (!perm.empty()) attrs.set("perm", std::move(back));
  to.give(node.input(0), to.add("Transpose", {g}, std::move(attrs)));
}

// With its last two axes exchanged.
ValueId exchanged(Backward& to, ValueId matrix) {
  if (!to.status().ok()) return kNone;
  const TypeInfo& type = to.type(matrix);
  if (!type.has_rank || type.shape.rank() < 2) {
    to.fail(unsupported("the rank of a factor is not known"));
    return kNone;
  }
  std::vector<int64_t> perm(type.shape.rank());
  for (size_t i = 0; i < perm.size(); ++i) perm[i] = static_cast<int64_t>(i);
  std::swap(perm[perm.size() - 1], perm[perm.size() - 2]);
  return to.add("Transpose", {matrix}, {{"perm", std::move(perm)}});
}

void matmul(Backward& to, const Node& node, ValueId g) {
  const auto is_vector = [&](ValueId value) {
    return to.type(value).has_rank && to.type(value).shape.rank() == 1;
  };
  ValueId a = node.input(0), b = node.input(1);
  const bool row = is_vector(a), column = is_vector(b);
  if (row) a = to.add("Unsqueeze", {a, to.integers({0})});
  if (column) {
    b = to.add("Unsqueeze", {b, to.integers({1})});
    g = to.add("Unsqueeze", {g, to.integers({-1})});
  }
  if (row) g = to.add("Unsqueeze", {g, to.integers({-2})});
  const ValueId of_a = to.summed(to.add("MatMul", {g, exchanged(to, b)}), a);
  const ValueId of_b = to.summed(to.add("MatMul", {exchanged(to, a), g}), b);
  to.give(node.input(0), row ? to.reshaped(of_a, node.input(0)) : of_a);
  to.give(node.input(1), column ? to.reshaped(of_b, node.input(1)) : of_b);
}

void gemm(Backward& to, const Node& node, ValueId g) {
  const ValueId a = node.input(0), b = node.input(1);
  const int64_t ta = node.attrs.integer("transA"), tb = node.attrs.integer("transB");
  const float alpha = node.attrs.number("alpha", 1), beta = node.attrs.number("beta", 1);
  const auto product = [&](ValueId p, ValueId q, int64_t tp, int64_t tq) {
    return to.add("Gemm", {p, q}, {{"alpha", alpha}, {"transA", tp}, {"transB", tq}});
  };
  to.give(a, ta != 0 ? product(b, g, tb, 1) : product(g, b, 0, 1 - tb));
  to.give(b, tb != 0 ? product(g, a, 1, ta) : product(a, g, 1 - ta, 0));
  if (const ValueId c = node.input(2); c != kNone)
    to.give(c, to.summed(to.add("Mul", {g, to.number(beta, g)}), c));
}

// The derivative of a reduction spread over the shape of its input.
ValueId spread(Backward& to, const Node& node, ValueId g) {
  const ValueId x = node.input(0);
  Attrs attrs = node.attrs;
  attrs.set("keepdims", int64_t{1});
  const ValueId kept = to.add(node.op, node.inputs, std::move(attrs));
  return to.add("Expand", {to.reshaped(g, kept), to.add("Shape", {x})});
}

void reduce_sum(Backward& to, const Node& node, ValueId g) {
  to.give(node.input(0), spread(to, node, g));
}

void reduce_mean(Backward& to, const Node& node, ValueId g) {
  const ValueId x = node.input(0);
  const ValueId count = to.add("Div", {to.add("Size", {x}), to.add("Size", {node.output(0)})});
  to.give(x, spread(to, node, to.add("Div", {g, to.add("CastLike", {count, g})})));
}

void reduce_sum_square(Backward& to, const Node& node, ValueId g) {
  const ValueId x = node.input(0);
  to.give(x, to.add("Mul", {spread(to, node, g), to.add("Mul", {x, to.number(2, x)})}));
}

ValueId sum_along(Backward& to, const Node& node, ValueId value) {
  return to.add("ReduceSum", {value, to.integers({node.attrs.integer("axis", -1)})});
}

void softmax(Backward& to, const Node& node, ValueId g) {
  const ValueId y = node.output(0);
  const ValueId total = sum_along(to, node, to.add("Mul", {g, y}));
  to.give(node.input(0), to.add("Mul", {y, to.add("Sub", {g, total})}));
}

void log_softmax(Backward& to, const Node& node, ValueId g) {
  const ValueId total = sum_along(to, node, g);
  const ValueId share = to.add("Mul", {to.add("Exp", {node.output(0)}), total});
  to.give(node.input(0), to.add("Sub", {g, share}));
}

void concat_pieces(Backward& to, const Node& node, ValueId g) {
  const int64_t axis = node.attrs.integer("axis");
  std::vector<ValueId> lengths;
  for (const ValueId input : node.inputs) {
    const ValueId shape = to.add("Shape", {input});
    lengths.push_back(to.add("Gather", {shape, to.integers({axis})}));
  }
  const ValueId all = to.add("Concat", lengths, {{"axis", int64_t{0}}});
  const std::vector<ValueId> pieces =
      to.add_many("Split", {g, all}, {{"axis", axis}}, node.inputs.size());
  for (size_t i = 0; i < pieces.size(); ++i) to.give(node.inputs[i], pieces[i]);
}

struct Rule {
  std::string_view op;
  GradientRule rule;
};

constexpr std::array kRules = {
    Rule{"Abs", unary<abs_factor>},
    Rule{"Add", sum},
    Rule{"Cast", cast},
    Rule{"CastLike", cast},
    Rule{"Clip", unary<clip_factor>},
    Rule{"Concat", concat_pieces},
    Rule{"Cos", unary<cos_factor>},
    Rule{"Cosh", unary<cosh_factor>},
    Rule{"Div", quotient},
    Rule{"Elu", unary<elu_factor>},
    Rule{"Erf", unary<erf_factor>},
    Rule{"Exp", unary<exp_factor>},
    Rule{"Expand", expand},
    Rule{"Flatten", reshape},
    Rule{"Gemm", gemm},
    Rule{"Identity", same},
    Rule{"LeakyRelu", unary<leaky_relu_factor>},
    Rule{"Log", unary<log_factor>},
    Rule{"LogSoftmax", log_softmax},
    Rule{"MatMul", matmul},
    Rule{"Mean", mean},
    Rule{"Mul", product},
    Rule{"Neg", negated},
    Rule{"Pow", power},
    Rule{"Reciprocal", unary<reciprocal_factor>},
    Rule{"ReduceMean", reduce_mean},
    Rule{"ReduceSum", reduce_sum},
    Rule{"ReduceSumSquare", reduce_sum_square},
    Rule{"Relu", unary<relu_factor>},
    Rule{"Reshape", reshape},
    Rule{"Sigmoid", unary<sigmoid_factor>},
    Rule{"Sin", unary<sin_factor>},
    Rule{"Sinh", unary<sinh_factor>},
    Rule{"Softmax", softmax},
    Rule{"Softplus", unary<softplus_factor>},
    Rule{"Sqrt", unary<sqrt_factor>},
    Rule{"Squeeze", reshape},
    Rule{"Sub", difference},
    Rule{"Sum", sum},
    Rule{"Tan", unary<tan_factor>},
    Rule{"Tanh", unary<tanh_factor>},
    Rule{"Transpose", transpose},
    Rule{"Unsqueeze", reshape},
    Rule{"Where", choice},
};

constexpr std::array<std::string_view, 24> kFlat = {
    "And",         "ArgMax",  "ArgMin",  "BitwiseAnd",     "BitwiseNot", "BitwiseOr", "Ceil",
    "Equal",       "Floor",   "Greater", "GreaterOrEqual", "IsInf",      "IsNaN",     "Less",
    "LessOrEqual", "NonZero", "Not",     "OneHot",         "Or",         "Round",     "Shape",
    "Sign",        "Size",    "Xor",
};

}  // namespace

GradientRule gradient_rule(const Node& node) {
  if (!node.domain.empty()) return nullptr;
  const auto rule = std::ranges::find(kRules, node.op, &Rule::op);
  return rule == kRules.end() ? nullptr : rule->rule;
}

bool is_flat(const Node& node) {
  return node.domain.empty() && std::ranges::find(kFlat, node.op) != kFlat.end();
}

}  // namespace oarlock::converter
