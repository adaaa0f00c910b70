// Unary, binary and variadic element-wise operators.
#include <cmath>
#include <limits>

#include "op_test.h"

namespace oarlock::test {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

struct UnaryCase {
  const char* op;
  float x, y;
};

class Unary : public testing::TestWithParam<UnaryCase> {};

// Expected values from tables of the functions.
TEST_P(Unary, FloatTypes) {
  const auto [op, x, y] = GetParam();
  expect_tensor(run(op, {}, {list<float>({x})}), list<float>({y}), 1e-6);
  expect_tensor(run(op, {}, {list<double>({x})}), list<double>({y}), 1e-6);
  expect_tensor(run(op, {}, {list<Float16>({x})}), list<Float16>({y}), 4e-3);
  expect_tensor(run(op, {}, {list<BFloat16>({x})}), list<BFloat16>({y}), 4e-2);
}

INSTANTIATE_TEST_SUITE_P(
    All, Unary,
    testing::Values(UnaryCase{"Abs", -1.5f, 1.5f}, UnaryCase{"Neg", 1.5f, -1.5f},
                    UnaryCase{"Sign", -3, -1}, UnaryCase{"Reciprocal", 4, 0.25f},
                    UnaryCase{"Floor", -1.5f, -2}, UnaryCase{"Ceil", -1.5f, -1},
                    UnaryCase{"Round", 2.5f, 2}, UnaryCase{"Round", -1.5f, -2},
                    UnaryCase{"Sqrt", 2.25f, 1.5f}, UnaryCase{"Exp", 1, 2.71828183f},
                    UnaryCase{"Log", 2, 0.69314718f}, UnaryCase{"Erf", 0.5f, 0.52049988f},
                    UnaryCase{"Sin", 1, 0.84147098f}, UnaryCase{"Cos", 1, 0.54030231f},
                    UnaryCase{"Tan", 1, 1.55740772f}, UnaryCase{"Asin", 0.5f, 0.52359878f},
                    UnaryCase{"Acos", 0.5f, 1.04719755f}, UnaryCase{"Atan", 1, 0.78539816f},
                    UnaryCase{"Sinh", 1, 1.17520119f}, UnaryCase{"Cosh", 1, 1.54308063f},
                    UnaryCase{"Tanh", 0.5f, 0.46211716f}, UnaryCase{"Asinh", 1, 0.88137359f},
                    UnaryCase{"Acosh", 2, 1.3169579f}, UnaryCase{"Atanh", 0.5f, 0.54930614f},
                    UnaryCase{"Relu", -1, 0}, UnaryCase{"Relu", 2, 2},
                    UnaryCase{"LeakyRelu", -2, -0.02f}, UnaryCase{"Elu", -1, -0.63212056f},
                    UnaryCase{"Celu", -1, -0.63212056f}, UnaryCase{"Selu", -1, -1.11133074f},
                    UnaryCase{"Selu", 1, 1.05070102f}, UnaryCase{"Sigmoid", 1, 0.73105858f},
                    UnaryCase{"HardSigmoid", 1, 0.7f}, UnaryCase{"HardSwish", 1, 0.66666667f},
                    UnaryCase{"HardSwish", 5, 5}, UnaryCase{"Swish", 1, 0.73105858f},
                    UnaryCase{"Gelu", 1, 0.84134475f}, UnaryCase{"Mish", 1, 0.86509839f},
                    UnaryCase{"Softplus", 1, 1.31326169f}, UnaryCase{"Softsign", -1, -0.5f},
                    UnaryCase{"ThresholdedRelu", 0.5f, 0},
                    UnaryCase{"ThresholdedRelu", 1.5f, 1.5f}),
    [](const auto& info) { return concat(info.param.op, "_", info.index); });

TEST(Elementwise, AttributesOfActivations) {
  expect_tensor(run("Gelu", {{"approximate", std::string("tanh")}}, {list<float>({1})}),
                list<float>({0.84119199f}), 1e-6);
  expect_tensor(run("Swish", {{"alpha", 2.0f}}, {list<float>({1})}), list<float>({0.88079708f}),
                1e-6);
  expect_tensor(run("Celu", {{"alpha", 2.0f}}, {list<float>({-1, 1})}),
                list<float>({-0.78693868f, 1}), 1e-6);
  expect_tensor(run("Shrink", {{"lambd", 1.5f}, {"bias", 0.5f}}, {list<float>({-2, -1, 1, 2})}),
                list<float>({-1.5f, 0, 0, 1.5f}));
  expect_tensor(run("Shrink", {{"lambd", 1.5f}, {"bias", 1.0f}}, {list<int32_t>({-2, -1, 1, 2})}),
                list<int32_t>({-1, 0, 0, 1}));
  EXPECT_EQ(error_of("Gelu", {{"approximate", std::string("x")}}, {list<float>({1})}),
            "node 'Gelu' (Gelu): approximate is \"x\", expected \"none\" or \"tanh\"");
}

TEST(Elementwise, IntegersOfUnary) {
  expect_tensor(run("Abs", {}, {list<int8_t>({-128, -1, 5})}), list<int8_t>({-128, 1, 5}));
  expect_tensor(run("Neg", {}, {list<int32_t>({INT32_MIN, 7})}), list<int32_t>({INT32_MIN, -7}));
  expect_tensor(run("Sign", {}, {list<uint8_t>({0, 9})}), list<uint8_t>({0, 1}));
  expect_tensor(run("Relu", {}, {list<int16_t>({-5, 5})}), list<int16_t>({0, 5}));
  EXPECT_TRUE(std::isnan(run("Sign", {}, {list<float>({NAN})}).as<float>()[0]));
  EXPECT_EQ(error_of("Sqrt", {}, {list<int32_t>({4})}),
            "node 'Sqrt' (Sqrt): input 0 is int32, expected one of: float32, float64, float16, "
            "bfloat16");
}

TEST(Elementwise, BinaryBroadcasts) {
  const Tensor column = tensor<float>({2, 1}, {10, 20});
  const Tensor row = list<float>({1, 2, 3});
  expect_tensor(run("Add", {}, {column, row}), tensor<float>({2, 3}, {11, 12, 13, 21, 22, 23}));
  expect_tensor(run("Sub", {}, {row, column}), tensor<float>({2, 3}, {-9, -8, -7, -19, -18, -17}));
  expect_tensor(run("Mul", {}, {row, Tensor::scalar(2.f)}), list<float>({2, 4, 6}));
  expect_tensor(run("Div", {}, {counting<float>({2, 1, 2}), counting<float>({1, 2, 1})}),
                tensor<float>({2, 2, 2}, {NAN, kInfinity, 0, 1, kInfinity, kInfinity, 2, 3}));
  expect_tensor(run("Add", {}, {Tensor::of<float>({0, 2}, {}), Tensor::of<float>({2}, {1, 2})}),
                Tensor::of<float>({0, 2}, {}));
  EXPECT_EQ(error_of("Add", {}, {row, list<float>({1, 2})}),
            "node 'Add' (Add): shapes [3] and [2] do not broadcast");
  EXPECT_EQ(error_of("Add", {}, {row, list<double>({1})}),
            "node 'Add' (Add): input 1 is float64, expected float32 like input 0");
}

TEST(Elementwise, IntegerArithmetic) {
  expect_tensor(
      run("Div", {}, {list<int32_t>({-7, 7, 5, INT32_MIN}), list<int32_t>({2, -2, 0, -1})}),
      list<int32_t>({-3, -3, 0, INT32_MIN}));
  expect_tensor(run("Mul", {}, {list<int32_t>({65536, INT32_MAX}), list<int32_t>({65536, 2})}),
                list<int32_t>({0, -2}));
  expect_tensor(run("Mul", {}, {list<uint16_t>({65535}), list<uint16_t>({65535})}),
                list<uint16_t>({1}));
  expect_tensor(
      run("Mod", {}, {list<int32_t>({-4, 7, 5, -4, 7, 5}), list<int32_t>({2, -3, 8, 3, 3, 0})}),
      list<int32_t>({0, -2, 5, 2, 1, 0}));
  expect_tensor(
      run("Mod", {{"fmod", int64_t{1}}}, {list<int32_t>({-4, 7}), list<int32_t>({3, -3})}),
      list<int32_t>({-1, 1}));
  expect_tensor(
      run("Mod", {}, {list<float>({-4.5f, 5, -0.f, 3}), list<float>({2, -3, 2, -kInfinity})}),
      list<float>({1.5f, -1, 0, -kInfinity}));
  expect_tensor(run("Mod", {{"fmod", int64_t{1}}}, {list<float>({-4.5f}), list<float>({2})}),
                list<float>({-0.5f}));
}

TEST(Elementwise, Pow) {
  expect_tensor(run("Pow", {}, {list<float>({2, 9}), list<float>({3, 0.5f})}), list<float>({8, 3}));
  expect_tensor(run("Pow", {}, {list<int32_t>({2, -3, 2, -1}), list<int64_t>({10, 3, -1, -3})}),
                list<int32_t>({1024, -27, 0, -1}));
  expect_tensor(run("Pow", {}, {list<float>({2}), list<int32_t>({-1})}), list<float>({0.5f}));
  expect_tensor(run("Pow", {}, {list<int64_t>({4}), list<float>({0.5f})}), list<int64_t>({2}));
}

TEST(Elementwise, PReluAndSwiGLU) {
  expect_tensor(run("PRelu", {}, {tensor<float>({2, 2}, {-1, 2, -3, 4}), list<float>({0.5f, 2})}),
                tensor<float>({2, 2}, {-0.5f, 2, -1.5f, 4}));
  EXPECT_EQ(error_of("PRelu", {}, {list<float>({1}), list<float>({1, 2})}),
            "node 'PRelu' (PRelu): the slope of shape [2] does not broadcast to the input's [1]");
  expect_tensor(run("SwiGLU", {}, {list<float>({1}), list<float>({3})}), list<float>({2.19317574f}),
                1e-6);
}

TEST(Elementwise, LogicAndBits) {
  const Tensor a = list<bool>({false, false, true, true}),
               b = list<bool>({false, true, false, true});
  expect_tensor(run("And", {}, {a, b}), list<bool>({false, false, false, true}));
  expect_tensor(run("Or", {}, {a, b}), list<bool>({false, true, true, true}));
  expect_tensor(run("Xor", {}, {a, b}), list<bool>({false, true, true, false}));
  expect_tensor(run("Not", {}, {a}), list<bool>({true, true, false, false}));
  const Tensor x = list<uint8_t>({0b1100}), y = list<uint8_t>({0b1010});
  expect_tensor(run("BitwiseAnd", {}, {x, y}), list<uint8_t>({0b1000}));
  expect_tensor(run("BitwiseOr", {}, {x, y}), list<uint8_t>({0b1110}));
  expect_tensor(run("BitwiseXor", {}, {x, y}), list<uint8_t>({0b0110}));
  expect_tensor(run("BitwiseNot", {}, {x}), list<uint8_t>({0b11110011}));
}

TEST(Elementwise, BitShift) {
  const Attrs left{{"direction", std::string("LEFT")}}, right{{"direction", std::string("RIGHT")}};
  expect_tensor(run("BitShift", left, {list<uint8_t>({1, 255, 1}), list<uint8_t>({2, 1, 8})}),
                list<uint8_t>({4, 254, 0}));
  expect_tensor(run("BitShift", right, {list<int8_t>({-8, -8, 8}), list<int8_t>({1, -1, 9})}),
                list<int8_t>({-4, -1, 0}));
  EXPECT_EQ(error_of("BitShift", {{"direction", std::string("UP")}},
                     {list<int8_t>({1}), list<int8_t>({1})}),
            "node 'BitShift' (BitShift): direction is \"UP\", expected \"LEFT\" or \"RIGHT\"");
}

TEST(Elementwise, Comparisons) {
  const Tensor a = list<float>({1, 2, NAN}), b = list<float>({2, 2, NAN});
  expect_tensor(run("Equal", {}, {a, b}), list<bool>({false, true, false}));
  expect_tensor(run("Less", {}, {a, b}), list<bool>({true, false, false}));
  expect_tensor(run("LessOrEqual", {}, {a, b}), list<bool>({true, true, false}));
  expect_tensor(run("Greater", {}, {a, b}), list<bool>({false, false, false}));
  expect_tensor(run("GreaterOrEqual", {}, {a, b}), list<bool>({false, true, false}));
  expect_tensor(run("Greater", {}, {list<uint64_t>({UINT64_MAX}), list<uint64_t>({1})}),
                list<bool>({true}));
  expect_tensor(run("Equal", {}, {Tensor::strings({2}, {"a", "b"}), Tensor::strings({1}, {"b"})}),
                list<bool>({false, true}));
  expect_tensor(run("IsNaN", {}, {a}), list<bool>({false, false, true}));
  expect_tensor(
      run("IsInf", {{"detect_negative", int64_t{0}}}, {list<float>({-kInfinity, kInfinity, NAN})}),
      list<bool>({false, true, false}));
}

TEST(Elementwise, Variadic) {
  const Values inputs = {tensor<float>({2, 1}, {1, 5}), list<float>({2, 3}), Tensor::scalar(2.5f)};
  expect_tensor(run("Max", {}, inputs), tensor<float>({2, 2}, {2.5f, 3, 5, 5}));
  expect_tensor(run("Min", {}, inputs), tensor<float>({2, 2}, {1, 1, 2, 2.5f}));
  expect_tensor(run("Sum", {}, inputs), tensor<float>({2, 2}, {5.5f, 6.5f, 9.5f, 10.5f}));
  expect_tensor(run("Mean", {}, {list<float>({1, 2}), list<float>({2, 6})}),
                list<float>({1.5f, 4}));
  expect_tensor(run("Max", {}, {list<float>({NAN, 1}), list<float>({1, NAN})}),
                list<float>({NAN, NAN}));
  expect_tensor(run("Min", {}, {list<int64_t>({3})}), list<int64_t>({3}));
}

TEST(Elementwise, Clip) {
  const Tensor x = list<float>({-5, 0.5f, 5});
  expect_tensor(run("Clip", {}, {x, Tensor::scalar(-1.f), Tensor::scalar(1.f)}),
                list<float>({-1, 0.5f, 1}));
  expect_tensor(run("Clip", {}, {x, Value(), Tensor::scalar(1.f)}), list<float>({-5, 0.5f, 1}));
  expect_tensor(run("Clip", {}, {x, Tensor::scalar(2.f), Tensor::scalar(1.f)}),
                list<float>({1, 1, 1}));
  expect_tensor(run("Clip", {}, {list<int8_t>({-5, 5}), Tensor::scalar(int8_t{0})}),
                list<int8_t>({0, 5}));
  EXPECT_EQ(error_of("Clip", {}, {x, list<float>({1, 2})}),
            "node 'Clip' (Clip): min has the shape [2], expected a scalar");
}

TEST(Elementwise, InferenceKeepsUnknownExtents) {
  EXPECT_EQ(inferred("Add", {}, {{DType::float32, {-1, 1, 3}}, {DType::float32, {4, -1}}}),
            "float32[?, 4, 3]");
  EXPECT_EQ(inferred("Equal", {}, {{DType::int64, {-1}}, {DType::int64, {}}}), "bool[?]");
  EXPECT_EQ(inferred("Exp", {}, {{DType::float16, {-1, 2}}}), "float16[?, 2]");
  EXPECT_EQ(inferred("Max", {}, {{DType::int8, {2}}, {DType::int8, {-1, 1}}}), "int8[?, 2]");
}

}  // namespace
}  // namespace oarlock::test
