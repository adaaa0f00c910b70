#include "tests/unit/backends/opencl/one_node.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "oarlock/plugin/graph.h"
#include "oarlock/plugin/numeric.h"
#include "oarlock/session.h"

namespace oarlock::opencl {

namespace {

Result<Model> make_model(const OneNode& test) {
  Graph graph;
  Node node;
  node.name = "node";
  const bool own = test.op.starts_with("oarlock.");
  node.domain = own ? "oarlock" : "";
  node.op = own ? test.op.substr(8) : test.op;
  node.attrs = test.attrs;
  for (size_t i = 0; i < test.inputs.size(); ++i) {
    const Tensor& tensor = test.inputs[i];
    const auto& c = test.constants;
    if (!tensor.defined())
      node.inputs.push_back(kNone);
    else if (std::find(c.begin(), c.end(), i) != c.end())
      node.inputs.push_back(graph.add_constant(concat("input", i), tensor));
    else
      node.inputs.push_back(
          graph.add_input(concat("input", i), TypeInfo::tensor(tensor.dtype(), tensor.shape())));
  }
  OARLOCK_ASSIGN(const NodeId id, graph.add_node(std::move(node), {"output"}));
  graph.add_output(graph.node(id).outputs[0]);
  return Model(std::move(graph), {});
}

// The backend of this program, if it is a library of its own.
void add_library(SessionOptions& options) {
  if (const std::string library = OARLOCK_OPENCL_LIBRARY; !library.empty())
    options.backend_paths = {library};
}

struct Answer {
  Tensor output;
  std::string kernels;
};

Result<Answer> run_on(const char* device, const OneNode& test) {
  OARLOCK_ASSIGN(const Model model, make_model(test));
  SessionOptions options;
  options.devices = {device};
  options.strict = true;
  options.simplify = false;
  options.settings = test.settings;
  options.settings["opencl.cache"] = "off";
  add_library(options);
  OARLOCK_ASSIGN(Session session, Session::open(model, options));
  std::vector<Value> inputs, outputs(1);
  for (size_t i = 0; i < test.inputs.size(); ++i) {
    const auto& c = test.constants;
    if (test.inputs[i].defined() && std::find(c.begin(), c.end(), i) == c.end())
      inputs.emplace_back(test.inputs[i]);
  }
  Answer answer;
  RunOptions run;
  run.profile = [&](const StepRecord& step) { answer.kernels += concat(step.kernel, " "); };
  OARLOCK_TRY(session.run(inputs, outputs, run));
  answer.output = outputs[0].tensor();
  return answer;
}

// The elements of a float32 or float16 tensor.
std::vector<float> floats_of(const Tensor& tensor) {
  if (tensor.dtype() != DType::float16)
    return {tensor.as<float>().begin(), tensor.as<float>().end()};
  return {tensor.as<Float16>().begin(), tensor.as<Float16>().end()};
}

}  // namespace

OneNode in_half(OneNode test) {
  for (Tensor& tensor : test.inputs) {
    if (!tensor.defined() || tensor.dtype() != DType::float32) continue;
    Result<Tensor> half = Tensor::allocate(DType::float16, tensor.shape());
    if (!half.ok()) continue;
    std::copy_n(tensor.as<float>().begin(), tensor.as<float>().size(),
                half->mutable_as<Float16>().begin());
    tensor = *std::move(half);
  }
  test.tolerance = 4e-3;
  return test;
}

void check_against_reference(const OneNode& test, const std::string& kernel) {
  const Result<Answer> expected = run_on("reference", test);
  ASSERT_TRUE(expected.ok()) << to_string(expected.status());
  const Result<Answer> actual = run_on("opencl", test);
  ASSERT_TRUE(actual.ok()) << to_string(actual.status());
  EXPECT_NE(actual->kernels.find(kernel), std::string::npos) << actual->kernels;
  ASSERT_EQ(actual->output.shape(), expected->output.shape());
  const std::vector<float> a = floats_of(actual->output), e = floats_of(expected->output);
  for (size_t i = 0; i < e.size(); ++i) {
    const double bound = test.tolerance * std::max(1.0, std::fabs(static_cast<double>(e[i])));
    ASSERT_LE(std::fabs(static_cast<double>(a[i]) - e[i]), bound)
        << "element " << i << " is " << a[i] << ", expected " << e[i] << "; kernels "
        << actual->kernels;
  }
}

Attrs window(int64_t stride, int64_t pad, int64_t dilation, int64_t group) {
  using Integers = std::vector<int64_t>;
  return {{"strides", Integers{stride, stride}},
          {"pads", Integers{pad, pad, pad, pad}},
          {"dilations", Integers{dilation, dilation}},
          {"group", group}};
}

OneNode convolution(Attrs attrs, const Shape& input, const Shape& weights, bool bias) {
  OneNode test{"Conv", std::move(attrs), {random_values(input, 1), random_values(weights, 2)}};
  if (bias) test.inputs.push_back(random_values({weights[0]}, 3));
  test.constants = {1, 2};
  return test;
}

bool has_device(std::string& why) {
  SessionOptions options;
  options.devices = {"opencl"};
  add_library(options);
  for (const std::string& reason : list_devices(options).unavailable)
    if (reason.starts_with("opencl")) why = reason;
  return why.empty();
}

Tensor random_values(const Shape& shape, unsigned seed) {
  std::mt19937 generator(seed);
  std::uniform_real_distribution<float> distribution(-1, 1);
  Result<Tensor> tensor = Tensor::allocate(DType::float32, shape);
  if (!tensor.ok()) return {};
  for (float& v : tensor->mutable_as<float>()) v = distribution(generator);
  return *std::move(tensor);
}

}  // namespace oarlock::opencl
