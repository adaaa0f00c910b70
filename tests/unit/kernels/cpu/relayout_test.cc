#include "kernels/cpu/relayout.h"

#include "tests/unit/kernels/cpu/conv_reference.h"
#include "tests/unit/kernels/cpu/each_instruction_set.h"

namespace oarlock::kernels::cpu {
namespace {

class RelayoutTest : public EachInstructionSet {};

TEST_P(RelayoutTest, ThereAndBack) {
  for (const int64_t channels : {1, 3, 16, 21, 64}) {
    for (const int64_t pixels : {1, 4, 13, 127}) {
      const auto input = reference::random_floats(channels * pixels, 1);
      const int64_t blocks = (channels + 15) / 16, cut = blocks / 2;
      std::vector<float> blocked(blocks * 16 * pixels, NAN);
      block_channels(input.data(), channels, pixels, blocked.data(), {cut, blocks});
      block_channels(input.data(), channels, pixels, blocked.data(), {0, cut});
      EXPECT_EQ(blocked, reference::to_blocked(input, channels, pixels));
      std::vector<float> back(channels * pixels + 1, -9.0f);
      unblock_channels(blocked.data(), channels, pixels, back.data(), {0, blocks}, {0, pixels / 2});
      unblock_channels(blocked.data(), channels, pixels, back.data(), {0, blocks},
                       {pixels / 2, pixels});
      EXPECT_EQ(back.back(), -9.0f);
      back.pop_back();
      EXPECT_EQ(back, input);
    }
  }
}

OARLOCK_EACH_INSTRUCTION_SET(RelayoutTest);

}  // namespace
}  // namespace oarlock::kernels::cpu
