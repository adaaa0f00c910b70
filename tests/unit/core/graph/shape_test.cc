#include "oarlock/shape.h"

#include <gtest/gtest.h>

#include <utility>

namespace oarlock {
namespace {

TEST(Shape, GrowsToTheHeapAndBack) {
  Shape shape;
  for (int64_t i = 0; i < 12; ++i) shape.push_back(i + 1);
  EXPECT_EQ(shape.rank(), 12u);
  EXPECT_EQ(shape, (Shape{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}));
  const Shape copy = shape;
  shape.resize(3);
  EXPECT_EQ(shape, (Shape{1, 2, 3}));
  EXPECT_EQ(copy.back(), 12);
  Shape moved = std::move(shape);
  EXPECT_EQ(moved, (Shape{1, 2, 3}));
}

TEST(Shape, InsertAndErase) {
  Shape shape{1, 2, 3, 4, 5, 6, 7, 8};
  shape.insert(8, 9);
  shape.insert(0, 0);
  EXPECT_EQ(shape, (Shape{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
  shape.erase(9);
  shape.erase(0);
  shape.erase(3);
  EXPECT_EQ(shape, (Shape{1, 2, 3, 5, 6, 7, 8}));
  shape.insert(3, 4);
  EXPECT_EQ(shape, (Shape{1, 2, 3, 4, 5, 6, 7, 8}));
}

TEST(Shape, Elements) {
  EXPECT_EQ(Shape{}.elements(), 1);
  EXPECT_EQ((Shape{2, 3, 4}).elements(), 24);
  EXPECT_EQ((Shape{2, Shape::kUnknown}).elements(), std::nullopt);
  EXPECT_EQ((Shape{INT64_MAX, 2}).elements(), std::nullopt);
  EXPECT_EQ((Shape{INT64_MAX, 2, 0}).elements(), 0);
}

TEST(Shape, Text) { EXPECT_EQ(to_string(Shape{1, Shape::kUnknown, 3}), "[1, ?, 3]"); }

TEST(Shape, Strides) {
  EXPECT_EQ(row_major_strides({2, 3, 4}), (Shape{12, 4, 1}));
  EXPECT_EQ(row_major_strides({}), Shape{});
}

TEST(Shape, Broadcast) {
  constexpr int64_t u = Shape::kUnknown;
  EXPECT_EQ(broadcast({2, 1, 3}, {4, 1}), (Shape{2, 4, 3}));
  EXPECT_EQ(broadcast({u, u, u}, {1, 5, u}), (Shape{u, 5, u}));
  EXPECT_EQ(broadcast({0}, {1}), Shape{0});
  EXPECT_EQ(broadcast({}, {2}), Shape{2});
  EXPECT_EQ(broadcast({2}, {3}), std::nullopt);
}

TEST(Shape, NormalizeAxis) {
  EXPECT_EQ(normalize_axis(-1, 3), 2u);
  EXPECT_EQ(normalize_axis(2, 3), 2u);
  EXPECT_EQ(normalize_axis(3, 3), std::nullopt);
  EXPECT_EQ(normalize_axis(-4, 3), std::nullopt);
  EXPECT_EQ(normalize_axis(0, 0), std::nullopt);
}

}  // namespace
}  // namespace oarlock
