// Features of domain ai.onnx.ml (1): ArrayFeatureExtractor, Binarizer, FeatureVectorizer, Imputer,
// Normalizer, OneHotEncoder, Scaler.
#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "core/ops/support/elements.h"
#include "core/ops/support/elementwise.h"
#include "core/ops/support/features.h"
#include "core/ops/support/indexing.h"
#include "core/ops/support/units.h"

namespace oarlock::ops {
namespace {

Shape extracted(const Shape& x, int64_t indices) {
  if (x.rank() == 1) return {1, indices};
  Shape shape = x;
  shape.back() = indices;
  return shape;
}

Status infer_extractor(InferContext& c) {
  OARLOCK_TRY((check_type<Join<FeatureTypes, Strings>>(c, 0)));
  OARLOCK_TRY(check_min_rank(c, 0, 1));
  OARLOCK_TRY(check_integers(c, 1, true));
  c.set_output(0, c.dtype(0),
               extracted(c.shape(0), known_product(c.shape(1), 0, c.shape(1).rank())));
  return {};
}

Status run_extractor(RunContext& c) {
  const Tensor &x = c.input(0), &indices = c.input(1);
  OARLOCK_ASSIGN(Tensor* const y, c.output(0, x.dtype(), extracted(x.shape(), indices.elements())));
  const int64_t width = x.shape().back();
  if (y->elements() == 0) return {};
  const int64_t rows = y->elements() / indices.elements();
  Status status;
  OARLOCK_TRY(move_units(x, *y, [&](auto, const auto* from, auto* to) {
    for (int64_t row = 0; row < rows; ++row) {
      for (int64_t i = 0; i < indices.elements(); ++i) {
        int64_t at = 0;
        status = position(indices, i, width, at);
        if (!status.ok()) return;
        *to++ = from[row * width + at];
      }
    }
  }));
  return status;
}

OpDef binarizer() {
  OpDef def = unary_with<FeatureTypes>("Binarizer", 1, {{"threshold", 0.0f}}, [](const Attrs& a) {
    return [threshold = a.number("threshold")](auto x) {
      return static_cast<decltype(x)>(static_cast<double>(x) > threshold);
    };
  });
  def.domain = kMlDomain;
  return def;
}

Status infer_vectorizer(InferContext& c) {
  const std::vector<int64_t>& widths = c.attrs().integers("inputdimensions");
  if (widths.size() != c.input_count())
    return invalid("attribute inputdimensions has ", widths.size(), " elements for ",
                   c.input_count(), " inputs");
  int64_t rows = Shape::kUnknown, width = 0;
  for (size_t i = 0; i < c.input_count(); ++i) {
    OARLOCK_TRY(check_rows(c, i));
    if (c.dtype(i) != c.dtype(0)) return wrong_type(c, i, to_string(c.dtype(0)));
    if (widths[i] < 0 || widths[i] > int64_t{1} << 40)
      return invalid("attribute inputdimensions has the element ", widths[i]);
    width += widths[i];
    const int64_t count = row_count(c.shape(i));
    if (rows != Shape::kUnknown && count != Shape::kUnknown && rows != count)
      return invalid("input ", i, " has ", count, " rows, expected ", rows);
    if (count != Shape::kUnknown) rows = count;
  }
  c.set_output(0, DType::float32, {rows, width});
  return {};
}

// Inputs narrower than their dimension are filled up with zeros, wider ones are cut.
Status run_vectorizer(RunContext& c) {
  const std::vector<int64_t>& widths = c.attrs().integers("inputdimensions");
  int64_t width = 0;
  for (const int64_t each : widths) width += each;
  const int64_t rows = row_count(c.input(0).shape());
  OARLOCK_ASSIGN(Tensor* const output, c.output(0, DType::float32, {rows, width}));
  const std::span<float> y = output->mutable_as<float>();
  std::ranges::fill(y, 0.0F);
  int64_t start = 0;
  for (size_t i = 0; i < widths.size(); ++i) {
    const Elements<double> x(c.input(i));
    const int64_t given = row_width(c.input(i).shape());
    for (int64_t row = 0; row < rows; ++row)
      for (int64_t k = 0; k < std::min(given, widths[i]); ++k)
        y[row * width + start + k] = static_cast<float>(x[row * given + k]);
    start += widths[i];
  }
  return {};
}

Status infer_imputer(InferContext& c) {
  OARLOCK_TRY(check_type<FeatureTypes>(c, 0));
  const bool floats = is_floating(c.dtype(0));
  const std::string_view name = floats ? "imputed_value_floats" : "imputed_value_int64s";
  const size_t length = floats ? c.attrs().numbers(name).size() : c.attrs().integers(name).size();
  if (length == 0)
    return invalid("attribute ", name, " is needed for an input of type ", c.dtype(0));
  OARLOCK_TRY(check_feature_list(c, name, length));
  return same_type_as_input(c);
}

template <class T, class L>
Status impute(const Tensor& x, Tensor& y, const std::vector<L>& values, L replaced) {
  const int64_t width = x.shape().rank() == 0 ? 1 : x.shape().back();
  const std::span<const T> from = x.as<T>();
  const std::span<T> to = y.mutable_as<T>();
  for (size_t i = 0; i < from.size(); ++i) {
    const bool both_nan = from[i] != from[i] && replaced != replaced;
    const size_t feature = values.size() == 1 ? 0 : i % static_cast<size_t>(width);
    const bool hit = both_nan || static_cast<double>(from[i]) == static_cast<double>(replaced);
    to[i] = hit ? static_cast<T>(values[feature]) : from[i];
  }
  return {};
}

Status run_imputer(RunContext& c) {
  const Tensor& x = c.input(0);
  const Attrs& attrs = c.attrs();
  OARLOCK_ASSIGN(Tensor* const y, c.output(0, x.dtype(), x.shape()));
  if (is_floating(x.dtype())) {
    const auto& values = attrs.numbers("imputed_value_floats");
    const float replaced = attrs.number("replaced_value_float");
    return x.dtype() == DType::float32 ? impute<float>(x, *y, values, replaced)
                                       : impute<double>(x, *y, values, replaced);
  }
  const auto& values = attrs.integers("imputed_value_int64s");
  const int64_t replaced = attrs.integer("replaced_value_int64");
  return x.dtype() == DType::int32 ? impute<int32_t>(x, *y, values, replaced)
                                   : impute<int64_t>(x, *y, values, replaced);
}

Status infer_normalizer(InferContext& c) {
  OARLOCK_TRY(check_rows(c));
  const std::string& norm = c.attrs().string("norm");
  if (norm != "MAX" && norm != "L1" && norm != "L2")
    return invalid("attribute norm is '", norm, "', expected MAX, L1 or L2");
  c.set_output(0, DType::float32, c.shape(0));
  return {};
}

Status run_normalizer(RunContext& c) {
  const Elements<double> x(c.input(0));
  const Shape& shape = c.input(0).shape();
  OARLOCK_ASSIGN(Tensor* const output, c.output(0, DType::float32, shape));
  const std::string& norm = c.attrs().string("norm");
  const int64_t width = row_width(shape);
  float* y = output->mutable_as<float>().data();
  for (int64_t start = 0; start < x.size(); start += width) {
    double divisor = norm == "MAX" ? x[start] : 0;
    for (int64_t i = 0; i < width; ++i) {
      const double value = x[start + i];
      if (norm == "MAX")
        divisor = std::max(divisor, value);
      else
        divisor += norm == "L1" ? std::abs(value) : value * value;
    }
    if (norm == "L2") divisor = std::sqrt(divisor);
    if (divisor == 0) divisor = 1;
    for (int64_t i = 0; i < width; ++i) y[start + i] = static_cast<float>(x[start + i] / divisor);
  }
  return {};
}

Status infer_one_hot(InferContext& c) {
  const auto& texts = c.attrs().strings("cats_strings");
  const auto& numbers = c.attrs().integers("cats_int64s");
  if (texts.empty() == numbers.empty())
    return invalid("exactly one of the attributes cats_strings and cats_int64s must be given");
  OARLOCK_TRY(texts.empty() ? check_type<FeatureTypes>(c, 0) : check_type<Strings>(c, 0));
  Shape shape = c.shape(0);
  shape.push_back(static_cast<int64_t>(std::max(texts.size(), numbers.size())));
  c.set_output(0, DType::float32, std::move(shape));
  return {};
}

// Of categories listed twice the last one counts.
template <class T, class Key, class Convert>
Status encode(RunContext& c, const std::vector<Key>& categories, Convert convert) {
  const Tensor& x = c.input(0);
  Shape shape = x.shape();
  shape.push_back(static_cast<int64_t>(categories.size()));
  OARLOCK_ASSIGN(Tensor* const output, c.output(0, DType::float32, shape));
  const std::span<float> y = output->mutable_as<float>();
  std::ranges::fill(y, 0.0F);
  std::map<Key, size_t> places;
  for (size_t i = 0; i < categories.size(); ++i) places[categories[i]] = i;
  const std::span<const T> from = x.as<T>();
  for (size_t i = 0; i < from.size(); ++i) {
    const auto found = places.find(convert(from[i]));
    if (found != places.end())
      y[i * categories.size() + found->second] = 1;
    else if (c.attrs().integer("zeros") == 0)
      return invalid("element ", i, " is in no category, and attribute zeros is 0");
  }
  return {};
}

Status run_one_hot(RunContext& c) {
  const auto& texts = c.attrs().strings("cats_strings");
  if (!texts.empty())
    return encode<std::string>(c, texts, [](const std::string& text) { return text; });
  Status status;
  OARLOCK_TRY(visit<FeatureTypes>(c.input(0).dtype(), [&](auto tag) {
    using T = typename decltype(tag)::Type;
    status = encode<T>(c, c.attrs().integers("cats_int64s"), [](T x) {
      if constexpr (std::is_integral_v<T>) {
        return int64_t{x};
      } else {
        return std::abs(x) < T{9e18} ? static_cast<int64_t>(x) : INT64_MIN;
      }
    });
  }));
  return status;
}

Status infer_scaler(InferContext& c) {
  OARLOCK_TRY(check_type<FeatureTypes>(c, 0));
  for (const std::string_view name : {"offset", "scale"}) {
    const size_t length = c.attrs().numbers(name).size();
    if (length == 0) return invalid("attribute ", name, " is missing or empty");
    OARLOCK_TRY(check_feature_list(c, name, length));
  }
  c.set_output(0, DType::float32, c.shape(0));
  return {};
}

Status run_scaler(RunContext& c) {
  const Elements<double> x(c.input(0));
  const Shape& shape = c.input(0).shape();
  OARLOCK_ASSIGN(Tensor* const output, c.output(0, DType::float32, shape));
  const std::vector<float>&offset = c.attrs().numbers("offset"),
        &scale = c.attrs().numbers("scale");
  const size_t width = shape.rank() == 0 ? 1 : static_cast<size_t>(shape.back());
  float* y = output->mutable_as<float>().data();
  for (size_t i = 0; i < static_cast<size_t>(x.size()); ++i) {
    const float by = offset[offset.size() == 1 ? 0 : i % width];
    y[i] = static_cast<float>((x[static_cast<int64_t>(i)] - by) *
                              scale[scale.size() == 1 ? 0 : i % width]);
  }
  return {};
}

OpDef make(std::string name, std::vector<AttrDef> attrs, Arity inputs,
           std::function<Status(InferContext&)> infer,
           std::function<Status(RunContext&)> reference) {
  return {.domain = std::string(kMlDomain),
          .name = std::move(name),
          .since_version = 1,
          .attrs = std::move(attrs),
          .inputs = inputs,
          .infer = std::move(infer),
          .reference = std::move(reference)};
}

}  // namespace

std::span<const OpDef> ml_features_ops() {
  static const OpDef defs[] = {
      make("ArrayFeatureExtractor", {}, 2, infer_extractor, run_extractor),
      binarizer(),
      make("FeatureVectorizer", {AttrDef::must("inputdimensions", AttrKind::integers)},
           {1, Arity::kMany}, infer_vectorizer, run_vectorizer),
      make("Imputer",
           {{"imputed_value_floats", AttrKind::numbers},
            {"imputed_value_int64s", AttrKind::integers},
            {"replaced_value_float", 0.0f},
            {"replaced_value_int64", 0}},
           1, infer_imputer, run_imputer),
      make("Normalizer", {{"norm", "MAX"}}, 1, infer_normalizer, run_normalizer),
      make("OneHotEncoder",
           {{"cats_int64s", AttrKind::integers}, {"cats_strings", AttrKind::strings}, {"zeros", 1}},
           1, infer_one_hot, run_one_hot),
      make("Scaler", {{"offset", AttrKind::numbers}, {"scale", AttrKind::numbers}}, 1, infer_scaler,
           run_scaler),
  };
  return defs;
}

}  // namespace oarlock::ops
