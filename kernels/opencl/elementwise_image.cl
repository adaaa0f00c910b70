// y = EXPRESSION(inputs) texel by texel. A work-item makes one texel of extents (x: channels, y:
// width, z: height, w: images).
//   EXPRESSION(T, a, b, c)    the value, of type T for a vector
//   INPUTS                    1, 2 or 3
//   A_ROWS, B_ROWS, C_ROWS    an input is row-major in a buffer, not an image
// Strides of an image: texels from one block of channels to the next and along the width (in x), and
// along images and the height (in y). Of a buffer: elements along channels, width, images, height.
// One of 0 repeats; an image that does along channels repeats its first.

#define AS_IMAGE(name)                                                        \
  float4 name##_value = READ(name, block * name##_strides.x + w * name##_strides.y, \
                             n * name##_strides.z + h * name##_strides.w);    \
  if (name##_strides.x == 0) name##_value = name##_value.xxxx;

#define LANE(name, i)                                                               \
  REAL_load(name##_start + min(block * 4 + i, extents.x - 1) * name##_strides.x,    \
            ELEMENTS(REAL_type, name))
#define AS_ROWS(name)                                                                         \
  const int name##_start = w * name##_strides.y + n * name##_strides.z + h * name##_strides.w; \
  const float4 name##_value =                                                                 \
      (float4)(LANE(name, 0), LANE(name, 1), LANE(name, 2), LANE(name, 3));

#ifdef A_ROWS
#define A_ARGUMENT TENSOR(a)
#define A_VALUE AS_ROWS(a)
#else
#define A_ARGUMENT READ_IMAGE(a)
#define A_VALUE AS_IMAGE(a)
#endif
#ifdef B_ROWS
#define B_ARGUMENT TENSOR(b)
#define B_VALUE AS_ROWS(b)
#else
#define B_ARGUMENT READ_IMAGE(b)
#define B_VALUE AS_IMAGE(b)
#endif
#ifdef C_ROWS
#define C_ARGUMENT TENSOR(c)
#define C_VALUE AS_ROWS(c)
#else
#define C_ARGUMENT READ_IMAGE(c)
#define C_VALUE AS_IMAGE(c)
#endif

kernel void elementwise_image(A_ARGUMENT,
#if INPUTS > 1
                              B_ARGUMENT,
#endif
#if INPUTS > 2
                              C_ARGUMENT,
#endif
                              WRITTEN_IMAGE(y), const int4 extents, const int4 a_strides,
                              const int4 b_strides, const int4 c_strides) {
  const int column = get_global_id(0), row = get_global_id(1);
  if (column >= (extents.x + 3) / 4 * extents.y || row >= extents.z * extents.w) return;
  const int block = column / extents.y, w = column % extents.y;
  const int n = row / extents.z, h = row % extents.z;
  A_VALUE
#if INPUTS > 2
  B_VALUE
  C_VALUE
  const float4 value = EXPRESSION(float4, a_value, b_value, c_value);
#elif INPUTS > 1
  B_VALUE
  const float4 value = EXPRESSION(float4, a_value, b_value, 0);
#else
  const float4 value = EXPRESSION(float4, a_value, 0, 0);
#endif
  WRITE(y, column, row, value);
}
