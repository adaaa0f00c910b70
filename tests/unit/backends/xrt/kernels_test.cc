// Nodes on the emulated FPGA against the reference device.
#include <gtest/gtest.h>

#include "oarlock/plugin/graph.h"
#include "tests/unit/backends/xrt/network.h"

namespace oarlock::xrt {
namespace {

class XrtKernels : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = why_not_emulated(); !why.empty()) GTEST_SKIP() << why;
  }
};

Tensor random(const Shape& shape) {
  static unsigned seed = 100;
  return random_values(shape, ++seed);
}

Attrs window(std::vector<int64_t> kernel, int64_t stride, int64_t pad, int64_t group = 1) {
  Attrs attrs{{"kernel_shape", kernel},
              {"strides", std::vector<int64_t>(kernel.size(), stride)},
              {"pads", std::vector<int64_t>(2 * kernel.size(), pad)}};
  if (group != 0) attrs.set("group", group);
  return attrs;
}

Attrs fused(Attrs attrs, const char* activation, float alpha = 0, float beta = 0) {
  attrs.set("activation", std::string(activation));
  attrs.set("activation_alpha", alpha);
  attrs.set("activation_beta", beta);
  return attrs;
}

TEST_F(XrtKernels, Convolutions) {
  check_chain(random({2, 3, 9, 11}), {{"Conv", window({3, 3}, 2, 1), {random({37, 3, 3, 3})}}});
  check_chain(random({1, 70, 5, 6}),
              {{"Conv", window({1, 1}, 1, 0), {random({90, 70, 1, 1}), random({90})}}});
  check_chain(random({2, 6, 9, 8}),
              {{"Conv", window({3, 3}, 1, 1, 3), {random({12, 2, 3, 3}), random({12})}}});
  check_chain(random({2, 6, 9, 8}),
              {{"Conv", window({3, 3}, 2, 1, 6), {random({12, 1, 3, 3}), random({12})}}});
  check_chain(random({2, 5, 20}), {{"Conv", window({4}, 3, 2), {random({7, 5, 4})}}});
  // A depthwise window that the line buffers do not hold goes to the engine.
  check_chain(random({1, 4, 40, 5}), {{"Conv", window({19, 1}, 1, 0, 4), {random({4, 1, 19, 1})}}});
}

// One tile of filters cannot be divided between the engines: Winograd's transform is faster.
TEST_F(XrtKernels, ConvolutionsByWinograd) {
  const Tensor input = random({2, 40, 30, 29});
  const std::vector<Link> links = {{"oarlock.Conv",
                                    fused(window({3, 3}, 1, 1), "Relu"),
                                    {random({64, 40, 3, 3}), random({64})}}};
  check_chain(input, links);
  const Result<Model> model = make_chain(TypeInfo::tensor(DType::float32, input.shape()), links);
  ASSERT_TRUE(model.ok());
  SessionOptions options;
  options.devices = {"xrt"};
  Result<Session> session = Session::open(*model, options);
  ASSERT_TRUE(session.ok());
  const Result<Explanation> plan = session->explain();
  ASSERT_TRUE(plan.ok());
  EXPECT_NE(to_string(*plan).find("conv_winograd"), std::string::npos) << to_string(*plan);
}

TEST_F(XrtKernels, FusedActivations) {
  for (const char* name : {"Relu", "Sigmoid", "Tanh", "HardSwish", "Mish", "Softplus", "Gelu"})
    check_chain(random({1, 4, 5, 6}),
                {{"oarlock.Conv",
                  fused(window({3, 3}, 1, 1), name),
                  {random({9, 4, 3, 3}), random({9}), random({1, 9, 5, 6})}}});
  check_chain(random({1, 4, 5, 6}), {{"oarlock.Conv",
                                      fused(window({3, 3}, 1, 1, 4), "Clip", 0, 1.5f),
                                      {random({4, 1, 3, 3}), random({4})}}});
}

TEST_F(XrtKernels, Products) {
  check_chain(random({5, 40}), {{"MatMul", {}, {random({40, 33})}}});
  check_chain(random({3, 5, 40}), {{"MatMul", {}, {random({3, 40, 9})}}});
  check_chain(random({3, 5, 40}), {{"MatMul", {}, {random({40})}}});
  check_chain(random({40, 5}),
              {{"Gemm",
                {{"transA", int64_t{1}}, {"transB", int64_t{1}}, {"alpha", 0.5f}, {"beta", 2.0f}},
                {random({33, 40}), random({33})}}});
}

TEST_F(XrtKernels, PoolsAndSoftmax) {
  for (const char* op : {"MaxPool", "AveragePool"}) {
    check_chain(random({2, 3, 9, 8}), {{op, window({3, 2}, 2, 1, 0)}});
    check_chain(random({2, 3, 19}), {{op, window({3}, 1, 1, 0)}});
  }
  check_chain(random({2, 3, 9, 8}), {{"GlobalAveragePool"}, {"Flatten"}});
  check_chain(random({2, 3, 9, 8}), {{"GlobalMaxPool"}});
  check_chain(random({4, 7, 5}), {{"Softmax", {{"axis", int64_t{1}}}}});
}

TEST_F(XrtKernels, ElementwiseAndMoves) {
  check_chain(random({2, 3, 4, 5}), {{"Add", {}, {random({3, 1, 1})}},
                                     {"Mul", {}, {random({4, 5})}},
                                     {"Sigmoid"},
                                     {"Sub", {}, {random({2, 1, 4, 1})}},
                                     {"Exp"}});
  const auto list = [](std::initializer_list<int64_t> values) {
    return Tensor::of<int64_t>(Shape{static_cast<int64_t>(values.size())}, values);
  };
  check_chain(random({2, 3, 4, 5}), {{"Transpose", {{"perm", std::vector<int64_t>{3, 1, 0, 2}}}}});
  check_chain(random({6, 9}),
              {{"Slice", {}, {list({4, 1}), list({-100, 9}), list({0, 1}), list({-2, 3})}}});
  check_chain(random({3, 1, 4}), {{"Expand", {}, {list({2, 3, 5, 4})}}});
  check_chain(random({3, 4}), {{"Pad", {}, {list({1, -1, 0, 2}), Tensor::of<float>({}, {1.5f})}}});
  check_chain(random({2, 3, 4}),
              {{"Concat", {{"axis", int64_t{1}}}, {random({2, 2, 4}), random({2, 1, 4})}}});
}

TEST_F(XrtKernels, NormalizationsAndResize) {
  check_chain(random({2, 5, 12}),
              {{"LayerNormalization", {{"axis", int64_t{-2}}}, {random({5, 12}), random({5, 12})}},
               {"RMSNormalization", {}, {random({12})}}});
  check_chain(random({2, 6, 3, 4}),
              {{"GroupNormalization", {{"num_groups", int64_t{3}}}, {random({6}), random({6})}},
               {"InstanceNormalization", {}, {random({6}), random({6})}},
               {"BatchNormalization",
                {},
                {random({6}), random({6}), random({6}),
                 Tensor::of<float>(Shape{6}, {0.5f, 1, 2, 0.1f, 3, 0.7f})}}});
  for (const char* mode : {"nearest", "linear"})
    check_chain(random({1, 3, 5, 7}), {{"Resize",
                                        {{"mode", std::string(mode)}},
                                        {Tensor(), Tensor::of<float>(Shape{4}, {1, 1, 2, 1.7f})}}});
}

Tensor bytes(const Shape& shape, unsigned seed) {
  const Tensor values = random_values(shape, seed);
  Tensor tensor = *Tensor::allocate(DType::int8, shape);
  for (size_t i = 0; i < values.as<float>().size(); ++i)
    tensor.mutable_as<int8_t>()[i] = static_cast<int8_t>(values.as<float>()[i] * 127);
  return tensor;
}
Tensor number(float value) { return Tensor::of<float>({}, {value}); }
Tensor zero_u8(int value) { return Tensor::of<uint8_t>({}, {static_cast<uint8_t>(value)}); }
Tensor zero_s8(int value) { return Tensor::of<int8_t>({}, {static_cast<int8_t>(value)}); }

// Results of 8 bits, dequantized so that a difference of 1 is one of 0.01.
TEST_F(XrtKernels, ProductsOf8Bits) {
  const Link quantize{"QuantizeLinear", {}, {number(0.01f), zero_u8(121)}};
  const Link dequantize{"DequantizeLinear", {}, {number(0.01f), zero_s8(-3)}};
  const Tensor scales =
      Tensor::of<float>(Shape{7}, {1e-3f, 2e-3f, 3e-3f, 5e-4f, 7e-4f, 9e-4f, 1e-3f});
  Tensor bias = *Tensor::allocate(DType::int32, Shape{7});
  for (int i = 0; i < 7; ++i) bias.mutable_as<int32_t>()[i] = 100 * i - 350;
  check_chain(random({2, 3, 9, 8}),
              {quantize,
               {"QLinearConv",
                window({3, 3}, 2, 1),
                {number(0.01f), zero_u8(121), bytes({7, 3, 3, 3}, 5), scales, zero_s8(0),
                 number(0.01f), zero_s8(-3), bias}},
               dequantize},
              0.0101);
  check_chain(random({1, 70, 5, 6}),
              {quantize,
               {"QLinearConv",
                window({1, 1}, 1, 0, 2),
                {number(0.01f), zero_u8(121), bytes({140, 35, 1, 1}, 6), number(1e-3f), zero_s8(2),
                 number(0.01f), zero_s8(-3)}},
               dequantize},
              0.0101);
  check_chain(random({150, 40}),
              {quantize,
               {"QLinearMatMul",
                {},
                {number(0.01f), zero_u8(121), bytes({40, 7}, 7), scales, zero_s8(0), number(0.01f),
                 zero_s8(-3)}},
               dequantize},
              0.0101);
}

// QDQ nodes become the same products, through the rewrites of core and of the backend.
TEST_F(XrtKernels, QdqNodesRunOnTheEngineOf8Bits) {
  Attrs axis0{{"axis", int64_t{0}}};
  Graph graph;
  const ValueId x = graph.add_input("x", TypeInfo::tensor(DType::float32, {1, 3, 9, 8}));
  const auto constant = [&](const char* name, Tensor tensor) {
    return graph.add_constant(name, std::move(tensor));
  };
  const auto add = [&](const char* op, std::vector<ValueId> inputs, Attrs attrs = {}) {
    Node node;
    node.name = concat(op, graph.node_count());
    node.op = op;
    node.inputs = std::move(inputs);
    node.attrs = std::move(attrs);
    const std::vector<std::string> names = {node.name + "_y"};
    return graph.node(*graph.add_node(std::move(node), names)).outputs[0];
  };
  const ValueId scale = constant("scale", number(0.01f)), zero = constant("zero", zero_u8(100));
  const ValueId q = add("QuantizeLinear", {x, scale, zero});
  const ValueId image = add("DequantizeLinear", {q, scale, zero});
  const ValueId weights =
      add("DequantizeLinear",
          {constant("w", bytes({5, 3, 3, 3}, 8)),
           constant("ws", Tensor::of<float>(Shape{5}, {1e-3f, 2e-3f, 3e-3f, 1e-3f, 2e-3f}))},
          axis0);
  const ValueId conv = add("Conv", {image, weights}, window({3, 3}, 1, 1));
  const ValueId relu = add("Relu", {conv});
  const ValueId y_scale = constant("ys", number(0.02f)), y_zero = constant("yz", zero_u8(0));
  const ValueId last = add("QuantizeLinear", {relu, y_scale, y_zero});
  graph.add_output(add("DequantizeLinear", {last, y_scale, y_zero}), "y");
  const Model model(std::move(graph), {});
  const std::vector<Value> inputs = {Value(random({1, 3, 9, 8}))};
  std::vector<std::vector<Value>> outputs;
  for (const char* device : {"xrt", "reference"}) {
    SessionOptions options;
    options.devices = {device};
    options.strict = true;
    Result<Session> session = Session::open(model, options);
    ASSERT_TRUE(session.ok()) << to_string(session.status());
    outputs.emplace_back(1);
    const Status status = session->run(inputs, outputs.back());
    ASSERT_TRUE(status.ok()) << to_string(status);
    if (std::string(device) == "reference") continue;
    const Result<Explanation> plan = session->explain();
    ASSERT_TRUE(plan.ok());
    EXPECT_NE(to_string(*plan).find("conv_engine_8bit"), std::string::npos) << to_string(*plan);
  }
  const auto a = outputs[0][0].tensor().as<float>(), e = outputs[1][0].tensor().as<float>();
  for (size_t i = 0; i < e.size(); ++i) ASSERT_NEAR(a[i], e[i], 0.0201) << i;
}

}  // namespace
}  // namespace oarlock::xrt
