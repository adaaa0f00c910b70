// The operators of the stand-in for OpenCL ML, one work-item an element of the output. Tensors are
// n, c, h, w in an int4; own layout: [n][h][w][channels in fours].
#ifdef HALF
#define TYPE half
#define LOAD(p, i) vload_half(i, p)
#define STORE(v, p, i) vstore_half_rte(v, i, p)
#else
#define TYPE float
#define LOAD(p, i) ((p)[i])
#define STORE(v, p, i) ((p)[i] = (v))
#endif
#define T global TYPE *

long at(const int4 d, int n, int c, int h, int w) {
  return (((long)n * d.z + h) * d.w + w) * ((d.y + 3) / 4 * 4) + c;
}
long plain(const int4 d, int n, int c, int h, int w) {
  return (((long)n * d.y + c) * d.z + h) * d.w + w;
}
// Which element this work-item makes; returns at once beyond the last.
#define PLACE(d)                                               \
  const int item = get_global_id(0);                           \
  if (item >= d.x * d.y * d.z * d.w) return;                   \
  const int w = item % d.w, h = item / d.w % d.z;              \
  const int c = item / (d.w * d.z) % d.y, n = item / (d.w * d.z * d.y);

kernel void change(T x, T y, const int4 d, const int to_own) {
  PLACE(d)
  const long own = at(d, n, c, h, w), order = plain(d, n, c, h, w);
  STORE(LOAD(x, to_own ? order : own), y, to_own ? own : order);
}

kernel void conv(T x, T weights, T bias, T y, const int4 dx, const int4 dw, const int4 d,
                 const int2 pad, const int2 stride, const int2 dilation, const int depthwise,
                 const float least, const float most) {
  PLACE(d)
  const int4 db = (int4)(1, d.y, 1, 1);
  float sum = bias ? LOAD(bias, at(db, 0, c, 0, 0)) : 0.0f;
  for (int ky = 0; ky < dw.z; ++ky)
    for (int kx = 0; kx < dw.w; ++kx) {
      const int iy = h * stride.x - pad.x + ky * dilation.x;
      const int ix = w * stride.y - pad.y + kx * dilation.y;
      if (iy < 0 || iy >= dx.z || ix < 0 || ix >= dx.w) continue;
      if (depthwise)
        sum += LOAD(x, at(dx, n, c, iy, ix)) * LOAD(weights, at(dw, 0, c, ky, kx));
      else
        for (int k = 0; k < dx.y; ++k)
          sum += LOAD(x, at(dx, n, k, iy, ix)) * LOAD(weights, at(dw, c, k, ky, kx));
    }
  STORE(sum < least ? least : sum > most ? most : sum, y, at(d, n, c, h, w));
}

kernel void pool(T x, T y, const int4 dx, const int4 d, const int2 pad, const int2 stride,
                 const int2 window, const int maximum) {
  PLACE(d)
  float all = maximum ? -INFINITY : 0.0f;
  int count = 0;
  for (int ky = 0; ky < window.x; ++ky)
    for (int kx = 0; kx < window.y; ++kx) {
      const int iy = h * stride.x - pad.x + ky, ix = w * stride.y - pad.y + kx;
      if (iy < 0 || iy >= dx.z || ix < 0 || ix >= dx.w) continue;
      const float v = LOAD(x, at(dx, n, c, iy, ix));
      all = maximum ? fmax(all, v) : all + v;
      ++count;
    }
  STORE(maximum ? all : all / max(count, 1), y, at(d, n, c, h, w));
}

kernel void clip(T x, T y, const int4 d, const float least, const float most) {
  PLACE(d)
  const float v = LOAD(x, at(d, n, c, h, w));
  STORE(v < least ? least : v > most ? most : v, y, at(d, n, c, h, w));
}

kernel void binary(T x, T z, T y, const int4 d, const int function) {
  PLACE(d)
  const long i = at(d, n, c, h, w);
  const float a = LOAD(x, i), b = LOAD(z, i);
  const float v = function == 0   ? a + b
                  : function == 1 ? a - b
                  : function == 2 ? a * b
                  : function == 3 ? a / b
                  : function == 4 ? fmin(a, b)
                                  : fmax(a, b);
  STORE(v, y, i);
}

kernel void softmax(T x, T y, const int4 d) {
  PLACE(d)
  float most = -INFINITY, sum = 0.0f;
  for (int k = 0; k < d.y; ++k) most = fmax(most, LOAD(x, at(d, n, k, h, w)));
  for (int k = 0; k < d.y; ++k) sum += exp(LOAD(x, at(d, n, k, h, w)) - most);
  STORE(exp(LOAD(x, at(d, n, c, h, w)) - most) / sum, y, at(d, n, c, h, w));
}

kernel void batch_norm(T x, T mean, T variance, T scale, T bias, T y, const int4 d) {
  PLACE(d)
  const long i = at(d, n, c, h, w), k = at((int4)(1, d.y, 1, 1), 0, c, 0, 0);
  const float v = (LOAD(x, i) - LOAD(mean, k)) / sqrt(LOAD(variance, k) + 1e-5f);
  STORE(v * LOAD(scale, k) + LOAD(bias, k), y, i);
}

kernel void pad(T x, T y, const int4 dx, const int4 d, const int2 before) {
  PLACE(d)
  const int iy = h - before.x, ix = w - before.y;
  const int inside = iy >= 0 && iy < dx.z && ix >= 0 && ix < dx.w;
  STORE(inside ? LOAD(x, at(dx, n, c, iy, ix)) : 0.0f, y, at(d, n, c, h, w));
}

kernel void reshape(T x, T y, const int4 dx, const int4 d) {
  PLACE(d)
  int i = item;
  const int xw = i % dx.w;
  i /= dx.w;
  const int xh = i % dx.z;
  i /= dx.z;
  STORE(LOAD(x, at(dx, i / dx.y, i % dx.y, xh, xw)), y, at(d, n, c, h, w));
}

// One of the inputs of a concatenation.
kernel void place(T x, T y, const int4 d, const int4 dy, const int4 start) {
  PLACE(d)
  STORE(LOAD(x, at(d, n, c, h, w)), y,
        at(dy, n + start.x, c + start.y, h + start.z, w + start.w));
}
