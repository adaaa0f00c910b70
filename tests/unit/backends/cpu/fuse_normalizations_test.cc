// What the backend's rules fuse with normalizations, through a session.
#include <gtest/gtest.h>

#include "oarlock/plugin/op.h"
#include "tests/unit/backends/cpu/kernel_check.h"
#include "tests/unit/backends/cpu/network.h"

namespace oarlock::cpu {
namespace {

struct Normalizations : Network {
  ValueId batch_norm(ValueId x, int64_t channels) {
    std::vector<ValueId> inputs = {x};
    for (unsigned i = 1; i < 5; ++i)
      inputs.push_back(
          graph.add_constant(concat("c", i), random_tensor({channels}, i, i == 4 ? 0.5f : -1, 1)));
    return add("BatchNormalization", std::move(inputs), {{"epsilon", 0.01f}});
  }
};

void check_relu(const Shape& shape, bool used_twice) {
  Normalizations net;
  const ValueId x = net.graph.add_input("x", TypeInfo::tensor(DType::float32, shape));
  const ValueId normalized = net.batch_norm(x, shape[1]);
  const ValueId relu = net.add("Relu", {normalized});
  net.graph.add_output(used_twice ? net.add("Add", {relu, normalized}) : relu);
  ASSERT_TRUE(resolve(net.graph, OpRegistry::core()).ok());
  EXPECT_EQ(steps_of(net, "oarlock.cpu.BatchNormRelu"), used_twice ? 0 : 1);
  check_on_cpu(net, random_tensor(shape, 9));
}

TEST(FuseNormalizations, ReluAfterBatchNormalization) {
  check_relu({2, 37, 9, 11}, false);
  check_relu({3, 5}, false);
  check_relu({1, 16, 50}, false);
}

TEST(FuseNormalizations, WhatOthersReadStays) { check_relu({2, 37, 9, 11}, true); }

}  // namespace
}  // namespace oarlock::cpu
