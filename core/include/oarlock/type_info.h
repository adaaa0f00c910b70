#pragma once

#include <memory>
#include <string>
#include <vector>

#include "oarlock/dtype.h"
#include "oarlock/shape.h"

namespace oarlock {

// What is known of a value before running: its kind, element type, and shape as far as known.
struct TypeInfo {
  enum class Kind : uint8_t { unknown, tensor, sequence, optional, map };

  Kind kind = Kind::unknown;
  DType dtype = DType::undefined;           // tensor; of the keys of a map
  bool has_rank = false;                    // tensor: `shape` tells at least the rank
  Shape shape;                              // tensor: kUnknown for unknown extents
  std::vector<std::string> dim_names;       // tensor: empty, or one (maybe empty) name a dimension
  std::shared_ptr<const TypeInfo> element;  // sequence, optional, values of a map

  static TypeInfo tensor(DType dtype, Shape shape);
  static TypeInfo tensor(DType dtype);  // rank unknown
  static TypeInfo sequence_of(TypeInfo element);
  static TypeInfo optional_of(TypeInfo element);
  static TypeInfo map_of(DType key, DType value);

  bool is_tensor() const { return kind == Kind::tensor; }
  // A tensor with known dtype and all extents known.
  bool is_concrete() const {
    return is_tensor() && dtype != DType::undefined && has_rank && shape.is_concrete();
  }
};

bool operator==(const TypeInfo& a, const TypeInfo& b);  // names of dimensions do not count

// "float32[batch, 3, ?]", "sequence(int64[?])", "map(string, float32)".
std::string to_string(const TypeInfo& type);

}  // namespace oarlock
