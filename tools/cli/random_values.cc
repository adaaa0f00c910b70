#include "tools/cli/random_values.h"

#include <complex>
#include <utility>
#include <vector>

#include "oarlock/plugin/numeric.h"

namespace oarlock::cli {
namespace {

// SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
class Generator {
 public:
  Generator(uint64_t seed, const std::string& name) : state_(seed) {
    for (char c : name) state_ = next() ^ static_cast<unsigned char>(c);
  }
  uint64_t next() {
    uint64_t z = state_ += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
  }
  float number() { return static_cast<float>(next() >> 40) * 0x1p-23f - 1; }
  int digit() { return static_cast<int>(next() % 10); }

 private:
  uint64_t state_;
};

Result<Tensor> random_tensor(DType dtype, const Shape& shape, Generator& random) {
  OARLOCK_ASSIGN(Tensor tensor, Tensor::allocate(dtype, shape));
  if (visit_floats(dtype, [&](auto tag) {
        using T = typename decltype(tag)::Type;
        for (T& x : tensor.mutable_as<T>()) x = static_cast<T>(random.number());
      }))
    return tensor;
  if (visit_integers(dtype, [&](auto tag) {
        using T = typename decltype(tag)::Type;
        for (T& x : tensor.mutable_as<T>()) x = static_cast<T>(random.digit());
      }))
    return tensor;
  if (dtype == DType::boolean) {
    for (bool& x : tensor.mutable_as<bool>()) x = (random.next() & 1) != 0;
  } else if (dtype == DType::string) {
    for (std::string& x : tensor.mutable_as<std::string>()) x = concat("s", random.digit());
  } else if (dtype == DType::complex64) {
    for (auto& x : tensor.mutable_as<std::complex<float>>()) x = {random.number(), random.number()};
  } else if (dtype == DType::complex128) {
    for (auto& x : tensor.mutable_as<std::complex<double>>())
      x = {random.number(), random.number()};
  } else if (bits(dtype) == 8) {
    for (int64_t i = 0; i < tensor.elements(); ++i)
      tensor.mutable_data()[i] =
          static_cast<std::byte>(float_to_small_float(dtype, random.number(), true));
  } else {
    for (size_t i = 0; i < tensor.bytes(); ++i)
      tensor.mutable_data()[i] = static_cast<std::byte>(random.next());
  }
  return tensor;
}

}  // namespace

Result<Value> random_value(const TypeInfo& type, const std::string& name, uint64_t seed) {
  if (type.kind == TypeInfo::Kind::optional && type.element != nullptr)
    return random_value(*type.element, name, seed);
  if (type.kind == TypeInfo::Kind::sequence && type.element != nullptr) {
    OARLOCK_ASSIGN(Value item, random_value(*type.element, name, seed));
    return Value(Sequence{std::move(item)});
  }
  if (type.kind == TypeInfo::Kind::map) {
    OARLOCK_ASSIGN(const Value key,
                   random_value(TypeInfo::tensor(type.dtype, {1}), name + ".keys", seed));
    OARLOCK_ASSIGN(const Value value, random_value(TypeInfo::tensor(type.element->dtype, {1}),
                                                   name + ".values", seed));
    return Value::map_of(key.tensor(), value.tensor());
  }
  if (!type.is_tensor() || type.dtype == DType::undefined || !type.has_rank)
    return unsupported("input '", name, "' has type ", type,
                       ", for which no values can be made up; give a file or its shape");
  Shape shape = type.shape;
  for (int64_t& dim : shape)
    if (dim == Shape::kUnknown) dim = 1;
  Generator random(seed, name);
  OARLOCK_ASSIGN(Tensor tensor, random_tensor(type.dtype, shape, random));
  return Value(std::move(tensor));
}

}  // namespace oarlock::cli
