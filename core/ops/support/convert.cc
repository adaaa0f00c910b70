#include "core/ops/support/convert.h"

#include <algorithm>
#include <bit>
#include <cctype>
#include <charconv>
#include <cmath>
#include <limits>
#include <string>

#include "core/ops/support/saturate.h"
#include "core/ops/support/units.h"

namespace oarlock::ops {
namespace {

// Elements pass through blocks of one of three wide types, which hold all others exactly.
constexpr int64_t kBlock = 256;

// To a float such that rounding it again to fewer bits rounds like the double itself.
float rounded_to_odd(double value) {
  auto narrow = static_cast<float>(value);
  if (static_cast<double>(narrow) == value || !std::isfinite(narrow)) return narrow;
  if (std::fabs(static_cast<double>(narrow)) > std::fabs(value)) {
    narrow = std::nextafter(narrow, 0.0f);
  }
  return std::bit_cast<float>(std::bit_cast<uint32_t>(narrow) | 1u);
}

template <class T, class W>
T narrowed(W value) {
  if constexpr (std::is_same_v<T, bool>) {
    return value != 0;
  } else if constexpr (std::is_integral_v<T> && std::is_same_v<W, double>) {
    if constexpr (std::is_same_v<T, uint64_t>) {
      return value < 0 ? static_cast<T>(saturated<int64_t>(value)) : saturated<T>(value);
    } else if constexpr (sizeof(T) >= 4) {
      return std::is_same_v<T, uint32_t> ? static_cast<T>(saturated<int64_t>(value))
                                         : saturated<T>(value);
    } else {
      return static_cast<T>(saturated<int32_t>(value));
    }
  } else if constexpr (std::is_arithmetic_v<T>) {
    return static_cast<T>(value);
  } else {
    return T(rounded_to_odd(static_cast<double>(value)));
  }
}

bool is_small_float(DType dtype) {
  return dtype == DType::float4e2m1 || (is_floating(dtype) && bits(dtype) == 8);
}

template <class W>
uint8_t small_float(DType dtype, W value, const ConversionOptions& options) {
  const float narrow = rounded_to_odd(static_cast<double>(value));
  if (dtype == DType::float8e8m0) {
    return float_to_e8m0(narrow, options.scale_rounding, options.saturate);
  }
  return float_to_small_float(dtype, narrow, options.saturate);
}

// Elements first .. first + count - 1 as W.
template <class W>
void load(const Tensor& from, int64_t first, int64_t count, W* block) {
  const DType dtype = from.dtype();
  if (bits(dtype) < 8 && dtype != DType::float4e2m1) {
    for (int64_t i = 0; i < count; ++i) {
      block[i] = static_cast<W>(load_packed(dtype, from.data(), first + i));
    }
  } else if (is_small_float(dtype)) {
    for (int64_t i = 0; i < count; ++i) {
      const uint8_t code = dtype == DType::float4e2m1
                               ? static_cast<uint8_t>(load_packed(dtype, from.data(), first + i))
                               : from.as<uint8_t>()[first + i];
      block[i] = static_cast<W>(small_float_to_float(dtype, code));
    }
  } else {
    const auto copy = [&](auto tag) {
      using T = typename decltype(tag)::Type;
      const T* source = from.as<T>().data() + first;
      for (int64_t i = 0; i < count; ++i) block[i] = static_cast<W>(Compute<T>(source[i]));
    };
    if constexpr (std::is_same_v<W, double>) {
      visit_floats(dtype, copy);
    } else {
      visit_types<bool>(dtype, copy) || visit_integers(dtype, copy);
    }
  }
}

template <class W>
void store(const W* block, Tensor& to, int64_t first, int64_t count,
           const ConversionOptions& options) {
  const DType dtype = to.dtype();
  if (bits(dtype) < 8) {
    for (int64_t i = 0; i < count; ++i) {
      const int code = dtype == DType::float4e2m1 ? small_float(dtype, block[i], options)
                                                  : narrowed<int8_t>(block[i]);
      store_packed(dtype, to.mutable_data(), first + i, code);
    }
  } else if (is_small_float(dtype)) {
    for (int64_t i = 0; i < count; ++i) {
      to.mutable_as<uint8_t>()[first + i] = small_float(dtype, block[i], options);
    }
  } else {
    const auto copy = [&](auto tag) {
      using T = typename decltype(tag)::Type;
      T* target = to.mutable_as<T>().data() + first;
      for (int64_t i = 0; i < count; ++i) target[i] = narrowed<T>(block[i]);
    };
    visit_types<bool>(dtype, copy) || visit_numbers(dtype, copy);
  }
}

template <class W>
void convert_numbers(const Tensor& from, Tensor& to, const ConversionOptions& options) {
  W block[kBlock];
  for (int64_t first = 0; first < from.elements(); first += kBlock) {
    const int64_t count = std::min(kBlock, from.elements() - first);
    load(from, first, count, block);
    store(block, to, first, count, options);
  }
}

// Plain notation for moderate numbers, scientific for others; a float shows that it is one.
template <class T>
std::string number_text(T value) {
  if constexpr (std::is_integral_v<T>) {
    return std::to_string(value);
  } else {
    if (std::isnan(value)) return "nan";
    if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
    const T magnitude = std::fabs(value);
    const bool plain = magnitude == 0 || (magnitude >= T{1e-4f} && magnitude < T{1e16f});
    char text[64];
    const auto format = plain ? std::chars_format::fixed : std::chars_format::scientific;
    std::string out(text, std::to_chars(text, text + sizeof(text), value, format).ptr);
    if (plain && out.find('.') == std::string::npos) out += ".0";
    return out;
  }
}

void numbers_to_text(const Tensor& from, Tensor& to) {
  std::string* target = to.mutable_as<std::string>().data();
  const auto write_each = [&](auto wide) {
    using W = decltype(wide);
    W block[kBlock];
    for (int64_t first = 0; first < from.elements(); first += kBlock) {
      const int64_t count = std::min(kBlock, from.elements() - first);
      load(from, first, count, block);
      for (int64_t i = 0; i < count; ++i) {
        target[first + i] = from.dtype() == DType::float64 || !std::is_same_v<W, double>
                                ? number_text(block[i])
                                : number_text(static_cast<float>(block[i]));
      }
    }
  };
  if (is_floating(from.dtype())) {
    write_each(double{});
  } else if (from.dtype() == DType::boolean) {
    for (int64_t i = 0; i < from.elements(); ++i)
      target[i].assign(1, from.as<bool>()[i] ? '1' : '0');
  } else if (is_signed(from.dtype())) {
    write_each(int64_t{});
  } else {
    write_each(uint64_t{});
  }
}

template <class W>
bool parse(const std::string& text, W& value) {
  const char *first = text.data(), *last = first + text.size();
  while (first < last && std::isspace(static_cast<unsigned char>(*first))) ++first;
  while (first < last && std::isspace(static_cast<unsigned char>(last[-1]))) --last;
  if (first < last && *first == '+') ++first;
  const auto [end, error] = std::from_chars(first, last, value);
  if (error == std::errc() && end == last && first != last) return true;
  if constexpr (std::is_integral_v<W>) {
    double number = 0;
    const auto real = std::from_chars(first, last, number);
    if (real.ec != std::errc() || real.ptr != last || first == last) return false;
    value = narrowed<W>(number);
    return true;
  } else {
    // Out of range: too large or too small for a double.
    if (error != std::errc::result_out_of_range || end != last) return false;
    value = std::strtod(text.c_str(), nullptr);
    return true;
  }
}

template <class W>
Status text_to_numbers(const Tensor& from, Tensor& to, const ConversionOptions& options) {
  W block[kBlock];
  for (int64_t first = 0; first < from.elements(); first += kBlock) {
    const int64_t count = std::min(kBlock, from.elements() - first);
    for (int64_t i = 0; i < count; ++i) {
      const std::string& text = from.as<std::string>()[first + i];
      if (!parse(text, block[i])) {
        return invalid("cannot read \"", text.substr(0, 40), "\" (element ", first + i, ") as ",
                       to.dtype());
      }
    }
    store(block, to, first, count, options);
  }
  return {};
}

bool is_complex(DType dtype) { return dtype == DType::complex64 || dtype == DType::complex128; }

}  // namespace

bool is_convertible(DType from, DType to) {
  if (bits(from) == 0 || bits(to) == 0) return false;
  return from == to || (!is_complex(from) && !is_complex(to));
}

Status convert(const Tensor& from, Tensor& to, const ConversionOptions& options) {
  if (!is_convertible(from.dtype(), to.dtype())) {
    return unsupported("conversion from ", from.dtype(), " to ", to.dtype());
  }
  if (from.dtype() == to.dtype()) return copy_elements(from, to);
  if (to.dtype() == DType::string) {
    numbers_to_text(from, to);
    return {};
  }
  const bool float_wanted = is_floating(to.dtype());
  const bool signed_wanted = is_signed(to.dtype());
  if (from.dtype() == DType::string) {
    if (float_wanted || to.dtype() == DType::boolean) {
      return text_to_numbers<double>(from, to, options);
    }
    return signed_wanted ? text_to_numbers<int64_t>(from, to, options)
                         : text_to_numbers<uint64_t>(from, to, options);
  }
  if (is_floating(from.dtype())) {
    convert_numbers<double>(from, to, options);
  } else if (is_signed(from.dtype())) {
    convert_numbers<int64_t>(from, to, options);
  } else {
    convert_numbers<uint64_t>(from, to, options);
  }
  return {};
}

}  // namespace oarlock::ops
