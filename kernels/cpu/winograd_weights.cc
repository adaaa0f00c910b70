#include "kernels/cpu/winograd_weights.h"

namespace oarlock::kernels::cpu {

namespace {

constexpr double kG2[4][3] = {{1, 0, 0}, {0.5, 0.5, 0.5}, {0.5, -0.5, 0.5}, {0, 0, 1}};

constexpr double kG4[6][3] = {{1. / 4, 0, 0},
                              {-1. / 6, -1. / 6, -1. / 6},
                              {-1. / 6, 1. / 6, -1. / 6},
                              {1. / 24, 1. / 12, 1. / 6},
                              {1. / 24, -1. / 12, 1. / 6},
                              {0, 0, 1}};

constexpr double kG6[8][3] = {{1, 0, 0},
                              {-2. / 9, -2. / 9, -2. / 9},
                              {-2. / 9, 2. / 9, -2. / 9},
                              {1. / 90, 1. / 45, 2. / 45},
                              {1. / 90, -1. / 45, 2. / 45},
                              {32. / 45, 16. / 45, 8. / 45},
                              {32. / 45, -16. / 45, 8. / 45},
                              {0, 0, 1}};

}  // namespace

void transform_winograd_weights(int m, const float* weights, double* transformed) {
  const double(*g)[3] = m == 2 ? kG2 : m == 4 ? kG4 : kG6;
  const int size = m + 2;
  for (int i = 0; i < size; ++i) {
    double row[3] = {};
    for (int k = 0; k < 3; ++k) {
      for (int c = 0; c < 3; ++c) row[c] += g[i][k] * weights[k * 3 + c];
    }
    for (int j = 0; j < size; ++j) {
      transformed[i * size + j] = row[0] * g[j][0] + row[1] * g[j][1] + row[2] * g[j][2];
    }
  }
}

}  // namespace oarlock::kernels::cpu
