#include "oarlock/plugin/attrs.h"

#include <gtest/gtest.h>

#include <limits>

namespace oarlock {
namespace {

TEST(Attrs, GettersFallBack) {
  Attrs attrs{{"axis", int64_t{2}}, {"alpha", 0.5f}, {"perm", std::vector<int64_t>{1, 0}}};
  EXPECT_EQ(attrs.integer("axis"), 2);
  EXPECT_EQ(attrs.integer("alpha", 9), 9);
  EXPECT_EQ(attrs.number("alpha"), 0.5f);
  EXPECT_EQ(attrs.integers("perm"), (std::vector<int64_t>{1, 0}));
  EXPECT_TRUE(attrs.integers("absent").empty());
  EXPECT_EQ(attrs.string("absent"), "");
  EXPECT_EQ(attrs.tensor("absent"), nullptr);
  attrs.set("axis", int64_t{3});
  EXPECT_EQ(attrs.integer("axis"), 3);
  attrs.erase("axis");
  EXPECT_FALSE(attrs.has("axis"));
}

TEST(Attrs, SortedByName) {
  const Attrs attrs{{"b", int64_t{1}}, {"c", int64_t{1}}, {"a", int64_t{1}}};
  EXPECT_EQ(attrs.entries()[0].first, "a");
  EXPECT_EQ(attrs.entries()[2].first, "c");
}

TEST(Attrs, EqualityByContent) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const Attrs a{{"v", Tensor::of<float>({2}, {1, nan})}, {"f", nan}};
  const Attrs b{{"v", Tensor::of<float>({2}, {1, nan})}, {"f", nan}};
  const Attrs c{{"v", Tensor::of<float>({2}, {1, 2})}, {"f", nan}};
  EXPECT_EQ(a, b);
  EXPECT_FALSE(a == c);
  EXPECT_FALSE(a == (Attrs{{"v", int64_t{1}}, {"f", nan}}));
  EXPECT_EQ((Attrs{{"s", Tensor::strings({1}, {"x"})}}),
            (Attrs{{"s", Tensor::strings({1}, {"x"})}}));
}

TEST(Attrs, Text) {
  const Attrs attrs{{"axis", int64_t{1}},
                    {"mode", std::string("wrap")},
                    {"pads", std::vector<int64_t>{0, 1, 2, 3, 4, 5, 6, 7, 8}},
                    {"value", Tensor::scalar(1.0f)}};
  EXPECT_EQ(to_string(attrs),
            "axis=1, mode=\"wrap\", pads=[0, 1, 2, 3, 4, 5, 6, 7, ...], value=float32[]");
  EXPECT_EQ(to_string(AttrKind::tensors), "tensors");
}

}  // namespace
}  // namespace oarlock
