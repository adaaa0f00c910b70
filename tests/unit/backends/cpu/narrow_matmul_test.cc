// Products on weights of 16 and 8 bits through sessions.
#include <gtest/gtest.h>

#include <cmath>

#include "oarlock/plugin/op.h"
#include "oarlock/plugin/passes.h"
#include "tests/unit/backends/cpu/kernel_check.h"
#include "tests/unit/backends/cpu/network.h"

namespace oarlock::cpu {
namespace {

constexpr DType kStorages[] = {DType::float16, DType::bfloat16, DType::int8};

struct Layer {
  int64_t rows = 1, in = 517, out = 530;
  bool transposed = false;
};

// x A + bias, activated, as a network of one fully connected layer with stored weights.
Network network(const Layer& layer, DType storage) {
  Network net;
  const ValueId x =
      net.graph.add_input("x", TypeInfo::tensor(DType::float32, Shape{layer.rows, layer.in}));
  const Shape shape = layer.transposed ? Shape{layer.out, layer.in} : Shape{layer.in, layer.out};
  const ValueId w = net.graph.add_constant("w", random_tensor(shape, 1));
  const ValueId bias = net.graph.add_constant("bias", random_tensor({layer.out}, 2));
  const ValueId y = net.add("Gemm", {x, w, bias}, {{"transB", int64_t{layer.transposed}}});
  net.graph.add_output(net.add("Relu", {y}));
  EXPECT_TRUE(resolve(net.graph, OpRegistry::core()).ok());
  EXPECT_TRUE(infer_types(net.graph).ok());
  EXPECT_TRUE(narrow_weights(net.graph, storage, OpRegistry::core()).ok());
  return net;
}

TEST(NarrowMatMul, AgreesWithTheReference) {
  for (const DType storage : kStorages)
    for (const bool transposed : {false, true})
      for (const int64_t rows : {1, 2, 3, 4, 40}) {
        SCOPED_TRACE(concat(storage, ", ", rows, " rows, transposed: ", int{transposed}));
        const Network net = network({.rows = rows, .transposed = transposed}, storage);
        check_on_cpu(net, random_tensor({rows, 517}, 3));
        EXPECT_EQ(steps_of(net, "oarlock.NarrowMatMul"), rows <= 3 ? 1 : 0);
        EXPECT_EQ(steps_of(net, "Cast") + steps_of(net, "DequantizeLinear"), 0);
      }
}

TEST(NarrowMatMul, ComesNearTheFloatModel) {
  Layer layer;
  const Tensor x = random_tensor({1, 517}, 3);
  Network exact;
  const ValueId in = exact.graph.add_input("x", TypeInfo::tensor(DType::float32, Shape{1, 517}));
  const ValueId w = exact.graph.add_constant("w", random_tensor({layer.in, layer.out}, 1));
  const ValueId bias = exact.graph.add_constant("bias", random_tensor({layer.out}, 2));
  exact.graph.add_output(exact.add("Relu", {exact.add("Gemm", {in, w, bias})}));
  ASSERT_TRUE(resolve(exact.graph, OpRegistry::core()).ok());
  const Tensor expected = exact.run("reference", false, x);
  const double errors[] = {1.0 / 2048, 1.0 / 256, 1.0 / 254};
  for (size_t s = 0; s < 3; ++s) {
    const Tensor given = network(layer, kStorages[s]).run("cpu", true, x);
    // Each product errs by at most this share of |x| * 1; errors of 517 add up like random ones.
    for (size_t i = 0; i < static_cast<size_t>(given.elements()); ++i)
      EXPECT_NEAR(given.as<float>()[i], expected.as<float>()[i], 3 * errors[s] * std::sqrt(517.0));
  }
}

TEST(NarrowMatMul, ResidualsAndOneScale) {
  Network net;
  const ValueId x = net.graph.add_input("x", TypeInfo::tensor(DType::float32, Shape{1, 2, 600}));
  Result<Tensor> bytes = Tensor::allocate(DType::int8, Shape{600, 600});
  for (size_t i = 0; i < 360000; ++i)
    bytes->mutable_as<int8_t>()[i] = static_cast<int8_t>(static_cast<int>(i * 37 % 251) - 125);
  const ValueId values = net.graph.add_constant("w", *std::move(bytes));
  const ValueId scale = net.graph.add_constant("scale", Tensor::scalar(0.003f));
  const ValueId w = net.add("DequantizeLinear", {values, scale});
  net.graph.add_output(net.add("Add", {net.add("MatMul", {x, w}), net.add("Tanh", {x})}));
  ASSERT_TRUE(resolve(net.graph, OpRegistry::core()).ok());
  check_on_cpu(net, random_tensor({1, 2, 600}, 5));
  EXPECT_EQ(steps_of(net, "oarlock.NarrowMatMul"), 1);
}

TEST(NarrowMatMul, RowsThatComeWithTheRun) {
  for (const DType storage : kStorages) {
    Network net = network({}, storage);
    net.graph.set_type(net.graph.inputs()[0],
                       TypeInfo::tensor(DType::float32, Shape{Shape::kUnknown, 517}));
    for (const int64_t rows : {1, 7, 3}) check_on_cpu(net, random_tensor({rows, 517}, 4));
  }
}

}  // namespace
}  // namespace oarlock::cpu
