// ONNX Gather, GatherElements, GatherND (13).
#include <algorithm>

#include "core/ops/support/indexing.h"
#include "core/ops/support/strided_loop.h"
#include "core/ops/support/types.h"
#include "core/ops/support/units.h"

namespace oarlock::ops {
namespace {

Shape gathered(const Shape& data, const Shape& indices, size_t axis) {
  Shape out;
  for (size_t i = 0; i < axis; ++i) out.push_back(data[i]);
  for (const int64_t extent : indices) out.push_back(extent);
  for (size_t i = axis + 1; i < data.rank(); ++i) out.push_back(data[i]);
  return out;
}

Status infer_gather(InferContext& c) {
  OARLOCK_TRY(check_tensor(c, 0));
  OARLOCK_TRY(check_integers(c, 1));
  OARLOCK_TRY(check_min_rank(c, 0, 1));
  OARLOCK_ASSIGN(const size_t axis, resolve_axis(c.attrs().integer("axis"), c.shape(0).rank()));
  c.set_output(0, c.dtype(0), gathered(c.shape(0), c.shape(1), axis));
  return {};
}

Status run_gather(RunContext& c) {
  const Tensor &data = c.input(0), &indices = c.input(1);
  const Shape& shape = data.shape();
  OARLOCK_ASSIGN(const size_t axis, resolve_axis(c.attrs().integer("axis"), shape.rank()));
  OARLOCK_ASSIGN(Tensor* const y,
                 c.output(0, data.dtype(), gathered(shape, indices.shape(), axis)));
  if (y->elements() == 0) return {};
  const int64_t outer = product(shape, 0, axis), inner = product(shape, axis + 1, shape.rank());
  Status status;
  OARLOCK_TRY(move_units(data, *y, [&](auto, const auto* from, auto* to) {
    for (int64_t o = 0; o < outer; ++o) {
      for (int64_t i = 0; i < indices.elements(); ++i) {
        int64_t at = 0;
        status = position(indices, i, shape[axis], at);
        if (!status.ok()) return;
        to = std::copy_n(from + (o * shape[axis] + at) * inner, inner, to);
      }
    }
  }));
  return status;
}

Status infer_gather_elements(InferContext& c) {
  OARLOCK_TRY(check_tensor(c, 0));
  OARLOCK_TRY(check_integers(c, 1));
  OARLOCK_TRY(check_min_rank(c, 0, 1));
  OARLOCK_TRY(check_rank(c, 1, c.shape(0).rank()));
  OARLOCK_ASSIGN(const size_t axis, resolve_axis(c.attrs().integer("axis"), c.shape(0).rank()));
  OARLOCK_TRY(check_indices_within(c.shape(1), c.shape(0), axis));
  c.set_output(0, c.dtype(0), c.shape(1));
  return {};
}

Status run_gather_elements(RunContext& c) {
  const Tensor &data = c.input(0), &indices = c.input(1);
  const Shape& shape = data.shape();
  OARLOCK_ASSIGN(const size_t axis, resolve_axis(c.attrs().integer("axis"), shape.rank()));
  OARLOCK_TRY(check_indices_within(indices.shape(), shape, axis));
  OARLOCK_ASSIGN(Tensor* const y, c.output(0, data.dtype(), indices.shape()));
  Shape strides = row_major_strides(shape);
  const int64_t axis_stride = strides[axis];
  strides[axis] = 0;
  Status status;
  OARLOCK_TRY(move_units(data, *y, [&](auto, const auto* from, auto* to) {
    int64_t next = 0;
    for_each_run<1>(indices.shape(), {strides}, [&](const auto& base, int64_t count, auto& step) {
      for (int64_t i = 0; i < count && status.ok(); ++i, ++next) {
        int64_t at = 0;
        status = position(indices, next, shape[axis], at);
        if (status.ok()) to[next] = from[base[0] + i * step[0] + at * axis_stride];
      }
    });
  }));
  return status;
}

// Checks ranks; the output is indices without its last axis, then what is left of the data.
Result<Shape> gathered_nd(const Shape& data, const Shape& indices, int64_t batch) {
  if (data.empty() || indices.empty()) return invalid("data and indices need a rank of 1 or more");
  const auto shorter = static_cast<int64_t>(std::min(data.rank(), indices.rank()));
  if (batch < 0 || batch >= shorter) {
    return invalid("batch_dims is ", batch, ", expected 0 to ", shorter - 1);
  }
  const int64_t depth = indices.back();
  if (depth == Shape::kUnknown) return invalid("the last extent of the indices is unknown");
  if (depth > static_cast<int64_t>(data.rank()) - batch) {
    return invalid("indices of length ", depth, " for data of shape ", data, " with batch_dims ",
                   batch);
  }
  Shape out(indices.dims().first(indices.rank() - 1));
  for (size_t i = 0; i < static_cast<size_t>(batch); ++i) {
    if (out[i] == Shape::kUnknown) out[i] = data[i];
    if (data[i] != Shape::kUnknown && data[i] != out[i]) {
      return invalid("data ", data, " and indices ", indices, " differ at batch axis ", i);
    }
  }
  for (size_t i = static_cast<size_t>(batch + depth); i < data.rank(); ++i) out.push_back(data[i]);
  return out;
}

Status infer_gather_nd(InferContext& c) {
  OARLOCK_TRY(check_tensor(c, 0));
  OARLOCK_TRY(check_integers(c, 1, true));
  OARLOCK_TRY(check_min_rank(c, 1, 1));
  if (c.shape(1).back() == Shape::kUnknown) {
    set_unknown_rank(c, c.dtype(0));
    return {};
  }
  OARLOCK_ASSIGN(Shape out, gathered_nd(c.shape(0), c.shape(1), c.attrs().integer("batch_dims")));
  c.set_output(0, c.dtype(0), std::move(out));
  return {};
}

Status run_gather_nd(RunContext& c) {
  const Tensor &data = c.input(0), &indices = c.input(1);
  const Shape &shape = data.shape(), &index_shape = indices.shape();
  const int64_t batch_dims = c.attrs().integer("batch_dims");
  OARLOCK_ASSIGN(const Shape out, gathered_nd(shape, index_shape, batch_dims));
  OARLOCK_ASSIGN(Tensor* const y, c.output(0, data.dtype(), out));
  if (y->elements() == 0) return {};
  const auto batch_axes = static_cast<size_t>(batch_dims);
  const int64_t depth = index_shape.back();
  const size_t first_kept = batch_axes + static_cast<size_t>(depth);
  const int64_t batches = product(shape, 0, batch_axes);
  const int64_t per_batch = product(index_shape, batch_axes, index_shape.rank() - 1);
  const int64_t inner = product(shape, first_kept, shape.rank());
  const int64_t batch_size = product(shape, batch_axes, shape.rank());
  const Shape strides = row_major_strides(shape);
  Status status;
  OARLOCK_TRY(move_units(data, *y, [&](auto, const auto* from, auto* to) {
    for (int64_t i = 0; i < batches * per_batch; ++i) {
      int64_t offset = i / per_batch * batch_size;
      for (int64_t d = 0; d < depth; ++d) {
        const size_t axis = batch_axes + static_cast<size_t>(d);
        int64_t at = 0;
        status = position(indices, i * depth + d, shape[axis], at);
        if (!status.ok()) return;
        offset += at * strides[axis];
      }
      to = std::copy_n(from + offset, inner, to);
    }
  }));
  return status;
}

}  // namespace

std::span<const OpDef> gather_ops() {
  static const OpDef defs[] = {
      {.name = "Gather",
       .since_version = 13,
       .attrs = {{"axis", 0}},
       .inputs = 2,
       .infer = infer_gather,
       .reference = run_gather},
      {.name = "GatherElements",
       .since_version = 13,
       .attrs = {{"axis", 0}},
       .inputs = 2,
       .infer = infer_gather_elements,
       .reference = run_gather_elements},
      {.name = "GatherND",
       .since_version = 13,
       .attrs = {{"batch_dims", 0}},
       .inputs = 2,
       .infer = infer_gather_nd,
       .reference = run_gather_nd},
  };
  return defs;
}

}  // namespace oarlock::ops
