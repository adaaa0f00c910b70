#include "oarlock/plugin/numeric.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>

namespace oarlock {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
const float kNaN = std::numeric_limits<float>::quiet_NaN();

// The value of a finite binary16 from its definition.
float naive_half(uint16_t bits) {
  const int exponent = bits >> 10 & 31, mantissa = bits & 1023;
  const double magnitude =
      exponent == 0 ? std::ldexp(mantissa, -24) : std::ldexp(1024 + mantissa, exponent - 25);
  return static_cast<float>((bits & 0x8000) != 0 ? -magnitude : magnitude);
}

TEST(Float16, EveryValueConvertsBothWays) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    const auto half = static_cast<uint16_t>(bits);
    const float value = float16_to_float(half);
    if ((half & 0x7c00) == 0x7c00) {
      EXPECT_EQ(std::isnan(value), (half & 0x3ff) != 0);
      if (!std::isnan(value)) {
        EXPECT_EQ(value, (half & 0x8000) != 0 ? -kInfinity : kInfinity);
      }
    } else {
      ASSERT_EQ(value, naive_half(half));
    }
    if (!std::isnan(value)) {
      ASSERT_EQ(float_to_float16(value), half);
    }
  }
}

TEST(Float16, RoundsToNearestEven) {
  for (uint16_t half = 0; half < 0x7bff; ++half) {
    const double low = naive_half(half), high = naive_half(half + 1);
    const auto middle = static_cast<float>((low + high) / 2);
    ASSERT_EQ(float_to_float16(middle), half % 2 == 0 ? half : half + 1);
    ASSERT_EQ(float_to_float16(std::nextafter(middle, 0.f)), half);
    ASSERT_EQ(float_to_float16(std::nextafter(middle, kInfinity)), half + 1);
  }
  EXPECT_EQ(float_to_float16(65519.f), 0x7bff);
  EXPECT_EQ(float_to_float16(65520.f), 0x7c00);
  EXPECT_TRUE(std::isnan(float16_to_float(float_to_float16(kNaN))));
}

TEST(BFloat16, RoundsToNearestEven) {
  EXPECT_EQ(float_to_bfloat16(1.0f), 0x3f80);
  EXPECT_EQ(float_to_bfloat16(std::bit_cast<float>(0x3f808000)), 0x3f80);
  EXPECT_EQ(float_to_bfloat16(std::bit_cast<float>(0x3f818000)), 0x3f82);
  EXPECT_EQ(float_to_bfloat16(std::bit_cast<float>(0x3f808001)), 0x3f81);
  EXPECT_EQ(float_to_bfloat16(3.4e38f), 0x7f80);
  EXPECT_TRUE(std::isnan(bfloat16_to_float(float_to_bfloat16(std::bit_cast<float>(0x7f800001)))));
}

class SmallFloats : public testing::TestWithParam<DType> {
 protected:
  int codes() const { return 1 << bits(GetParam()); }
  float decode(int code) const {
    return small_float_to_float(GetParam(), static_cast<uint8_t>(code));
  }
  // Nearest code by search over all of them, ties to the even one.
  int nearest(float value) const {
    int best = -1;
    double distance = 0;
    for (int code = 0; code < codes(); ++code) {
      const float candidate = decode(code);
      if (!std::isfinite(candidate) || std::signbit(candidate) != std::signbit(value)) continue;
      const double d = std::fabs(double{candidate} - double{value});
      if (best < 0 || d < distance || (d == distance && code % 2 == 0)) {
        best = code;
        distance = d;
      }
    }
    return best;
  }
};

TEST_P(SmallFloats, EveryValueConvertsBothWays) {
  for (int code = 0; code < codes(); ++code) {
    const float value = decode(code);
    if (!std::isfinite(value)) continue;
    EXPECT_EQ(float_to_small_float(GetParam(), value, true), code);
    EXPECT_EQ(float_to_small_float(GetParam(), value, false), code);
  }
}

TEST_P(SmallFloats, RoundsLikeASearch) {
  float largest = 0;
  for (int code = 0; code < codes(); ++code) {
    if (std::isfinite(decode(code))) largest = std::max(largest, decode(code));
  }
  for (float value = 1e-6f; value < largest * 1.5f; value *= 1.037f) {
    ASSERT_EQ(float_to_small_float(GetParam(), value, true), nearest(value)) << value;
  }
  for (int code = 0; code + 1 < codes() / 2; ++code) {
    if (!std::isfinite(decode(code + 1))) continue;
    const float middle = (decode(code) + decode(code + 1)) / 2;
    ASSERT_EQ(float_to_small_float(GetParam(), middle, true), nearest(middle)) << middle;
  }
}

INSTANTIATE_TEST_SUITE_P(All, SmallFloats,
                         testing::Values(DType::float8e4m3fn, DType::float8e4m3fnuz,
                                         DType::float8e5m2, DType::float8e5m2fnuz,
                                         DType::float4e2m1),
                         [](const auto& info) { return std::string(to_string(info.param)); });

// Codes of 0, -0, NaN, inf, -inf, 1e9, -1e9 with and without saturation, from ONNX's Cast.
TEST(SmallFloat, SpecialValues) {
  const std::array<float, 7> values = {0.f, -0.f, kNaN, kInfinity, -kInfinity, 1e9f, -1e9f};
  struct Case {
    DType dtype;
    std::array<int, 7> saturated, plain;
  };
  const Case cases[] = {
      {DType::float8e4m3fn,
       {0, 0x80, 0x7f, 0x7e, 0xfe, 0x7e, 0xfe},
       {0, 0x80, 0x7f, 0x7f, 0xff, 0x7f, 0xff}},
      {DType::float8e4m3fnuz,
       {0, 0, 0x80, 0x7f, 0xff, 0x7f, 0xff},
       {0, 0, 0x80, 0x80, 0x80, 0x80, 0x80}},
      {DType::float8e5m2,
       {0, 0x80, 0x7e, 0x7b, 0xfb, 0x7b, 0xfb},
       {0, 0x80, 0x7e, 0x7c, 0xfc, 0x7c, 0xfc}},
      {DType::float8e5m2fnuz,
       {0, 0, 0x80, 0x7f, 0xff, 0x7f, 0xff},
       {0, 0, 0x80, 0x80, 0x80, 0x80, 0x80}},
      {DType::float4e2m1, {0, 8, 8, 7, 15, 7, 15}, {0, 8, 8, 7, 15, 7, 15}},
  };
  for (const Case& c : cases) {
    for (size_t i = 0; i < values.size(); ++i) {
      EXPECT_EQ(float_to_small_float(c.dtype, values[i], true), c.saturated[i])
          << to_string(c.dtype) << i;
      EXPECT_EQ(float_to_small_float(c.dtype, values[i], false), c.plain[i])
          << to_string(c.dtype) << i;
    }
  }
  EXPECT_EQ(float_to_small_float(DType::float8e4m3fn, 464.f, false), 0x7e);
  EXPECT_EQ(float_to_small_float(DType::float8e4m3fn, 465.f, false), 0x7f);
}

TEST(SmallFloat, E8M0) {
  EXPECT_EQ(small_float_to_float(DType::float8e8m0, 127), 1.0f);
  EXPECT_EQ(small_float_to_float(DType::float8e8m0, 0), 0x1p-127f);
  EXPECT_TRUE(std::isnan(small_float_to_float(DType::float8e8m0, 255)));
  EXPECT_EQ(float_to_e8m0(3.0f, ScaleRounding::up, true), 129);
  EXPECT_EQ(float_to_e8m0(3.0f, ScaleRounding::down, true), 128);
  EXPECT_EQ(float_to_e8m0(3.0f, ScaleRounding::nearest, true), 129);
  EXPECT_EQ(float_to_e8m0(2.9f, ScaleRounding::nearest, true), 128);
  EXPECT_EQ(float_to_e8m0(0.0f, ScaleRounding::up, true), 0);
  EXPECT_EQ(float_to_e8m0(0.0f, ScaleRounding::nearest, false), 255);
  EXPECT_EQ(float_to_e8m0(kInfinity, ScaleRounding::up, true), 254);
}

TEST(Packed, LoadsAndStores) {
  std::array<std::byte, 2> data{};
  for (int i = 0; i < 4; ++i) store_packed(DType::int4, data.data(), i, i * 3 - 8);
  EXPECT_EQ(data[0], std::byte{0xb8});  // -8, -5: first element in the low bits
  for (int i = 0; i < 4; ++i) EXPECT_EQ(load_packed(DType::int4, data.data(), i), i * 3 - 8);
  EXPECT_EQ(load_packed(DType::uint4, data.data(), 0), 8);
  for (int i = 0; i < 8; ++i) store_packed(DType::int2, data.data(), i, i % 4 - 2);
  for (int i = 0; i < 8; ++i) EXPECT_EQ(load_packed(DType::int2, data.data(), i), i % 4 - 2);
  EXPECT_EQ(load_packed(DType::uint2, data.data(), 0), 2);
}

TEST(VisitTypes, FindsTheType) {
  size_t size = 0;
  const auto measure = [&](auto tag) { size = sizeof(typename decltype(tag)::Type); };
  EXPECT_TRUE(visit_numbers(DType::bfloat16, measure));
  EXPECT_EQ(size, 2u);
  EXPECT_FALSE(visit_numbers(DType::boolean, measure));
  EXPECT_FALSE(visit_floats(DType::int32, measure));
}

}  // namespace
}  // namespace oarlock
