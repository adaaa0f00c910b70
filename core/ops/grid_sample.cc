// GridSample (ONNX 22): samples X at the points of a grid.
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "core/ops/support/check.h"
#include "core/ops/support/elements.h"

namespace oarlock::ops {

namespace {

enum class Padding : uint8_t { zeros, border, reflection };

struct Options {
  int taps = 2;  // neighbours along an axis: 1 nearest, 2 linear, 4 cubic
  Padding padding = Padding::zeros;
  bool align_corners = false;

  static Result<Options> from(const Attrs& attrs) {
    Options options;
    const std::string& mode = attrs.string("mode");
    const std::string& padding = attrs.string("padding_mode");
    if (mode == "nearest") {
      options.taps = 1;
    } else if (mode == "cubic" || mode == "bicubic") {
      options.taps = 4;
    } else if (mode != "linear" && mode != "bilinear") {
      return invalid("attribute mode must be linear, nearest or cubic, but is ", mode);
    }
    if (padding == "border") {
      options.padding = Padding::border;
    } else if (padding == "reflection") {
      options.padding = Padding::reflection;
    } else if (padding != "zeros") {
      return invalid("attribute padding_mode must be zeros, border or reflection, but is ",
                     padding);
    }
    options.align_corners = attrs.integer("align_corners") != 0;
    return options;
  }
};

Status infer(InferContext& c) {
  OARLOCK_TRY(expect_tensors(c));
  OARLOCK_TRY(expect_number(c, 0, "X"));
  OARLOCK_TRY(expect_float(c, 1, "grid"));
  OARLOCK_TRY(expect_rank_between(c, 0, "X", 3, 8));
  OARLOCK_TRY(expect_rank(c, 1, "grid", c.shape(0).rank()));
  OARLOCK_TRY(Options::from(c.attrs()).status());
  const Shape& x = c.shape(0);
  const Shape& grid = c.shape(1);
  const int64_t spatial = static_cast<int64_t>(x.rank()) - 2;
  if (!agree(grid.back(), spatial) || !agree(grid[0], x[0]))
    return invalid("input grid must have shape [", x[0], ", ..., ", spatial, "], but has ", grid);
  Shape y = x;
  y[0] = known_of(x[0], grid[0]);
  for (size_t d = 2; d < y.rank(); ++d) y[d] = grid[d - 1];
  c.set_output(0, c.dtype(0), y);
  return {};
}

// Mirrors x at `low` and `high` until it lies between them.
double reflect(double x, double low, double high) {
  const double range = high - low;
  if (!(range > 0)) return low;
  const double period = std::fmod(std::abs(x - low), 2 * range);
  return low + (period > range ? 2 * range - period : period);
}

// The neighbours of a point along one axis with their weights; index -1 counts as zero.
struct AxisTaps {
  int64_t index[4] = {};
  double weight[4] = {};
};

AxisTaps taps_at(const Options& options, double normalized, int64_t extent) {
  const double length = static_cast<double>(extent);
  const double low = options.align_corners ? 0 : -0.5;
  const double high = options.align_corners ? length - 1 : length - 0.5;
  double x = options.align_corners ? (normalized + 1) / 2 * (length - 1)
                                   : ((normalized + 1) * length - 1) / 2;
  AxisTaps taps;
  std::fill_n(taps.index, 4, -1);
  if (!std::isfinite(x)) {
    if (options.padding == Padding::zeros) return taps;
    x = 0;
  }
  if (options.taps == 1) x = std::nearbyint(x);
  if (x < low || x > high) {
    if (options.padding == Padding::border && options.taps != 4) x = std::clamp(x, 0.0, length - 1);
    if (options.padding == Padding::reflection) x = reflect(x, low, high);
  }
  if (options.padding != Padding::reflection) x = std::clamp(x, -8.0, length + 8);
  const double base = std::floor(x);
  const double part = x - base;
  const int64_t first = static_cast<int64_t>(base) - (options.taps == 4 ? 1 : 0);
  if (options.taps == 1) {
    taps.weight[0] = 1;
  } else if (options.taps == 2) {
    taps.weight[0] = 1 - part;
    taps.weight[1] = part;
  } else {
    constexpr double a = -0.75;
    const auto near = [](double d) { return ((a + 2) * d - (a + 3)) * d * d + 1; };
    const auto far = [](double d) { return ((a * d - 5 * a) * d + 8 * a) * d - 4 * a; };
    taps.weight[0] = far(part + 1);
    taps.weight[1] = near(part);
    taps.weight[2] = near(1 - part);
    taps.weight[3] = far(2 - part);
  }
  for (int k = 0; k < options.taps; ++k) {
    int64_t at = first + k;
    if (options.padding == Padding::border) at = std::clamp<int64_t>(at, 0, extent - 1);
    if (options.padding == Padding::reflection && (at < 0 || at >= extent)) {
      at = std::clamp<int64_t>(static_cast<int64_t>(reflect(static_cast<double>(at), low, high)), 0,
                               extent - 1);
    }
    taps.index[k] = at >= 0 && at < extent ? at : -1;
  }
  return taps;
}

Status grid_sample(RunContext& c) {
  OARLOCK_ASSIGN(const Options options, Options::from(c.attrs()));
  const Shape& shape = c.input(0).shape();
  const Shape& grid_shape = c.input(1).shape();
  const size_t spatial = shape.rank() - 2;
  Shape y_shape = shape;
  for (size_t d = 2; d < shape.rank(); ++d) y_shape[d] = grid_shape[d - 1];
  OARLOCK_ASSIGN(Tensor* const output, c.output(0, c.input(0).dtype(), y_shape));
  if (output->elements() == 0) return {};
  for (size_t d = 2; d < shape.rank(); ++d) {
    if (shape[d] == 0) return invalid("X of shape ", shape, " has nothing to sample");
  }
  const Elements<double> x(c.input(0)), grid(c.input(1));
  Results<double> y(*output);
  const Shape strides = row_major_strides(shape);
  const int64_t plane = strides[1];
  const int64_t points = extent_product(y_shape, 2, y_shape.rank());
  int64_t corners = 1;
  for (size_t d = 0; d < spatial; ++d) corners *= options.taps;
  std::vector<AxisTaps> taps(spatial);
  std::vector<int64_t> offsets(static_cast<size_t>(corners));
  std::vector<double> weights(static_cast<size_t>(corners));
  for (int64_t np = 0; np < shape[0] * points; ++np) {
    for (size_t d = 0; d < spatial; ++d) {
      const double at =
          grid[np * static_cast<int64_t>(spatial) + static_cast<int64_t>(spatial - 1 - d)];
      taps[d] = taps_at(options, at, shape[d + 2]);
    }
    for (int64_t k = 0; k < corners; ++k) {
      int64_t rest = k, offset = 0;
      double weight = 1;
      for (size_t d = spatial; d-- > 0;) {
        const AxisTaps& axis = taps[d];
        const int64_t tap = rest % options.taps;
        rest /= options.taps;
        weight *= axis.weight[tap];
        offset = axis.index[tap] < 0 || offset < 0 ? -1 : offset + axis.index[tap] * strides[d + 2];
      }
      offsets[k] = offset;
      weights[k] = weight;
    }
    const int64_t n = np / points, p = np % points;
    for (int64_t channel = 0; channel < shape[1]; ++channel) {
      const double* from = x.data() + (n * shape[1] + channel) * plane;
      double sum = 0;
      for (int64_t k = 0; k < corners; ++k) {
        if (offsets[k] >= 0) sum += weights[k] * from[offsets[k]];
      }
      y[(n * shape[1] + channel) * points + p] = sum;
    }
  }
  y.store();
  return {};
}

}  // namespace

std::span<const OpDef> grid_sample_ops() {
  static const std::vector<OpDef> defs = {
      {.name = "GridSample",
       .since_version = 22,
       .attrs = {{"align_corners", 0}, {"mode", "linear"}, {"padding_mode", "zeros"}},
       .inputs = 2,
       .infer = infer,
       .reference = grid_sample},
  };
  return defs;
}

}  // namespace oarlock::ops
