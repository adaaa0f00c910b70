// DequantizeLinear -> convolution or product of whole numbers -> QuantizeLinear, as core's rewrite
// exact_quantization leaves them, becomes QLinearConv or QLinearMatMul, for the engine of 8-bit
// integers. A Relu between goes where quantizing cuts off all that is below zero anyway.
#include <array>
#include <cmath>
#include <vector>

#include "backends/xrt/ops/support/quantization.h"
#include "oarlock/plugin/activation.h"
#include "oarlock/plugin/numeric.h"
#include "oarlock/plugin/rewrite.h"

namespace oarlock::xrt {

namespace {

using Outcome = Result<std::optional<Patch>>;

const Node* made_by(const Graph& graph, ValueId value, std::string_view op) {
  const Node* const node = value == kNone ? nullptr : graph.producer(value);
  return node != nullptr && node->op == op ? node : nullptr;
}

bool has_one_user(const Graph& graph, ValueId value) {
  for (const ValueId output : graph.outputs())
    if (output == value) return false;
  return graph.value(value).users.size() == 1;
}

std::vector<float> floats(const Graph& graph, ValueId value) {
  const Tensor* const tensor = value == kNone ? nullptr : graph.constant(value);
  if (tensor == nullptr || tensor->dtype() != DType::float32) return {};
  const auto numbers = tensor->as<float>();
  return {numbers.begin(), numbers.end()};
}

// The first element of a constant of 8-bit integers.
int first_integer(const Tensor& tensor) {
  return tensor.dtype() == DType::int8 ? int{tensor.as<int8_t>()[0]} : int{tensor.as<uint8_t>()[0]};
}

// The same numbers as integers of T; nothing when they are none.
template <class T>
std::optional<Tensor> whole(const Graph& graph, ValueId value) {
  const std::vector<float> numbers = floats(graph, value);
  if (numbers.empty()) return std::nullopt;
  Result<Tensor> tensor = Tensor::allocate(kDTypeOf<T>, graph.value(value).type.shape);
  if (!tensor.ok()) return std::nullopt;
  const auto to = tensor->mutable_as<T>();
  for (size_t i = 0; i < numbers.size(); ++i) {
    // 2^31 - 1 is no float32.
    const float most = sizeof(T) == 4 ? 2147483520.0f : 127.0f;
    if (numbers[i] != std::nearbyint(numbers[i]) || std::fabs(numbers[i]) > most)
      return std::nullopt;
    to[i] = static_cast<T>(numbers[i]);
  }
  return *std::move(tensor);
}

// A product whose activation, if it has one, is Relu.
struct Product {
  const Node* node = nullptr;
  bool relu = false;
};

std::optional<Product> product_before(const Graph& graph, ValueId value) {
  Product p;
  if (const Node* const relu = made_by(graph, value, "Relu")) {
    if (!has_one_user(graph, value)) return std::nullopt;
    p.relu = true;
    value = relu->input(0);
  }
  p.node = graph.producer(value);
  if (p.node == nullptr || !has_one_user(graph, value)) return std::nullopt;
  if (p.node->domain == kOarlockDomain) {
    const auto activation = activation_from(p.node->attrs);
    if (!activation) return std::nullopt;
    if (activation->kind == Activation::Kind::relu)
      p.relu = true;
    else if (*activation)
      return std::nullopt;
  }
  return p;
}

Outcome quantized(const Graph& graph, NodeId root) {
  const Node& last = graph.node(root);
  const auto product = product_before(graph, last.input(0));
  if (!product || last.attrs.integer("block_size", 0) != 0) return std::nullopt;
  const Node& node = *product->node;
  const bool conv = node.op == "Conv";
  if ((!conv && node.op != "MatMul") || node.input(3) != kNone) return std::nullopt;
  if (!conv && (node.input(2) != kNone || node.attrs.integer("trans_a", 0) != 0 ||
                node.attrs.integer("trans_b", 0) != 0 || node.attrs.number("alpha", 1.0f) != 1.0f ||
                graph.value(node.input(1)).type.shape.rank() != 2 ||
                graph.value(node.input(0)).type.shape.rank() != 2))
    return std::nullopt;
  const Node* const first = made_by(graph, node.input(0), "DequantizeLinear");
  if (first == nullptr || first->attrs.integer("block_size", 0) != 0) return std::nullopt;
  const DType from = graph.value(first->input(0)).type.dtype;
  const DType to = graph.value(last.output(0)).type.dtype;
  const std::vector<float> x_scale = floats(graph, first->input(1));
  const std::vector<float> factor = floats(graph, last.input(1));
  if (!is_byte(from) || !is_byte(to) || x_scale != std::vector{1.0f} || factor.empty() ||
      (factor.size() > 1 && last.attrs.integer("axis", 1) != 1))
    return std::nullopt;
  const auto weights = whole<int8_t>(graph, node.input(1));
  if (!weights) return std::nullopt;
  std::optional<Tensor> bias;
  if (conv && node.input(2) != kNone && !(bias = whole<int32_t>(graph, node.input(2))))
    return std::nullopt;
  const Tensor* const y_zero = last.input(2) == kNone ? nullptr : graph.constant(last.input(2));
  if ((last.input(2) != kNone && y_zero == nullptr) ||
      (first->input(2) != kNone && graph.constant(first->input(2)) == nullptr))
    return std::nullopt;
  const int zero = y_zero == nullptr ? 0 : first_integer(*y_zero);
  if (product->relu && zero != range_of(to).least) return std::nullopt;

  Patch patch(graph);
  const auto zero_of = [&](DType dtype, int value) {
    return dtype == DType::int8 ? Tensor::of<int8_t>({}, {static_cast<int8_t>(value)})
                                : Tensor::of<uint8_t>({}, {static_cast<uint8_t>(value)});
  };
  const auto number = [&](Tensor tensor) {
    return patch.add_constant(concat(node.name, "_number"), std::move(tensor));
  };
  OARLOCK_ASSIGN(
      Tensor scale,
      Tensor::allocate(DType::float32,
                       factor.size() == 1 ? Shape{} : Shape{static_cast<int64_t>(factor.size())}));
  for (size_t i = 0; i < factor.size(); ++i) scale.mutable_as<float>()[i] = 1.0f / factor[i];
  const ValueId one = number(Tensor::of<float>({}, {1.0f}));
  std::vector<ValueId> inputs = {
      first->input(0),
      one,
      first->input(2) != kNone ? first->input(2) : number(zero_of(from, 0)),
      number(*weights),
      number(std::move(scale)),
      number(zero_of(DType::int8, 0)),
      one,
      number(zero_of(to, zero))};
  if (bias) inputs.push_back(number(*std::move(bias)));
  Attrs attrs;
  if (conv)
    for (const Attrs::Entry& attr : node.attrs.entries())
      if (!attr.first.starts_with("activation")) attrs.set(attr.first, attr.second);
  patch.replace(last.output(0),
                patch.add_node(node.name, "", conv ? "QLinearConv" : "QLinearMatMul",
                               std::move(inputs), std::move(attrs))[0]);
  return patch;
}

}  // namespace

std::span<const Rule> quantized_rules();

std::span<const Rule> quantized_rules() {
  static constexpr std::array<Rule, 1> rules = {
      {{"products_of_8_bits", "QuantizeLinear", quantized}}};
  return rules;
}

}  // namespace oarlock::xrt
