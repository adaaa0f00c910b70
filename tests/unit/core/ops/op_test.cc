#include "op_test.h"

#include <cmath>
#include <tuple>
#include <utility>

namespace oarlock::test {

namespace {

// "domain.Op" or "Op".
std::pair<std::string_view, std::string_view> split(std::string_view op) {
  const size_t dot = op.rfind('.');
  if (dot == op.npos) return {"", op};
  return {op.substr(0, dot), op.substr(dot + 1)};
}

}  // namespace

Values run_all(std::string_view op, Attrs attrs, Values inputs, size_t outputs) {
  const auto [domain, name] = split(op);
  auto results = evaluate_op(domain, name, std::move(attrs), inputs, outputs);
  EXPECT_TRUE(results.ok()) << to_string(results.status());
  return results.ok() ? std::move(*results) : Values(outputs, Tensor());
}

Tensor run(std::string_view op, Attrs attrs, Values inputs) {
  Values results = run_all(op, std::move(attrs), std::move(inputs), 1);
  EXPECT_TRUE(results[0].is_tensor()) << op << " did not give a tensor";
  return results[0].is_tensor() ? results[0].tensor() : Tensor();
}

std::string error_of(std::string_view op, Attrs attrs, Values inputs, size_t outputs) {
  const auto [domain, name] = split(op);
  return evaluate_op(domain, name, std::move(attrs), inputs, outputs).status().message();
}

std::string inferred(std::string_view op, Attrs attrs, std::vector<Given> inputs, size_t outputs) {
  Graph graph;
  Node node;
  node.name = "n";
  std::tie(node.domain, node.op) = split(op);
  node.attrs = std::move(attrs);
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i].constant.defined()) {
      node.inputs.push_back(graph.add_constant(concat("c", i), inputs[i].constant));
    } else if (inputs[i].type.kind == TypeInfo::Kind::unknown) {
      node.inputs.push_back(kNone);
    } else {
      node.inputs.push_back(graph.add_input(concat("i", i), inputs[i].type));
    }
  }
  std::vector<std::string> names;
  for (size_t i = 0; i < outputs; ++i) names.push_back(concat("o", i));
  const auto id = graph.add_node(std::move(node), names);
  if (!id.ok()) return id.status().message();
  if (Status status = resolve(graph, OpRegistry::core()); !status.ok()) return status.message();
  if (Status status = infer_types(graph); !status.ok()) return status.message();
  std::string out;
  for (const ValueId output : graph.node(*id).outputs) {
    out += concat(out.empty() ? "" : "; ", graph.value(output).type);
  }
  return out;
}

void expect_tensor(const Value& value, const Tensor& expected, double tolerance) {
  ASSERT_TRUE(value.is_tensor());
  const Tensor& actual = value.tensor();
  ASSERT_EQ(to_string(actual), to_string(expected));
  if (expected.dtype() == DType::string) {
    for (int64_t i = 0; i < expected.elements(); ++i) {
      EXPECT_EQ(actual.as<std::string>()[i], expected.as<std::string>()[i]) << "element " << i;
    }
    return;
  }
  if (bits(expected.dtype()) < 8) {
    for (int64_t i = 0; i < expected.elements(); ++i) {
      EXPECT_EQ(load_packed(actual.dtype(), actual.data(), i),
                load_packed(expected.dtype(), expected.data(), i))
          << "element " << i;
    }
    return;
  }
  const bool known =
      visit_types<float, double, Float16, BFloat16, bool, int8_t, uint8_t, int16_t, uint16_t,
                  int32_t, uint32_t, int64_t, uint64_t, SmallFloat<DType::float8e4m3fn>,
                  SmallFloat<DType::float8e5m2>, SmallFloat<DType::float8e4m3fnuz>,
                  SmallFloat<DType::float8e5m2fnuz>, SmallFloat<DType::float8e8m0>>(
          expected.dtype(), [&](auto tag) {
            using T = typename decltype(tag)::Type;
            for (int64_t i = 0; i < expected.elements(); ++i) {
              const auto a = static_cast<Compute<T>>(actual.as<T>()[i]);
              const auto e = static_cast<Compute<T>>(expected.as<T>()[i]);
              if (a == e || (a != a && e != e)) continue;
              const double difference = std::fabs(static_cast<double>(a) - static_cast<double>(e));
              EXPECT_LE(difference, tolerance)
                  << "element " << i << " is " << +a << ", expected " << +e;
              EXPECT_FALSE(std::isnan(difference)) << "element " << i << " is " << +a;
            }
          });
  EXPECT_TRUE(known) << to_string(expected.dtype());
}

}  // namespace oarlock::test
