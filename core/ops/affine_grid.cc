// AffineGrid (ONNX 20): a grid for GridSample from affine matrices.
#include <algorithm>

#include "core/ops/support/arguments.h"
#include "core/ops/support/check.h"
#include "core/ops/support/elements.h"

namespace oarlock::ops {

namespace {

// [N, D..., spatial] from size = [N, C, D...].
Result<Shape> grid_shape(const IntegerList& size, const Shape& theta) {
  const int64_t spatial = static_cast<int64_t>(size.rank()) - 2;
  if (spatial < 2 || spatial > 3)
    return invalid("input size must have 4 or 5 elements, but has ", size.rank());
  if (!agree(theta, {size[0], spatial, spatial + 1}))
    return invalid("input theta must have shape [", size[0], ", ", spatial, ", ", spatial + 1,
                   "], but has ", theta);
  Shape shape;
  for (size_t d = 0; d < size.rank(); ++d) {
    if (size[d] < 0) return invalid("input size has the entry ", size[d]);
    if (d != 1) shape.push_back(size[d]);
  }
  shape.push_back(spatial);
  return shape;
}

Status infer(InferContext& c) {
  OARLOCK_TRY(expect_tensors(c));
  OARLOCK_TRY(expect_float(c, 0, "theta"));
  OARLOCK_TRY(expect_rank(c, 0, "theta", 3));
  OARLOCK_TRY(expect_dtype(c, 1, "size", {DType::int64}));
  OARLOCK_TRY(expect_rank(c, 1, "size", 1));
  OARLOCK_ASSIGN(const auto size, known_integers(c, 1));
  if (size) {
    OARLOCK_ASSIGN(Shape shape, grid_shape(*size, c.shape(0)));
    c.set_output(0, c.dtype(0), shape);
  } else if (c.shape(1)[0] != Shape::kUnknown) {
    c.set_output(0, c.dtype(0), Shape(static_cast<size_t>(c.shape(1)[0]), Shape::kUnknown));
  } else {
    c.set_output(0, TypeInfo::tensor(c.dtype(0)));
  }
  return {};
}

Status affine_grid(RunContext& c) {
  OARLOCK_ASSIGN(const IntegerList size, read_integers(c.input(1)));
  OARLOCK_ASSIGN(const Shape shape, grid_shape(size, c.input(0).shape()));
  OARLOCK_ASSIGN(Tensor* const output, c.output(0, c.input(0).dtype(), shape));
  const bool align_corners = c.attrs().integer("align_corners") != 0;
  const int64_t spatial = shape.back();
  const int64_t points = extent_product(shape, 1, shape.rank() - 1);
  const Elements<double> theta(c.input(0));
  Results<double> grid(*output);
  for (int64_t n = 0; n < shape[0]; ++n) {
    for (int64_t p = 0; p < points; ++p) {
      double position[4] = {1, 1, 1, 1};  // innermost axis first, then 1
      int64_t rest = p;
      for (int64_t k = 0; k < spatial; ++k) {
        const int64_t extent = shape[static_cast<size_t>(spatial - k)];
        const double at = static_cast<double>(rest % extent);
        rest /= extent;
        const double length = static_cast<double>(extent);
        position[k] = !align_corners ? (2 * at + 1) / length - 1
                      : extent == 1  ? -1
                                     : 2 * at / (length - 1) - 1;
      }
      position[spatial] = 1;
      for (int64_t row = 0; row < spatial; ++row) {
        double sum = 0;
        for (int64_t k = 0; k <= spatial; ++k)
          sum += theta[(n * spatial + row) * (spatial + 1) + k] * position[k];
        grid[(n * points + p) * spatial + row] = sum;
      }
    }
  }
  grid.store();
  return {};
}

}  // namespace

std::span<const OpDef> affine_grid_ops() {
  static const std::vector<OpDef> defs = {
      {.name = "AffineGrid",
       .since_version = 20,
       .attrs = {{"align_corners", 0}},
       .inputs = 2,
       .infer = infer,
       .reference = affine_grid},
  };
  return defs;
}

}  // namespace oarlock::ops
