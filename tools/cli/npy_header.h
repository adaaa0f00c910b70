#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "oarlock/shape.h"
#include "oarlock/status.h"

namespace oarlock::cli {

struct NpyHeader {
  char order = '|';       // '<', '>', or '|' where it does not matter
  char kind = 'V';        // as in "<f4"
  size_t item_bytes = 0;  // of one element; for 'U' four times the number of characters
  bool column_major = false;
  Shape shape;
  size_t data_at = 0;  // where the elements begin in the file
};

Result<NpyHeader> parse_npy_header(std::span<const std::byte> file);
// Version 1, padded to a multiple of 64 bytes. `description` is like "<f4".
std::string npy_header(const std::string& description, const Shape& shape);

}  // namespace oarlock::cli
