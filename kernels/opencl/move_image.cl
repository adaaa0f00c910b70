// Between images and buffers, and of parts of images. Buffers hold row-major order or (BLOCK > 1)
// channels in blocks of BLOCK, a multiple of 4.

// First of the elements that a texel has, of those in a buffer; blocks counts those of BLOCK.
long first_element(const int n, const int block, const int pixel, const int channels,
                   const int pixels) {
#if BLOCK > 1
  const int blocks = (channels + BLOCK - 1) / BLOCK, per_block = BLOCK / 4;
  return (((long)n * blocks + block / per_block) * pixels + pixel) * BLOCK + block % per_block * 4;
#else
  return ((long)n * channels + block * 4) * pixels + pixel;
#endif
}

// extents: channels, width, height, images.
kernel void to_image(TENSOR(x), WRITTEN_IMAGE(y), const int4 extents) {
  const int column = get_global_id(0), row = get_global_id(1);
  if (column >= (extents.x + 3) / 4 * extents.y || row >= extents.z * extents.w) return;
  const int block = column / extents.y, n = row / extents.z;
  const int pixel = row % extents.z * extents.y + column % extents.y;
  const int pixels = extents.y * extents.z;
  global const REAL_type* const x =
      ELEMENTS(REAL_type, x) + first_element(n, block, pixel, extents.x, pixels);
#if BLOCK > 1
  const float4 value = REAL_loads(4, 0, x);
#else
  const int count = min(4, extents.x - block * 4);
  float lanes[4];
  for (int i = 0; i < 4; ++i) lanes[i] = i < count ? REAL_load((long)i * pixels, x) : 0.0f;
  const float4 value = (float4)(lanes[0], lanes[1], lanes[2], lanes[3]);
#endif
  WRITE(y, column, row, value);
}

// Whole blocks are written; those beyond the channels become 0.
kernel void from_image(READ_IMAGE(x), TENSOR(y), const int4 extents, const int blocks) {
  const int column = get_global_id(0), row = get_global_id(1);
  if (column >= blocks * extents.y || row >= extents.z * extents.w) return;
  const int block = column / extents.y, n = row / extents.z;
  const int pixel = row % extents.z * extents.y + column % extents.y;
  const int pixels = extents.y * extents.z;
  global REAL_type* const y =
      ELEMENTS(REAL_type, y) + first_element(n, block, pixel, extents.x, pixels);
  const int count = min(4, extents.x - block * 4);
  const float4 value = count > 0 ? READ(x, column, row) : (float4)(0);
#if BLOCK > 1
  REAL_stores(4, value, 0, y);
#else
  const float lanes[4] = {value.x, value.y, value.z, value.w};
  for (int i = 0; i < count; ++i) REAL_store(lanes[i], (long)i * pixels, y);
#endif
}

// A rectangle of texels.
kernel void move_texels(READ_IMAGE(x), WRITTEN_IMAGE(y), const int from, const int to,
                        const int columns, const int rows) {
  const int column = get_global_id(0), row = get_global_id(1);
  if (column >= columns || row >= rows) return;
  WRITE(y, to + column, row, READ(x, from + column, row));
}

// Weights [outputs][inputs][taps] as conv_image.cl reads them; inputs are those of a group, or 1 of
// depthwise ones. A work-item writes one texel.
kernel void pack_image(TENSOR(x), WRITTEN_IMAGE(y), const int taps, const int inputs,
                       const int outputs, const int depthwise, const int columns, const int rows) {
  const int column = get_global_id(0), row = get_global_id(1);
  if (column >= columns || row >= rows) return;
  const int block = depthwise ? row : row / taps, tap = depthwise ? column : row % taps;
  const int input = depthwise ? 0 : column;
  global const REAL_type* const x = ELEMENTS(REAL_type, x);
  float lanes[4];
  for (int i = 0; i < 4; ++i) {
    const int output = block * 4 + i;
    const bool inside = input < inputs && output < outputs;
    lanes[i] = inside ? REAL_load(((long)output * inputs + input) * taps + tap, x) : 0.0f;
  }
  WRITE(y, column, row, (float4)(lanes[0], lanes[1], lanes[2], lanes[3]));
}
