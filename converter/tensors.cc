#include "converter/tensors.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "converter/types.h"

namespace oarlock::converter {

static_assert(std::endian::native == std::endian::little, "ONNX raw data is little-endian");

namespace {

// Copying from typed fields: `count` stored values fill `count` parts of sizeof(To) bytes.
template <class To, class From>
Status copy_field(const google::protobuf::RepeatedField<From>& field, std::string_view name,
                  Tensor& tensor) {
  const size_t count = tensor.bytes() / sizeof(To);
  if (static_cast<size_t>(field.size()) != count)
    return invalid("field ", name, " has ", field.size(), " values, but type and shape need ",
                   count);
  std::byte* out = tensor.mutable_data();
  for (size_t i = 0; i < count; ++i) {
    const To value = static_cast<To>(field[static_cast<int>(i)]);
    std::memcpy(out + i * sizeof(To), &value, sizeof(To));
  }
  return {};
}

Status copy_typed(const onnx::TensorProto& proto, Tensor& tensor) {
  switch (tensor.dtype()) {
    case DType::float32:
    case DType::complex64:
      return copy_field<float>(proto.float_data(), "float_data", tensor);
    case DType::float64:
    case DType::complex128:
      return copy_field<double>(proto.double_data(), "double_data", tensor);
    case DType::int64:
      return copy_field<int64_t>(proto.int64_data(), "int64_data", tensor);
    case DType::uint64:
      return copy_field<uint64_t>(proto.uint64_data(), "uint64_data", tensor);
    case DType::uint32:
      return copy_field<uint32_t>(proto.uint64_data(), "uint64_data", tensor);
    case DType::int32:
      return copy_field<int32_t>(proto.int32_data(), "int32_data", tensor);
    case DType::int16:
    case DType::uint16:
    case DType::float16:
    case DType::bfloat16:
      return copy_field<uint16_t>(proto.int32_data(), "int32_data", tensor);
    default:  // 8 bits, or packed into bytes
      return copy_field<uint8_t>(proto.int32_data(), "int32_data", tensor);
  }
}

// A bool may hold nothing but 0 and 1.
void normalize_bools(Tensor& tensor) {
  std::byte* data = tensor.mutable_data();
  for (size_t i = 0; i < tensor.bytes(); ++i) data[i] = std::byte{data[i] != std::byte{0}};
}

Result<Tensor> read_strings(const onnx::TensorProto& proto, const Shape& shape, int64_t elements) {
  if (proto.data_location() == onnx::TensorProto::EXTERNAL || proto.has_raw_data())
    return invalid("strings must be in the field string_data");
  if (proto.string_data_size() != elements)
    return invalid("field string_data has ", proto.string_data_size(),
                   " values, but the shape needs ", elements);
  return Tensor::strings(shape, {proto.string_data().begin(), proto.string_data().end()});
}

Result<Tensor> read_external(const onnx::TensorProto& proto, DType dtype, const Shape& shape,
                             size_t size, ExternalData& external) {
  OARLOCK_ASSIGN(const ExternalData::Part part, external.find(proto, size));
  const size_t alignment = std::max<size_t>(1, std::min<size_t>(bits(dtype) / 8, 8));
  const bool aligned = std::bit_cast<uintptr_t>(part.bytes.data()) % alignment == 0;
  if (aligned && dtype != DType::boolean)
    return Tensor::view(dtype, shape, const_cast<std::byte*>(part.bytes.data()), size, part.file);
  OARLOCK_ASSIGN(Tensor tensor, Tensor::allocate(dtype, shape));
  if (size > 0) std::memcpy(tensor.mutable_data(), part.bytes.data(), size);
  if (dtype == DType::boolean) normalize_bools(tensor);
  return tensor;
}

Result<Tensor> read(onnx::TensorProto& proto, ExternalData& external) {
  OARLOCK_ASSIGN(const DType dtype, read_dtype(proto.data_type()));
  OARLOCK_ASSIGN(const Shape shape, read_dims(proto.dims()));
  if (proto.has_segment()) return unsupported("tensors in segments are not supported");
  const std::optional<int64_t> elements = shape.elements();
  const std::optional<size_t> size =
      elements ? storage_bytes(dtype, *elements) : std::optional<size_t>();
  if (!size) return invalid("the size of ", dtype, shape, " overflows");
  if (dtype == DType::string) return read_strings(proto, shape, *elements);
  if (proto.data_location() == onnx::TensorProto::EXTERNAL)
    return read_external(proto, dtype, shape, *size, external);
  if (proto.has_raw_data()) {
    if (proto.raw_data().size() != *size)
      return invalid("raw_data has ", proto.raw_data().size(), " bytes, but ", dtype, shape,
                     " needs ", *size);
    OARLOCK_ASSIGN(Tensor tensor, Tensor::allocate(dtype, shape));
    if (*size > 0) std::memcpy(tensor.mutable_data(), proto.raw_data().data(), *size);
    if (dtype == DType::boolean) normalize_bools(tensor);
    std::string().swap(*proto.mutable_raw_data());
    return tensor;
  }
  // Before memory is taken: no field stores more than 8 bytes a value.
  const auto stored = static_cast<size_t>(proto.float_data_size()) + proto.int32_data_size() +
                      proto.int64_data_size() + proto.double_data_size() + proto.uint64_data_size();
  if (*size / 8 > stored)
    return invalid(dtype, shape, " needs ", *size, " bytes, but only ", stored,
                   " values are stored");
  OARLOCK_ASSIGN(Tensor tensor, Tensor::allocate(dtype, shape));
  OARLOCK_TRY(copy_typed(proto, tensor));
  if (dtype == DType::boolean) {
    const auto& values = proto.int32_data();
    for (int i = 0; i < values.size(); ++i) tensor.mutable_data()[i] = std::byte{values[i] != 0};
  }
  return tensor;
}

}  // namespace

Result<Tensor> read_tensor(onnx::TensorProto& proto, ExternalData& external) {
  Result<Tensor> tensor = read(proto, external);
  if (!tensor.ok() && !proto.name().empty())
    return tensor.status().within(concat("tensor '", proto.name(), "'"));
  return tensor;
}

}  // namespace oarlock::converter
