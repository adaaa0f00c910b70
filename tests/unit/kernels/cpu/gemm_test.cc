#include "kernels/cpu/gemm.h"

#include <algorithm>
#include <cmath>
#include <tuple>
#include <vector>

#include "kernels/cpu/convert.h"
#include "tests/unit/kernels/cpu/each_instruction_set.h"
#include "tests/unit/kernels/cpu/random_floats.h"

namespace oarlock::kernels::cpu {
namespace {

struct Case {
  int64_t m, n, k;
};

const Case kCases[] = {{1, 1, 1},    {1, 33, 7},    {2, 64, 130},   {3, 5, 257},
                       {4, 32, 4},   {5, 31, 3},    {13, 100, 9},   {14, 32, 64},
                       {15, 1, 17},  {29, 65, 31},  {50, 96, 77},   {57, 48, 1},
                       {128, 40, 5}, {61, 70, 900}, {50, 40, 4001}, {400, 33, 703}};

// B (k x n) as n x k.
template <class T>
std::vector<T> transposed(const std::vector<T>& b, const Case& c) {
  std::vector<T> result(b.size());
  for (int64_t k = 0; k < c.k; ++k)
    for (int64_t j = 0; j < c.n; ++j) result[j * c.k + k] = b[k * c.n + j];
  return result;
}

class GemmTest : public EachInstructionSet {
 protected:
  void fill(const Case& c) {
    a = random_floats(c.m * c.k, 1);
    b = random_floats(c.k * c.n, 2);
    bias = random_floats(c.n, 3);
    residual = random_floats(c.m * c.n, 4);
    out.assign(static_cast<size_t>(c.m * c.n), -77.0f);
    packed.assign(static_cast<size_t>(gemm_packed_elements(c.k, c.n)), -5.0f);
    gemm_pack(b.data(), c.n, 1, c.k, c.n, 0, gemm_panels(c.n), packed.data());
    args = {};
    args.m = c.m;
    args.n = c.n;
    args.k = c.k;
    args.a = a.data();
    args.a_row_stride = c.k;
    args.b = packed.data();
    args.c = out.data();
    args.c_row_stride = c.n;
  }
  void run() {
    if (args.m <= kGemmThinRows)
      gemm_thin(args, 0, gemm_panels(args.n));
    else
      gemm(args, 0, args.m, 0, gemm_panels(args.n));
  }
  // alpha * A * B + bias + residual, clamped below at `low`.
  void check(double low = -1e30) {
    for (int64_t i = 0; i < args.m; ++i)
      for (int64_t j = 0; j < args.n; ++j) {
        double sum = 0;
        for (int64_t k = 0; k < args.k; ++k)
          sum += double{a[i * args.k + k]} * double{b[k * args.n + j]};
        sum *= args.alpha;
        if (args.bias) sum += bias[j];
        if (args.residual) sum += residual[i * args.n + j];
        ASSERT_NEAR(out[i * args.n + j], std::max(sum, low), 2e-6 * std::sqrt(args.k) + 1e-6)
            << args.m << "x" << args.n << "x" << args.k << " at " << i << ", " << j;
      }
  }

  std::vector<float> a, b, bias, residual, out, packed;
  GemmArgs args;
};

TEST_P(GemmTest, FewRowsAndTransposedB) {
  for (const Case& c : kCases) {
    if (c.m > kGemmThinRows) continue;
    fill(c);
    const std::vector<float> columns = transposed(b, c);
    args.b = columns.data();
    args.b_transposed = true;
    args.bias = bias.data();
    args.alpha = 0.5f;
    run();
    check();
  }
}

TEST_P(GemmTest, Plain) {
  for (const Case& c : kCases) {
    fill(c);
    run();
    check();
  }
}

TEST_P(GemmTest, AlphaBiasResidualRelu) {
  for (const Case& c : kCases) {
    fill(c);
    args.alpha = 0.5f;
    args.bias = bias.data();
    args.residual = residual.data();
    args.residual_row_stride = c.n;
    args.activation.kind = Activation::Kind::relu;
    run();
    check(0);
  }
}

TEST_P(GemmTest, ResidualMayBeTheOutput) {
  for (const Case& c : kCases) {
    fill(c);
    out = residual;
    args.residual = out.data();
    args.residual_row_stride = c.n;
    run();
    check();
  }
}

TEST_P(GemmTest, OtherActivationsRunAfterwards) {
  for (const Case& c : kCases) {
    fill(c);
    run();
    std::vector<float> expected = out;
    for (float& v : expected) v = std::tanh(v);
    args.activation.kind = Activation::Kind::tanh;
    run();
    for (size_t i = 0; i < out.size(); ++i) ASSERT_NEAR(out[i], expected[i], 1e-6);
  }
}

TEST_P(GemmTest, TransposedOperands) {
  for (const Case& c : kCases) {
    fill(c);
    std::vector<float> at(a.size()), bt(b.size());
    for (int64_t i = 0; i < c.m; ++i)
      for (int64_t k = 0; k < c.k; ++k) at[k * c.m + i] = a[i * c.k + k];
    for (int64_t k = 0; k < c.k; ++k)
      for (int64_t j = 0; j < c.n; ++j) bt[j * c.k + k] = b[k * c.n + j];
    std::vector<float> again(packed.size(), 9.0f);
    gemm_pack(bt.data(), 1, c.k, c.k, c.n, 0, gemm_panels(c.n), again.data());
    ASSERT_EQ(packed, again);
    args.a = at.data();
    args.a_row_stride = 1;
    args.a_col_stride = c.m;
    run();
    check();
  }
}

TEST_P(GemmTest, UnpackedB) {
  for (const Case& c : kCases) {
    fill(c);
    const int64_t last = gemm_panels(c.n) - 1;
    std::vector<float> tail(static_cast<size_t>(c.k * gemm_panel_width()));
    gemm_pack(b.data() + last * gemm_panel_width(), c.n, 1, c.k, c.n - last * gemm_panel_width(), 0,
              1, tail.data());
    args.b = b.data();
    args.b_row_stride = c.n;
    args.b_panel_stride = gemm_panel_width();
    args.b_tail = tail.data();
    run();
    check();
  }
}

TEST_P(GemmTest, BitsDoNotDependOnTheSplit) {
  for (const Case& c : kCases) {
    if (c.m <= kGemmThinRows) continue;
    fill(c);
    args.bias = bias.data();
    run();
    const std::vector<float> whole = out;
    std::fill(out.begin(), out.end(), 0.0f);
    for (int64_t p = 0; p < gemm_panels(c.n); ++p) {
      gemm(args, c.m / 3, c.m, p, p + 1);
      gemm(args, 0, c.m / 3, p, p + 1);
    }
    ASSERT_EQ(whole, out);
  }
}

TEST_P(GemmTest, SixteenBitStorage) {
  for (const Case& c : kCases) {
    if (c.m > kGemmThinRows) continue;
    for (GemmStorage storage : {GemmStorage::f16, GemmStorage::bf16}) {
      fill(c);
      std::vector<uint16_t> half(b.size()), half_packed(packed.size());
      const bool f16 = storage == GemmStorage::f16;
      (f16 ? f32_to_f16 : f32_to_bf16)(b.data(), half.data(), static_cast<int64_t>(b.size()));
      (f16 ? f16_to_f32 : bf16_to_f32)(half.data(), b.data(), static_cast<int64_t>(b.size()));
      gemm_pack_16(half.data(), c.n, 1, c.k, c.n, 0, gemm_panels(c.n), half_packed.data());
      args.b = half_packed.data();
      args.storage = storage;
      run();
      check();
      const std::vector<uint16_t> columns = transposed(half, c);
      args.b = columns.data();
      args.b_transposed = true;
      run();
      check();
    }
  }
}

TEST_P(GemmTest, ByteStorageWithScales) {
  for (const Case& c : kCases) {
    if (c.m > kGemmThinRows) continue;
    fill(c);
    std::vector<int8_t> bytes(b.size()), bytes_packed(packed.size());
    std::vector<float> scale(static_cast<size_t>(c.n));
    for (int64_t j = 0; j < c.n; ++j) scale[j] = 0.001f * static_cast<float>(j % 7 + 1);
    for (size_t i = 0; i < b.size(); ++i) {
      bytes[i] = static_cast<int8_t>(static_cast<int>(i * 37 % 256) - 128);
      b[i] = static_cast<float>(bytes[i]) * scale[i % static_cast<size_t>(c.n)];
    }
    gemm_pack_8(bytes.data(), c.n, 1, c.k, c.n, 0, gemm_panels(c.n), bytes_packed.data());
    args.b = bytes_packed.data();
    args.storage = GemmStorage::i8;
    args.b_scale = scale.data();
    args.bias = bias.data();
    args.alpha = 0.5f;
    run();
    check();
    const std::vector<int8_t> columns = transposed(bytes, c);
    args.b = columns.data();
    args.b_transposed = true;
    run();
    check();
  }
}

TEST_P(GemmTest, NanAndInfinitySurvive) {
  fill({20, 40, 8});
  a[3] = std::nanf("");
  a[9] = INFINITY;
  run();
  for (int64_t j = 0; j < 40; ++j) {
    EXPECT_TRUE(std::isnan(out[j]));
    EXPECT_TRUE(std::isinf(out[40 + j]));
    EXPECT_TRUE(std::isfinite(out[80 + j]));
  }
}

OARLOCK_EACH_INSTRUCTION_SET(GemmTest);

}  // namespace
}  // namespace oarlock::kernels::cpu
