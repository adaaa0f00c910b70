// Matrices, element (k, column) at k * stride.x + column * stride.y, to panels
// [panels][depth][panel_columns] with zeros beyond the columns, one matrix after another. Matrix i
// begins at i / inner * batch_stride.x + i % inner * batch_stride.y. A work-item writes one row of
// a panel.
kernel void pack_matmul(TENSOR(from), TENSOR(to), const int depth, const int columns,
                        const int panels, const int panel_columns, const int2 stride,
                        const int inner, const int2 batch_stride) {
  const int k = get_global_id(0), panel = get_global_id(1), matrix = get_global_id(2);
  if (k >= depth || panel >= panels) return;
  global const REAL_type* const from =
      ELEMENTS(REAL_type, from) + (size_t)(matrix / inner) * batch_stride.x +
      (size_t)(matrix % inner) * batch_stride.y + (size_t)k * stride.x;
  global REAL_type* const to =
      ELEMENTS(REAL_type, to) + (((size_t)matrix * panels + panel) * depth + k) * panel_columns;
  const int first = panel * panel_columns, count = min(panel_columns, columns - first);
  for (int i = 0; i < count; ++i) {
    REAL_store(REAL_load((size_t)(first + i) * stride.y, from), i, to);
  }
  for (int i = max(count, 0); i < panel_columns; ++i) REAL_store(0.0f, i, to);
}
