#include <algorithm>
#include <cstring>

#include "converter/tensors.h"
#include "converter/types.h"

namespace oarlock::converter {

namespace {

// The row-major position of stored element i; `indices` is [n] (positions) or [n, rank].
Result<int64_t> position(const Tensor& indices, const Shape& shape, int64_t elements, int64_t i) {
  const auto values = indices.as<int64_t>();
  if (indices.shape().rank() == 1) {
    if (values[i] < 0 || values[i] >= elements)
      return invalid("index ", values[i], " is outside ", shape);
    return values[i];
  }
  int64_t linear = 0;
  for (size_t d = 0; d < shape.rank(); ++d) {
    const int64_t index = values[i * static_cast<int64_t>(shape.rank()) + static_cast<int64_t>(d)];
    if (index < 0 || index >= shape[d])
      return invalid("index ", index, " of dimension ", d, " is outside ", shape);
    linear = linear * shape[d] + index;
  }
  return linear;
}

Result<Tensor> read(onnx::SparseTensorProto& proto, ExternalData& external) {
  OARLOCK_ASSIGN(const Shape shape, read_dims(proto.dims()));
  OARLOCK_ASSIGN(const Tensor values, read_tensor(*proto.mutable_values(), external));
  OARLOCK_ASSIGN(const Tensor indices, read_tensor(*proto.mutable_indices(), external));
  const size_t element_bits = bits(values.dtype());
  if (values.dtype() == DType::string || element_bits < 8)
    return unsupported("sparse tensors of ", values.dtype(), " are not supported");
  if (values.shape().rank() != 1) return invalid("values have the shape ", values.shape());
  const int64_t count = values.elements();
  const bool linear = indices.shape() == Shape{count};
  const bool by_dimension = indices.shape() == Shape{count, static_cast<int64_t>(shape.rank())};
  if (indices.dtype() != DType::int64 || (!linear && !by_dimension))
    return invalid("indices are ", to_string(indices), ", expected int64[", count, "] or int64[",
                   count, ", ", shape.rank(), "]");
  const std::optional<int64_t> elements = shape.elements();
  const std::optional<size_t> size =
      elements ? storage_bytes(values.dtype(), *elements) : std::optional<size_t>();
  if (!size) return invalid("the size of ", shape, " overflows");
  if (*size > std::max<uint64_t>(kMaxDenseBytes, kMaxDenseFactor * values.bytes()))
    return unsupported("the dense form of ", shape, " with ", count, " stored elements takes ",
                       *size, " bytes, too many");
  OARLOCK_ASSIGN(Tensor dense, Tensor::allocate(values.dtype(), shape));
  if (*size > 0) std::memset(dense.mutable_data(), 0, *size);
  const size_t element = element_bits / 8;
  for (int64_t i = 0; i < count; ++i) {
    OARLOCK_ASSIGN(const int64_t at, position(indices, shape, *elements, i));
    std::memcpy(dense.mutable_data() + static_cast<size_t>(at) * element,
                values.data() + static_cast<size_t>(i) * element, element);
  }
  return dense;
}

}  // namespace

Result<Tensor> read_sparse_tensor(onnx::SparseTensorProto& proto, ExternalData& external) {
  const std::string name = proto.values().name();
  Result<Tensor> tensor = read(proto, external);
  if (!tensor.ok()) return tensor.status().within(concat("sparse tensor '", name, "'"));
  return tensor;
}

}  // namespace oarlock::converter
