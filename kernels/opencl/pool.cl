// Maxima (MAXIMUM) or averages over windows of images whose channels lie in blocks of WIDTH, 1 for
// row-major. A work-item makes one block of one pixel.
//   AVERAGE_ALL  averages count taps in the padding too, but not beyond it

kernel void pool(TENSOR(x), TENSOR(y), const int blocks, const int in_height, const int in_width,
                 const int out_height, const int out_width, const int2 extent, const int2 stride,
                 const int2 dilation, const int2 before, const int2 after) {
  const int column = get_global_id(0), row = get_global_id(1), block = get_global_id(2);
  if (column >= out_width || row >= out_height || block >= blocks) return;
  global const REAL_type *const x =
      ELEMENTS(const REAL_type, x) + (long)block * in_height * in_width * WIDTH;
  const int top = row * stride.x - before.x, left = column * stride.y - before.y;
#ifdef MAXIMUM
  FLOATS value = (FLOATS)(-INFINITY);
#else
  FLOATS value = (FLOATS)(0);
  int count = 0;
#endif
  for (int i = 0; i < extent.x; ++i) {
    const int at_row = top + i * dilation.x;
    const bool row_inside = at_row >= 0 && at_row < in_height;
#ifndef AVERAGE_ALL
    if (!row_inside) continue;
#endif
    for (int j = 0; j < extent.y; ++j) {
      const int at_column = left + j * dilation.y;
      const bool inside = row_inside && at_column >= 0 && at_column < in_width;
#ifdef AVERAGE_ALL
      count += at_row < in_height + after.x && at_column < in_width + after.y;
#endif
      if (!inside) continue;
      const FLOATS here = LOAD_FLOATS(x + ((long)at_row * in_width + at_column) * WIDTH);
#ifdef MAXIMUM
      value = fmax(value, here);
#else
      value += here;
#ifndef AVERAGE_ALL
      ++count;
#endif
#endif
    }
  }
#ifndef MAXIMUM
  value = value / (float)max(count, 1);
#endif
  STORE_FLOATS(value, ELEMENTS(REAL_type, y) +
                          (((long)block * out_height + row) * out_width + column) * WIDTH);
}
