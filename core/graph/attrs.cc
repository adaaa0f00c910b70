#include "oarlock/plugin/attrs.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace oarlock {
namespace {

template <class T>
const T* get(const Attrs& attrs, std::string_view name) {
  const AttrValue* value = attrs.find(name);
  return value ? std::get_if<T>(value) : nullptr;
}

template <class T>
const T& get_or_empty(const Attrs& attrs, std::string_view name) {
  static const T empty;
  const T* value = get<T>(attrs, name);
  return value ? *value : empty;
}

bool same(float a, float b) { return std::bit_cast<uint32_t>(a) == std::bit_cast<uint32_t>(b); }

bool same(const Tensor& a, const Tensor& b) {
  if (a.dtype() != b.dtype() || !(a.shape() == b.shape())) return false;
  if (a.dtype() == DType::string) {
    return std::ranges::equal(a.as<std::string>(), b.as<std::string>());
  }
  return a.data() == b.data() || a.bytes() == 0 || std::memcmp(a.data(), b.data(), a.bytes()) == 0;
}

template <class T>
bool same(const T& a, const T& b) {
  return a == b;
}

template <class T>
bool same(const std::vector<T>& a, const std::vector<T>& b) {
  return std::ranges::equal(a, b, [](const T& x, const T& y) { return same(x, y); });
}

std::string text(int64_t value) { return std::to_string(value); }
std::string text(float value) { return concat(value); }
std::string text(const std::string& value) { return concat('"', value, '"'); }
std::string text(const Tensor& value) { return to_string(value); }
std::string text(const GraphPtr&) { return "graph"; }
std::string text(const TypeInfo& value) { return to_string(value); }

template <class T>
std::string text(const std::vector<T>& list) {
  constexpr size_t kShown = 8;
  std::string out = "[";
  for (size_t i = 0; i < std::min(list.size(), kShown); ++i) {
    if (i > 0) out += ", ";
    out += text(list[i]);
  }
  if (list.size() > kShown) out += ", ...";
  return out + "]";
}

}  // namespace

std::string_view to_string(AttrKind kind) {
  static constexpr std::array<std::string_view, 12> kNames = {
      "int",  "float",  "string",  "tensor",  "graph",  "type",
      "ints", "floats", "strings", "tensors", "graphs", "types"};
  const auto index = static_cast<size_t>(kind);
  return index < kNames.size() ? kNames[index] : "unknown";
}

void Attrs::set(std::string_view name, AttrValue value) {
  const auto at = std::ranges::lower_bound(entries_, name, {}, &Entry::first);
  if (at != entries_.end() && at->first == name) {
    at->second = std::move(value);
  } else {
    entries_.insert(at, Entry(std::string(name), std::move(value)));
  }
}

void Attrs::erase(std::string_view name) {
  std::erase_if(entries_, [&](const Entry& entry) { return entry.first == name; });
}

const AttrValue* Attrs::find(std::string_view name) const {
  const auto at = std::ranges::lower_bound(entries_, name, {}, &Entry::first);
  return at != entries_.end() && at->first == name ? &at->second : nullptr;
}

int64_t Attrs::integer(std::string_view name, int64_t fallback) const {
  const auto* value = get<int64_t>(*this, name);
  return value ? *value : fallback;
}

float Attrs::number(std::string_view name, float fallback) const {
  const auto* value = get<float>(*this, name);
  return value ? *value : fallback;
}

const std::string& Attrs::string(std::string_view name) const {
  return get_or_empty<std::string>(*this, name);
}

const std::vector<int64_t>& Attrs::integers(std::string_view name) const {
  return get_or_empty<std::vector<int64_t>>(*this, name);
}

const std::vector<float>& Attrs::numbers(std::string_view name) const {
  return get_or_empty<std::vector<float>>(*this, name);
}

const std::vector<std::string>& Attrs::strings(std::string_view name) const {
  return get_or_empty<std::vector<std::string>>(*this, name);
}

const Tensor* Attrs::tensor(std::string_view name) const { return get<Tensor>(*this, name); }

GraphPtr Attrs::graph(std::string_view name) const {
  const auto* value = get<GraphPtr>(*this, name);
  return value ? *value : nullptr;
}

bool operator==(const Attrs& a, const Attrs& b) {
  return std::ranges::equal(
      a.entries(), b.entries(), [](const Attrs::Entry& x, const Attrs::Entry& y) {
        if (x.first != y.first || x.second.index() != y.second.index()) return false;
        return std::visit(
            [&](const auto& value) {
              return same(value, std::get<std::decay_t<decltype(value)>>(y.second));
            },
            x.second);
      });
}

std::string to_string(const Attrs& attrs) {
  std::string out;
  for (const Attrs::Entry& entry : attrs.entries()) {
    if (!out.empty()) out += ", ";
    out += entry.first;
    out += "=";
    out += std::visit([](const auto& value) { return text(value); }, entry.second);
  }
  return out;
}

}  // namespace oarlock
