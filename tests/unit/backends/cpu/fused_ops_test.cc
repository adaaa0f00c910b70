// What fused operators stand for.
#include "backends/cpu/fused_ops.h"

#include <gtest/gtest.h>

#include "tests/unit/backends/cpu/kernel_check.h"
#include "tests/unit/backends/cpu/network.h"

namespace oarlock::cpu {
namespace {

// A graph with one fused node, and what it becomes.
struct Fused : Network {
  OpRegistry ops = OpRegistry::core();

  Fused() { ops.add(fused_ops()); }
  std::vector<ValueId> fuse(const char* op, std::vector<ValueId> inputs, Attrs attrs,
                            size_t outputs) {
    Node node;
    node.domain = kCpuDomain;
    node.op = op;
    node.name = "fused";
    node.inputs = std::move(inputs);
    node.attrs = std::move(attrs);
    std::vector<std::string> names;
    for (size_t i = 0; i < outputs; ++i) names.push_back(concat("y", i));
    const Result<NodeId> id = graph.add_node(std::move(node), std::move(names));
    EXPECT_TRUE(id.ok()) << to_string(id.status());
    return graph.node(*id).outputs;
  }
  void decompose() {
    const Status resolved = resolve(graph, ops);
    ASSERT_TRUE(resolved.ok()) << to_string(resolved);
    for (NodeId id = 0; id < static_cast<NodeId>(graph.node_count()); ++id) {
      const Node& node = graph.node(id);
      if (!node.alive || node.domain != kCpuDomain) continue;
      Result<std::optional<Patch>> patch = node.def->decompose(graph, id);
      ASSERT_TRUE(patch.ok() && *patch) << to_string(patch.status());
      const auto added = graph.apply(**std::move(patch), ops);
      ASSERT_TRUE(added.ok()) << to_string(added.status());
    }
  }
};

TEST(FusedOps, ChannelGatherIsConcatAndGather) {
  Fused net;
  const Shape shape{1, 3, 1, 2};
  const ValueId x = net.graph.add_input("x", TypeInfo::tensor(DType::float32, shape));
  const ValueId twice = net.add("Add", {x, x});
  const auto outputs = net.fuse(
      "ChannelGather", {x, twice},
      {{"channels", std::vector<int64_t>{4, 0, 2}}, {"split", std::vector<int64_t>{1, 2}}}, 2);
  net.graph.add_output(net.add("Concat", outputs, {{"axis", int64_t{1}}}));
  net.decompose();
  const Tensor input = random_tensor(shape, 1), y = net.run("reference", false, input);
  const auto v = input.as<float>();
  const std::vector<float> expected = {2 * v[2], 2 * v[3], v[0], v[1], v[4], v[5]};
  EXPECT_EQ(std::vector<float>(y.as<float>().begin(), y.as<float>().end()), expected);
}

TEST(FusedOps, ScaledConvIsMulAndConv) {
  Fused net;
  const Shape shape{1, 2, 1, 2};
  const ValueId x = net.graph.add_input("x", TypeInfo::tensor(DType::float32, shape));
  const ValueId w = net.graph.add_constant("w", random_tensor({1, 2, 1, 1}, 2));
  const ValueId s = net.add("GlobalAveragePool", {x});
  net.graph.add_output(
      net.fuse("ScaledConv", {x, w, s}, {{"activation", std::string("Relu")}}, 1)[0]);
  net.decompose();
  const Tensor input = random_tensor(shape, 1), y = net.run("reference", false, input);
  const auto v = input.as<float>();
  const auto f = random_tensor({1, 2, 1, 1}, 2);
  for (size_t p = 0; p < 2; ++p) {
    const float sum = v[p] * (v[0] + v[1]) / 2 * f.as<float>()[0] +
                      v[2 + p] * (v[2] + v[3]) / 2 * f.as<float>()[1];
    EXPECT_NEAR(y.as<float>()[p], std::max(sum, 0.0f), 1e-6);
  }
}

TEST(FusedOps, ExpandedConvIsTwoConvolutions) {
  Fused net;
  const Shape shape{1, 2, 3, 3};
  const ValueId x = net.graph.add_input("x", TypeInfo::tensor(DType::float32, shape));
  const ValueId w = net.graph.add_constant("w", random_tensor({3, 1, 3, 3}, 2));
  const ValueId e = net.graph.add_constant("e", random_tensor({3, 2, 1, 1}, 3));
  const Attrs depthwise{{"dilations", std::vector<int64_t>{1, 1}},
                        {"group", int64_t{3}},
                        {"kernel_shape", std::vector<int64_t>{3, 3}},
                        {"pads", std::vector<int64_t>{1, 1, 1, 1}},
                        {"strides", std::vector<int64_t>{2, 2}}};
  const Attrs expansion{{"activation", std::string("Relu")}};
  const ValueId fused =
      net.fuse("ExpandedConv", {x, w, e}, expanded_attrs(depthwise, expansion), 1)[0];
  const ValueId apart = net.add("Conv", {net.add("Relu", {net.add("Conv", {x, e})}), w}, depthwise);
  net.graph.add_output(net.add("Sub", {fused, apart}));
  net.decompose();
  const Tensor y = net.run("reference", false, random_tensor(shape, 1));
  ASSERT_EQ(y.shape(), (Shape{1, 3, 2, 2}));
  for (float v : y.as<float>()) EXPECT_EQ(v, 0);
}

TEST(FusedOps, BatchNormReluIsBatchNormalizationAndRelu) {
  Fused net;
  const Shape shape{2, 3, 4, 5};
  const ValueId x = net.graph.add_input("x", TypeInfo::tensor(DType::float32, shape));
  std::vector<ValueId> inputs = {x};
  for (unsigned i = 1; i < 5; ++i)
    inputs.push_back(net.graph.add_constant(concat("c", i), random_tensor({3}, i, 0.1f, 1)));
  const Attrs attrs{{"epsilon", 0.1f}};
  const ValueId fused = net.fuse("BatchNormRelu", inputs, attrs, 1)[0];
  const ValueId apart = net.add("Relu", {net.add("BatchNormalization", inputs, attrs)});
  net.graph.add_output(net.add("Sub", {fused, apart}));
  net.decompose();
  const Tensor y = net.run("reference", false, random_tensor(shape, 1));
  ASSERT_EQ(y.shape(), shape);
  for (float v : y.as<float>()) EXPECT_EQ(v, 0);
}

}  // namespace
}  // namespace oarlock::cpu
