#include "core/graph/file_format.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace oarlock {
namespace {

static_assert(std::endian::native == std::endian::little,
              "tensors in .oar files are little-endian");

constexpr char kMagic[8] = {'o', 'a', 'r', 'l', 'o', 'c', 'k', '\0'};

template <class T>
void put(std::array<std::byte, kHeaderBytes>& to, size_t offset, const T& value) {
  std::memcpy(to.data() + offset, &value, sizeof(T));
}

template <class T>
T get(std::span<const std::byte> from, size_t offset) {
  T value;
  std::memcpy(&value, from.data() + offset, sizeof(T));
  return value;
}

}  // namespace

std::array<std::byte, kHeaderBytes> encode(const FileHeader& header) {
  std::array<std::byte, kHeaderBytes> bytes{};
  put(bytes, 0, kMagic);
  put(bytes, 8, header.format_version);
  put(bytes, 16, header.graph_bytes);
  put(bytes, 24, header.weight_bytes);
  put(bytes, 32, header.graph_hash);
  return bytes;
}

Result<FileParts> split_file(std::span<const std::byte> bytes) {
  if (bytes.empty()) return invalid("the file is empty");
  const size_t comparable = std::min(bytes.size(), sizeof(kMagic));
  if (std::memcmp(bytes.data(), kMagic, comparable) != 0)
    return invalid(
        "this is not an oarlock model (wrong magic number); convert an ONNX model with "
        "`oarlock convert in.onnx -o out.oar`");
  if (bytes.size() < kHeaderBytes)
    return invalid("the file is truncated: ", bytes.size(), " bytes, its header alone takes ",
                   kHeaderBytes);
  FileParts parts;
  FileHeader& header = parts.header;
  header.format_version = get<uint32_t>(bytes, 8);
  header.graph_bytes = get<uint64_t>(bytes, 16);
  header.weight_bytes = get<uint64_t>(bytes, 24);
  header.graph_hash = get<Sha256Digest>(bytes, 32);
  if (header.format_version == 0 || header.format_version > kFormatVersion)
    return unsupported("the file has format version ", header.format_version,
                       ", this oarlock reads up to ", kFormatVersion,
                       "; update oarlock or convert the model again");
  if (header.graph_bytes > kMaxGraphBytes)
    return invalid("the header is damaged: the graph would take ", header.graph_bytes,
                   " bytes, at most ", kMaxGraphBytes, " are possible");
  const uint64_t weights_at = header.weights_at();
  const bool overflow = header.weight_bytes > UINT64_MAX - weights_at;
  if (overflow || weights_at + header.weight_bytes != bytes.size()) {
    const bool longer = !overflow && weights_at + header.weight_bytes < bytes.size();
    return invalid(longer ? "the file has bytes after its end" : "the file is truncated", ": ",
                   bytes.size(), " bytes, its header says ", weights_at, " + ", header.weight_bytes,
                   "; copy or convert it again");
  }
  parts.graph = bytes.subspan(kHeaderBytes, header.graph_bytes);
  parts.weights = bytes.subspan(weights_at);
  if (Sha256::of(parts.graph) != header.graph_hash)
    return invalid(
        "the graph does not match its hash: the file is damaged; copy or convert it again");
  return parts;
}

}  // namespace oarlock
