// Placement, layouts, transfers and memory, on a device made for the test whose kernels want
// blocked channels.
#include "core/plan/plan.h"

#include <gtest/gtest.h>

#include <cstring>

#include "core/graph/host_layout.h"
#include "core/run/program.h"

namespace oarlock {
namespace {

const Layout kBlocked = Layout::channel_blocked(16);

class BlockDevice final : public Device {
 public:
  BlockDevice() { info_.name = "block"; }
  const DeviceInfo& info() const override { return info_; }
  Result<BufferPtr> allocate(const MemoryRequest& r) override { return host_->allocate(r); }
  Status write(const TensorRef& to, std::span<const std::byte> from) override {
    return host_->write(to, from);
  }
  Status read(const TensorRef& from, std::span<std::byte> to) override {
    return host_->read(from, to);
  }

 private:
  DevicePtr host_ = make_reference_device();
  DeviceInfo info_;
};

size_t storage(const TensorRef& t) { return storage_bytes(*t.desc).value_or(0); }

// y = 2 x for any layout.
KernelPtr doubling() {
  return make_kernel([](const KernelArgs& args) {
    const size_t n = storage(args.inputs[0]) / sizeof(float);
    for (size_t i = 0; i < n; ++i)
      args.outputs[0].data<float>()[i] = 2 * args.inputs[0].data<float>()[i];
    return Status();
  });
}

KernelOption blocked_option(size_t inputs = 1) {
  KernelOption o;
  o.inputs.assign(inputs, kBlocked);
  o.outputs = {kBlocked};
  return o;
}

std::vector<KernelDef> block_kernels() {
  std::vector<KernelDef> defs;
  // Only blocked.
  defs.push_back({"test.Heavy", "heavy_blocked",
                  [](const NodeView& v, const Device&) -> Result<KernelNeeds> {
                    if (v.input_shape(0).rank() != 4) return unsupported("only 4-D tensors");
                    return KernelNeeds(blocked_option());
                  },
                  [](const NodeView&, const KernelOption&, Device&) -> Result<KernelPtr> {
                    return doubling();
                  }});
  // Any layout, in place.
  defs.push_back({"test.Light", "light",
                  [](const NodeView&, const Device&) -> Result<KernelNeeds> {
                    KernelOption plain, blocked = blocked_option();
                    plain.sharing = blocked.sharing = {{Sharing::Kind::in_place}};
                    return KernelNeeds({plain, blocked});
                  },
                  [](const NodeView&, const KernelOption&, Device&) -> Result<KernelPtr> {
                    return doubling();
                  }});
  // Sum with a weight that is packed into blocks.
  defs.push_back({"test.Weighted", "weighted_blocked",
                  [](const NodeView&, const Device&) {
                    return Result<KernelNeeds>(KernelNeeds(blocked_option(2)));
                  },
                  [](const NodeView&, const KernelOption&, Device&) -> Result<KernelPtr> {
                    return make_kernel([](const KernelArgs& a) {
                      for (size_t i = 0; i < storage(a.inputs[0]) / sizeof(float); ++i)
                        a.outputs[0].data<float>()[i] =
                            a.inputs[0].data<float>()[i] + a.inputs[1].data<float>()[i];
                      return Status();
                    });
                  }});
  // Writes the numbers of bytes of the constants that it may read ahead.
  defs.push_back({"test.Ahead", "ahead",
                  [](const NodeView&, const Device&) {
                    KernelOption option;
                    option.reads_ahead = true;
                    return Result<KernelNeeds>(KernelNeeds(option));
                  },
                  [](const NodeView&, const KernelOption&, Device&) -> Result<KernelPtr> {
                    return make_kernel([](const KernelArgs& a) {
                      for (size_t i = 0; i < storage(a.inputs[0]) / sizeof(float); ++i) {
                        a.outputs[0].data<float>()[i] =
                            i < a.upcoming.size() ? static_cast<float>(a.upcoming[i].size()) : 0;
                      }
                      return Status();
                    });
                  }});
  // Concatenation of channels, without copies where memory allows.
  defs.push_back({"test.Join", "join",
                  [](const NodeView& v, const Device&) -> Result<KernelNeeds> {
                    KernelOption o;
                    size_t offset = 0;
                    for (size_t i = 0; i < v.input_count(); ++i) {
                      o.sharing.push_back({Sharing::Kind::input_is_part_of_output, 0,
                                           static_cast<uint16_t>(i), offset});
                      offset += static_cast<size_t>(*v.input_shape(i).elements()) * sizeof(float);
                    }
                    o.only_moves = true;
                    return KernelNeeds(o);
                  },
                  [](const NodeView&, const KernelOption&, Device&) -> Result<KernelPtr> {
                    return make_kernel([](const KernelArgs& a) {
                      std::byte* to = a.outputs[0].data();
                      for (const TensorRef& in : a.inputs) {
                        if (in.data() != to) std::memcpy(to, in.data(), storage(in));
                        to += storage(in);
                      }
                      return Status();
                    });
                  }});
  defs.push_back({"oarlock.Relayout", "relayout",
                  [](const NodeView&, const Device&) { return Result<KernelNeeds>(KernelNeeds()); },
                  [](const NodeView&, const KernelOption&, Device&) -> Result<KernelPtr> {
                    return make_kernel([](const KernelArgs& a) {
                      return convert_layout(*a.inputs[0].desc, a.inputs[0].data(),
                                            *a.outputs[0].desc, a.outputs[0].data());
                    });
                  }});
  return defs;
}

Status join_infer(InferContext& c) {
  Shape shape = c.shape(0);
  for (size_t i = 1; i < c.input_count(); ++i) shape[1] += c.shape(i)[1];
  c.set_output(0, c.dtype(0), shape);
  return {};
}

Status plain_double(RunContext& c) {
  OARLOCK_ASSIGN(Tensor * y, c.output(0, c.input(0).dtype(), c.input(0).shape()));
  for (int64_t i = 0; i < y->elements(); ++i)
    y->mutable_as<float>()[i] = 2 * c.input(0).as<float>()[i];
  return {};
}

struct PlanTest : testing::Test {
  std::vector<KernelDef> kernels = block_kernels();
  Backend backend;
  std::vector<OpDef> ops;
  Runtime runtime;
  Graph graph;

  PlanTest() {
    for (const char* name : {"Heavy", "Light", "OnlyReference"})
      ops.push_back({.domain = "test",
                     .name = name,
                     .inputs = 1,
                     .infer = same_type_as_input,
                     .reference = plain_double});
    for (const char* name : {"Weighted", "Ahead"})
      ops.push_back({.domain = "test", .name = name, .inputs = 2, .infer = same_type_as_input});
    ops.push_back(
        {.domain = "test", .name = "Join", .inputs = {1, Arity::kMany}, .infer = join_infer});
    runtime.devices.ops = OpRegistry::core();
    runtime.devices.ops.add(ops);
    PlacedDevice device{std::make_shared<BlockDevice>(), &backend, {}};
    for (const KernelDef& k : kernels) device.kernels[k.op].push_back(&k);
    runtime.devices.devices.push_back(std::move(device));
    runtime.devices.devices.push_back({make_reference_device(), nullptr, {}});
  }

  ValueId input(Shape shape) {
    return graph.add_input("x", TypeInfo::tensor(DType::float32, shape));
  }
  ValueId node(const char* op, std::vector<ValueId> inputs) {
    Node n;
    n.domain = "test";
    n.op = op;
    n.name = concat(op, graph.node_count());
    n.inputs = std::move(inputs);
    const NodeId id = *graph.add_node(n, {n.name + "_out"});
    EXPECT_TRUE(resolve_node(graph, id, runtime.devices.ops).ok());
    EXPECT_TRUE(infer_node(graph, id).ok());
    return graph.node(id).outputs[0];
  }

  std::shared_ptr<const Plan> plan() {
    std::vector<TypeInfo> types;
    for (ValueId v : graph.inputs()) types.push_back(graph.value(v).type);
    auto made = make_plan(graph, types, runtime.devices, runtime.constants, runtime.plan_options);
    EXPECT_TRUE(made.ok()) << to_string(made.status());
    return made.ok() ? *made : nullptr;
  }

  // Runs with x = 0, 1, 2, ... and returns the first output.
  std::vector<float> run() {
    Tensor x = *Tensor::allocate(DType::float32, graph.value(graph.inputs()[0]).type.shape);
    for (int64_t i = 0; i < x.elements(); ++i) x.mutable_as<float>()[i] = static_cast<float>(i);
    Program program(std::make_shared<Graph>(graph), runtime);
    const Value in = x;
    std::vector<Value> out(graph.outputs().size());
    const RunOptions options;
    RunState state{options};
    const Status status = program.run({&in, 1}, out, state);
    EXPECT_TRUE(status.ok()) << to_string(status);
    if (!status.ok()) return {};
    const auto data = out[0].tensor().as<float>();
    return {data.begin(), data.end()};
  }

  std::vector<std::string> step_ops(const Plan& p) {
    std::vector<std::string> list;
    for (const PlannedStep& s : p.explanation.steps) list.push_back(s.op);
    return list;
  }
};

std::vector<float> ramp(int64_t n, float factor) {
  std::vector<float> list(n);
  for (int64_t i = 0; i < n; ++i) list[i] = static_cast<float>(i) * factor;
  return list;
}

TEST_F(PlanTest, OneRelayoutAtEachEndOfABlockedChain) {
  ValueId v = input({1, 20, 3, 3});
  for (const char* op : {"Heavy", "Light", "Light", "Heavy"}) v = node(op, {v});
  graph.add_output(v);
  EXPECT_EQ(step_ops(*plan()),
            (std::vector<std::string>{"oarlock.Relayout", "test.Heavy", "test.Light", "test.Light",
                                      "test.Heavy", "oarlock.Relayout"}));
  EXPECT_EQ(run(), ramp(180, 16));
}

TEST_F(PlanTest, LightNodesAloneStayRowMajor) {
  ValueId v = input({1, 20, 3, 3});
  for (int i = 0; i < 3; ++i) v = node("Light", {v});
  graph.add_output(v);
  EXPECT_EQ(step_ops(*plan()).size(), 3u);
  EXPECT_EQ(run(), ramp(180, 8));
}

TEST_F(PlanTest, NoRelayoutWhereBlockingChangesNothing) {
  graph.add_output(node("Heavy", {input({1, 32, 1, 1})}));
  EXPECT_EQ(step_ops(*plan()), (std::vector<std::string>{"test.Heavy"}));
  EXPECT_EQ(run(), ramp(32, 2));
}

TEST_F(PlanTest, ConstantsArePackedOnceAndShared) {
  const ValueId w = graph.add_constant(
      "w", Tensor::of<float>(Shape{1, 17, 1, 1}, std::span<const float>(ramp(17, 1))));
  const ValueId x = input({1, 17, 1, 1});
  graph.add_output(node("Weighted", {node("Weighted", {x, w}), w}));
  const auto first = plan(), second = plan();
  ASSERT_EQ(first->constants.size(), 1u);
  EXPECT_EQ(first->constants.begin()->second, second->constants.begin()->second);
  EXPECT_EQ(run(), ramp(17, 3));
}

TEST_F(PlanTest, ConstantsAreShownToTheLastStepBeforeThatReadsAhead) {
  const auto weights = [&](const char* name, int64_t channels) {
    return graph.add_constant(name, *Tensor::allocate(DType::float32, Shape{1, channels, 1, 1}));
  };
  const ValueId x = input({1, 16, 1, 1});
  const ValueId first = node("Ahead", {x, weights("own", 16)});
  const ValueId then = node("Weighted", {first, weights("a", 16)});
  const ValueId second = node("Ahead", {then, weights("b", 32)});
  graph.add_output(first);
  graph.add_output(node("Weighted", {second, weights("c", 48)}));
  std::vector<float> expected(16);
  expected[0] = 16 * sizeof(float);
  expected[1] = 32 * sizeof(float);  // not c, which the second one is shown
  EXPECT_EQ(run(), expected);
}

TEST_F(PlanTest, ChainInPlaceNeedsOneBuffer) {
  ValueId v = input({1, 16, 8, 8});
  for (int i = 0; i < 6; ++i) v = node("Light", {v});
  graph.add_output(v);
  EXPECT_EQ(plan()->explanation.peak_bytes, 0u);  // everything happens in the output
  EXPECT_EQ(run(), ramp(1024, 64));
}

TEST_F(PlanTest, AValueReadLaterIsNotOverwritten) {
  const ValueId x = input({1, 16, 2, 2});
  const ValueId a = node("Light", {x});
  const ValueId b = node("Light", {a});
  graph.add_output(node("Join", {b, a}));
  std::vector<float> expected = ramp(64, 4);
  for (float f : ramp(64, 2)) expected.push_back(f);
  EXPECT_EQ(run(), expected);
}

TEST_F(PlanTest, ConcatenationIsFreeWhenInputsHaveNoOtherHome) {
  const ValueId x = input({1, 16, 2, 2});
  const ValueId joined = node("Join", {node("Light", {x}), node("OnlyReference", {x})});
  graph.add_output(node("OnlyReference", {joined}));
  EXPECT_EQ(step_ops(*plan()),
            (std::vector<std::string>{"test.Light", "test.OnlyReference", "test.OnlyReference"}));
  std::vector<float> expected = ramp(64, 4);
  for (float f : ramp(64, 4)) expected.push_back(f);
  EXPECT_EQ(run(), expected);
}

TEST_F(PlanTest, ConcatenationCopiesAnInputThatComesTwice) {
  const ValueId y = node("Light", {input({1, 16, 2, 2})});
  graph.add_output(node("Join", {y, y}));
  std::vector<float> expected = ramp(64, 2);
  for (float f : ramp(64, 2)) expected.push_back(f);
  EXPECT_EQ(run(), expected);
}

TEST_F(PlanTest, RefusalsAreKeptAndStrictFails) {
  graph.add_output(node("Heavy", {input({4, 4})}));
  const auto p = plan();
  ASSERT_EQ(p->explanation.steps.size(), 1u);
  EXPECT_EQ(p->explanation.steps[0].device, "reference");
  ASSERT_EQ(p->explanation.steps[0].refusals.size(), 1u);
  EXPECT_EQ(p->explanation.steps[0].refusals[0].reason, "only 4-D tensors");
  runtime.plan_options.strict = true;
  const TypeInfo type = graph.value(graph.inputs()[0]).type;
  const auto strict =
      make_plan(graph, {&type, 1}, runtime.devices, runtime.constants, runtime.plan_options);
  ASSERT_FALSE(strict.ok());
  EXPECT_NE(strict.status().message().find("only 4-D tensors"), std::string::npos);
}

TEST_F(PlanTest, SeparateValuesKeepTheirOwnMemory) {
  runtime.plan_options.separate_values = true;
  ValueId v = input({1, 16, 8, 8});
  for (int i = 0; i < 4; ++i) v = node("Light", {v});
  graph.add_output(v);
  EXPECT_EQ(plan()->explanation.peak_bytes, 3 * 4096u);
  EXPECT_EQ(run(), ramp(1024, 16));
}

}  // namespace
}  // namespace oarlock
