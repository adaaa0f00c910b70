#include "converter/unknown_fields.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

namespace oarlock::converter {

using google::protobuf::internal::WireFormatLite;

std::vector<std::string_view> unknown_field(const std::string& unknown, int number) {
  std::vector<std::string_view> found;
  if (unknown.empty()) return found;
  google::protobuf::io::CodedInputStream stream(reinterpret_cast<const uint8_t*>(unknown.data()),
                                                static_cast<int>(unknown.size()));
  while (const uint32_t tag = stream.ReadTag()) {
    if (WireFormatLite::GetTagFieldNumber(tag) != number ||
        WireFormatLite::GetTagWireType(tag) != WireFormatLite::WIRETYPE_LENGTH_DELIMITED) {
      if (!WireFormatLite::SkipField(&stream, tag)) break;
      continue;
    }
    uint32_t size = 0;
    if (!stream.ReadVarint32(&size)) break;
    const auto position = static_cast<size_t>(stream.CurrentPosition());
    if (size > unknown.size() - position) break;
    found.emplace_back(unknown.data() + position, size);
    stream.Skip(static_cast<int>(size));
  }
  return found;
}

std::string unknown_string(const std::string& unknown, int number) {
  const std::vector<std::string_view> found = unknown_field(unknown, number);
  return found.empty() ? std::string() : std::string(found.back());
}

}  // namespace oarlock::converter
