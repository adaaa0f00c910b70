// LSTM, GRU, RNN. Expected values are ONNX Runtime's unless computed here.

#include <gmock/gmock.h>

#include <cmath>

#include "ramp.h"

namespace oarlock::test {
namespace {

TEST(LSTM, Forward) {
  const Values results = run_all(
      "LSTM", {{"hidden_size", int64_t{2}}},
      {ramp({3, 2, 2}), ramp({1, 8, 2}, 3, 11), ramp({1, 8, 2}, 5, 11), ramp({1, 16}, 2, 11)}, 3);
  expect_tensor(
      results[0],
      tensor<float>({3, 1, 2, 2}, {0, -0.11089719f, -0.029642235f, -0.32577047f, -0.13043152f,
                                   -0.024411514f, -0.041873053f, -0.08439272f, -0.13789845f,
                                   -0.16668269f, -0.29214782f, -0.0028471781f}),
      1e-05);
  expect_tensor(
      results[1],
      tensor<float>({1, 2, 2}, {-0.13789845f, -0.16668269f, -0.29214782f, -0.0028471781f}), 1e-05);
  expect_tensor(results[2],
                tensor<float>({1, 2, 2}, {-0.17211062f, -0.5274518f, -0.38929576f, -0.043400213f}),
                1e-05);
}

TEST(LSTM, BidirectionalWithEverything) {
  const Values results = run_all(
      "LSTM",
      {{"hidden_size", int64_t{2}},
       {"direction", std::string("bidirectional")},
       {"clip", 1.5f},
       {"activations",
        std::vector<std::string>{"Sigmoid", "Tanh", "Tanh", "HardSigmoid", "Softsign", "Tanh"}}},
      {ramp({3, 2, 2}), ramp({2, 8, 2}, 3, 11), ramp({2, 8, 2}, 5, 11), ramp({2, 16}, 2, 11),
       tensor<int32_t>({2}, {3, 2}), ramp({2, 2, 2}, 4, 11), ramp({2, 2, 2}, 6, 11),
       ramp({2, 6}, 8, 11)},
      3);
  expect_tensor(results[0],
                tensor<float>({3, 2, 2, 2}, {-0.3567887f,
                                             -0.0149569865f,
                                             -0.5750035f,
                                             -0.310942f,
                                             -0.32732794f,
                                             -0.018900082f,
                                             -0.3061849f,
                                             -0.05287656f,
                                             -0.28882313f,
                                             0.017976295f,
                                             -0.14616737f,
                                             -0.036427807f,
                                             -0.2254611f,
                                             -0.10389719f,
                                             -0.3250854f,
                                             -0.08305343f,
                                             -0.21667632f,
                                             -0.14507091f,
                                             0,
                                             0,
                                             -0.37818584f,
                                             0.225401f,
                                             0,
                                             0}),
                1e-05);
  expect_tensor(results[1],
                tensor<float>({2, 2, 2}, {-0.21667632f, -0.14507091f, -0.14616737f, -0.036427807f,
                                          -0.32732794f, -0.018900082f, -0.3061849f, -0.05287656f}),
                1e-05);
  expect_tensor(results[2],
                tensor<float>({2, 2, 2}, {-0.28535062f, -0.40245938f, -0.46195906f, -0.104500905f,
                                          -0.7516221f, -0.023629501f, -0.4648981f, -0.0661922f}),
                1e-05);
}

TEST(LSTM, ReverseCoupled) {
  const Values results =
      run_all("LSTM",
              {{"hidden_size", int64_t{2}},
               {"direction", std::string("reverse")},
               {"input_forget", int64_t{1}}},
              {ramp({3, 2, 2}), ramp({1, 8, 2}, 3, 11), ramp({1, 8, 2}, 5, 11)}, 3);
  expect_tensor(
      results[0],
      tensor<float>({3, 1, 2, 2}, {0.33362818f, -0.25561f, 0.13226335f, -0.35673156f, -0.013871836f,
                                   -0.038612027f, -0.05099358f, 0.27497378f, 0.27546236f,
                                   -0.32023212f, -0.0843413f, 0.024995591f}),
      1e-05);
  expect_tensor(results[1],
                tensor<float>({1, 2, 2}, {0.33362818f, -0.25561f, 0.13226335f, -0.35673156f}),
                1e-05);
  expect_tensor(results[2],
                tensor<float>({1, 2, 2}, {0.47391167f, -0.5580388f, 0.271109f, -0.5221212f}),
                1e-05);
}

TEST(GRU, Forward) {
  const Values results = run_all("GRU", {{"hidden_size", int64_t{2}}},
                                 {ramp({3, 2, 2}), ramp({1, 6, 2}, 3, 11), ramp({1, 6, 2}, 5, 11),
                                  ramp({1, 12}, 2, 11), Value(), ramp({1, 2, 2}, 4, 11)},
                                 2);
  expect_tensor(results[0],
                tensor<float>({3, 1, 2, 2}, {-0.46986845f, -0.86519605f, 0.987863f, -0.8783691f,
                                             0.72f, 0.77030295f, 0.96997124f, -0.16564772f,
                                             0.9505949f, -0.12334031f, 0.9827523f, 0.6978733f}),
                1e-05);
  expect_tensor(results[1],
                tensor<float>({1, 2, 2}, {0.9505949f, -0.12334031f, 0.9827523f, 0.6978733f}),
                1e-05);
}

TEST(GRU, BidirectionalLinearBeforeReset) {
  const Values results = run_all("GRU",
                                 {{"hidden_size", int64_t{2}},
                                  {"direction", std::string("bidirectional")},
                                  {"linear_before_reset", int64_t{1}}},
                                 {ramp({3, 2, 2}), ramp({2, 6, 2}, 3, 11), ramp({2, 6, 2}, 5, 11),
                                  ramp({2, 12}, 2, 11), tensor<int32_t>({2}, {3, 1})},
                                 2);
  expect_tensor(
      results[0],
      tensor<float>({3, 2, 2, 2}, {0.7067058f,    -0.610527f,    0.83505434f, -0.50275934f,
                                   0.45057398f,   0.0025028214f, 0.5475228f,  -0.78171223f,
                                   0.94303995f,   0.5160328f,    0,           0,
                                   -0.051041067f, -0.64951843f,  0,           0,
                                   0.9751879f,    -0.10638669f,  0,           0,
                                   0.4282193f,    -0.39887267f,  0,           0}),
      1e-05);
  expect_tensor(results[1],
                tensor<float>({2, 2, 2}, {0.9751879f, -0.10638669f, 0.83505434f, -0.50275934f,
                                          0.45057398f, 0.0025028214f, 0.5475228f, -0.78171223f}),
                1e-05);
}

TEST(RNN, Forward) {
  const Values results = run_all(
      "RNN", {{"hidden_size", int64_t{2}}, {"activations", std::vector<std::string>{"Relu"}}},
      {ramp({3, 2, 2}), ramp({1, 2, 2}, 3, 11), ramp({1, 2, 2}, 5, 11), ramp({1, 4}, 2, 11)}, 2);
  expect_tensor(results[0], tensor<float>({3, 1, 2, 2}, {0, 0, 0, 0.625f, 0, 0, 0, 0, 0, 0, 0, 0}),
                1e-05);
  expect_tensor(results[1], tensor<float>({1, 2, 2}, {0, 0, 0, 0}), 1e-05);
}

TEST(RNN, BidirectionalParameters) {
  const Values results =
      run_all("RNN",
              {{"hidden_size", int64_t{2}},
               {"direction", std::string("bidirectional")},
               {"activations", std::vector<std::string>{"LeakyRelu", "ScaledTanh"}},
               {"activation_alpha", std::vector<float>{0.1f, 0.5f}},
               {"activation_beta", std::vector<float>{2}}},
              {ramp({3, 2, 2}), ramp({2, 2, 2}, 3, 11), ramp({2, 2, 2}, 5, 11)}, 2);
  expect_tensor(results[0], tensor<float>({3, 2, 2, 2}, {1.3125f,      0.1875f,      0,
                                                         1.125f,       0.49805117f,  0.37836415f,
                                                         -0.30698246f, 0.4467476f,   -0.1578125f,
                                                         0.90625f,     -0.125f,      -0.003125f,
                                                         0.21028876f,  -0.44872126f, -0.29959053f,
                                                         0.4910795f,   1.0722656f,   0.076171875f,
                                                         1.09375f,     -0.14679687f, 0.46267307f,
                                                         0.35195273f,  0.4046505f,   -0.4988305f}),
                1e-05);
  expect_tensor(results[1],
                tensor<float>({2, 2, 2}, {1.0722656f, 0.076171875f, 1.09375f, -0.14679687f,
                                          0.49805117f, 0.37836415f, -0.30698246f, 0.4467476f}),
                1e-05);
}

// The layout with the batch first is the same run under another order of axes.
TEST(LSTM, BatchFirst) {
  const Tensor w = ramp({1, 8, 2}, 3), r = ramp({1, 8, 2}, 5);
  const Values plain = run_all("LSTM", {}, {ramp({1, 2, 2}), w, r}, 3);
  const Values swapped = run_all("LSTM", {{"layout", int64_t{1}}}, {ramp({2, 1, 2}), w, r}, 3);
  EXPECT_EQ(swapped[0].tensor().shape(), (Shape{2, 1, 1, 2}));
  EXPECT_EQ(swapped[1].tensor().shape(), (Shape{2, 1, 2}));
  for (int64_t i = 0; i < 4; ++i)
    EXPECT_EQ(plain[0].tensor().as<float>()[i], swapped[0].tensor().as<float>()[i]);
}

TEST(LSTM, Errors) {
  const Tensor x = ramp({3, 2, 2});
  EXPECT_THAT(error_of("LSTM", {}, {x, ramp({1, 8, 3}), ramp({1, 8, 2})}),
              testing::HasSubstr("input W must have shape [1, 8, 2], but has [1, 8, 3]"));
  EXPECT_THAT(
      error_of("LSTM", {{"direction", std::string("up")}}, {x, ramp({1, 8, 2}), ramp({1, 8, 2})}),
      testing::HasSubstr("direction"));
  EXPECT_THAT(error_of("LSTM", {{"activations", std::vector<std::string>{"Tanh", "Tan", "Tanh"}}},
                       {x, ramp({1, 8, 2}), ramp({1, 8, 2})}),
              testing::HasSubstr("unknown function: Tan"));
  EXPECT_THAT(
      error_of("LSTM", {}, {x, ramp({1, 8, 2}), ramp({1, 8, 2}), Value(), list<int32_t>({1, 4})}),
      testing::HasSubstr("length 4 for sequence 1"));
}

TEST(LSTM, InferenceWithUnknownExtents) {
  EXPECT_EQ(
      inferred(
          "LSTM", {{"direction", std::string("bidirectional")}},
          {{DType::float32, {-1, -1, 2}}, {DType::float32, {2, 8, 2}}, {DType::float32, {2, 8, 2}}},
          3),
      "float32[?, 2, ?, 2]; float32[2, ?, 2]; float32[2, ?, 2]");
}

}  // namespace
}  // namespace oarlock::test
