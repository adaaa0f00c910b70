// Moving elements of type TYPE. Both tensors are walked over by strides: an innermost axis, of
// which a work-item moves WIDTH neighbours, and RANK others, which dimension 1 numbers.

#define VECTOR JOIN(TYPE, WIDTH)

kernel void strided_copy(TENSOR(x), TENSOR(y), const int inner, const int rows, const int8 extents,
                         const long x_start, const int x_inner, const int8 x_strides,
                         const long y_start, const int y_inner, const int8 y_strides) {
  const int first = (int)get_global_id(0) * WIDTH;
  const int row = get_global_id(1);
  if (first >= inner || row >= rows) return;
  const int *const count = (const int *)&extents;
  const int *const x_step = (const int *)&x_strides;
  const int *const y_step = (const int *)&y_strides;
  global const TYPE *x = ELEMENTS(const TYPE, x) + x_start + (long)first * x_inner;
  global TYPE *y = ELEMENTS(TYPE, y) + y_start + (long)first * y_inner;
  for (int axis = RANK - 1, rest = row; axis >= 0; --axis) {
    const long at = rest % count[axis];
    x += at * x_step[axis];
    y += at * y_step[axis];
    rest /= count[axis];
  }
  if (x_inner == 1 && y_inner == 1 && first + WIDTH <= inner) {
    JOIN(vstore, WIDTH)(JOIN(vload, WIDTH)(0, x), 0, y);
    return;
  }
  const int n = min(WIDTH, inner - first);
  for (int i = 0; i < n; ++i) y[(long)i * y_inner] = x[(long)i * x_inner];
}

// y = the first element of `value`, or zero when there is none.
kernel void fill(TENSOR(value), TENSOR(y), const int count) {
  const int first = (int)get_global_id(0) * WIDTH;
  const TYPE v = IS_GIVEN(value) ? *ELEMENTS(const TYPE, value) : (TYPE)0;
  global TYPE *const y = ELEMENTS(TYPE, y) + first;
  const int n = min(WIDTH, count - first);
  for (int i = 0; i < n; ++i) y[i] = v;
}
