#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "oarlock/plugin/attrs.h"
#include "oarlock/status.h"

namespace oarlock::ops {

// One axis of Resize (ONNX 19).
struct AxisScale {
  int64_t input = 0, output = 0;
  double scale = 1;           // of coordinates; about output / input
  double begin = 0, end = 1;  // region of interest, as fractions of the input
  bool crop = false;          // coordinate transformation tf_crop_and_resize

  bool is_identity() const { return !crop && scale == 1 && input == output; }
};

// How the elements of a resized axis come from those of the input axis.
struct Sampling {
  enum class Mode : uint8_t { nearest, linear, cubic };
  enum class Coordinates : uint8_t {
    half_pixel,
    half_pixel_symmetric,
    pytorch_half_pixel,
    align_corners,
    asymmetric,
    tf_crop_and_resize,
  };
  enum class Rounding : uint8_t { prefer_floor, prefer_ceil, floor, ceil };

  Mode mode = Mode::nearest;
  Coordinates coordinates = Coordinates::half_pixel;
  Rounding rounding = Rounding::prefer_floor;
  double cubic_a = -0.75;
  bool antialias = false, exclude_outside = false;

  static Result<Sampling> from(const Attrs& attrs);

  // The weighted input elements that make up an output element.
  struct Taps {
    std::vector<std::pair<int64_t, double>> list;
    bool outside = false;  // to be extrapolated instead
  };

  // For each output index the input index; -1 where it is to be extrapolated.
  std::vector<int64_t> nearest(const AxisScale& axis) const;
  std::vector<Taps> weighted(const AxisScale& axis) const;

 private:
  double coordinate(const AxisScale& axis, int64_t index) const;
  double weight(double distance) const;
};

}  // namespace oarlock::ops
