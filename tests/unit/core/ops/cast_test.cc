#include <cmath>
#include <limits>

#include "op_test.h"

namespace oarlock::test {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

Tensor cast(const Tensor& x, DType to, Attrs attrs = {}) {
  attrs.set("to", static_cast<int64_t>(to));
  return run("Cast", attrs, {x});
}

TEST(Cast, BetweenFloats) {
  const Tensor x = list<float>({0.1f, -2.5f, 70000, kInfinity, NAN});
  expect_tensor(cast(x, DType::float64), list<double>({0.1f, -2.5, 70000, kInfinity, NAN}));
  expect_tensor(cast(x, DType::float16), list<Float16>({0.1f, -2.5f, kInfinity, kInfinity, NAN}));
  expect_tensor(cast(x, DType::bfloat16), list<BFloat16>({0.1f, -2.5f, 70000, kInfinity, NAN}));
}

TEST(Cast, DoubleRoundsOnce) {
  // Just above the middle between 1 and the next float16: rounding to float first would lose it.
  const double above = 1 + std::ldexp(1, -11) + std::ldexp(1, -40);
  expect_tensor(cast(list<double>({above, -above}), DType::float16),
                list<Float16>({1.0009765625f, -1.0009765625f}));
}

TEST(Cast, FloatsToIntegersTruncate) {
  const Tensor x = list<float>({1.9f, -1.9f, 300, -1, 1e10f, kInfinity, -kInfinity});
  expect_tensor(cast(x, DType::int32),
                list<int32_t>({1, -1, 300, -1, INT32_MAX, INT32_MAX, INT32_MIN}));
  expect_tensor(cast(list<float>({1.9f, 300, -1}), DType::uint8), list<uint8_t>({1, 44, 255}));
  expect_tensor(cast(list<float>({-kInfinity, 1e18f}), DType::int64),
                list<int64_t>({INT64_MIN, 999999984306749440}));
  expect_tensor(cast(x, DType::boolean), list<bool>({true, true, true, true, true, true, true}));
  expect_tensor(cast(list<float>({0, -0.f, NAN}), DType::boolean),
                list<bool>({false, false, true}));
}

TEST(Cast, IntegersKeepLowBits) {
  expect_tensor(cast(list<int16_t>({200, -1}), DType::int8), list<int8_t>({-56, -1}));
  expect_tensor(cast(list<int64_t>({-1}), DType::uint64), list<uint64_t>({UINT64_MAX}));
  expect_tensor(cast(list<uint64_t>({UINT64_MAX}), DType::float32), list<float>({0x1p64f}));
  expect_tensor(cast(list<bool>({true, false}), DType::float16), list<Float16>({1.f, 0.f}));
  expect_tensor(cast(list<int64_t>({9007199254740993}), DType::int64),
                list<int64_t>({9007199254740993}));
}

TEST(Cast, PackedAndSmall) {
  const Tensor x = list<float>({-9, -8.5f, 7.9f, 15, 16});
  const Tensor packed = cast(x, DType::int4);
  expect_tensor(cast(packed, DType::int8), list<int8_t>({7, -8, 7, -1, 0}));
  expect_tensor(cast(cast(x, DType::uint4), DType::int32), list<int32_t>({7, 8, 7, 15, 0}));
  expect_tensor(cast(cast(x, DType::int2), DType::int32), list<int32_t>({-1, 0, -1, -1, 0}));
  expect_tensor(cast(cast(x, DType::float4e2m1), DType::float32), list<float>({-6, -6, 6, 6, 6}));
  const Tensor big = list<float>({1000, -kInfinity, 0.3f});
  expect_tensor(cast(cast(big, DType::float8e4m3fn), DType::float32),
                list<float>({448, -448, 0.3125f}));
  expect_tensor(cast(cast(big, DType::float8e5m2, {{"saturate", int64_t{0}}}), DType::float32),
                list<float>({1024, -kInfinity, 0.3125f}));
  const Tensor scales = list<float>({3, 1e-45f, 1});
  expect_tensor(cast(cast(scales, DType::float8e8m0), DType::float32),
                list<float>({4, 0x1p-127f, 1}));
  expect_tensor(
      cast(cast(scales, DType::float8e8m0, {{"round_mode", std::string("down")}}), DType::float32),
      list<float>({2, 0x1p-127f, 1}));
}

TEST(Cast, Strings) {
  const Tensor text = Tensor::strings({5}, {"3.14", "1e-5", "+INF", "NaN", " 7 "});
  expect_tensor(cast(text, DType::float32), list<float>({3.14f, 1e-5f, kInfinity, NAN, 7}));
  expect_tensor(cast(Tensor::strings({3}, {"100.5", "-7", "9007199254740993"}), DType::int64),
                list<int64_t>({100, -7, 9007199254740993}));
  expect_tensor(cast(list<float>({314.15926f, 1, -kInfinity, 1e-7f}), DType::string),
                Tensor::strings({4}, {"314.15927", "1.0", "-inf", "1e-07"}));
  expect_tensor(cast(list<int64_t>({-5}), DType::string), Tensor::strings({1}, {"-5"}));
  EXPECT_EQ(error_of("Cast", {{"to", int64_t{1}}}, {Tensor::strings({2}, {"1", "Hello"})}),
            "node 'Cast' (Cast): cannot read \"Hello\" (element 1) as float32");
}

TEST(Cast, Errors) {
  const Tensor x = list<float>({1});
  EXPECT_EQ(error_of("Cast", {{"to", int64_t{99}}}, {x}),
            "node 'Cast' (Cast): attribute 'to' is 99, which is no element type");
  EXPECT_EQ(error_of("Cast", {{"to", int64_t{14}}}, {x}),
            "node 'Cast' (Cast): conversion from float32 to complex64");
  EXPECT_EQ(inferred("Cast", {{"to", int64_t{10}}}, {{DType::float32, {-1, 2}}}), "float16[?, 2]");
}

TEST(CastLike, TakesTheTypeOfItsSecondInput) {
  expect_tensor(run("CastLike", {}, {list<float>({1.5f}), list<int8_t>({})}), list<int8_t>({1}));
}

TEST(BitCast, KeepsBits) {
  expect_tensor(run("BitCast", {{"to", int64_t{6}}}, {list<float>({1})}),
                list<int32_t>({0x3f800000}));
  EXPECT_EQ(
      error_of("BitCast", {{"to", int64_t{7}}}, {list<float>({1})}),
      "node 'BitCast' (BitCast): elements of type float32 cannot be taken for type 7 (int64); "
      "both must have as many bits");
}

}  // namespace
}  // namespace oarlock::test
