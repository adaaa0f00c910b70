// Attention: y = softmax(scale * q @ k + bias) @ v for each head.
//   q and y: element (image, head, row, column) at the sum of indices times strides (columns have
//   stride 1), k packed [heads][panels][width][U * V], v packed [heads][value_panels][keys][U * V]
//   (pack_matmul; heads of keys and values), scores [heads][tiles][P][panels * U * V].
// A work-item computes P queries of one head. Dimensions: tiles of queries, heads, images.
// MASK 1: bias is added; MASK 2: bytes that are 0 hide a key. CAUSAL: key j > query i is hidden.

kernel void attention(TENSOR(q), TENSOR(k), TENSOR(v), TENSOR(mask), TENSOR(y), TENSOR(scores),
                      const int queries, const int keys, const int width, const int value_width,
                      const int heads, const int heads_per_key, const int4 q_stride,
                      const int4 y_stride, const int4 mask_stride, const float scale) {
  const int tile = get_global_id(0), head = get_global_id(1), image = get_global_id(2);
  const int first = tile * P;
  if (first >= queries || head >= heads) return;
  const int panels = (keys + U * V - 1) / (U * V), row_length = panels * (U * V);
  const size_t number = (size_t)image * heads + head;
  const size_t key_head = (size_t)image * (heads / heads_per_key) + head / heads_per_key;
  const int tiles = (queries + P - 1) / P;
  global float* const s = ELEMENTS(float, scores) + (number * tiles + tile) * P * row_length;

  global const REAL_type* qp[P];
  EACH_P {
    qp[p] = ELEMENTS(REAL_type, q) + (size_t)image * q_stride.x + (size_t)head * q_stride.y +
            (size_t)min(first + p, queries - 1) * q_stride.z;
  }
  FV most[P];
  EACH_P most[p] = -INFINITY;
  global const REAL_type* wp = ELEMENTS(REAL_type, k) + key_head * panels * width * (U * V);
  for (int panel = 0; panel < panels; ++panel) {
    FV acc[P][U];
    EACH_P {
      EACH_U acc[p][u] = 0;
    }
#define AT(p, j) REAL_load(d + (j), qp[p])
    for (int d = 0; d < width; ++d) {
      MULTIPLY(0)
      wp += U * V;
    }
#undef AT
    EACH_P {
      EACH_U {
        const int key = (panel * U + u) * V;
        float lanes[V];
        STORE(acc[p][u] * scale, 0, lanes);
#if MASK
        const size_t row = (size_t)image * mask_stride.x + (size_t)head * mask_stride.y +
                           (size_t)min(first + p, queries - 1) * mask_stride.z;
#endif
        for (int i = 0; i < V; ++i) {
          const int j = key + i;
          bool hidden = j >= keys;
#ifdef CAUSAL
          hidden = hidden || j > first + p;
#endif
#if MASK == 1
          if (!hidden) lanes[i] += REAL_load(row + (size_t)j * mask_stride.w, ELEMENTS(REAL_type, mask));
#elif MASK == 2
          hidden = hidden || ELEMENTS(uchar, mask)[row + (size_t)j * mask_stride.w] == 0;
#endif
          if (hidden) lanes[i] = -INFINITY;
        }
        const FV kept = LOAD(0, lanes);
        most[p] = fmax(most[p], kept);
        STORE(kept, 0, s + p * row_length + key);
      }
    }
  }

  float total[P];
  EACH_P {
    float lanes[V], top = -INFINITY;
    STORE(most[p], 0, lanes);
    for (int i = 0; i < V; ++i) top = fmax(top, lanes[i]);
    FV sum = 0;
    for (int j = 0; j < row_length; j += V) {
      const FV e = top == -INFINITY ? (FV)(0.0f) : exp(LOAD(0, s + p * row_length + j) - top);
      STORE(e, 0, s + p * row_length + j);
      sum += e;
    }
    STORE(sum, 0, lanes);
    total[p] = 0;
    for (int i = 0; i < V; ++i) total[p] += lanes[i];
    total[p] = total[p] > 0 ? 1.0f / total[p] : 0.0f;
  }

  const int value_panels = (value_width + U * V - 1) / (U * V);
  wp = ELEMENTS(REAL_type, v) + key_head * value_panels * keys * (U * V);
  for (int panel = 0; panel < value_panels; ++panel) {
    FV acc[P][U];
    EACH_P {
      EACH_U acc[p][u] = 0;
    }
#define AT(p, j) s[(p) * row_length + d + (j)]
    for (int d = 0; d < keys; ++d) {
      MULTIPLY(0)
      wp += U * V;
    }
#undef AT
    EACH_P {
      if (first + p < queries) {
        EACH_U {
          const int column = (panel * U + u) * V, count = value_width - column;
          if (count > 0) {
            store_part(acc[p][u] * total[p],
                       ELEMENTS(REAL_type, y) + (size_t)image * y_stride.x + (size_t)head * y_stride.y +
                           (size_t)(first + p) * y_stride.z + column,
                       count);
          }
        }
      }
    }
  }
}
