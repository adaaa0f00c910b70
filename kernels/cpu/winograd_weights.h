#pragma once

namespace oarlock::kernels::cpu {

// transformed = G weights G^T for one 3x3 filter: (m + 2)^2 values, m being 2, 4 or 6, for the
// interpolation points of winograd_transform-inl.h.
void transform_winograd_weights(int m, const float* weights, double* transformed);

}  // namespace oarlock::kernels::cpu
