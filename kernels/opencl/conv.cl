// Convolution on blocked channels: any window, groups, or transposed.
//   x [images][in_blocks][in.y * in.x][V], y and residual [images][out_blocks][out.y * out.x][V],
//   w [panels][taps][depth][U * V] and V zeros, bias [panels][U * V].
// A work-item computes P pixels for one panel of U * V channels, from `depth` (a multiple of 4)
// input channels that begin with block first_block(panel). Taps go row by row through `window`.
// POINTWISE: one tap, stride 1, no padding, at least P pixels.
// pixels_first: dimension 0 counts tiles of pixels, else panels.
// WEIGHTS_OF_IMAGE: every image has weights of its own.
// TRANSPOSED: `stride` divides the output's pixels into phases, each with tiles of its own.

// Block by block of input channels; little is unrolled, which keeps compilers fast.
#define MULTIPLY_BLOCKS(next_block)                                    \
  for (int left = depth; left > 0; left -= V) {                        \
    const int end = min(left, V);                                      \
    _Pragma("nounroll") for (int i = 0; i < end; i += 4) {             \
      _Pragma("unroll") for (int j = 0; j < 4; ++j) MULTIPLY(i + j)    \
    }                                                                  \
    wp += end * (U * V);                                               \
    next_block;                                                        \
  }

kernel void conv(TENSOR(x), TENSOR(w), TENSOR(bias), TENSOR(residual), TENSOR(y), const int2 in,
                 const int2 out, const int2 window, const int2 stride, const int2 dilation,
                 const int2 pad, const int depth, const int in_blocks, const int out_blocks,
                 const int panels, const int2 group_channels, const int pixels_first) {
  const int tile = get_global_id(pixels_first ? 0 : 1);
  const int panel = get_global_id(pixels_first ? 1 : 0);
  if (panel >= panels) return;
  const int in_plane = in.x * in.y * V, out_pixels = out.x * out.y;
#ifdef TRANSPOSED
  const int2 most = (out + stride - 1) / stride;
  const int tiles = (most.x * most.y + P - 1) / P, phase = tile / tiles;
  const int2 start = (int2)(phase % stride.x, phase / stride.x);
  const int2 grid = (out - start + stride - 1) / stride;
  const int first = tile % tiles * P, pixels = start.y < stride.y ? grid.x * grid.y : 0;
#else
  const int2 grid = out;
  const int first = tile * P, pixels = out_pixels;
#endif
  if (first >= pixels) return;

  global const REAL_type* const w = ELEMENTS(REAL_type, w);
  const size_t panel_size = (size_t)window.x * window.y * depth * (U * V);
#ifdef WEIGHTS_OF_IMAGE
  global const REAL_type* wp = w + (get_global_id(2) * panels + panel) * panel_size;
#else
  global const REAL_type* wp = w + panel * panel_size;
#endif
  const int first_block = min(panel * (U * V) / group_channels.y * group_channels.x / V,
                              in_blocks - (depth + V - 1) / V);
  global const REAL_type* const x =
      ELEMENTS(REAL_type, x) + ((size_t)get_global_id(2) * in_blocks + first_block) * in_plane;
  FV acc[P][U];
  EACH_U {
    const FV begin =
        IS_GIVEN(bias) ? LOAD_REAL(panel * U + u, ELEMENTS(REAL_type, bias)) : (FV)(0.0f);
    EACH_P acc[p][u] = begin;
  }

#ifdef POINTWISE
  // The last tile moves back to where all its pixels exist, and stores only what is new.
  const int base = min(first, pixels - P);
  global const REAL_type* xp = x + base * V;
#define AT(p, j) REAL_load((p) * V + (j), xp)
  MULTIPLY_BLOCKS(xp += in_plane)
#else
  const int base = first;
  global const REAL_type* const zero = w + panels * panel_size;
  int2 at[P], place = (int2)(first % grid.x, first / grid.x);
  EACH_P {
    at[p] = place;
    if (++place.x == grid.x) place = (int2)(0, place.y + 1);
  }
  for (int ky = 0; ky < window.y; ++ky) {
    for (int kx = 0; kx < window.x; ++kx) {
#ifdef TRANSPOSED
      const int2 reach = start + pad - (int2)(kx, ky) * dilation;
      if (reach.x % stride.x != 0 || reach.y % stride.y != 0) {
        wp += depth * (U * V);
        continue;
      }
      const int2 shift = reach / stride, scale = 1;
#else
      const int2 shift = (int2)(kx, ky) * dilation - pad, scale = stride;
#endif
      global const REAL_type* xp[P];
      int step[P];
      EACH_P {
        const int ix = at[p].x * scale.x + shift.x, iy = at[p].y * scale.y + shift.y;
        const bool inside = ix >= 0 && ix < in.x && iy >= 0 && iy < in.y;
        xp[p] = inside ? x + (iy * in.x + ix) * V : zero;
        step[p] = inside ? in_plane : 0;
      }
#define AT(p, j) REAL_load(j, xp[p])
      MULTIPLY_BLOCKS(EACH_P xp[p] += step[p])
    }
  }
#endif

  const size_t image = (size_t)get_global_id(2) * out_blocks * out_pixels;
  EACH_P {
    if (base + p >= first && base + p < pixels) {
#ifdef TRANSPOSED
      const int pixel = (at[p].y * stride.y + start.y) * out.x + at[p].x * stride.x + start.x;
#else
      const int pixel = base + p;
#endif
      EACH_U {
        if (panel * U + u < out_blocks) {
          const size_t to = image + (size_t)(panel * U + u) * out_pixels + pixel;
          FV v = acc[p][u];
          if (IS_GIVEN(residual)) v += LOAD_REAL(to, ELEMENTS(REAL_type, residual));
          STORE_REAL(ACTIVATE(v), to, ELEMENTS(REAL_type, y));
        }
      }
    }
  }
}
