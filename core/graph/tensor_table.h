#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "core/graph/sha256.h"
#include "oarlock/tensor.h"
#include "schema/model_generated.h"

namespace oarlock {

// Collects the tensors of a file under construction. Equal ones get one index.
class TensorTable {
 public:
  explicit TensorTable(flatbuffers::FlatBufferBuilder& builder) : builder_(builder) {}

  uint32_t index_of(const Tensor& tensor);
  const std::vector<Tensor>& weights() const { return weights_; }
  uint64_t weight_bytes() const { return end_; }
  // Of all weights with the zeros between them.
  Sha256Digest hash_weights() const;
  flatbuffers::Offset<flatbuffers::Vector<flatbuffers::Offset<schema::Tensor>>> finish();

 private:
  flatbuffers::FlatBufferBuilder& builder_;
  std::vector<Tensor> weights_;
  uint64_t end_ = 0;
  std::vector<flatbuffers::Offset<schema::Tensor>> tables_;
  std::vector<Tensor> tensors_;
  std::unordered_multimap<uint64_t, uint32_t> by_content_;
};

}  // namespace oarlock
