// Depthwise convolution on blocked channels. A work-item computes P pixels of one row for V
// channels; KX, KY, SX, SY, DX, DY are extent, stride and dilation of the window.
//   x [planes][in.y][in.x][V], y and residual [planes][out.y][out.x][V], w [blocks][KY * KX][V] and
//   V zeros, bias [blocks][V]; planes are images times blocks.
#define SPAN ((P - 1) * SX + (KX - 1) * DX + 1)

kernel void depthwise(TENSOR(x), TENSOR(w), TENSOR(bias), TENSOR(residual), TENSOR(y),
                      const int2 in, const int2 out, const int2 pad, const int blocks,
                      const int planes) {
  const int first = get_global_id(0) * P, oy = get_global_id(1), plane = get_global_id(2);
  if (first >= out.x || oy >= out.y || plane >= planes) return;
  const int block = plane % blocks;
  global const REAL_type* const zero = ELEMENTS(REAL_type, w) + (size_t)blocks * (KX * KY * V);
  global const REAL_type* const w = ELEMENTS(REAL_type, w) + (size_t)block * (KX * KY * V);
  global const REAL_type* const x = ELEMENTS(REAL_type, x) + (size_t)plane * in.y * in.x * V;
  FV acc[P];
  const FV start = IS_GIVEN(bias) ? LOAD_REAL(block, ELEMENTS(REAL_type, bias)) : (FV)(0.0f);
  EACH_P acc[p] = start;
#pragma unroll
  for (int ky = 0; ky < KY; ++ky) {
    const int iy = oy * SY - pad.y + ky * DY;
    if (iy < 0 || iy >= in.y) continue;
    FV b[KX];
#pragma unroll
    for (int kx = 0; kx < KX; ++kx) b[kx] = LOAD_REAL(ky * KX + kx, w);
#pragma unroll
    for (int c = 0; c < SPAN; ++c) {
      const int ix = first * SX - pad.x + c;
      const bool inside = ix >= 0 && ix < in.x;
      const FV a = LOAD_REAL(0, inside ? x + (iy * in.x + ix) * V : zero);
#pragma unroll
      for (int kx = 0; kx < KX; ++kx) {
        const int reach = c - kx * DX;
        if (reach >= 0 && reach % SX == 0 && reach / SX < P) {
          acc[reach / SX] = a * b[kx] + acc[reach / SX];
        }
      }
    }
  }
  EACH_P {
    if (first + p < out.x) {
      const size_t at = ((size_t)plane * out.y + oy) * out.x + first + p;
      FV v = acc[p];
      if (IS_GIVEN(residual)) v += LOAD_REAL(at, ELEMENTS(REAL_type, residual));
      STORE_REAL(ACTIVATE(v), at, ELEMENTS(REAL_type, y));
    }
  }
}
