// Translations of labels of domain ai.onnx.ml: CategoryMapper (1), LabelEncoder (4, and the form
// with classes_strings of version 1).
#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "core/ops/support/features.h"
#include "core/ops/support/units.h"

namespace oarlock::ops {
namespace {

using LabelTypes = Types<std::string, int64_t, float, int32_t, int16_t, double>;

template <class T>
Tensor listed(const std::vector<T>& list) {
  return Tensor::of(Shape{static_cast<int64_t>(list.size())}, std::span<const T>(list));
}

// From keys to values of as many elements, both of one dimension; else `fallback`, a scalar.
struct Table {
  Tensor keys, values, fallback;
};

// The only one of several attributes that holds a list; an error when there is none or two.
Result<Tensor> only_list(const Attrs& attrs, std::string_view prefix) {
  Tensor found;
  int count = 0;
  for (const std::string_view suffix : {"floats", "int64s", "strings", "tensor"}) {
    const AttrValue* value = attrs.find(concat(prefix, suffix));
    if (value == nullptr) continue;
    Tensor list;
    if (const auto* numbers = std::get_if<std::vector<float>>(value)) list = listed(*numbers);
    if (const auto* integers = std::get_if<std::vector<int64_t>>(value)) list = listed(*integers);
    if (const auto* strings = std::get_if<std::vector<std::string>>(value))
      list = Tensor::strings({static_cast<int64_t>(strings->size())}, *strings);
    if (const auto* tensor = std::get_if<Tensor>(value)) list = *tensor;
    if (list.elements() == 0) continue;
    found = list;
    ++count;
  }
  if (count != 1)
    return invalid("exactly one of the attributes ", prefix,
                   "floats, -int64s, -strings and -tensor must hold a list");
  return found;
}

Result<Table> encoder_table(const Attrs& attrs, DType input) {
  Table table;
  if (const auto& classes = attrs.strings("classes_strings"); !classes.empty()) {
    std::vector<int64_t> numbers(classes.size());
    for (size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<int64_t>(i);
    table = {listed(numbers), Tensor::strings({static_cast<int64_t>(classes.size())}, classes), {}};
    if (input == DType::string) std::swap(table.keys, table.values);
  } else {
    OARLOCK_ASSIGN(table.keys, only_list(attrs, "keys_"));
    OARLOCK_ASSIGN(table.values, only_list(attrs, "values_"));
  }
  if (table.keys.shape().rank() != 1 || table.keys.shape() != table.values.shape())
    return invalid("the keys ", table.keys, " and the values ", table.values,
                   " must be lists of one length");
  if (!LabelTypes::contains(table.values.dtype()))
    return invalid("values of type ", table.values.dtype(),
                   ", expected one of: ", LabelTypes::names());
  const DType dtype = table.values.dtype();
  if (const Tensor* given = attrs.tensor("default_tensor"); given != nullptr) {
    if (given->dtype() != dtype || given->elements() != 1)
      return invalid("attribute default_tensor is ", *given, ", expected one ", dtype);
    table.fallback = *given;
  } else if (dtype == DType::string) {
    table.fallback = Tensor::strings({}, {attrs.string("default_string")});
  } else if (dtype == DType::float32) {
    table.fallback = Tensor::scalar(attrs.number("default_float"));
  } else if (dtype == DType::float64) {
    table.fallback = Tensor::scalar(-0.0);
  } else {
    const int64_t number = dtype == DType::int64 ? attrs.integer("default_int64", -1) : -1;
    table.fallback = dtype == DType::int64   ? Tensor::scalar(number)
                     : dtype == DType::int32 ? Tensor::scalar(int32_t{-1})
                                             : Tensor::scalar(int16_t{-1});
  }
  return table;
}

Status infer_encoder(InferContext& c) {
  OARLOCK_TRY(check_type<LabelTypes>(c, 0));
  OARLOCK_ASSIGN(const Table table, encoder_table(c.attrs(), c.dtype(0)));
  if (table.keys.dtype() != c.dtype(0)) return wrong_type(c, 0, to_string(table.keys.dtype()));
  c.set_output(0, table.values.dtype(), c.shape(0));
  return {};
}

// NaN equals NaN and comes last.
struct Before {
  template <class T>
  bool operator()(const T& a, const T& b) const {
    if constexpr (std::is_floating_point_v<T>) return a < b || (b != b && a == a);
    return a < b;
  }
};

Status translate(RunContext& c, const Table& table) {
  const Tensor& x = c.input(0);
  OARLOCK_ASSIGN(Tensor* const y, c.output(0, table.values.dtype(), x.shape()));
  // For each element the place of its value, -1 for none.
  std::vector<int64_t> places(static_cast<size_t>(x.elements()), -1);
  OARLOCK_TRY(visit<LabelTypes>(x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::Type;
    const std::span<const T> from = x.as<T>(), keys = table.keys.as<T>();
    std::map<T, int64_t, Before> found;
    for (size_t i = 0; i < keys.size(); ++i) found[keys[i]] = static_cast<int64_t>(i);
    for (size_t i = 0; i < from.size(); ++i)
      if (const auto at = found.find(from[i]); at != found.end()) places[i] = at->second;
  }));
  return visit<LabelTypes>(y->dtype(), [&](auto tag) {
    using T = typename decltype(tag)::Type;
    const std::span<const T> values = table.values.as<T>(), fallback = table.fallback.as<T>();
    const std::span<T> to = y->mutable_as<T>();
    for (size_t i = 0; i < to.size(); ++i)
      to[i] = places[i] < 0 ? fallback[0] : values[static_cast<size_t>(places[i])];
  });
}

Status run_encoder(RunContext& c) {
  OARLOCK_ASSIGN(const Table table, encoder_table(c.attrs(), c.input(0).dtype()));
  return translate(c, table);
}

Status infer_mapper(InferContext& c) {
  OARLOCK_TRY((check_type<Types<std::string, int64_t>>(c, 0)));
  const size_t texts = c.attrs().strings("cats_strings").size();
  const size_t numbers = c.attrs().integers("cats_int64s").size();
  if (texts != numbers || texts == 0)
    return invalid("the attributes cats_strings and cats_int64s have ", texts, " and ", numbers,
                   " elements, expected lists of one length");
  c.set_output(0, c.dtype(0) == DType::string ? DType::int64 : DType::string, c.shape(0));
  return {};
}

Status run_mapper(RunContext& c) {
  const auto& texts = c.attrs().strings("cats_strings");
  Table table{listed(c.attrs().integers("cats_int64s")),
              Tensor::strings({static_cast<int64_t>(texts.size())}, texts),
              Tensor::strings({}, {c.attrs().string("default_string")})};
  if (c.input(0).dtype() == DType::string) {
    std::swap(table.keys, table.values);
    table.fallback = Tensor::scalar(c.attrs().integer("default_int64", -1));
  }
  return translate(c, table);
}

}  // namespace

std::span<const OpDef> ml_labels_ops() {
  static const OpDef defs[] = {
      {.domain = std::string(kMlDomain),
       .name = "CategoryMapper",
       .since_version = 1,
       .attrs = {{"cats_int64s", AttrKind::integers},
                 {"cats_strings", AttrKind::strings},
                 {"default_int64", -1},
                 {"default_string", "_Unused"}},
       .inputs = 1,
       .infer = infer_mapper,
       .reference = run_mapper},
      {.domain = std::string(kMlDomain),
       .name = "LabelEncoder",
       .since_version = 4,
       .attrs = {{"classes_strings", AttrKind::strings},
                 {"default_float", -0.0f},
                 {"default_int64", -1},
                 {"default_string", "_Unused"},
                 {"default_tensor", AttrKind::tensor},
                 {"keys_floats", AttrKind::numbers},
                 {"keys_int64s", AttrKind::integers},
                 {"keys_strings", AttrKind::strings},
                 {"keys_tensor", AttrKind::tensor},
                 {"values_floats", AttrKind::numbers},
                 {"values_int64s", AttrKind::integers},
                 {"values_strings", AttrKind::strings},
                 {"values_tensor", AttrKind::tensor}},
       .inputs = 1,
       .infer = infer_encoder,
       .reference = run_encoder},
  };
  return defs;
}

}  // namespace oarlock::ops
