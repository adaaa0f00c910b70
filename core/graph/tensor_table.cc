#include "core/graph/tensor_table.h"

#include <array>
#include <cstring>

#include "core/graph/file_format.h"

namespace oarlock {
namespace {

std::span<const std::byte> contents(const Tensor& tensor) {
  return {tensor.data(), tensor.bytes()};
}

// Type, shape, and up to 64 sampled bytes: cheap even for a tensor of gigabytes.
uint64_t fingerprint(const Tensor& tensor) {
  uint64_t hash = 14695981039346656037u;
  const auto mix = [&](uint64_t x) { hash = (hash ^ x) * 1099511628211u; };
  mix(static_cast<uint64_t>(tensor.dtype()));
  for (int64_t dim : tensor.shape()) mix(static_cast<uint64_t>(dim));
  if (tensor.dtype() == DType::string) {
    for (const std::string& s : tensor.as<std::string>()) mix(std::hash<std::string>()(s));
    return hash;
  }
  const auto bytes = contents(tensor);
  const size_t step = bytes.size() / 64 + 1;
  for (size_t i = 0; i < bytes.size(); i += step) mix(static_cast<uint64_t>(bytes[i]));
  return hash;
}

bool equal(const Tensor& a, const Tensor& b) {
  if (a.dtype() != b.dtype() || a.shape() != b.shape()) return false;
  if (a.data() == b.data()) return true;
  if (a.dtype() == DType::string) {
    const auto x = a.as<std::string>(), y = b.as<std::string>();
    return std::equal(x.begin(), x.end(), y.begin(), y.end());
  }
  return a.bytes() == 0 || std::memcmp(a.data(), b.data(), a.bytes()) == 0;
}

}  // namespace

uint32_t TensorTable::index_of(const Tensor& tensor) {
  const uint64_t key = fingerprint(tensor);
  const auto [first, last] = by_content_.equal_range(key);
  for (auto it = first; it != last; ++it)
    if (equal(tensors_[it->second], tensor)) return it->second;

  const auto shape =
      builder_.CreateVector(std::vector<int64_t>(tensor.shape().begin(), tensor.shape().end()));
  const auto dtype = static_cast<uint8_t>(tensor.dtype());
  if (tensor.dtype() == DType::string) {
    std::vector<flatbuffers::Offset<schema::Text>> strings;
    for (const std::string& s : tensor.as<std::string>())
      strings.push_back(schema::CreateText(builder_, builder_.CreateString(s)));
    tables_.push_back(
        schema::CreateTensor(builder_, dtype, shape, 0, 0, builder_.CreateVector(strings)));
  } else {
    const uint64_t offset = align_weights(end_);
    tables_.push_back(schema::CreateTensor(builder_, dtype, shape, offset, tensor.bytes()));
    if (tensor.bytes() > 0) {
      end_ = offset + tensor.bytes();
      weights_.push_back(tensor);
    }
  }
  tensors_.push_back(tensor);
  const auto index = static_cast<uint32_t>(tensors_.size() - 1);
  by_content_.emplace(key, index);
  return index;
}

Sha256Digest TensorTable::hash_weights() const {
  Sha256 hash;
  uint64_t at = 0;
  const std::array<std::byte, kWeightAlignment> zeros{};
  for (const Tensor& tensor : weights_) {
    const uint64_t start = align_weights(at);
    hash.update(std::span(zeros).first(start - at));
    hash.update(contents(tensor));
    at = start + tensor.bytes();
  }
  return hash.finish();
}

flatbuffers::Offset<flatbuffers::Vector<flatbuffers::Offset<schema::Tensor>>>
TensorTable::finish() {
  return builder_.CreateVector(tables_);
}

}  // namespace oarlock
