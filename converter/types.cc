#include "converter/types.h"

namespace oarlock::converter {

Result<DType> read_dtype(int number) {
  if (number > 0 && number < kDTypeCount) return static_cast<DType>(number);
  if (number == 27 || number == 28)
    return unsupported("element type ", number == 27 ? "float6e2m3" : "float6e3m2",
                       " is not supported; store the values in a wider type");
  return invalid("element type ", number, " does not exist; is the model newer than this version?");
}

namespace {

constexpr int64_t kMaxElements = int64_t{1} << 48;

Status check_extents(const Shape& shape) {
  int64_t product = 1;
  for (int64_t extent : shape) {
    if (extent == 0 || extent == Shape::kUnknown) continue;
    if (extent > kMaxElements / product)
      return invalid("the shape ", shape, " has too many elements");
    product *= extent;
  }
  return {};
}

}  // namespace

Result<Shape> read_dims(const google::protobuf::RepeatedField<int64_t>& dims) {
  if (dims.size() > kMaxRank)
    return invalid("a tensor has ", dims.size(), " dimensions, more than ", kMaxRank);
  for (int64_t dim : dims)
    if (dim < 0) return invalid("a tensor has a dimension of ", dim);
  Shape shape(std::span<const int64_t>(dims.data(), static_cast<size_t>(dims.size())));
  OARLOCK_TRY(check_extents(shape));
  return shape;
}

namespace {

Result<TypeInfo> read_tensor_type(const onnx::TypeProto::Tensor& tensor) {
  OARLOCK_ASSIGN(const DType dtype, read_dtype(tensor.elem_type()));
  if (!tensor.has_shape()) return TypeInfo::tensor(dtype);
  const auto& dims = tensor.shape().dim();
  if (dims.size() > kMaxRank)
    return invalid("a tensor type has ", dims.size(), " dimensions, more than ", kMaxRank);
  Shape shape(static_cast<size_t>(dims.size()), Shape::kUnknown);
  std::vector<std::string> names(dims.size());
  bool named = false;
  for (int i = 0; i < dims.size(); ++i) {
    if (dims[i].has_dim_value()) {
      // Some exporters write -1 for an extent that is not known.
      shape[i] = dims[i].dim_value() < 0 ? Shape::kUnknown : dims[i].dim_value();
    } else if (!dims[i].dim_param().empty()) {
      names[i] = dims[i].dim_param();
      named = true;
    }
  }
  OARLOCK_TRY(check_extents(shape));
  TypeInfo type = TypeInfo::tensor(dtype, std::move(shape));
  if (named) type.dim_names = std::move(names);
  return type;
}

}  // namespace

Result<TypeInfo> read_type(const onnx::TypeProto& type) {
  switch (type.value_case()) {
    case onnx::TypeProto::kTensorType:
      return read_tensor_type(type.tensor_type());
    case onnx::TypeProto::kSequenceType: {
      OARLOCK_ASSIGN(TypeInfo element, read_type(type.sequence_type().elem_type()));
      return TypeInfo::sequence_of(std::move(element));
    }
    case onnx::TypeProto::kOptionalType: {
      OARLOCK_ASSIGN(TypeInfo element, read_type(type.optional_type().elem_type()));
      return TypeInfo::optional_of(std::move(element));
    }
    case onnx::TypeProto::kMapType: {
      const onnx::TypeProto::Map& map = type.map_type();
      OARLOCK_ASSIGN(const DType key, read_dtype(map.key_type()));
      if (!map.value_type().has_tensor_type())
        return unsupported("maps to other values than tensors are not supported");
      OARLOCK_ASSIGN(const DType value, read_dtype(map.value_type().tensor_type().elem_type()));
      return TypeInfo::map_of(key, value);
    }
    case onnx::TypeProto::kSparseTensorType:
      return unsupported("values of sparse tensor type are not supported; use dense tensors");
    case onnx::TypeProto::VALUE_NOT_SET:
      break;
  }
  return TypeInfo();
}

TypeInfo without_extents(TypeInfo type) {
  if (type.is_tensor() && type.has_rank) {
    for (int64_t& extent : type.shape) extent = Shape::kUnknown;
  } else if (type.element && type.kind != TypeInfo::Kind::map) {
    type.element = std::make_shared<const TypeInfo>(without_extents(*type.element));
  }
  return type;
}

}  // namespace oarlock::converter
