// Softmax over the middle axis of [outer, length, inner] stored as REAL; LOGARITHM for its logarithm.
// `rows` are outer * inner. May work in place.

#ifdef LOGARITHM
#define RESULT(v, most, sum) ((v) - (most) - log(sum))
#else
#define RESULT(v, most, sum) (exp((v) - (most)) / (sum))
#endif

#ifdef ALONG
// inner is 1.
kernel void softmax(TENSOR(x), TENSOR(y), const int rows, const int length, const int inner) {
  const int row = get_global_id(0);
  if (row >= rows) return;
  global const REAL_type *const x = ELEMENTS(const REAL_type, x) + (long)row * length;
  global REAL_type *const y = ELEMENTS(REAL_type, y) + (long)row * length;
  const int whole = length / WIDTH * WIDTH;
  float most = -INFINITY, sum = 0;
  if (whole > 0) {
    FLOATS lanes = LOAD_FLOATS(x);
    for (int i = WIDTH; i < whole; i += WIDTH) lanes = fmax(lanes, LOAD_FLOATS(x + i));
    most = max_of_lanes(lanes);
  }
  for (int i = whole; i < length; ++i) most = fmax(most, REAL_load(i, x));
  if (whole > 0) {
    FLOATS lanes = (FLOATS)(0);
    for (int i = 0; i < whole; i += WIDTH) lanes += exp(LOAD_FLOATS(x + i) - most);
    sum = sum_of_lanes(lanes);
  }
  for (int i = whole; i < length; ++i) sum += exp(REAL_load(i, x) - most);
  for (int i = 0; i < whole; i += WIDTH)
    STORE_FLOATS(RESULT(LOAD_FLOATS(x + i), most, sum), y + i);
  for (int i = whole; i < length; ++i) REAL_store(RESULT(REAL_load(i, x), most, sum), i, y);
}
#else
kernel void softmax(TENSOR(x), TENSOR(y), const int rows, const int length, const int inner) {
  const int row = get_global_id(0);
  if (row >= rows) return;
  const long start = (long)(row / inner) * length * inner + row % inner;
  global const REAL_type *const x = ELEMENTS(const REAL_type, x) + start;
  global REAL_type *const y = ELEMENTS(REAL_type, y) + start;
  float most = -INFINITY, sum = 0;
  for (int i = 0; i < length; ++i) most = fmax(most, REAL_load((long)i * inner, x));
  for (int i = 0; i < length; ++i) sum += exp(REAL_load((long)i * inner, x) - most);
  for (int i = 0; i < length; ++i) {
    const long at = (long)i * inner;
    REAL_store(RESULT(REAL_load(at, x), most, sum), at, y);
  }
}
#endif
