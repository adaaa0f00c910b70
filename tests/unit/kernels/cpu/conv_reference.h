#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "kernels/cpu/activation.h"
#include "kernels/cpu/conv_shape.h"

namespace oarlock::kernels::cpu::reference {

inline std::vector<float> random_floats(size_t count, uint32_t seed) {
  std::mt19937 generator(seed);
  std::uniform_real_distribution<float> uniform(-1, 1);
  std::vector<float> values(count);
  for (float& v : values) v = uniform(generator);
  return values;
}

// Lanes beyond the last channel get `padding`, to show that kernels do not depend on them.
inline std::vector<float> to_blocked(const std::vector<float>& nchw, int64_t channels,
                                     int64_t pixels, float padding = 0) {
  const int64_t blocks = (channels + 15) / 16;
  std::vector<float> out(blocks * pixels * 16, padding);
  for (int64_t c = 0; c < channels; ++c) {
    for (int64_t p = 0; p < pixels; ++p) {
      out[((c / 16) * pixels + p) * 16 + c % 16] = nchw[c * pixels + p];
    }
  }
  return out;
}

inline std::vector<float> from_blocked(const std::vector<float>& blocked, int64_t channels,
                                       int64_t pixels) {
  std::vector<float> out(channels * pixels);
  for (int64_t c = 0; c < channels; ++c) {
    for (int64_t p = 0; p < pixels; ++p) {
      out[c * pixels + p] = blocked[((c / 16) * pixels + p) * 16 + c % 16];
    }
  }
  return out;
}

// Row-major NCHW and OIHW, sums in double precision.
inline std::vector<double> convolve(const ConvShape& s, const std::vector<float>& input,
                                    const std::vector<float>& weights,
                                    const std::vector<float>& bias) {
  const int64_t in_group = s.in_channels / s.groups, out_group = s.out_channels / s.groups;
  std::vector<double> output(s.out_channels * s.out_pixels());
  for (int64_t o = 0; o < s.out_channels; ++o) {
    for (int64_t y = 0; y < s.out_height; ++y) {
      for (int64_t x = 0; x < s.out_width; ++x) {
        double sum = bias.empty() ? 0 : bias[o];
        for (int64_t i = 0; i < in_group; ++i) {
          const int64_t channel = o / out_group * in_group + i;
          for (int64_t ky = 0; ky < s.kernel_height; ++ky) {
            for (int64_t kx = 0; kx < s.kernel_width; ++kx) {
              const int64_t iy = y * s.stride_height - s.pad_top + ky * s.dilation_height;
              const int64_t ix = x * s.stride_width - s.pad_left + kx * s.dilation_width;
              if (iy < 0 || iy >= s.in_height || ix < 0 || ix >= s.in_width) continue;
              sum += static_cast<double>(input[(channel * s.in_height + iy) * s.in_width + ix]) *
                     weights[((o * in_group + i) * s.kernel_height + ky) * s.kernel_width + kx];
            }
          }
        }
        output[(o * s.out_height + y) * s.out_width + x] = sum;
      }
    }
  }
  return output;
}

// What a convolution's sums become: plus the residual, unless it is null, and activated by none,
// relu or swish.
inline void finish(std::vector<double>& sums, const Activation& activation,
                   const std::vector<float>* residual = nullptr) {
  for (size_t i = 0; i < sums.size(); ++i) {
    if (residual) sums[i] += (*residual)[i];
    if (activation.kind == Activation::Kind::relu) sums[i] = std::max(sums[i], 0.0);
    if (activation.kind == Activation::Kind::swish) sums[i] /= 1 + std::exp(-sums[i]);
  }
}

// The least length of at least n that transforms are for.
inline int64_t transform_length(int64_t n) {
  for (;; ++n) {
    int64_t rest = n;
    for (const int64_t f : {2, 3, 5, 7, 11, 13})
      while (rest % f == 0) rest /= f;
    if (rest == 1) return n;
  }
}

// A shape whose output extent follows from equal padding at all sides.
inline ConvShape conv_shape(int64_t in, int64_t out, int64_t height, int64_t width,
                            int64_t kernel_height, int64_t kernel_width, int64_t stride,
                            int64_t pad, int64_t dilation = 1, int64_t groups = 1) {
  ConvShape s;
  s.in_channels = in;
  s.out_channels = out;
  s.in_height = height;
  s.in_width = width;
  s.groups = groups;
  s.kernel_height = kernel_height;
  s.kernel_width = kernel_width;
  s.stride_height = s.stride_width = stride;
  s.dilation_height = s.dilation_width = dilation;
  s.pad_top = s.pad_left = pad;
  s.out_height = (height + 2 * pad - (kernel_height - 1) * dilation - 1) / stride + 1;
  s.out_width = (width + 2 * pad - (kernel_width - 1) * dilation - 1) / stride + 1;
  return s;
}

// Largest |got - want|, relative to the largest |want|; infinite where got is NaN.
template <class Want>
double scaled_error(const std::vector<float>& got, const std::vector<Want>& want) {
  double error = 0, scale = 1e-30;
  for (size_t i = 0; i < want.size(); ++i) {
    const double difference = std::abs(got[i] - static_cast<double>(want[i]));
    error = std::isnan(difference) ? INFINITY : std::max(error, difference);
    scale = std::max(scale, std::abs(static_cast<double>(want[i])));
  }
  return error / scale;
}

// Operands of a convolution, in NCHW16c too, and what it makes of them.
struct ConvCase {
  const ConvShape shape;
  const Activation activation;
  const bool with_residual;
  const std::vector<float> input, weights, bias, residual;
  const std::vector<float> blocked, blocked_residual;
  std::vector<float> padded_bias, output;
  std::vector<double> want;

  ConvCase(const ConvShape& s, const Activation& act, bool add_residual)
      : shape(s),
        activation(act),
        with_residual(add_residual),
        input(random_floats(s.in_channels * s.in_pixels(), 1)),
        weights(random_floats(s.out_channels * s.in_channels / s.groups * s.taps(), 2)),
        bias(random_floats(s.out_channels, 3)),
        residual(random_floats(s.out_channels * s.out_pixels(), 4)),
        blocked(to_blocked(input, s.in_channels, s.in_pixels(), 5.0f)),
        blocked_residual(to_blocked(residual, s.out_channels, s.out_pixels())),
        padded_bias(s.out_blocks() * 16),
        output(s.out_blocks() * s.out_pixels() * 16, NAN),
        want(convolve(s, input, weights, bias)) {
    finish(want, activation, with_residual ? &residual : nullptr);
    std::copy(bias.begin(), bias.end(), padded_bias.begin());
  }

  // A kernel's arguments, but for packed weights and workspace.
  template <class Args>
  Args args() {
    Args a;
    a.input = blocked.data();
    a.bias = padded_bias.data();
    a.residual = with_residual ? blocked_residual.data() : nullptr;
    a.output = output.data();
    a.activation = activation;
    return a;
  }

  std::vector<float> got() const {
    return from_blocked(output, shape.out_channels, shape.out_pixels());
  }
};

}  // namespace oarlock::kernels::cpu::reference
