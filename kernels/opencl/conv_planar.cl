// Convolution of row-major images with few channels into blocked channels: first layers.
//   x [images][channels][in.y][in.x] with its padding, as pad_planes writes it, w
//   [panels][channels * KY][KX][U * V], bias [panels][U * V], y [images][out_blocks][out.y * out.x]
//   [V].
// A work-item computes P pixels for one panel of U * V channels. KX is the window's width.

kernel void conv_planar(TENSOR(x), TENSOR(w), TENSOR(bias), TENSOR(y), const int2 in,
                        const int2 out, const int window_height, const int2 stride,
                        const int2 dilation, const int channels, const int out_blocks,
                        const int panels) {
  const int first = get_global_id(0) * P, panel = get_global_id(1);
  const int out_pixels = out.x * out.y;
  if (first >= out_pixels || panel >= panels) return;
  const int plane = in.x * in.y;
  global const REAL_type* const x =
      ELEMENTS(REAL_type, x) + (size_t)get_global_id(2) * channels * plane;
  global const REAL_type* wp =
      ELEMENTS(REAL_type, w) + (size_t)panel * channels * window_height * (KX * U * V);
  global const REAL_type* xp[P];
  EACH_P {
    const int pixel = min(first + p, out_pixels - 1);
    xp[p] = x + pixel / out.x * stride.y * in.x + pixel % out.x * stride.x;
  }
  FV acc[P][U];
  EACH_U {
    const FV begin =
        IS_GIVEN(bias) ? LOAD_REAL(panel * U + u, ELEMENTS(REAL_type, bias)) : (FV)(0.0f);
    EACH_P acc[p][u] = begin;
  }
#define AT(p, j) REAL_load(offset + (j) * dilation.x, xp[p])
  for (int c = 0; c < channels; ++c) {
    for (int ky = 0; ky < window_height; ++ky) {
      const int offset = c * plane + ky * dilation.y * in.x;
#pragma unroll
      for (int j = 0; j < KX; ++j) MULTIPLY(j);
      wp += KX * U * V;
    }
  }
  const size_t image = (size_t)get_global_id(2) * out_blocks * out_pixels;
  EACH_P {
    if (first + p < out_pixels) {
      EACH_U {
        if (panel * U + u < out_blocks) {
          STORE_REAL(ACTIVATE(acc[p][u]), image + (size_t)(panel * U + u) * out_pixels + first + p,
                ELEMENTS(REAL_type, y));
        }
      }
    }
  }
}

// Planes [in.y][in.x] into the middle of zeroed planes [out.y][out.x]; a work-item writes a row.
kernel void pad_planes(TENSOR(x), TENSOR(y), const int2 in, const int2 out, const int2 pad,
                       const int rows) {
  const int row = get_global_id(0);
  if (row >= rows) return;
  const int plane = row / out.y, from_row = row % out.y - pad.y;
  global REAL_type* const y = ELEMENTS(REAL_type, y) + (size_t)row * out.x;
  if (from_row < 0 || from_row >= in.y) {
    for (int i = 0; i < out.x; ++i) REAL_store(0.0f, i, y);
    return;
  }
  global const REAL_type* const x = ELEMENTS(REAL_type, x) + ((size_t)plane * in.y + from_row) * in.x;
  for (int i = 0; i < pad.x; ++i) REAL_store(0.0f, i, y);
  for (int i = 0; i < in.x; ++i) REAL_store(REAL_load(i, x), pad.x + i, y);
  for (int i = pad.x + in.x; i < out.x; ++i) REAL_store(0.0f, i, y);
}
