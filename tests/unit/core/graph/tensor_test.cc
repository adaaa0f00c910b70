#include "oarlock/tensor.h"

#include <gtest/gtest.h>

#include <array>

#include "oarlock/plugin/numeric.h"

namespace oarlock {
namespace {

TEST(Tensor, AllocatesAligned) {
  for (const int64_t n : {0, 1, 63, 64, 1000}) {
    const auto tensor = Tensor::allocate(DType::uint8, {n});
    ASSERT_TRUE(tensor.ok());
    EXPECT_EQ(reinterpret_cast<uintptr_t>(tensor->data()) % 64, 0u);
    EXPECT_EQ(tensor->bytes(), static_cast<size_t>(n));
  }
}

TEST(Tensor, RefusesWhatDoesNotFit) {
  EXPECT_EQ(Tensor::allocate(DType::float32, {INT64_MAX / 2}).status().code(), Code::out_of_memory);
  EXPECT_EQ(Tensor::allocate(DType::int8, {int64_t{1} << 60}).status().code(), Code::out_of_memory);
  EXPECT_EQ(Tensor::allocate(DType::string, {int64_t{1} << 58}).status().code(),
            Code::out_of_memory);
  EXPECT_EQ(Tensor::allocate(DType::float32, {Shape::kUnknown}).status().message(),
            "a tensor needs a shape with known extents, got [?]");
  EXPECT_EQ(Tensor::allocate(DType::undefined, {1}).status().code(), Code::invalid);
}

TEST(Tensor, CopiesShareAndClonesDoNot) {
  Tensor a = Tensor::of<int32_t>({2}, {1, 2});
  Tensor shared = a;
  Tensor own = *a.clone();
  a.mutable_as<int32_t>()[0] = 7;
  EXPECT_EQ(shared.as<int32_t>()[0], 7);
  EXPECT_EQ(own.as<int32_t>()[0], 1);
}

TEST(Tensor, ViewKeepsItsOwnerAndChecksSize) {
  auto owner = std::make_shared<std::array<float, 4>>();
  auto* bytes = reinterpret_cast<std::byte*>(owner->data());
  {
    const auto view = Tensor::view(DType::float32, {2, 2}, bytes, 16, owner);
    ASSERT_TRUE(view.ok());
    EXPECT_EQ(owner.use_count(), 2);
  }
  EXPECT_EQ(owner.use_count(), 1);
  EXPECT_EQ(Tensor::view(DType::float32, {5}, bytes, 16).status().message(),
            "a tensor float32[5] does not fit into 16 bytes");
  EXPECT_FALSE(Tensor::view(DType::string, {0}, bytes, 16).ok());
}

TEST(Tensor, OfAndReshape) {
  const Tensor tensor = Tensor::of<Float16>({2, 3}, {1.f, 2.f, 3.f, 4.f, 5.f, 6.f});
  EXPECT_EQ(to_string(tensor), "float16[2, 3]");
  const auto flat = tensor.reshaped({6});
  ASSERT_TRUE(flat.ok());
  EXPECT_EQ(flat->data(), tensor.data());
  EXPECT_EQ(float{flat->as<Float16>()[4]}, 5.f);
  EXPECT_EQ(tensor.reshaped({5}).status().message(),
            "cannot reshape float16[2, 3] to [5]: the number of elements differs");
  EXPECT_FALSE(Tensor::of<float>({2}, {1.f}).defined());
  EXPECT_EQ(Tensor::scalar(int64_t{5}).shape(), Shape{});
}

TEST(Tensor, Strings) {
  const Tensor tensor = Tensor::strings({2}, {"a", "long enough to live on the heap"});
  const auto copy = tensor.clone();
  ASSERT_TRUE(copy.ok());
  EXPECT_EQ(copy->as<std::string>()[1], "long enough to live on the heap");
  EXPECT_EQ(Tensor::allocate(DType::string, {3})->as<std::string>()[2], "");
  EXPECT_FALSE(Tensor::strings({3}, {"a"}).defined());
}

TEST(Value, Kinds) {
  EXPECT_TRUE(Value().empty());
  const Value tensor = Tensor::scalar(1.0f);
  const Value sequence = Sequence{tensor, Value()};
  EXPECT_TRUE(tensor.is_tensor());
  EXPECT_TRUE(sequence.is_sequence());
  EXPECT_FALSE(sequence.is_tensor());
  EXPECT_EQ(sequence.sequence().size(), 2u);
  const Value map =
      Value::map_of(Tensor::strings({2}, {"a", ""}), Tensor::of<float>({2}, {1, 2})).value();
  EXPECT_TRUE(map.is_map());
  EXPECT_FALSE(map.is_sequence() || map.is_tensor() || map.empty());
  EXPECT_EQ(map.map().values.as<float>()[1], 2.0f);
}

TEST(Value, MapsWithTwoTensorsThatFit) {
  const Tensor numbers = Tensor::of<int64_t>({2}, {4, 4});
  const auto fault = [](Tensor keys, Tensor values) {
    return Value::map_of(std::move(keys), std::move(values)).status().message();
  };
  EXPECT_EQ(fault(numbers, numbers), "a map has one of its keys twice");
  EXPECT_EQ(
      fault(Tensor::scalar(int64_t{1}), Tensor::scalar(1.f)),
      "a map has keys int64[] and values float32[], expected two tensors of one dimension with "
      "as many elements");
  EXPECT_EQ(fault(Tensor::of<float>({1}, {1}), Tensor::of<float>({1}, {1})),
            "a map has keys float32[1], expected integers or strings");
}

}  // namespace
}  // namespace oarlock
