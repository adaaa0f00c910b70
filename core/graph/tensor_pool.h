#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <vector>

#include "oarlock/status.h"
#include "oarlock/tensor.h"
#include "schema/model_generated.h"

namespace oarlock {

// What reading may still copy. A file in which nothing is shared is copied at most once, so the
// budget is its size; a file built to multiply memory runs out of it.
class Budget {
 public:
  explicit Budget(uint64_t bytes) : left_(bytes) {}
  Status spend(uint64_t bytes) {
    if (bytes > left_) return invalid("the file shares parts that may not be shared");
    left_ -= bytes;
    return {};
  }
  Status spend(const flatbuffers::String* s) { return s ? spend(s->size()) : Status(); }

 private:
  uint64_t left_;
};

// The numbers of a vector, which the verifier does not promise to be aligned.
template <class T>
std::vector<T> copy(const flatbuffers::Vector<T>& from) {
  std::vector<T> to(from.size());
  if (!to.empty()) std::memcpy(to.data(), from.Data(), to.size() * sizeof(T));
  return to;
}

// Refuses extents whose product (zeros and unknown ones left out) would overflow later arithmetic.
Status check_extents(const Shape& shape);

// The tensors of a file, each checked, looking into the weights.
class TensorPool {
 public:
  using Table = flatbuffers::Vector<flatbuffers::Offset<schema::Tensor>>;
  static Result<TensorPool> make(const Table* from, std::span<const std::byte> weights,
                                 std::shared_ptr<const void> owner, Budget& budget);

  Result<Tensor> at(uint64_t index) const {
    if (index >= tensors_.size())
      return invalid("tensor ", index, " does not exist, there are ", tensors_.size());
    return tensors_[index];
  }

 private:
  std::vector<Tensor> tensors_;
};

}  // namespace oarlock
