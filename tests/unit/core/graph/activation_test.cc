#include "oarlock/plugin/activation.h"

#include <gtest/gtest.h>

#include <cmath>

namespace oarlock {
namespace {

using Kind = Activation::Kind;

TEST(Activation, AttributesRoundTrip) {
  Attrs attrs;
  set_activation(attrs, {Kind::clip, 0, 6});
  EXPECT_EQ(attrs.string("activation"), "Clip");
  const auto read = activation_from(attrs);
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->kind, Kind::clip);
  EXPECT_EQ(read->beta, 6.f);
  EXPECT_EQ(activation_from(Attrs())->kind, Kind::none);
  attrs.set("activation", std::string("Nonsense"));
  EXPECT_FALSE(activation_from(attrs).has_value());
}

TEST(Activation, Values) {
  struct Case {
    Activation activation;
    float x, expected;
  };
  const Case cases[] = {
      {{}, -3, -3},
      {{Kind::relu}, -2, 0},
      {{Kind::relu}, 2, 2},
      {{Kind::clip, -1, 1}, 5, 1},
      {{Kind::clip, -1, 1}, -5, -1},
      {{Kind::leaky_relu, 0.1f}, -2, -0.2f},
      {{Kind::elu, 2}, -1, -1.26424112f},
      {{Kind::sigmoid}, 1, 0.73105858f},
      {{Kind::hard_sigmoid, 0.2f, 0.5f}, 1, 0.7f},
      {{Kind::hard_sigmoid, 0.2f, 0.5f}, 9, 1},
      {{Kind::swish, 2}, 1, 0.88079708f},
      {{Kind::hard_swish}, 1, 0.66666667f},
      {{Kind::tanh}, 0.5f, 0.46211716f},
      {{Kind::gelu, 0}, 1, 0.84134475f},
      {{Kind::gelu, 1}, 1, 0.84119199f},
      {{Kind::mish}, 1, 0.86509839f},
      {{Kind::softplus}, 1, 1.31326169f},
      {{Kind::softplus}, 200, 200},
  };
  for (const Case& c : cases) {
    EXPECT_NEAR(apply(c.activation, c.x), c.expected, 1e-6f) << to_string(c.activation.kind);
  }
  EXPECT_TRUE(std::isnan(apply({Kind::relu}, NAN)));
  EXPECT_TRUE(std::isnan(apply({Kind::clip, 0, 6}, NAN)));
}

}  // namespace
}  // namespace oarlock
