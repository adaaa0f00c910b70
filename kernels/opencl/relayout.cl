// Between row-major and blocks of BLOCK channels (axis 1), elements of type TYPE. A work-item moves
// one block of channels of one pixel; channels that are not there become 0.

kernel void block_channels(TENSOR(x), TENSOR(y), const int channels, const int pixels,
                           const int blocks, const int batch) {
  const int pixel = get_global_id(0), block = get_global_id(1), image = get_global_id(2);
  if (pixel >= pixels || block >= blocks || image >= batch) return;
  global const TYPE *const x =
      ELEMENTS(TYPE, x) + ((long)image * channels + block * BLOCK) * pixels + pixel;
  global TYPE *const y = ELEMENTS(TYPE, y) + (((long)image * blocks + block) * pixels + pixel) * BLOCK;
  const int count = min(BLOCK, channels - block * BLOCK);
  for (int i = 0; i < count; ++i) y[i] = x[(long)i * pixels];
  for (int i = count; i < BLOCK; ++i) y[i] = 0;
}

kernel void unblock_channels(TENSOR(x), TENSOR(y), const int channels, const int pixels,
                             const int blocks, const int batch) {
  const int pixel = get_global_id(0), block = get_global_id(1), image = get_global_id(2);
  if (pixel >= pixels || block >= blocks || image >= batch) return;
  global const TYPE *const x =
      ELEMENTS(TYPE, x) + (((long)image * blocks + block) * pixels + pixel) * BLOCK;
  global TYPE *const y =
      ELEMENTS(TYPE, y) + ((long)image * channels + block * BLOCK) * pixels + pixel;
  const int count = min(BLOCK, channels - block * BLOCK);
  for (int i = 0; i < count; ++i) y[(long)i * pixels] = x[i];
}
