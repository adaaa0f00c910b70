// Kernels of element-wise operators against the reference implementations.
#include <gtest/gtest.h>

#include "tests/unit/backends/cpu/kernel_check.h"

namespace oarlock::cpu {
namespace {

TEST(ElementwiseKernels, BinarySameShape) {
  for (const char* op : {"Add", "Sub", "Mul", "Div", "Min", "Max"})
    check_kernel(
        {op, {}, {random_tensor({2, 19, 5, 7}, 1), random_tensor({2, 19, 5, 7}, 2, 1, 2)}});
}

TEST(ElementwiseKernels, BinaryBroadcasts) {
  const Shape full{2, 32, 3, 5};
  for (const Shape& other : {Shape{}, Shape{1}, Shape{5}, Shape{3, 1}, Shape{32, 1, 1},
                             Shape{1, 32, 1, 1}, Shape{2, 32, 1, 1}, Shape{2, 1, 3, 5},
                             Shape{1, 1, 1, 5}, Shape{2, 32, 3, 1}, Shape{1, 1, 1, 1}}) {
    check_kernel({"Add", {}, {random_tensor(full, 1), random_tensor(other, 2)}});
    check_kernel({"Sub", {}, {random_tensor(other, 1), random_tensor(full, 2)}});
    check_kernel({"Div", {}, {random_tensor(full, 1), random_tensor(other, 2, 1, 2)}});
  }
  check_kernel({"Mul", {}, {random_tensor({1, 21, 4, 4}, 1), random_tensor({1, 21, 1, 1}, 2)}}, 2);
  check_kernel({"Mul", {}, {random_tensor({1, 21, 1, 1}, 1), random_tensor({1, 21, 4, 4}, 2)}}, 2);
  check_kernel({"Mul", {}, {random_tensor({1, 21, 4, 4}, 1), random_tensor({21, 1, 1}, 2)}}, 1);
  check_kernel({"Add", {}, {random_tensor({7, 1, 9}, 1), random_tensor({3, 1}, 2)}});
}

TEST(ElementwiseKernels, DivisionOfPaddingIsNotOffered) {
  check_kernel(
      {"Div", {}, {random_tensor({1, 21, 4, 4}, 1), random_tensor({1, 21, 4, 4}, 2, 1, 2)}}, 1);
}

TEST(ElementwiseKernels, Power) {
  const Tensor x = random_tensor({3, 50}, 1, 0.5f, 3);
  for (float exponent : {2.0f, 0.5f, 3.0f, -1.5f})
    check_kernel({"Pow", {}, {x, Tensor::scalar(exponent)}, {1}});
  check_kernel({"Pow", {}, {x, random_tensor({3, 50}, 2, -2, 2)}});
}

TEST(ElementwiseKernels, Unary) {
  for (const char* op :
       {"Abs",   "Ceil",        "Cos",       "Elu",       "Erf",      "Exp",      "Floor",
        "Gelu",  "HardSigmoid", "HardSwish", "LeakyRelu", "Mish",     "Neg",      "Relu",
        "Round", "Sigmoid",     "Sign",      "Sin",       "Softplus", "Softsign", "Tanh"})
    check_kernel({op, {}, {random_tensor({1, 19, 6, 7}, 3, -6, 6)}}, 2);
  for (const char* op : {"Log", "Sqrt", "Reciprocal"}) {
    check_kernel({op, {}, {random_tensor({1, 19, 6, 7}, 3, 0.1f, 6)}}, 1);
    check_kernel({op, {}, {random_tensor({1, 32, 6, 7}, 3, 0.1f, 6)}}, 2);
  }
  check_kernel({"Relu", {}, {random_tensor({70000}, 3)}}, 1);
}

TEST(ElementwiseKernels, UnaryParameters) {
  check_kernel({"Elu", {{"alpha", 0.3f}}, {random_tensor({100}, 3)}});
  check_kernel({"LeakyRelu", {{"alpha", 0.3f}}, {random_tensor({100}, 3)}});
  check_kernel({"HardSigmoid", {{"alpha", 0.3f}, {"beta", 0.1f}}, {random_tensor({100}, 3)}});
  check_kernel({"Gelu", {{"approximate", std::string("tanh")}}, {random_tensor({100}, 3, -4, 4)}});
}

TEST(ElementwiseKernels, Clip) {
  const Tensor x = random_tensor({1, 20, 3, 3}, 4, -9, 9);
  check_kernel({"Clip", {}, {x, Tensor::scalar(0.0f), Tensor::scalar(6.0f)}, {1, 2}}, 2);
  check_kernel({"Clip", {}, {x, Tensor(), Tensor::scalar(1.0f)}, {2}}, 2);
  check_kernel({"Clip", {}, {x, Tensor::scalar(1.0f)}, {1}}, 2);
  check_refused({"Clip", {}, {x, Tensor::scalar(0.0f)}});
}

TEST(ElementwiseKernels, OtherTypesAreRefused) {
  const Tensor x = Tensor::of<uint16_t>(Shape{2}, {1, 2});
  check_refused({"Add", {}, {x, x}});
}

}  // namespace
}  // namespace oarlock::cpu
