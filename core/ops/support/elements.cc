#include "core/ops/support/elements.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace oarlock::ops {

namespace {

bool is_packed_integer(DType dtype) {
  return dtype == DType::uint4 || dtype == DType::int4 || dtype == DType::uint2 ||
         dtype == DType::int2;
}

// Calls f(i -> value) with a reader of the tensor's elements.
template <class F>
void with_reader(const Tensor& tensor, F&& f) {
  const DType dtype = tensor.dtype();
  const std::byte* data = tensor.data();
  if (is_packed_integer(dtype)) {
    f([=](int64_t i) { return load_packed(dtype, data, i); });
  } else if (dtype == DType::float4e2m1) {
    f([=](int64_t i) {
      const auto byte = static_cast<uint8_t>(data[i / 2]);
      return small_float_to_float(dtype, i % 2 == 0 ? byte & 15 : byte >> 4);
    });
  } else if (dtype == DType::boolean) {
    f([=](int64_t i) { return static_cast<int>(data[i]) != 0; });
  } else if (bits(dtype) == 8 && is_floating(dtype)) {
    f([=](int64_t i) { return small_float_to_float(dtype, static_cast<uint8_t>(data[i])); });
  } else {
    visit_numbers(dtype, [&](auto tag) {
      using T = typename decltype(tag)::Type;
      const T* typed = reinterpret_cast<const T*>(data);
      f([=](int64_t i) { return static_cast<Compute<T>>(typed[i]); });
    });
  }
}

template <class T, class C>
T narrowed(C value) {
  if constexpr (std::is_floating_point_v<C> && std::is_integral_v<T>) {
    if (std::isnan(value)) return 0;
    const C rounded = std::nearbyint(value);
    if (rounded <= static_cast<C>(std::numeric_limits<T>::min()))
      return std::numeric_limits<T>::min();
    if (rounded >= static_cast<C>(std::numeric_limits<T>::max()))
      return std::numeric_limits<T>::max();
    return static_cast<T>(rounded);
  } else {
    return static_cast<T>(static_cast<Compute<T>>(value));
  }
}

}  // namespace

template <class C>
Elements<C>::Elements(const Tensor& tensor) : size_(tensor.elements()) {
  if (tensor.dtype() == kDTypeOf<C>) {
    data_ = tensor.as<C>().data();
    return;
  }
  copy_.resize(static_cast<size_t>(size_));
  with_reader(tensor, [&](auto read) {
    for (int64_t i = 0; i < size_; ++i) copy_[i] = static_cast<C>(read(i));
  });
  data_ = copy_.data();
}

template <class C>
Results<C>::Results(Tensor& tensor) : tensor_(&tensor) {
  if (tensor.dtype() == kDTypeOf<C>) {
    data_ = tensor.mutable_as<C>().data();
  } else {
    buffer_.resize(static_cast<size_t>(tensor.elements()));
    data_ = buffer_.data();
  }
}

template <class C>
void Results<C>::store() {
  if (buffer_.empty()) return;
  const int64_t n = tensor_->elements();
  const DType dtype = tensor_->dtype();
  std::byte* out = tensor_->mutable_data();
  if (dtype == DType::boolean) {
    for (int64_t i = 0; i < n; ++i) out[i] = static_cast<std::byte>(data_[i] != C{});
  } else if (bits(dtype) == 8 && is_floating(dtype)) {
    for (int64_t i = 0; i < n; ++i) {
      out[i] =
          static_cast<std::byte>(float_to_small_float(dtype, static_cast<float>(data_[i]), true));
    }
  } else {
    visit_numbers(dtype, [&](auto tag) {
      using T = typename decltype(tag)::Type;
      T* typed = reinterpret_cast<T*>(out);
      for (int64_t i = 0; i < n; ++i) typed[i] = narrowed<T>(data_[i]);
    });
  }
}

double element(const Tensor& tensor, int64_t i) {
  double value = 0;
  with_reader(tensor, [&](auto read) { value = static_cast<double>(read(i)); });
  return value;
}

template class Elements<float>;
template class Elements<double>;
template class Elements<int64_t>;
template class Results<float>;
template class Results<double>;
template class Results<int64_t>;

}  // namespace oarlock::ops
