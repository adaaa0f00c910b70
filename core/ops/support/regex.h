#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "oarlock/status.h"

namespace oarlock::ops {

// A regular expression in RE2's syntax without Unicode classes, matched in time proportional to the
// length of the text (Thompson's construction). Reading from several threads is safe.
class Regex {
 public:
  // Refuses malformed patterns, and those that are too large.
  static Result<Regex> compile(std::string_view pattern);

  // Whether the whole text, in UTF-8, matches.
  bool full_match(std::string_view text) const;

  // A set of code points: sorted ranges.
  using Ranges = std::vector<std::pair<uint32_t, uint32_t>>;

  struct Instruction {
    enum class Kind : uint8_t { set, split, jump, begin, end, word_edge, no_word_edge, match };
    Kind kind;
    int32_t next = 0;   // set: ranges index in `other`
    int32_t other = 0;  // split: the second way
  };

 private:
  std::vector<Instruction> program_;
  std::vector<Ranges> sets_;
};

}  // namespace oarlock::ops
