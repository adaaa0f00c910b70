// Reductions of the middle axis of [outer, length, inner] stored as REAL.
//   START             the value before the first element
//   ADD(T, all, v)    one more element; T is float or a vector of floats
//   JOIN_LANES(v)     the value of all lanes
//   FINISH(T, all, n) the result for n elements
// Over an innermost axis (ALONG) a work-item takes one row, WIDTH elements at a time; else WIDTH
// neighbours of the inner axis.

#ifdef ALONG
kernel void reduce(TENSOR(x), TENSOR(y), const int outers, const int length, const int inner) {
  const int outer = get_global_id(0);
  if (outer >= outers) return;
  global const REAL_type *const x = ELEMENTS(const REAL_type, x) + (long)outer * length;
  float all = START;
  int i = 0;
  if (length >= WIDTH) {
    FLOATS lanes = (FLOATS)(START);
    for (; i + WIDTH <= length; i += WIDTH) lanes = ADD(FLOATS, lanes, LOAD_FLOATS(x + i));
    all = JOIN_LANES(lanes);
  }
  for (; i < length; ++i) all = ADD(float, all, REAL_load(i, x));
  REAL_store(FINISH(float, all, (float)length), outer, ELEMENTS(REAL_type, y));
}
#else
kernel void reduce(TENSOR(x), TENSOR(y), const int outers, const int length, const int inner) {
  const int at = get_global_id(0) * WIDTH, outer = get_global_id(1);
  if (at >= inner || outer >= outers) return;
  global const REAL_type *const x = ELEMENTS(const REAL_type, x) + (long)outer * length * inner + at;
  FLOATS all = (FLOATS)(START);
  for (int i = 0; i < length; ++i) all = ADD(FLOATS, all, LOAD_FLOATS(x + (long)i * inner));
  STORE_FLOATS(FINISH(FLOATS, all, (float)length), ELEMENTS(REAL_type, y) + (long)outer * inner + at);
}
#endif
