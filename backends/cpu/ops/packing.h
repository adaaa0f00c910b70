#pragma once

#include "kernels/cpu/conv_shape.h"
#include "kernels/cpu/fourier_conv.h"
#include "kernels/cpu/fourier_depthwise.h"
#include "kernels/cpu/fourier_signal.h"
#include "oarlock/plugin/layout.h"

namespace oarlock::cpu {

// Opaque layouts of this backend's convolutions; the tag holds what oarlock.Relayout needs to know
// beside the shape of the weights.
Layout direct_weights_layout(const kernels::cpu::ConvShape& shape);
Layout transposed_weights_layout(const kernels::cpu::ConvShape& shape);
// m as in kernels::cpu::WinogradConv.
Layout winograd_weights_layout(const kernels::cpu::ConvShape& shape, int m);
Layout planar_weights_layout(const kernels::cpu::ConvShape& shape);
Layout depthwise_weights_layout(const kernels::cpu::ConvShape& shape);
Layout grouped_weights_layout(const kernels::cpu::ConvShape& shape);
Layout fourier_conv_weights_layout(const kernels::cpu::ConvShape& shape,
                                   const kernels::cpu::FourierBlocking& blocking);
Layout fourier_depthwise_weights_layout(const kernels::cpu::ConvShape& shape,
                                        const kernels::cpu::FourierBlocking& blocking);
Layout fourier_signal_weights_layout(const kernels::cpu::ConvShape& shape,
                                     const kernels::cpu::FourierSignal::Blocking& blocking);
// Any vector as long as a multiple of 16, zeros at its end.
Layout padded_vector_layout(int64_t length);

}  // namespace oarlock::cpu
