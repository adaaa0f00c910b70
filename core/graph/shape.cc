#include "oarlock/shape.h"

#include "oarlock/status.h"

namespace oarlock {

void Shape::resize(size_t rank, int64_t value) {
  if (rank > kInline) {
    if (rank_ <= kInline) heap_.assign(inline_, inline_ + rank_);
    heap_.resize(rank, value);
  } else {
    if (rank_ > kInline) {
      std::copy_n(heap_.begin(), rank, inline_);
      heap_.clear();
    }
    for (size_t i = rank_; i < rank; ++i) inline_[i] = value;
  }
  rank_ = rank;
}

void Shape::insert(size_t position, int64_t dim) {
  resize(rank_ + 1);
  std::copy_backward(begin() + position, end() - 1, end());
  (*this)[position] = dim;
}

void Shape::erase(size_t position) {
  std::copy(begin() + position + 1, end(), begin() + position);
  resize(rank_ - 1);
}

bool Shape::is_concrete() const {
  return std::all_of(begin(), end(), [](int64_t dim) { return dim >= 0; });
}

std::optional<int64_t> Shape::elements() const {
  if (!is_concrete()) return std::nullopt;
  if (std::find(begin(), end(), 0) != end()) return 0;
  int64_t product = 1;
  for (const int64_t dim : *this) {
    if (__builtin_mul_overflow(product, dim, &product)) return std::nullopt;
  }
  return product;
}

std::string to_string(const Shape& shape) {
  std::string out = "[";
  for (size_t i = 0; i < shape.rank(); ++i) {
    if (i > 0) out += ", ";
    out += shape[i] == Shape::kUnknown ? "?" : std::to_string(shape[i]);
  }
  return out + "]";
}

Shape row_major_strides(const Shape& shape) {
  Shape strides(shape.rank(), 1);
  for (size_t i = shape.rank(); i-- > 1;) {
    strides[i - 1] =
        static_cast<int64_t>(static_cast<uint64_t>(strides[i]) * static_cast<uint64_t>(shape[i]));
  }
  return strides;
}

std::optional<Shape> broadcast(const Shape& a, const Shape& b) {
  const size_t rank = std::max(a.rank(), b.rank());
  Shape out(rank, 1);
  for (size_t i = 0; i < rank; ++i) {
    const int64_t x = i < a.rank() ? a[a.rank() - 1 - i] : 1;
    const int64_t y = i < b.rank() ? b[b.rank() - 1 - i] : 1;
    int64_t& dim = out[rank - 1 - i];
    if (x == y || y == 1) {
      dim = x;
    } else if (x == 1) {
      dim = y;
    } else if (x == Shape::kUnknown) {
      dim = y;
    } else if (y == Shape::kUnknown) {
      dim = x;
    } else {
      return std::nullopt;
    }
  }
  return out;
}

std::optional<size_t> normalize_axis(int64_t axis, size_t rank) {
  const auto signed_rank = static_cast<int64_t>(rank);
  if (axis < -signed_rank || axis >= signed_rank) return std::nullopt;
  return static_cast<size_t>(axis < 0 ? axis + signed_rank : axis);
}

}  // namespace oarlock
