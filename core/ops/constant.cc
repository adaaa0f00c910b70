// ONNX Constant, ConstantOfShape (25), Range (27), EyeLike (22).
#include <algorithm>
#include <cmath>

#include "core/ops/support/arguments.h"
#include "core/ops/support/types.h"
#include "core/ops/support/units.h"

namespace oarlock::ops {
namespace {

// The tensor that the one value attribute of a Constant holds.
Result<Tensor> constant_value(const Attrs& attrs) {
  if (const Tensor* value = attrs.tensor("value")) return *value;
  if (attrs.has("value_float")) return Tensor::scalar(attrs.number("value_float"));
  if (attrs.has("value_int")) return Tensor::scalar(attrs.integer("value_int"));
  if (attrs.has("value_string")) return Tensor::strings({}, {attrs.string("value_string")});
  const auto one_axis = [](const auto& list) { return Shape{static_cast<int64_t>(list.size())}; };
  if (attrs.has("value_floats")) {
    const std::vector<float>& list = attrs.numbers("value_floats");
    return Tensor::of<float>(one_axis(list), list);
  }
  if (attrs.has("value_ints")) {
    const std::vector<int64_t>& list = attrs.integers("value_ints");
    return Tensor::of<int64_t>(one_axis(list), list);
  }
  if (attrs.has("value_strings")) {
    const std::vector<std::string>& list = attrs.strings("value_strings");
    return Tensor::strings(one_axis(list), list);
  }
  return invalid("no attribute holds the value");
}

Status infer_constant(InferContext& c) {
  OARLOCK_ASSIGN(const Tensor value, constant_value(c.attrs()));
  c.set_output(0, value.dtype(), value.shape());
  return {};
}

Status run_constant(RunContext& c) {
  OARLOCK_ASSIGN(Tensor value, constant_value(c.attrs()));
  return c.set_output(0, std::move(value));
}

Status infer_constant_of_shape(InferContext& c) {
  OARLOCK_TRY(check_integers(c, 0, true));
  OARLOCK_TRY(check_rank(c, 0, 1));
  const Tensor* value = c.attrs().tensor("value");
  if (value && value->elements() != 1) return invalid("value is ", *value, ", expected 1 element");
  const DType dtype = value ? value->dtype() : DType::float32;
  OARLOCK_ASSIGN(const auto shape, known_integers(c, 0));
  if (shape) {
    if (!shape->is_concrete()) return invalid("the shape ", *shape, " has a negative extent");
    c.set_output(0, dtype, *shape);
  } else if (const auto rank = known_length(c, 0)) {
    set_unknown_extents(c, dtype, static_cast<size_t>(*rank));
  } else {
    set_unknown_rank(c, dtype);
  }
  return {};
}

Status run_constant_of_shape(RunContext& c) {
  OARLOCK_ASSIGN(const IntegerList shape, read_integers(c.input(0)));
  if (!shape.is_concrete()) return invalid("the shape ", shape, " has a negative extent");
  const Tensor* value = c.attrs().tensor("value");
  OARLOCK_ASSIGN(Tensor* const y, c.output(0, value ? value->dtype() : DType::float32, shape));
  if (value == nullptr) {
    std::ranges::fill(y->mutable_as<float>(), 0.0f);
    return {};
  }
  return move_units(
      *value, *y, [&](auto, const auto* from, auto* to) { std::fill_n(to, y->elements(), *from); });
}

using RangeTypes = Types<float, double, Float16, BFloat16, int16_t, int32_t, int64_t>;

// How many numbers lie in [start, limit) in steps of delta.
template <class T>
Result<int64_t> range_length(T start, T limit, T delta) {
  if (delta == 0) return invalid("delta is 0");
  if constexpr (std::is_integral_v<T>) {
    if (delta > 0 ? start >= limit : start <= limit) return 0;
    const uint64_t distance = delta > 0
                                  ? static_cast<uint64_t>(limit) - static_cast<uint64_t>(start)
                                  : static_cast<uint64_t>(start) - static_cast<uint64_t>(limit);
    const uint64_t step =
        delta > 0 ? static_cast<uint64_t>(delta) : 0 - static_cast<uint64_t>(delta);
    return static_cast<int64_t>((distance - 1) / step) + 1;
  } else {
    const double count = std::ceil((static_cast<double>(limit) - start) / delta);
    if (!(count < 0x1p62)) {
      return invalid("from ", start, " to ", limit, " by ", delta, " is no finite range");
    }
    return count > 0 ? static_cast<int64_t>(count) : 0;
  }
}

template <class T>
struct RangeSpec {
  Compute<T> start, delta;
  int64_t length;
};

template <class T>
Result<RangeSpec<T>> range_spec(const Tensor& start, const Tensor& limit, const Tensor& delta) {
  if (start.elements() != 1 || limit.elements() != 1 || delta.elements() != 1) {
    return invalid("start, limit and delta must be scalars");
  }
  const auto value = [](const Tensor& t) { return static_cast<Compute<T>>(t.as<T>()[0]); };
  RangeSpec<T> spec{value(start), value(delta), 0};
  OARLOCK_ASSIGN(spec.length, range_length<Compute<T>>(spec.start, value(limit), spec.delta));
  return spec;
}

Status infer_range(InferContext& c) {
  OARLOCK_TRY(check_type<RangeTypes>(c, 0));
  OARLOCK_TRY(check_same_types(c));
  int64_t length = Shape::kUnknown;
  Status status;
  if (c.constant(0) && c.constant(1) && c.constant(2)) {
    OARLOCK_TRY(visit<RangeTypes>(c.dtype(0), [&](auto tag) {
      using T = typename decltype(tag)::Type;
      const auto spec = range_spec<T>(*c.constant(0), *c.constant(1), *c.constant(2));
      status = spec.status();
      if (spec.ok()) length = spec->length;
    }));
  }
  c.set_output(0, c.dtype(0), {length});
  return status;
}

Status run_range(RunContext& c) {
  Status status;
  OARLOCK_TRY(visit<RangeTypes>(c.input(0).dtype(), [&](auto tag) {
    using T = typename decltype(tag)::Type;
    status = [&]() -> Status {
      OARLOCK_ASSIGN(const RangeSpec<T> spec, range_spec<T>(c.input(0), c.input(1), c.input(2)));
      OARLOCK_ASSIGN(Tensor* const y, c.output(0, c.input(0).dtype(), {spec.length}));
      T* to = y->template mutable_as<T>().data();
      for (int64_t i = 0; i < spec.length; ++i) {
        using C = Compute<T>;
        if constexpr (std::is_integral_v<C>) {
          to[i] = static_cast<T>(static_cast<uint64_t>(spec.start) +
                                 static_cast<uint64_t>(i) * static_cast<uint64_t>(spec.delta));
        } else {
          to[i] = static_cast<T>(spec.start + static_cast<C>(i) * spec.delta);
        }
      }
      return {};
    }();
  }));
  return status;
}

Result<DType> eye_dtype(const Attrs& attrs, DType input) {
  const int64_t number = attrs.integer("dtype", static_cast<int64_t>(input));
  const auto dtype = static_cast<DType>(number);
  if (number <= 0 || number >= kDTypeCount || !NumbersAndBool::contains(dtype)) {
    return invalid("attribute 'dtype' is ", number, ", expected a number or bool");
  }
  return dtype;
}

Status infer_eye_like(InferContext& c) {
  OARLOCK_TRY(check_type<NumbersAndBool>(c, 0));
  OARLOCK_TRY(check_rank(c, 0, 2));
  OARLOCK_ASSIGN(const DType dtype, eye_dtype(c.attrs(), c.dtype(0)));
  c.set_output(0, dtype, c.shape(0));
  return {};
}

Status run_eye_like(RunContext& c) {
  const Shape& shape = c.input(0).shape();
  OARLOCK_ASSIGN(const DType dtype, eye_dtype(c.attrs(), c.input(0).dtype()));
  OARLOCK_ASSIGN(Tensor* const y, c.output(0, dtype, shape));
  if (y->elements() == 0) return {};
  const int64_t k = c.attrs().integer("k");
  return visit<NumbersAndBool>(dtype, [&](auto tag) {
    using T = typename decltype(tag)::Type;
    T* to = y->template mutable_as<T>().data();
    for (int64_t row = 0; row < shape[0]; ++row) {
      for (int64_t column = 0; column < shape[1]; ++column) {
        *to++ = static_cast<T>(static_cast<Compute<T>>(column - row == k));
      }
    }
  });
}

}  // namespace

std::span<const OpDef> constant_ops() {
  static const OpDef defs[] = {
      {.name = "Constant",
       .since_version = 25,
       .attrs = {{"value", AttrKind::tensor},
                 {"value_float", AttrKind::number},
                 {"value_floats", AttrKind::numbers},
                 {"value_int", AttrKind::integer},
                 {"value_ints", AttrKind::integers},
                 {"value_string", AttrKind::string},
                 {"value_strings", AttrKind::strings}},
       .inputs = 0,
       .infer = infer_constant,
       .reference = run_constant},
      {.name = "ConstantOfShape",
       .since_version = 25,
       .attrs = {{"value", AttrKind::tensor}},
       .inputs = 1,
       .infer = infer_constant_of_shape,
       .reference = run_constant_of_shape},
      {.name = "Range",
       .since_version = 27,
       .attrs = {{"stash_type", 1}},
       .inputs = 3,
       .infer = infer_range,
       .reference = run_range},
      {.name = "EyeLike",
       .since_version = 22,
       .attrs = {{"dtype", AttrKind::integer}, {"k", 0}},
       .inputs = 1,
       .infer = infer_eye_like,
       .reference = run_eye_like},
  };
  return defs;
}

}  // namespace oarlock::ops
