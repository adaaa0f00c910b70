// Every operator with random inputs and attributes: whatever they are, the answer is a result or an
// error, never a crash. Most useful under the sanitizers.
#include <random>

#include "op_test.h"

namespace oarlock::test {
namespace {

constexpr uint32_t kSeed = 20;
constexpr int kTries = 40;  // for each operator

class Source {
 public:
  explicit Source(uint32_t seed) : engine_(seed) {}

  int64_t integer(int64_t low, int64_t high) {
    return low + static_cast<int64_t>(engine_() % static_cast<uint32_t>(high - low + 1));
  }
  bool chance(int percent) { return integer(0, 99) < percent; }

  DType dtype() {
    static constexpr DType kTypes[] = {
        DType::float32, DType::float32,  DType::float32,      DType::int64, DType::int64,
        DType::int32,   DType::boolean,  DType::float16,      DType::uint8, DType::int8,
        DType::string,  DType::bfloat16, DType::float8e4m3fn, DType::int4,  DType::float64};
    return kTypes[integer(0, std::size(kTypes) - 1)];
  }

  Shape shape() {
    Shape shape(static_cast<size_t>(integer(0, 5)));
    for (int64_t& extent : shape) extent = chance(8) ? 0 : integer(1, 4);
    return shape;
  }

  Tensor tensor(DType dtype, const Shape& shape) {
    Tensor out = *Tensor::allocate(dtype, shape);
    for (int64_t i = 0; i < out.elements(); ++i) {
      const int64_t value = chance(3) ? INT64_MIN + integer(0, 9) : integer(-3, 5);
      const bool known =
          visit_types<float, double, Float16, BFloat16, int64_t, int32_t, uint8_t, int8_t, bool>(
              dtype, [&](auto tag) {
                using T = typename decltype(tag)::Type;
                out.mutable_as<T>()[i] = static_cast<T>(static_cast<Compute<T>>(value));
              });
      if (known) continue;
      if (dtype == DType::string) {
        out.mutable_as<std::string>()[i] = std::to_string(value);
      } else if (bits(dtype) < 8) {
        store_packed(dtype, out.mutable_data(), i, static_cast<int>(value & 7));
      } else {
        out.mutable_data()[i] = static_cast<std::byte>(value);
      }
    }
    return out;
  }

  std::optional<AttrValue> attribute(AttrKind kind) {
    static const char* const kWords[] = {"",        "none",   "add", "constant",
                                         "reflect", "linear", "LEFT"};
    switch (kind) {
      case AttrKind::integer:
        return integer(-2, 4);
      case AttrKind::number:
        return static_cast<float>(integer(-4, 8)) / 4;
      case AttrKind::string:
        return std::string(kWords[integer(0, std::size(kWords) - 1)]);
      case AttrKind::integers: {
        std::vector<int64_t> list(static_cast<size_t>(integer(0, 5)));
        for (int64_t& entry : list) entry = integer(-2, 4);
        return list;
      }
      case AttrKind::numbers:
        return std::vector<float>(static_cast<size_t>(integer(0, 4)), 0.5f);
      case AttrKind::strings:
        return std::vector<std::string>(static_cast<size_t>(integer(0, 3)), "a");
      case AttrKind::tensor:
        return tensor(dtype(), shape());
      default:
        return std::nullopt;
    }
  }

 private:
  std::mt19937 engine_;
};

bool has_body(const OpDef& def) {
  return std::any_of(def.attrs.begin(), def.attrs.end(),
                     [](const AttrDef& attr) { return attr.kind == AttrKind::graph; });
}

Values random_inputs(Source& source, const OpDef& def) {
  const int most = std::min(def.inputs.max, def.inputs.min + 3);
  Values inputs(static_cast<size_t>(source.integer(def.inputs.min, most)));
  const DType common = source.dtype();
  const Shape shape = source.shape();
  const bool uniform = source.chance(40);
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (source.chance(5)) continue;
    if (source.chance(5)) {
      inputs[i] = Sequence{source.tensor(common, shape), source.tensor(common, source.shape())};
      continue;
    }
    const DType dtype = i == 0 || source.chance(60) ? common : source.dtype();
    const bool is_list = i > 0 && source.chance(40);
    const Shape own = is_list   ? Shape{static_cast<int64_t>(shape.rank())}
                      : uniform ? shape
                                : source.shape();
    inputs[i] = source.tensor(is_list ? DType::int64 : dtype, own);
  }
  return inputs;
}

TEST(Hostile, EveryOperatorAnswers) {
  int answered = 0, accepted = 0;
  for (const OpDef* def : OpRegistry::core().all()) {
    if (has_body(*def)) continue;
    Source source(kSeed);
    for (int i = 0; i < kTries; ++i) {
      SCOPED_TRACE(concat(def->name, ", try ", i, ", seed ", kSeed));
      Attrs attrs;
      for (const AttrDef& attr : def->attrs) {
        if (!attr.required && source.chance(50)) continue;
        if (auto value = source.attribute(attr.kind)) attrs.set(attr.name, std::move(*value));
      }
      const Values inputs = random_inputs(source, *def);
      const int most = std::min(def->outputs.max, def->outputs.min + 2);
      const auto outputs = static_cast<size_t>(source.integer(def->outputs.min, most));
      const auto results = evaluate_op(def->domain, def->name, attrs, inputs, outputs);
      accepted += results.ok();
      if (!results.ok()) {
        EXPECT_NE(results.status().code(), Code::internal) << to_string(results.status());
        EXPECT_FALSE(results.status().message().empty());
      }
      ++answered;
    }
  }
  EXPECT_GT(answered, 100 * kTries);
  EXPECT_GT(accepted, answered / 20);  // the inputs are not all nonsense
}

}  // namespace
}  // namespace oarlock::test
