#include "oarlock/type_info.h"

#include "oarlock/status.h"

namespace oarlock {

TypeInfo TypeInfo::tensor(DType dtype, Shape shape) {
  TypeInfo type = tensor(dtype);
  type.has_rank = true;
  type.shape = std::move(shape);
  return type;
}

TypeInfo TypeInfo::tensor(DType dtype) {
  TypeInfo type;
  type.kind = Kind::tensor;
  type.dtype = dtype;
  return type;
}

TypeInfo TypeInfo::sequence_of(TypeInfo element) {
  TypeInfo type;
  type.kind = Kind::sequence;
  type.element = std::make_shared<const TypeInfo>(std::move(element));
  return type;
}

TypeInfo TypeInfo::optional_of(TypeInfo element) {
  TypeInfo type;
  type.kind = Kind::optional;
  type.element = std::make_shared<const TypeInfo>(std::move(element));
  return type;
}

TypeInfo TypeInfo::map_of(DType key, DType value) {
  TypeInfo type;
  type.kind = Kind::map;
  type.dtype = key;
  type.element = std::make_shared<const TypeInfo>(TypeInfo::tensor(value, Shape()));
  return type;
}

bool operator==(const TypeInfo& a, const TypeInfo& b) {
  if (a.kind != b.kind) return false;
  if (a.is_tensor()) {
    return a.dtype == b.dtype && a.has_rank == b.has_rank && (!a.has_rank || a.shape == b.shape);
  }
  if (a.dtype != b.dtype) return false;
  if (!a.element || !b.element) return !a.element && !b.element;
  return *a.element == *b.element;
}

std::string to_string(const TypeInfo& type) {
  switch (type.kind) {
    case TypeInfo::Kind::unknown:
      return "unknown";
    case TypeInfo::Kind::sequence:
      return concat("sequence(", type.element ? to_string(*type.element) : "", ")");
    case TypeInfo::Kind::optional:
      return concat("optional(", type.element ? to_string(*type.element) : "", ")");
    case TypeInfo::Kind::map:
      return concat("map(", type.dtype, ", ", type.element ? to_string(type.element->dtype) : "",
                    ")");
    case TypeInfo::Kind::tensor:
      break;
  }
  std::string out(to_string(type.dtype));
  if (!type.has_rank) return out + "[...]";
  out += "[";
  for (size_t i = 0; i < type.shape.rank(); ++i) {
    if (i > 0) out += ", ";
    if (type.shape[i] != Shape::kUnknown) {
      out += std::to_string(type.shape[i]);
    } else if (i < type.dim_names.size() && !type.dim_names[i].empty()) {
      out += type.dim_names[i];
    } else {
      out += "?";
    }
  }
  return out + "]";
}

}  // namespace oarlock
