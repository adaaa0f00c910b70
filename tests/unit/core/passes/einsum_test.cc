#include "tests/unit/core/passes/pass_test.h"

namespace oarlock::test {
namespace {

std::string lowered(const std::string& equation, const Shape& a, const Shape& b) {
  GraphUnderTest t;
  t.output(t.op("Einsum", {t.input(a), t.input(b)}, {{"equation", equation}}));
  return t.simplified(1e-5);
}

bool is_lowered(const std::string& operators) {
  return operators.find("Einsum") == std::string::npos &&
         operators.find("MatMul") != std::string::npos;
}

TEST(LowerEinsum, ProductsOfTwoOperands) {
  EXPECT_TRUE(is_lowered(lowered("ij,jk->ik", {2, 3}, {3, 5})));
  EXPECT_TRUE(is_lowered(lowered("ij,kj->ki", {2, 3}, {5, 3})));
  EXPECT_TRUE(is_lowered(lowered("bhid, bhjd -> bhij", {2, 3, 4, 5}, {2, 3, 6, 5})));
  EXPECT_TRUE(is_lowered(lowered("bihd,hdo->bio", {2, 3, 4, 5}, {4, 5, 7})));
  EXPECT_TRUE(is_lowered(lowered("nkctv,kvw->nctw", {2, 3, 4, 5, 6}, {3, 6, 7})));
  EXPECT_TRUE(is_lowered(lowered("i,j->ij", {3}, {4})));
  EXPECT_TRUE(is_lowered(lowered("bi,bi->b", {3, 4}, {3, 4})));
  EXPECT_TRUE(is_lowered(lowered("ij,ij->", {3, 4}, {3, 4})));
}

TEST(LowerEinsum, LeavesWhatIsNoProduct) {
  EXPECT_EQ(lowered("ii,ij->ij", {3, 3}, {3, 4}), "Einsum");
  EXPECT_EQ(lowered("ij,jk", {2, 3}, {3, 4}), "Einsum");
  EXPECT_EQ(lowered("...i,ij->...j", {2, 3}, {3, 4}), "Einsum");
  EXPECT_EQ(lowered("ik,jk->i", {2, 3}, {4, 3}), "Einsum");
  EXPECT_EQ(lowered("ij,jk->ik", {2, 1}, {3, 4}), "Einsum");
  EXPECT_EQ(lowered("ij,jk->ik", {2, 0}, {0, 4}), "Einsum");
}

TEST(LowerEinsum, LeavesUnknownExtents) {
  GraphUnderTest t;
  t.output(
      t.op("Einsum", {t.input({2, 3}), t.input({3, 4})}, {{"equation", std::string("ij,jk->ik")}}));
  EXPECT_EQ(t.simplified_knowing({{Shape::kUnknown, 3}, {3, 4}}), "Einsum");
}

}  // namespace
}  // namespace oarlock::test
