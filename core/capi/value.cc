#include <cstring>
#include <memory>
#include <utility>

#include "core/capi/handles.h"
#include "oarlock/plugin/numeric.h"

using oarlock::DType;
using oarlock::Result;
using oarlock::Sequence;
using oarlock::Shape;
using oarlock::Status;
using oarlock::Tensor;
using oarlock::Value;
using oarlock::capi::checked_dtype;
using oarlock::capi::checked_shape;
using oarlock::capi::guarded;
using oarlock::capi::null_argument;

namespace oarlock::capi {

Result<DType> checked_dtype(oarlock_dtype dtype) {
  const auto number = static_cast<int>(dtype);
  if (number <= 0 || number >= kDTypeCount)
    return invalid("element type ", number, " is not known");
  return static_cast<DType>(number);
}

Result<Shape> checked_shape(const int64_t* shape, size_t rank, bool unknown) {
  if (shape == nullptr && rank > 0) return null_argument("shape");
  Shape to{std::span<const int64_t>(shape, rank)};
  for (int64_t dim : to)
    if (dim < (unknown ? Shape::kUnknown : 0)) return invalid("a tensor cannot have shape ", to);
  if (to.is_concrete() && !to.elements()) return invalid("shape ", to, " overflows");
  return to;
}

}  // namespace oarlock::capi

namespace {

Status checked_size(const Tensor& tensor, size_t bytes) {
  if (bytes == tensor.bytes()) return {};
  return oarlock::invalid(tensor, " takes ", tensor.bytes(), " bytes, ", bytes, " were given");
}

const Tensor* tensor_of(const oarlock_value* value) {
  return value != nullptr && value->value.is_tensor() ? &value->value.tensor() : nullptr;
}

}  // namespace

extern "C" {

oarlock_code oarlock_value_tensor(oarlock_dtype dtype, const int64_t* shape, size_t rank,
                                  const void* data, size_t bytes, oarlock_value** out) {
  return guarded([&]() -> Status {
    if (out == nullptr) return null_argument("out");
    OARLOCK_ASSIGN(const DType type, checked_dtype(dtype));
    OARLOCK_ASSIGN(const Shape dims, checked_shape(shape, rank));
    if (type == DType::string) return oarlock::invalid("use oarlock_value_strings for strings");
    OARLOCK_ASSIGN(Tensor tensor, Tensor::allocate(type, dims));
    OARLOCK_TRY(checked_size(tensor, bytes));
    if (bytes > 0) {
      if (data != nullptr)
        std::memcpy(tensor.mutable_data(), data, bytes);
      else
        std::memset(tensor.mutable_data(), 0, bytes);
    }
    *out = new oarlock_value{Value(std::move(tensor))};
    return {};
  });
}

oarlock_code oarlock_value_view(oarlock_dtype dtype, const int64_t* shape, size_t rank, void* data,
                                size_t bytes, void (*release)(void* context), void* context,
                                oarlock_value** out) {
  return guarded([&]() -> Status {
    if (out == nullptr) return null_argument("out");
    if (data == nullptr && bytes > 0) return null_argument("data");
    OARLOCK_ASSIGN(const DType type, checked_dtype(dtype));
    OARLOCK_ASSIGN(const Shape dims, checked_shape(shape, rank));
    OARLOCK_ASSIGN(Tensor tensor,
                   Tensor::view(type, dims, static_cast<std::byte*>(data), bytes, nullptr));
    OARLOCK_TRY(checked_size(tensor, bytes));
    auto value = std::make_unique<oarlock_value>();
    if (release != nullptr) {
      // The memory becomes the library's to release only if nothing can fail any more.
      struct Owner {
        void (*release)(void*) = nullptr;
        void* context = nullptr;
        ~Owner() {
          if (release != nullptr) release(context);
        }
      };
      auto owner = std::make_shared<Owner>();
      OARLOCK_ASSIGN(tensor, Tensor::view(type, dims, static_cast<std::byte*>(data), bytes, owner));
      owner->context = context;
      owner->release = release;
    }
    value->value = Value(std::move(tensor));
    *out = value.release();
    return {};
  });
}

oarlock_code oarlock_value_strings(const int64_t* shape, size_t rank, const char* const* strings,
                                   const size_t* lengths, oarlock_value** out) {
  return guarded([&]() -> Status {
    if (out == nullptr) return null_argument("out");
    OARLOCK_ASSIGN(const Shape dims, checked_shape(shape, rank));
    const auto count = static_cast<size_t>(*dims.elements());
    if (strings == nullptr && count > 0) return null_argument("strings");
    std::vector<std::string> list;
    for (size_t i = 0; i < count; ++i) {
      if (strings[i] == nullptr) return null_argument("strings[i]");
      list.emplace_back(strings[i], lengths ? lengths[i] : std::strlen(strings[i]));
    }
    *out = new oarlock_value{Value(Tensor::strings(dims, std::move(list)))};
    return {};
  });
}

oarlock_code oarlock_value_sequence(const oarlock_value* const* items, size_t count,
                                    oarlock_value** out) {
  return guarded([&]() -> Status {
    if (out == nullptr) return null_argument("out");
    if (items == nullptr && count > 0) return null_argument("items");
    Sequence sequence;
    for (size_t i = 0; i < count; ++i) {
      if (items[i] == nullptr) return null_argument("items[i]");
      sequence.push_back(items[i]->value);
    }
    *out = new oarlock_value{Value(std::move(sequence))};
    return {};
  });
}

oarlock_code oarlock_value_map(const oarlock_value* keys, const oarlock_value* values,
                               oarlock_value** out) {
  return guarded([&]() -> Status {
    if (out == nullptr) return null_argument("out");
    if (tensor_of(keys) == nullptr || tensor_of(values) == nullptr)
      return oarlock::invalid("the keys and the values of a map must be tensors");
    OARLOCK_ASSIGN(Value map, Value::map_of(keys->value.tensor(), values->value.tensor()));
    *out = new oarlock_value{std::move(map)};
    return {};
  });
}

oarlock_code oarlock_value_nothing(oarlock_value** out) {
  return guarded([&]() -> Status {
    if (out == nullptr) return null_argument("out");
    *out = new oarlock_value;
    return {};
  });
}

void oarlock_value_free(oarlock_value* value) { delete value; }

oarlock_kind oarlock_value_kind(const oarlock_value* value) {
  if (value == nullptr || value->value.empty()) return OARLOCK_NOTHING;
  if (value->value.is_map()) return OARLOCK_MAP;
  return value->value.is_tensor() ? OARLOCK_TENSOR : OARLOCK_SEQUENCE;
}

oarlock_dtype oarlock_value_dtype(const oarlock_value* value) {
  const Tensor* tensor = tensor_of(value);
  return tensor ? static_cast<oarlock_dtype>(tensor->dtype()) : OARLOCK_UNDEFINED;
}

size_t oarlock_value_rank(const oarlock_value* value) {
  const Tensor* tensor = tensor_of(value);
  return tensor ? tensor->shape().rank() : 0;
}

const int64_t* oarlock_value_shape(const oarlock_value* value) {
  const Tensor* tensor = tensor_of(value);
  return tensor ? tensor->shape().data() : nullptr;
}

int64_t oarlock_value_elements(const oarlock_value* value) {
  const Tensor* tensor = tensor_of(value);
  return tensor ? tensor->elements() : 0;
}

void* oarlock_value_data(oarlock_value* value) {
  const Tensor* tensor = tensor_of(value);
  if (tensor == nullptr || tensor->dtype() == DType::string) return nullptr;
  return value->value.tensor().mutable_data();
}

size_t oarlock_value_bytes(const oarlock_value* value) {
  const Tensor* tensor = tensor_of(value);
  return tensor && tensor->dtype() != DType::string ? tensor->bytes() : 0;
}

const char* oarlock_value_string(const oarlock_value* value, size_t index, size_t* length) {
  const Tensor* tensor = tensor_of(value);
  if (tensor == nullptr || tensor->dtype() != DType::string ||
      index >= static_cast<size_t>(tensor->elements()))
    return nullptr;
  const std::string& text = tensor->as<std::string>()[index];
  if (length != nullptr) *length = text.size();
  return text.c_str();
}

size_t oarlock_value_count(const oarlock_value* value) {
  if (value == nullptr) return 0;
  if (value->value.is_map()) return 2;
  return value->value.is_sequence() ? value->value.sequence().size() : 0;
}

oarlock_code oarlock_value_item(const oarlock_value* value, size_t index, oarlock_value** out) {
  return guarded([&]() -> Status {
    if (out == nullptr) return null_argument("out");
    const size_t count = oarlock_value_count(value);
    if (index >= count)
      return oarlock::invalid("item ", index, " does not exist, the value has ", count);
    const Value& from = value->value;
    if (from.is_map())
      *out = new oarlock_value{Value(index == 0 ? from.map().keys : from.map().values)};
    else
      *out = new oarlock_value{from.sequence()[index]};
    return {};
  });
}

}  // extern "C"
