#include "backends/cpu/device.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstring>
#include <limits>
#include <new>
#include <thread>
#include <vector>

namespace oarlock::cpu {
namespace {

DeviceOptions options(int threads) {
  DeviceOptions options;
  options.threads = threads;
  return options;
}

DevicePtr open_device(int threads) {
  auto device = CpuDevice::open(options(threads));
  EXPECT_TRUE(device.ok()) << device.status().message();
  return *device;
}

// A denormal product, computed at run time.
bool flushes() {
  volatile float tiny = std::numeric_limits<float>::min();
  return tiny * 0.5f == 0;
}

TEST(CpuDeviceTest, PartsCoverEveryUnitOnceWithDifferentSlots) {
  for (const int threads : {1, 2, 3, 7}) {
    const DevicePtr owner = open_device(threads);
    const CpuDevice& device = cpu_device(*owner);
    EXPECT_EQ(device.threads(), threads);
    for (const int64_t units : {0, 1, 2, 13, 127, 1000}) {
      for (const int64_t grain : {1, 10, 1000}) {
        std::vector<std::atomic<int>> seen(units);
        std::vector<std::atomic<int>> busy(threads);
        std::atomic<bool> clash = false, small = false;
        device.parallel(units, grain, [&](int64_t begin, int64_t end, int slot) {
          if (slot < 0 || slot >= threads || busy[slot].fetch_add(1) != 0) clash = true;
          if (end - begin < std::min(grain, units)) small = true;
          for (int64_t i = begin; i < end; ++i) ++seen[i];
          --busy[slot];
        });
        EXPECT_FALSE(clash);
        EXPECT_FALSE(small) << units << " units, grain " << grain << ", " << threads << " threads";
        for (const auto& count : seen) EXPECT_EQ(count, 1);
      }
    }
  }
}

TEST(CpuDeviceTest, FlushesDenormalsInPartsOnly) {
  const DevicePtr owner = open_device(3);
  EXPECT_FALSE(flushes());
  std::atomic<int> flushing = 0, parts = 0;
  cpu_device(*owner).parallel(100, 1, [&](int64_t, int64_t, int) {
    ++parts;
    if (flushes()) ++flushing;
  });
  EXPECT_EQ(flushing, parts);
  EXPECT_GT(parts, 0);
  const Status status = owner->enter([&] { return flushes() ? Status() : internal_error("no"); });
  EXPECT_TRUE(status.ok());
  EXPECT_FALSE(flushes());
}

// Many pieces of work one after another, of many sizes, from several runs at once; pauses let
// helpers fall asleep.
TEST(CpuDeviceTest, ConcurrentRunsGetAllTheirParts) {
  for (const int threads : {1, 2, 3, 7}) {
    const DevicePtr owner = open_device(threads);
    const CpuDevice& device = cpu_device(*owner);
    std::atomic<int> wrong = 0;
    const auto one_run = [&] {
      std::vector<int> seen(100);
      const Status status = owner->enter([&] {
        for (int round = 0; round < 300; ++round) {
          const int64_t units = 1 + round % 97;
          device.parallel(units, 1, [&](int64_t begin, int64_t end, int slot) {
            if (slot < 0 || slot >= threads || !flushes()) ++wrong;
            for (int64_t i = begin; i < end; ++i) ++seen[i];
          });
          for (int64_t i = 0; i < 100; ++i) {
            if (seen[i] != (i < units ? 1 : 0)) ++wrong;
            seen[i] = 0;
          }
          if (round % 100 == 50) std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
        return Status();
      });
      if (!status.ok()) ++wrong;
    };
    for (int repeat = 0; repeat < 5; ++repeat) {
      std::vector<std::jthread> runs;
      for (int i = 0; i < 3; ++i) runs.emplace_back(one_run);
    }
    EXPECT_EQ(wrong, 0) << threads << " threads";
  }
}

TEST(CpuDeviceTest, PartsMayStartWorkOfTheirOwn) {
  const DevicePtr owner = open_device(3);
  std::atomic<int> sum = 0;
  const Status status = owner->enter([&] {
    cpu_device(*owner).parallel(10, 1, [&](int64_t begin, int64_t end, int) {
      for (int64_t i = begin; i < end; ++i) {
        cpu_device(*owner).parallel(
            10, 1, [&](int64_t b, int64_t e, int) { sum += static_cast<int>(e - b); });
      }
    });
    return Status();
  });
  EXPECT_TRUE(status.ok());
  EXPECT_EQ(sum, 100);
}

TEST(CpuDeviceTest, EnterPassesFailuresOn) {
  const Status status = open_device(2)->enter([] { return invalid("a reason"); });
  EXPECT_EQ(status.code(), Code::invalid);
  EXPECT_EQ(status.message(), "a reason");
}

TEST(CpuDeviceTest, ExceptionsLeaveNoHelperBehind) {
  const DevicePtr device = open_device(3);
  for (int i = 0; i < 3; ++i) {
    EXPECT_THROW((void)device->enter([]() -> Status { throw std::bad_alloc(); }), std::bad_alloc);
  }
  EXPECT_TRUE(device->enter([] { return Status(); }).ok());
}

TEST(CpuDeviceTest, MemoryIsAlignedAndMovesBytes) {
  const DevicePtr device = open_device(1);
  auto buffer = device->allocate({.bytes = 100});
  ASSERT_TRUE(buffer.ok());
  EXPECT_EQ(reinterpret_cast<uintptr_t>((*buffer)->host()) % device->info().alignment, 0u);
  const TensorDesc desc;
  const TensorRef ref{buffer->get(), 10, &desc};
  const std::byte source[] = {std::byte{1}, std::byte{2}, std::byte{3}};
  std::byte back[3] = {};
  ASSERT_TRUE(device->write(ref, source).ok());
  ASSERT_TRUE(device->read(ref, back).ok());
  EXPECT_EQ(std::memcmp(source, back, 3), 0);
}

TEST(CpuDeviceTest, RefusesImpossibleRequests) {
  const DevicePtr device = open_device(1);
  EXPECT_EQ(device->allocate({.bytes = std::numeric_limits<size_t>::max()}).status().code(),
            Code::out_of_memory);
  EXPECT_EQ(CpuDevice::open(options(-1)).status().code(), Code::invalid);
  EXPECT_EQ(CpuDevice::open(options(1 << 30)).status().code(), Code::invalid);
}

}  // namespace
}  // namespace oarlock::cpu
