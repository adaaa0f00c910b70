// Convolution on images. A work-item computes P pixels of one row for U blocks of four channels.
//   w     texel (i, block * taps + tap) has the weights of input channel i of a group for a block of
//         output channels; DEPTHWISE: texel (tap, block) those of a block of channels
//   bias  four numbers a block
//   BIAS, RESIDUAL    which of them there are
//   ACTIVATION(T, a)  the fused activation of a, of type T
// in, out, stride, dilation, pad: x and y. depth: blocks of input channels of a group. group_blocks:
// its blocks of output channels. tiles: of a row. rows: of all images.

kernel void conv_image(READ_IMAGE(x), READ_IMAGE(w),
#ifdef BIAS
                       TENSOR(bias),
#endif
#ifdef RESIDUAL
                       READ_IMAGE(residual),
#endif
                       WRITTEN_IMAGE(y), const int2 in, const int2 out, const int2 window,
                       const int2 stride, const int2 dilation, const int2 pad, const int depth,
                       const int group_blocks, const int blocks, const int tiles, const int rows) {
  const int tile = get_global_id(0), block = (int)get_global_id(1) * U;
  if (tile >= tiles * rows || block >= blocks) return;
  const int row = tile / tiles, first = tile % tiles * P;
  const int image = row / out.y, top = row % out.y * stride.y - pad.y;
  const int left = first * stride.x - pad.x;
#ifdef DEPTHWISE
  const int start = block * in.x;
#else
  const int start = block / group_blocks * depth * in.x;
#endif
  float4 acc[P][U];
  EACH_U {
#ifdef BIAS
    const float4 begin =
        block + u < blocks ? REAL_loads(4, block + u, ELEMENTS(REAL_type, bias)) : (float4)(0);
#else
    const float4 begin = (float4)(0);
#endif
    EACH_P acc[p][u] = begin;
  }

  for (int ky = 0; ky < window.y; ++ky) {
    const int iy = top + ky * dilation.y;
    if (iy < 0 || iy >= in.y) continue;
    const int from = image * in.y + iy;
    for (int kx = 0; kx < window.x; ++kx) {
      const int tap = ky * window.x + kx;
#ifdef DEPTHWISE
      const float4 b = READ(w, tap, block);
      EACH_P {
        const int ix = left + p * stride.x + kx * dilation.x;
        acc[p][0] += READ(x, ix >= 0 && ix < in.x ? start + ix : -1, from) * b;
      }
#else
      int at[P], step[P];
      EACH_P {
        const int ix = left + p * stride.x + kx * dilation.x;
        const bool inside = ix >= 0 && ix < in.x;
        at[p] = inside ? start + ix : -1;
        step[p] = inside ? in.x : 0;
      }
      for (int d = 0; d < depth; ++d) {
        float4 a[P];
        EACH_P {
          a[p] = READ(x, at[p], from);
          at[p] += step[p];
        }
        EACH_U {
          const int weights = (block + u) * window.x * window.y + tap;
          const float4 b0 = READ(w, d * 4, weights), b1 = READ(w, d * 4 + 1, weights),
                       b2 = READ(w, d * 4 + 2, weights), b3 = READ(w, d * 4 + 3, weights);
          EACH_P {
            acc[p][u] += a[p].x * b0;
            acc[p][u] += a[p].y * b1;
            acc[p][u] += a[p].z * b2;
            acc[p][u] += a[p].w * b3;
          }
        }
      }
#endif
    }
  }

  EACH_U {
    EACH_P {
      if (block + u < blocks && first + p < out.x) {
        const int column = (block + u) * out.x + first + p;
        float4 v = acc[p][u];
#ifdef RESIDUAL
        v += READ(residual, column, row);
#endif
        WRITE(y, column, row, ACTIVATION(float4, v));
      }
    }
  }
}
