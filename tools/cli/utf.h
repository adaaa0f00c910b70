#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace oarlock::cli {

// Text of 32-bit characters as UTF-8, zeros at the end left out; U+FFFD for what is no character.
std::string utf8_of_utf32(std::span<const std::byte> text, bool big_endian);
// Appends each text as little-endian 32-bit characters, padded with zeros to the longest one.
// Returns that length in characters, at least 1. Bytes that are not UTF-8 become U+FFFD.
size_t append_utf32(std::span<const std::string> texts, std::vector<std::byte>& to);
// The same text with U+FFFD in place of what is not UTF-8.
std::string valid_utf8(const std::string& text);

}  // namespace oarlock::cli
