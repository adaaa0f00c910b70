// Updates of training against the formulas of their specification, for two tensors at once.
#include <cmath>

#include "op_test.h"

namespace oarlock::test {
namespace {

Values update(std::string_view op, Attrs attrs, Values inputs, size_t outputs) {
  auto y = evaluate_op("ai.onnx.preview.training", op, std::move(attrs), inputs, outputs);
  EXPECT_TRUE(y.ok()) << to_string(y.status());
  return y.ok() ? *y : Values(outputs);
}

const Tensor kRate = Tensor::scalar(0.1F), kStep = Tensor::scalar(int64_t{2});
const Tensor kX = Tensor::of<float>({2}, {1, 2}), kZ = Tensor::of<float>({1}, {3});
const Tensor kGx = Tensor::of<float>({2}, {-1, 0.5F}), kGz = Tensor::of<float>({1}, {4});
const Tensor kHx = Tensor::of<float>({2}, {2, 1}), kHz = Tensor::of<float>({1}, {0});

TEST(Training, Adagrad) {
  const Values y = update("Adagrad", {{"decay_factor", 0.5F}, {"epsilon", 0.0F}},
                          {kRate, kStep, kX, kZ, kGx, kGz, kHx, kHz}, 4);
  const float r = 0.05F;
  expect_tensor(y[0], list<float>({1 + r / std::sqrt(3.0F), 2 - r * 0.5F / std::sqrt(1.25F)}),
                1e-6);
  expect_tensor(y[1], list<float>({3 - r}), 1e-6);
  expect_tensor(y[2], list<float>({3, 1.25F}), 1e-6);
  expect_tensor(y[3], list<float>({16}), 1e-6);
}

TEST(Training, Adam) {
  const Values y = update("Adam", {{"alpha", 0.5F}, {"beta", 0.75F}, {"epsilon", 0.0F}},
                          {kRate, kStep, kZ, kGz, kHz, kHz}, 3);
  const float v = 2, h = 4, r = 0.1F * std::sqrt(1 - 0.5625F) / (1 - 0.25F);
  expect_tensor(y[0], list<float>({3 - r * v / std::sqrt(h)}), 1e-6);
  expect_tensor(y[1], list<float>({v}), 1e-6);
  expect_tensor(y[2], list<float>({h}), 1e-6);
}

TEST(Training, Momentum) {
  Attrs attrs = {{"alpha", 0.5F},
                 {"beta", 2.0F},
                 {"norm_coefficient", 1.0F},
                 {"mode", std::string("standard")}};
  Values y = update("Momentum", attrs, {kRate, kStep, kX, kGx, kHx}, 2);
  expect_tensor(y[0], list<float>({0.9F, 1.45F}), 1e-6);
  expect_tensor(y[1], list<float>({1, 5.5F}), 1e-6);
  attrs.set("mode", std::string("nesterov"));
  y = update("Momentum", attrs, {kRate, kStep, kX, kGx, kHx}, 2);
  expect_tensor(y[0], list<float>({0.95F, 1.475F}), 1e-6);
}

}  // namespace
}  // namespace oarlock::test
