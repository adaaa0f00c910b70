// Maps of domain ai.onnx.ml (1): CastMap, DictVectorizer, ZipMap.
#include <charconv>
#include <map>
#include <string>
#include <vector>

#include "core/ops/support/features.h"
#include "core/ops/support/saturate.h"

namespace oarlock::ops {
namespace {

Status check_map(const InferContext& c, size_t i = 0) {
  if (c.input(i).kind == TypeInfo::Kind::map) return {};
  return invalid("input ", i, " is ", c.input(i), ", expected a map");
}

Result<const Map*> map_input(RunContext& c, size_t i = 0) {
  if (c.input_value(i).is_map()) return &c.input_value(i).map();
  return invalid("input ", i, " is no map");
}

Result<DType> cast_target(const Attrs& attrs) {
  const std::string& name = attrs.string("cast_to");
  if (name == "TO_FLOAT") return DType::float32;
  if (name == "TO_STRING") return DType::string;
  if (name == "TO_INT64") return DType::int64;
  return invalid("attribute cast_to is '", name, "', expected TO_FLOAT, TO_STRING or TO_INT64");
}

Status infer_cast_map(InferContext& c) {
  OARLOCK_TRY(check_map(c));
  const TypeInfo& map = c.input(0);
  const DType value = map.element->dtype;
  if (map.dtype != DType::int64 || (value != DType::float32 && value != DType::string))
    return invalid("input 0 is ", map, ", expected map(int64, float32) or map(int64, string)");
  OARLOCK_ASSIGN(const DType dtype, cast_target(c.attrs()));
  const std::string& form = c.attrs().string("map_form");
  const int64_t length = c.attrs().integer("max_map");
  if (form != "DENSE" && form != "SPARSE")
    return invalid("attribute map_form is '", form, "', expected DENSE or SPARSE");
  if (form == "SPARSE" && length < 1)
    return invalid("attribute max_map is ", length, ", expected 1 or more");
  c.set_output(0, dtype, {1, form == "SPARSE" ? length : Shape::kUnknown});
  return {};
}

// Numbers become text with six digits after the point, as ONNX Runtime writes them.
template <class To, class From>
Status cast_value(const From& from, To& to) {
  if constexpr (std::is_same_v<To, From>) {
    to = from;
  } else if constexpr (std::is_same_v<To, std::string>) {
    to = std::to_string(from);
  } else if constexpr (std::is_same_v<From, std::string>) {
    const char* const end = from.data() + from.size();
    const auto [stop, error] = std::from_chars(from.data(), end, to);
    if (error != std::errc() || stop != end)
      return invalid("the value '", from, "' is not a number that ", kDTypeOf<To>, " can hold");
  } else {
    to = saturated<To>(from);
  }
  return {};
}

template <class To>
To padding() {
  if constexpr (std::is_same_v<To, std::string>)
    return "0.f";
  else
    return To{};
}

template <class From, class To>
Status cast_map(RunContext& c, const Map& x) {
  const std::span<const int64_t> keys = x.keys.as<int64_t>();
  const std::span<const From> values = x.values.as<From>();
  std::map<int64_t, size_t> places;
  for (size_t i = 0; i < keys.size(); ++i) places[keys[i]] = i;
  const bool sparse = c.attrs().string("map_form") == "SPARSE";
  const int64_t length =
      sparse ? c.attrs().integer("max_map") : static_cast<int64_t>(places.size());
  OARLOCK_ASSIGN(Tensor* const output, c.output(0, kDTypeOf<To>, {1, length}));
  const std::span<To> y = output->template mutable_as<To>();
  std::ranges::fill(y, padding<To>());
  size_t next = 0;
  for (const auto& [key, place] : places) {
    if (sparse && key < 0) return invalid("the key ", key, " of a sparse map is negative");
    if (sparse && key >= length) break;
    OARLOCK_TRY(cast_value(values[place], y[sparse ? static_cast<size_t>(key) : next]));
    ++next;
  }
  return {};
}

template <class From>
Status cast_map_from(RunContext& c, const Map& x) {
  OARLOCK_ASSIGN(const DType dtype, cast_target(c.attrs()));
  if (dtype == DType::float32) return cast_map<From, float>(c, x);
  if (dtype == DType::int64) return cast_map<From, int64_t>(c, x);
  return cast_map<From, std::string>(c, x);
}

Status run_cast_map(RunContext& c) {
  OARLOCK_ASSIGN(const Map* const x, map_input(c));
  return x->values.dtype() == DType::string ? cast_map_from<std::string>(c, *x)
                                            : cast_map_from<float>(c, *x);
}

using VectorizedTypes = Types<std::string, int64_t, float, double>;

Status infer_dict_vectorizer(InferContext& c) {
  OARLOCK_TRY(check_map(c));
  const TypeInfo& map = c.input(0);
  const auto& texts = c.attrs().strings("string_vocabulary");
  const auto& numbers = c.attrs().integers("int64_vocabulary");
  if (texts.empty() == numbers.empty())
    return invalid(
        "exactly one of the attributes string_vocabulary and int64_vocabulary must be given");
  const DType key = texts.empty() ? DType::int64 : DType::string;
  if (map.dtype != key)
    return invalid("input 0 is ", map, ", expected keys of type ", key, " like the vocabulary");
  if (!VectorizedTypes::contains(map.element->dtype) || map.element->dtype == key)
    return invalid("input 0 is ", map, ", expected values of another type than the keys, one of ",
                   VectorizedTypes::names());
  c.set_output(0, map.element->dtype,
               {1, static_cast<int64_t>(std::max(texts.size(), numbers.size()))});
  return {};
}

template <class Key>
Status vectorize(RunContext& c, const Map& x, const std::vector<Key>& vocabulary) {
  const std::span<const Key> keys = x.keys.as<Key>();
  std::map<Key, size_t> places;
  for (size_t i = 0; i < keys.size(); ++i) places[keys[i]] = i;
  OARLOCK_ASSIGN(Tensor* const output,
                 c.output(0, x.values.dtype(), {1, static_cast<int64_t>(vocabulary.size())}));
  return visit<VectorizedTypes>(x.values.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::Type;
    const std::span<const T> values = x.values.as<T>();
    const std::span<T> y = output->template mutable_as<T>();
    for (size_t i = 0; i < vocabulary.size(); ++i) {
      const auto found = places.find(vocabulary[i]);
      y[i] = found == places.end() ? T{} : values[found->second];
    }
  });
}

Status run_dict_vectorizer(RunContext& c) {
  OARLOCK_ASSIGN(const Map* const x, map_input(c));
  const auto& texts = c.attrs().strings("string_vocabulary");
  return texts.empty() ? vectorize(c, *x, c.attrs().integers("int64_vocabulary"))
                       : vectorize(c, *x, texts);
}

Status infer_zip_map(InferContext& c) {
  OARLOCK_TRY(check_type<Types<float>>(c, 0));
  OARLOCK_TRY(check_rows(c));
  OARLOCK_ASSIGN(const ClassLabels labels,
                 ClassLabels::of(c.attrs(), "classlabels_int64s", "classlabels_strings"));
  if (c.input(0).has_rank) {
    const int64_t width = row_width(c.shape(0));
    if (width != Shape::kUnknown && width != static_cast<int64_t>(labels.size()))
      return invalid("input 0 has ", width, " columns, expected one for each of ", labels.size(),
                     " labels");
  }
  c.set_output(0, TypeInfo::sequence_of(TypeInfo::map_of(labels.dtype(), DType::float32)));
  return {};
}

// Of a label listed twice the last column counts. All maps share one tensor of keys.
template <class Key>
Status zip(RunContext& c, const std::vector<Key>& labels) {
  const Tensor& x = c.input(0);
  std::map<Key, size_t> columns;
  for (size_t i = 0; i < labels.size(); ++i) columns[labels[i]] = i;
  std::vector<Key> sorted;
  for (const auto& each : columns) sorted.push_back(each.first);
  const Shape shape{static_cast<int64_t>(sorted.size())};
  const Tensor keys = Tensor::of(shape, std::span<const Key>(sorted));
  const std::span<const float> from = x.as<float>();
  Sequence maps;
  for (int64_t row = 0; row < row_count(x.shape()); ++row) {
    OARLOCK_ASSIGN(Tensor values, Tensor::allocate(DType::float32, shape));
    float* to = values.mutable_as<float>().data();
    for (const auto& each : columns)
      *to++ = from[static_cast<size_t>(row) * labels.size() + each.second];
    OARLOCK_ASSIGN(Value map, Value::map_of(keys, std::move(values)));
    maps.push_back(std::move(map));
  }
  return c.set_output(0, std::move(maps));
}

Status run_zip_map(RunContext& c) {
  const auto& texts = c.attrs().strings("classlabels_strings");
  return texts.empty() ? zip(c, c.attrs().integers("classlabels_int64s")) : zip(c, texts);
}

}  // namespace

std::span<const OpDef> ml_maps_ops() {
  static const OpDef defs[] = {
      {.domain = std::string(kMlDomain),
       .name = "CastMap",
       .since_version = 1,
       .attrs = {{"cast_to", "TO_FLOAT"}, {"map_form", "DENSE"}, {"max_map", 1}},
       .inputs = 1,
       .infer = infer_cast_map,
       .reference = run_cast_map},
      {.domain = std::string(kMlDomain),
       .name = "DictVectorizer",
       .since_version = 1,
       .attrs = {{"int64_vocabulary", AttrKind::integers},
                 {"string_vocabulary", AttrKind::strings}},
       .inputs = 1,
       .infer = infer_dict_vectorizer,
       .reference = run_dict_vectorizer},
      {.domain = std::string(kMlDomain),
       .name = "ZipMap",
       .since_version = 1,
       .attrs = {{"classlabels_int64s", AttrKind::integers},
                 {"classlabels_strings", AttrKind::strings}},
       .inputs = 1,
       .infer = infer_zip_map,
       .reference = run_zip_map},
  };
  return defs;
}

}  // namespace oarlock::ops
