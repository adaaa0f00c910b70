#include "tools/cli/npy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <random>

#include "oarlock/plugin/numeric.h"
#include "tools/cli/npy_header.h"

namespace oarlock::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::byte> file(const std::string& dictionary, const std::string& data) {
  std::string text("\x93NUMPY\1\0", 8);
  text += static_cast<char>(dictionary.size() & 255);
  text += static_cast<char>(dictionary.size() >> 8);
  text += dictionary + data;
  const auto* first = reinterpret_cast<const std::byte*>(text.data());
  return {first, first + text.size()};
}

std::string error(const std::vector<std::byte>& bytes) {
  const Result<Tensor> tensor = parse_npy(bytes);
  return tensor.ok() ? "" : to_string(tensor.status());
}

// What numpy.save(file, numpy.array([[1, 2, 3], [4, 5, 6]], ...)) writes.
TEST(Npy, ReadsRowMajorAndColumnMajor) {
  const auto rows = parse_npy(
      file("{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3), }  \n", "\1\2\3\4\5\6"));
  ASSERT_TRUE(rows.ok()) << to_string(rows.status());
  EXPECT_EQ(rows->shape(), (Shape{2, 3}));
  EXPECT_THAT(rows->as<uint8_t>(), ElementsAre(1, 2, 3, 4, 5, 6));
  const auto columns = parse_npy(
      file("{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3), }\n", "\1\4\2\5\3\6"));
  ASSERT_TRUE(columns.ok());
  EXPECT_THAT(columns->as<uint8_t>(), ElementsAre(1, 2, 3, 4, 5, 6));
}

TEST(Npy, ReadsBothByteOrders) {
  const auto tensor = parse_npy(file("{'descr': '>i2', 'fortran_order': False, 'shape': (2,), }\n",
                                     std::string("\1\2\0\3", 4)));
  ASSERT_TRUE(tensor.ok());
  EXPECT_THAT(tensor->as<int16_t>(), ElementsAre(0x102, 3));
}

TEST(Npy, TakesRawBytesForWhatIsWanted) {
  const auto bytes = file("{'descr': '|V2', 'fortran_order': False, 'shape': (1,), }\n",
                          std::string("\x80\x3f", 2));
  EXPECT_FALSE(parse_npy(bytes).ok());
  const auto tensor = parse_npy(bytes, DType::bfloat16);
  ASSERT_TRUE(tensor.ok());
  EXPECT_EQ(float{tensor->as<BFloat16>()[0]}, 1.0f);
  const auto packed = parse_npy(
      file("{'descr': '|i1', 'fortran_order': False, 'shape': (3,), }\n", "\xff\2\3"), DType::int4);
  ASSERT_TRUE(packed.ok());
  EXPECT_EQ(load_packed(DType::int4, packed->data(), 0), -1);
  EXPECT_EQ(load_packed(DType::int4, packed->data(), 2), 3);
}

TEST(Npy, WritesWhatItReads) {
  const Tensor tensors[] = {Tensor::of<float>({2, 2}, {1, 2, 3, -0.5f}),
                            Tensor::scalar<int64_t>(-7),
                            Tensor::of<bool>({3}, {true, false, true}),
                            Tensor::of<double>({0, 3}, {}),
                            Tensor::of<BFloat16>({2}, {BFloat16(1), BFloat16(-3)}),
                            Tensor::strings({2, 1}, {"grün", ""})};
  for (const Tensor& before : tensors) {
    const auto bytes = format_npy(before);
    ASSERT_TRUE(bytes.ok());
    EXPECT_EQ(parse_npy_header(*bytes)->data_at % 64, 0u);
    const auto after = parse_npy(*bytes, before.dtype());
    ASSERT_TRUE(after.ok()) << to_string(after.status());
    ASSERT_EQ(to_string(after.value()), to_string(before));
    if (before.dtype() == DType::string) {
      EXPECT_THAT(after->as<std::string>(), ElementsAre("grün", ""));
    } else {
      EXPECT_EQ(std::memcmp(before.data(), after->data(), before.bytes()), 0);
    }
  }
}

TEST(Npy, RefusesWhatItCannotRead) {
  EXPECT_THAT(error({}), HasSubstr("wrong magic"));
  EXPECT_THAT(error(file("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", "x")),
              HasSubstr("pickled"));
  EXPECT_THAT(error(file("{'descr': [('a', '<f4')], 'shape': (1,), }", "x")),
              HasSubstr("named fields"));
  EXPECT_THAT(error(file("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", "1234")),
              HasSubstr("truncated"));
  EXPECT_THAT(error(file("{'descr': '<f4', 'fortran_order': False, "
                         "'shape': (4611686018427387904, 4), }",
                         "1234")),
              HasSubstr("overflows"));
  EXPECT_THAT(error(file("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,"
                         "), }",
                         "1234")),
              HasSubstr("overflows"));
  EXPECT_THAT(error(file("{'descr': '<f4', 'fortran_order': False}", "")), HasSubstr("complete"));
  EXPECT_THAT(error(file("{'descr': '<q9', 'fortran_order': False, 'shape': ()}", "123456789")),
              HasSubstr("not known"));
}

TEST(Npy, SurvivesMutations) {
  const std::vector<std::byte> good = *format_npy(Tensor::of<float>({2, 3}, {1, 2, 3, 4, 5, 6}));
  std::mt19937 random(7);
  for (int i = 0; i < 5000; ++i) {
    std::vector<std::byte> bytes = good;
    for (unsigned n = random() % 3 + 1; n > 0; --n)
      bytes[random() % 80] =
          static_cast<std::byte>(random() % 3 ? "0123456789(),'<U "[random() % 17] : random());
    if (random() % 4 == 0) bytes.resize(random() % bytes.size());
    const Result<Tensor> tensor = parse_npy(bytes);
    if (!tensor.ok()) continue;
    EXPECT_LE(tensor->bytes(), 4096u);
  }
}

}  // namespace
}  // namespace oarlock::cli
