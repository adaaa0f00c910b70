#include "tests/unit/backends/cpu/kernel_check.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <random>

#include "core/graph/host_layout.h"
#include "core/ops/evaluate.h"
#include "oarlock/plugin/backend.h"
#include "oarlock/plugin/numeric.h"

extern "C" const oarlock::Backend* oarlock_backend_cpu();

namespace oarlock::cpu {

namespace {

struct OneNode {
  Graph graph;
  NodeId id = kNone;
};

std::string domain_of(const std::string& op) { return op.starts_with("oarlock.") ? "oarlock" : ""; }
std::string name_of(const std::string& op) {
  return op.starts_with("oarlock.") ? op.substr(8) : op;
}

Result<OneNode> make_graph(const KernelCase& test) {
  OneNode one;
  Node node;
  node.name = "node";
  node.domain = domain_of(test.op);
  node.op = name_of(test.op);
  node.attrs = test.attrs;
  for (size_t i = 0; i < test.inputs.size(); ++i) {
    const Tensor& tensor = test.inputs[i];
    const bool constant =
        std::find(test.constants.begin(), test.constants.end(), i) != test.constants.end();
    if (!tensor.defined())
      node.inputs.push_back(kNone);
    else if (constant)
      node.inputs.push_back(one.graph.add_constant(concat("input", i), tensor));
    else
      node.inputs.push_back(one.graph.add_input(concat("input", i),
                                                TypeInfo::tensor(tensor.dtype(), tensor.shape())));
  }
  std::vector<std::string> outputs;
  for (size_t i = 0; i < test.outputs; ++i) outputs.push_back(concat("output", i));
  OARLOCK_ASSIGN(one.id, one.graph.add_node(std::move(node), outputs));
  for (ValueId output : one.graph.node(one.id).outputs) one.graph.add_output(output);
  OARLOCK_TRY(resolve(one.graph, OpRegistry::core()));
  OARLOCK_TRY(infer_types(one.graph));
  return one;
}

struct Bytes {
  TensorDesc desc;
  std::vector<std::byte> memory;
  HostView view;
  TensorRef ref() {
    view.point_to(memory);
    return {&view, 0, &desc};
  }
};

Bytes allocate(DType dtype, const Shape& shape, const Layout& layout) {
  Bytes bytes{{dtype, shape, layout}, {}, {}};
  bytes.memory.resize(storage_bytes(bytes.desc).value_or(0), std::byte{0x7e});
  return bytes;
}

// Through the backend's own Relayout kernels for opaque layouts.
Status pack(const Tensor& tensor, Bytes& to, Device& device) {
  Graph graph;
  Node node;
  node.name = "pack";
  node.domain = kOarlockDomain;
  node.op = "Relayout";
  node.inputs = {graph.add_constant("weights", tensor)};
  OARLOCK_ASSIGN(const NodeId id, graph.add_node(std::move(node), {"packed"}));
  OARLOCK_TRY(resolve(graph, OpRegistry::core()));
  OARLOCK_TRY(infer_types(graph));
  const RelayoutLayouts layouts{Layout::row_major(), to.desc.layout};
  const NodeView view(graph, graph.node(id), &layouts);
  Bytes from = allocate(tensor.dtype(), tensor.shape(), Layout::row_major());
  std::memcpy(from.memory.data(), tensor.data(), tensor.bytes());
  for (const KernelDef& def : oarlock_backend_cpu()->kernels()) {
    if (def.op != "oarlock.Relayout") continue;
    const Result<KernelNeeds> needs = def.match(view, device);
    if (!needs.ok()) continue;
    OARLOCK_ASSIGN(const KernelPtr kernel, def.create(view, needs->options[0], device));
    const TensorRef input = from.ref(), output = to.ref();
    return kernel->run({{&input, 1}, {&output, 1}, {}});
  }
  return unsupported("no packing to ", to.desc.layout);
}

Result<Bytes> place(const Tensor& tensor, const Layout& layout, Device& device) {
  Bytes bytes = allocate(tensor.dtype(), tensor.shape(), layout);
  const TensorDesc plain{tensor.dtype(), tensor.shape(), Layout::row_major()};
  if (layout.kind == Layout::Kind::opaque) {
    OARLOCK_TRY(pack(tensor, bytes, device));
  } else {
    OARLOCK_TRY(convert_layout(plain, tensor.data(), bytes.desc, bytes.memory.data()));
  }
  return bytes;
}

Result<std::vector<Bytes>> run_option(const KernelCase& test, const OneNode& one,
                                      const KernelDef& def, const KernelOption& option,
                                      Device& device) {
  const Node& node = one.graph.node(one.id);
  const NodeView view(one.graph, node);
  OARLOCK_ASSIGN(const KernelPtr kernel, def.create(view, option, device));
  std::vector<Bytes> inputs, outputs;
  for (size_t i = 0; i < test.inputs.size(); ++i) {
    inputs.emplace_back();
    if (!test.inputs[i].defined()) continue;
    const Layout layout = option.inputs.empty() ? Layout::row_major() : option.inputs[i];
    OARLOCK_ASSIGN(inputs.back(), place(test.inputs[i], layout, device));
  }
  for (size_t i = 0; i < node.outputs.size(); ++i) {
    const TypeInfo& type = one.graph.value(node.outputs[i]).type;
    const Layout layout = option.outputs.empty() ? Layout::row_major() : option.outputs[i];
    outputs.push_back(allocate(type.dtype, type.shape, layout));
  }
  std::vector<TensorRef> input_refs, output_refs;
  for (size_t i = 0; i < inputs.size(); ++i)
    input_refs.push_back(test.inputs[i].defined() ? inputs[i].ref() : TensorRef());
  for (Bytes& output : outputs) output_refs.push_back(output.ref());
  std::vector<std::byte> scratch(option.workspace + 64, std::byte{0x7f});
  HostView workspace{scratch};
  KernelArgs args{input_refs, output_refs, {}};
  if (option.workspace > 0) args.workspace = {&workspace, 0, nullptr};
  OARLOCK_TRY(device.enter([&] { return kernel->run(args); }));
  std::vector<Bytes> plain;
  for (size_t i = 0; i < outputs.size(); ++i) {
    plain.push_back(allocate(outputs[i].desc.dtype, outputs[i].desc.shape, Layout::row_major()));
    OARLOCK_TRY(convert_layout(outputs[i].desc, outputs[i].memory.data(), plain[i].desc,
                               plain[i].memory.data()));
  }
  return plain;
}

void compare(const Tensor& expected, const Bytes& given, double tolerance) {
  ASSERT_EQ(expected.shape(), given.desc.shape);
  ASSERT_EQ(expected.bytes(), given.memory.size());
  if (expected.dtype() != DType::float32) {
    ASSERT_EQ(std::memcmp(expected.data(), given.memory.data(), expected.bytes()), 0);
    return;
  }
  const float* values = reinterpret_cast<const float*>(given.memory.data());
  for (int64_t i = 0; i < expected.elements(); ++i) {
    const float want = expected.as<float>()[static_cast<size_t>(i)];
    if (std::isnan(want)) {
      ASSERT_TRUE(std::isnan(values[i])) << "element " << i;
    } else if (std::isinf(want)) {
      ASSERT_EQ(values[i], want) << "element " << i;
    } else {
      ASSERT_NEAR(values[i], want, tolerance * std::max(1.0f, std::abs(want))) << "element " << i;
    }
  }
}

struct Choice {
  const KernelDef* kernel;
  KernelOption option;
};

// What tuning may choose for the node.
std::vector<Choice> candidates_of(const NodeView& view, const std::string& op,
                                  const Device& device) {
  std::vector<Choice> list;
  for (const KernelDef& def : oarlock_backend_cpu()->kernels()) {
    if (def.op != op || !def.candidates) continue;
    const Result<std::vector<KernelOption>> options = def.candidates(view, device);
    if (!options.ok()) continue;
    for (const KernelOption& option : *options) list.push_back({&def, option});
  }
  return list;
}

DevicePtr open_cpu(int threads) {
  DeviceOptions options;
  options.threads = threads;
  Result<DeviceList> devices = oarlock_backend_cpu()->open(options);
  return devices.ok() ? devices->front() : nullptr;
}

}  // namespace

void check_kernel(const KernelCase& test, size_t options) {
  const Result<OneNode> one = make_graph(test);
  ASSERT_TRUE(one.ok()) << to_string(one.status());
  std::vector<Value> values;
  for (const Tensor& tensor : test.inputs)
    values.push_back(tensor.defined() ? Value(tensor) : Value());
  const Result<std::vector<Value>> expected =
      evaluate_op(domain_of(test.op), name_of(test.op), test.attrs, values, test.outputs);
  ASSERT_TRUE(expected.ok()) << to_string(expected.status());
  std::vector<std::vector<Bytes>> first;
  for (int threads : {1, 2, 5}) {
    const DevicePtr device = open_cpu(threads);
    ASSERT_TRUE(device);
    const NodeView view(one->graph, one->graph.node(one->id));
    const KernelDef* taken = nullptr;
    std::string refusals;
    KernelNeeds needs;
    for (const KernelDef& def : oarlock_backend_cpu()->kernels()) {
      if (def.op != test.op) continue;
      Result<KernelNeeds> answer = def.match(view, *device);
      if (!answer.ok()) {
        refusals += to_string(answer.status()) + "\n";
        continue;
      }
      needs = *std::move(answer);
      taken = &def;
      break;
    }
    ASSERT_TRUE(taken) << test.op << " is refused: " << refusals;
    if (options > 0) {
      ASSERT_EQ(needs.options.size(), options) << test.op;
    }
    std::vector<Choice> choices;
    for (const KernelOption& option : needs.options) choices.push_back({taken, option});
    for (Choice& choice : candidates_of(view, test.op, *device))
      choices.push_back(std::move(choice));
    for (size_t o = 0; o < choices.size(); ++o) {
      const auto& [kernel, option] = choices[o];
      SCOPED_TRACE(concat(test.op, ", ", kernel->name, ", option ", o, " ", option.name,
                          ", threads ", threads));
      Result<std::vector<Bytes>> outputs = run_option(test, *one, *kernel, option, *device);
      ASSERT_TRUE(outputs.ok()) << to_string(outputs.status());
      for (size_t i = 0; i < outputs->size(); ++i) {
        compare((*expected)[i].tensor(), (*outputs)[i], test.tolerance);
        if (threads > 1) {
          ASSERT_EQ(first[o][i].memory, (*outputs)[i].memory) << "bits depend on threads";
        }
      }
      if (threads == 1) first.push_back(*std::move(outputs));
    }
  }
}

void check_refused(const KernelCase& test) {
  const Result<OneNode> one = make_graph(test);
  ASSERT_TRUE(one.ok()) << to_string(one.status());
  const DevicePtr device = open_cpu(1);
  const NodeView view(one->graph, one->graph.node(one->id));
  for (const KernelDef& def : oarlock_backend_cpu()->kernels()) {
    if (def.op != test.op) continue;
    const Result<KernelNeeds> answer = def.match(view, *device);
    ASSERT_FALSE(answer.ok()) << def.name;
    EXPECT_EQ(answer.status().code(), Code::unsupported);
    EXPECT_FALSE(answer.status().message().empty());
  }
}

Tensor random_tensor(const Shape& shape, unsigned seed, float low, float high) {
  std::mt19937 generator(seed);
  std::uniform_real_distribution<float> distribution(low, high);
  Result<Tensor> tensor = Tensor::allocate(DType::float32, shape);
  if (!tensor.ok()) return {};
  for (float& v : tensor->mutable_as<float>()) v = distribution(generator);
  return *std::move(tensor);
}

Tensor integers(std::initializer_list<int64_t> values) {
  return Tensor::of<int64_t>(Shape{static_cast<int64_t>(values.size())}, values);
}

}  // namespace oarlock::cpu
