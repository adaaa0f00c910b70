// Resizing of images whose channels lie in blocks of WIDTH, 1 for row-major, by two taps an axis.
// A tap of an output row or column: the two source rows or columns and the second one's weight.

typedef struct {
  int low, high;
  float weight;
  int unused;
} Tap;

kernel void resize(TENSOR(x), TENSOR(y), TENSOR(row_taps), TENSOR(column_taps), const int in_height,
                   const int in_width, const int out_height, const int out_width,
                   const int blocks) {
  const int column = get_global_id(0), row = get_global_id(1), block = get_global_id(2);
  if (column >= out_width || row >= out_height || block >= blocks) return;
  global const REAL_type *const x =
      ELEMENTS(const REAL_type, x) + (long)block * in_height * in_width * WIDTH;
  const Tap r = ELEMENTS(const Tap, row_taps)[row], c = ELEMENTS(const Tap, column_taps)[column];
#define PIXEL(at_row, at_column) LOAD_FLOATS(x + ((long)(at_row) * in_width + (at_column)) * WIDTH)
  FLOATS value = PIXEL(r.low, c.low);
#ifdef LINEAR
  value = value * (1 - c.weight) + PIXEL(r.low, c.high) * c.weight;
  const FLOATS below = PIXEL(r.high, c.low) * (1 - c.weight) + PIXEL(r.high, c.high) * c.weight;
  value = value * (1 - r.weight) + below * r.weight;
#endif
  STORE_FLOATS(value, ELEMENTS(REAL_type, y) +
                          (((long)block * out_height + row) * out_width + column) * WIDTH);
}
