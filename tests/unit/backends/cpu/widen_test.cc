// Operators on 16-bit floats through a session.
#include <gtest/gtest.h>

#include <cmath>

#include "oarlock/plugin/numeric.h"
#include "oarlock/plugin/op.h"
#include "tests/unit/backends/cpu/kernel_check.h"
#include "tests/unit/backends/cpu/network.h"

namespace oarlock::cpu {
namespace {

template <class T>
Tensor narrow(const Tensor& tensor) {
  Result<Tensor> half = Tensor::allocate(kDTypeOf<T>, tensor.shape());
  for (size_t i = 0; i < static_cast<size_t>(tensor.elements()); ++i)
    half->mutable_as<T>()[i] = T(tensor.as<float>()[i]);
  return *std::move(half);
}

template <class T>
void check_network(double tolerance) {
  Network net;
  const DType dtype = kDTypeOf<T>;
  const ValueId x = net.graph.add_input("x", TypeInfo::tensor(dtype, Shape{1, 5, 9, 9}));
  const ValueId w =
      net.graph.add_constant("w", narrow<T>(random_tensor({20, 5, 3, 3}, 1, -0.3f, 0.3f)));
  const ValueId conv = net.add("Conv", {x, w});
  const ValueId joined = net.add("Concat", {net.add("Relu", {conv}), conv}, {{"axis", int64_t{1}}});
  const ValueId pooled = net.add("GlobalAveragePool", {joined});
  net.graph.add_output(net.add("Softmax", {net.add("Flatten", {pooled})}));
  ASSERT_TRUE(resolve(net.graph, OpRegistry::core()).ok());
  const Tensor input = narrow<T>(random_tensor({1, 5, 9, 9}, 2));
  const Tensor expected = net.run("reference", false, input);
  const Tensor given = net.run("cpu", true, input);
  ASSERT_EQ(given.dtype(), dtype);
  ASSERT_EQ(given.elements(), expected.elements());
  for (size_t i = 0; i < static_cast<size_t>(given.elements()); ++i)
    EXPECT_NEAR(given.as<T>()[i], expected.as<T>()[i], tolerance * expected.as<T>()[i]);
}

TEST(Widen, Float16Network) { check_network<Float16>(3e-3); }

TEST(Widen, BFloat16Network) { check_network<BFloat16>(3e-2); }

TEST(Widen, CastsOfTheModelStillRound) {
  Network net;
  const ValueId x = net.graph.add_input("x", TypeInfo::tensor(DType::float32, Shape{100}));
  const auto cast = [&](ValueId value, DType to) {
    return net.add("Cast", {value}, {{"to", static_cast<int64_t>(to)}});
  };
  const ValueId relu = net.add("Relu", {x});
  net.graph.add_output(net.add("Relu", {cast(cast(relu, DType::float16), DType::float32)}));
  ASSERT_TRUE(resolve(net.graph, OpRegistry::core()).ok());
  const Tensor input = random_tensor({100}, 1, 0.1f, 5);
  const Tensor given = net.run("cpu", true, input);
  for (size_t i = 0; i < 100; ++i)
    EXPECT_EQ(given.as<float>()[i], static_cast<float>(Float16(input.as<float>()[i])));
}

}  // namespace
}  // namespace oarlock::cpu
