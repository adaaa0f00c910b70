#pragma once

#include <cstdint>

#include "kernels/cpu/conv_shape.h"

namespace oarlock::kernels::cpu {

// One image of `channels` times `pixels` floats from row-major NCHW to NCHW16c; lanes beyond the
// last channel become zero. Work units: blocks of 16 channels.
void block_channels(const float* nchw, int64_t channels, int64_t pixels, float* blocked,
                    Range blocks);

// The way back.
void unblock_channels(const float* blocked, int64_t channels, int64_t pixels, float* nchw,
                      Range blocks);

// The same for pixels `pixel_range` of one image only.
void block_channels(const float* nchw, int64_t channels, int64_t pixels, float* blocked,
                    Range blocks, Range pixel_range);
void unblock_channels(const float* blocked, int64_t channels, int64_t pixels, float* nchw,
                      Range blocks, Range pixel_range);

}  // namespace oarlock::kernels::cpu
