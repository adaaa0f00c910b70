#include "core/ops/support/regex.h"

#include <algorithm>
#include <optional>
#include <string>

#include "core/ops/support/utf8.h"

namespace oarlock::ops {

namespace {

using Ranges = Regex::Ranges;
using Kind = Regex::Instruction::Kind;

constexpr uint32_t kLast = 0x10FFFF;
constexpr size_t kMaxProgram = 100000;
constexpr int kMaxRepeat = 1000;
constexpr int kMaxDepth = 200;

struct Expression {
  enum class Form : uint8_t { empty, set, sequence, choice, repeat, assertion };
  Form form = Form::empty;
  int32_t set = 0;               // set
  int least = 0, most = 0;       // repeat; most -1: any number
  Kind assertion = Kind::begin;  // assertion
  std::vector<Expression> parts;
};

Ranges inverted(Ranges ranges) {
  std::sort(ranges.begin(), ranges.end());
  Ranges result;
  uint32_t from = 0;
  for (const auto& [low, high] : ranges) {
    if (low > from) result.emplace_back(from, low - 1);
    from = std::max(from, high + 1);
  }
  if (from <= kLast) result.emplace_back(from, kLast);
  return result;
}

Ranges class_named(char name) {
  switch (name) {
    case 'd':
      return {{'0', '9'}};
    case 'w':
      return {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}};
    default:
      return {{'\t', '\n'}, {'\f', '\r'}, {' ', ' '}};
  }
}

std::optional<Ranges> posix_class(std::string_view name) {
  if (name == "alpha") return Ranges{{'A', 'Z'}, {'a', 'z'}};
  if (name == "digit") return Ranges{{'0', '9'}};
  if (name == "alnum") return Ranges{{'0', '9'}, {'A', 'Z'}, {'a', 'z'}};
  if (name == "upper") return Ranges{{'A', 'Z'}};
  if (name == "lower") return Ranges{{'a', 'z'}};
  if (name == "space") return Ranges{{'\t', '\r'}, {' ', ' '}};
  if (name == "blank") return Ranges{{'\t', '\t'}, {' ', ' '}};
  if (name == "punct") return Ranges{{'!', '/'}, {':', '@'}, {'[', '`'}, {'{', '~'}};
  if (name == "xdigit") return Ranges{{'0', '9'}, {'A', 'F'}, {'a', 'f'}};
  if (name == "word") return class_named('w');
  return std::nullopt;
}

class Parser {
 public:
  Parser(std::string_view pattern, std::vector<Ranges>& sets) : rest_(pattern), sets_(sets) {}

  Result<Expression> parse() {
    OARLOCK_ASSIGN(Expression all, choice(0));
    if (!rest_.empty()) return invalid("a parenthesis is not open");
    return all;
  }

 private:
  bool take(std::string_view text) {
    if (!rest_.starts_with(text)) return false;
    rest_.remove_prefix(text.size());
    return true;
  }

  Expression set(Ranges ranges) {
    if (fold_case_) {
      const Ranges given = ranges;
      for (const auto& [low, high] : given) {
        for (uint32_t c = std::max<uint32_t>(low, 'A'); c <= std::min<uint32_t>(high, 'Z'); ++c)
          ranges.emplace_back(c + 32, c + 32);
        for (uint32_t c = std::max<uint32_t>(low, 'a'); c <= std::min<uint32_t>(high, 'z'); ++c)
          ranges.emplace_back(c - 32, c - 32);
      }
    }
    std::sort(ranges.begin(), ranges.end());
    sets_.push_back(std::move(ranges));
    Expression e;
    e.form = Expression::Form::set;
    e.set = static_cast<int32_t>(sets_.size() - 1);
    return e;
  }

  static Expression assertion(Kind kind) {
    Expression e;
    e.form = Expression::Form::assertion;
    e.assertion = kind;
    return e;
  }

  Result<Expression> choice(int depth) {
    if (depth > kMaxDepth) return invalid("parentheses are nested too deeply");
    Expression all;
    all.form = Expression::Form::choice;
    do {
      OARLOCK_ASSIGN(Expression one, sequence(depth));
      all.parts.push_back(std::move(one));
    } while (take("|"));
    return all;
  }

  Result<Expression> sequence(int depth) {
    Expression all;
    all.form = Expression::Form::sequence;
    while (!rest_.empty() && rest_[0] != '|' && rest_[0] != ')') {
      OARLOCK_ASSIGN(Expression one, atom(depth));
      OARLOCK_ASSIGN(one, repeated(std::move(one)));
      all.parts.push_back(std::move(one));
    }
    return all;
  }

  // {n}, {n,}, {n,m}; empty when what follows is no such thing.
  std::optional<std::pair<int, int>> counts() {
    const size_t end = rest_.find('}');
    if (!rest_.starts_with('{') || end == std::string_view::npos) return std::nullopt;
    const std::string_view inside = rest_.substr(1, end - 1);
    const size_t comma = inside.find(',');
    const auto number = [](std::string_view text) -> std::optional<int> {
      if (text.empty() || text.size() > 4) return std::nullopt;
      int value = 0;
      for (char c : text) {
        if (c < '0' || c > '9') return std::nullopt;
        value = value * 10 + (c - '0');
      }
      return value;
    };
    const auto least = number(inside.substr(0, comma));
    if (!least) return std::nullopt;
    std::optional<int> most = least;
    if (comma != std::string_view::npos)
      most = comma + 1 == inside.size() ? -1 : number(inside.substr(comma + 1));
    if (!most) return std::nullopt;
    rest_.remove_prefix(end + 1);
    return std::pair(*least, *most);
  }

  Result<Expression> repeated(Expression one) {
    while (true) {
      std::pair<int, int> count;
      if (take("*")) {
        count = {0, -1};
      } else if (take("+")) {
        count = {1, -1};
      } else if (take("?")) {
        count = {0, 1};
      } else if (const auto given = counts()) {
        count = *given;
      } else {
        return one;
      }
      if (count.first > kMaxRepeat || count.second > kMaxRepeat ||
          (count.second >= 0 && count.second < count.first))
        return invalid("a repetition {", count.first, ",", count.second, "} is not possible");
      take("?");  // reluctance does not change what matches as a whole
      Expression many;
      many.form = Expression::Form::repeat;
      many.least = count.first;
      many.most = count.second;
      many.parts.push_back(std::move(one));
      one = std::move(many);
    }
  }

  Result<Expression> group(int depth) {
    const bool outer_fold = fold_case_, outer_dot = dot_takes_newline_;
    if (take("?")) {
      if (take("P<") || take("<")) {
        const size_t end = rest_.find('>');
        if (end == std::string_view::npos) return invalid("the name of a group does not end");
        rest_.remove_prefix(end + 1);
      } else {
        bool on = true;
        while (!rest_.empty() && rest_[0] != ':' && rest_[0] != ')') {
          const char flag = rest_[0];
          rest_.remove_prefix(1);
          if (flag == '-') {
            on = false;
          } else if (flag == 'i') {
            fold_case_ = on;
          } else if (flag == 's') {
            dot_takes_newline_ = on;
          } else if (flag != 'U') {
            return unsupported("the flag '", flag, "' of a group is not implemented");
          }
        }
        if (take(")")) return Expression();
        if (!take(":")) return invalid("a parenthesis does not close");
      }
    }
    OARLOCK_ASSIGN(Expression inside, choice(depth + 1));
    if (!take(")")) return invalid("a parenthesis does not close");
    fold_case_ = outer_fold;
    dot_takes_newline_ = outer_dot;
    return inside;
  }

  Result<Expression> atom(int depth) {
    if (take("(")) return group(depth);
    if (take("[")) return bracket();
    if (take("^")) return assertion(Kind::begin);
    if (take("$")) return assertion(Kind::end);
    if (take(".")) return set(dot_takes_newline_ ? Ranges{{0, kLast}} : inverted({{'\n', '\n'}}));
    if (take("\\A")) return assertion(Kind::begin);
    if (take("\\z")) return assertion(Kind::end);
    if (take("\\b")) return assertion(Kind::word_edge);
    if (take("\\B")) return assertion(Kind::no_word_edge);
    if (rest_[0] == '*' || rest_[0] == '+' || rest_[0] == '?')
      return invalid("'", rest_[0], "' has nothing to repeat");
    OARLOCK_ASSIGN(Ranges ranges, escape_or_code_point());
    return set(std::move(ranges));
  }

  Result<uint32_t> hexadecimal() {
    const bool braces = take("{");
    uint32_t code = 0;
    size_t digits = 0;
    while (!rest_.empty() && digits < (braces ? 6u : 2u)) {
      const char c = rest_[0];
      const int value = c >= '0' && c <= '9'   ? c - '0'
                        : c >= 'a' && c <= 'f' ? c - 'a' + 10
                        : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                               : -1;
      if (value < 0) break;
      code = code * 16 + static_cast<uint32_t>(value);
      rest_.remove_prefix(1);
      ++digits;
    }
    if (digits == 0 || code > kLast || (braces && !take("}")))
      return invalid("a hexadecimal code is malformed");
    return code;
  }

  // One code point, or the class that an escape names.
  Result<Ranges> escape_or_code_point() {
    if (!take("\\")) {
      const uint32_t code = next_code_point(rest_);
      return Ranges{{code, code}};
    }
    if (rest_.empty()) return invalid("it ends with a backslash");
    const char c = rest_[0];
    rest_.remove_prefix(1);
    uint32_t code = static_cast<uint8_t>(c);
    switch (c) {
      case 'd':
      case 'w':
      case 's':
        return class_named(c);
      case 'D':
      case 'W':
      case 'S':
        return inverted(class_named(static_cast<char>(c + 32)));
      case 't':
        code = '\t';
        break;
      case 'n':
        code = '\n';
        break;
      case 'r':
        code = '\r';
        break;
      case 'f':
        code = '\f';
        break;
      case 'v':
        code = '\v';
        break;
      case 'a':
        code = '\a';
        break;
      case 'x': {
        OARLOCK_ASSIGN(code, hexadecimal());
        break;
      }
      default:
        if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
          return unsupported("the escape \\", c, " is not implemented");
    }
    return Ranges{{code, code}};
  }

  Result<Expression> bracket() {
    const bool negated = take("^");
    Ranges all;
    bool first = true;
    while (first || !rest_.starts_with(']')) {
      if (rest_.empty()) return invalid("a bracket does not close");
      first = false;
      if (take("[:")) {
        const bool outside = take("^");
        const size_t end = rest_.find(":]");
        const auto named = posix_class(rest_.substr(0, end));
        if (end == std::string_view::npos || !named) return invalid("a class name is unknown");
        const Ranges ranges = outside ? inverted(*named) : *named;
        all.insert(all.end(), ranges.begin(), ranges.end());
        rest_.remove_prefix(end + 2);
        continue;
      }
      OARLOCK_ASSIGN(Ranges ranges, escape_or_code_point());
      const bool single = ranges.size() == 1 && ranges[0].first == ranges[0].second;
      if (single && rest_.size() > 1 && rest_[0] == '-' && rest_[1] != ']') {
        take("-");
        OARLOCK_ASSIGN(const Ranges upper, escape_or_code_point());
        if (upper.size() != 1 || upper[0].second < ranges[0].first)
          return invalid("a range of characters is malformed");
        ranges[0].second = upper[0].second;
      }
      all.insert(all.end(), ranges.begin(), ranges.end());
    }
    take("]");
    const bool fold = fold_case_;
    Expression e = set(std::move(all));
    if (negated) sets_[e.set] = inverted(sets_[e.set]);
    fold_case_ = fold;
    return e;
  }

  std::string_view rest_;
  std::vector<Ranges>& sets_;
  bool fold_case_ = false, dot_takes_newline_ = false;
};

class Emitter {
 public:
  explicit Emitter(std::vector<Regex::Instruction>& program) : program_(program) {}

  Status emit(const Expression& e) {
    if (program_.size() > kMaxProgram) return unsupported("it is too large");
    switch (e.form) {
      case Expression::Form::empty:
        return {};
      case Expression::Form::set:
        add(Kind::set, size() + 1, e.set);
        return {};
      case Expression::Form::assertion:
        add(e.assertion, size() + 1, 0);
        return {};
      case Expression::Form::sequence:
        for (const Expression& part : e.parts) OARLOCK_TRY(emit(part));
        return {};
      case Expression::Form::choice:
        return emit_choice(e);
      case Expression::Form::repeat:
        return emit_repeat(e);
    }
    return {};
  }

  int32_t add(Kind kind, int32_t next, int32_t other) {
    program_.push_back({kind, next, other});
    return size() - 1;
  }

 private:
  int32_t size() const { return static_cast<int32_t>(program_.size()); }

  Status emit_choice(const Expression& e) {
    std::vector<int32_t> ends;
    for (size_t i = 0; i < e.parts.size(); ++i) {
      const bool last = i + 1 == e.parts.size();
      const int32_t split = last ? 0 : add(Kind::split, size() + 1, 0);
      OARLOCK_TRY(emit(e.parts[i]));
      if (last) break;
      ends.push_back(add(Kind::jump, 0, 0));
      program_[split].other = size();
    }
    for (int32_t end : ends) program_[end].next = size();
    return {};
  }

  Status emit_repeat(const Expression& e) {
    for (int i = 0; i < e.least; ++i) OARLOCK_TRY(emit(e.parts[0]));
    if (e.most < 0) {
      const int32_t split = add(Kind::split, size() + 1, 0);
      OARLOCK_TRY(emit(e.parts[0]));
      add(Kind::jump, split, 0);
      program_[split].other = size();
      return {};
    }
    std::vector<int32_t> splits;
    for (int i = e.least; i < e.most; ++i) {
      splits.push_back(add(Kind::split, size() + 1, 0));
      OARLOCK_TRY(emit(e.parts[0]));
    }
    for (int32_t split : splits) program_[split].other = size();
    return {};
  }

  std::vector<Regex::Instruction>& program_;
};

bool contains(const Ranges& ranges, uint32_t code) {
  return std::any_of(ranges.begin(), ranges.end(), [code](const auto& range) {
    return range.first <= code && code <= range.second;
  });
}

bool is_word(std::optional<uint32_t> code) { return code && contains(class_named('w'), *code); }

}  // namespace

Result<Regex> Regex::compile(std::string_view pattern) {
  Regex regex;
  const auto explain = [&](const Status& status) {
    return status.within(concat("the regular expression '", pattern, "'"));
  };
  Result<Expression> parsed = Parser(pattern, regex.sets_).parse();
  if (!parsed.ok()) return explain(parsed.status());
  Emitter emitter(regex.program_);
  if (Status status = emitter.emit(*parsed); !status.ok()) return explain(status);
  emitter.add(Kind::match, 0, 0);
  return regex;
}

bool Regex::full_match(std::string_view text) const {
  std::vector<int32_t> current, next, pending;
  std::vector<size_t> seen(program_.size(), 0);
  size_t step = 0;
  std::optional<uint32_t> before;
  bool matched = false;
  // Follows everything that consumes nothing; `after` is the code point to come.
  const auto follow = [&](int32_t start, std::optional<uint32_t> after) {
    pending.assign(1, start);
    while (!pending.empty()) {
      const int32_t at = pending.back();
      pending.pop_back();
      if (seen[at] == step) continue;
      seen[at] = step;
      const Instruction& instruction = program_[at];
      const bool edge = is_word(before) != is_word(after);
      bool pass = true;
      switch (instruction.kind) {
        case Kind::set:
          current.push_back(at);
          continue;
        case Kind::match:
          matched = true;
          continue;
        case Kind::split:
          pending.push_back(instruction.other);
          break;
        case Kind::jump:
          break;
        case Kind::begin:
          pass = !before;
          break;
        case Kind::end:
          pass = !after;
          break;
        case Kind::word_edge:
          pass = edge;
          break;
        case Kind::no_word_edge:
          pass = !edge;
          break;
      }
      if (pass) pending.push_back(instruction.next);
    }
  };
  std::optional<uint32_t> after;
  const auto read = [&] {
    after = text.empty() ? std::nullopt : std::optional<uint32_t>(next_code_point(text));
  };
  read();
  ++step;
  follow(0, after);
  while (after) {
    const uint32_t code = *after;
    before = code;
    read();
    ++step;
    next.swap(current);
    current.clear();
    matched = false;
    for (int32_t at : next) {
      if (contains(sets_[program_[at].other], code)) follow(program_[at].next, after);
    }
    if (current.empty() && !matched) return false;
  }
  return matched;
}

}  // namespace oarlock::ops
