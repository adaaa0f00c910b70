// Operators registered through the C interface and from C++.
#include "oarlock/custom_op.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "oarlock/model.h"
#include "oarlock/oarlock.h"
#include "oarlock/plugin/graph.h"
#include "oarlock/session.h"

namespace oarlock {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kDomain = "test.c";

Model model_of(const char* op, Attrs attrs, std::vector<TypeInfo> types) {
  Graph graph;
  Node node;
  node.name = "mine";
  node.domain = kDomain;
  node.op = op;
  node.attrs = std::move(attrs);
  for (size_t i = 0; i < types.size(); ++i)
    node.inputs.push_back(graph.add_input("x" + std::to_string(i), types[i]));
  const NodeId id = graph.add_node(std::move(node), {"y"}).value();
  graph.add_output(graph.node(id).output(0));
  return Model(std::move(graph), {});
}

TypeInfo floats_of(int64_t n) { return TypeInfo::tensor(DType::float32, {n}); }

// x repeated `times`, each element multiplied by its input's index and the node's factors.
oarlock_code infer_repeat(oarlock_infer* infer, void* context) {
  ++*static_cast<int*>(context);
  if (oarlock_infer_input_rank(infer, 0) != 1)
    return oarlock_fail(OARLOCK_INVALID, "Repeat takes vectors");
  const int64_t times = oarlock_node_integer(oarlock_infer_node(infer), "times", 1);
  const int64_t n = oarlock_infer_input_shape(infer, 0)[0];
  const int64_t shape[] = {n < 0 ? -1 : n * times};
  return oarlock_infer_set_output(infer, 0, oarlock_infer_input_dtype(infer, 0), shape, 1);
}

oarlock_code run_repeat(oarlock_call* call, void* context) {
  ++*static_cast<int*>(context);
  const oarlock_node* node = oarlock_call_node(call);
  const int64_t times = oarlock_node_integer(node, "times", 1);
  const float* factors = nullptr;
  const size_t count = oarlock_node_numbers(node, "factors", &factors);
  const oarlock_value* x = oarlock_call_input(call, 0);
  const int64_t n = oarlock_value_elements(x);
  const int64_t shape[] = {n * times};
  void* data = nullptr;
  if (oarlock_code code = oarlock_call_output(call, 0, OARLOCK_FLOAT32, shape, 1, &data))
    return code;
  const auto* from = static_cast<const float*>(oarlock_value_data(const_cast<oarlock_value*>(x)));
  for (int64_t i = 0; i < n * times; ++i)
    static_cast<float*>(data)[i] =
        from[i % n] * (count > 0 ? factors[static_cast<size_t>(i) % count] : 1);
  return OARLOCK_OK;
}

struct CustomOp : testing::Test {
  oarlock_op* op = nullptr;

  void make(const char* name, oarlock_infer_function infer, oarlock_run_function run,
            void* context) {
    ASSERT_EQ(oarlock_op_new(kDomain, name, &op), OARLOCK_OK) << oarlock_last_error();
    ASSERT_EQ(oarlock_op_set_functions(op, infer, run, context), OARLOCK_OK);
  }
  void TearDown() override { oarlock_op_free(op); }

  static Result<std::vector<NamedValue>> run(const Model& model, const Tensor& x) {
    SessionOptions options;
    options.devices = {"reference"};
    OARLOCK_ASSIGN(Session session, Session::open(model, options));
    const std::vector<NamedValue> inputs = {{"x0", x}};
    return session.run(inputs);
  }
};

TEST_F(CustomOp, InfersAndRunsWithAttributes) {
  static int counted = 0;
  make("Repeat", infer_repeat, run_repeat, &counted);
  ASSERT_EQ(oarlock_op_add_attribute(op, "times", OARLOCK_INTEGER, true), OARLOCK_OK);
  ASSERT_EQ(oarlock_op_add_attribute(op, "factors", OARLOCK_NUMBERS, false), OARLOCK_OK);
  ASSERT_EQ(oarlock_op_register(op), OARLOCK_OK) << oarlock_last_error();
  const Attrs attrs{{"times", int64_t{2}}, {"factors", std::vector<float>{1, 10, 100}}};
  const auto outputs =
      run(model_of("Repeat", attrs, {floats_of(Shape::kUnknown)}), Tensor::of<float>({2}, {1, 2}));
  ASSERT_TRUE(outputs.ok()) << to_string(outputs.status());
  const auto y = outputs->front().value.tensor().as<float>();
  EXPECT_THAT(std::vector<float>(y.begin(), y.end()), ElementsAre(1, 20, 100, 2));
  EXPECT_GE(counted, 2);

  EXPECT_THAT(Session::open(model_of("Repeat", {}, {floats_of(2)})).status().message(),
              HasSubstr("lacks the attribute 'times'"));
  const TypeInfo matrix = TypeInfo::tensor(DType::float32, {2, 2});
  const Status refused =
      Session::open(model_of("Repeat", {{"times", int64_t{1}}}, {matrix})).status();
  EXPECT_EQ(refused.code(), Code::invalid);
  EXPECT_THAT(refused.message(), HasSubstr("'mine' (test.c.Repeat): Repeat takes vectors"));
}

TEST_F(CustomOp, FailuresOfTheFunctionsAreThoseOfTheRun) {
  make(
      "Fails", nullptr,
      [](oarlock_call*, void*) { return oarlock_fail(OARLOCK_UNAVAILABLE, "no coffee"); }, nullptr);
  ASSERT_EQ(oarlock_op_register(op), OARLOCK_OK);
  Status status = run(model_of("Fails", {}, {floats_of(1)}), Tensor::of<float>({1}, {1})).status();
  EXPECT_EQ(status.code(), Code::unavailable);
  EXPECT_THAT(status.message(), HasSubstr("no coffee"));

  // A failure inside the interface passes through; a bare code gets a message.
  const auto no_such_output = [](oarlock_call* call, void*) {
    void* data = nullptr;
    return oarlock_call_output(call, 7, OARLOCK_FLOAT32, nullptr, 0, &data);
  };
  ASSERT_EQ(oarlock_op_set_functions(op, nullptr, no_such_output, nullptr), OARLOCK_OK);
  ASSERT_EQ(oarlock_op_register(op), OARLOCK_OK);
  status = run(model_of("Fails", {}, {floats_of(1)}), Tensor::of<float>({1}, {1})).status();
  EXPECT_THAT(status.message(), HasSubstr("output 7 of 1"));
  const auto bare = [](oarlock_call*, void*) -> oarlock_code { return 99; };
  ASSERT_EQ(oarlock_op_set_functions(op, nullptr, bare, nullptr), OARLOCK_OK);
  ASSERT_EQ(oarlock_op_register(op), OARLOCK_OK);
  status = run(model_of("Fails", {}, {floats_of(1)}), Tensor::of<float>({1}, {1})).status();
  EXPECT_EQ(status.code(), Code::internal);
  EXPECT_THAT(status.message(), HasSubstr("failed with code 99"));
}

TEST_F(CustomOp, WrongDescriptionsAreRefused) {
  EXPECT_EQ(oarlock_op_new(nullptr, "x", &op), OARLOCK_INVALID);
  EXPECT_EQ(oarlock_op_new("x", nullptr, &op), OARLOCK_INVALID);
  EXPECT_EQ(oarlock_op_new("x", "y", nullptr), OARLOCK_INVALID);
  EXPECT_EQ(oarlock_op_register(nullptr), OARLOCK_INVALID);
  ASSERT_EQ(oarlock_op_new(kDomain, "NoFunction", &op), OARLOCK_OK);
  EXPECT_EQ(oarlock_op_register(op), OARLOCK_INVALID);
  EXPECT_THAT(oarlock_last_error(), HasSubstr("neither"));
  EXPECT_EQ(oarlock_op_set_functions(op, infer_repeat, nullptr, nullptr), OARLOCK_INVALID);
  EXPECT_EQ(oarlock_op_set_inputs(op, 3, 2), OARLOCK_INVALID);
  EXPECT_EQ(oarlock_op_set_inputs(op, 0, OARLOCK_MANY), OARLOCK_OK);
  EXPECT_EQ(oarlock_op_add_attribute(op, "a", static_cast<oarlock_attribute>(4), false),
            OARLOCK_INVALID);
  EXPECT_EQ(oarlock_node_name(nullptr), nullptr);
  EXPECT_EQ(oarlock_call_input(nullptr, 0), nullptr);
  EXPECT_EQ(oarlock_infer_input_dtype(nullptr, 0), OARLOCK_UNDEFINED);
  for (const char* domain : {"", "ai.onnx", "oarlock"}) {
    const Status status = register_op({.domain = domain, .name = "Add", .inputs = 2});
    EXPECT_THAT(status.message(), HasSubstr("domain of your own"));
  }
}

TEST_F(CustomOp, WhatFunctionsThrowBecomesAStatus) {
  ASSERT_TRUE(register_op({.domain = kDomain,
                           .name = "Throws",
                           .inputs = 1,
                           .infer = same_type_as_input,
                           .reference = [](RunContext&) -> Status {
                             throw std::runtime_error("out of luck");
                           }})
                  .ok());
  const Status status =
      run(model_of("Throws", {}, {floats_of(1)}), Tensor::of<float>({1}, {1})).status();
  EXPECT_EQ(status.code(), Code::internal);
  EXPECT_THAT(status.message(), HasSubstr("out of luck"));
}

TEST_F(CustomOp, AnotherRegistrationCountsFromThenOn) {
  const auto constant = [](float value) {
    return OpDef{.domain = kDomain,
                 .name = "Constant",
                 .inputs = 1,
                 .infer = same_type_as_input,
                 .reference = [value](RunContext& c) -> Status {
                   OARLOCK_ASSIGN(Tensor* const y,
                                  c.output(0, c.input(0).dtype(), c.input(0).shape()));
                   y->mutable_as<float>()[0] = value;
                   return {};
                 }};
  };
  const Model model = model_of("Constant", {}, {floats_of(1)});
  const Tensor x = Tensor::of<float>({1}, {0});
  for (float value : {1.0f, 2.0f}) {
    ASSERT_TRUE(register_op(constant(value)).ok());
    const auto outputs = run(model, x);
    ASSERT_TRUE(outputs.ok()) << to_string(outputs.status());
    EXPECT_EQ(outputs->front().value.tensor().as<float>()[0], value);
  }
}

}  // namespace
}  // namespace oarlock
