#include "kernels/cpu/channel_gather.h"

#include <algorithm>
#include <numeric>

#include "tests/unit/kernels/cpu/conv_reference.h"
#include "tests/unit/kernels/cpu/each_instruction_set.h"

namespace oarlock::kernels::cpu {
namespace {

class ChannelGatherTest : public EachInstructionSet {
 protected:
  static void check(const std::vector<int64_t>& input_channels,
                    const std::vector<int64_t>& channels, int64_t plane) {
    std::vector<std::vector<float>> blocked;
    std::vector<const float*> inputs;
    std::vector<float> all;
    for (size_t i = 0; i < input_channels.size(); ++i) {
      const auto x = reference::random_floats(static_cast<size_t>(input_channels[i] * plane),
                                              static_cast<uint32_t>(i + 1));
      all.insert(all.end(), x.begin(), x.end());
      blocked.push_back(reference::to_blocked(x, input_channels[i], plane, NAN));
      inputs.push_back(blocked.back().data());
    }
    const ChannelGather gather(input_channels, channels);
    const auto count = static_cast<int64_t>(channels.size());
    ASSERT_EQ(gather.block_count(), (count + 15) / 16);
    std::vector<float> output(static_cast<size_t>(gather.block_count() * plane * 16), NAN);
    const int64_t cut = plane / 3;
    for (const Range pixels : {Range{cut, plane}, Range{0, cut}})
      for (int64_t b = 0; b < gather.block_count(); ++b)
        gather.run(inputs.data(), output.data(), plane, {b, b + 1}, pixels);
    const auto got = reference::from_blocked(output, count, plane);
    for (size_t c = 0; c < channels.size(); ++c)
      for (int64_t p = 0; p < plane; ++p)
        ASSERT_EQ(got[c * plane + p], all[channels[c] * plane + p]) << c << " at " << p;
    for (int64_t lane = count % 16; count % 16 != 0 && lane < 16; ++lane)
      for (int64_t p = 0; p < plane; ++p)
        ASSERT_EQ(output[((count / 16) * plane + p) * 16 + lane], 0.0f);
  }
};

TEST_P(ChannelGatherTest, Shuffles) {
  for (const int64_t half : {1, 8, 29, 58}) {
    std::vector<int64_t> shuffled;
    for (int64_t c = 0; c < 2 * half; ++c) shuffled.push_back(c % 2 * half + c / 2);
    check({half, half}, shuffled, 7);
    check({2 * half}, shuffled, 5);
    check({half, half}, {shuffled.begin() + half, shuffled.end()}, 10);
  }
}

TEST_P(ChannelGatherTest, AnyOrder) {
  std::vector<int64_t> reversed(75);
  std::iota(reversed.rbegin(), reversed.rend(), 0);
  check({20, 1, 54}, reversed, 9);
  // More sources for a vector than fit into registers.
  std::vector<int64_t> spread;
  for (int64_t c = 0; c < 16; ++c) spread.push_back(c * 16 + (c * 7) % 16);
  check({256}, spread, 6);
  check({3, 3}, {5, 5, 0, 0, 0, 4}, 1);
}

OARLOCK_EACH_INSTRUCTION_SET(ChannelGatherTest);

}  // namespace
}  // namespace oarlock::kernels::cpu
