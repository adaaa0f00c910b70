// Resize (ONNX 19): each axis is resampled on its own.
#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "core/ops/support/check.h"
#include "core/ops/support/elements.h"
#include "core/ops/support/sampling.h"

namespace oarlock::ops {

namespace {

Result<std::vector<size_t>> axes_of(const Attrs& attrs, size_t rank) {
  std::vector<size_t> axes;
  if (!attrs.has("axes")) {
    for (size_t d = 0; d < rank; ++d) axes.push_back(d);
  }
  for (int64_t axis : attrs.integers("axes")) {
    OARLOCK_ASSIGN(const size_t found, checked_axis(axis, rank));
    axes.push_back(found);
  }
  return axes;
}

// The axes to resample, from the contents of roi, scales and sizes (nullptr or empty: not given).
Result<std::vector<AxisScale>> plan(const Attrs& attrs, const Shape& x, const Tensor* roi,
                                    const Tensor* scales, const Tensor* sizes) {
  OARLOCK_ASSIGN(const std::vector<size_t> axes, axes_of(attrs, x.rank()));
  const size_t n = axes.size();
  const bool by_scale = scales != nullptr && scales->elements() > 0;
  const Tensor* const given = by_scale ? scales : sizes;
  if (given == nullptr || given->elements() == 0)
    return invalid("one of the inputs scales and sizes is needed");
  if (given->elements() != static_cast<int64_t>(n))
    return invalid("input ", by_scale ? "scales" : "sizes", " has ", given->elements(),
                   " elements, but there are ", n, " axes to resize");
  const bool crop = attrs.string("coordinate_transformation_mode") == "tf_crop_and_resize";
  if (crop && (roi == nullptr || roi->elements() != static_cast<int64_t>(2 * n)))
    return invalid("input roi must have ", 2 * n, " elements for tf_crop_and_resize");
  const std::string& policy = attrs.string("keep_aspect_ratio_policy");
  std::vector<AxisScale> result;
  for (size_t d = 0; d < x.rank(); ++d) result.push_back({x[d], x[d], 1, 0, 1, false});
  double common = 0;
  for (size_t i = 0; i < n; ++i) {
    AxisScale& axis = result[axes[i]];
    if (axis.input == Shape::kUnknown) {
      axis.output = by_scale || (!policy.empty() && policy != "stretch") ? Shape::kUnknown
                                                                         : sizes->as<int64_t>()[i];
      continue;
    }
    if (crop) {
      axis.crop = true;
      axis.begin = element(*roi, static_cast<int64_t>(i));
      axis.end = element(*roi, static_cast<int64_t>(i + n));
      if (!std::isfinite(axis.begin) || !std::isfinite(axis.end))
        return invalid("input roi has an entry that is not finite");
    }
    if (by_scale) {
      const float scale = static_cast<float>(element(*scales, static_cast<int64_t>(i)));
      if (!(scale > 0) || !std::isfinite(scale))
        return invalid("input scales has the entry ", scale, "; scales must be positive");
      const float extent = static_cast<float>(axis.input) * scale;
      if (!(extent < 1e15f))
        return invalid("scale ", scale, " of an axis of ", axis.input, " elements is too large");
      axis.output = static_cast<int64_t>(std::floor(extent));
      const double exact =
          static_cast<double>(axis.output) / static_cast<double>(std::max<int64_t>(axis.input, 1));
      axis.scale = static_cast<float>(exact) == scale ? exact : scale;
    } else {
      axis.output = sizes->as<int64_t>()[i];
      if (axis.output < 0)
        return invalid("input sizes has the entry ", axis.output, "; sizes cannot be negative");
      axis.scale =
          axis.input == 0 ? 1 : static_cast<double>(axis.output) / static_cast<double>(axis.input);
      const bool better = policy == "not_larger" ? axis.scale < common : axis.scale > common;
      if (i == 0 || better) common = axis.scale;
    }
    if (axis.input == 0 && axis.output != 0)
      return invalid("an axis without elements cannot be resized to ", axis.output);
  }
  if (!by_scale && !policy.empty() && policy != "stretch") {
    if (policy != "not_larger" && policy != "not_smaller")
      return invalid(
          "attribute keep_aspect_ratio_policy must be stretch, not_larger or not_smaller, but is ",
          policy);
    for (size_t i : axes) {
      AxisScale& axis = result[i];
      if (axis.input == Shape::kUnknown) continue;
      axis.scale = common;
      axis.output =
          static_cast<int64_t>(std::floor(common * static_cast<double>(axis.input) + 0.5));
    }
  }
  return result;
}

Shape output_shape(const std::vector<AxisScale>& plan) {
  Shape shape;
  for (const AxisScale& axis : plan) shape.push_back(axis.output);
  return shape;
}

Status infer(InferContext& c) {
  OARLOCK_TRY(expect_tensors(c));
  OARLOCK_TRY(Sampling::from(c.attrs()).status());
  if (c.has_input(2)) {
    OARLOCK_TRY(expect_dtype(c, 2, "scales", {DType::float32}));
    OARLOCK_TRY(expect_rank(c, 2, "scales", 1));
  }
  if (c.has_input(3)) {
    OARLOCK_TRY(expect_dtype(c, 3, "sizes", {DType::int64}));
    OARLOCK_TRY(expect_rank(c, 3, "sizes", 1));
  }
  const auto known = [&](size_t i) { return !c.has_input(i) || c.constant(i) != nullptr; };
  const bool crop = c.attrs().string("coordinate_transformation_mode") == "tf_crop_and_resize";
  if (!known(2) || !known(3) || (crop && !known(1))) {
    OARLOCK_ASSIGN(const std::vector<size_t> axes, axes_of(c.attrs(), c.shape(0).rank()));
    Shape shape = c.shape(0);
    for (size_t axis : axes) shape[axis] = Shape::kUnknown;
    c.set_output(0, c.dtype(0), shape);
    return {};
  }
  OARLOCK_ASSIGN(const std::vector<AxisScale> axes,
                 plan(c.attrs(), c.shape(0), c.constant(1), c.constant(2), c.constant(3)));
  c.set_output(0, c.dtype(0), output_shape(axes));
  return {};
}

// Copies elements of `width` bytes by nearest neighbour; -1 in a table asks for `filler`.
void gather(const Tensor& x, Tensor& y, const std::vector<std::vector<int64_t>>& tables,
            const std::byte* filler, size_t width) {
  const Shape& shape = y.shape();
  const Shape strides = row_major_strides(x.shape());
  Shape at(shape.rank(), 0);
  for (int64_t i = 0; i < y.elements(); ++i) {
    int64_t from = 0;
    for (size_t d = 0; d < shape.rank() && from >= 0; ++d)
      from = tables[d][at[d]] < 0 ? -1 : from + tables[d][at[d]] * strides[d];
    std::copy_n(from < 0 ? filler : x.data() + from * width, width, y.mutable_data() + i * width);
    for (size_t d = shape.rank(); d-- > 0;) {
      if (++at[d] < shape[d]) break;
      at[d] = 0;
    }
  }
}

Status run_nearest(RunContext& c, const Sampling& sampling, const std::vector<AxisScale>& axes) {
  const Tensor& x = c.input(0);
  if (x.dtype() == DType::string || bits(x.dtype()) < 8)
    return unsupported("resizing elements of type ", x.dtype(), " is not implemented");
  OARLOCK_ASSIGN(Tensor* const y, c.output(0, x.dtype(), output_shape(axes)));
  std::vector<std::vector<int64_t>> tables;
  for (const AxisScale& axis : axes) tables.push_back(sampling.nearest(axis));
  std::byte filler[16] = {};
  visit_numbers(x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::Type;
    const T value = static_cast<T>(c.attrs().number("extrapolation_value"));
    std::copy_n(reinterpret_cast<const std::byte*>(&value), sizeof(T), filler);
  });
  gather(x, *y, tables, filler, bits(x.dtype()) / 8);
  return {};
}

template <class C>
Status run_weighted(RunContext& c, const Sampling& sampling, const std::vector<AxisScale>& axes) {
  OARLOCK_ASSIGN(Tensor* const output, c.output(0, c.input(0).dtype(), output_shape(axes)));
  const Elements<C> x(c.input(0));
  const C outside = static_cast<C>(c.attrs().number("extrapolation_value"));
  Shape shape = c.input(0).shape();
  std::vector<C> current, next;
  const C* from = x.data();
  int64_t count = x.size();
  for (size_t d = axes.size(); d-- > 0;) {
    const AxisScale& axis = axes[d];
    if (axis.is_identity()) continue;
    const std::vector<Sampling::Taps> taps = sampling.weighted(axis);
    const int64_t outer = extent_product(shape, 0, d);
    const int64_t inner = extent_product(shape, d + 1, shape.rank());
    Shape after = shape;
    after[d] = axis.output;
    const auto elements = after.elements();
    if (!elements) return out_of_memory("an intermediate of shape ", after, " is too large");
    next.assign(static_cast<size_t>(*elements), C{0});
    for (int64_t o = 0; o < outer; ++o) {
      for (int64_t p = 0; p < axis.output; ++p) {
        C* to = next.data() + (o * axis.output + p) * inner;
        if (taps[p].outside) std::fill_n(to, inner, outside);
        for (const auto& [index, weight] : taps[p].list) {
          const C* row = from + (o * axis.input + index) * inner;
          const C factor = static_cast<C>(weight);
          for (int64_t i = 0; i < inner; ++i) to[i] += factor * row[i];
        }
      }
    }
    current.swap(next);
    from = current.data();
    count = *elements;
    shape = after;
  }
  Results<C> y(*output);
  std::copy_n(from, count, y.data());
  y.store();
  return {};
}

Status resize(RunContext& c) {
  OARLOCK_ASSIGN(const Sampling sampling, Sampling::from(c.attrs()));
  const auto given = [&](size_t i) { return c.has_input(i) ? &c.input(i) : nullptr; };
  OARLOCK_ASSIGN(const std::vector<AxisScale> axes,
                 plan(c.attrs(), c.input(0).shape(), given(1), given(2), given(3)));
  if (sampling.mode == Sampling::Mode::nearest) return run_nearest(c, sampling, axes);
  const DType dtype = c.input(0).dtype();
  if (dtype == DType::string || dtype == DType::complex64 || dtype == DType::complex128)
    return unsupported("interpolating elements of type ", dtype, " is not implemented");
  return dtype == DType::float64 || is_integer(dtype) ? run_weighted<double>(c, sampling, axes)
                                                      : run_weighted<float>(c, sampling, axes);
}

}  // namespace

std::span<const OpDef> resize_ops() {
  static const std::vector<OpDef> defs = {
      {.name = "Resize",
       .since_version = 19,
       .attrs = {{"antialias", 0},
                 {"axes", AttrKind::integers},
                 {"coordinate_transformation_mode", "half_pixel"},
                 {"cubic_coeff_a", -0.75f},
                 {"exclude_outside", 0},
                 {"extrapolation_value", 0.0f},
                 {"keep_aspect_ratio_policy", "stretch"},
                 {"mode", "nearest"},
                 {"nearest_mode", "round_prefer_floor"}},
       .inputs = {1, 4},
       .infer = infer,
       .reference = resize,
       .flops =
           [](const Attrs&, std::span<const TypeInfo>, std::span<const TypeInfo> outputs) {
             return 8 * static_cast<double>(outputs[0].shape.elements().value_or(0));
           }},
  };
  return defs;
}

}  // namespace oarlock::ops
