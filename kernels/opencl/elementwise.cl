// y = EXPRESSION(inputs) element by element. A work-item makes WIDTH neighbours of the innermost
// axis; dimension 1 numbers the other axes, of which there are RANK.
//   EXPRESSION(T, a, b, c)  the value, of type T for a vector or a number of compute type
//   INPUTS                  1, 2 or 3
//   A_, B_, C_, Y_          element types; WIDTH is 1 unless all are float or half
//   ROWS                    where it is defined, for a short innermost axis: a work-item makes that
//                           axis whole for ROWS neighbours of the last of the others, RANK > 0, and
//                           dimension 0 numbers these groups
// An input's stride along the innermost axis is 0 or 1.

#if WIDTH > 1
#define VECTOR JOIN(float, WIDTH)
#define VECTOR_OF(type, name, at) \
  (name##_inner ? type##_loads(WIDTH, 0, name + (at)) : (VECTOR)(type##_load(0, name)))
#endif

#define OUTER_OFFSET(name, strides)                  \
  for (int axis = RANK - 1, rest = row; axis >= 0; --axis) { \
    name += (long)(rest % extents_[axis]) * strides##_[axis]; \
    rest /= extents_[axis];                          \
  }

kernel void elementwise(TENSOR(a),
#if INPUTS > 1
                        TENSOR(b),
#endif
#if INPUTS > 2
                        TENSOR(c),
#endif
                        TENSOR(y), const int inner, const int rows, const int8 extents,
                        const int a_inner, const int8 a_strides
#if INPUTS > 1
                        , const int b_inner, const int8 b_strides
#endif
#if INPUTS > 2
                        , const int c_inner, const int8 c_strides
#endif
) {
  const int *const extents_ = (const int *)&extents;
#ifdef ROWS
  const int last = extents_[RANK - 1], groups = (last + ROWS - 1) / ROWS;
  const int group = get_global_id(0), first_row = group % groups * ROWS;
  const int row = group / groups * last + first_row;
  if (row >= rows) return;
  const int row_count = min(ROWS, last - first_row), begin = 0, end = inner;
#else
  const int begin = (int)get_global_id(0) * WIDTH;
  const int row = get_global_id(1);
  if (begin >= inner || row >= rows) return;
  const int row_count = 1, end = min(begin + WIDTH, inner);
#endif

  global A_type *a = ELEMENTS(A_type, a);
  const int *const a_strides_ = (const int *)&a_strides;
  OUTER_OFFSET(a, a_strides)
#if INPUTS > 1
  global B_type *b = ELEMENTS(B_type, b);
  const int *const b_strides_ = (const int *)&b_strides;
  OUTER_OFFSET(b, b_strides)
#endif
#if INPUTS > 2
  global C_type *c = ELEMENTS(C_type, c);
  const int *const c_strides_ = (const int *)&c_strides;
  OUTER_OFFSET(c, c_strides)
#endif
  global Y_type *y = ELEMENTS(Y_type, y) + (long)row * inner;

#if INPUTS > 2
#define AT(T, i) EXPRESSION(T, A_load((i) * a_inner, a), B_load((i) * b_inner, b), C_load((i) * c_inner, c))
#define VECTOR_AT(i) EXPRESSION(VECTOR, VECTOR_OF(A, a, i), VECTOR_OF(B, b, i), VECTOR_OF(C, c, i))
#elif INPUTS > 1
#define AT(T, i) EXPRESSION(T, A_load((i) * a_inner, a), B_load((i) * b_inner, b), 0)
#define VECTOR_AT(i) EXPRESSION(VECTOR, VECTOR_OF(A, a, i), VECTOR_OF(B, b, i), 0)
#else
#define AT(T, i) EXPRESSION(T, A_load((i) * a_inner, a), 0, 0)
#define VECTOR_AT(i) EXPRESSION(VECTOR, VECTOR_OF(A, a, i), 0, 0)
#endif

  for (int r = 0; r < row_count; ++r) {
    int i = begin;
#if WIDTH > 1
    for (; i + WIDTH <= end; i += WIDTH) Y_stores(WIDTH, VECTOR_AT(i), 0, y + i);
#endif
    for (; i < end; ++i) Y_store(AT(COMPUTE, i), i, y);
#ifdef ROWS
    y += inner;
    a += a_strides_[RANK - 1];
#if INPUTS > 1
    b += b_strides_[RANK - 1];
#endif
#if INPUTS > 2
    c += c_strides_[RANK - 1];
#endif
#endif
  }
}
