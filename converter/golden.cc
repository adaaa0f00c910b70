#include "converter/golden.h"

#include <cstring>

#include "core/ops/evaluate.h"
#include "oarlock/plugin/numeric.h"

namespace oarlock::converter {

namespace {

// SplitMix64 (Steele, Lea, Flood 2014).
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint64_t next() {
    uint64_t z = state_ += 0x9e3779b97f4a7c15U;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
  }
  // In [-1, 1), a multiple of 2^-23, so that it is exact in float.
  float number() { return static_cast<float>(next() >> 40) * 0x1p-23F - 1.0F; }

 private:
  uint64_t state_;
};

void fill(Tensor& tensor, Random& random) {
  const DType dtype = tensor.dtype();
  if (dtype == DType::string) {
    for (std::string& text : tensor.mutable_as<std::string>())
      text = std::string(1, static_cast<char>('a' + random.next() % 26));
  } else if (dtype == DType::boolean) {
    for (bool& value : tensor.mutable_as<bool>()) value = random.next() % 2 == 1;
  } else if (dtype == DType::complex64) {
    std::byte* data = tensor.mutable_data();
    for (size_t at = 0; at < tensor.bytes(); at += sizeof(float)) {
      const float value = random.number();
      std::memcpy(data + at, &value, sizeof(float));
    }
  } else if (is_floating(dtype) &&
             visit_types<float, double, Float16, BFloat16>(dtype, [&](auto tag) {
               using T = typename decltype(tag)::Type;
               for (T& value : tensor.mutable_as<T>()) value = T(random.number());
             })) {
  } else if (bits(dtype) > 8 && visit_integers(dtype, [&](auto tag) {
               using T = typename decltype(tag)::Type;
               for (T& value : tensor.mutable_as<T>()) value = static_cast<T>(random.next() % 10);
             })) {
  } else {
    std::byte* data = tensor.mutable_data();
    for (size_t at = 0; at < tensor.bytes(); ++at)
      data[at] = static_cast<std::byte>(is_floating(dtype) ? random.next() % 64 : random.next());
  }
}

Result<Value> random_value(const TypeInfo& type, Random& random) {
  if (type.kind == TypeInfo::Kind::sequence) {
    Sequence sequence;
    for (int i = 0; i < 2; ++i) {
      OARLOCK_ASSIGN(Value element, random_value(*type.element, random));
      sequence.push_back(std::move(element));
    }
    return Value(std::move(sequence));
  }
  if (type.kind == TypeInfo::Kind::map) {
    OARLOCK_ASSIGN(const Value key, random_value(TypeInfo::tensor(type.dtype, {1}), random));
    OARLOCK_ASSIGN(const Value value,
                   random_value(TypeInfo::tensor(type.element->dtype, {1}), random));
    return Value::map_of(key.tensor(), value.tensor());
  }
  if (type.kind == TypeInfo::Kind::optional) return random_value(*type.element, random);
  if (!type.is_tensor() || !type.has_rank)
    return invalid("its shape is unknown; fix it with --shape");
  Shape shape = type.shape;
  for (int64_t& extent : shape)
    if (extent == Shape::kUnknown) extent = 1;
  OARLOCK_ASSIGN(Tensor tensor, Tensor::allocate(type.dtype, shape));
  fill(tensor, random);
  return Value(std::move(tensor));
}

Result<GoldenCase> make_case(const Graph& graph, Random& random, const OpRegistry& ops) {
  GoldenCase golden;
  std::vector<Value> inputs;
  for (ValueId input : graph.inputs()) {
    const ValueInfo& info = graph.value(input);
    Result<Value> value = random_value(info.type, random);
    if (!value.ok()) return value.status().within(concat("input '", info.name, "'"));
    inputs.push_back(*value);
    golden.inputs.push_back({info.name, *std::move(value)});
  }
  OARLOCK_ASSIGN(std::vector<Value> outputs, evaluate(graph, inputs, ops));
  for (size_t i = 0; i < outputs.size(); ++i)
    golden.outputs.push_back({graph.output_name(i), std::move(outputs[i])});
  return golden;
}

}  // namespace

Result<std::vector<GoldenCase>> make_golden(const Graph& graph, const ConvertOptions& options) {
  std::vector<GoldenCase> cases;
  Random random(options.seed);
  for (int i = 0; i < options.golden; ++i) {
    if (options.progress)
      options.progress({ConvertProgress::Step::golden, static_cast<uint64_t>(i),
                        static_cast<uint64_t>(options.golden)});
    Result<GoldenCase> golden = make_case(graph, random, *options.ops);
    if (!golden.ok())
      return golden.status().within(
          "golden data (random inputs, unknown dimensions set to 1; fix dimensions with --shape)");
    cases.push_back(*std::move(golden));
  }
  return cases;
}

}  // namespace oarlock::converter
