#pragma once

#include <array>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>

#include "backends/opencl/ops/support/layouts.h"

namespace oarlock::opencl {

// Tags of layouts that say all there is to know about them: "name/1/2/3".
template <size_t N>
std::string tag_of(std::string_view name, const std::array<int64_t, N>& numbers) {
  std::string tag(name);
  for (const int64_t n : numbers) tag += concat("/", n);
  return tag;
}

// The numbers, none larger than kMostElements; empty for other tags.
template <size_t N>
std::optional<std::array<int64_t, N>> numbers_in(std::string_view tag, std::string_view name) {
  if (!tag.starts_with(name)) return std::nullopt;
  std::array<int64_t, N> numbers;
  const char* at = tag.data() + name.size();
  const char* const end = tag.data() + tag.size();
  for (int64_t& n : numbers) {
    if (at == end || *at != '/') return std::nullopt;
    const auto [next, error] = std::from_chars(at + 1, end, n);
    if (error != std::errc() || n < 0 || n > kMostElements) return std::nullopt;
    at = next;
  }
  if (at != end) return std::nullopt;
  return numbers;
}

}  // namespace oarlock::opencl
