#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

namespace oarlock::kernels::cpu {

// Memory that later work reads. A kernel that computes for a while brings it into the cache
// meanwhile, a stretch with each of its steps; what it does not get to is read when it is needed.
class Upcoming {
 public:
  using Pieces = std::span<const std::span<const std::byte>>;

  Upcoming() = default;
  // Share i of n about equal ones of the pieces, which must outlive this.
  Upcoming(Pieces pieces, int64_t i, int64_t n) : pieces_(pieces) {
    int64_t bytes = 0;
    for (const auto& piece : pieces) bytes += std::ssize(piece);
    const int64_t begin = bytes * i / n;
    left_ = bytes * (i + 1) / n - begin;
    skip(begin);
  }

  int64_t bytes() const { return left_; }
  // The next stretch, of at most `most` bytes; empty at the end.
  std::span<const std::byte> next(int64_t most) {
    if (left_ <= 0) return {};
    const std::span<const std::byte> rest = pieces_.front().subspan(at_);
    const int64_t count = std::min({most, left_, std::ssize(rest)});
    left_ -= count;
    skip(count);
    return rest.first(static_cast<size_t>(count));
  }

 private:
  void skip(int64_t bytes) {
    at_ += static_cast<size_t>(bytes);
    while (!pieces_.empty() && at_ >= pieces_.front().size()) {
      at_ -= pieces_.front().size();
      pieces_ = pieces_.subspan(1);
    }
  }

  Pieces pieces_;
  size_t at_ = 0;  // in the first piece
  int64_t left_ = 0;
};

}  // namespace oarlock::kernels::cpu
