#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/graph/sha256.h"
#include "oarlock/status.h"

namespace oarlock {

// The parts of an .oar file; schema/model.fbs describes them.
inline constexpr uint32_t kFormatVersion = 1;
inline constexpr size_t kHeaderBytes = 64;
inline constexpr size_t kWeightAlignment = 64;
inline constexpr size_t kMaxGraphBytes = size_t{1} << 30;  // FlatBuffers ends at twice that
inline constexpr int kMaxGraphDepth = 24;                  // graphs in attributes of graphs

inline constexpr uint64_t align_weights(uint64_t offset) {
  return (offset + kWeightAlignment - 1) / kWeightAlignment * kWeightAlignment;
}

struct FileHeader {
  uint32_t format_version = kFormatVersion;
  uint64_t graph_bytes = 0;
  uint64_t weight_bytes = 0;
  Sha256Digest graph_hash{};

  uint64_t weights_at() const { return align_weights(kHeaderBytes + graph_bytes); }
};

// What the file consists of; looks into `bytes`.
struct FileParts {
  FileHeader header;
  std::span<const std::byte> graph, weights;
};

std::array<std::byte, kHeaderBytes> encode(const FileHeader& header);
// Checks magic, version, sizes and the hash of the graph part.
Result<FileParts> split_file(std::span<const std::byte> bytes);

}  // namespace oarlock
