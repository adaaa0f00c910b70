// CenterCropPad (ONNX 18).
#include <algorithm>

#include "core/ops/support/arguments.h"
#include "core/ops/support/check.h"
#include "core/ops/support/units.h"

namespace oarlock::ops {

namespace {

Result<IntegerList> axes_of(const Attrs& attrs, size_t rank) {
  if (attrs.has("axes")) return resolve_axes(attrs.integers("axes"), rank);
  IntegerList axes(rank);
  for (size_t d = 0; d < rank; ++d) axes[d] = static_cast<int64_t>(d);
  return axes;
}

Result<Shape> output_shape(const Attrs& attrs, const Shape& x, const IntegerList& wanted) {
  OARLOCK_ASSIGN(const IntegerList axes, axes_of(attrs, x.rank()));
  if (axes.size() != wanted.size())
    return invalid("input shape has ", wanted.size(), " elements, but there are ", axes.size(),
                   " axes");
  Shape y = x;
  for (size_t i = 0; i < axes.size(); ++i) {
    if (wanted[i] < 0) return invalid("input shape has the entry ", wanted[i]);
    y[static_cast<size_t>(axes[i])] = wanted[i];
  }
  return y;
}

Status infer(InferContext& c) {
  OARLOCK_TRY(expect_tensors(c));
  OARLOCK_TRY(check_integers(c, 1));
  OARLOCK_TRY(expect_rank(c, 1, "shape", 1));
  OARLOCK_ASSIGN(const auto wanted, known_integers(c, 1));
  if (wanted) {
    OARLOCK_ASSIGN(Shape y, output_shape(c.attrs(), c.shape(0), *wanted));
    c.set_output(0, c.dtype(0), y);
    return {};
  }
  OARLOCK_ASSIGN(const IntegerList axes, axes_of(c.attrs(), c.shape(0).rank()));
  Shape y = c.shape(0);
  for (int64_t axis : axes) y[static_cast<size_t>(axis)] = Shape::kUnknown;
  c.set_output(0, c.dtype(0), y);
  return {};
}

Status center_crop_pad(RunContext& c) {
  const Tensor& x = c.input(0);
  OARLOCK_ASSIGN(const IntegerList wanted, read_integers(c.input(1)));
  OARLOCK_ASSIGN(const Shape shape, output_shape(c.attrs(), x.shape(), wanted));
  OARLOCK_ASSIGN(Tensor* const y, c.output(0, x.dtype(), shape));
  const size_t rank = shape.rank();
  Shape shift(rank, 0);  // input index = output index + shift
  for (size_t d = 0; d < rank; ++d) {
    const int64_t more = x.shape()[d] - shape[d];
    shift[d] = more >= 0 ? more / 2 : -(-more / 2);
  }
  const Shape strides = row_major_strides(x.shape());
  return move_units(x, *y, [&](auto tag, const auto* from, auto* to) {
    using T = typename decltype(tag)::Type;
    Shape at(rank, 0);
    for (int64_t i = 0; i < y->elements(); ++i) {
      int64_t offset = 0;
      for (size_t d = 0; d < rank && offset >= 0; ++d) {
        const int64_t index = at[d] + shift[d];
        offset = index < 0 || index >= x.shape()[d] ? -1 : offset + index * strides[d];
      }
      to[i] = offset < 0 ? T{} : from[offset];
      for (size_t d = rank; d-- > 0;) {
        if (++at[d] < shape[d]) break;
        at[d] = 0;
      }
    }
  });
}

}  // namespace

std::span<const OpDef> center_crop_pad_ops() {
  static const std::vector<OpDef> defs = {
      {.name = "CenterCropPad",
       .since_version = 18,
       .attrs = {{"axes", AttrKind::integers}},
       .inputs = 2,
       .infer = infer,
       .reference = center_crop_pad},
  };
  return defs;
}

}  // namespace oarlock::ops
