#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "oarlock/dtype.h"
#include "oarlock/shape.h"
#include "oarlock/status.h"

namespace oarlock {

// Elements of one type in row-major order in host memory, shared by copies of the Tensor.
// Reading from several threads is safe; writing needs the only reference or the caller's care.
// Strings are stored as std::string objects. Types below 8 bits are packed.
class Tensor {
 public:
  Tensor() = default;  // undefined dtype, no memory

  // 64-byte aligned, contents undefined (strings: empty). The shape must be concrete.
  static Result<Tensor> allocate(DType dtype, const Shape& shape);
  // Looks at memory of somebody else; `owner`, if given, keeps it alive. Invalid when `bytes`
  // is less than the elements take. Not for strings. Allocates nothing.
  static Result<Tensor> view(DType dtype, const Shape& shape, std::byte* data, size_t bytes,
                             std::shared_ptr<const void> owner = nullptr);
  static Tensor strings(const Shape& shape, std::vector<std::string> elements);
  // Copies `elements`; dtype follows T. Sizes must agree (else an empty Tensor with dtype
  // undefined).
  template <class T>
  static Tensor of(const Shape& shape, std::span<const T> elements);
  template <class T>
  static Tensor of(const Shape& shape, std::initializer_list<T> elements) {
    return of<T>(shape, std::span<const T>(elements.begin(), elements.size()));
  }
  template <class T>
  static Tensor scalar(T value) {
    return of<T>(Shape{}, std::span<const T>(&value, 1));
  }

  DType dtype() const { return dtype_; }
  const Shape& shape() const { return shape_; }
  int64_t elements() const { return elements_; }
  size_t bytes() const { return bytes_; }
  bool defined() const { return dtype_ != DType::undefined; }
  // False for a view whose memory somebody else may reuse.
  bool owns_memory() const { return owner_ != nullptr; }

  const std::byte* data() const { return data_; }
  std::byte* mutable_data() { return data_; }
  // The elements as C++ type T (the caller checked dtype()); empty for packed types.
  template <class T>
  std::span<const T> as() const {
    return {reinterpret_cast<const T*>(data_), static_cast<size_t>(elements_)};
  }
  template <class T>
  std::span<T> mutable_as() {
    return {reinterpret_cast<T*>(data_), static_cast<size_t>(elements_)};
  }

  // The same elements under another shape of as many elements; shares the memory.
  Result<Tensor> reshaped(const Shape& shape) const;
  // Memory of its own.
  Result<Tensor> clone() const;

 private:
  DType dtype_ = DType::undefined;
  Shape shape_;
  int64_t elements_ = 0;
  size_t bytes_ = 0;
  std::byte* data_ = nullptr;
  std::shared_ptr<const void> owner_;
};

// "float32[1, 3, 224, 224]".
std::string to_string(const Tensor& tensor);

class Value;
using Sequence = std::vector<Value>;

// Two tensors of one dimension with as many elements; no key, an integer or a string, occurs twice.
struct Map {
  Tensor keys;
  Tensor values;
};

// What flows between operators at run time: nothing (an empty optional), a tensor, a sequence, or a
// map.
class Value {
 public:
  Value() = default;
  Value(Tensor tensor) : content_(std::move(tensor)) {}
  Value(Sequence sequence) : content_(std::make_shared<const Sequence>(std::move(sequence))) {}
  // Invalid unless the tensors are those of a map.
  static Result<Value> map_of(Tensor keys, Tensor values);

  bool empty() const { return std::holds_alternative<std::monostate>(content_); }
  bool is_tensor() const { return std::holds_alternative<Tensor>(content_); }
  bool is_sequence() const { return std::holds_alternative<SharedSequence>(content_); }
  bool is_map() const { return std::holds_alternative<SharedMap>(content_); }

  // Only for the matching kind.
  const Tensor& tensor() const { return *std::get_if<Tensor>(&content_); }
  Tensor& tensor() { return *std::get_if<Tensor>(&content_); }
  const Sequence& sequence() const { return **std::get_if<SharedSequence>(&content_); }
  const Map& map() const { return **std::get_if<SharedMap>(&content_); }

 private:
  using SharedSequence = std::shared_ptr<const Sequence>;
  using SharedMap = std::shared_ptr<const Map>;

  std::variant<std::monostate, Tensor, SharedSequence, SharedMap> content_;
};

}  // namespace oarlock
