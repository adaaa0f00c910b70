// Softmax, LogSoftmax, Hardmax.
#include "converter/adapters/adapters.h"

namespace oarlock::converter {

namespace {

// Whether all extents behind `axis` are 1, so that one axis is what was flattened.
bool only_ones_behind(const Shape& shape, size_t axis) {
  for (size_t d = axis + 1; d < shape.rank(); ++d)
    if (shape[d] != 1) return false;
  return true;
}

}  // namespace

// Until 13 they worked on a matrix: all dimensions from `axis` (default 1) on were flattened.
Status softmax_13(NodeDraft& draft, DraftContext& graph) {
  const int64_t axis = draft.attrs.integer("axis", 1);
  draft.attrs.set("axis", axis);
  if (draft.inputs.size() != 1) return {};
  const ValueId data = draft.inputs[0];
  const TypeInfo& type = graph.type(data);
  if (type.is_tensor() && type.has_rank) {
    const std::optional<size_t> normal = normalize_axis(axis, type.shape.rank());
    if (normal && only_ones_behind(type.shape, *normal)) return {};
  } else if (axis == -1) {
    return {};
  }
  const std::string name = draft.name;
  OARLOCK_ASSIGN(const ValueId shape, graph.add(name + "/shape", "Shape", {data}));
  OARLOCK_ASSIGN(const ValueId matrix,
                 graph.add(name + "/matrix", "Flatten", {data}, {{"axis", axis}}));
  OARLOCK_ASSIGN(const ValueId result,
                 graph.add(name + "/rows", draft.op, {matrix}, {{"axis", int64_t{-1}}}));
  draft.op = "Reshape";
  draft.inputs = {result, shape};
  draft.attrs = {{"allowzero", int64_t{1}}};
  return {};
}

}  // namespace oarlock::converter
