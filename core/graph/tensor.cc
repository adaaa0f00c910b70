#include "oarlock/tensor.h"

#include <cstring>
#include <new>
#include <set>
#include <stdexcept>

#include "oarlock/plugin/numeric.h"

namespace oarlock {
namespace {

constexpr size_t kAlignment = 64;

struct AlignedFree {
  void operator()(std::byte* memory) const {
    ::operator delete (memory, std::align_val_t{kAlignment});
  }
};

Status too_big(DType dtype, const Shape& shape) {
  return out_of_memory("a tensor ", dtype, shape,
                       " does not fit into memory; use smaller inputs or more memory");
}

Status check_type(DType dtype) {
  if (bits(dtype) == 0) {
    return invalid("a tensor needs an element type, got number ", static_cast<int>(dtype));
  }
  return {};
}

Status check_concrete(const Shape& shape) {
  if (!shape.is_concrete()) {
    return invalid("a tensor needs a shape with known extents, got ", shape);
  }
  return {};
}

}  // namespace

Result<Tensor> Tensor::allocate(DType dtype, const Shape& shape) {
  OARLOCK_TRY(check_type(dtype));
  OARLOCK_TRY(check_concrete(shape));
  const auto elements = shape.elements();
  const auto bytes = elements ? storage_bytes(dtype, *elements) : std::nullopt;
  if (!bytes || *bytes > SIZE_MAX / 2 - kAlignment) return too_big(dtype, shape);
  try {
    Tensor tensor;
    tensor.dtype_ = dtype;
    tensor.shape_ = shape;
    tensor.elements_ = *elements;
    tensor.bytes_ = *bytes;
    if (dtype == DType::string) {
      auto strings = std::make_shared<std::vector<std::string>>(static_cast<size_t>(*elements));
      tensor.data_ = reinterpret_cast<std::byte*>(strings->data());
      tensor.owner_ = std::move(strings);
      return tensor;
    }
    const size_t padded = (*bytes + kAlignment) / kAlignment * kAlignment;
    auto* memory = static_cast<std::byte*>(
        ::operator new (padded, std::align_val_t{kAlignment}, std::nothrow));
    if (memory == nullptr) return too_big(dtype, shape);
    tensor.owner_ = std::shared_ptr<std::byte>(memory, AlignedFree{});
    tensor.data_ = memory;
    return tensor;
  } catch (const std::bad_alloc&) {
    return too_big(dtype, shape);
  } catch (const std::length_error&) {
    return too_big(dtype, shape);
  }
}

Result<Tensor> Tensor::view(DType dtype, const Shape& shape, std::byte* data, size_t bytes,
                            std::shared_ptr<const void> owner) {
  OARLOCK_TRY(check_type(dtype));
  OARLOCK_TRY(check_concrete(shape));
  if (dtype == DType::string) return invalid("a view cannot hold strings; copy them instead");
  const auto elements = shape.elements();
  const auto needed = elements ? storage_bytes(dtype, *elements) : std::nullopt;
  if (!needed || *needed > bytes) {
    return invalid("a tensor ", dtype, shape, " does not fit into ", bytes, " bytes");
  }
  Tensor tensor;
  tensor.dtype_ = dtype;
  tensor.shape_ = shape;
  tensor.elements_ = *elements;
  tensor.bytes_ = *needed;
  tensor.data_ = data;
  tensor.owner_ = std::move(owner);
  return tensor;
}

Tensor Tensor::strings(const Shape& shape, std::vector<std::string> elements) {
  Tensor tensor;
  if (shape.elements() != static_cast<int64_t>(elements.size())) return tensor;
  auto owner = std::make_shared<std::vector<std::string>>(std::move(elements));
  tensor.dtype_ = DType::string;
  tensor.shape_ = shape;
  tensor.elements_ = static_cast<int64_t>(owner->size());
  tensor.bytes_ = owner->size() * sizeof(std::string);
  tensor.data_ = reinterpret_cast<std::byte*>(owner->data());
  tensor.owner_ = std::move(owner);
  return tensor;
}

template <class T>
Tensor Tensor::of(const Shape& shape, std::span<const T> elements) {
  if (shape.elements() != static_cast<int64_t>(elements.size())) return {};
  Result<Tensor> tensor = allocate(kDTypeOf<T>, shape);
  if (!tensor.ok()) throw std::bad_alloc();
  std::copy(elements.begin(), elements.end(), tensor->mutable_as<T>().begin());
  return std::move(*tensor);
}

#define OARLOCK_TENSOR_OF(type) template Tensor Tensor::of(const Shape&, std::span<const type>)
OARLOCK_TENSOR_OF(float);
OARLOCK_TENSOR_OF(double);
OARLOCK_TENSOR_OF(bool);
OARLOCK_TENSOR_OF(int8_t);
OARLOCK_TENSOR_OF(uint8_t);
OARLOCK_TENSOR_OF(int16_t);
OARLOCK_TENSOR_OF(uint16_t);
OARLOCK_TENSOR_OF(int32_t);
OARLOCK_TENSOR_OF(uint32_t);
OARLOCK_TENSOR_OF(int64_t);
OARLOCK_TENSOR_OF(uint64_t);
OARLOCK_TENSOR_OF(std::string);
OARLOCK_TENSOR_OF(Float16);
OARLOCK_TENSOR_OF(BFloat16);
OARLOCK_TENSOR_OF(SmallFloat<DType::float8e4m3fn>);
OARLOCK_TENSOR_OF(SmallFloat<DType::float8e4m3fnuz>);
OARLOCK_TENSOR_OF(SmallFloat<DType::float8e5m2>);
OARLOCK_TENSOR_OF(SmallFloat<DType::float8e5m2fnuz>);
OARLOCK_TENSOR_OF(SmallFloat<DType::float8e8m0>);
#undef OARLOCK_TENSOR_OF

Result<Tensor> Tensor::reshaped(const Shape& shape) const {
  if (!defined() || shape.elements() != elements_) {
    return invalid("cannot reshape ", *this, " to ", shape, ": the number of elements differs");
  }
  Tensor out = *this;
  out.shape_ = shape;
  return out;
}

Result<Tensor> Tensor::clone() const {
  if (!defined()) return Tensor();
  OARLOCK_ASSIGN(Tensor out, allocate(dtype_, shape_));
  if (dtype_ == DType::string) {
    try {
      const auto from = as<std::string>();
      std::copy(from.begin(), from.end(), out.mutable_as<std::string>().begin());
    } catch (const std::bad_alloc&) {
      return too_big(dtype_, shape_);
    }
  } else if (bytes_ > 0) {
    std::memcpy(out.data_, data_, bytes_);
  }
  return out;
}

namespace {

template <class T>
bool has_repeated(const Tensor& keys) {
  const std::span<const T> all = keys.as<T>();
  std::set<T> seen(all.begin(), all.end());
  return seen.size() != all.size();
}

}  // namespace

Result<Value> Value::map_of(Tensor keys, Tensor values) {
  if (keys.shape().rank() != 1 || keys.shape() != values.shape())
    return invalid("a map has keys ", keys, " and values ", values,
                   ", expected two tensors of one dimension with as many elements");
  bool repeated = false;
  const bool known = visit_integers(
      keys.dtype(), [&](auto tag) { repeated = has_repeated<typename decltype(tag)::Type>(keys); });
  if (keys.dtype() == DType::string)
    repeated = has_repeated<std::string>(keys);
  else if (!known)
    return invalid("a map has keys ", keys, ", expected integers or strings");
  if (repeated) return invalid("a map has one of its keys twice");
  Value value;
  value.content_ = std::make_shared<const Map>(Map{std::move(keys), std::move(values)});
  return value;
}

std::string to_string(const Tensor& tensor) { return concat(tensor.dtype(), tensor.shape()); }

}  // namespace oarlock
