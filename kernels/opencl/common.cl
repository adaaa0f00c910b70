// In front of every program, after its macros.

// A tensor among a kernel's arguments, where its elements begin, and whether it is there at all.
#define TENSOR(name) global uchar *name##_memory, const ulong name##_offset
#define ELEMENTS(type, name) ((global type *)(name##_memory + name##_offset))
#define IS_GIVEN(name) (name##_memory != 0)

// Element i of storage p as a number to compute with, and back; of floats and halves also vector i
// of n elements.
#define load_plain(i, p) ((p)[i])
#define store_plain(v, i, p) ((p)[i] = (v))
#define load_half(i, p) vload_half(i, p)
#define store_half(v, i, p) vstore_half_rte(v, i, p)
#define loads_plain(n, i, p) JOIN(vload, n)(i, p)
#define stores_plain(n, v, i, p) JOIN(vstore, n)(v, i, p)
#define loads_half(n, i, p) JOIN(floats_of, n)(JOIN(vload, n)(i, (const global ushort *)(p)))
#define stores_half(n, v, i, p) JOIN(JOIN(vstore_half, n), _rte)(v, i, p)
#define load_bfloat(i, p) as_float((uint)(p)[i] << 16)
#define store_bfloat(v, i, p) ((p)[i] = bfloat_of(v))
#define load_char(i, p) ((int)(p)[i])
#define store_char(v, i, p) ((p)[i] = (char)(v))
#define load_uchar(i, p) ((uint)(p)[i])
#define store_uchar(v, i, p) ((p)[i] = (uchar)(v))
#define load_short(i, p) ((int)(p)[i])
#define store_short(v, i, p) ((p)[i] = (short)(v))
#define load_ushort(i, p) ((uint)(p)[i])
#define store_ushort(v, i, p) ((p)[i] = (ushort)(v))
#define load_bool(i, p) ((p)[i] != 0)
#define store_bool(v, i, p) ((p)[i] = (v) != 0)

// Rounded to nearest even; NaN stays NaN.
ushort bfloat_of(float value) {
  const uint bits = as_uint(value);
  if (isnan(value)) return (ushort)((bits >> 16) | 0x40);
  return (ushort)((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

// JOIN(vload, 16) is vload16.
#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)

// Floats of n halves. PoCL 3.1 compiles vload_halfn to a load that traps where an address is not a
// multiple of the vector's size, if the processor has no AVX-512; here the address is.
#define FLOATS_OF(n) \
  float##n floats_of##n(ushort##n halves) { return vload_half##n(0, (const half *)&halves); }
FLOATS_OF(2)
FLOATS_OF(4)
FLOATS_OF(8)
FLOATS_OF(16)

// What floats of tensors are stored as, float unless macros say half.
#ifndef REAL_load
#define REAL_type float
#define REAL_load(i, p) load_plain(i, p)
#define REAL_store(v, i, p) store_plain(v, i, p)
#define REAL_loads(n, i, p) loads_plain(n, i, p)
#define REAL_stores(n, v, i, p) stores_plain(n, v, i, p)
#endif

// floatN of WIDTH lanes, how to read and write one (stored as REAL), and reductions over its lanes.
#if defined(WIDTH) && WIDTH > 1
#define FLOATS JOIN(float, WIDTH)
#define LOAD_FLOATS(p) REAL_loads(WIDTH, 0, p)
#define STORE_FLOATS(v, p) REAL_stores(WIDTH, v, 0, p)

float sum_of_lanes(FLOATS v) {
  const float *const lanes = (const float *)&v;
  float sum = lanes[0];
  for (int i = 1; i < WIDTH; ++i) sum += lanes[i];
  return sum;
}

float max_of_lanes(FLOATS v) {
  const float *const lanes = (const float *)&v;
  float most = lanes[0];
  for (int i = 1; i < WIDTH; ++i) most = fmax(most, lanes[i]);
  return most;
}
#elif defined(WIDTH)
#define FLOATS float
#define LOAD_FLOATS(p) REAL_load(0, p)
#define STORE_FLOATS(v, p) REAL_store(v, 0, p)
#endif
