// ONNX ReverseSequence (28).
#include <algorithm>

#include "core/ops/support/arguments.h"
#include "core/ops/support/types.h"
#include "core/ops/support/units.h"

namespace oarlock::ops {
namespace {

struct Axes {
  size_t batch, time;
};

Result<Axes> axes_of(const Attrs& attrs, const Shape& shape) {
  if (shape.rank() < 2)
    return invalid("input 0 has the shape ", shape, ", expected rank 2 or more");
  OARLOCK_ASSIGN(const size_t batch, resolve_axis(attrs.integer("batch_axis"), shape.rank()));
  OARLOCK_ASSIGN(const size_t time, resolve_axis(attrs.integer("time_axis"), shape.rank()));
  if (batch > 1 || time > 1 || batch == time) {
    return invalid("batch_axis ", batch, " and time_axis ", time, " must be 0 and 1, or 1 and 0");
  }
  return Axes{batch, time};
}

Status infer_reverse(InferContext& c) {
  OARLOCK_TRY(check_tensor(c, 0));
  OARLOCK_TRY(check_integers(c, 1, true));
  OARLOCK_TRY(check_rank(c, 1, 1));
  OARLOCK_ASSIGN(const Axes axes, axes_of(c.attrs(), c.shape(0)));
  const int64_t batch = c.shape(0)[axes.batch], lengths = c.shape(1)[0];
  if (batch != Shape::kUnknown && lengths != Shape::kUnknown && batch != lengths) {
    return invalid(lengths, " sequence lengths for a batch of ", batch);
  }
  return same_type_as_input(c);
}

Status run_reverse(RunContext& c) {
  const Tensor &x = c.input(0), &lengths = c.input(1);
  OARLOCK_ASSIGN(const Axes axes, axes_of(c.attrs(), x.shape()));
  const int64_t batch = x.shape()[axes.batch], time = x.shape()[axes.time];
  if (lengths.elements() != batch) {
    return invalid(lengths.elements(), " sequence lengths for a batch of ", batch);
  }
  for (int64_t b = 0; b < batch; ++b) {
    const int64_t length = integer_at(lengths, b);
    if (length < 0 || length > time) {
      return invalid("sequence length ", length, " is out of range for ", time, " steps");
    }
  }
  OARLOCK_ASSIGN(Tensor* const y, c.output(0, x.dtype(), x.shape()));
  if (x.elements() == 0) return {};
  const int64_t inner = product(x.shape(), 2, x.shape().rank());
  const int64_t batch_stride = axes.batch == 0 ? time * inner : inner;
  const int64_t time_stride = axes.time == 0 ? batch * inner : inner;
  return move_units(x, *y, [&](auto, const auto* from, auto* to) {
    for (int64_t b = 0; b < batch; ++b) {
      const int64_t length = integer_at(lengths, b);
      for (int64_t t = 0; t < time; ++t) {
        const int64_t source = t < length ? length - 1 - t : t;
        std::copy_n(from + b * batch_stride + source * time_stride, inner,
                    to + b * batch_stride + t * time_stride);
      }
    }
  });
}

}  // namespace

std::span<const OpDef> reverse_sequence_ops() {
  static const OpDef defs[] = {{.name = "ReverseSequence",
                                .since_version = 28,
                                .attrs = {{"batch_axis", 1}, {"time_axis", 0}},
                                .inputs = 2,
                                .infer = infer_reverse,
                                .reference = run_reverse}};
  return defs;
}

}  // namespace oarlock::ops
