// Minimal filtering F(M x M, 3 x 3) (Lavin and Gray, arXiv 1509.09308), M 2 or 4, for
// convolutions of stride 1: input tiles become vectors of S * S planes, each plane is a product
// (conv.cl), and the products become output tiles. Tiles are numbered row by row, images after one
// another, `begin` first; the planes hold `count` of them: [S * S][blocks][count][V],
// always floats.
#define S (M + 2)

// Where a tile begins in the output, and its image.
inline int4 place_of(const int tile, const int2 grid) {
  const int within = tile % (grid.x * grid.y);
  return (int4)(within % grid.x * M, within / grid.x * M, tile / (grid.x * grid.y), 0);
}

inline void input_line(FV* d, const int step) {
#if M == 2
  const FV a = d[0], b = d[step], c = d[2 * step], e = d[3 * step];
  d[0] = a - c;
  d[step] = b + c;
  d[2 * step] = c - b;
  d[3 * step] = b - e;
#else
  const FV a = d[0], b = d[step], c = d[2 * step], e = d[3 * step], f = d[4 * step],
           g = d[5 * step];
  const FV even = f - 4.0f * c, odd = e - 4.0f * b, near = f - c, far = 2.0f * (e - b);
  d[0] = 4.0f * a - 5.0f * c + f;
  d[step] = even + odd;
  d[2 * step] = even - odd;
  d[3 * step] = near + far;
  d[4 * step] = near - far;
  d[5 * step] = 4.0f * b - 5.0f * e + g;
#endif
}

kernel void winograd_input(TENSOR(x), TENSOR(planes), const int2 in, const int2 pad,
                           const int2 grid, const int blocks, const int begin, const int count) {
  const int tile = get_global_id(0), block = get_global_id(1);
  if (tile >= count || block >= blocks) return;
  const int4 at = place_of(begin + tile, grid);
  global const REAL_type* const x =
      ELEMENTS(REAL_type, x) + ((size_t)at.z * blocks + block) * in.x * in.y * V;
  FV d[S * S];
#pragma unroll
  for (int i = 0; i < S * S; ++i) {
    const int ix = at.x - pad.x + i % S, iy = at.y - pad.y + i / S;
    const bool inside = ix >= 0 && ix < in.x && iy >= 0 && iy < in.y;
    d[i] = inside ? LOAD_REAL(iy * in.x + ix, x) : (FV)(0.0f);
  }
#pragma unroll
  for (int i = 0; i < S; ++i) input_line(d + i, S);
#pragma unroll
  for (int i = 0; i < S; ++i) input_line(d + i * S, 1);
#pragma unroll
  for (int i = 0; i < S * S; ++i) {
    STORE(d[i], ((size_t)i * blocks + block) * count + tile, ELEMENTS(float, planes));
  }
}

inline void output_line(FV* d, const int step) {
#if M == 2
  const FV a = d[0], b = d[step], c = d[2 * step], e = d[3 * step];
  d[0] = a + b + c;
  d[step] = b - c - e;
#else
  const FV a = d[0], b = d[step], c = d[2 * step], e = d[3 * step], f = d[4 * step],
           g = d[5 * step];
  const FV even = b + c, odd = b - c, far_even = e + f, far_odd = e - f;
  d[0] = a + even + far_even;
  d[step] = odd + 2.0f * far_odd;
  d[2 * step] = even + 4.0f * far_even;
  d[3 * step] = odd + 8.0f * far_odd + g;
#endif
}

kernel void winograd_output(TENSOR(planes), TENSOR(bias), TENSOR(residual), TENSOR(y),
                            const int2 out, const int2 grid, const int blocks, const int begin,
                            const int count) {
  const int tile = get_global_id(0), block = get_global_id(1);
  if (tile >= count || block >= blocks) return;
  FV d[S * S];
#pragma unroll
  for (int i = 0; i < S * S; ++i) {
    d[i] = LOAD(((size_t)i * blocks + block) * count + tile, ELEMENTS(float, planes));
  }
#pragma unroll
  for (int i = 0; i < S; ++i) output_line(d + i, S);
#pragma unroll
  for (int i = 0; i < M; ++i) output_line(d + i * S, 1);
  const FV b = IS_GIVEN(bias) ? LOAD_REAL(block, ELEMENTS(REAL_type, bias)) : (FV)(0.0f);
  const int4 at = place_of(begin + tile, grid);
  const size_t plane = ((size_t)at.z * blocks + block) * out.x * out.y;
#pragma unroll
  for (int i = 0; i < M * M; ++i) {
    const int ox = at.x + i % M, oy = at.y + i / M;
    if (ox < out.x && oy < out.y) {
      const size_t to = plane + oy * out.x + ox;
      FV v = d[i / M * S + i % M] + b;
      if (IS_GIVEN(residual)) v += LOAD_REAL(to, ELEMENTS(REAL_type, residual));
      STORE_REAL(ACTIVATE(v), to, ELEMENTS(REAL_type, y));
    }
  }
}
