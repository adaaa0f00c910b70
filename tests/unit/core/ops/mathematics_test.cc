// Einsum, determinants, Fourier transforms, windows and further normalizations. Expected values are
// ONNX Runtime's unless computed here.

#include <gmock/gmock.h>

#include <cmath>
#include <complex>

#include "ramp.h"

namespace oarlock::test {
namespace {

TEST(LRN, OddSize) {
  expect_tensor(run("LRN", {{"size", int64_t{3}}, {"alpha", 0.5f}, {"beta", 0.75f}, {"bias", 1.0f}},
                    {ramp({1, 4, 1, 2})}),
                tensor<float>({1, 4, 1, 2}, {-1.0254887f, 0.41019556f, -0.40775147f, 0.9733855f,
                                             0.21552816f, -0.5974577f, 0.88490075f, 0}),
                1e-05);
}

TEST(LRN, EvenSize) {
  expect_tensor(run("LRN", {{"size", int64_t{2}}, {"alpha", 0.5f}}, {ramp({1, 3, 2})}),
                tensor<float>({1, 3, 2}, {-0.94445825f, 0.3777833f, -0.47257224f, 0.9080828f,
                                          0.24710982f, -0.67952293f}),
                1e-05);
}

TEST(LpNormalization, P2) {
  expect_tensor(run("LpNormalization", {{"axis", int64_t{1}}}, {ramp({2, 3, 2})}),
                tensor<float>({2, 3, 2}, {-0.9128709f, 0.32444283f, -0.36514837f, 0.8111071f,
                                          0.18257418f, -0.48666427f, 0.69631064f, 0, -0.69631064f,
                                          0.5144958f, -0.17407766f, -0.857493f}),
                1e-05);
}

TEST(LpNormalization, P1) {
  expect_tensor(run("LpNormalization", {{"p", int64_t{1}}}, {ramp({2, 3})}),
                tensor<float>({2, 3}, {-0.5555556f, 0.22222222f, -0.22222222f, 0.5555556f,
                                       0.11111111f, -0.33333334f}),
                1e-05);
}

TEST(LpNormalization, ZeroStaysZero) {
  expect_tensor(run("LpNormalization", {}, {tensor<float>({2}, {0, 0})}),
                tensor<float>({2}, {0, 0}), 1e-05);
}

TEST(MeanVarianceNormalization, PerChannel) {
  expect_tensor(run("MeanVarianceNormalization", {}, {ramp({2, 2, 1, 2})}),
                tensor<float>({2, 2, 1, 2}, {-1.310556f, 1.1358153f, -1.310556f, 1.1358153f,
                                             0.7863336f, -0.6115928f, 0.7863336f, -0.6115928f}),
                1e-05);
}

TEST(Einsum, BatchedProduct) {
  expect_tensor(
      run("Einsum", {{"equation", std::string("bij, bjk -> bik")}},
          {ramp({2, 2, 3}), ramp({2, 3, 2}, 3, 11)}),
      tensor<float>({2, 2, 2}, {2.1875f, 1.25f, -0.75f, -0.1875f, -0.25f, 2.5f, -0.375f, 2.5f}),
      1e-05);
}

TEST(Einsum, DiagonalSum) {
  expect_tensor(run("Einsum", {{"equation", std::string("ii")}}, {ramp({3, 3})}),
                tensor<float>({}, {-2}), 1e-05);
}

TEST(Einsum, Ellipsis) {
  expect_tensor(run("Einsum", {{"equation", std::string("...i,...i->...")}},
                    {ramp({2, 2, 3}), ramp({2, 3}, 3, 11)}),
                tensor<float>({2, 2}, {1.1875f, 1.1875f, -1.5f, 1.3125f}), 1e-05);
}

TEST(Einsum, ImplicitTranspose) {
  expect_tensor(run("Einsum", {{"equation", std::string("ba")}}, {ramp({2, 3})}),
                tensor<float>({3, 2}, {-1.25f, 1.25f, 0.5f, 0.25f, -0.5f, -0.75f}), 1e-05);
}

TEST(Einsum, ThreeOperands) {
  expect_tensor(run("Einsum", {{"equation", std::string("i,ij,j->")}},
                    {ramp({2}), ramp({2, 3}, 3, 11), ramp({3}, 5, 11)}),
                tensor<float>({}, {-3.125f}), 1e-05);
}

TEST(Det, Batch) {
  expect_tensor(run("Det", {}, {tensor<float>({2, 2, 2}, {1, 2, 3, 4, 0, 2, 3, 0})}),
                tensor<float>({2}, {-1.9999999f, -6}), 1e-05);
}

TEST(Det, Singular) {
  expect_tensor(run("Det", {}, {tensor<float>({2, 2}, {1, 2, 2, 4})}), tensor<float>({}, {-0}),
                1e-05);
}

TEST(DFT, Complex) {
  expect_tensor(run("DFT", {}, {ramp({1, 6, 2})}),
                tensor<float>({1, 6, 2}, {-1.7500002f, 0.4999997f, -1.3839757f, -0.36602455f,
                                          3.9641025f, 1.7990347f, -2.2499976f, 0.50000215f,
                                          -2.964102f, -0.799036f, -3.1160245f, 1.3660264f}),
                1e-05);
}

TEST(DFT, RealOneSidedPadded) {
  expect_tensor(
      run("DFT", {{"onesided", int64_t{1}}}, {ramp({1, 5, 1}), tensor<int64_t>({}, {8})}),
      tensor<float>({1, 5, 2}, {0.25f, 0, -2.0303302f, -0.7374368f, -0.49999985f, 0.74999994f,
                                -0.96966994f, -1.7374369f, -3.25f, 1.5298985545086907e-07f}),
      1e-05);
}

TEST(DFT, Inverse) {
  expect_tensor(
      run("DFT", {{"inverse", int64_t{1}}}, {ramp({2, 3, 2}), Value(), tensor<int64_t>({}, {0})}),
      tensor<float>({2, 3, 2}, {-0.125f, 0.25f, -0.75f, 1, 0, -1, -1.125f, 0.24999996f, 0.25000006f,
                                0.25000003f, 0.24999994f, 0.25f}),
      1e-05);
}

TEST(DFT, InverseOneSided) {
  expect_tensor(run("DFT", {{"inverse", int64_t{1}}, {"onesided", int64_t{1}}}, {ramp({1, 3, 2})}),
                tensor<float>({1, 4, 1}, {-0.5f, -1, 0, 0.25f}), 1e-05);
}

TEST(STFT, WindowedFrames) {
  expect_tensor(
      run("STFT", {},
          {ramp({1, 10, 1}), tensor<int64_t>({}, {3}), tensor<float>({4}, {0.5f, 1, 1, 0.5f})}),
      tensor<float>({1, 3, 3, 2}, {0, 0, -0.12499994f, 0.124999955f, -2.25f, 9.835062542151718e-08f,
                                   0.625f, 0, 1.375f, 0.24999994f, -0.875f, 6.556707887739321e-08f,
                                   -0.125f, 0, 1.5f, 0.3749999f, -0.875f, 3.278353943869661e-08f}),
      1e-05);
}

TEST(STFT, FrameLength) {
  expect_tensor(
      run("STFT", {{"onesided", int64_t{0}}},
          {ramp({1, 6, 1}), tensor<int64_t>({}, {2}), Value(), tensor<int64_t>({}, {3})}),
      tensor<float>({1, 2, 3, 2}, {-1.2499999f, 2.9802322387695312e-08f, -1.2500004f, -0.8660252f,
                                   -1.2499998f, 0.86602557f, 1, -4.470348358154297e-07f,
                                   -1.2500002f, -0.8660249f, -1.2499998f, 0.86602557f}),
      1e-05);
}

TEST(HannWindow, Periodic) {
  expect_tensor(run("HannWindow", {}, {tensor<int64_t>({}, {5})}),
                tensor<float>({5}, {0, 0.3454915f, 0.9045085f, 0.9045085f, 0.3454915f}), 1e-05);
}

TEST(HannWindow, Symmetric) {
  expect_tensor(run("HannWindow", {{"periodic", int64_t{0}}}, {tensor<int64_t>({}, {5})}),
                tensor<float>({5}, {0, 0.5f, 1, 0.5f, 0}), 1e-05);
}

TEST(HammingWindow, Periodic) {
  expect_tensor(run("HammingWindow", {}, {tensor<int64_t>({}, {5})}),
                tensor<float>({5}, {0.0869565f, 0.40240526f, 0.9128121f, 0.9128121f, 0.40240526f}),
                1e-05);
}

TEST(HammingWindow, Symmetric) {
  expect_tensor(run("HammingWindow", {{"periodic", int64_t{0}}}, {tensor<int64_t>({}, {5})}),
                tensor<float>({5}, {0.0869565f, 0.54347825f, 1, 0.54347825f, 0.0869565f}), 1e-05);
}

TEST(BlackmanWindow, Periodic) {
  expect_tensor(run("BlackmanWindow", {}, {tensor<int64_t>({}, {5})}),
                tensor<float>({5}, {1.4901161193847656e-08f, 0.20077015f, 0.8492299f, 0.8492299f,
                                    0.20077015f}),
                1e-05);
}

TEST(BlackmanWindow, Symmetric) {
  expect_tensor(
      run("BlackmanWindow", {{"periodic", int64_t{0}}}, {tensor<int64_t>({}, {5})}),
      tensor<float>({5}, {1.4901161193847656e-08f, 0.34f, 1, 0.34000003f, 1.4901161193847656e-08f}),
      1e-05);
}

TEST(MelWeightMatrix, Triangles) {
  expect_tensor(
      run("MelWeightMatrix", {},
          {tensor<int64_t>({}, {3}), tensor<int64_t>({}, {8}), tensor<int64_t>({}, {8192}),
           tensor<float>({}, {0}), tensor<float>({}, {4096})}),
      tensor<float>({5, 3}, {1, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0}), 1e-05);
}

// Sizes with small and with large odd factors, by the definition.
TEST(DFT, AgreesWithTheDefinition) {
  for (const int64_t n : {1, 2, 12, 63, 67, 201, 202}) {
    const Tensor x = ramp<double>({1, n, 2}, 17, 101);
    const Tensor y = run("DFT", {}, {x});
    for (int64_t k = 0; k < n; ++k) {
      std::complex<double> sum = 0;
      for (int64_t i = 0; i < n; ++i) {
        const double angle =
            -2 * std::acos(-1.0) * static_cast<double>(i * k % n) / static_cast<double>(n);
        sum += std::complex<double>(x.as<double>()[2 * i], x.as<double>()[2 * i + 1]) *
               std::polar(1.0, angle);
      }
      EXPECT_NEAR(y.as<double>()[2 * k], sum.real(), 1e-9) << n << ", " << k;
      EXPECT_NEAR(y.as<double>()[2 * k + 1], sum.imag(), 1e-9) << n << ", " << k;
    }
    const Tensor back = run("DFT", {{"inverse", int64_t{1}}}, {y});
    for (int64_t i = 0; i < 2 * n; ++i) EXPECT_NEAR(back.as<double>()[i], x.as<double>()[i], 1e-10);
  }
}

TEST(Mathematics, Errors) {
  EXPECT_THAT(
      error_of("Einsum", {{"equation", std::string("ij,jk->ik")}}, {ramp({2, 3}), ramp({4, 2})}),
      testing::HasSubstr("gives one name to extents 3 and 4"));
  EXPECT_THAT(error_of("Einsum", {{"equation", std::string("i->j")}}, {ramp({2})}),
              testing::HasSubstr("must name input dimensions"));
  EXPECT_THAT(error_of("Einsum", {{"equation", std::string("i1")}}, {ramp({2})}),
              testing::HasSubstr("unexpected character"));
  EXPECT_THAT(error_of("Det", {}, {ramp({2, 3})}), testing::HasSubstr("square"));
  EXPECT_THAT(error_of("DFT", {}, {ramp({1, 4, 3})}),
              testing::HasSubstr("must be 1 (real) or 2 (complex)"));
  EXPECT_THAT(error_of("HannWindow", {}, {Tensor::scalar<int64_t>(-1)}), testing::HasSubstr("-1"));
  EXPECT_EQ(
      inferred(
          "STFT", {},
          {{DType::float32, {-1, 10, 1}}, Tensor::scalar<int64_t>(2), Given(DType::float32, {4})}),
      "float32[?, 4, 3, 2]");
}

}  // namespace
}  // namespace oarlock::test
