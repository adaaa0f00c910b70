// ONNX Split (18).
#include "core/ops/support/split.h"

#include "core/ops/support/arguments.h"
#include "core/ops/support/types.h"

namespace oarlock::ops {
namespace {

// Lengths of the parts by attribute num_outputs, or equal ones for `count` outputs.
Result<IntegerList> even_lengths(const Attrs& attrs, int64_t extent, size_t count) {
  const int64_t parts = attrs.integer("num_outputs", static_cast<int64_t>(count));
  if (parts != static_cast<int64_t>(count)) {
    return invalid("num_outputs is ", parts, " but the node has ", count, " outputs");
  }
  return lengths_of_chunks(extent, extent / parts + (extent % parts != 0), count);
}

Status infer_split(InferContext& c) {
  OARLOCK_TRY(check_tensor(c, 0));
  OARLOCK_TRY(check_min_rank(c, 0, 1));
  OARLOCK_ASSIGN(const size_t axis, resolve_axis(c.attrs().integer("axis"), c.shape(0).rank()));
  const int64_t extent = c.shape(0)[axis];
  IntegerList lengths(c.output_count(), Shape::kUnknown);
  if (c.has_input(1)) {
    OARLOCK_TRY(check_integers(c, 1, true));
    OARLOCK_TRY(check_rank(c, 1, 1));
    OARLOCK_ASSIGN(const auto given, known_integers(c, 1));
    if (given) {
      OARLOCK_TRY(check_lengths(*given, extent, c.output_count()));
      lengths = *given;
    }
  } else if (extent != Shape::kUnknown) {
    OARLOCK_ASSIGN(lengths, even_lengths(c.attrs(), extent, c.output_count()));
  }
  for (size_t i = 0; i < c.output_count(); ++i) {
    Shape shape = c.shape(0);
    shape[axis] = lengths[i];
    c.set_output(i, c.dtype(0), std::move(shape));
  }
  return {};
}

Status run_split(RunContext& c) {
  const Tensor& x = c.input(0);
  OARLOCK_ASSIGN(const size_t axis, resolve_axis(c.attrs().integer("axis"), x.shape().rank()));
  const int64_t extent = x.shape()[axis];
  IntegerList lengths;
  if (c.has_input(1)) {
    OARLOCK_ASSIGN(lengths, read_integers(c.input(1)));
    OARLOCK_TRY(check_lengths(lengths, extent, c.output_count()));
  } else {
    OARLOCK_ASSIGN(lengths, even_lengths(c.attrs(), extent, c.output_count()));
  }
  int64_t offset = 0;
  for (size_t i = 0; i < c.output_count(); ++i) {
    if (c.has_output(i)) {
      Shape shape = x.shape();
      shape[axis] = lengths[i];
      OARLOCK_ASSIGN(Tensor* const y, c.output(i, x.dtype(), shape));
      OARLOCK_TRY(copy_part(x, axis, offset, *y));
    }
    offset += lengths[i];
  }
  return {};
}

}  // namespace

std::span<const OpDef> split_ops() {
  static const OpDef defs[] = {{.name = "Split",
                                .since_version = 18,
                                .attrs = {{"axis", 0}, {"num_outputs", AttrKind::integer}},
                                .inputs = {1, 2},
                                .outputs = {1, Arity::kMany},
                                .infer = infer_split,
                                .reference = run_split}};
  return defs;
}

}  // namespace oarlock::ops
