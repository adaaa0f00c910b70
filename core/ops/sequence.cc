// ONNX SequenceEmpty, SequenceConstruct, SequenceAt, SequenceInsert, SequenceErase, SequenceLength,
// ConcatFromSequence (11), SplitToSequence (24).
#include <algorithm>

#include "core/ops/support/arguments.h"
#include "core/ops/support/concat.h"
#include "core/ops/support/merge_types.h"
#include "core/ops/support/sequences.h"
#include "core/ops/support/split.h"
#include "core/ops/support/stack.h"
#include "core/ops/support/types.h"

namespace oarlock::ops {
namespace {

Result<DType> empty_dtype(const Attrs& attrs) {
  const int64_t number = attrs.integer("dtype", static_cast<int64_t>(DType::float32));
  if (number > 0 && number < kDTypeCount) return static_cast<DType>(number);
  return invalid("attribute 'dtype' is ", number, ", which is no element type");
}

Status infer_empty(InferContext& c) {
  OARLOCK_ASSIGN(const DType dtype, empty_dtype(c.attrs()));
  c.set_output(0, TypeInfo::sequence_of(TypeInfo::tensor(dtype)));
  return {};
}

Status run_empty(RunContext& c) { return c.set_output(0, Sequence()); }

Status infer_construct(InferContext& c) {
  TypeInfo element = c.input(0);
  for (size_t i = 0; i < c.input_count(); ++i) {
    OARLOCK_TRY(check_tensor(c, i));
    if (c.dtype(i) != c.dtype(0)) {
      return invalid("input ", i, " is ", c.dtype(i), ", expected ", c.dtype(0), " like input 0");
    }
    element = merge_types(element, c.input(i));
  }
  c.set_output(0, TypeInfo::sequence_of(std::move(element)));
  return {};
}

Status run_construct(RunContext& c) {
  Sequence sequence;
  for (size_t i = 0; i < c.input_count(); ++i) sequence.push_back(c.input_value(i));
  return c.set_output(0, std::move(sequence));
}

// Input i as a place in 0..limit-1; negative ones count from `size`.
Result<size_t> place_of(RunContext& c, size_t i, size_t size, size_t limit) {
  OARLOCK_ASSIGN(const int64_t given, read_integer(c.input(i)));
  const int64_t place = given < 0 ? given + static_cast<int64_t>(size) : given;
  if (place < 0 || place >= static_cast<int64_t>(limit)) {
    return invalid("position ", given, " is out of range for a sequence of ", size);
  }
  return static_cast<size_t>(place);
}

Status infer_at(InferContext& c) {
  OARLOCK_TRY(check_sequence(c, 0));
  OARLOCK_TRY(check_integers(c, 1));
  c.set_output(0, *c.input(0).element);
  return {};
}

Status run_at(RunContext& c) {
  OARLOCK_ASSIGN(const Sequence* sequence, sequence_input(c, 0));
  OARLOCK_ASSIGN(const size_t place, place_of(c, 1, sequence->size(), sequence->size()));
  return c.set_output(0, (*sequence)[place]);
}

Status infer_insert(InferContext& c) {
  OARLOCK_TRY(check_sequence(c, 0));
  OARLOCK_TRY(check_tensor(c, 1));
  if (c.has_input(2)) OARLOCK_TRY(check_integers(c, 2));
  const TypeInfo& element = *c.input(0).element;
  if (element.is_tensor() && element.dtype != c.dtype(1)) {
    return invalid("cannot insert ", c.input(1), " into ", c.input(0));
  }
  c.set_output(0, TypeInfo::sequence_of(merge_types(element, c.input(1))));
  return {};
}

Status run_insert(RunContext& c) {
  OARLOCK_ASSIGN(const Sequence* given, sequence_input(c, 0));
  size_t place = given->size();
  if (c.has_input(2)) {
    OARLOCK_ASSIGN(place, place_of(c, 2, given->size(), given->size() + 1));
  }
  Sequence sequence = *given;
  sequence.insert(sequence.begin() + static_cast<int64_t>(place), c.input_value(1));
  return c.set_output(0, std::move(sequence));
}

Status infer_erase(InferContext& c) {
  OARLOCK_TRY(check_sequence(c, 0));
  if (c.has_input(1)) OARLOCK_TRY(check_integers(c, 1));
  return same_type_as_input(c);
}

Status run_erase(RunContext& c) {
  OARLOCK_ASSIGN(const Sequence* given, sequence_input(c, 0));
  if (given->empty()) return invalid("cannot erase from an empty sequence");
  size_t place = given->size() - 1;
  if (c.has_input(1)) {
    OARLOCK_ASSIGN(place, place_of(c, 1, given->size(), given->size()));
  }
  Sequence sequence = *given;
  sequence.erase(sequence.begin() + static_cast<int64_t>(place));
  return c.set_output(0, std::move(sequence));
}

Status infer_length(InferContext& c) {
  OARLOCK_TRY(check_sequence(c, 0));
  c.set_output(0, DType::int64, {});
  return {};
}

Status run_length(RunContext& c) {
  OARLOCK_ASSIGN(const Sequence* sequence, sequence_input(c, 0));
  OARLOCK_ASSIGN(Tensor* const y, c.output(0, DType::int64, {}));
  y->mutable_as<int64_t>()[0] = static_cast<int64_t>(sequence->size());
  return {};
}

Status infer_concat_from(InferContext& c) {
  OARLOCK_TRY(check_sequence(c, 0));
  const TypeInfo& element = *c.input(0).element;
  if (!element.is_tensor()) return {};
  TypeInfo type = TypeInfo::tensor(element.dtype);
  if (element.has_rank) {
    const bool adds = c.attrs().integer("new_axis") != 0;
    type = element;
    type.dim_names.clear();
    OARLOCK_ASSIGN(const size_t axis,
                   resolve_axis(c.attrs().integer("axis"), type.shape.rank() + (adds ? 1 : 0)));
    if (adds) {
      type.shape.insert(axis, Shape::kUnknown);
    } else {
      type.shape[axis] = Shape::kUnknown;
    }
  }
  c.set_output(0, std::move(type));
  return {};
}

Status run_concat_from(RunContext& c) {
  OARLOCK_ASSIGN(const Sequence* sequence, sequence_input(c, 0));
  std::vector<Tensor> tensors;
  for (const Value& value : *sequence) {
    if (!value.is_tensor()) return invalid("the sequence holds other values than tensors");
    tensors.push_back(value.tensor());
  }
  if (tensors.empty()) return invalid("an empty sequence cannot be concatenated");
  const int64_t given = c.attrs().integer("axis");
  if (c.attrs().integer("new_axis") != 0) return set_stacked(c, 0, tensors, given, {});
  Shape shape = tensors[0].shape();
  OARLOCK_ASSIGN(const size_t axis, resolve_axis(given, shape.rank()));
  for (size_t i = 1; i < tensors.size(); ++i) {
    if (tensors[i].dtype() != tensors[0].dtype()) {
      return invalid("element ", i, " is ", tensors[i].dtype(), ", expected ", tensors[0].dtype());
    }
    OARLOCK_TRY(append_along(shape, tensors[i].shape(), axis, i));
  }
  OARLOCK_ASSIGN(Tensor* const y, c.output(0, tensors[0].dtype(), shape));
  return concatenate(
      tensors.size(), [&](size_t i) -> const Tensor& { return tensors[i]; }, axis, *y);
}

Status infer_split_to(InferContext& c) {
  OARLOCK_TRY(check_tensor(c, 0));
  OARLOCK_TRY(check_min_rank(c, 0, 1));
  if (c.has_input(1)) OARLOCK_TRY(check_integers(c, 1));
  Shape shape = c.shape(0);
  OARLOCK_ASSIGN(const size_t axis, resolve_axis(c.attrs().integer("axis"), shape.rank()));
  shape[axis] = Shape::kUnknown;
  if (!c.has_input(1)) {
    shape[axis] = 1;
    if (c.attrs().integer("keepdims") == 0) shape.erase(axis);
  }
  c.set_output(0, TypeInfo::sequence_of(TypeInfo::tensor(c.dtype(0), std::move(shape))));
  return {};
}

// By default parts of length 1; a scalar gives the length of parts, a list one for each.
Result<IntegerList> part_lengths(RunContext& c, int64_t extent) {
  int64_t chunk = 1;
  if (c.has_input(1)) {
    if (!c.input(1).shape().empty()) {
      OARLOCK_ASSIGN(const IntegerList lengths, read_integers(c.input(1)));
      OARLOCK_TRY(check_lengths(lengths, extent, lengths.size()));
      return lengths;
    }
    OARLOCK_ASSIGN(chunk, read_integer(c.input(1)));
    if (chunk < 1) return invalid("split is ", chunk, ", expected 1 or more");
  }
  const int64_t count = extent / chunk + (extent % chunk != 0);
  return lengths_of_chunks(extent, chunk, static_cast<size_t>(count));
}

Status run_split_to(RunContext& c) {
  const Tensor& x = c.input(0);
  OARLOCK_ASSIGN(const size_t axis, resolve_axis(c.attrs().integer("axis"), x.shape().rank()));
  OARLOCK_ASSIGN(const IntegerList lengths, part_lengths(c, x.shape()[axis]));
  const bool drops = !c.has_input(1) && c.attrs().integer("keepdims") == 0;
  Sequence sequence;
  int64_t offset = 0;
  for (const int64_t length : lengths) {
    Shape shape = x.shape();
    shape[axis] = length;
    OARLOCK_ASSIGN(Tensor part, Tensor::allocate(x.dtype(), shape));
    OARLOCK_TRY(copy_part(x, axis, offset, part));
    if (drops) {
      shape.erase(axis);
      OARLOCK_ASSIGN(part, part.reshaped(shape));
    }
    sequence.push_back(std::move(part));
    offset += length;
  }
  return c.set_output(0, std::move(sequence));
}

}  // namespace

std::span<const OpDef> sequence_ops() {
  static const OpDef defs[] = {
      {.name = "SequenceEmpty",
       .since_version = 11,
       .attrs = {{"dtype", AttrKind::integer}},
       .inputs = 0,
       .infer = infer_empty,
       .reference = run_empty},
      {.name = "SequenceConstruct",
       .since_version = 11,
       .inputs = {1, Arity::kMany},
       .infer = infer_construct,
       .reference = run_construct},
      {.name = "SequenceAt",
       .since_version = 11,
       .inputs = 2,
       .infer = infer_at,
       .reference = run_at},
      {.name = "SequenceInsert",
       .since_version = 11,
       .inputs = {2, 3},
       .infer = infer_insert,
       .reference = run_insert},
      {.name = "SequenceErase",
       .since_version = 11,
       .inputs = {1, 2},
       .infer = infer_erase,
       .reference = run_erase},
      {.name = "SequenceLength",
       .since_version = 11,
       .inputs = 1,
       .infer = infer_length,
       .reference = run_length},
      {.name = "ConcatFromSequence",
       .since_version = 11,
       .attrs = {AttrDef::must("axis", AttrKind::integer), {"new_axis", 0}},
       .inputs = 1,
       .infer = infer_concat_from,
       .reference = run_concat_from},
      {.name = "SplitToSequence",
       .since_version = 24,
       .attrs = {{"axis", 0}, {"keepdims", 1}},
       .inputs = {1, 2},
       .infer = infer_split_to,
       .reference = run_split_to},
  };
  return defs;
}

}  // namespace oarlock::ops
