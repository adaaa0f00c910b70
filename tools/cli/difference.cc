#include "tools/cli/difference.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "oarlock/plugin/numeric.h"

namespace oarlock::cli {
namespace {

Difference not_comparable(std::string why) {
  Difference d;
  d.comparable = false;
  d.why = std::move(why);
  d.absolute = d.scaled = std::numeric_limits<double>::infinity();
  return d;
}

Difference string_difference(const Tensor& a, const Tensor& b) {
  Difference d;
  const auto x = a.as<std::string>(), y = b.as<std::string>();
  for (size_t i = 0; i < x.size(); ++i)
    if (x[i] != y[i]) {
      d.absolute = d.scaled = 1;
      d.at = static_cast<int64_t>(i);
      return d;
    }
  return d;
}

Difference tensor_difference(const Tensor& a, const Tensor& b) {
  if (a.dtype() != b.dtype() || a.shape() != b.shape())
    return not_comparable(concat(a, " against ", b));
  if (a.dtype() == DType::string) return string_difference(a, b);
  const std::vector<double> x = as_doubles(a), y = as_doubles(b);
  Difference d;
  double largest = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    if (std::isfinite(y[i])) largest = std::max(largest, std::abs(y[i]));
    if (x[i] == y[i] || (std::isnan(x[i]) && std::isnan(y[i]))) continue;
    double apart = std::abs(x[i] - y[i]);
    if (!std::isfinite(apart)) apart = std::numeric_limits<double>::infinity();
    if (apart > d.absolute) {
      d.absolute = apart;
      d.at = static_cast<int64_t>(i);
    }
  }
  d.scaled = d.absolute / (largest > 0 ? largest : 1);
  return d;
}

}  // namespace

std::vector<double> as_doubles(const Tensor& tensor) {
  std::vector<double> list;
  const auto take = [&](auto tag) {
    using T = typename decltype(tag)::Type;
    for (const T& x : tensor.as<T>()) list.push_back(static_cast<double>(x));
  };
  const DType dtype = tensor.dtype();
  if (visit_numbers(dtype, take) || visit_types<bool>(dtype, take)) return list;
  const auto count = static_cast<size_t>(tensor.elements());
  if (dtype == DType::complex64) {
    const auto* parts = reinterpret_cast<const float*>(tensor.data());
    list.assign(parts, parts + 2 * count);
  } else if (dtype == DType::complex128) {
    const auto* parts = reinterpret_cast<const double*>(tensor.data());
    list.assign(parts, parts + 2 * count);
  } else if (is_floating(dtype)) {
    for (size_t i = 0; i < count; ++i) {
      const int code = bits(dtype) < 8
                           ? load_packed(dtype, tensor.data(), static_cast<int64_t>(i)) & 15
                           : static_cast<int>(tensor.data()[i]);
      list.push_back(small_float_to_float(dtype, static_cast<uint8_t>(code)));
    }
  } else if (is_integer(dtype)) {
    for (size_t i = 0; i < count; ++i)
      list.push_back(load_packed(dtype, tensor.data(), static_cast<int64_t>(i)));
  }
  return list;
}

Difference difference(const Value& a, const Value& b) {
  if (a.empty() && b.empty()) return {};
  if (a.is_tensor() && b.is_tensor()) return tensor_difference(a.tensor(), b.tensor());
  if (a.is_map() && b.is_map()) {
    const Difference keys = tensor_difference(a.map().keys, b.map().keys);
    if (!keys.comparable || keys.absolute > 0) return not_comparable("maps with different keys");
    return tensor_difference(a.map().values, b.map().values);
  }
  if (!a.is_sequence() || !b.is_sequence()) return not_comparable("values of different kinds");
  if (a.sequence().size() != b.sequence().size())
    return not_comparable(
        concat("sequences of ", a.sequence().size(), " and ", b.sequence().size(), " elements"));
  Difference worst;
  for (size_t i = 0; i < a.sequence().size(); ++i) {
    Difference d = difference(a.sequence()[i], b.sequence()[i]);
    if (!d.comparable) return d;
    if (d.scaled > worst.scaled) worst = d;
  }
  return worst;
}

}  // namespace oarlock::cli
