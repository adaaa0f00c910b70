#pragma once

#include <optional>

#include "kernels/cpu/fourier_conv.h"
#include "kernels/cpu/fourier_depthwise.h"
#include "kernels/cpu/fourier_signal.h"

namespace oarlock::cpu {

// Shares of a direct convolution's estimated time: where spectra are taken, and where tuning tries
// them.
inline constexpr double kFourierTaken = 0.9, kFourierTried = 1.5;

// How to cut a convolution for the kernels that multiply spectra, the same for any `most`; nothing
// where they are estimated to take more than `most` of the direct time. Depends on the shape and
// the machine's caches only, never on the number of threads.
std::optional<kernels::cpu::FourierBlocking> fourier_conv_blocking(
    const kernels::cpu::ConvShape& shape, double most = kFourierTaken);
std::optional<kernels::cpu::FourierBlocking> fourier_depthwise_blocking(
    const kernels::cpu::ConvShape& shape, double most = kFourierTaken);
std::optional<kernels::cpu::FourierSignal::Blocking> fourier_signal_blocking(
    const kernels::cpu::ConvShape& shape, double most = kFourierTaken);

}  // namespace oarlock::cpu
