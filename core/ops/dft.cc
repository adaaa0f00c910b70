// DFT (ONNX 20) and STFT (ONNX 17). The last dimension of a signal holds its real, or its real and
// imaginary parts.
#include <algorithm>
#include <complex>
#include <optional>
#include <vector>

#include "core/ops/support/arguments.h"
#include "core/ops/support/check.h"
#include "core/ops/support/elements.h"
#include "core/ops/support/fourier.h"

namespace oarlock::ops {

namespace {

constexpr int64_t kMaxLength = int64_t{1} << 24;

Status expect_signal(const InferContext& c) {
  OARLOCK_TRY(expect_float(c, 0, "signal"));
  const int64_t parts = c.shape(0).back();
  if (agree(parts, 1) || agree(parts, 2)) return {};
  return invalid(
      "the last dimension of the input must be 1 (real) or 2 (complex), but its shape is ",
      c.shape(0));
}

// A scalar integer input; empty when omitted, kUnknown when it is not known yet.
Result<std::optional<int64_t>> known_scalar(const InferContext& c, size_t i) {
  if (!c.has_input(i)) return std::optional<int64_t>();
  OARLOCK_TRY(check_integers(c, i));
  const Tensor* tensor = c.constant(i);
  if (tensor == nullptr) return std::optional<int64_t>(Shape::kUnknown);
  OARLOCK_ASSIGN(const int64_t value, read_integer(*tensor));
  return std::optional<int64_t>(value);
}

struct Transform {
  size_t axis = 0;
  int64_t length = 0;
  bool inverse = false, onesided = false;
  Shape output;
};

Result<Transform> plan(const Attrs& attrs, const Shape& x, std::optional<int64_t> length,
                       std::optional<int64_t> axis) {
  Transform t;
  t.inverse = attrs.integer("inverse") != 0;
  t.onesided = attrs.integer("onesided") != 0;
  OARLOCK_ASSIGN(t.axis, checked_axis(axis.value_or(-2), x.rank()));
  if (t.axis == x.rank() - 1) return invalid("the axis of a DFT cannot be the last one");
  const bool real_result = t.inverse && t.onesided;
  const int64_t extent = x[t.axis];
  t.length = length.value_or(extent == Shape::kUnknown ? extent
                             : real_result             ? 2 * (extent - 1)
                                                       : extent);
  if (t.length != Shape::kUnknown && (t.length < 1 || t.length > kMaxLength))
    return invalid("a DFT of length ", t.length, " is not possible");
  if (t.onesided && !t.inverse && x.back() == 2)
    return invalid("a one-sided DFT needs real input, but the input has shape ", x);
  t.output = x;
  t.output.back() = real_result ? 1 : 2;
  t.output[t.axis] =
      t.length == Shape::kUnknown || real_result || !t.onesided ? t.length : t.length / 2 + 1;
  return t;
}

Status infer_dft(InferContext& c) {
  OARLOCK_TRY(expect_tensors(c));
  OARLOCK_TRY(expect_min_rank(c, 0, "input", 2));
  OARLOCK_TRY(expect_signal(c));
  OARLOCK_ASSIGN(const auto length, known_scalar(c, 1));
  if (c.has_input(2) && c.constant(2) == nullptr) {
    c.set_output(0, c.dtype(0), Shape(c.shape(0).rank(), Shape::kUnknown));
    return {};
  }
  OARLOCK_ASSIGN(const auto axis, known_scalar(c, 2));
  OARLOCK_ASSIGN(const Transform t, plan(c.attrs(), c.shape(0), length, axis));
  c.set_output(0, c.dtype(0), t.output);
  return {};
}

Result<std::optional<int64_t>> given_scalar(RunContext& c, size_t i) {
  if (!c.has_input(i)) return std::optional<int64_t>();
  OARLOCK_ASSIGN(const int64_t value, read_integer(c.input(i)));
  return std::optional<int64_t>(value);
}

Status dft(RunContext& c) {
  const Shape& shape = c.input(0).shape();
  OARLOCK_ASSIGN(const auto length, given_scalar(c, 1));
  OARLOCK_ASSIGN(const auto axis, given_scalar(c, 2));
  OARLOCK_ASSIGN(const Transform t, plan(c.attrs(), shape, length, axis));
  OARLOCK_ASSIGN(Tensor* const output, c.output(0, c.input(0).dtype(), t.output));
  const Elements<double> x(c.input(0));
  Results<double> y(*output);
  const int64_t parts = shape.back(), out_parts = t.output.back();
  const int64_t extent = shape[t.axis], out_extent = t.output[t.axis];
  const int64_t inner = extent_product(shape, t.axis + 1, shape.rank() - 1);
  const int64_t outer = extent_product(shape, 0, t.axis);
  std::vector<std::complex<double>> line;
  for (int64_t o = 0; o < outer; ++o) {
    for (int64_t i = 0; i < inner; ++i) {
      if (c.cancelled()) return Status(Code::cancelled, "the run was cancelled");
      line.assign(static_cast<size_t>(t.length), 0);
      const bool mirrored = t.inverse && t.onesided;
      const int64_t given = std::min(extent, mirrored ? t.length / 2 + 1 : t.length);
      for (int64_t k = 0; k < given; ++k) {
        const int64_t at = ((o * extent + k) * inner + i) * parts;
        line[k] = {x[at], parts == 2 ? x[at + 1] : 0};
      }
      if (mirrored) {
        line[0] = line[0].real();
        if (t.length % 2 == 0) line[t.length / 2] = line[t.length / 2].real();
        for (int64_t k = t.length / 2 + 1; k < t.length; ++k)
          line[k] = std::conj(line[t.length - k]);
      }
      fourier_transform(line, t.inverse);
      for (int64_t k = 0; k < out_extent; ++k) {
        const int64_t at = ((o * out_extent + k) * inner + i) * out_parts;
        y[at] = line[k].real();
        if (out_parts == 2) y[at + 1] = line[k].imag();
      }
    }
  }
  y.store();
  return {};
}

// Extents of an STFT; kUnknown where not known yet.
struct Frames {
  int64_t step = Shape::kUnknown, length = Shape::kUnknown;
  Shape output;
};

Result<Frames> frames_of(const Attrs& attrs, const Shape& signal, const Shape* window, int64_t step,
                         std::optional<int64_t> length) {
  Frames f;
  f.step = step;
  f.length = length.value_or(window != nullptr ? (*window)[0] : signal[1]);
  if (f.step == 0 || f.step < Shape::kUnknown)
    return invalid("input frame_step must be 1 or more, but is ", f.step);
  if (f.length != Shape::kUnknown && (f.length < 1 || f.length > kMaxLength))
    return invalid("frames of length ", f.length, " are not possible");
  if (window != nullptr && !agree((*window)[0], f.length))
    return invalid("input window has ", (*window)[0], " elements, but frame_length is ", f.length);
  const bool onesided = attrs.integer("onesided", 1) != 0;
  if (onesided && signal[2] == 2)
    return invalid("a one-sided STFT needs a real signal, but it has shape ", signal);
  int64_t count = Shape::kUnknown;
  if (f.step != Shape::kUnknown && f.length != Shape::kUnknown && signal[1] != Shape::kUnknown)
    count = signal[1] < f.length ? 0 : (signal[1] - f.length) / f.step + 1;
  const int64_t bins = f.length == Shape::kUnknown || !onesided ? f.length : f.length / 2 + 1;
  f.output = {signal[0], count, bins, 2};
  return f;
}

Status infer_stft(InferContext& c) {
  OARLOCK_TRY(expect_tensors(c));
  OARLOCK_TRY(expect_rank(c, 0, "signal", 3));
  OARLOCK_TRY(expect_signal(c));
  if (c.has_input(2)) {
    OARLOCK_TRY(expect_same_dtype(c, 2, "window", c.dtype(0)));
    OARLOCK_TRY(expect_rank(c, 2, "window", 1));
  }
  OARLOCK_ASSIGN(const auto step, known_scalar(c, 1));
  OARLOCK_ASSIGN(const auto length, known_scalar(c, 3));
  OARLOCK_ASSIGN(const Frames f,
                 frames_of(c.attrs(), c.shape(0), c.has_input(2) ? &c.shape(2) : nullptr,
                           step.value_or(Shape::kUnknown), length));
  c.set_output(0, c.dtype(0), f.output);
  return {};
}

Status stft(RunContext& c) {
  const Shape& shape = c.input(0).shape();
  OARLOCK_ASSIGN(const int64_t step, read_integer(c.input(1)));
  if (step < 1) return invalid("input frame_step must be 1 or more, but is ", step);
  OARLOCK_ASSIGN(const auto length, given_scalar(c, 3));
  OARLOCK_ASSIGN(
      const Frames f,
      frames_of(c.attrs(), shape, c.has_input(2) ? &c.input(2).shape() : nullptr, step, length));
  OARLOCK_ASSIGN(Tensor* const output, c.output(0, c.input(0).dtype(), f.output));
  const Elements<double> x(c.input(0));
  Elements<double> window;
  if (c.has_input(2)) window = Elements<double>(c.input(2));
  Results<double> y(*output);
  const int64_t parts = shape[2], bins = f.output[2];
  std::vector<std::complex<double>> line(static_cast<size_t>(f.length));
  int64_t to = 0;
  for (int64_t n = 0; n < shape[0]; ++n) {
    for (int64_t frame = 0; frame < f.output[1]; ++frame) {
      if (c.cancelled()) return Status(Code::cancelled, "the run was cancelled");
      for (int64_t k = 0; k < f.length; ++k) {
        const int64_t at = (n * shape[1] + frame * step + k) * parts;
        line[k] = std::complex<double>(x[at], parts == 2 ? x[at + 1] : 0);
        if (!window.empty()) line[k] *= window[k];
      }
      fourier_transform(line, false);
      for (int64_t k = 0; k < bins; ++k) {
        y[to++] = line[k].real();
        y[to++] = line[k].imag();
      }
    }
  }
  y.store();
  return {};
}

}  // namespace

std::span<const OpDef> dft_ops() {
  static const std::vector<OpDef> defs = {
      {.name = "DFT",
       .since_version = 20,
       .attrs = {{"inverse", 0}, {"onesided", 0}},
       .inputs = {1, 3},
       .infer = infer_dft,
       .reference = dft},
      {.name = "STFT",
       .since_version = 17,
       .attrs = {{"onesided", 1}},
       .inputs = {2, 4},
       .infer = infer_stft,
       .reference = stft},
  };
  return defs;
}

}  // namespace oarlock::ops
