#include "backends/opencl/device.h"

#include <cstring>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "tests/unit/backends/opencl/opencl_test.h"

namespace oarlock::opencl {
namespace {

std::vector<std::byte> numbers(size_t count, int first) {
  std::vector<std::byte> bytes(count);
  for (size_t i = 0; i < count; ++i) bytes[i] = static_cast<std::byte>(first + i);
  return bytes;
}

TEST(ClErrors, HaveNames) {
  EXPECT_EQ(error_name(CL_OUT_OF_RESOURCES), "CL_OUT_OF_RESOURCES");
  EXPECT_EQ(error_name(-9876), "OpenCL error -9876");
  EXPECT_EQ(failure(CL_MEM_OBJECT_ALLOCATION_FAILURE, "x").code(), Code::out_of_memory);
  EXPECT_EQ(failure(CL_DEVICE_NOT_AVAILABLE, "x").code(), Code::unavailable);
  EXPECT_EQ(failure(CL_INVALID_KERNEL_ARGS, "a kernel").message(),
            "a kernel: CL_INVALID_KERNEL_ARGS");
}

TEST_F(OnDevice, NamesAreDistinct) {
  const Result<std::vector<FoundDevice>> found = find_devices();
  std::set<std::string> names;
  size_t count = 0;
  for (const FoundDevice& f : *found) {
    names.insert(f.name);
    names.insert(f.aliases.begin(), f.aliases.end());
    count += 1 + f.aliases.size();
  }
  EXPECT_EQ(names.size(), count);
  EXPECT_EQ(found->front().name, "opencl:0");
}

TEST_F(OnDevice, ReadsWhatWasWrittenAtAnOffset) {
  Result<BufferPtr> buffer = device->allocate({256, nullptr});
  ASSERT_TRUE(buffer.ok()) << to_string(buffer.status());
  EXPECT_EQ((*buffer)->host(), nullptr);
  const auto whole = numbers(256, 0), part = numbers(16, 100);
  ASSERT_TRUE(device->write({buffer->get(), 0, nullptr}, whole).ok());
  ASSERT_TRUE(device->write({buffer->get(), 64, nullptr}, part).ok());
  std::vector<std::byte> back(256);
  ASSERT_TRUE(device->read({buffer->get(), 0, nullptr}, back).ok());
  auto expected = whole;
  std::memcpy(expected.data() + 64, part.data(), part.size());
  EXPECT_EQ(back, expected);
  std::vector<std::byte> tail(3);
  ASSERT_TRUE(device->read({buffer->get(), 78, nullptr}, tail).ok());
  EXPECT_TRUE(std::equal(tail.begin(), tail.end(), expected.begin() + 78));
}

TEST_F(OnDevice, RefusesBytesOutsideABuffer) {
  Result<BufferPtr> buffer = device->allocate({64, nullptr});
  ASSERT_TRUE(buffer.ok());
  std::vector<std::byte> bytes(65);
  EXPECT_EQ(device->write({buffer->get(), 0, nullptr}, bytes).code(), Code::internal);
  EXPECT_EQ(device->read({buffer->get(), SIZE_MAX, nullptr}, bytes).code(), Code::internal);
}

TEST_F(OnDevice, AnImpossibleBufferIsOutOfMemoryWithItsSize) {
  const Result<BufferPtr> buffer = device->allocate({SIZE_MAX / 2, nullptr});
  ASSERT_FALSE(buffer.ok());
  EXPECT_EQ(buffer.status().code(), Code::out_of_memory);
  EXPECT_NE(buffer.status().message().find(std::to_string(SIZE_MAX / 2)), std::string::npos);
}

TEST_F(OnDevice, WrapsHostMemoryWhereItIsShared) {
  auto bytes = numbers(4096, 3);
  const Result<BufferPtr> buffer = device->wrap(bytes);
  if (!device->traits().unified_memory) {
    EXPECT_EQ(buffer.status().code(), Code::unsupported);
    return;
  }
  ASSERT_TRUE(buffer.ok()) << to_string(buffer.status());
  std::vector<std::byte> back(4096);
  ASSERT_TRUE(device->read({buffer->get(), 0, nullptr}, back).ok());
  EXPECT_EQ(back, bytes);
}

TEST_F(OnDevice, EventsCompleteFromManyThreads) {
  std::vector<std::thread> threads;
  std::vector<Status> results(8);
  for (Status& result : results)
    threads.emplace_back([this, &result] {
      for (int i = 0; i < 20 && result.ok(); ++i) {
        const Result<Event> event = device->record();
        result = event.ok() ? device->wait(*event) : event.status();
      }
    });
  for (std::thread& thread : threads) thread.join();
  for (const Status& result : results) EXPECT_TRUE(result.ok()) << to_string(result);
}

}  // namespace
}  // namespace oarlock::opencl
