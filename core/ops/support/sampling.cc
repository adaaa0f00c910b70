#include "core/ops/support/sampling.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>

namespace oarlock::ops {

namespace {

template <class E, size_t N>
Result<E> lookup(const Attrs& attrs, std::string_view attribute,
                 const std::pair<std::string_view, E> (&names)[N]) {
  const std::string& given = attrs.string(attribute);
  if (given.empty()) return names[0].second;
  for (const auto& [name, value] : names) {
    if (name == given) return value;
  }
  return invalid("attribute ", attribute, " has the unknown value ", given);
}

bool is_outside(const AxisScale& axis, double x) {
  return axis.crop && (x < 0 || x > static_cast<double>(axis.input - 1));
}

}  // namespace

Result<Sampling> Sampling::from(const Attrs& attrs) {
  static constexpr std::pair<std::string_view, Mode> kModes[] = {
      {"nearest", Mode::nearest}, {"linear", Mode::linear}, {"cubic", Mode::cubic}};
  static constexpr std::pair<std::string_view, Coordinates> kCoordinates[] = {
      {"half_pixel", Coordinates::half_pixel},
      {"half_pixel_symmetric", Coordinates::half_pixel_symmetric},
      {"pytorch_half_pixel", Coordinates::pytorch_half_pixel},
      {"align_corners", Coordinates::align_corners},
      {"asymmetric", Coordinates::asymmetric},
      {"tf_crop_and_resize", Coordinates::tf_crop_and_resize}};
  static constexpr std::pair<std::string_view, Rounding> kRoundings[] = {
      {"round_prefer_floor", Rounding::prefer_floor},
      {"round_prefer_ceil", Rounding::prefer_ceil},
      {"floor", Rounding::floor},
      {"ceil", Rounding::ceil}};
  Sampling s;
  OARLOCK_ASSIGN(s.mode, lookup(attrs, "mode", kModes));
  OARLOCK_ASSIGN(s.coordinates, lookup(attrs, "coordinate_transformation_mode", kCoordinates));
  OARLOCK_ASSIGN(s.rounding, lookup(attrs, "nearest_mode", kRoundings));
  s.cubic_a = attrs.number("cubic_coeff_a", -0.75f);
  s.antialias = attrs.integer("antialias") != 0;
  s.exclude_outside = attrs.integer("exclude_outside") != 0;
  return s;
}

double Sampling::coordinate(const AxisScale& axis, int64_t index) const {
  const double x = static_cast<double>(index);
  const double input = static_cast<double>(axis.input);
  const double output = axis.scale * input;
  switch (coordinates) {
    case Coordinates::half_pixel:
      return (x + 0.5) / axis.scale - 0.5;
    case Coordinates::half_pixel_symmetric:
      return input / 2 * (1 - static_cast<double>(axis.output) / output) + (x + 0.5) / axis.scale -
             0.5;
    case Coordinates::pytorch_half_pixel:
      return axis.output > 1 ? (x + 0.5) / axis.scale - 0.5 : 0;
    case Coordinates::align_corners:
      return axis.output <= 1 || output == 1 ? 0 : x * (input - 1) / (output - 1);
    case Coordinates::asymmetric:
      return x / axis.scale;
    case Coordinates::tf_crop_and_resize:
      return axis.output > 1
                 ? axis.begin * (input - 1) + x * (axis.end - axis.begin) * (input - 1) /
                                                  (static_cast<double>(axis.output) - 1)
                 : 0.5 * (axis.begin + axis.end) * (input - 1);
  }
  return x;
}

std::vector<int64_t> Sampling::nearest(const AxisScale& axis) const {
  std::vector<int64_t> table(static_cast<size_t>(axis.output));
  for (int64_t i = 0; i < axis.output; ++i) {
    const double x = axis.is_identity() ? static_cast<double>(i) : coordinate(axis, i);
    if (is_outside(axis, x)) {
      table[i] = -1;
      continue;
    }
    double rounded = 0;
    switch (rounding) {
      case Rounding::prefer_floor:
        rounded = std::ceil(x - 0.5);
        break;
      case Rounding::prefer_ceil:
        rounded = std::floor(x + 0.5);
        break;
      case Rounding::floor:
        rounded = std::floor(x);
        break;
      case Rounding::ceil:
        rounded = std::ceil(x);
        break;
    }
    table[i] = static_cast<int64_t>(std::clamp(rounded, 0.0, static_cast<double>(axis.input - 1)));
  }
  return table;
}

double Sampling::weight(double distance) const {
  const double x = std::abs(distance);
  if (mode == Mode::linear) return std::max(0.0, 1 - x);
  const double a = cubic_a;
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
  return 0;
}

std::vector<Sampling::Taps> Sampling::weighted(const AxisScale& axis) const {
  const double stretch = antialias ? std::min(axis.scale, 1.0) : 1.0;
  const double reach = (mode == Mode::linear ? 1 : 2) / stretch;
  std::vector<Taps> taps(static_cast<size_t>(axis.output));
  for (int64_t i = 0; i < axis.output; ++i) {
    double x = coordinate(axis, i);
    if (is_outside(axis, x)) {
      taps[i].outside = true;
      continue;
    }
    // Far outside only the edge counts; this keeps the indices small.
    x = std::clamp(x, -2 * reach - 2, static_cast<double>(axis.input) + 2 * reach + 2);
    const int64_t first = static_cast<int64_t>(std::floor(x - reach)) + 1;
    const int64_t last = static_cast<int64_t>(std::ceil(x + reach)) - 1;
    double sum = 0;
    for (int64_t j = first; j <= last; ++j) {
      const bool inside = j >= 0 && j < axis.input;
      if (exclude_outside && !inside) continue;
      const double w = weight((static_cast<double>(j) - x) * stretch);
      if (w == 0) continue;
      sum += w;
      const int64_t at = std::clamp<int64_t>(j, 0, axis.input - 1);
      if (!taps[i].list.empty() && taps[i].list.back().first == at) {
        taps[i].list.back().second += w;
      } else {
        taps[i].list.emplace_back(at, w);
      }
    }
    if (sum != 0 && (antialias || exclude_outside)) {
      for (auto& tap : taps[i].list) tap.second /= sum;
    }
  }
  return taps;
}

}  // namespace oarlock::ops
