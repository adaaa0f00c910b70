// Matrix products y = ACTIVATE(scale.x * (a @ b) + scale.y * bias + residual), one for each index
// of dimension 2.
//   a: element (row, k) at row * a_stride.x + k * a_stride.y, b packed [panels][depth][U * V],
//   bias: element (row, column) at row * bias_stride.x + column * bias_stride.y, residual and
//   y [rows][columns].
// A work-item computes P rows of one panel of U * V columns. batch_stride: elements from one
// product to the next of a, b, bias. rows_first: dimension 0 counts tiles of rows, else panels.
// DENSE_ROWS: a_stride.y is 1.

kernel void matmul(TENSOR(a), TENSOR(b), TENSOR(bias), TENSOR(residual), TENSOR(y), const int rows,
                   const int columns, const int depth, const int panels, const int2 a_stride,
                   const int2 bias_stride, const int4 batch_stride, const float2 scale,
                   const int rows_first) {
  const int tile = get_global_id(rows_first ? 0 : 1);
  const int panel = get_global_id(rows_first ? 1 : 0);
  const int first = tile * P, batch = get_global_id(2);
  if (first >= rows || panel >= panels) return;
  global const REAL_type* ap[P];
  EACH_P {
    ap[p] = ELEMENTS(REAL_type, a) + (size_t)batch * batch_stride.x +
            (size_t)min(first + p, rows - 1) * a_stride.x;
  }
  global const REAL_type* wp =
      ELEMENTS(REAL_type, b) + (size_t)batch * batch_stride.y + (size_t)panel * depth * (U * V);
  FV acc[P][U];
  EACH_P {
    EACH_U acc[p][u] = 0;
  }
#ifdef DENSE_ROWS
#define AT(p, j) REAL_load(j, ap[p])
#define DEPTH_STRIDE 1
#else
#define AT(p, j) REAL_load((j) * a_stride.y, ap[p])
#define DEPTH_STRIDE a_stride.y
#endif
  int left = depth;
  for (; left >= 4; left -= 4) {
#pragma unroll
    for (int j = 0; j < 4; ++j) MULTIPLY(j);
    wp += 4 * U * V;
    EACH_P ap[p] += 4 * DEPTH_STRIDE;
  }
  for (; left > 0; --left) {
    MULTIPLY(0);
    wp += U * V;
    EACH_P ap[p] += DEPTH_STRIDE;
  }
  EACH_P {
    if (first + p < rows) {
      EACH_U {
        const int column = (panel * U + u) * V, count = columns - column;
        if (count > 0) {
          const size_t to = ((size_t)batch * rows + first + p) * columns + column;
          FV v = acc[p][u] * scale.x;
          if (IS_GIVEN(bias)) {
            global const REAL_type* from = ELEMENTS(REAL_type, bias) + (size_t)batch * batch_stride.z +
                                       (size_t)(first + p) * bias_stride.x + column * bias_stride.y;
            v += scale.y * (bias_stride.y == 0 ? (FV)(REAL_load(0, from)) : load_part(from, count));
          }
          if (IS_GIVEN(residual)) v += load_part(ELEMENTS(REAL_type, residual) + to, count);
          store_part(ACTIVATE(v), ELEMENTS(REAL_type, y) + to, count);
        }
      }
    }
  }
}
