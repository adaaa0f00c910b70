#include "backends/opencl/ops/support/expression.h"

#include <bit>
#include <cstdint>
#include <cstdio>
#include <limits>

#include "backends/opencl/ops/support/layouts.h"

namespace oarlock::opencl {

namespace {

enum class Takes : uint8_t {
  floats,   // of 32 or fewer bits
  numbers,  // also float64 and integers
  any,      // also bool
};

struct Named {
  const char* op;
  const char* text;
  Takes takes;
  bool zero_to_finite = true;
};
constexpr Named kNamed[] = {
    {"Abs", "((a) < (T)(0) ? -(a) : (a))", Takes::numbers},
    {"Add", "((a) + (b))", Takes::numbers},
    {"And", "((a) && (b))", Takes::any},
    {"Ceil", "ceil(a)", Takes::floats},
    {"Cos", "cos(a)", Takes::floats},
    {"Div", "((a) / (b))", Takes::floats, false},
    {"Equal", "((a) == (b))", Takes::any},
    {"Erf", "erf(a)", Takes::floats},
    {"Exp", "exp(a)", Takes::floats},
    {"Floor", "floor(a)", Takes::floats},
    {"Greater", "((a) > (b))", Takes::numbers},
    {"GreaterOrEqual", "((a) >= (b))", Takes::numbers},
    {"Less", "((a) < (b))", Takes::numbers},
    {"LessOrEqual", "((a) <= (b))", Takes::numbers},
    {"Log", "log(a)", Takes::floats, false},
    {"Max", "((a) >= (b) || (a) != (a) ? (a) : (b))", Takes::numbers},
    {"Min", "((a) <= (b) || (a) != (a) ? (a) : (b))", Takes::numbers},
    {"Mul", "((a) * (b))", Takes::numbers},
    {"Neg", "(-(a))", Takes::numbers},
    {"Not", "(!(a))", Takes::any},
    {"Or", "((a) || (b))", Takes::any},
    {"PRelu", "((a) < (T)(0) ? (a) * (b) : (a))", Takes::floats},
    {"Pow", "pow((T)(a), (T)(b))", Takes::floats, false},
    {"Reciprocal", "((T)(1) / (a))", Takes::floats, false},
    {"Round", "rint(a)", Takes::floats},
    {"Sin", "sin(a)", Takes::floats},
    {"Softsign", "((a) / ((T)(1) + fabs(a)))", Takes::floats},
    {"Sqrt", "sqrt(a)", Takes::floats, false},
    {"Sub", "((a) - (b))", Takes::numbers},
    {"Sum", "((a) + (b))", Takes::numbers},
    {"Where", "((a) ? (b) : (c))", Takes::any},
    {"Xor", "(!(a) != !(b))", Takes::any},
};

bool is_one_number(const Tensor* tensor) {
  return tensor != nullptr && tensor->elements() == 1 &&
         (tensor->dtype() == DType::float32 || tensor->dtype() == DType::float16);
}

// A bound of Clip: a constant number, or the fallback when omitted.
Result<float> bound(const NodeView& node, size_t i, float fallback) {
  if (i >= node.input_count() || !node.has_input(i)) return fallback;
  const Tensor* value = node.constant(i);
  if (!is_one_number(value)) return unsupported("a bound that is not one constant number");
  return number_at(*value, 0);
}

// The node's function in terms of Activation; none when it is none.
Result<Activation> as_activation(const NodeView& node) {
  using Kind = Activation::Kind;
  const std::string& op = node.node().op;
  const Attrs& attrs = node.attrs();
  if (op == "Relu") return Activation{Kind::relu};
  if (op == "Sigmoid") return Activation{Kind::sigmoid};
  if (op == "Tanh") return Activation{Kind::tanh};
  if (op == "Mish") return Activation{Kind::mish};
  if (op == "Softplus") return Activation{Kind::softplus};
  if (op == "HardSwish") return Activation{Kind::hard_swish};
  if (op == "Elu") return Activation{Kind::elu, attrs.number("alpha", 1.0f)};
  if (op == "LeakyRelu") return Activation{Kind::leaky_relu, attrs.number("alpha", 0.01f)};
  if (op == "Swish") return Activation{Kind::swish, attrs.number("alpha", 1.0f)};
  if (op == "HardSigmoid")
    return Activation{Kind::hard_sigmoid, attrs.number("alpha", 0.2f), attrs.number("beta", 0.5f)};
  if (op == "Gelu")
    return Activation{Kind::gelu, attrs.string("approximate") == "tanh" ? 1.0f : 0.0f};
  if (op != "Clip") return Activation{};
  OARLOCK_ASSIGN(const float low, bound(node, 1, -std::numeric_limits<float>::infinity()));
  OARLOCK_ASSIGN(const float high, bound(node, 2, std::numeric_limits<float>::infinity()));
  return Activation{Kind::clip, low, high};
}

std::string square_or_root(const NodeView& node) {
  const Tensor* exponent = node.constant(1);
  if (!is_one_number(exponent)) return "";
  const float value = number_at(*exponent, 0);
  return value == 2 ? "((a) * (a))" : value == 0.5f ? "sqrt(a)" : "";
}

}  // namespace

std::string literal(float value) {
  char text[32];
  std::snprintf(text, sizeof text, "as_float(0x%08xu)", std::bit_cast<uint32_t>(value));
  return text;
}

std::string activation_text(const Activation& activation) {
  const std::string alpha = concat("(T)(", literal(activation.alpha), ")");
  const std::string beta = concat("(T)(", literal(activation.beta), ")");
  std::string sigmoid = "((T)(1) / ((T)(1) + exp(-(a))))";
  std::string softplus = "(((a) > (T)(0) ? (a) : (T)(0)) + log1p(exp(-fabs(a))))";
  switch (activation.kind) {
    case Activation::Kind::none:
      return "(a)";
    case Activation::Kind::relu:
      return "((a) < (T)(0) ? (T)(0) : (a))";
    case Activation::Kind::clip: {
      const std::string raised = concat("((a) < ", alpha, " ? ", alpha, " : (a))");
      return concat("(", raised, " > ", beta, " ? ", beta, " : ", raised, ")");
    }
    case Activation::Kind::leaky_relu:
      return concat("((a) < (T)(0) ? (a) * ", alpha, " : (a))");
    case Activation::Kind::elu:
      return concat("((a) < (T)(0) ? ", alpha, " * expm1(a) : (a))");
    case Activation::Kind::sigmoid:
      return sigmoid;
    case Activation::Kind::hard_sigmoid: {
      // Not clamp(), which turns NaN into a bound.
      const std::string line = concat("((a) * ", alpha, " + ", beta, ")");
      return concat("(", line, " < (T)(0) ? (T)(0) : ", line, " > (T)(1) ? (T)(1) : ", line, ")");
    }
    case Activation::Kind::swish:
      return concat("((a) / ((T)(1) + exp(-", alpha, " * (a))))");
    case Activation::Kind::hard_swish:
      return concat("((a) * clamp((a) * (T)(", literal(1.0f / 6),
                    ") + (T)(0.5f), (T)(0), (T)(1)))");
    case Activation::Kind::tanh:
      return "tanh(a)";
    case Activation::Kind::gelu:
      if (activation.alpha == 0)
        return concat("((T)(0.5f) * (a) * ((T)(1) + erf((a) * (T)(", literal(0.70710678f), "))))");
      return concat("((T)(0.5f) * (a) * ((T)(1) + tanh((T)(", literal(0.79788456f),
                    ") * ((a) + (T)(0.044715f) * (a) * (a) * (a)))))");
    case Activation::Kind::mish:
      return concat("((a) * tanh(", softplus, "))");
    case Activation::Kind::softplus:
      return softplus;
  }
  return "(a)";
}

Result<Expression> expression_of(const NodeView& node, bool single) {
  const std::string& op = node.node().op;
  for (const Named& named : kNamed) {
    if (op != named.op) continue;
    if (named.takes == Takes::floats && !single)
      return unsupported("elements that are no floats of 32 or fewer bits");
    if (op == "Pow")
      if (const std::string simple = square_or_root(node); !simple.empty())
        return Expression{simple, true};
    return Expression{named.text, named.zero_to_finite};
  }
  if (!single) return unsupported("elements that are no floats of 32 or fewer bits");
  OARLOCK_ASSIGN(const Activation activation, as_activation(node));
  if (!activation) return unsupported("operator ", op);
  return Expression{activation_text(activation), true};
}

Result<Expression> cast_expression(DType from, DType to) {
  const auto single = [](DType type) {
    return type == DType::float32 || type == DType::float16 || type == DType::bfloat16;
  };
  if (from == to || (single(from) && single(to))) return Expression{"(a)"};
  if (to == DType::boolean) return Expression{"((a) != 0)"};
  if (to == DType::float64) return Expression{"((double)(a))"};
  if (is_floating(to)) {
    if (from == DType::float64 && to != DType::float32)
      return unsupported("from ", from, " to ", to);
    return Expression{"((float)(a))"};
  }
  if (!is_floating(from)) return Expression{"(a)"};
  if (to == DType::uint64) return unsupported("from ", from, " to ", to);
  const bool wide = to == DType::int64 || to == DType::uint32;
  return Expression{wide ? "convert_long_sat_rtz(a)" : "convert_int_sat_rtz(a)"};
}

}  // namespace oarlock::opencl
