// HannWindow, HammingWindow, BlackmanWindow, MelWeightMatrix (ONNX 17).
#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "core/ops/support/arguments.h"
#include "core/ops/support/check.h"
#include "core/ops/support/elements.h"

namespace oarlock::ops {

namespace {

constexpr int64_t kMaxSize = int64_t{1} << 40;

Result<DType> output_type(const Attrs& attrs) {
  const int64_t number = attrs.integer("output_datatype", 1);
  const DType dtype =
      number > 0 && number < kDTypeCount ? static_cast<DType>(number) : DType::undefined;
  if (!visit_numbers(dtype, [](auto) {}))
    return invalid("attribute output_datatype is ", number, " (", dtype,
                   "), which is no number type");
  return dtype;
}

Status infer_window(InferContext& c) {
  OARLOCK_TRY(expect_tensors(c));
  OARLOCK_TRY(check_integers(c, 0));
  OARLOCK_ASSIGN(const DType dtype, output_type(c.attrs()));
  int64_t size = Shape::kUnknown;
  if (c.constant(0) != nullptr) {
    OARLOCK_ASSIGN(size, read_integer(*c.constant(0)));
    if (size < 0 || size > kMaxSize)
      return invalid("a window of ", size, " elements is not possible");
  }
  c.set_output(0, dtype, {size});
  return {};
}

// a - b cos(t) + d cos(2 t).
struct Cosines {
  double a, b, d;
};

Status window(RunContext& c, const Cosines& w) {
  OARLOCK_ASSIGN(const int64_t size, read_integer(c.input(0)));
  OARLOCK_ASSIGN(const DType dtype, output_type(c.attrs()));
  if (size < 0 || size > kMaxSize)
    return invalid("a window of ", size, " elements is not possible");
  OARLOCK_ASSIGN(Tensor* const output, c.output(0, dtype, {size}));
  const int64_t period = c.attrs().integer("periodic", 1) != 0 ? size : size - 1;
  Results<double> y(*output);
  for (int64_t i = 0; i < size; ++i) {
    const double t =
        period == 0 ? std::numbers::pi
                    : 2 * std::numbers::pi * static_cast<double>(i) / static_cast<double>(period);
    y[i] = w.a - w.b * std::cos(t) + w.d * std::cos(2 * t);
  }
  y.store();
  return {};
}

OpDef make_window(std::string name, Cosines cosines) {
  return {.name = std::move(name),
          .since_version = 17,
          .attrs = {{"output_datatype", 1}, {"periodic", 1}},
          .inputs = 1,
          .infer = infer_window,
          .reference = [cosines](RunContext& c) { return window(c, cosines); }};
}

Result<Shape> mel_shape(int64_t bins, int64_t length) {
  if (bins < 0 || length < 0 || bins > kMaxSize || length > kMaxSize)
    return invalid("a matrix of ", bins, " mel bins for a DFT of length ", length,
                   " is not possible");
  return Shape{length / 2 + 1, bins};
}

Status infer_mel(InferContext& c) {
  OARLOCK_TRY(expect_tensors(c));
  for (size_t i = 0; i < 3; ++i) OARLOCK_TRY(check_integers(c, i));
  OARLOCK_TRY(expect_float(c, 3, "lower_edge_hertz"));
  OARLOCK_TRY(expect_float(c, 4, "upper_edge_hertz"));
  OARLOCK_ASSIGN(const DType dtype, output_type(c.attrs()));
  Shape shape{Shape::kUnknown, Shape::kUnknown};
  if (c.constant(0) != nullptr && c.constant(1) != nullptr) {
    OARLOCK_ASSIGN(const int64_t bins, read_integer(*c.constant(0)));
    OARLOCK_ASSIGN(const int64_t length, read_integer(*c.constant(1)));
    OARLOCK_ASSIGN(shape, mel_shape(bins, length));
  }
  c.set_output(0, dtype, shape);
  return {};
}

// Triangles whose corners are evenly spaced on the mel scale, rounded down to DFT bins.
Status mel_weight_matrix(RunContext& c) {
  int64_t scalars[3];
  for (size_t i = 0; i < 3; ++i) {
    OARLOCK_ASSIGN(scalars[i], read_integer(c.input(i)));
  }
  const auto [bins, length, rate] = scalars;
  for (size_t i = 3; i < 5; ++i) {
    if (c.input(i).elements() != 1)
      return invalid("the edge in hertz must be a scalar, but has shape ", c.input(i).shape());
  }
  OARLOCK_ASSIGN(const Shape shape, mel_shape(bins, length));
  OARLOCK_ASSIGN(const DType dtype, output_type(c.attrs()));
  OARLOCK_ASSIGN(Tensor* const output, c.output(0, dtype, shape));
  const auto to_mel = [](double hertz) { return 2595 * std::log10(1 + hertz / 700); };
  const double low = to_mel(element(c.input(3), 0));
  const double high = to_mel(element(c.input(4), 0));
  const double step = (high - low) / static_cast<double>(bins + 2);
  std::vector<int64_t> corners(static_cast<size_t>(bins + 2));
  for (int64_t i = 0; i < bins + 2; ++i) {
    const double hertz = 700 * (std::pow(10, (static_cast<double>(i) * step + low) / 2595) - 1);
    const double bin =
        std::floor(static_cast<double>(length + 1) * hertz / static_cast<double>(rate));
    if (!(bin >= 0 && bin < static_cast<double>(shape[0])))
      return invalid("the edges in hertz and the sample rate ", rate,
                     " lead outside of a DFT of length ", length);
    corners[i] = static_cast<int64_t>(bin);
  }
  Results<double> y(*output);
  std::fill_n(y.data(), y.size(), 0.0);
  for (int64_t i = 0; i < bins; ++i) {
    const int64_t left = corners[i], peak = corners[i + 1], right = corners[i + 2];
    if (peak == left) y[peak * bins + i] = 1;
    for (int64_t j = left; peak > left && j <= peak; ++j)
      y[j * bins + i] = static_cast<double>(j - left) / static_cast<double>(peak - left);
    for (int64_t j = peak; j < right; ++j)
      y[j * bins + i] = static_cast<double>(right - j) / static_cast<double>(right - peak);
  }
  y.store();
  return {};
}

}  // namespace

std::span<const OpDef> signal_windows_ops() {
  static const std::vector<OpDef> defs = {
      make_window("HannWindow", {0.5, 0.5, 0}),
      make_window("HammingWindow", {25.0 / 46, 21.0 / 46, 0}),
      make_window("BlackmanWindow", {0.42, 0.5, 0.08}),
      {.name = "MelWeightMatrix",
       .since_version = 17,
       .attrs = {{"output_datatype", 1}},
       .inputs = 5,
       .infer = infer_mel,
       .reference = mel_weight_matrix},
  };
  return defs;
}

}  // namespace oarlock::ops
