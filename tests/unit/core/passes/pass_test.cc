#include "tests/unit/core/passes/pass_test.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <type_traits>

#include "oarlock/plugin/numeric.h"

namespace oarlock::test {
namespace {

std::string full_name(const Node& node) {
  return node.domain.empty() ? node.op : concat(node.domain, ".", node.op);
}

}  // namespace

std::vector<double> numbers_of(const Tensor& tensor) {
  std::vector<double> values;
  const auto take = [&](auto tag) {
    using T = typename decltype(tag)::Type;
    for (const T& x : tensor.as<T>()) values.push_back(static_cast<double>(x));
  };
  if (tensor.dtype() == DType::boolean) {
    take(TypeTag<bool>{});
  } else {
    EXPECT_TRUE(visit_numbers(tensor.dtype(), take)) << to_string(tensor);
  }
  return values;
}

GraphUnderTest::GraphUnderTest() : seed_(std::random_device()()), state_(seed_) {
  graph.name = "test";
}

Tensor GraphUnderTest::random_tensor(const Shape& shape, DType dtype, double low, double high) {
  auto allocated = Tensor::allocate(dtype, shape);
  EXPECT_TRUE(allocated.ok());
  Tensor tensor = *std::move(allocated);
  std::mt19937_64 engine(state_++);
  std::uniform_real_distribution<double> uniform(low, high);
  if (dtype == DType::boolean) {
    for (bool& x : tensor.mutable_as<bool>()) x = uniform(engine) > 0;
  } else {
    visit_numbers(dtype, [&](auto tag) {
      using T = typename decltype(tag)::Type;
      // Integers wrap around: a negative number fills the high bits of an unsigned one.
      using Drawn = std::conditional_t<std::is_integral_v<T>, int64_t, double>;
      for (T& x : tensor.mutable_as<T>()) x = static_cast<T>(static_cast<Drawn>(uniform(engine)));
    });
  }
  return tensor;
}

ValueId GraphUnderTest::input(const Shape& shape, DType dtype) {
  return graph.add_input(concat("in", names_++), TypeInfo::tensor(dtype, shape));
}

ValueId GraphUnderTest::constant(Tensor tensor) {
  return graph.add_constant(concat("c", names_++), std::move(tensor));
}

ValueId GraphUnderTest::random(const Shape& shape, DType dtype, double low, double high) {
  return constant(random_tensor(shape, dtype, low, high));
}

ValueId GraphUnderTest::filled(const Shape& shape, double value, DType dtype) {
  auto tensor = Tensor::allocate(dtype, shape);
  EXPECT_TRUE(tensor.ok());
  if (dtype == DType::boolean) {
    for (bool& x : tensor->mutable_as<bool>()) x = value != 0;
  } else {
    visit_numbers(dtype, [&](auto tag) {
      using T = typename decltype(tag)::Type;
      for (T& x : tensor->mutable_as<T>()) x = static_cast<T>(value);
    });
  }
  return constant(*std::move(tensor));
}

ValueId GraphUnderTest::integers(std::initializer_list<int64_t> values) {
  return constant(Tensor::of<int64_t>(Shape{static_cast<int64_t>(values.size())}, values));
}

std::vector<ValueId> GraphUnderTest::op(std::string_view op, std::vector<ValueId> inputs,
                                        Attrs attrs, size_t outputs) {
  Node node;
  node.name = concat("n", names_++);
  const size_t dot = op.find('.');
  node.domain = dot == std::string_view::npos ? "" : op.substr(0, dot);
  node.op = dot == std::string_view::npos ? op : op.substr(dot + 1);
  node.inputs = std::move(inputs);
  node.attrs = std::move(attrs);
  std::vector<std::string> names;
  for (size_t i = 0; i < outputs; ++i) names.push_back(concat("v", names_++));
  auto id = graph.add_node(std::move(node), names);
  EXPECT_TRUE(id.ok()) << to_string(id.status());
  const Status resolved = resolve_node(graph, *id, OpRegistry::core());
  EXPECT_TRUE(resolved.ok()) << to_string(resolved);
  const Status inferred = infer_node(graph, *id);
  EXPECT_TRUE(inferred.ok()) << to_string(inferred);
  return graph.node(*id).outputs;
}

ValueId GraphUnderTest::op(std::string_view op, std::vector<ValueId> inputs, Attrs attrs) {
  return this->op(op, std::move(inputs), std::move(attrs), 1)[0];
}

const Node& GraphUnderTest::only(std::string_view op) const {
  static const Node none;
  const Node* found = nullptr;
  for (NodeId id = 0; id < static_cast<NodeId>(result.node_count()); ++id) {
    const Node& node = result.node(id);
    if (!node.alive || full_name(node) != op) continue;
    EXPECT_EQ(found, nullptr) << "several nodes " << op;
    found = &node;
  }
  EXPECT_NE(found, nullptr) << "no node " << op << " in\n" << to_string(result);
  return found ? *found : none;
}

size_t GraphUnderTest::count(std::string_view op) const {
  size_t count = 0;
  for (NodeId id = 0; id < static_cast<NodeId>(result.node_count()); ++id)
    count += result.node(id).alive && full_name(result.node(id)) == op;
  return count;
}

bool GraphUnderTest::was_applied(std::string_view rule) const {
  return std::any_of(report.applied.begin(), report.applied.end(),
                     [&](const auto& entry) { return entry.first == rule; });
}

std::string GraphUnderTest::simplified(double tolerance) {
  result = graph;
  return check(tolerance);
}

std::string GraphUnderTest::simplified_knowing(std::vector<Shape> shapes, double tolerance) {
  // The types inferred while building know the full shapes: forget them.
  result = graph;
  for (ValueId id = 0; id < static_cast<ValueId>(result.value_count()); ++id)
    if (result.value(id).producer != kNone) result.set_type(id, {});
  for (size_t i = 0; i < shapes.size(); ++i) {
    const ValueId id = result.inputs()[i];
    result.set_type(id, TypeInfo::tensor(result.value(id).type.dtype, shapes[i]));
  }
  return check(tolerance);
}

std::string GraphUnderTest::check(double tolerance) {
  SCOPED_TRACE(concat("seed ", seed_));
  report = {};
  const Status status = simplify(result, OpRegistry::core(), &report);
  EXPECT_TRUE(status.ok()) << to_string(status) << "\n" << to_string(result);
  if (!status.ok()) return "";
  const Status valid = verify(result);
  EXPECT_TRUE(valid.ok()) << to_string(valid) << "\n" << to_string(result);
  EXPECT_EQ(result.inputs().size(), graph.inputs().size());
  EXPECT_EQ(result.outputs().size(), graph.outputs().size());
  for (size_t i = 0; i < graph.outputs().size(); ++i)
    EXPECT_EQ(result.output_name(i), graph.output_name(i));
  SimplifyReport again;
  Graph copy = result;
  EXPECT_TRUE(simplify(copy, OpRegistry::core(), &again).ok());
  for (const auto& [rule, times] : again.applied)
    ADD_FAILURE() << rule << " x " << times << " applied a second time";

  std::vector<Value> inputs;
  for (const ValueId id : graph.inputs()) {
    const TypeInfo& type = graph.value(id).type;
    inputs.emplace_back(random_tensor(type.shape, type.dtype, -2, 2));
  }
  auto expected = evaluate(graph, inputs);
  auto actual = evaluate(result, inputs);
  EXPECT_TRUE(expected.ok()) << to_string(expected.status());
  EXPECT_TRUE(actual.ok()) << to_string(actual.status()) << "\n" << to_string(result);
  if (!expected.ok() || !actual.ok()) return "";
  for (size_t i = 0; i < expected->size(); ++i) {
    if (!(*expected)[i].is_tensor() || !(*actual)[i].is_tensor()) {
      ADD_FAILURE() << "output " << i << " is no tensor";
      continue;
    }
    const Tensor& a = (*expected)[i].tensor();
    const Tensor& b = (*actual)[i].tensor();
    EXPECT_EQ(to_string(a), to_string(b)) << "output " << i << "\n" << to_string(result);
    if (to_string(a) != to_string(b)) continue;
    const std::vector<double> x = numbers_of(a), y = numbers_of(b);
    double largest = 1, worst = 0;
    for (size_t k = 0; k < x.size(); ++k) {
      if (x[k] == y[k] || (std::isnan(x[k]) && std::isnan(y[k]))) continue;
      largest = std::max(largest, std::abs(x[k]));
      worst = std::max(worst, std::isnan(x[k] - y[k]) ? HUGE_VAL : std::abs(x[k] - y[k]));
    }
    EXPECT_LE(worst, tolerance * largest) << "output " << i << "\n" << to_string(result);
  }

  auto order = result.order();
  EXPECT_TRUE(order.ok());
  std::string text;
  if (order.ok())
    for (const NodeId id : *order)
      text += concat(text.empty() ? "" : " ", full_name(result.node(id)));
  return text;
}

}  // namespace oarlock::test
