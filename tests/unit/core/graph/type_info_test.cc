#include "oarlock/type_info.h"

#include <gtest/gtest.h>

namespace oarlock {
namespace {

TEST(TypeInfo, Text) {
  TypeInfo image = TypeInfo::tensor(DType::float32, {-1, 3, -1});
  image.dim_names = {"batch", "", ""};
  EXPECT_EQ(to_string(image), "float32[batch, 3, ?]");
  EXPECT_EQ(to_string(TypeInfo::tensor(DType::int8)), "int8[...]");
  EXPECT_EQ(to_string(TypeInfo::optional_of(TypeInfo::sequence_of(image))),
            "optional(sequence(float32[batch, 3, ?]))");
  EXPECT_EQ(to_string(TypeInfo::sequence_of(TypeInfo::map_of(DType::string, DType::float32))),
            "sequence(map(string, float32))");
  EXPECT_EQ(to_string(TypeInfo()), "unknown");
}

TEST(TypeInfo, Equality) {
  TypeInfo a = TypeInfo::tensor(DType::float32, {-1});
  TypeInfo b = a;
  b.dim_names = {"n"};
  EXPECT_EQ(a, b);
  EXPECT_FALSE(a == TypeInfo::tensor(DType::float32));
  EXPECT_FALSE(a == TypeInfo::tensor(DType::int32, {-1}));
  EXPECT_EQ(TypeInfo::sequence_of(a), TypeInfo::sequence_of(b));
  EXPECT_FALSE(TypeInfo::sequence_of(a) == TypeInfo::optional_of(a));
  const TypeInfo map = TypeInfo::map_of(DType::int64, DType::float32);
  EXPECT_EQ(map, TypeInfo::map_of(DType::int64, DType::float32));
  EXPECT_FALSE(map == TypeInfo::map_of(DType::string, DType::float32));
  EXPECT_FALSE(map == TypeInfo::map_of(DType::int64, DType::float64));
  EXPECT_FALSE(map.is_concrete());
  EXPECT_FALSE(a.is_concrete());
  EXPECT_TRUE(TypeInfo::tensor(DType::float32, {2}).is_concrete());
}

}  // namespace
}  // namespace oarlock
