#include "backends/cpu/memory.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <limits>
#include <thread>
#include <vector>

namespace oarlock::cpu {
namespace {

bool holds(const Buffer& buffer, int value) {
  for (size_t i = 0; i < buffer.size(); ++i)
    if (buffer.host()[i] != static_cast<std::byte>(value)) return false;
  return true;
}

TEST(Memory, BuffersAreAlignedAndApart) {
  Memory memory;
  std::vector<BufferPtr> buffers;
  // Some fill a region, one is larger than any.
  for (size_t bytes : {0u, 1u, 63u, 64u, 65u, 5u << 20, 60u << 20, 70u << 20, 3u}) {
    BufferPtr buffer = memory.allocate(bytes);
    ASSERT_TRUE(buffer) << bytes;
    EXPECT_EQ(buffer->size(), bytes);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(buffer->host()) % Memory::kAlignment, 0u);
    if (bytes > 0) std::memset(buffer->host(), static_cast<int>(buffers.size()), bytes);
    buffers.push_back(std::move(buffer));
  }
  for (size_t i = 0; i < buffers.size(); ++i) EXPECT_TRUE(holds(*buffers[i], static_cast<int>(i)));
}

TEST(Memory, GivesBackInAnyOrder) {
  Memory memory;
  std::vector<BufferPtr> buffers;
  for (int i = 0; i < 40; ++i) {
    buffers.push_back(memory.allocate(size_t{3} << 20));
    std::memset(buffers.back()->host(), i, buffers.back()->size());
    if (i % 3 == 2) buffers[static_cast<size_t>(i - 1)].reset();
  }
  for (int i = 0; i < 40; ++i)
    if (const auto& buffer = buffers[static_cast<size_t>(i)]) {
      EXPECT_TRUE(holds(*buffer, i)) << i;
    }
}

TEST(Memory, BuffersOutliveIt) {
  BufferPtr buffer;
  {
    Memory memory;
    buffer = memory.allocate(4096);
  }
  std::memset(buffer->host(), 7, buffer->size());
  EXPECT_TRUE(holds(*buffer, 7));
}

TEST(Memory, TooMuchIsRefused) {
  Memory memory;
  EXPECT_FALSE(memory.allocate(std::numeric_limits<size_t>::max()));
  EXPECT_FALSE(memory.allocate(std::numeric_limits<size_t>::max() / 2));
}

TEST(Memory, ThreadsShareIt) {
  Memory memory;
  std::vector<std::thread> threads;
  std::vector<int> bad(4);
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 200; ++i) {
        const BufferPtr a = memory.allocate(1000), b = memory.allocate(100000);
        std::memset(a->host(), t, a->size());
        std::memset(b->host(), t, b->size());
        bad[static_cast<size_t>(t)] += !holds(*a, t) + !holds(*b, t);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(bad, std::vector<int>(4));
}

}  // namespace
}  // namespace oarlock::cpu
