#include "core/graph/tensor_pool.h"

#include <algorithm>
#include <utility>

#include "core/graph/file_format.h"

namespace oarlock {
namespace {

constexpr int64_t kMaxElements = int64_t{1} << 56;

Result<Tensor> string_tensor(const schema::Tensor& from, const Shape& shape, Budget& budget) {
  const size_t count = from.strings() ? from.strings()->size() : 0;
  const std::optional<int64_t> elements = shape.elements();
  if (!elements || static_cast<uint64_t>(*elements) != count)
    return invalid(count, " strings for shape ", shape);
  std::vector<std::string> strings;
  strings.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    const flatbuffers::String* s =
        from.strings()->Get(static_cast<flatbuffers::uoffset_t>(i))->value();
    OARLOCK_TRY(budget.spend(s));
    strings.push_back(s ? s->str() : std::string());
  }
  return Tensor::strings(shape, std::move(strings));
}

Result<Tensor> one_tensor(const schema::Tensor& from, std::span<const std::byte> weights,
                          const std::shared_ptr<const void>& owner, Budget& budget) {
  if (from.dtype() == 0 || from.dtype() >= kDTypeCount)
    return invalid("element type ", from.dtype(), " is not known");
  const auto dtype = static_cast<DType>(from.dtype());
  Shape shape;
  if (from.shape() != nullptr) {
    OARLOCK_TRY(budget.spend(uint64_t{from.shape()->size()} * sizeof(int64_t)));
    shape = Shape(copy(*from.shape()));
  }
  for (int64_t dim : shape)
    if (dim < 0) return invalid("a dimension is ", dim);
  OARLOCK_TRY(check_extents(shape));
  if (dtype == DType::string) return string_tensor(from, shape, budget);

  const std::optional<int64_t> elements = shape.elements();
  const std::optional<size_t> bytes = elements ? storage_bytes(dtype, *elements) : std::nullopt;
  if (!bytes) return invalid("shape ", shape, " overflows");
  if (*bytes != from.size())
    return invalid(to_string(dtype), shape, " takes ", *bytes, " bytes, the file says ",
                   from.size());
  if (from.offset() % kWeightAlignment != 0)
    return invalid("offset ", from.offset(), " is not a multiple of ", kWeightAlignment);
  if (from.offset() > weights.size() || from.size() > weights.size() - from.offset())
    return invalid("bytes ", from.offset(), " + ", from.size(),
                   " lie outside the weights, which have ", weights.size());
  const auto data = weights.subspan(from.offset(), *bytes);
  if (dtype == DType::boolean &&
      std::any_of(data.begin(), data.end(), [](std::byte b) { return b > std::byte{1}; }))
    return invalid("a boolean is neither 0 nor 1");
  return Tensor::view(dtype, shape, const_cast<std::byte*>(data.data()), data.size(), owner);
}

}  // namespace

Status check_extents(const Shape& shape) {
  int64_t product = 1;
  for (int64_t dim : shape)
    if (dim > 0 && (__builtin_mul_overflow(product, dim, &product) || product > kMaxElements))
      return invalid("shape ", shape, " is too large");
  return {};
}

Result<TensorPool> TensorPool::make(const Table* from, std::span<const std::byte> weights,
                                    std::shared_ptr<const void> owner, Budget& budget) {
  TensorPool pool;
  if (from == nullptr) return pool;
  pool.tensors_.reserve(from->size());
  for (flatbuffers::uoffset_t i = 0; i < from->size(); ++i) {
    Result<Tensor> tensor = one_tensor(*from->Get(i), weights, owner, budget);
    if (!tensor.ok()) return tensor.status().within(concat("tensor ", i));
    pool.tensors_.push_back(std::move(tensor).value());
  }
  return pool;
}

}  // namespace oarlock
