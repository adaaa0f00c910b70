// Maxima (MAXIMUM) or averages on images.
//   AVERAGE_ALL  averages count taps in the padding too, but not beyond it

// Over windows; a work-item makes one texel. Pairs are x and y; rows are those of all images.
kernel void pool_image(READ_IMAGE(x), WRITTEN_IMAGE(y), const int2 in, const int2 out,
                       const int2 window, const int2 stride, const int2 dilation, const int2 pad,
                       const int2 after, const int columns, const int rows) {
  const int column = get_global_id(0), row = get_global_id(1);
  if (column >= columns || row >= rows) return;
  const int start = column / out.x * in.x, left = column % out.x * stride.x - pad.x;
  const int image = row / out.y, top = row % out.y * stride.y - pad.y;
#ifdef MAXIMUM
  float4 value = (float4)(-INFINITY);
#else
  float4 value = (float4)(0);
  int count = 0;
#endif
  for (int ky = 0; ky < window.y; ++ky) {
    const int iy = top + ky * dilation.y;
    const bool row_inside = iy >= 0 && iy < in.y;
    for (int kx = 0; kx < window.x; ++kx) {
      const int ix = left + kx * dilation.x;
      const bool inside = row_inside && ix >= 0 && ix < in.x;
#ifdef AVERAGE_ALL
      count += iy < in.y + after.y && ix < in.x + after.x;
#endif
      if (!inside) continue;
      const float4 here = READ(x, start + ix, image * in.y + iy);
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
  WRITE(y, column, row, value);
}

// Over whole planes; a group of LANES work-items makes one texel, as one of an image or (TO_ROWS)
// as up to four neighbours of a row-major [n][channels].
#ifdef MAXIMUM
#define JOIN_VALUES(a, b) fmax(a, b)
#else
#define JOIN_VALUES(a, b) ((a) + (b))
#endif

kernel void pool_planes(READ_IMAGE(x),
#ifdef TO_ROWS
                        TENSOR(y),
#else
                        WRITTEN_IMAGE(y),
#endif
                        const int2 in, const int channels, const int images) {
  local float4 parts[LANES];
  const int lane = get_local_id(0), block = get_group_id(1), image = get_group_id(2);
#ifdef MAXIMUM
  float4 value = (float4)(-INFINITY);
#else
  float4 value = (float4)(0);
#endif
  const int pixels = in.x * in.y;
  for (int i = lane; i < pixels; i += LANES)
    value = JOIN_VALUES(value, READ(x, block * in.x + i % in.x, image * in.y + i / in.x));
  parts[lane] = value;
  barrier(CLK_LOCAL_MEM_FENCE);
  if (lane > 0) return;
  for (int i = 1; i < LANES; ++i) value = JOIN_VALUES(value, parts[i]);
#ifndef MAXIMUM
  value = value / (float)pixels;
#endif
#ifdef TO_ROWS
  const int count = min(4, channels - block * 4);
  const float lanes[4] = {value.x, value.y, value.z, value.w};
  for (int i = 0; i < count; ++i)
    REAL_store(lanes[i], image * channels + block * 4 + i, ELEMENTS(REAL_type, y));
#else
  WRITE(y, block, image, value);
#endif
}
