// Independent chains of multiply-adds: what a device can do at most. A work-item does
// rounds * 12 * WIDTH of them.
#define TYPE_(width) float##width
#define TYPE(width) TYPE_(width)
typedef TYPE(WIDTH) wide;

kernel void multiply_add(global wide *y, const int rounds, const float factor, const float addend) {
  const wide f = factor, a = addend;
  wide s[12];
#pragma unroll
  for (int i = 0; i < 12; ++i) s[i] = (float)i;
  for (int round = 0; round < rounds; ++round) {
#pragma unroll
    for (int i = 0; i < 12; ++i) s[i] = s[i] * f + a;
  }
  wide sum = s[0];
#pragma unroll
  for (int i = 1; i < 12; ++i) sum += s[i];
  y[get_global_id(0)] = sum;
}
