#include "tests/unit/backends/xrt/network.h"

#include <dlfcn.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <random>

#include "oarlock/plugin/graph.h"

namespace oarlock::xrt {

Result<Model> make_chain(const TypeInfo& input, const std::vector<Link>& links) {
  Graph graph;
  ValueId value = graph.add_input("input", input);
  for (size_t i = 0; i < links.size(); ++i) {
    const Link& link = links[i];
    Node node;
    node.name = concat("node", i);
    const bool own = link.op.starts_with("oarlock.");
    node.domain = own ? "oarlock" : "";
    node.op = own ? link.op.substr(8) : link.op;
    node.attrs = link.attrs;
    node.inputs.push_back(value);
    for (size_t c = 0; c < link.constants.size(); ++c)
      node.inputs.push_back(
          link.constants[c].defined()
              ? graph.add_constant(concat("constant", i, "_", c), link.constants[c])
              : kNone);
    OARLOCK_ASSIGN(const NodeId id, graph.add_node(std::move(node), {concat("value", i)}));
    value = graph.node(id).outputs[0];
  }
  graph.add_output(value);
  return Model(std::move(graph), {});
}

Tensor random_values(const Shape& shape, unsigned seed) {
  std::mt19937 generator(seed);
  std::uniform_real_distribution<float> distribution(-1, 1);
  Result<Tensor> tensor = Tensor::allocate(DType::float32, shape);
  if (!tensor.ok()) return {};
  for (float& v : tensor->mutable_as<float>()) v = distribution(generator);
  return *std::move(tensor);
}

Result<Tensor> run_on(const std::string& device, const Model& model, const Tensor& input) {
  SessionOptions options;
  options.devices = {device};
  options.strict = true;
  options.simplify = false;
  OARLOCK_ASSIGN(Session session, Session::open(model, options));
  const std::vector<Value> inputs = {Value(input)};
  std::vector<Value> outputs(1);
  OARLOCK_TRY(session.run(inputs, outputs));
  return outputs[0].tensor();
}

void check_chain(const Tensor& input, const std::vector<Link>& links, double tolerance) {
  const Result<Model> model = make_chain(TypeInfo::tensor(input.dtype(), input.shape()), links);
  ASSERT_TRUE(model.ok()) << to_string(model.status());
  const Result<Tensor> expected = run_on("reference", *model, input);
  ASSERT_TRUE(expected.ok()) << to_string(expected.status());
  const Result<Tensor> actual = run_on("xrt:emulated", *model, input);
  ASSERT_TRUE(actual.ok()) << to_string(actual.status());
  ASSERT_EQ(actual->shape(), expected->shape());
  const auto a = actual->as<float>(), e = expected->as<float>();
  for (size_t i = 0; i < e.size(); ++i) {
    const double bound = tolerance * std::max(1.0, std::fabs(double{e[i]}));
    ASSERT_NEAR(a[i], e[i], bound) << links.front().op << ", element " << i;
  }
}

std::string why_not_emulated() {
  if (const char* set = std::getenv("XILINX_XRT"); set != nullptr && *set != '\0')
    return "XILINX_XRT is set, so XRT uses a card";
  for (const std::string& reason : list_devices().unavailable)
    if (reason.starts_with("xrt")) return reason;
  return "";
}

const xrt_emulator::Emulator& emulator() {
  static const xrt_emulator::Emulator* const found = [] {
    void* const library = dlopen(OARLOCK_XRT_FOLDER "/liboarlock_xrt_emulator.so", RTLD_NOW);
    return reinterpret_cast<const xrt_emulator::Emulator* (*)()>(
        dlsym(library, "oarlock_xrt_emulator"))();
  }();
  return *found;
}

}  // namespace oarlock::xrt
