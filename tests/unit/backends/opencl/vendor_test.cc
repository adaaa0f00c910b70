// OpenCL ML on the stand-in for it: every operator against the reference device, what it refuses,
// and how networks are divided.
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <thread>
#include <vector>

#include "oarlock/plugin/graph.h"
#include "oarlock/session.h"
#include "tests/support/networks.h"
#include "tests/unit/backends/opencl/layer_test.h"

namespace oarlock::opencl {
namespace {

class VendorLibrary : public OnLayer {
 protected:
  void SetUp() override {
    OnLayer::SetUp();
    set("OARLOCK_LAYER_ML", "1");
  }
};

using Integers = std::vector<int64_t>;

OneNode conv(const Shape& x, const Shape& w, Attrs attrs, bool bias = true) {
  OneNode test{"Conv", std::move(attrs), {random_values(x, 1), random_values(w, 2)}, {1}};
  if (bias) {
    test.inputs.push_back(random_values({w[0]}, 3));
    test.constants.push_back(2);
  }
  return test;
}

// In float32 and in float16.
void check_both(const OneNode& test, const std::string& kernel) {
  check_against_reference(test, kernel);
  check_against_reference(in_half(test), kernel);
}

TEST_F(VendorLibrary, Convolutions) {
  check_both(conv({1, 5, 7, 9}, {6, 5, 3, 3},
                  {{"pads", Integers{1, 0, 1, 2}}, {"strides", Integers{2, 1}}}),
             "qcom_ml/conv");
  check_both(conv({2, 3, 6, 6}, {4, 3, 1, 1}, {}, false), "qcom_ml/conv");
  check_both(
      conv({1, 6, 9, 8}, {6, 1, 3, 2}, {{"group", int64_t{6}}, {"dilations", Integers{2, 1}}}),
      "qcom_ml/conv");
  OneNode fused = conv({1, 5, 7, 9}, {6, 5, 3, 3}, {{"activation", std::string("Relu")}});
  fused.op = "oarlock.Conv";
  check_both(fused, "qcom_ml/conv");
  fused.attrs.set("activation", std::string("Clip"));
  fused.attrs.set("activation_beta", 6.0f);
  check_both(fused, "qcom_ml/conv");
}

TEST_F(VendorLibrary, DenseLayers) {
  const Tensor a = random_values({3, 10}, 1), b = random_values({7, 10}, 2);
  check_both({"Gemm", {{"transB", int64_t{1}}}, {a, b, random_values({7}, 3)}, {1, 2}},
             "qcom_ml/dense");
  check_both({"Gemm", {{"transB", int64_t{1}}}, {a, b}, {1}}, "qcom_ml/dense");
}

TEST_F(VendorLibrary, Pooling) {
  const Tensor image = random_values({2, 5, 7, 8}, 1);
  const Attrs window{{"kernel_shape", Integers{3, 2}},
                     {"strides", Integers{2, 1}},
                     {"pads", Integers{1, 0, 1, 1}}};
  check_both({"MaxPool", window, {image}}, "qcom_ml/pool");
  check_both({"AveragePool", window, {image}}, "qcom_ml/pool");
  check_both({"GlobalAveragePool", {}, {image}}, "qcom_ml/pool");
  check_both({"GlobalMaxPool", {}, {image}}, "qcom_ml/pool");
}

TEST_F(VendorLibrary, ElementsAndRows) {
  const Tensor a = random_values({2, 5, 3, 4}, 1), b = random_values({2, 5, 3, 4}, 2);
  check_both({"Relu", {}, {a}}, "qcom_ml/relu");
  const auto number = [](float v) { return Tensor::of<float>(Shape{}, {v}); };
  check_both({"Clip", {}, {a, number(-0.5f), number(0.25f)}, {1, 2}}, "qcom_ml/clip");
  for (const char* op : {"Add", "Sub", "Mul", "Max", "Min"})
    check_both({op, {}, {a, b}}, "qcom_ml/binary");
  check_against_reference({"Div", {}, {a, b}, {}, 1e-3}, "qcom_ml/binary");
  check_both({"Softmax", {}, {random_values({4, 11}, 3)}}, "qcom_ml/softmax");
  const Tensor channels = random_values({5}, 4);
  const Tensor variance = Tensor::of<float>(Shape{5}, {0.5f, 1, 2, 0.25f, 3});
  check_both({"BatchNormalization", {}, {a, channels, channels, channels, variance}, {1, 2, 3, 4}},
             "qcom_ml/batch_norm");
}

TEST_F(VendorLibrary, Moves) {
  const Tensor a = random_values({2, 5, 3, 4}, 1);
  check_both({"Pad", {}, {a, Tensor::of<int64_t>(Shape{8}, {0, 0, 1, 2, 0, 0, 3, 0})}, {1}},
             "qcom_ml/pad");
  check_both({"Reshape", {}, {a, Tensor::of<int64_t>(Shape{3}, {5, 8, 3})}, {1}},
             "qcom_ml/reshape");
  for (const int64_t axis : {0, 1, 2, -1})
    check_both({"Concat", {{"axis", axis}}, {a, a, random_values({2, 5, 3, 4}, 2)}},
               "qcom_ml/concat");
}

// What the library cannot express, and what it refuses when asked, runs on ordinary kernels.
TEST_F(VendorLibrary, RefusalsFallBackToOrdinaryKernels) {
  check_against_reference(conv({1, 4, 7, 9}, {6, 2, 3, 3}, {{"group", int64_t{2}}}), "conv_direct");
  check_against_reference(conv({1, 2, 12, 12}, {3, 2, 9, 9}, {}), "conv_");
  OneNode swish = conv({1, 5, 7, 9}, {6, 5, 3, 3}, {{"activation", std::string("HardSwish")}});
  swish.op = "oarlock.Conv";
  check_against_reference(swish, "conv_");
}

struct Divided {
  Tensor output;
  Explanation plan;
};

Result<Divided> run(const Model& model, const Value& input, std::vector<std::string> devices,
                    std::map<std::string, std::string> settings = {}) {
  SessionOptions options;
  options.devices = std::move(devices);
  options.backend_paths = {OARLOCK_OPENCL_LIBRARY};
  options.settings = std::move(settings);
  OARLOCK_ASSIGN(Session session, Session::open(model, options));
  Value output;
  OARLOCK_TRY(session.run({&input, 1}, {&output, 1}));
  OARLOCK_ASSIGN(Explanation plan, session.explain());
  return Divided{output.tensor(), std::move(plan)};
}

double difference(const Tensor& a, const Tensor& b) {
  double most = 0, largest = 0;
  for (size_t i = 0; i < b.as<float>().size(); ++i) {
    largest = std::max(largest, std::fabs(static_cast<double>(b.as<float>()[i])));
    most = std::max(most, std::fabs(static_cast<double>(a.as<float>()[i]) - b.as<float>()[i]));
  }
  return most / largest;
}

TEST_F(VendorLibrary, ANetworkIsDividedInOneContext) {
  const Model model = test::resnet50(32, 1);
  const Value input = test::random_tensor(Shape{1, 3, 32, 32}, 2);
  const Result<Divided> expected = run(model, input, {"reference"});
  ASSERT_TRUE(expected.ok()) << to_string(expected.status());
  const Result<Divided> divided = run(model, input, {"opencl"});
  ASSERT_TRUE(divided.ok()) << to_string(divided.status());
  EXPECT_LT(difference(divided->output, expected->output), 1e-3);
  size_t vendor = 0, ordinary = 0, copies = 0;
  std::string reasons;
  for (const PlannedStep& step : divided->plan.steps) {
    if (step.op == "oarlock.Copy") ++copies;
    if (step.op.find("Conv") == std::string::npos) continue;
    ++(step.kernel.starts_with("qcom_ml/") ? vendor : ordinary);
    for (const Refusal& r : step.refusals)
      if (r.kernel.starts_with("qcom_ml/")) reasons += r.reason + "\n";
  }
  EXPECT_GT(vendor, 30u);
  EXPECT_GT(ordinary, 10u);  // those that add a residual
  EXPECT_EQ(copies, 2u);     // the input and the output
  EXPECT_NE(reasons.find("adds a residual"), std::string::npos) << reasons;
  const std::string text = to_string(divided->plan);
  EXPECT_NE(text.find(" by qcom_ml)"), std::string::npos) << divided->plan.summary;
  EXPECT_NE(text.find("not opencl:0 qcom_ml/conv: adds a residual"), std::string::npos) << text;
}

TEST_F(VendorLibrary, ItCanBeSwitchedOff) {
  const Model model = test::resnet50(32, 1);
  const Value input = test::random_tensor(Shape{1, 3, 32, 32}, 2);
  const Result<Divided> off = run(model, input, {"opencl"}, {{"opencl.ml", "off"}});
  ASSERT_TRUE(off.ok()) << to_string(off.status());
  EXPECT_EQ(off->plan.summary.find("qcom_ml"), std::string::npos);
  EXPECT_NE(to_string(off->plan).find("qcom_ml/conv: opencl.ml is off"), std::string::npos);
  const Result<Divided> wrong = run(model, input, {"opencl"}, {{"opencl.ml", "maybe"}});
  EXPECT_NE(wrong.status().message().find("the setting opencl.ml is on or off, not 'maybe'"),
            std::string::npos)
      << to_string(wrong.status());
}

// Measured on this machine the stand-in's plain kernels lose.
TEST_F(VendorLibrary, TuningChoosesBetweenItAndOrdinaryKernels) {
  const std::string folder = testing::TempDir() + "/vendor_" + std::to_string(getpid());
  Graph graph;
  Node node;
  node.op = node.name = "Gemm";
  node.attrs.set("transB", int64_t{1});
  node.inputs = {graph.add_input("input", TypeInfo::tensor(DType::float32, Shape{64, 256})),
                 graph.add_constant("w", test::random_tensor(Shape{256, 256}, 1))};
  const Result<NodeId> id = graph.add_node(node, {"output"});
  ASSERT_TRUE(id.ok()) << to_string(id.status());
  graph.add_output(graph.node(*id).outputs[0]);
  const Model model(std::move(graph), {});
  const Value input = test::random_tensor(Shape{64, 256}, 2);
  const Result<Divided> before = run(model, input, {"opencl"}, {{"opencl.cache", folder}});
  ASSERT_TRUE(before.ok()) << to_string(before.status());
  EXPECT_NE(before->plan.summary.find("qcom_ml"), std::string::npos);
  ASSERT_TRUE(run(model, input, {"opencl"}, {{"opencl.cache", folder}, {"tune", "1000"}}).ok());
  const Result<Divided> tuned = run(model, input, {"opencl"}, {{"opencl.cache", folder}});
  ASSERT_TRUE(tuned.ok()) << to_string(tuned.status());
  EXPECT_EQ(tuned->plan.summary.find("qcom_ml"), std::string::npos);
  EXPECT_NE(to_string(tuned->plan).find("tuned: matmul: tiles of "), std::string::npos);
}

TEST_F(VendorLibrary, EightThreadsShareASession) {
  SessionOptions options;
  options.devices = {"opencl"};
  options.backend_paths = {OARLOCK_OPENCL_LIBRARY};
  Result<Session> session = Session::open(test::resnet50(32, 1), options);
  ASSERT_TRUE(session.ok()) << to_string(session.status());
  const Value input = test::random_tensor(Shape{1, 3, 32, 32}, 2);
  Value expected;
  ASSERT_TRUE(session->run({&input, 1}, {&expected, 1}).ok());
  std::vector<std::string> failures(8);
  std::vector<std::thread> threads;
  for (std::string& failure : failures)
    threads.emplace_back([&] {
      for (int round = 0; round < 2; ++round) {
        Value output;
        const Status status = session->run({&input, 1}, {&output, 1});
        if (!status.ok())
          failure = to_string(status);
        else if (difference(output.tensor(), expected.tensor()) != 0)
          failure = "another answer";
      }
    });
  for (std::thread& thread : threads) thread.join();
  for (const std::string& failure : failures) EXPECT_EQ(failure, "");
}

}  // namespace
}  // namespace oarlock::opencl
