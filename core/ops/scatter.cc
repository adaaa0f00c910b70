// ONNX ScatterElements, ScatterND (18).
#include <algorithm>

#include "core/ops/support/indexing.h"
#include "core/ops/support/strided_loop.h"
#include "core/ops/support/types.h"
#include "core/ops/support/units.h"

namespace oarlock::ops {
namespace {

enum class Reduction { none, add, mul, max, min };

Result<Reduction> reduction_of(const Attrs& attrs) {
  const std::string& name = attrs.string("reduction");
  if (name == "none") return Reduction::none;
  if (name == "add") return Reduction::add;
  if (name == "mul") return Reduction::mul;
  if (name == "max") return Reduction::max;
  if (name == "min") return Reduction::min;
  return invalid("reduction is \"", name, "\", expected none, add, mul, max or min");
}

template <class C>
C combine(Reduction reduction, C old, C update) {
  switch (reduction) {
    case Reduction::add:
      return static_cast<C>(old + update);
    case Reduction::mul:
      return static_cast<C>(old * update);
    case Reduction::max:
      return std::max(old, update);
    case Reduction::min:
      return std::min(old, update);
    case Reduction::none:
      break;
  }
  return update;
}

// Copies the data to the output, then changes it: walk(put) calls put(to, from) for every element
// `from` of the updates and the element `to` it belongs to.
template <class Walk>
Status scatter(RunContext& c, Walk walk) {
  const Tensor &data = c.input(0), &updates = c.input(2);
  OARLOCK_ASSIGN(const Reduction reduction, reduction_of(c.attrs()));
  OARLOCK_ASSIGN(Tensor* const y, c.output(0, data.dtype(), data.shape()));
  OARLOCK_TRY(copy_elements(data, *y));
  Status status;
  if (reduction == Reduction::none) {
    OARLOCK_ASSIGN(Units target, Units::modify(*y));
    OARLOCK_ASSIGN(const Units source, Units::read(updates));
    OARLOCK_TRY(visit_units(data.dtype(), [&](auto tag) {
      using T = typename decltype(tag)::Type;
      T* to = target.template data<T>();
      const T* from = source.data<T>();
      status = walk([&](int64_t at, int64_t i) { to[at] = from[i]; });
    }));
    target.finish();
    return status;
  }
  OARLOCK_TRY(visit<NumbersAndBool>(data.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::Type;
    using C = Compute<T>;
    T* to = y->template mutable_as<T>().data();
    const T* from = updates.as<T>().data();
    status = walk([&](int64_t at, int64_t i) {
      to[at] = static_cast<T>(combine(reduction, static_cast<C>(to[at]), static_cast<C>(from[i])));
    });
  }));
  return status;
}

Status check_scatter(InferContext& c, bool only_int64) {
  OARLOCK_TRY(check_tensor(c, 0));
  OARLOCK_TRY(check_tensor(c, 2));
  OARLOCK_TRY(check_integers(c, 1, only_int64));
  OARLOCK_TRY(check_min_rank(c, 0, 1));
  OARLOCK_TRY(check_min_rank(c, 1, 1));
  if (c.dtype(2) != c.dtype(0)) {
    return invalid("updates are ", c.dtype(2), ", expected ", c.dtype(0), " like the data");
  }
  OARLOCK_ASSIGN(const Reduction reduction, reduction_of(c.attrs()));
  if (reduction != Reduction::none) return check_type<NumbersAndBool>(c, 0);
  return {};
}

Status check_updates(const Shape& updates, const Shape& expected) {
  bool fits = updates.rank() == expected.rank();
  for (size_t i = 0; fits && i < expected.rank(); ++i) {
    fits = updates[i] == expected[i] || updates[i] == Shape::kUnknown ||
           expected[i] == Shape::kUnknown;
  }
  if (fits) return {};
  return invalid("updates have the shape ", updates, ", expected ", expected);
}

Status infer_scatter_elements(InferContext& c) {
  OARLOCK_TRY(check_scatter(c, false));
  OARLOCK_TRY(check_rank(c, 1, c.shape(0).rank()));
  OARLOCK_TRY(check_updates(c.shape(2), c.shape(1)));
  OARLOCK_ASSIGN(const size_t axis, resolve_axis(c.attrs().integer("axis"), c.shape(0).rank()));
  OARLOCK_TRY(check_indices_within(c.shape(1), c.shape(0), axis));
  return same_type_as_input(c);
}

Status run_scatter_elements(RunContext& c) {
  const Tensor& indices = c.input(1);
  const Shape& shape = c.input(0).shape();
  OARLOCK_ASSIGN(const size_t axis, resolve_axis(c.attrs().integer("axis"), shape.rank()));
  OARLOCK_TRY(check_indices_within(indices.shape(), shape, axis));
  OARLOCK_TRY(check_updates(c.input(2).shape(), indices.shape()));
  Shape strides = row_major_strides(shape);
  const int64_t axis_stride = strides[axis];
  strides[axis] = 0;
  return scatter(c, [&](auto put) {
    Status status;
    int64_t next = 0;
    for_each_run<1>(indices.shape(), {strides}, [&](const auto& base, int64_t count, auto& step) {
      for (int64_t i = 0; i < count && status.ok(); ++i, ++next) {
        int64_t at = 0;
        status = position(indices, next, shape[axis], at);
        if (status.ok()) put(base[0] + i * step[0] + at * axis_stride, next);
      }
    });
    return status;
  });
}

// Shape of the updates: indices without the last axis, then the axes that are not indexed.
Result<Shape> updates_nd(const Shape& data, const Shape& indices) {
  if (indices.back() > static_cast<int64_t>(data.rank())) {
    return invalid("indices of length ", indices.back(), " for data of shape ", data);
  }
  Shape out(indices.dims().first(indices.rank() - 1));
  for (size_t i = static_cast<size_t>(indices.back()); i < data.rank(); ++i) out.push_back(data[i]);
  return out;
}

Status infer_scatter_nd(InferContext& c) {
  OARLOCK_TRY(check_scatter(c, true));
  if (c.shape(1).back() != Shape::kUnknown) {
    OARLOCK_ASSIGN(const Shape expected, updates_nd(c.shape(0), c.shape(1)));
    OARLOCK_TRY(check_updates(c.shape(2), expected));
  }
  return same_type_as_input(c);
}

Status run_scatter_nd(RunContext& c) {
  const Tensor& indices = c.input(1);
  const Shape& shape = c.input(0).shape();
  OARLOCK_ASSIGN(const Shape expected, updates_nd(shape, indices.shape()));
  OARLOCK_TRY(check_updates(c.input(2).shape(), expected));
  const int64_t depth = indices.shape().back();
  const int64_t count = product(indices.shape(), 0, indices.shape().rank() - 1);
  const int64_t inner = product(shape, static_cast<size_t>(depth), shape.rank());
  const Shape strides = row_major_strides(shape);
  if (c.input(2).elements() == 0) return c.set_output(0, c.input_value(0));
  return scatter(c, [&](auto put) {
    for (int64_t i = 0; i < count; ++i) {
      int64_t offset = 0;
      for (int64_t d = 0; d < depth; ++d) {
        const auto axis = static_cast<size_t>(d);
        int64_t at = 0;
        OARLOCK_TRY(position(indices, i * depth + d, shape[axis], at));
        offset += at * strides[axis];
      }
      for (int64_t k = 0; k < inner; ++k) put(offset + k, i * inner + k);
    }
    return Status();
  });
}

}  // namespace

std::span<const OpDef> scatter_ops() {
  static const OpDef defs[] = {
      {.name = "ScatterElements",
       .since_version = 18,
       .attrs = {{"axis", 0}, {"reduction", "none"}},
       .inputs = 3,
       .infer = infer_scatter_elements,
       .reference = run_scatter_elements},
      {.name = "ScatterND",
       .since_version = 18,
       .attrs = {{"reduction", "none"}},
       .inputs = 3,
       .infer = infer_scatter_nd,
       .reference = run_scatter_nd},
  };
  return defs;
}

}  // namespace oarlock::ops
