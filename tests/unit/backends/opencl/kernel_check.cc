#include "tests/unit/backends/opencl/kernel_check.h"

#include <dlfcn.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/graph/host_layout.h"
#include "core/ops/evaluate.h"
#include "oarlock/plugin/backend.h"

namespace oarlock::opencl {

namespace {

// Of the library, or of core where the backend is linked in.
const Backend* backend() {
  static const Backend* const found = [] {
    const char* library = OARLOCK_OPENCL_LIBRARY;
    void* const handle = dlopen(*library != '\0' ? library : nullptr, RTLD_NOW | RTLD_LOCAL);
    const auto entry =
        handle == nullptr ? nullptr
                          : reinterpret_cast<BackendEntry>(dlsym(handle, "oarlock_backend_opencl"));
    return entry == nullptr ? nullptr : entry();
  }();
  return found;
}

struct Prepared {
  Graph graph;
  NodeId id = kNone;
  DevicePtr device;
};

std::string domain_of(const std::string& op) { return op.starts_with("oarlock.") ? "oarlock" : ""; }
std::string name_of(const std::string& op) { return op.substr(op.rfind('.') + 1); }

Result<Prepared> prepare(const OneNode& test, size_t outputs) {
  Prepared prepared;
  if (backend() == nullptr) return unavailable("the backend's library: ", dlerror());
  OARLOCK_ASSIGN(const DeviceList devices, backend()->open({}));
  prepared.device = devices.front();
  Node node;
  node.name = "node";
  node.domain = domain_of(test.op);
  node.op = name_of(test.op);
  node.attrs = test.attrs;
  for (size_t i = 0; i < test.inputs.size(); ++i) {
    const Tensor& tensor = test.inputs[i];
    const std::string name = concat("input", i);
    const auto& c = test.constants;
    if (!tensor.defined())
      node.inputs.push_back(kNone);
    else if (std::find(c.begin(), c.end(), i) != c.end())
      node.inputs.push_back(prepared.graph.add_constant(name, tensor));
    else
      node.inputs.push_back(
          prepared.graph.add_input(name, TypeInfo::tensor(tensor.dtype(), tensor.shape())));
  }
  std::vector<std::string> names;
  for (size_t i = 0; i < outputs; ++i) names.push_back(concat("output", i));
  OARLOCK_ASSIGN(prepared.id, prepared.graph.add_node(std::move(node), names));
  for (const ValueId output : prepared.graph.node(prepared.id).outputs)
    prepared.graph.add_output(output);
  OARLOCK_TRY(resolve(prepared.graph, OpRegistry::core()));
  OARLOCK_TRY(infer_types(prepared.graph));
  return prepared;
}

// A tensor on the device, at an offset, with bytes around it that must stay as they are.
struct Placed {
  static constexpr size_t kBefore = 64, kAfter = 64;
  TensorDesc desc;
  BufferPtr buffer;
  std::vector<std::byte> bytes;  // with what is around

  TensorRef ref() { return {buffer.get(), kBefore, &desc}; }
  size_t size() const { return bytes.size() - kBefore - kAfter; }
};

Result<Placed> place(Device& device, DType dtype, const Shape& shape, const Layout& layout,
                     const Tensor* contents) {
  Placed placed{{dtype, shape, layout}, nullptr, {}};
  const size_t size = storage_bytes(placed.desc).value_or(0);
  placed.bytes.assign(Placed::kBefore + size + Placed::kAfter, std::byte{0x5a});
  if (contents != nullptr)
    OARLOCK_TRY(convert_layout({dtype, shape, Layout::row_major()}, contents->data(), placed.desc,
                               placed.bytes.data() + Placed::kBefore));
  OARLOCK_ASSIGN(placed.buffer, device.allocate({placed.bytes.size(), nullptr}));
  OARLOCK_TRY(device.write({placed.buffer.get(), 0, nullptr}, placed.bytes));
  return placed;
}

// What is on the device now, row-major; an error when bytes outside the tensor were written.
Result<Tensor> fetch(Device& device, Placed& placed) {
  std::vector<std::byte> now(placed.bytes.size());
  OARLOCK_TRY(device.read({placed.buffer.get(), 0, nullptr}, now));
  const size_t end = Placed::kBefore + placed.size();
  if (!std::equal(now.begin(), now.begin() + Placed::kBefore, placed.bytes.begin()) ||
      !std::equal(now.begin() + static_cast<ptrdiff_t>(end), now.end(),
                  placed.bytes.begin() + static_cast<ptrdiff_t>(end)))
    return internal_error("bytes outside the output were written");
  OARLOCK_ASSIGN(Tensor tensor, Tensor::allocate(placed.desc.dtype, placed.desc.shape));
  OARLOCK_TRY(convert_layout(placed.desc, now.data() + Placed::kBefore,
                             {placed.desc.dtype, placed.desc.shape, Layout::row_major()},
                             tensor.mutable_data()));
  return tensor;
}

Result<std::vector<Tensor>> run_option(const OneNode& test, const Prepared& prepared,
                                       const KernelDef& def, const KernelOption& option) {
  Device& device = *prepared.device;
  const Node& node = prepared.graph.node(prepared.id);
  OARLOCK_ASSIGN(const KernelPtr kernel,
                 def.create(NodeView(prepared.graph, node), option, device));
  std::vector<Placed> inputs, outputs;
  std::vector<TensorRef> input_refs, output_refs;
  for (size_t i = 0; i < test.inputs.size(); ++i) {
    inputs.emplace_back();
    const Tensor& tensor = test.inputs[i];
    if (!tensor.defined()) continue;
    const Layout layout = option.inputs.empty() ? Layout::row_major() : option.inputs[i];
    OARLOCK_ASSIGN(inputs.back(), place(device, tensor.dtype(), tensor.shape(), layout, &tensor));
  }
  for (size_t i = 0; i < node.outputs.size(); ++i) {
    const TypeInfo& type = prepared.graph.value(node.outputs[i]).type;
    const Layout layout = option.outputs.empty() ? Layout::row_major() : option.outputs[i];
    OARLOCK_ASSIGN(Placed placed, place(device, type.dtype, type.shape, layout, nullptr));
    outputs.push_back(std::move(placed));
  }
  for (size_t i = 0; i < inputs.size(); ++i)
    input_refs.push_back(test.inputs[i].defined() ? inputs[i].ref() : TensorRef());
  for (Placed& output : outputs) output_refs.push_back(output.ref());
  KernelArgs args{input_refs, output_refs, {}};
  BufferPtr workspace;
  if (option.workspace > 0) {
    OARLOCK_ASSIGN(workspace, device.allocate({option.workspace, nullptr}));
    args.workspace = {workspace.get(), 0, nullptr};
  }
  OARLOCK_TRY(kernel->run(args));
  std::vector<Tensor> results;
  for (Placed& output : outputs) {
    OARLOCK_ASSIGN(Tensor tensor, fetch(device, output));
    results.push_back(std::move(tensor));
  }
  return results;
}

void compare(const Tensor& expected, const Tensor& given, double tolerance) {
  ASSERT_EQ(expected.shape(), given.shape());
  ASSERT_EQ(expected.dtype(), given.dtype());
  if (expected.dtype() != DType::float32) {
    ASSERT_EQ(std::memcmp(expected.data(), given.data(), expected.bytes()), 0);
    return;
  }
  for (size_t i = 0; i < expected.as<float>().size(); ++i) {
    const float want = expected.as<float>()[i], have = given.as<float>()[i];
    if (std::isnan(want) || std::isinf(want)) {
      ASSERT_EQ(std::isnan(want), std::isnan(have)) << "element " << i;
      if (std::isinf(want)) {
        ASSERT_EQ(want, have) << "element " << i;
      }
      continue;
    }
    ASSERT_NEAR(have, want, tolerance * std::max(1.0f, std::abs(want))) << "element " << i;
  }
}

}  // namespace

void check_every_option(const OneNode& test, size_t options, size_t outputs) {
  const Result<Prepared> prepared = prepare(test, outputs);
  ASSERT_TRUE(prepared.ok()) << to_string(prepared.status());
  std::vector<Value> values;
  for (const Tensor& tensor : test.inputs)
    values.push_back(tensor.defined() ? Value(tensor) : Value());
  const Result<std::vector<Value>> expected =
      evaluate_op(domain_of(test.op), name_of(test.op), test.attrs, values, outputs);
  ASSERT_TRUE(expected.ok()) << to_string(expected.status());
  const NodeView view(prepared->graph, prepared->graph.node(prepared->id));
  std::string refusals;
  for (const KernelDef& def : backend()->kernels()) {
    if (def.op != test.op) continue;
    const Result<KernelNeeds> needs = def.match(view, *prepared->device);
    if (!needs.ok()) {
      refusals += to_string(needs.status()) + "\n";
      continue;
    }
    EXPECT_EQ(needs->options.size(), options) << test.op;
    for (size_t o = 0; o < needs->options.size(); ++o) {
      SCOPED_TRACE(concat(test.op, ", ", def.name, ", option ", o));
      const Result<std::vector<Tensor>> results =
          run_option(test, *prepared, def, needs->options[o]);
      ASSERT_TRUE(results.ok()) << to_string(results.status());
      for (size_t i = 0; i < results->size(); ++i)
        compare((*expected)[i].tensor(), (*results)[i], test.tolerance);
    }
    return;
  }
  FAIL() << test.op << " is refused: " << refusals;
}

void check_refused(const OneNode& test) {
  const Result<Prepared> prepared = prepare(test, 1);
  ASSERT_TRUE(prepared.ok()) << to_string(prepared.status());
  const NodeView view(prepared->graph, prepared->graph.node(prepared->id));
  std::string reasons;
  for (const KernelDef& def : backend()->kernels()) {
    if (def.op != test.op) continue;
    const Result<KernelNeeds> needs = def.match(view, *prepared->device);
    ASSERT_FALSE(needs.ok()) << def.name;
    EXPECT_EQ(needs.status().code(), Code::unsupported);
    reasons += needs.status().message();
  }
  EXPECT_FALSE(reasons.empty());
}

}  // namespace oarlock::opencl
