#include "oarlock/dtype.h"

#include <gtest/gtest.h>

namespace oarlock {
namespace {

TEST(DType, NamesRoundTrip) {
  for (int i = 1; i < kDTypeCount; ++i) {
    const auto dtype = static_cast<DType>(i);
    EXPECT_EQ(parse_dtype(to_string(dtype)), dtype);
  }
  EXPECT_EQ(to_string(DType::boolean), "bool");
  EXPECT_EQ(to_string(static_cast<DType>(99)), "undefined");
  EXPECT_EQ(parse_dtype("undefined"), std::nullopt);
  EXPECT_EQ(parse_dtype("float"), std::nullopt);
}

TEST(DType, StorageBytes) {
  EXPECT_EQ(storage_bytes(DType::float32, 3), 12u);
  EXPECT_EQ(storage_bytes(DType::int4, 3), 2u);
  EXPECT_EQ(storage_bytes(DType::uint2, 5), 2u);
  EXPECT_EQ(storage_bytes(DType::complex128, 2), 32u);
  EXPECT_EQ(storage_bytes(DType::boolean, 0), 0u);
  EXPECT_EQ(storage_bytes(DType::int8, -1), std::nullopt);
  EXPECT_EQ(storage_bytes(DType::undefined, 1), std::nullopt);
  EXPECT_EQ(storage_bytes(DType::float32, INT64_MAX), std::nullopt);
  EXPECT_EQ(storage_bytes(DType::int4, INT64_MAX), size_t{1} << 62);
}

TEST(DType, Families) {
  EXPECT_TRUE(is_floating(DType::float4e2m1));
  EXPECT_FALSE(is_floating(DType::complex64));
  EXPECT_TRUE(is_integer(DType::uint2));
  EXPECT_FALSE(is_integer(DType::boolean));
  EXPECT_TRUE(is_signed(DType::int4));
  EXPECT_FALSE(is_signed(DType::uint64));
}

}  // namespace
}  // namespace oarlock
