#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace oarlock::ops {

// Takes the first code point off `text`, which is not empty; a malformed byte gives U+FFFD.
inline uint32_t next_code_point(std::string_view& text) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t first = byte(0);
  const size_t length = first < 0x80 ? 1 : first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  uint32_t code = length == 1 ? first : first & (0xFF >> (length + 1));
  bool good = first < 0x80 || (first >= 0xC2 && first < 0xF5);
  for (size_t i = 1; good && i < length; ++i) {
    good = i < text.size() && (byte(i) & 0xC0) == 0x80;
    if (good) code = code << 6 | (byte(i) & 0x3F);
  }
  text.remove_prefix(good ? length : 1);
  return good ? code : 0xFFFD;
}

inline void append_code_point(std::string& text, uint32_t code) {
  if (code < 0x80) {
    text += static_cast<char>(code);
    return;
  }
  constexpr uint32_t kLead[] = {0, 0xC0, 0xE0, 0xF0};
  const int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
  text += static_cast<char>(kLead[more] | code >> (6 * more));
  for (int i = more; i-- > 0;) text += static_cast<char>(0x80 | (code >> (6 * i) & 0x3F));
}

}  // namespace oarlock::ops
