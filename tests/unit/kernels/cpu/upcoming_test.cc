#include "kernels/cpu/upcoming.h"

#include <gtest/gtest.h>

#include <vector>

namespace oarlock::kernels::cpu {
namespace {

class UpcomingTest : public testing::Test {
 protected:
  // Offsets in memory_ that share i of n walks over.
  std::vector<int64_t> walk(int64_t i, int64_t n, int64_t most) const {
    std::vector<int64_t> offsets;
    Upcoming upcoming(pieces_, i, n);
    int64_t left = upcoming.bytes();
    for (auto stretch = upcoming.next(most); !stretch.empty(); stretch = upcoming.next(most)) {
      EXPECT_LE(std::ssize(stretch), most);
      left -= std::ssize(stretch);
      EXPECT_EQ(upcoming.bytes(), left);
      for (const std::byte& b : stretch) offsets.push_back(&b - memory_.data());
    }
    EXPECT_EQ(left, 0);
    return offsets;
  }

  std::vector<std::byte> memory_ = std::vector<std::byte>(100);
  std::vector<std::span<const std::byte>> pieces_ = {
      std::span(memory_).subspan(10, 7), std::span(memory_).subspan(40, 0),
      std::span(memory_).subspan(30, 1), std::span(memory_).subspan(60, 25)};
};

TEST_F(UpcomingTest, SharesCoverAllPiecesInOrder) {
  std::vector<int64_t> want;
  for (const auto& piece : pieces_)
    for (const std::byte& b : piece) want.push_back(&b - memory_.data());
  for (const int64_t n : {1, 2, 3, 7, 50}) {
    for (const int64_t most : {1, 4, 1000}) {
      std::vector<int64_t> got;
      for (int64_t i = 0; i < n; ++i) {
        const std::vector<int64_t> share = walk(i, n, most);
        got.insert(got.end(), share.begin(), share.end());
      }
      EXPECT_EQ(got, want) << n << " shares, stretches of " << most;
    }
  }
}

TEST_F(UpcomingTest, NothingIsEmpty) {
  Upcoming upcoming;
  EXPECT_EQ(upcoming.bytes(), 0);
  EXPECT_TRUE(upcoming.next(64).empty());
  Upcoming none({}, 0, 1);
  EXPECT_TRUE(none.next(64).empty());
}

}  // namespace
}  // namespace oarlock::kernels::cpu
