// Kernels that move elements against the reference implementations.
#include <gtest/gtest.h>

#include "tests/unit/backends/cpu/kernel_check.h"

namespace oarlock::cpu {
namespace {

using Ints = std::vector<int64_t>;

TEST(MovementKernels, Transpose) {
  for (const Ints& perm : {Ints{0, 2, 3, 1}, Ints{3, 2, 1, 0}, Ints{0, 1, 2, 3}, Ints{1, 0, 2, 3}})
    check_kernel({"Transpose", {{"perm", perm}}, {random_tensor({2, 13, 7, 33}, 1)}});
  check_kernel({"Transpose", {}, {random_tensor({40, 70}, 1)}});
  check_kernel({"Transpose", {{"perm", Ints{0, 2, 1}}}, {random_tensor({3, 1, 70}, 1)}});
}

TEST(MovementKernels, Concat) {
  for (int64_t axis : {0, 1, -1}) {
    Shape a{2, 3, 5}, b{2, 3, 5};
    b[axis < 0 ? 2 : static_cast<size_t>(axis)] = 4;
    check_kernel({"Concat", {{"axis", axis}}, {random_tensor(a, 1), random_tensor(b, 2)}});
  }
  const Tensor first = random_tensor({2, 32, 3, 3}, 1), second = random_tensor({2, 19, 3, 3}, 2);
  check_kernel({"Concat", {{"axis", int64_t{1}}}, {first, second}}, 2);
  check_kernel({"Concat", {{"axis", int64_t{1}}}, {second, first}}, 1);
  check_kernel({"Concat", {{"axis", int64_t{2}}}, {second, second}}, 2);
}

TEST(MovementKernels, Expand) {
  check_kernel({"Expand", {}, {random_tensor({3, 1, 5}, 1), integers({2, 3, 4, 5})}, {1}});
  check_kernel({"Expand", {}, {random_tensor({}, 1), integers({7, 3})}, {1}});
  check_kernel({"Expand", {}, {random_tensor({7, 3}, 1), integers({7, 3})}, {1}});
}

TEST(MovementKernels, Reshape) {
  check_kernel({"Reshape", {}, {random_tensor({3, 4, 5}, 1), integers({5, 12})}, {1}});
  check_kernel({"Flatten", {}, {random_tensor({2, 32, 1, 1}, 1)}});
  check_kernel({"Identity", {}, {integers({1, 2, 3})}});
  check_kernel({"Squeeze", {}, {random_tensor({2, 1, 5}, 1), integers({1})}, {1}});
  check_kernel({"Unsqueeze", {}, {random_tensor({2, 5}, 1), integers({0, 3})}, {1}});
}

}  // namespace
}  // namespace oarlock::cpu
