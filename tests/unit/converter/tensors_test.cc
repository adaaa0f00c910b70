// Initializers of every kind of storage, on their own in a model.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "oarlock/plugin/numeric.h"
#include "tests/unit/converter/model_maker.h"

namespace oarlock::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// The only output of a model whose output is this initializer.
Result<Tensor> read(const onnx::TensorProto& tensor) {
  GraphMaker graph;
  *graph.proto.add_initializer() = tensor;
  graph.output(tensor.name());
  OARLOCK_ASSIGN(const Model model, convert(make_model(graph, 21)));
  const Graph& g = model.graph();
  const Tensor* constant = g.constant(g.outputs()[0]);
  if (constant == nullptr) return internal_error("not a constant");
  return constant->clone();
}

std::string bytes_of(const Tensor& tensor) {
  return {reinterpret_cast<const char*>(tensor.data()), tensor.bytes()};
}

onnx::TensorProto typed(int dtype, const Shape& shape) {
  onnx::TensorProto tensor;
  tensor.set_name("w");
  tensor.set_data_type(dtype);
  for (int64_t dim : shape) tensor.add_dims(dim);
  return tensor;
}

TEST(Tensors, RawDataOfEveryType) {
  for (int number = 1; number < kDTypeCount; ++number) {
    const auto dtype = static_cast<DType>(number);
    if (dtype == DType::string) continue;
    const size_t size = *storage_bytes(dtype, 6);
    std::string bytes(size, '\0');
    for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i % 2);
    const Result<Tensor> tensor = read(raw_tensor("w", number, {2, 3}, bytes));
    ASSERT_TRUE(tensor.ok()) << number << " " << to_string(tensor.status());
    EXPECT_EQ(tensor->dtype(), dtype);
    EXPECT_EQ(tensor->shape(), (Shape{2, 3}));
    EXPECT_EQ(bytes_of(*tensor), bytes) << to_string(dtype);
  }
}

TEST(Tensors, TypedFields) {
  onnx::TensorProto proto = typed(onnx::TensorProto::INT8, {3});
  for (int v : {-1, 2, -128}) proto.add_int32_data(v);
  Result<Tensor> tensor = read(proto);
  ASSERT_TRUE(tensor.ok()) << to_string(tensor.status());
  EXPECT_THAT(tensor->as<int8_t>(), ElementsAre(-1, 2, -128));

  proto = typed(onnx::TensorProto::UINT32, {2});
  proto.add_uint64_data(7);
  proto.add_uint64_data(4294967295U);
  tensor = read(proto);
  ASSERT_TRUE(tensor.ok());
  EXPECT_THAT(tensor->as<uint32_t>(), ElementsAre(7U, 4294967295U));

  proto = typed(onnx::TensorProto::FLOAT16, {2});
  proto.add_int32_data(0x3c00);
  proto.add_int32_data(0xc000);
  tensor = read(proto);
  ASSERT_TRUE(tensor.ok());
  EXPECT_EQ(static_cast<float>(tensor->as<Float16>()[0]), 1.0F);
  EXPECT_EQ(static_cast<float>(tensor->as<Float16>()[1]), -2.0F);

  proto = typed(onnx::TensorProto::BOOL, {3});
  for (int v : {0, 256, 1}) proto.add_int32_data(v);
  tensor = read(proto);
  ASSERT_TRUE(tensor.ok());
  EXPECT_EQ(bytes_of(*tensor), std::string("\0\1\1", 3));

  proto = typed(22, {3});  // int4: two elements a value, the first in the low bits
  proto.add_int32_data(0x7f);
  proto.add_int32_data(0x08);
  tensor = read(proto);
  ASSERT_TRUE(tensor.ok()) << to_string(tensor.status());
  EXPECT_EQ(load_packed(DType::int4, tensor->data(), 0), -1);
  EXPECT_EQ(load_packed(DType::int4, tensor->data(), 1), 7);
  EXPECT_EQ(load_packed(DType::int4, tensor->data(), 2), -8);

  proto = typed(onnx::TensorProto::COMPLEX64, {1});
  proto.add_float_data(1.5F);
  proto.add_float_data(-2.5F);
  tensor = read(proto);
  ASSERT_TRUE(tensor.ok());
  float parts[2];
  std::memcpy(parts, tensor->data(), sizeof(parts));
  EXPECT_EQ(parts[0], 1.5F);
  EXPECT_EQ(parts[1], -2.5F);

  proto = typed(onnx::TensorProto::STRING, {2});
  proto.add_string_data("one");
  proto.add_string_data("");
  tensor = read(proto);
  ASSERT_TRUE(tensor.ok());
  EXPECT_THAT(tensor->as<std::string>(), ElementsAre("one", ""));
}

TEST(Tensors, RawBoolsBecomeZeroOrOne) {
  const Result<Tensor> tensor =
      read(raw_tensor("w", onnx::TensorProto::BOOL, {3}, std::string("\0\2\xff", 3)));
  ASSERT_TRUE(tensor.ok());
  EXPECT_EQ(bytes_of(*tensor), std::string("\0\1\1", 3));
}

TEST(Tensors, EmptyTensors) {
  const Result<Tensor> tensor = read(raw_tensor("w", onnx::TensorProto::FLOAT, {0, 3}, ""));
  ASSERT_TRUE(tensor.ok()) << to_string(tensor.status());
  EXPECT_EQ(tensor->elements(), 0);
}

struct BadTensor {
  const char* what;
  onnx::TensorProto proto;
  const char* message;
};

TEST(Tensors, BadOnesAreRefused) {
  const int64_t huge = int64_t{1} << 40;
  onnx::TensorProto short_field = typed(onnx::TensorProto::FLOAT, {2});
  short_field.add_float_data(1);
  onnx::TensorProto wrong_field = typed(onnx::TensorProto::FLOAT, {1});
  wrong_field.add_double_data(1);
  onnx::TensorProto segment = typed(onnx::TensorProto::FLOAT, {1});
  segment.mutable_segment()->set_begin(0);
  onnx::TensorProto many_dims = typed(onnx::TensorProto::FLOAT, {});
  for (int i = 0; i < 100; ++i) many_dims.add_dims(1);
  const BadTensor bad[] = {
      {"too few bytes", raw_tensor("w", 1, {2}, "1234567"), "raw_data has 7 bytes"},
      {"too many bytes", raw_tensor("w", 1, {2}, "123456789"), "raw_data has 9 bytes"},
      {"negative", raw_tensor("w", 1, {-2}, ""), "dimension of -2"},
      {"overflow", raw_tensor("w", 1, {huge, huge, huge}, ""), "too many elements"},
      {"overflow with zero", raw_tensor("w", 1, {0, huge, huge}, ""), "too many elements"},
      {"nothing stored", typed(1, {1 << 20, 1 << 20}), "only 0 values are stored"},
      {"short field", short_field, "float_data has 1 values"},
      {"wrong field", wrong_field, "float_data has 0 values"},
      {"raw string", raw_tensor("w", 8, {1}, "a"), "string_data"},
      {"no type", raw_tensor("w", 0, {1}, "a"), "element type 0"},
      {"unknown type", raw_tensor("w", 77, {1}, "a"), "element type 77"},
      {"float6", raw_tensor("w", 27, {4}, "abc"), "float6e2m3"},
      {"segment", segment, "segments"},
      {"many dimensions", many_dims, "100 dimensions"},
  };
  for (const BadTensor& one : bad) {
    const Result<Tensor> tensor = read(one.proto);
    ASSERT_FALSE(tensor.ok()) << one.what;
    EXPECT_THAT(tensor.status().message(), HasSubstr(one.message)) << one.what;
  }
}

onnx::SparseTensorProto sparse(const Shape& shape, std::vector<float> values,
                               const Shape& index_shape, std::vector<int64_t> indices) {
  onnx::SparseTensorProto proto;
  *proto.mutable_values() = float_tensor("w", {static_cast<int64_t>(values.size())}, values);
  for (int64_t dim : shape) proto.add_dims(dim);
  proto.mutable_indices()->set_data_type(onnx::TensorProto::INT64);
  for (int64_t dim : index_shape) proto.mutable_indices()->add_dims(dim);
  for (int64_t index : indices) proto.mutable_indices()->add_int64_data(index);
  return proto;
}

Result<std::vector<float>> read_sparse(const onnx::SparseTensorProto& proto) {
  GraphMaker graph;
  *graph.proto.add_sparse_initializer() = proto;
  graph.output("w");
  OARLOCK_ASSIGN(const Model model, convert(make_model(graph, 21)));
  const Tensor* constant = model.graph().constant(model.graph().outputs()[0]);
  if (constant == nullptr) return internal_error("not a constant");
  const auto values = constant->as<float>();
  return std::vector<float>(values.begin(), values.end());
}

TEST(SparseTensors, BecomeDense) {
  Result<std::vector<float>> dense = read_sparse(sparse({2, 3}, {5, 7}, {2}, {1, 5}));
  ASSERT_TRUE(dense.ok()) << to_string(dense.status());
  EXPECT_THAT(*dense, ElementsAre(0, 5, 0, 0, 0, 7));
  dense = read_sparse(sparse({2, 3}, {5, 7}, {2, 2}, {0, 1, 1, 2}));
  ASSERT_TRUE(dense.ok()) << to_string(dense.status());
  EXPECT_THAT(*dense, ElementsAre(0, 5, 0, 0, 0, 7));
}

TEST(SparseTensors, BadOnesAreRefused) {
  EXPECT_THAT(read_sparse(sparse({2, 3}, {5}, {1}, {6})).status().message(),
              HasSubstr("index 6 is outside"));
  EXPECT_THAT(read_sparse(sparse({2, 3}, {5}, {1, 2}, {0, -1})).status().message(),
              HasSubstr("index -1 of dimension 1"));
  EXPECT_THAT(read_sparse(sparse({2, 3}, {5, 6}, {1}, {1})).status().message(),
              HasSubstr("expected int64[2]"));
  EXPECT_THAT(read_sparse(sparse({1 << 20, 1 << 20}, {5}, {1}, {1})).status().message(),
              HasSubstr("too many"));
}

}  // namespace
}  // namespace oarlock::test
