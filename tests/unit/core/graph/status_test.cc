#include "oarlock/status.h"

#include <gtest/gtest.h>

#include "oarlock/shape.h"

namespace oarlock {
namespace {

Result<int> half(int x) {
  if (x % 2 != 0) return invalid("odd number ", x);
  return x / 2;
}

Result<int> quarter(int x) {
  OARLOCK_ASSIGN(const int h, half(x));
  return half(h);
}

TEST(Status, OkIsOneNullPointer) {
  const Status status;
  EXPECT_TRUE(status.ok());
  EXPECT_EQ(status.code(), Code::ok);
  EXPECT_EQ(status.message(), "");
  EXPECT_EQ(to_string(status), "ok");
  EXPECT_TRUE(Status(Code::ok, "ignored").ok());
}

TEST(Status, WithinPutsThePlaceInFront) {
  const Status status = unsupported("no ", Shape{2, Shape::kUnknown}, " and ", 1.5, " ", true);
  EXPECT_EQ(to_string(status), "unsupported: no [2, ?] and 1.5 true");
  EXPECT_EQ(to_string(status.within("node a")), "unsupported: node a: no [2, ?] and 1.5 true");
  EXPECT_TRUE(Status().within("x").ok());
}

TEST(Result, MacrosPassFailuresOn) {
  EXPECT_EQ(*quarter(12), 3);
  EXPECT_EQ(quarter(6).status().message(), "odd number 3");
  EXPECT_EQ(quarter(6).status().code(), Code::invalid);
}

TEST(Result, OkStatusIsAnInternalError) {
  const Result<int> result = Status();
  EXPECT_FALSE(result.ok());
  EXPECT_EQ(result.status().code(), Code::internal);
}

}  // namespace
}  // namespace oarlock
