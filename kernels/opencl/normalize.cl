// Normalization of rows stored as REAL, which may work in place.

// The mean of a row, and that of its squared distances to `mean`.
float mean_of(global const REAL_type *x, const int length) {
  const int whole = length / WIDTH * WIDTH;
  FLOATS lanes = (FLOATS)(0);
  for (int i = 0; i < whole; i += WIDTH) lanes += LOAD_FLOATS(x + i);
  float sum = sum_of_lanes(lanes);
  for (int i = whole; i < length; ++i) sum += REAL_load(i, x);
  return sum / length;
}

float mean_square(global const REAL_type *x, const int length, const float mean) {
  const int whole = length / WIDTH * WIDTH;
  FLOATS lanes = (FLOATS)(0);
  for (int i = 0; i < whole; i += WIDTH) {
    const FLOATS v = LOAD_FLOATS(x + i) - mean;
    lanes += v * v;
  }
  float sum = sum_of_lanes(lanes);
  for (int i = whole; i < length; ++i) {
    const float v = REAL_load(i, x) - mean;
    sum += v * v;
  }
  return sum / length;
}

// Each row times a scale for each element plus a bias, which may be missing. Without `center` the
// mean is taken as 0 (RMS).
kernel void layer_norm(TENSOR(x), TENSOR(scale), TENSOR(bias), TENSOR(y), const int rows,
                       const int length, const float epsilon, const int center) {
  const int row = get_global_id(0);
  if (row >= rows) return;
  global const REAL_type *const x = ELEMENTS(const REAL_type, x) + (long)row * length;
  global REAL_type *const y = ELEMENTS(REAL_type, y) + (long)row * length;
  global const REAL_type *const scale = ELEMENTS(const REAL_type, scale);
  global const REAL_type *const bias = ELEMENTS(const REAL_type, bias);
  const bool has_bias = IS_GIVEN(bias);
  const float mean = center ? mean_of(x, length) : 0;
  const float factor = 1 / sqrt(mean_square(x, length, mean) + epsilon);
  const int whole = length / WIDTH * WIDTH;
  for (int i = 0; i < whole; i += WIDTH) {
    FLOATS v = (LOAD_FLOATS(x + i) - mean) * factor * LOAD_FLOATS(scale + i);
    if (has_bias) v += LOAD_FLOATS(bias + i);
    STORE_FLOATS(v, y + i);
  }
  for (int i = whole; i < length; ++i)
    REAL_store((REAL_load(i, x) - mean) * factor * REAL_load(i, scale) +
                   (has_bias ? REAL_load(i, bias) : 0),
               i, y);
}

// Rows are groups of `channels` channels of `inner` elements; scale and bias go by channel.
kernel void group_norm(TENSOR(x), TENSOR(scale), TENSOR(bias), TENSOR(y), const int rows,
                       const int groups, const int channels, const int inner,
                       const float epsilon) {
  const int row = get_global_id(0);
  if (row >= rows) return;
  const int length = channels * inner;
  global const REAL_type *const x = ELEMENTS(const REAL_type, x) + (long)row * length;
  global REAL_type *const y = ELEMENTS(REAL_type, y) + (long)row * length;
  const float mean = mean_of(x, length);
  const float factor = 1 / sqrt(mean_square(x, length, mean) + epsilon);
  for (int c = 0; c < channels; ++c) {
    const int channel = row % groups * channels + c;
    const float times = factor * REAL_load(channel, ELEMENTS(const REAL_type, scale));
    const float plus = REAL_load(channel, ELEMENTS(const REAL_type, bias)) - mean * times;
    for (int i = c * inner; i < (c + 1) * inner; ++i) {
      REAL_store(REAL_load(i, x) * times + plus, i, y);
    }
  }
}

// y = x * scale[channel] + shift[channel] on channels in blocks of BLOCK, 1 for row-major; the
// tables are floats, padded to whole blocks.
#define BLOCK_FLOATS JOIN(float, BLOCK)
kernel void channel_affine(TENSOR(x), TENSOR(y), TENSOR(scale), TENSOR(shift), const int pixels,
                           const int blocks, const int images) {
  const int pixel = get_global_id(0), block = get_global_id(1), image = get_global_id(2);
  if (pixel >= pixels || block >= blocks || image >= images) return;
  const long at = ((long)image * blocks + block) * pixels + pixel;
#if BLOCK > 1
  const BLOCK_FLOATS v = REAL_loads(BLOCK, at, ELEMENTS(const REAL_type, x)) *
                             JOIN(vload, BLOCK)(block, ELEMENTS(const float, scale)) +
                         JOIN(vload, BLOCK)(block, ELEMENTS(const float, shift));
  REAL_stores(BLOCK, v, at, ELEMENTS(REAL_type, y));
#else
  const float v = REAL_load(at, ELEMENTS(const REAL_type, x));
  REAL_store(v * ELEMENTS(const float, scale)[block] + ELEMENTS(const float, shift)[block], at,
             ELEMENTS(REAL_type, y));
#endif
}
