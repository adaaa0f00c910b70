#include "tools/cli/utf.h"

#include <algorithm>
#include <cstdint>

namespace oarlock::cli {
namespace {

constexpr uint32_t kReplacement = 0xfffd;

bool is_character(uint32_t c) { return c <= 0x10ffff && (c < 0xd800 || c > 0xdfff); }

void append_utf8(std::string& to, uint32_t c) {
  if (!is_character(c)) c = kReplacement;
  if (c < 0x80) {
    to += static_cast<char>(c);
    return;
  }
  const int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
  constexpr uint32_t kLead[] = {0, 0xc0, 0xe0, 0xf0};
  to += static_cast<char>(kLead[more] | c >> (6 * more));
  for (int i = more - 1; i >= 0; --i) to += static_cast<char>(0x80 | (c >> (6 * i) & 0x3f));
}

// The character at text[at], which moves on behind it.
uint32_t next_character(const std::string& text, size_t& at) {
  const auto lead = static_cast<uint8_t>(text[at++]);
  if (lead < 0x80) return lead;
  const int more = lead >= 0xf0 && lead < 0xf8   ? 3
                   : lead >= 0xe0 && lead < 0xf0 ? 2
                   : lead >= 0xc0 && lead < 0xe0 ? 1
                                                 : 0;
  if (more == 0) return kReplacement;
  uint32_t c = lead & (0x3fu >> more);
  for (int i = 0; i < more; ++i) {
    if (at == text.size() || (static_cast<uint8_t>(text[at]) & 0xc0) != 0x80) return kReplacement;
    c = c << 6 | (static_cast<uint8_t>(text[at++]) & 0x3f);
  }
  constexpr uint32_t kSmallest[] = {0, 0x80, 0x800, 0x10000};
  return is_character(c) && c >= kSmallest[more] ? c : kReplacement;
}

}  // namespace

std::string utf8_of_utf32(std::span<const std::byte> text, bool big_endian) {
  std::string to;
  size_t end = text.size() / 4 * 4;
  const auto at = [&](size_t i) {
    uint32_t c = 0;
    for (size_t k = 0; k < 4; ++k)
      c |= static_cast<uint32_t>(text[i + k]) << (8 * (big_endian ? 3 - k : k));
    return c;
  };
  while (end > 0 && at(end - 4) == 0) end -= 4;
  for (size_t i = 0; i < end; i += 4) append_utf8(to, at(i));
  return to;
}

size_t append_utf32(std::span<const std::string> texts, std::vector<std::byte>& to) {
  std::vector<std::vector<uint32_t>> all;
  size_t longest = 1;
  for (const std::string& text : texts) {
    std::vector<uint32_t>& characters = all.emplace_back();
    for (size_t at = 0; at < text.size();) characters.push_back(next_character(text, at));
    longest = std::max(longest, characters.size());
  }
  for (const std::vector<uint32_t>& characters : all)
    for (size_t i = 0; i < longest; ++i)
      for (int shift = 0; shift < 32; shift += 8)
        to.push_back(static_cast<std::byte>(i < characters.size() ? characters[i] >> shift : 0));
  return longest;
}

std::string valid_utf8(const std::string& text) {
  std::string to;
  for (size_t at = 0; at < text.size();) append_utf8(to, next_character(text, at));
  return to;
}

}  // namespace oarlock::cli
