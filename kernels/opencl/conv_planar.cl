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
  global const float* const x =
      ELEMENTS(float, x) + (size_t)get_global_id(2) * channels * plane;
  global const float* wp =
      ELEMENTS(float, w) + (size_t)panel * channels * window_height * (KX * U * V);
  global const float* xp[P];
  EACH_P {
    const int pixel = min(first + p, out_pixels - 1);
    xp[p] = x + pixel / out.x * stride.y * in.x + pixel % out.x * stride.x;
  }
  FV acc[P][U];
  EACH_U {
    const FV begin =
        IS_GIVEN(bias) ? LOAD(panel * U + u, ELEMENTS(float, bias)) : (FV)(0.0f);
    EACH_P acc[p][u] = begin;
  }
#define AT(p, j) xp[p][offset + (j) * dilation.x]
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
          STORE(ACTIVATE(acc[p][u]), image + (size_t)(panel * U + u) * out_pixels + first + p,
                ELEMENTS(float, y));
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
  global float* const y = ELEMENTS(float, y) + (size_t)row * out.x;
  if (from_row < 0 || from_row >= in.y) {
    for (int i = 0; i < out.x; ++i) y[i] = 0;
    return;
  }
  global const float* const x = ELEMENTS(float, x) + ((size_t)plane * in.y + from_row) * in.x;
  for (int i = 0; i < pad.x; ++i) y[i] = 0;
  for (int i = 0; i < in.x; ++i) y[pad.x + i] = x[i];
  for (int i = pad.x + in.x; i < out.x; ++i) y[i] = 0;
}
