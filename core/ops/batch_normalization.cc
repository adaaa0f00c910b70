// BatchNormalization (ONNX 15), for inference and training.
#include <cmath>
#include <vector>

#include "core/ops/support/check.h"
#include "core/ops/support/elements.h"

namespace oarlock::ops {

namespace {

int64_t channels_of(const Shape& x) { return x.rank() < 2 ? 1 : x[1]; }

Status infer(InferContext& c) {
  OARLOCK_TRY(expect_tensors(c));
  OARLOCK_TRY(expect_float(c, 0, "X"));
  OARLOCK_TRY(expect_min_rank(c, 0, "X", 1));
  constexpr std::string_view kNames[] = {"X", "scale", "B", "input_mean", "input_var"};
  for (size_t i = 1; i < 5; ++i) {
    OARLOCK_TRY(expect_float(c, i, kNames[i]));
    OARLOCK_TRY(expect_shape(c, i, kNames[i], {channels_of(c.shape(0))}));
  }
  OARLOCK_TRY(expect_same_dtype(c, 2, "B", c.dtype(1)));
  OARLOCK_TRY(expect_same_dtype(c, 4, "input_var", c.dtype(3)));
  c.set_output(0, c.dtype(0), c.shape(0));
  c.set_output(1, c.dtype(3), c.shape(3));
  c.set_output(2, c.dtype(4), c.shape(4));
  return {};
}

// Mean and population variance of every channel.
template <class C>
void statistics(const Elements<C>& x, int64_t channels, int64_t plane, std::vector<C>& mean,
                std::vector<C>& variance) {
  const int64_t batch = channels * plane == 0 ? 0 : x.size() / (channels * plane);
  const double count = static_cast<double>(batch * plane);
  for (int64_t channel = 0; channel < channels; ++channel) {
    const auto sum_over = [&](auto&& term) {
      double sum = 0;
      for (int64_t n = 0; n < batch; ++n) {
        const C* from = x.data() + (n * channels + channel) * plane;
        for (int64_t i = 0; i < plane; ++i) sum += term(static_cast<double>(from[i]));
      }
      return sum;
    };
    const double m = sum_over([](double value) { return value; }) / count;
    mean[channel] = static_cast<C>(m);
    variance[channel] =
        static_cast<C>(sum_over([m](double value) { return (value - m) * (value - m); }) / count);
  }
}

template <class C>
Status run(RunContext& c) {
  const Shape& shape = c.input(0).shape();
  const int64_t channels = channels_of(shape);
  const int64_t plane = shape.rank() < 2 ? 1 : extent_product(shape, 2, shape.rank());
  const Elements<C> x(c.input(0)), scale(c.input(1)), bias(c.input(2));
  const Elements<C> given_mean(c.input(3)), given_variance(c.input(4));
  std::vector<C> mean(given_mean.begin(), given_mean.end());
  std::vector<C> variance(given_variance.begin(), given_variance.end());
  if (c.attrs().integer("training_mode") != 0) {
    statistics(x, channels, plane, mean, variance);
    const C momentum = static_cast<C>(c.attrs().number("momentum", 0.9f));
    const auto running = [&](size_t output, const Elements<C>& before,
                             const std::vector<C>& now) -> Status {
      if (!c.has_output(output)) return {};
      OARLOCK_ASSIGN(Tensor* const tensor,
                     c.output(output, c.input(output + 2).dtype(), {channels}));
      Results<C> out(*tensor);
      for (int64_t i = 0; i < channels; ++i)
        out[i] = before[i] * momentum + now[i] * (1 - momentum);
      out.store();
      return {};
    };
    OARLOCK_TRY(running(1, given_mean, mean));
    OARLOCK_TRY(running(2, given_variance, variance));
  } else {
    for (size_t i = 1; i <= 2; ++i) {
      if (c.has_output(i)) OARLOCK_TRY(c.set_output(i, c.input(i + 2)));
    }
  }
  OARLOCK_ASSIGN(Tensor* const tensor, c.output(0, c.input(0).dtype(), shape));
  Results<C> y(*tensor);
  const C epsilon = static_cast<C>(c.attrs().number("epsilon", 1e-5f));
  const int64_t planes = plane == 0 ? 0 : x.size() / plane;
  for (int64_t p = 0; p < planes; ++p) {
    const int64_t channel = shape.rank() < 2 ? 0 : p % channels;
    const C factor = scale[channel] / std::sqrt(variance[channel] + epsilon);
    const C* from = x.data() + p * plane;
    C* to = y.data() + p * plane;
    for (int64_t i = 0; i < plane; ++i) to[i] = (from[i] - mean[channel]) * factor + bias[channel];
  }
  y.store();
  return {};
}

Status batch_normalization(RunContext& c) {
  return with_compute_type(c.input(0).dtype(),
                           [&](auto tag) { return run<typename decltype(tag)::Type>(c); });
}

double flops(const Attrs&, std::span<const TypeInfo> inputs, std::span<const TypeInfo>) {
  return 2 * static_cast<double>(inputs[0].shape.elements().value_or(0));
}

}  // namespace

std::span<const OpDef> batch_normalization_ops() {
  static const std::vector<OpDef> defs = {
      {.name = "BatchNormalization",
       .since_version = 15,
       .attrs = {{"epsilon", 1e-5f}, {"momentum", 0.9f}, {"training_mode", 0}},
       .inputs = 5,
       .outputs = {1, 3},
       .infer = infer,
       .reference = batch_normalization,
       .flops = flops},
  };
  return defs;
}

}  // namespace oarlock::ops
