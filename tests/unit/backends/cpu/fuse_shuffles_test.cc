// Channel shuffles through a session.
#include <gtest/gtest.h>

#include "oarlock/plugin/op.h"
#include "tests/unit/backends/cpu/kernel_check.h"
#include "tests/unit/backends/cpu/network.h"

namespace oarlock::cpu {
namespace {

struct Shuffle : Network {
  Shape shape;
  ValueId x, a, b;

  explicit Shuffle(Shape s) : shape(std::move(s)) {
    x = graph.add_input("x", TypeInfo::tensor(DType::float32, shape));
    a = add("Relu", {x});
    b = add(
        "AveragePool", {x},
        {{"kernel_shape", std::vector<int64_t>{3, 3}}, {"pads", std::vector<int64_t>{1, 1, 1, 1}}});
  }
  ValueId list(std::initializer_list<int64_t> values) {
    return graph.add_constant(concat("c", graph.value_count()), integers(values));
  }
  ValueId shuffle(ValueId value, int64_t channels, int64_t groups) {
    const ValueId split =
        add("Reshape", {value, list({shape[0], groups, channels / groups, shape[2], shape[3]})});
    const ValueId turned =
        add("Transpose", {split}, {{"perm", std::vector<int64_t>{0, 2, 1, 3, 4}}});
    return add("Reshape", {turned, list({shape[0], channels, shape[2], shape[3]})});
  }
  ValueId slice(ValueId value, int64_t begin, int64_t end) {
    return add("Slice", {value, list({begin}), list({end}), list({1}), list({1})});
  }
  // The plan has one step for the shuffle, and gives what the reference device gives.
  void expect_fused(ValueId y) {
    graph.add_output(y);
    ASSERT_TRUE(resolve(graph, OpRegistry::core()).ok());
    EXPECT_EQ(steps_of(*this, "oarlock.cpu.ChannelGather"), 1);
    EXPECT_EQ(steps_of(*this, "Transpose"), 0);
    check_on_cpu(*this, random_tensor(shape, 3));
  }
};

TEST(FuseShuffles, ConcatenationShuffleAndSlices) {
  Shuffle net({2, 29, 6, 7});
  const ValueId joined = net.add("Concat", {net.a, net.b}, {{"axis", int64_t{1}}});
  const ValueId shuffled = net.shuffle(joined, 58, 2);
  net.expect_fused(
      net.add("Sub", {net.add("Relu", {net.slice(shuffled, 0, 29)}), net.slice(shuffled, 29, 58)}));
}

TEST(FuseShuffles, ShuffleAlone) {
  Shuffle net({1, 24, 5, 3});
  net.expect_fused(net.add("Relu", {net.shuffle(net.b, 24, 3)}));
}

TEST(FuseShuffles, SlicesBesideTheWhole) {
  Shuffle net({1, 20, 5, 3});
  const ValueId shuffled = net.shuffle(net.b, 20, 4);
  net.expect_fused(
      net.add("Concat", {shuffled, net.slice(shuffled, 5, 15)}, {{"axis", int64_t{1}}}));
}

}  // namespace
}  // namespace oarlock::cpu
