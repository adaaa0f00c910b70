// Operators of ai.onnx.ml against values that ONNX Runtime 1.31 computes, or worked out by hand.
#include <gmock/gmock.h>

#include <cmath>
#include <string>
#include <vector>

#include "op_test.h"

namespace oarlock::test {
namespace {

using Floats = std::vector<float>;
using Ints = std::vector<int64_t>;
using Texts = std::vector<std::string>;

Values run_ml(std::string_view op, Attrs attrs, Values inputs, size_t outputs = 1) {
  auto y = evaluate_op("ai.onnx.ml", op, std::move(attrs), inputs, outputs);
  EXPECT_TRUE(y.ok()) << to_string(y.status());
  return y.ok() ? *y : Values(outputs);
}

std::string ml_error(std::string_view op, Attrs attrs, Values inputs, size_t outputs = 1) {
  const auto y = evaluate_op("ai.onnx.ml", op, std::move(attrs), inputs, outputs);
  return y.ok() ? "" : y.status().message();
}

const Tensor kRows = Tensor::of<float>({3, 2}, {1, -2, 0.3F, 0.1F, -1, 0});

TEST(MlFeatures, SelectAndScale) {
  expect_tensor(run_ml("ArrayFeatureExtractor", {}, {kRows, integers({1, 1, 0})})[0],
                tensor<float>({3, 3}, {-2, -2, 1, 0.1F, 0.1F, 0.3F, 0, 0, -1}));
  expect_tensor(run_ml("Binarizer", {{"threshold", 0.1F}}, {kRows})[0],
                tensor<float>({3, 2}, {1, 0, 1, 0, 0, 0}));
  expect_tensor(run_ml("Scaler", {{"offset", Floats{1, 0}}, {"scale", Floats{2}}}, {kRows})[0],
                tensor<float>({3, 2}, {0, -4, -1.4F, 0.2F, -4, 0}), 1e-6);
  expect_tensor(run_ml("FeatureVectorizer", {{"inputdimensions", Ints{1, 3}}}, {kRows, kRows})[0],
                tensor<float>({3, 4}, {1, 1, -2, 0, 0.3F, 0.3F, 0.1F, 0, -1, -1, 0, 0}));
  expect_tensor(run_ml("Normalizer", {{"norm", std::string("L1")}}, {kRows})[0],
                tensor<float>({3, 2}, {1 / 3.F, -2 / 3.F, 0.75F, 0.25F, -1, 0}), 1e-6);
  EXPECT_THAT(ml_error("Scaler", {{"offset", Floats{1, 2, 3}}, {"scale", Floats{1}}}, {kRows}),
              testing::HasSubstr("attribute offset has 3 elements, expected 1 or 2"));
}

TEST(MlFeatures, ReplaceAndEncode) {
  const Tensor x = tensor<float>({2, 2}, {NAN, 1, 2, NAN});
  expect_tensor(
      run_ml("Imputer", {{"imputed_value_floats", Floats{7, 8}}, {"replaced_value_float", NAN}},
             {x})[0],
      tensor<float>({2, 2}, {7, 1, 2, 8}));
  expect_tensor(
      run_ml("Imputer", {{"imputed_value_int64s", Ints{5}}, {"replaced_value_int64", int64_t{-1}}},
             {integers({-1, 3})})[0],
      integers({5, 3}));
  expect_tensor(run_ml("OneHotEncoder", {{"cats_strings", Texts{"a", "b"}}},
                       {Tensor::strings({2}, {"b", "c"})})[0],
                tensor<float>({2, 2}, {0, 1, 0, 0}));
  EXPECT_THAT(
      ml_error("OneHotEncoder", {{"cats_int64s", Ints{1}}, {"zeros", int64_t{0}}}, {integers({2})}),
      testing::HasSubstr("in no category"));
}

TEST(MlLabels, Translate) {
  const Attrs cats = {{"cats_int64s", Ints{3, 4}}, {"cats_strings", Texts{"c", "d"}}};
  expect_tensor(run_ml("CategoryMapper", cats, {Tensor::strings({2}, {"d", "x"})})[0],
                integers({4, -1}));
  expect_tensor(run_ml("CategoryMapper", cats, {integers({3, 9})})[0],
                Tensor::strings({2}, {"c", "_Unused"}));
  // NaN is a key like any other, the last of equal keys counts.
  expect_tensor(run_ml("LabelEncoder",
                       {{"keys_floats", Floats{1, NAN, 1}},
                        {"values_strings", Texts{"a", "nan", "b"}},
                        {"default_string", std::string("?")}},
                       {list<float>({NAN, 1, 2})})[0],
                Tensor::strings({3}, {"nan", "b", "?"}));
  const Attrs classes = {{"classes_strings", Texts{"x", "y"}}};
  expect_tensor(run_ml("LabelEncoder", classes, {Tensor::strings({2}, {"y", "z"})})[0],
                integers({1, -1}));
  expect_tensor(run_ml("LabelEncoder", classes, {integers({0})})[0], Tensor::strings({1}, {"x"}));
  EXPECT_THAT(ml_error("LabelEncoder", {{"keys_int64s", Ints{1}}, {"values_int64s", Ints{1, 2}}},
                       {integers({1})}),
              testing::HasSubstr("must be lists of one length"));
}

TEST(MlLinear, ClassifierOfOneScore) {
  Attrs attrs = {{"coefficients", Floats{0.5F, 0.25F}},
                 {"intercepts", Floats{0.1F}},
                 {"classlabels_ints", Ints{5, 7}}};
  Values y = run_ml("LinearClassifier", attrs, {kRows}, 2);
  expect_tensor(y[0], integers({7, 7, 5}));
  expect_tensor(y[1], tensor<float>({3, 2}, {0.9F, 0.1F, 0.725F, 0.275F, 1.4F, -0.4F}), 1e-6);
  attrs.set("post_transform", std::string("LOGISTIC"));
  y = run_ml("LinearClassifier", attrs, {kRows}, 2);
  expect_tensor(y[1],
                tensor<float>({3, 2}, {0.47502083F, 0.52497917F, 0.43168002F, 0.56831998F,
                                       0.59868765F, 0.40131235F}),
                1e-6);
}

TEST(MlLinear, ManyTargets) {
  const Attrs attrs = {{"coefficients", Floats{0.5F, 0.25F, 0.1F, -0.3F, 0, 0}},
                       {"intercepts", Floats{0.1F, 0.2F, 0}},
                       {"classlabels_strings", Texts{"a", "b", "c"}},
                       {"post_transform", std::string("SOFTMAX_ZERO")}};
  const Values y = run_ml("LinearClassifier", attrs, {kRows}, 2);
  expect_tensor(y[0], Tensor::strings({3}, {"b", "a", "b"}));
  expect_tensor(y[1],
                tensor<float>({3, 3}, {0.31002554F, 0.68997449F, 0, 0.51874125F, 0.48125881F, 0,
                                       0.37754068F, 0.62245935F, 0}),
                1e-6);
  expect_tensor(run_ml("LinearRegressor",
                       {{"coefficients", Floats{0.5F, 0.25F, 0.1F, 0.2F}},
                        {"intercepts", Floats{0.1F, 0.3F}},
                        {"targets", int64_t{2}}},
                       {kRows})[0],
                tensor<float>({3, 2}, {0.1F, 0, 0.275F, 0.35F, -0.4F, 0.2F}), 1e-6);
}

TEST(MlSvm, Classifier) {
  Attrs attrs = {{"coefficients", Floats{0.5F, 0.25F, -0.6F}},
                 {"support_vectors", Floats{1, 0, 0.5F, 0.5F, -1, 2}},
                 {"kernel_type", std::string("RBF")},
                 {"kernel_params", Floats{0.5F, 0, 3}},
                 {"rho", Floats{0.1F}},
                 {"vectors_per_class", Ints{2, 1}},
                 {"classlabels_ints", Ints{5, 7}}};
  const Tensor x = Tensor::of<float>({2, 2}, {1, -2, 0.3F, 0.1F});
  Values y = run_ml("SVMClassifier", attrs, {x}, 2);
  expect_tensor(y[0], integers({5, 5}));
  expect_tensor(y[1], tensor<float>({2, 2}, {-0.1773F, 0.1773F, -0.6732F, 0.6732F}), 1e-4);
  attrs.set("prob_a", Floats{-1.2F});
  attrs.set("prob_b", Floats{0.1F});
  y = run_ml("SVMClassifier", attrs, {x}, 2);
  expect_tensor(y[1], tensor<float>({2, 2}, {0.5282F, 0.4718F, 0.6666F, 0.3334F}), 1e-4);
}

TEST(MlSvm, ThreeClasses) {
  const Attrs attrs = {{"coefficients", Floats{0.5F, 0.25F, -0.6F, 0.1F, 0.2F, 0.3F}},
                       {"support_vectors", Floats{1, 0, 0.5F, 0.5F, -1, 2}},
                       {"kernel_type", std::string("RBF")},
                       {"kernel_params", Floats{0.5F, 0, 3}},
                       {"rho", Floats{0.1F, 0.2F, -0.3F}},
                       {"prob_a", Floats{-1.2F, 0.3F, 0.2F}},
                       {"prob_b", Floats{0.1F, 0, 0}},
                       {"vectors_per_class", Ints{1, 1, 1}},
                       {"classlabels_ints", Ints{5, 7, 9}}};
  const Values y =
      run_ml("SVMClassifier", attrs, {Tensor::of<float>({2, 2}, {1, -2, 0.3F, 0.1F})}, 2);
  expect_tensor(y[0], integers({5, 5}));
  expect_tensor(y[1], tensor<float>({2, 3}, {0.3394F, 0.3263F, 0.3342F, 0.3984F, 0.2546F, 0.3471F}),
                1e-4);
}

// Two trees of one branch each.
Attrs trees(const std::string& leaf, const Ints& ids, const Floats& weights) {
  return {{"nodes_treeids", Ints{0, 0, 0, 1, 1, 1}},
          {"nodes_nodeids", Ints{0, 1, 2, 0, 1, 2}},
          {"nodes_featureids", Ints{0, 0, 0, 1, 0, 0}},
          {"nodes_values", Floats{0.2F, 0, 0, 0.05F, 0, 0}},
          {"nodes_modes", Texts{"BRANCH_LEQ", "LEAF", "LEAF", "BRANCH_GT", "LEAF", "LEAF"}},
          {"nodes_truenodeids", Ints{1, 0, 0, 1, 0, 0}},
          {"nodes_falsenodeids", Ints{2, 0, 0, 2, 0, 0}},
          {leaf + "_treeids", Ints{0, 0, 1, 1}},
          {leaf + "_nodeids", Ints{1, 2, 1, 2}},
          {leaf + "_ids", ids},
          {leaf + "_weights", weights}};
}

TEST(MlTrees, Regressor) {
  Attrs attrs = trees("target", {0, 1, 0, 1}, {-0.1F, 0.2F, 0.5F, -0.7F});
  attrs.set("n_targets", int64_t{2});
  attrs.set("aggregate_function", std::string("MIN"));
  attrs.set("base_values", Floats{0.3F, 0.2F});
  expect_tensor(run_ml("TreeEnsembleRegressor", attrs, {kRows})[0],
                tensor<float>({3, 2}, {0.3F, -0.5F, 0.8F, 0.4F, 0.2F, -0.5F}), 1e-6);
  attrs.set("nodes_falsenodeids", Ints{5, 0, 0, 2, 0, 0});
  EXPECT_THAT(ml_error("TreeEnsembleRegressor", attrs, {kRows}),
              testing::HasSubstr("leads to node 5, which is not there"));
  attrs.set("nodes_falsenodeids", Ints{0, 0, 0, 2, 0, 0});
  EXPECT_THAT(ml_error("TreeEnsembleRegressor", attrs, {kRows}), testing::HasSubstr("circle"));
}

TEST(MlTrees, Classifier) {
  Attrs attrs = trees("class", {0, 0, 0, 0}, {0.1F, 0.9F, 0.3F, 0.4F});
  attrs.set("classlabels_int64s", Ints{5, 7});
  Values y = run_ml("TreeEnsembleClassifier", attrs, {kRows}, 2);
  expect_tensor(y[0], integers({7, 7, 5}));
  expect_tensor(y[1], tensor<float>({3, 2}, {-0.3F, 1.3F, -0.2F, 1.2F, 0.5F, 0.5F}), 1e-6);
  attrs = trees("class", {0, 1, 0, 1}, {0.1F, 0.9F, 0.3F, 0.4F});
  attrs.set("classlabels_int64s", Ints{5, 7});
  attrs.set("post_transform", std::string("SOFTMAX"));
  y = run_ml("TreeEnsembleClassifier", attrs, {kRows}, 2);
  expect_tensor(y[0], integers({7, 7, 7}));
  expect_tensor(y[1],
                tensor<float>({3, 2}, {0.21416503F, 0.78583497F, 0.35434371F, 0.64565629F,
                                       0.42555746F, 0.57444254F}),
                1e-6);
}

}  // namespace
}  // namespace oarlock::test
