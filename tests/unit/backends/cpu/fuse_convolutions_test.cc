// What the backend's rules fuse, through a session.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "oarlock/plugin/op.h"
#include "tests/unit/backends/cpu/kernel_check.h"
#include "tests/unit/backends/cpu/network.h"

namespace oarlock::cpu {
namespace {

struct Convolutions : Network {
  unsigned seed = 0;
  ValueId weights(const Shape& shape) {
    ++seed;
    const float range = 1 / std::sqrt(static_cast<float>(shape[1] * shape[2] * shape[3]));
    return graph.add_constant(concat("w", seed), random_tensor(shape, seed, -range, range));
  }
  ValueId bias(int64_t count) {
    ++seed;
    return graph.add_constant(concat("b", seed), random_tensor({count}, seed));
  }
  ValueId conv(ValueId x, int64_t in, int64_t out, bool with_bias = true) {
    std::vector<ValueId> inputs = {x, weights({out, in, 1, 1})};
    if (with_bias) inputs.push_back(bias(out));
    return add("Conv", std::move(inputs));
  }
  ValueId depthwise(ValueId x, int64_t channels, int64_t stride) {
    return add("Conv", {x, weights({channels, 1, 3, 3}), bias(channels)},
               {{"group", channels},
                {"pads", std::vector<int64_t>{1, 1, 1, 1}},
                {"strides", std::vector<int64_t>{stride, stride}}});
  }
};

void check_expansion(int64_t batch, int64_t extent, int64_t in, int64_t channels, int64_t stride,
                     int expected) {
  Convolutions net;
  const Shape shape{batch, in, extent, extent};
  const ValueId x = net.graph.add_input("x", TypeInfo::tensor(DType::float32, shape));
  const ValueId expanded = net.add("Relu", {net.conv(x, in, channels)});
  net.graph.add_output(net.conv(net.depthwise(expanded, channels, stride), channels, 8));
  ASSERT_TRUE(resolve(net.graph, OpRegistry::core()).ok());
  EXPECT_EQ(steps_of(net, "oarlock.cpu.ExpandedConv"), expected);
  check_on_cpu(net, random_tensor(shape, 7));
}

TEST(FuseConvolutions, DepthwiseComputesTheRowsItReads) {
  // What is between is larger than any second-level cache.
  check_expansion(1, 150, 16, 200, 1, 1);
  check_expansion(2, 151, 20, 190, 2, 1);
}

TEST(FuseConvolutions, SmallImagesStayApart) { check_expansion(1, 14, 16, 96, 1, 0); }

void check_scale(int64_t batch, bool factor_first, bool residual) {
  Convolutions net;
  const Shape shape{batch, 37, 9, 11};
  const ValueId x = net.graph.add_input("x", TypeInfo::tensor(DType::float32, shape));
  const ValueId relu = net.add("Relu", {net.conv(x, 37, 37)});
  const ValueId pooled = net.add("GlobalAveragePool", {relu});
  const ValueId factor = net.add("Sigmoid", {net.conv(pooled, 37, 37)});
  const ValueId product = net.add("Mul", factor_first ? std::vector<ValueId>{factor, relu}
                                                      : std::vector<ValueId>{relu, factor});
  ValueId y = net.conv(product, 37, 37, !residual);
  if (residual) y = net.add("Add", {y, x});
  net.graph.add_output(y);
  ASSERT_TRUE(resolve(net.graph, OpRegistry::core()).ok());
  EXPECT_EQ(steps_of(net, "oarlock.cpu.ScaledConv"), 1);
  check_on_cpu(net, random_tensor(shape, 8));
}

TEST(FuseConvolutions, SqueezeAndExcitation) {
  check_scale(1, true, false);
  check_scale(3, false, true);
}

// Setting `exact` keeps products in the order of the model.
TEST(FuseConvolutions, NothingIsReorderedWhenExact) {
  Convolutions net;
  const Shape shape{1, 64, 20, 20};
  const ValueId x = net.graph.add_input("x", TypeInfo::tensor(DType::float32, shape));
  const ValueId conv = net.add("Conv", {x, net.weights({64, 64, 3, 3})},
                               {{"pads", std::vector<int64_t>{1, 1, 1, 1}}});
  const ValueId factor = net.add("GlobalAveragePool", {conv});
  net.graph.add_output(net.conv(net.add("Mul", {conv, factor}), 64, 64));
  ASSERT_TRUE(resolve(net.graph, OpRegistry::core()).ok());
  const auto uses = [&](const char* exact, std::string_view what) {
    Result<Session> session = net.open("cpu", true, 2, {{"exact", exact}});
    EXPECT_TRUE(session.ok()) << to_string(session.status());
    const Result<Explanation> plan = session->explain();
    return std::any_of(plan->steps.begin(), plan->steps.end(), [&](const PlannedStep& step) {
      return step.kernel == what || step.op == what;
    });
  };
  EXPECT_TRUE(uses("false", "conv_f32_winograd_nchw16c"));
  EXPECT_TRUE(uses("false", "oarlock.cpu.ScaledConv"));
  EXPECT_FALSE(uses("true", "conv_f32_winograd_nchw16c"));
  EXPECT_FALSE(uses("true", "oarlock.cpu.ScaledConv"));
  EXPECT_FALSE(net.open("cpu", true, 2, {{"exact", "yes"}}).ok());
}

}  // namespace
}  // namespace oarlock::cpu
