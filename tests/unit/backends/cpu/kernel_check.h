#pragma once

#include <string>
#include <vector>

#include "oarlock/plugin/attrs.h"
#include "oarlock/tensor.h"

namespace oarlock::cpu {

// One node, and what is known of its inputs when kernels are matched.
struct KernelCase {
  std::string op;  // "Add", "oarlock.MatMul"
  Attrs attrs = {};
  std::vector<Tensor> inputs;          // undefined ones are omitted
  std::vector<size_t> constants = {};  // inputs known when planning
  size_t outputs = 1;
  double tolerance = 1e-5;  // times max(1, |expected|)
};

// Runs every option that the first kernel taking the node offers, and every candidate of tuning,
// with 1, 2 and 5 threads, each layout converted as a plan would, and compares with the reference
// implementation; the bits must be the same for every number of threads. Expects `options` options
// (0: any number), or, when `refused` is given, that all kernels refuse.
void check_kernel(const KernelCase& test, size_t options = 0);
void check_refused(const KernelCase& test);

// Seeded values between low and high.
Tensor random_tensor(const Shape& shape, unsigned seed, float low = -1, float high = 1);
Tensor integers(std::initializer_list<int64_t> values);

}  // namespace oarlock::cpu
