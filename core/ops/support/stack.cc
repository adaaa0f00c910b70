#include "core/ops/support/stack.h"

#include <algorithm>

#include "core/ops/support/arguments.h"
#include "core/ops/support/concat.h"
#include "core/ops/support/split.h"

namespace oarlock::ops {

Status set_stacked(RunContext& c, size_t output, const std::vector<Tensor>& tensors, int64_t axis,
                   const TypeInfo& declared) {
  Shape shape = tensors.empty() ? declared.shape : tensors[0].shape();
  std::ranges::replace(shape, Shape::kUnknown, 0);
  const DType dtype = tensors.empty() ? declared.dtype : tensors[0].dtype();
  OARLOCK_ASSIGN(const size_t at, resolve_axis(axis, shape.rank() + 1));
  std::vector<Tensor> rows;
  rows.reserve(tensors.size());
  for (const Tensor& tensor : tensors) {
    if (tensor.dtype() != dtype || !(tensor.shape() == shape)) {
      return invalid("cannot stack ", tensor, " with ", tensors[0]);
    }
    Shape row = shape;
    row.insert(at, 1);
    OARLOCK_ASSIGN(Tensor reshaped, tensor.reshaped(row));
    rows.push_back(std::move(reshaped));
  }
  shape.insert(at, static_cast<int64_t>(rows.size()));
  OARLOCK_ASSIGN(Tensor* const y, c.output(output, dtype, shape));
  return concatenate(
      rows.size(), [&](size_t i) -> const Tensor& { return rows[i]; }, at, *y);
}

TypeInfo type_without_run(const Graph& body, size_t output, std::span<const Value> inputs) {
  const ValueId id = body.outputs()[output];
  const TypeInfo& declared = body.value(id).type;
  if (declared.is_tensor() && declared.dtype != DType::undefined && declared.has_rank) {
    return declared;
  }
  Graph copy = body;
  for (size_t i = 0; i < inputs.size() && i < copy.inputs().size(); ++i) {
    if (!inputs[i].is_tensor()) continue;
    const Tensor& tensor = inputs[i].tensor();
    copy.set_type(copy.inputs()[i], TypeInfo::tensor(tensor.dtype(), tensor.shape()));
  }
  return infer_types(copy).ok() ? copy.value(id).type : declared;
}

Result<Tensor> slice_at(const Tensor& x, size_t axis, int64_t k) {
  Shape shape = x.shape();
  shape[axis] = 1;
  OARLOCK_ASSIGN(Tensor slice, Tensor::allocate(x.dtype(), shape));
  OARLOCK_TRY(copy_part(x, axis, k, slice));
  shape.erase(axis);
  return slice.reshaped(shape);
}

}  // namespace oarlock::ops
