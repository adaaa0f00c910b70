// Convolution, activation and pooling on kernels joined by streams.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "oarlock/plugin/graph.h"
#include "tests/unit/backends/xrt/network.h"

namespace oarlock::xrt {
namespace {

using testing::HasSubstr;

Tensor random(const Shape& shape) {
  static unsigned seed = 500;
  return random_values(shape, ++seed);
}

Attrs window(int64_t kernel, int64_t stride, int64_t pad) {
  return {{"kernel_shape", std::vector<int64_t>(2, kernel)},
          {"strides", std::vector<int64_t>(2, stride)},
          {"pads", std::vector<int64_t>(4, pad)}};
}

Link convolution(int64_t in, int64_t out, int64_t kernel, int64_t stride, const char* activation) {
  Attrs attrs = window(kernel, stride, kernel / 2);
  attrs.set("activation", std::string(activation));
  return {"oarlock.Conv", attrs, {random({out, in, kernel, kernel}), random({out})}};
}

class XrtStreams : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = why_not_emulated(); !why.empty()) GTEST_SKIP() << why;
  }
  void TearDown() override {
    if (why_not_emulated().empty()) emulator().inject("restore", 0);
  }
  // What explain says of a chain of nodes.
  static std::string plan_of(const Tensor& input, const std::vector<Link>& links) {
    SessionOptions options;
    options.devices = {"xrt"};
    const Result<Model> model = make_chain(TypeInfo::tensor(DType::float32, input.shape()), links);
    if (!model.ok()) return to_string(model.status());
    Result<Session> session = Session::open(*model, options);
    if (!session.ok()) return to_string(session.status());
    const Result<Explanation> plan = session->explain();
    return plan.ok() ? to_string(*plan) : to_string(plan.status());
  }
  static void check_streams(const Tensor& input, const std::vector<Link>& links) {
    check_chain(input, links);
    EXPECT_THAT(plan_of(input, links), HasSubstr("conv_pool_streams"));
  }
};

TEST_F(XrtStreams, ConvolutionActivationPooling) {
  check_streams(random({1, 3, 40, 37}),
                {convolution(3, 64, 7, 2, "Relu"), {"MaxPool", window(3, 2, 1)}});
  check_streams(random({2, 3, 31, 33}),
                {convolution(3, 20, 3, 2, "Sigmoid"), {"AveragePool", window(3, 2, 1)}});
  Attrs ceiled = window(3, 2, 0);
  ceiled.set("ceil_mode", int64_t{1});
  check_streams(random({1, 3, 32, 32}), {convolution(3, 33, 3, 2, ""), {"MaxPool", ceiled}});
  Attrs counted = window(2, 2, 1);
  counted.set("count_include_pad", int64_t{1});
  check_streams(random({1, 5, 17, 16}),
                {convolution(5, 7, 5, 1, "Mish"), {"AveragePool", counted}});
}

TEST_F(XrtStreams, WhatDoesNotFitRunsOneAfterTheOther) {
  const Link conv = convolution(3, 8, 5, 1, "Relu");
  const auto apart = [&](const Tensor& input, const std::vector<Link>& links) {
    check_chain(input, links);
    EXPECT_THAT(plan_of(input, links), testing::Not(HasSubstr("conv_pool_streams")));
  };
  apart(random({1, 3, 12, 300}), {conv, {"MaxPool", window(2, 2, 0)}});
  apart(random({1, 3, 12, 12}), {conv, {"MaxPool", window(5, 2, 0)}});
  // The two engines share the filters, and that takes less time.
  apart(random({1, 64, 12, 12}), {convolution(64, 256, 5, 1, ""), {"MaxPool", window(3, 2, 0)}});
}

TEST_F(XrtStreams, WhatFlowsBetweenKernelsIsNotInMemory) {
  const Tensor input = random({1, 3, 64, 64});
  const std::vector<Link> links = {convolution(3, 16, 7, 2, "Relu"), {"MaxPool", window(3, 2, 1)}};
  const Result<Model> model = make_chain(TypeInfo::tensor(DType::float32, input.shape()), links);
  ASSERT_TRUE(model.ok());
  SessionOptions options;
  options.devices = {"xrt"};
  Result<Session> session = Session::open(*model, options);
  ASSERT_TRUE(session.ok()) << to_string(session.status());
  const std::vector<Value> inputs = {Value(input)};
  std::vector<Value> outputs(1);
  ASSERT_TRUE(session->run(inputs, outputs).ok());  // opens the card
  xrt_emulator::Counters before, after;
  emulator().counters(&before);
  ASSERT_TRUE(session->run(inputs, outputs).ok());
  emulator().counters(&after);
  EXPECT_EQ(after.runs - before.runs, 3u);
  EXPECT_EQ(after.written_bytes - before.written_bytes, 4.0 * 16 * 16 * 16);
  EXPECT_EQ(after.products - before.products, 16.0 * 32 * 32 * 3 * 49);
}

// A kernel of a chain that fails or never starts: an error, and nothing is left in the streams.
TEST_F(XrtStreams, FaultsOfOneKernelEndTheChain) {
  const Tensor input = random({1, 3, 40, 40});
  const std::vector<Link> links = {convolution(3, 8, 7, 2, "Relu"), {"MaxPool", window(3, 2, 1)}};
  const Result<Model> model = make_chain(TypeInfo::tensor(DType::float32, input.shape()), links);
  ASSERT_TRUE(model.ok());
  const Result<Tensor> expected = run_on("reference", *model, input);
  ASSERT_TRUE(expected.ok());
  SessionOptions options;
  options.devices = {"xrt"};
  options.settings["fallback"] = "off";
  options.settings["xrt.timeout"] = "300";
  Result<Session> session = Session::open(*model, options);
  ASSERT_TRUE(session.ok()) << to_string(session.status());
  const std::vector<Value> inputs = {Value(input)};
  const auto run = [&]() -> Status {
    std::vector<Value> outputs(1);
    OARLOCK_TRY(session->run(inputs, outputs));
    const auto a = outputs[0].tensor().as<float>(), e = expected->as<float>();
    for (size_t i = 0; i < e.size(); ++i) EXPECT_NEAR(a[i], e[i], 1e-4) << i;
    return {};
  };
  ASSERT_TRUE(run().ok());
  for (const char* what : {"kernel", "crash", "hang", "lost"})
    for (const int after : {0, 1, 2}) {
      SCOPED_TRACE(testing::Message() << what << " after " << after);
      ASSERT_TRUE(emulator().inject(what, after));
      const Status status = run();
      EXPECT_EQ(status.code(), Code::unavailable) << to_string(status);
      ASSERT_TRUE(emulator().inject("restore", 0));
      const Status again = run();
      EXPECT_TRUE(again.ok()) << to_string(again);
    }
}

}  // namespace
}  // namespace oarlock::xrt
