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

TEST(SelectionKernels, Dft) {
  // Powers of two, mixed factors, primes through a chirp.
  for (int64_t n : {1, 2, 8, 12, 13, 15, 34, 64, 97, 120, 251, 1000}) {
    const Tensor real = random_tensor({3, n, 1}, 1), complex = random_tensor({11, n, 2}, 2);
    for (int64_t inverse : {0, 1})
      check_kernel({.op = "DFT",
                    .attrs = {{"inverse", inverse}},
                    .inputs = {complex, Tensor(), Tensor::scalar(int64_t{1})},
                    .constants = {2}});
    check_kernel({"DFT", {{"onesided", int64_t{1}}}, {real}});
    check_kernel({"DFT", {}, {real, Tensor::scalar(n + 3)}, {1}});
    if (n > 1)
      check_kernel({"DFT", {{"inverse", int64_t{1}}, {"onesided", int64_t{1}}}, {complex}});
  }
  check_kernel(
      {"DFT",
       {},
       {random_tensor({2, 6, 5, 2}, 3), Tensor::scalar(int64_t{4}), Tensor::scalar(int64_t{1})},
       {1, 2}});
}

TEST(SelectionKernels, Stft) {
  const Tensor signal = random_tensor({2, 100, 1}, 1), step = Tensor::scalar(int64_t{7});
  const Tensor length = Tensor::scalar(int64_t{24});
  check_kernel({"STFT", {}, {signal, step, random_tensor({24}, 2), length}, {1, 3}});
  check_kernel({"STFT", {}, {signal, step, random_tensor({31}, 2)}, {1}});
  check_kernel({"STFT", {{"onesided", int64_t{0}}}, {signal, step, Tensor(), length}, {1, 3}});
  check_kernel({"STFT",
                {{"onesided", int64_t{0}}},
                {random_tensor({1, 60, 2}, 3), step, Tensor(), length},
                {1, 3}});
}

TEST(SelectionKernels, DeformConv) {
  const auto check = [](Shape x, Shape w, int64_t groups, int64_t offset_groups, Attrs attrs,
                        Shape out, bool mask) {
    attrs.set("group", groups);
    attrs.set("offset_group", offset_groups);
    const int64_t taps = w[2] * w[3] * offset_groups;
    std::vector<Tensor> inputs = {random_tensor(x, 1), random_tensor(w, 2),
                                  random_tensor({x[0], 2 * taps, out[0], out[1]}, 3, -2.5f, 2.5f),
                                  random_tensor({w[0]}, 4)};
    if (mask) inputs.push_back(random_tensor({x[0], taps, out[0], out[1]}, 5));
    for (const std::vector<size_t>& constants : {std::vector<size_t>{}, std::vector<size_t>{1}})
      check_kernel({"DeformConv", attrs, inputs, constants, 1, 1e-4});
  };
  const Ints ones = {1, 1, 1, 1};
  check({2, 6, 9, 11}, {8, 6, 3, 3}, 1, 1, {{"pads", ones}}, {9, 11}, true);
  check({1, 6, 9, 11}, {4, 3, 3, 3}, 2, 3, {{"pads", ones}}, {9, 11}, false);
  check({1, 4, 15, 8}, {5, 4, 2, 3}, 1, 2, {{"strides", Ints{2, 1}}, {"dilations", Ints{2, 2}}},
        {7, 4}, true);
}

}  // namespace
}  // namespace oarlock::cpu
