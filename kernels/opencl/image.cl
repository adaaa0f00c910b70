// In front of programs on images, where texel (c / 4 * W + w, n * H + h) holds channels c to c + 3.
// An image may be larger than its tensor, so kernels check places themselves; what lies outside the
// image, as (-1, y) does, reads as zeros.
#define READ_IMAGE(name) read_only image2d_t name, const ulong name##_offset
#define WRITTEN_IMAGE(name) write_only image2d_t name, const ulong name##_offset
#define READ(name, x, y) read_imagef(name, nearest, (int2)(x, y))
#define WRITE(name, x, y, v) write_imagef(name, (int2)(x, y), v)
#define EACH_P _Pragma("unroll") for (int p = 0; p < P; ++p)
#define EACH_U _Pragma("unroll") for (int u = 0; u < U; ++u)

constant sampler_t nearest =
    CLK_NORMALIZED_COORDS_FALSE | CLK_ADDRESS_CLAMP | CLK_FILTER_NEAREST;
