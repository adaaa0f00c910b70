#include "tools/cli/npy_header.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace oarlock::cli {
namespace {

constexpr std::string_view kMagic("\x93NUMPY", 6);
constexpr size_t kMaxHeader = 1 << 20;
constexpr size_t kMaxRank = 64;

// Reads the Python dictionary of the header: three keys, in any order.
class Dictionary {
 public:
  explicit Dictionary(std::string_view text) : rest_(text) {}

  Result<NpyHeader> parse() {
    NpyHeader header;
    bool description = false, order = false, shape = false;
    OARLOCK_TRY(expect('{'));
    while (!accept('}')) {
      OARLOCK_ASSIGN(const std::string key, quoted());
      OARLOCK_TRY(expect(':'));
      if (key == "descr") {
        OARLOCK_TRY(read_description(header));
        description = true;
      } else if (key == "fortran_order") {
        OARLOCK_ASSIGN(header.column_major, boolean());
        order = true;
      } else if (key == "shape") {
        OARLOCK_ASSIGN(header.shape, tuple());
        shape = true;
      } else {
        return invalid("its header has an unknown key '", key, "'");
      }
      if (!accept(',')) {
        OARLOCK_TRY(expect('}'));
        break;
      }
    }
    if (!description || !order || !shape) return invalid("its header is not complete");
    return header;
  }

 private:
  void skip_space() {
    while (!rest_.empty() && (rest_[0] == ' ' || rest_[0] == '\n')) rest_.remove_prefix(1);
  }
  bool accept(char c) {
    skip_space();
    if (rest_.empty() || rest_[0] != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  Status expect(char c) {
    return accept(c) ? Status() : invalid("its header is malformed: '", c, "' expected");
  }
  bool accept_word(std::string_view word) {
    skip_space();
    if (!rest_.starts_with(word)) return false;
    rest_.remove_prefix(word.size());
    return true;
  }
  Result<std::string> quoted() {
    const char mark = accept('\'') ? '\'' : accept('"') ? '"' : '\0';
    const size_t end = mark == '\0' ? std::string_view::npos : rest_.find(mark);
    if (end == std::string_view::npos) return invalid("its header is malformed: a string expected");
    std::string text(rest_.substr(0, end));
    rest_.remove_prefix(end + 1);
    return text;
  }
  Result<bool> boolean() {
    if (accept_word("True")) return true;
    if (accept_word("False")) return false;
    return invalid("its header is malformed: True or False expected");
  }
  Result<int64_t> number() {
    skip_space();
    int64_t value = 0;
    size_t digits = 0;
    for (; !rest_.empty() && rest_[0] >= '0' && rest_[0] <= '9'; ++digits, rest_.remove_prefix(1))
      if (__builtin_mul_overflow(value, 10, &value) ||
          __builtin_add_overflow(value, rest_[0] - '0', &value))
        return invalid("its shape overflows");
    if (digits == 0) return invalid("its header is malformed: a number expected");
    accept('L');
    return value;
  }
  Result<Shape> tuple() {
    Shape shape;
    OARLOCK_TRY(expect('('));
    while (!accept(')')) {
      OARLOCK_ASSIGN(const int64_t dim, number());
      if (shape.rank() == kMaxRank) return invalid("it has more than ", kMaxRank, " dimensions");
      shape.push_back(dim);
      if (!accept(',')) {
        OARLOCK_TRY(expect(')'));
        break;
      }
    }
    return shape;
  }
  Status read_description(NpyHeader& header) {
    skip_space();
    if (!rest_.empty() && rest_[0] == '[')
      return unsupported("it holds records with named fields; save plain arrays");
    OARLOCK_ASSIGN(std::string text, quoted());
    if (text == "|O" || text == "O")
      return unsupported("it holds pickled Python objects; save plain arrays");
    if (!text.empty() && std::string_view("<>|=").find(text[0]) != std::string_view::npos) {
      header.order = text[0] == '=' ? '<' : text[0];
      text.erase(0, 1);
    }
    if (text.size() < 2) return invalid("its element type '", text, "' is not known");
    header.kind = text[0];
    size_t bytes = 0;
    for (char c : text.substr(1)) {
      if (c < '0' || c > '9' || bytes > (size_t{1} << 24))
        return invalid("its element type '", text, "' is not known");
      bytes = bytes * 10 + static_cast<size_t>(c - '0');
    }
    header.item_bytes = header.kind == 'U' ? 4 * bytes : bytes;
    return {};
  }

  std::string_view rest_;
};

}  // namespace

Result<NpyHeader> parse_npy_header(std::span<const std::byte> file) {
  const std::string_view text(reinterpret_cast<const char*>(file.data()), file.size());
  if (!text.starts_with(kMagic)) return invalid("it is not a .npy file (wrong magic number)");
  if (text.size() < 12) return invalid("it is truncated");
  const auto byte = [&](size_t i) { return static_cast<size_t>(file[i]); };
  const size_t version = byte(6);
  if (version < 1 || version > 3) return unsupported("its .npy version ", version, " is not known");
  const size_t start = version == 1 ? 10 : 12;
  size_t length = byte(8) | byte(9) << 8;
  if (version > 1) length |= byte(10) << 16 | byte(11) << 24;
  if (length > kMaxHeader || length > text.size() - start)
    return invalid("its header is truncated");
  OARLOCK_ASSIGN(NpyHeader header, Dictionary(text.substr(start, length)).parse());
  header.data_at = start + length;
  return header;
}

std::string npy_header(const std::string& description, const Shape& shape) {
  std::string text = concat("{'descr': '", description, "', 'fortran_order': False, 'shape': (");
  for (int64_t dim : shape) text += concat(dim, ", ");
  if (shape.rank() > 1) text.resize(text.size() - 2);
  if (shape.rank() == 1) text.resize(text.size() - 1);
  text += "), }";
  text.append(63 - (10 + text.size()) % 64, ' ');
  text += '\n';
  std::string file(kMagic);
  file += '\1';
  file += '\0';
  file += static_cast<char>(text.size() & 255);
  file += static_cast<char>(text.size() >> 8);
  return file + text;
}

}  // namespace oarlock::cli
