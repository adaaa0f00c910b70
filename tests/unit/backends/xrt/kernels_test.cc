// Nodes on the emulated FPGA against the reference device.
#include <gtest/gtest.h>

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

}  // namespace
}  // namespace oarlock::xrt
