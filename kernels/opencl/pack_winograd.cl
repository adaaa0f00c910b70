// Weights [out][in][3][3] to planes of packed weights, floats [S * S][panels][depth][width] for
// winograd.cl. M is 2 or 4; a work-item transforms the weights of one input and output channel.
#define S (M + 2)

inline void weights_line(const float a, const float b, const float c, float* to, const int step) {
#if M == 2
  to[0] = a;
  to[step] = 0.5f * (a + b + c);
  to[2 * step] = 0.5f * (a - b + c);
  to[3 * step] = c;
#else
  to[0] = 0.25f * a;
  to[step] = (a + b + c) * (-1.0f / 6);
  to[2 * step] = (a - b + c) * (-1.0f / 6);
  to[3 * step] = a * (1.0f / 24) + b * (1.0f / 12) + c * (1.0f / 6);
  to[4 * step] = a * (1.0f / 24) - b * (1.0f / 12) + c * (1.0f / 6);
  to[5 * step] = c;
#endif
}

kernel void pack_winograd(TENSOR(from), TENSOR(to), const int2 channels, const int depth,
                          const int panels, const int width) {
  const int out = get_global_id(0), in = get_global_id(1);
  if (out >= panels * width || in >= depth) return;
  float g[9], rows[S * 3], all[S * S];
  global const REAL_type* const from = ELEMENTS(REAL_type, from) + ((size_t)out * channels.x + in) * 9;
  const bool there = in < channels.x && out < channels.y;
  for (int i = 0; i < 9; ++i) g[i] = there ? REAL_load(i, from) : 0.0f;
  for (int i = 0; i < 3; ++i) weights_line(g[i], g[3 + i], g[6 + i], rows + i, 3);
  for (int i = 0; i < S; ++i)
    weights_line(rows[3 * i], rows[3 * i + 1], rows[3 * i + 2], all + i * S, 1);
  global float* const to =
      ELEMENTS(float, to) + ((size_t)(out / width) * depth + in) * width + out % width;
  for (int i = 0; i < S * S; ++i) to[(size_t)i * panels * depth * width] = all[i];
}
