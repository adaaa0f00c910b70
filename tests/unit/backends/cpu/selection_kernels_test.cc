// Kernels that pick and rearrange elements against the reference implementations.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/unit/backends/cpu/kernel_check.h"

namespace oarlock::cpu {
namespace {

using Ints = std::vector<int64_t>;

// Values that repeat, with NaN, infinities and both zeros among them.
Tensor repetitive(const Shape& shape, unsigned seed) {
  Tensor x = random_tensor(shape, seed, -9, 9);
  const float odd[] = {std::numeric_limits<float>::quiet_NaN(), INFINITY, -INFINITY, 0.0f, -0.0f};
  auto values = x.mutable_as<float>();
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = i % 11 == 7 ? odd[i / 11 % 5] : std::round(values[i]);
  return x;
}

TEST(SelectionKernels, TopK) {
  for (int64_t k : {1, 3, 40, 199, 200})
    for (int64_t largest : {0, 1}) {
      const auto check = [&](const Tensor& x, Attrs with) {
        with.set("largest", largest);
        check_kernel({.op = "TopK",
                      .attrs = with,
                      .inputs = {x, integers({k})},
                      .constants = {1},
                      .outputs = 2});
      };
      check(repetitive({200}, 1), {});
      check(repetitive({7, 200}, 2), {});
      check(repetitive({3, 200, 5}, 3), {{"axis", int64_t{1}}});
      check(random_tensor({2, 1000}, 4), {});
      const Tensor nan = Tensor::of<float>(Shape{200}, std::vector<float>(200, NAN));
      check(nan, {});
    }
}

TEST(SelectionKernels, Trilu) {
  for (int64_t upper : {0, 1})
    for (int64_t k : {-9, -2, 0, 1, 3, 20}) {
      const Attrs attrs{{"upper", upper}};
      check_kernel({"Trilu", attrs, {random_tensor({3, 5, 7}, 1), Tensor::scalar(k)}});
      check_kernel({"Trilu", attrs, {*integers({1, 2, 3}).reshaped({3, 1}), Tensor::scalar(k)}});
    }
  check_kernel({"Trilu", {}, {random_tensor({4, 4}, 2)}});
}

TEST(SelectionKernels, Tile) {
  check_kernel({"Tile", {}, {random_tensor({3, 5}, 1), integers({2, 3})}, {1}});
  check_kernel({"Tile", {}, {random_tensor({1, 5, 1}, 1), integers({4, 1, 3})}, {1}});
  check_kernel({"Tile", {}, {integers({1, 2, 3}), integers({5})}, {1}});
}

TEST(SelectionKernels, DepthToSpace) {
  for (const char* mode : {"DCR", "CRD"}) {
    const Attrs attrs{{"blocksize", int64_t{3}}, {"mode", std::string(mode)}};
    check_kernel({"DepthToSpace", attrs, {random_tensor({2, 18, 5, 4}, 1)}});
    check_kernel({"SpaceToDepth", attrs, {random_tensor({2, 5, 6, 9}, 1)}});
  }
}

}  // namespace
}  // namespace oarlock::cpu
