#pragma once

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace oarlock {

// The extents of a tensor, outermost first. kUnknown stands for an extent not known yet.
// Up to kInline dimensions live inside the object: copying such a shape allocates nothing.
class Shape {
 public:
  static constexpr int64_t kUnknown = -1;
  static constexpr size_t kInline = 8;

  Shape() = default;
  Shape(std::initializer_list<int64_t> dims) { assign(dims.begin(), dims.end()); }
  explicit Shape(std::span<const int64_t> dims) { assign(dims.begin(), dims.end()); }
  explicit Shape(size_t rank, int64_t value = 0) { resize(rank, value); }

  size_t rank() const { return rank_; }
  size_t size() const { return rank_; }
  bool empty() const { return rank_ == 0; }
  int64_t* data() { return rank_ <= kInline ? inline_ : heap_.data(); }
  const int64_t* data() const { return rank_ <= kInline ? inline_ : heap_.data(); }
  int64_t& operator[](size_t i) { return data()[i]; }
  int64_t operator[](size_t i) const { return data()[i]; }
  int64_t* begin() { return data(); }
  int64_t* end() { return data() + rank_; }
  const int64_t* begin() const { return data(); }
  const int64_t* end() const { return data() + rank_; }
  int64_t& front() { return data()[0]; }
  int64_t& back() { return data()[rank_ - 1]; }
  int64_t front() const { return data()[0]; }
  int64_t back() const { return data()[rank_ - 1]; }
  std::span<const int64_t> dims() const { return {data(), rank_}; }

  void resize(size_t rank, int64_t value = 0);
  void push_back(int64_t dim) { resize(rank_ + 1, dim); }
  void insert(size_t position, int64_t dim);
  void erase(size_t position);

  // All extents known.
  bool is_concrete() const;
  // Product of the extents; empty when one is unknown or the product overflows int64_t.
  std::optional<int64_t> elements() const;

  friend bool operator==(const Shape& a, const Shape& b) {
    return a.rank_ == b.rank_ && std::equal(a.begin(), a.end(), b.begin());
  }

 private:
  template <class It>
  void assign(It first, It last) {
    resize(static_cast<size_t>(last - first));
    std::copy(first, last, data());
  }

  size_t rank_ = 0;
  int64_t inline_[kInline] = {};
  std::vector<int64_t> heap_;  // holds all dimensions when there are more than kInline
};

// "[1, 3, 224, 224]"; an unknown extent prints as "?".
std::string to_string(const Shape& shape);

// Row-major strides in elements; meaningless for a shape without elements or with unknown extents.
Shape row_major_strides(const Shape& shape);

// ONNX multidirectional broadcasting; an extent of 1 stretches. Unknown with known n > 1 gives n,
// with 1 or unknown gives unknown. Empty when the shapes do not fit together.
std::optional<Shape> broadcast(const Shape& a, const Shape& b);

// Maps -rank..rank-1 to 0..rank-1; empty when outside.
std::optional<size_t> normalize_axis(int64_t axis, size_t rank);

}  // namespace oarlock
