#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "oarlock/tensor.h"
#include "oarlock/type_info.h"

namespace oarlock {

class Graph;
using GraphPtr = std::shared_ptr<const Graph>;

// The value of an attribute: the kinds of ONNX's AttributeProto.
using AttrValue = std::variant<int64_t, float, std::string, Tensor, GraphPtr, TypeInfo,
                               std::vector<int64_t>, std::vector<float>, std::vector<std::string>,
                               std::vector<Tensor>, std::vector<GraphPtr>, std::vector<TypeInfo>>;

// The order of AttrValue's alternatives.
enum class AttrKind : uint8_t {
  integer,
  number,
  string,
  tensor,
  graph,
  type,
  integers,
  numbers,
  strings,
  tensors,
  graphs,
  types,
};
std::string_view to_string(AttrKind kind);

// Attributes of a node by name. Getters return the fallback when the name is absent or holds
// another kind; after a node was checked against its OpDef, kinds are right and defaults filled in.
class Attrs {
 public:
  using Entry = std::pair<std::string, AttrValue>;

  Attrs() = default;
  Attrs(std::initializer_list<Entry> entries) {
    for (const Entry& e : entries) set(e.first, e.second);
  }

  void set(std::string_view name, AttrValue value);
  void erase(std::string_view name);
  const AttrValue* find(std::string_view name) const;
  bool has(std::string_view name) const { return find(name) != nullptr; }

  int64_t integer(std::string_view name, int64_t fallback = 0) const;
  float number(std::string_view name, float fallback = 0) const;
  const std::string& string(std::string_view name) const;             // "" when absent
  const std::vector<int64_t>& integers(std::string_view name) const;  // {} when absent
  const std::vector<float>& numbers(std::string_view name) const;
  const std::vector<std::string>& strings(std::string_view name) const;
  const Tensor* tensor(std::string_view name) const;  // nullptr when absent
  GraphPtr graph(std::string_view name) const;        // nullptr when absent

  // Sorted by name.
  const std::vector<Entry>& entries() const { return entries_; }

 private:
  std::vector<Entry> entries_;
};

// Same names, kinds and contents (tensors by bytes, graphs by identity).
bool operator==(const Attrs& a, const Attrs& b);

// "axis=1", lists shortened after a few elements: for reports.
std::string to_string(const Attrs& attrs);

}  // namespace oarlock
