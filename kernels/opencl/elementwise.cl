// y = EXPRESSION(inputs) element by element. A work-item makes WIDTH neighbours of the innermost
// axis; dimension 1 numbers the other axes, of which there are RANK.
//   EXPRESSION(T, a, b, c)  the value, of type T for a vector or a number of compute type
//   INPUTS                  1, 2 or 3
//   A_, B_, C_, Y_          element types; WIDTH is 1 unless all are float or half
// An input's stride along the innermost axis is 0 or 1.

#if WIDTH > 1
#define VECTOR JOIN(float, WIDTH)
#define VECTOR_OF(type, name, at) \
  (name##_inner ? type##_loads(WIDTH, 0, name + (at)) : (VECTOR)(type##_load(at, name)))
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
  const int first = (int)get_global_id(0) * WIDTH;
  const int row = get_global_id(1);
  if (first >= inner || row >= rows) return;
  const int *const extents_ = (const int *)&extents;

  global A_type *a = ELEMENTS(A_type, a);
  const int *const a_strides_ = (const int *)&a_strides;
  OUTER_OFFSET(a, a_strides)
  a += first * a_inner;
#if INPUTS > 1
  global B_type *b = ELEMENTS(B_type, b);
  const int *const b_strides_ = (const int *)&b_strides;
  OUTER_OFFSET(b, b_strides)
  b += first * b_inner;
#endif
#if INPUTS > 2
  global C_type *c = ELEMENTS(C_type, c);
  const int *const c_strides_ = (const int *)&c_strides;
  OUTER_OFFSET(c, c_strides)
  c += first * c_inner;
#endif
  global Y_type *const y = ELEMENTS(Y_type, y) + (long)row * inner + first;

#if INPUTS > 2
#define AT(T, i) EXPRESSION(T, A_load((i) * a_inner, a), B_load((i) * b_inner, b), C_load((i) * c_inner, c))
#define VECTOR_AT EXPRESSION(VECTOR, VECTOR_OF(A, a, 0), VECTOR_OF(B, b, 0), VECTOR_OF(C, c, 0))
#elif INPUTS > 1
#define AT(T, i) EXPRESSION(T, A_load((i) * a_inner, a), B_load((i) * b_inner, b), 0)
#define VECTOR_AT EXPRESSION(VECTOR, VECTOR_OF(A, a, 0), VECTOR_OF(B, b, 0), 0)
#else
#define AT(T, i) EXPRESSION(T, A_load((i) * a_inner, a), 0, 0)
#define VECTOR_AT EXPRESSION(VECTOR, VECTOR_OF(A, a, 0), 0, 0)
#endif

#if WIDTH > 1
  if (first + WIDTH <= inner) {
    Y_stores(WIDTH, VECTOR_AT, 0, y);
    return;
  }
#endif
  const int count = min(WIDTH, inner - first);
  for (int i = 0; i < count; ++i) Y_store(AT(COMPUTE, i), i, y);
}
