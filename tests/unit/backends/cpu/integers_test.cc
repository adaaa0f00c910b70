// Quantized convolutions between QuantizeLinear and DequantizeLinear through a session.
#include <gtest/gtest.h>

#include <cmath>

#include "oarlock/plugin/op.h"
#include "tests/unit/backends/cpu/kernel_check.h"
#include "tests/unit/backends/cpu/network.h"

namespace oarlock::cpu {
namespace {

Tensor weights_of(const Shape& shape, unsigned seed) {
  const Tensor random = random_tensor(shape, seed, -127, 127);
  Tensor weights = *Tensor::allocate(DType::int8, shape);
  for (size_t i = 0; i < random.as<float>().size(); ++i)
    weights.mutable_as<int8_t>()[i] = static_cast<int8_t>(random.as<float>()[i]);
  return weights;
}

// x, quantized, through a convolution and perhaps a Relu to a quantized result.
Network network(bool relu, uint8_t y_zero, int64_t groups) {
  Network net;
  const ValueId x = net.graph.add_input("x", TypeInfo::tensor(DType::float32, Shape{1, 8, 13, 17}));
  int named = 0;
  const auto constant = [&](Tensor tensor) {
    return net.graph.add_constant(concat("c", named++), std::move(tensor));
  };
  const ValueId x_scale = constant(Tensor::scalar(0.02f));
  const ValueId x_zero = constant(Tensor::scalar(uint8_t{110}));
  const ValueId y_scale = constant(Tensor::scalar(0.04f));
  const ValueId zero = constant(Tensor::scalar(y_zero));
  const ValueId quantized = net.add("QuantizeLinear", {x, x_scale, x_zero});
  const ValueId whole = net.add("DequantizeLinear", {quantized, x_scale, x_zero});
  const ValueId w = net.add("DequantizeLinear",
                            {constant(weights_of({16, 8 / groups, 3, 3}, 1)),
                             constant(random_tensor({16}, 2, 0.001f, 0.004f))},
                            {{"axis", int64_t{0}}});
  ValueId y =
      net.add("Conv", {whole, w}, {{"pads", std::vector<int64_t>{1, 1, 1, 1}}, {"group", groups}});
  if (relu) y = net.add("Relu", {y});
  const ValueId bytes = net.add("QuantizeLinear", {y, y_scale, zero});
  net.graph.add_output(net.add("DequantizeLinear", {bytes, y_scale, zero}));
  return net;
}

void check(Network net, bool rewritten) {
  const Tensor x = random_tensor({1, 8, 13, 17}, 3, -2, 2);
  ASSERT_TRUE(resolve(net.graph, OpRegistry::core()).ok());
  const Tensor expected = net.run("reference", false, x), given = net.run("cpu", true, x);
  ASSERT_EQ(expected.elements(), given.elements());
  for (size_t i = 0; i < expected.as<float>().size(); ++i)
    ASSERT_NEAR(given.as<float>()[i], expected.as<float>()[i], 0.0401f) << i;
  Result<Session> session = net.open("cpu", true);
  ASSERT_TRUE(session.ok());
  const Result<Explanation> plan = session->explain();
  ASSERT_TRUE(plan.ok());
  const std::string text = to_string(*plan);
  EXPECT_EQ(text.find("QLinearConv") != std::string::npos, rewritten) << text;
}

TEST(Integers, ConvolutionBetweenQuantizations) {
  for (int64_t groups : {1, 2, 8}) {
    check(network(false, 100, groups), true);
    check(network(true, 0, groups), true);
    // What Relu cuts off would not saturate.
    check(network(true, 100, groups), false);
  }
}

}  // namespace
}  // namespace oarlock::cpu
