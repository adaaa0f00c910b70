// Normalization of rows of floats, which may work in place.

// The mean of a row, and that of its squared distances to `mean`.
float mean_of(global const float *x, const int length) {
  const int whole = length / WIDTH * WIDTH;
  FLOATS lanes = (FLOATS)(0);
  for (int i = 0; i < whole; i += WIDTH) lanes += LOAD_FLOATS(x + i);
  float sum = sum_of_lanes(lanes);
  for (int i = whole; i < length; ++i) sum += x[i];
  return sum / length;
}

float mean_square(global const float *x, const int length, const float mean) {
  const int whole = length / WIDTH * WIDTH;
  FLOATS lanes = (FLOATS)(0);
  for (int i = 0; i < whole; i += WIDTH) {
    const FLOATS v = LOAD_FLOATS(x + i) - mean;
    lanes += v * v;
  }
  float sum = sum_of_lanes(lanes);
  for (int i = whole; i < length; ++i) sum += (x[i] - mean) * (x[i] - mean);
  return sum / length;
}

// Each row times a scale for each element plus a bias, which may be missing. Without `center` the
// mean is taken as 0 (RMS).
kernel void layer_norm(TENSOR(x), TENSOR(scale), TENSOR(bias), TENSOR(y), const int rows,
                       const int length, const float epsilon, const int center) {
  const int row = get_global_id(0);
  if (row >= rows) return;
  global const float *const x = ELEMENTS(const float, x) + (long)row * length;
  global float *const y = ELEMENTS(float, y) + (long)row * length;
  global const float *const scale = ELEMENTS(const float, scale);
  global const float *const bias = ELEMENTS(const float, bias);
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
    y[i] = (x[i] - mean) * factor * scale[i] + (has_bias ? bias[i] : 0);
}

// Rows are groups of `channels` channels of `inner` elements; scale and bias go by channel.
kernel void group_norm(TENSOR(x), TENSOR(scale), TENSOR(bias), TENSOR(y), const int rows,
                       const int groups, const int channels, const int inner,
                       const float epsilon) {
  const int row = get_global_id(0);
  if (row >= rows) return;
  const int length = channels * inner;
  global const float *const x = ELEMENTS(const float, x) + (long)row * length;
  global float *const y = ELEMENTS(float, y) + (long)row * length;
  const float mean = mean_of(x, length);
  const float factor = 1 / sqrt(mean_square(x, length, mean) + epsilon);
  for (int c = 0; c < channels; ++c) {
    const int channel = row % groups * channels + c;
    const float times = factor * ELEMENTS(const float, scale)[channel];
    const float plus = ELEMENTS(const float, bias)[channel] - mean * times;
    for (int i = c * inner; i < (c + 1) * inner; ++i) y[i] = x[i] * times + plus;
  }
}

// y = x * scale[channel] + shift[channel] on channels in blocks of BLOCK, 1 for row-major; the
// tables are padded to whole blocks.
#define BLOCK_FLOATS JOIN(float, BLOCK)
kernel void channel_affine(TENSOR(x), TENSOR(y), TENSOR(scale), TENSOR(shift), const int pixels,
                           const int blocks, const int images) {
  const int pixel = get_global_id(0), block = get_global_id(1), image = get_global_id(2);
  if (pixel >= pixels || block >= blocks || image >= images) return;
  const long at = ((long)image * blocks + block) * pixels + pixel;
#if BLOCK > 1
  const BLOCK_FLOATS v = JOIN(vload, BLOCK)(at, ELEMENTS(const float, x)) *
                             JOIN(vload, BLOCK)(block, ELEMENTS(const float, scale)) +
                         JOIN(vload, BLOCK)(block, ELEMENTS(const float, shift));
  JOIN(vstore, BLOCK)(v, at, ELEMENTS(float, y));
#else
  ELEMENTS(float, y)[at] = ELEMENTS(const float, x)[at] * ELEMENTS(const float, scale)[block] +
                           ELEMENTS(const float, shift)[block];
#endif
}
