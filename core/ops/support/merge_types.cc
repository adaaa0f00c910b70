#include "core/ops/support/merge_types.h"

namespace oarlock::ops {

TypeInfo merge_types(const TypeInfo& a, const TypeInfo& b) {
  using Kind = TypeInfo::Kind;
  if (a.kind != b.kind || a.kind == Kind::unknown) return {};
  if (a.is_tensor()) {
    if (a.dtype != b.dtype) return {};
    TypeInfo merged = a;
    merged.dim_names.clear();
    merged.has_rank = a.has_rank && b.has_rank && a.shape.rank() == b.shape.rank();
    if (!merged.has_rank) return TypeInfo::tensor(a.dtype);
    for (size_t i = 0; i < merged.shape.rank(); ++i) {
      if (merged.shape[i] != b.shape[i]) merged.shape[i] = Shape::kUnknown;
    }
    return merged;
  }
  if (a.kind == Kind::map) return a == b ? a : TypeInfo();
  if (!a.element || !b.element) return a.element ? a : b;
  TypeInfo element = merge_types(*a.element, *b.element);
  return a.kind == Kind::sequence ? TypeInfo::sequence_of(std::move(element))
                                  : TypeInfo::optional_of(std::move(element));
}

}  // namespace oarlock::ops
