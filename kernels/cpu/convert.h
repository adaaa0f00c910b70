#pragma once
// Conversions between element types: 16-bit floats and linear 8-bit quantization.

#include <cstdint>

namespace oarlock::kernels::cpu {

// IEEE binary16 and bfloat16, rounding to nearest even. n values, no overlap.
void f16_to_f32(const uint16_t* x, float* y, int64_t n);
void f32_to_f16(const float* x, uint16_t* y, int64_t n);
void bf16_to_f32(const uint16_t* x, float* y, int64_t n);
void f32_to_bf16(const float* x, uint16_t* y, int64_t n);

// Truncated; what is out of range becomes the nearest limit, NaN 0.
void f32_to_i32(const float* x, int32_t* y, int64_t n);
void f32_to_i64(const float* x, int64_t* y, int64_t n);

// saturate(round_half_even(x / scale) + zero_point) as ONNX QuantizeLinear defines it, and
// (x - zero_point) * scale.
void quantize_u8(const float* x, float scale, int32_t zero_point, uint8_t* y, int64_t n);
void quantize_i8(const float* x, float scale, int32_t zero_point, int8_t* y, int64_t n);
void dequantize_u8(const uint8_t* x, float scale, int32_t zero_point, float* y, int64_t n);
void dequantize_i8(const int8_t* x, float scale, int32_t zero_point, float* y, int64_t n);

// The least and the greatest of n values and 0; NaN are passed over.
void range_f32(const float* x, int64_t n, float* least, float* most);

}  // namespace oarlock::kernels::cpu
