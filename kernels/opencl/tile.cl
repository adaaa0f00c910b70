// Register tiles of P rows (pixels) and U vectors of V columns (channels); tensors and weights are
// stored as REAL. ACTIVATION(T, a) is the fused activation of a, of type T.
// HALF_ARITHMETIC: REAL is half, and computed with as it is.
#define LOAD JOIN(vload, V)
#define STORE JOIN(vstore, V)
#ifdef HALF_ARITHMETIC
#pragma OPENCL EXTENSION cl_khr_fp16 : enable
#define FV JOIN(half, V)
#define LOAD_REAL(i, p) LOAD(i, p)
#define STORE_REAL(v, i, p) STORE(v, i, p)
#else
#define FV JOIN(float, V)
#define LOAD_REAL(i, p) REAL_loads(V, i, p)
#define STORE_REAL(v, i, p) REAL_stores(V, v, i, p)
#endif
#define ACTIVATE(v) ACTIVATION(FV, v)
#define EACH_P _Pragma("unroll") for (int p = 0; p < P; ++p)
#define EACH_U _Pragma("unroll") for (int u = 0; u < U; ++u)

// Adds the products at depth j to FV acc[P][U]: AT(p, j) is the element of row p, wp points to the
// weights, U vectors for each depth.
#define MULTIPLY(j)                              \
  {                                              \
    FV b[U];                                     \
    EACH_U b[u] = LOAD_REAL(u, wp + (j) * (U * V));   \
    EACH_P {                                     \
      const FV a = (FV)(AT(p, j));               \
      EACH_U acc[p][u] = a * b[u] + acc[p][u];   \
    }                                            \
  }

#ifndef HALF_ARITHMETIC
// Columns of a row where fewer than a vector may be left.
inline FV load_part(global const REAL_type* from, const int count) {
  if (count >= V) return LOAD_REAL(0, from);
  float lanes[V];
  for (int i = 0; i < V; ++i) lanes[i] = i < count ? REAL_load(i, from) : 0.0f;
  return LOAD(0, lanes);
}
inline void store_part(const FV v, global REAL_type* to, const int count) {
  if (count >= V) {
    STORE_REAL(v, 0, to);
    return;
  }
  float lanes[V];
  STORE(v, 0, lanes);
  for (int i = 0; i < count; ++i) REAL_store(lanes[i], i, to);
}
#endif
