// The engine of products for one type of elements, included by its kernel once it has said which:
// ENGINE(name) makes names of functions, ENGINE_MEMORY is the type in memory, ENGINE_VALUE on chip,
// ENGINE_SUM of sums; ENGINE_A and ENGINE_B bring an element on chip; ENGINE_PE_M x ENGINE_PE_N is
// the array. Words of p: gemm_words.h.
#define engine_load_a ENGINE(load_a)
#define engine_load_matrix ENGINE(load_matrix)
#define engine_place_windows ENGINE(place_windows)
#define engine_load_image ENGINE(load_image)
#define engine_load ENGINE(load)
#define engine_multiply ENGINE(multiply)
#define engine_tile ENGINE(tile)

// Rows [m, m + TILE_M) and columns [k, k + TILE_K) of a, zeros beyond its end; a transposed one by
// columns, so that neighbours in memory follow each other.
FPGA_FUNCTION void engine_load_a(FPGA_GLOBAL const ENGINE_MEMORY* a, const int* p, int m, int k,
                                 ENGINE_VALUE tile[FPGA_TILE_M][FPGA_TILE_K]) {
  const int by_rows = p[GEMM_A_COLUMN] == 1;
  for (int step = 0; step < FPGA_TILE_M * FPGA_TILE_K; ++step) {
#pragma HLS PIPELINE II = 1
    const int i = by_rows ? step / FPGA_TILE_K : step % FPGA_TILE_M;
    const int j = by_rows ? step % FPGA_TILE_K : step / FPGA_TILE_M;
    const int inside = m + i < p[GEMM_M] && k + j < p[GEMM_K];
    tile[i][j] = inside ? ENGINE_A(a[(m + i) * p[GEMM_A_ROW] + (k + j) * p[GEMM_A_COLUMN]], p) : 0;
  }
}

FPGA_FUNCTION void engine_load_matrix(FPGA_GLOBAL const ENGINE_MEMORY* b, const int* p, int k,
                                      int n, ENGINE_VALUE tile[FPGA_TILE_K][FPGA_TILE_N]) {
  const int by_rows = p[GEMM_B_COLUMN] == 1;
  for (int step = 0; step < FPGA_TILE_K * FPGA_TILE_N; ++step) {
#pragma HLS PIPELINE II = 1
    const int i = by_rows ? step / FPGA_TILE_N : step % FPGA_TILE_K;
    const int j = by_rows ? step % FPGA_TILE_N : step / FPGA_TILE_K;
    const int inside = k + i < p[GEMM_K] && n + j < p[GEMM_N];
    tile[i][j] = inside ? ENGINE_B(b[(k + i) * p[GEMM_B_ROW] + (n + j) * p[GEMM_B_COLUMN]], p) : 0;
  }
}

// Where the windows of the pixels [n, n + TILE_N) begin; rows far outside beyond the last one.
FPGA_FUNCTION void engine_place_windows(const int* p, int n, int* ys, int* xs) {
  int oy = n / p[GEMM_OUT_X];
  int ox = n - oy * p[GEMM_OUT_X];
  for (int j = 0; j < FPGA_TILE_N; ++j) {
#pragma HLS PIPELINE II = 1
    const int inside = n + j < p[GEMM_N];
    ys[j] = inside ? oy * p[GEMM_STRIDE_Y] - p[GEMM_PAD_Y] : -(1 << 30);
    xs[j] = inside ? ox * p[GEMM_STRIDE_X] - p[GEMM_PAD_X] : 0;
    ++ox;
    if (ox == p[GEMM_OUT_X]) {
      ox = 0;
      ++oy;
    }
  }
}

FPGA_FUNCTION void engine_load_image(FPGA_GLOBAL const ENGINE_MEMORY* b, const int* p, int k,
                                     const int* ys, const int* xs,
                                     ENGINE_VALUE tile[FPGA_TILE_K][FPGA_TILE_N]) {
  const int taps = p[GEMM_KERNEL_Y] * p[GEMM_KERNEL_X];
  int channel = k / taps;
  int ky = (k - channel * taps) / p[GEMM_KERNEL_X];
  int kx = k - channel * taps - ky * p[GEMM_KERNEL_X];
  for (int i = 0; i < FPGA_TILE_K; ++i) {
    const int inside = k + i < p[GEMM_K];
    const int plane = channel * p[GEMM_IN_Y] * p[GEMM_IN_X];
    const int dy = ky * p[GEMM_DILATION_Y];
    const int dx = kx * p[GEMM_DILATION_X];
    for (int j = 0; j < FPGA_TILE_N; ++j) {
#pragma HLS PIPELINE II = 1
      const int y = ys[j] + dy;
      const int x = xs[j] + dx;
      const int hit = inside && y >= 0 && y < p[GEMM_IN_Y] && x >= 0 && x < p[GEMM_IN_X];
      tile[i][j] = hit ? ENGINE_B(b[plane + y * p[GEMM_IN_X] + x], p) : 0;
    }
    ++kx;
    if (kx == p[GEMM_KERNEL_X]) {
      kx = 0;
      ++ky;
    }
    if (ky == p[GEMM_KERNEL_Y]) {
      ky = 0;
      ++channel;
    }
  }
}

FPGA_FUNCTION void engine_load(FPGA_GLOBAL const ENGINE_MEMORY* a,
                               FPGA_GLOBAL const ENGINE_MEMORY* b, const int* p, int m, int n,
                               int k, const int* ys, const int* xs,
                               ENGINE_VALUE a_tile[FPGA_TILE_M][FPGA_TILE_K],
                               ENGINE_VALUE b_tile[FPGA_TILE_K][FPGA_TILE_N]) {
  engine_load_a(a, p, m, k, a_tile);
  if (p[GEMM_IMAGE])
    engine_load_image(b, p, k, ys, xs, b_tile);
  else
    engine_load_matrix(b, p, k, n, b_tile);
}

// Adds the product of two tiles; only blocks of the array that hold results are computed.
FPGA_FUNCTION void engine_multiply(const ENGINE_VALUE a[FPGA_TILE_M][FPGA_TILE_K],
                                   const ENGINE_VALUE b[FPGA_TILE_K][FPGA_TILE_N], int rows,
                                   int columns, int depth,
                                   ENGINE_SUM sums[FPGA_TILE_M][FPGA_TILE_N]) {
#pragma HLS ARRAY_PARTITION variable = a cyclic factor = ENGINE_PE_M dim = 1
#pragma HLS ARRAY_PARTITION variable = b cyclic factor = ENGINE_PE_N dim = 2
#pragma HLS ARRAY_PARTITION variable = sums cyclic factor = ENGINE_PE_M dim = 1
#pragma HLS ARRAY_PARTITION variable = sums cyclic factor = ENGINE_PE_N dim = 2
  for (int k = 0; k < depth; ++k) {
#pragma HLS LOOP_TRIPCOUNT max = FPGA_TILE_K
    for (int m = 0; m < rows; m += ENGINE_PE_M) {
#pragma HLS LOOP_TRIPCOUNT max = FPGA_TILE_M / ENGINE_PE_M
      for (int n = 0; n < columns; n += ENGINE_PE_N) {
#pragma HLS LOOP_TRIPCOUNT max = FPGA_TILE_N / ENGINE_PE_N
#pragma HLS PIPELINE II = 1
        for (int i = 0; i < ENGINE_PE_M; ++i) {
#pragma HLS UNROLL
          for (int j = 0; j < ENGINE_PE_N; ++j) {
#pragma HLS UNROLL
            sums[m + i][n + j] += a[m + i][k] * b[k][n + j];
          }
        }
      }
    }
  }
}

// One tile of the result: while a pair of tiles is multiplied, the next is loaded.
FPGA_FUNCTION void engine_tile(FPGA_GLOBAL const ENGINE_MEMORY* a,
                               FPGA_GLOBAL const ENGINE_MEMORY* b, const int* p, int m, int n,
                               ENGINE_SUM sums[FPGA_TILE_M][FPGA_TILE_N]) {
  ENGINE_VALUE a_tiles[2][FPGA_TILE_M][FPGA_TILE_K];
  ENGINE_VALUE b_tiles[2][FPGA_TILE_K][FPGA_TILE_N];
  int ys[FPGA_TILE_N], xs[FPGA_TILE_N];
  const int rows = fpga_min(FPGA_TILE_M, p[GEMM_M] - m);
  const int columns = fpga_min(FPGA_TILE_N, p[GEMM_N] - n);
  const int steps = (p[GEMM_K] + FPGA_TILE_K - 1) / FPGA_TILE_K;
  for (int i = 0; i < FPGA_TILE_M; ++i) {
    for (int j = 0; j < FPGA_TILE_N; ++j) {
#pragma HLS PIPELINE II = 1
      sums[i][j] = 0;
    }
  }
  if (p[GEMM_IMAGE]) engine_place_windows(p, n, ys, xs);
  engine_load(a, b, p, m, n, 0, ys, xs, a_tiles[0], b_tiles[0]);
  for (int step = 0; step < steps; ++step) {
    const int now = step & 1;
    const int k = step * FPGA_TILE_K;
    if (step + 1 < steps)
      engine_load(a, b, p, m, n, k + FPGA_TILE_K, ys, xs, a_tiles[1 - now], b_tiles[1 - now]);
    engine_multiply(a_tiles[now], b_tiles[now], rows, columns, fpga_min(FPGA_TILE_K, p[GEMM_K] - k),
                    sums);
  }
}

#undef engine_load_a
#undef engine_load_matrix
#undef engine_place_windows
#undef engine_load_image
#undef engine_load
#undef engine_multiply
#undef engine_tile
#undef ENGINE
#undef ENGINE_MEMORY
#undef ENGINE_VALUE
#undef ENGINE_SUM
#undef ENGINE_PE_M
#undef ENGINE_PE_N
#undef ENGINE_A
#undef ENGINE_B
