// y = x with elements added or cut off at the ends of its axes; what is added comes from x, as
// SOURCE(at, extent) says. Both are row-major: an innermost axis and RANK others, which dimension 1
// numbers. A work-item writes one element.

int positive_rest(const int a, const int n) {
  const int rest = a % n;
  return rest < 0 ? rest + n : rest;
}

int edge(const int at, const int extent) { return clamp(at, 0, extent - 1); }

int wrap(const int at, const int extent) { return positive_rest(at, extent); }

int reflect(const int at, const int extent) {
  if (extent == 1) return 0;
  const int period = 2 * (extent - 1), phase = positive_rest(at, period);
  return phase < extent ? phase : period - phase;
}

kernel void pad(TENSOR(x), TENSOR(y), const int rows, const int2 inner, const int inner_before,
                const int8 x_extents, const int8 y_extents, const int8 befores) {
  const int column = get_global_id(0), row = get_global_id(1);
  if (column >= inner.y || row >= rows) return;
  const int *const x_count = (const int *)&x_extents;
  const int *const y_count = (const int *)&y_extents;
  const int *const before = (const int *)&befores;
  long from = SOURCE(column - inner_before, inner.x), stride = inner.x;
  for (int axis = RANK - 1, rest = row; axis >= 0; --axis) {
    from += SOURCE(rest % y_count[axis] - before[axis], x_count[axis]) * stride;
    stride *= x_count[axis];
    rest /= y_count[axis];
  }
  ELEMENTS(TYPE, y)[(long)row * inner.y + column] = ELEMENTS(const TYPE, x)[from];
}
