// StringConcat, StringSplit (ONNX 20), StringNormalizer (ONNX 10).
#include <locale.h>

#include <algorithm>
#include <clocale>
#include <cwctype>
#include <set>
#include <string>
#include <vector>

#include "core/ops/support/check.h"
#include "core/ops/support/product_shape.h"
#include "core/ops/support/utf8.h"

namespace oarlock::ops {

namespace {

Status infer_concat(InferContext& c) {
  OARLOCK_TRY(expect_tensors(c));
  OARLOCK_TRY(expect_dtype(c, 0, "X", {DType::string}));
  OARLOCK_TRY(expect_dtype(c, 1, "Y", {DType::string}));
  return broadcast_inputs(c);
}

Status string_concat(RunContext& c) {
  const auto shape = broadcast(c.input(0).shape(), c.input(1).shape());
  if (!shape) return invalid("the shapes of X and Y do not broadcast");
  OARLOCK_ASSIGN(Tensor* const z, c.output(0, DType::string, *shape));
  const std::vector<int64_t> left = batch_indices(c.input(0).shape(), *shape);
  const std::vector<int64_t> right = batch_indices(c.input(1).shape(), *shape);
  const auto x = c.input(0).as<std::string>(), y = c.input(1).as<std::string>();
  for (int64_t i = 0; i < z->elements(); ++i)
    z->mutable_as<std::string>()[i] = x[left[i]] + y[right[i]];
  return {};
}

Status infer_split(InferContext& c) {
  OARLOCK_TRY(expect_tensors(c));
  OARLOCK_TRY(expect_dtype(c, 0, "X", {DType::string}));
  Shape parts = c.shape(0);
  parts.push_back(Shape::kUnknown);
  c.set_output(0, DType::string, parts);
  c.set_output(1, DType::int64, c.shape(0));
  return {};
}

// At runs of white space, without empty parts.
std::vector<std::string> split_at_spaces(std::string_view text, int64_t most) {
  constexpr std::string_view kSpaces = " \t\n\v\f\r";
  std::vector<std::string> parts;
  while (true) {
    text.remove_prefix(std::min(text.find_first_not_of(kSpaces), text.size()));
    if (text.empty()) return parts;
    const size_t end = text.find_first_of(kSpaces);
    if (end == std::string_view::npos || static_cast<int64_t>(parts.size()) == most) {
      parts.emplace_back(text.substr(0, text.find_last_not_of(kSpaces) + 1));
      return parts;
    }
    parts.emplace_back(text.substr(0, end));
    text.remove_prefix(end);
  }
}

std::vector<std::string> split_at(std::string_view text, std::string_view delimiter, int64_t most) {
  std::vector<std::string> parts;
  while (true) {
    const size_t end = text.find(delimiter);
    if (end == std::string_view::npos || static_cast<int64_t>(parts.size()) == most) {
      parts.emplace_back(text);
      return parts;
    }
    parts.emplace_back(text.substr(0, end));
    text.remove_prefix(end + delimiter.size());
  }
}

Status string_split(RunContext& c) {
  const std::string& delimiter = c.attrs().string("delimiter");
  const int64_t most = c.attrs().integer("maxsplit", -1);
  const auto texts = c.input(0).as<std::string>();
  std::vector<std::vector<std::string>> all;
  size_t widest = 0;
  for (const std::string& text : texts) {
    all.push_back(delimiter.empty() ? split_at_spaces(text, most)
                                    : split_at(text, delimiter, most));
    widest = std::max(widest, all.back().size());
  }
  Shape shape = c.input(0).shape();
  OARLOCK_ASSIGN(Tensor* const counts, c.output(1, DType::int64, shape));
  for (size_t i = 0; i < all.size(); ++i)
    counts->mutable_as<int64_t>()[i] = static_cast<int64_t>(all[i].size());
  shape.push_back(static_cast<int64_t>(widest));
  OARLOCK_ASSIGN(Tensor* const parts, c.output(0, DType::string, shape));
  const auto out = parts->mutable_as<std::string>();
  for (size_t i = 0; i < out.size(); ++i) {
    std::vector<std::string>& row = all[i / widest];
    out[i] = i % widest < row.size() ? std::move(row[i % widest]) : std::string();
  }
  return {};
}

enum class Case : uint8_t { none, lower, upper };

Result<Case> case_from(const Attrs& attrs) {
  const std::string& name = attrs.string("case_change_action");
  if (name.empty() || name == "NONE") return Case::none;
  if (name == "LOWER") return Case::lower;
  if (name == "UPPER") return Case::upper;
  return invalid("attribute case_change_action must be NONE, LOWER or UPPER, but is ", name);
}

// Changes the case of UTF-8 texts by the rules of the C library's UTF-8 locale.
class CaseChanger {
 public:
  CaseChanger() : locale_(newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr)) {}
  ~CaseChanger() {
    if (locale_ != nullptr) freelocale(locale_);
  }
  CaseChanger(const CaseChanger&) = delete;
  CaseChanger& operator=(const CaseChanger&) = delete;

  std::string operator()(std::string_view text, Case to) const {
    if (to == Case::none) return std::string(text);
    std::string result;
    while (!text.empty()) {
      const auto code = static_cast<wint_t>(next_code_point(text));
      append_code_point(result, static_cast<uint32_t>(change(code, to)));
    }
    return result;
  }

 private:
  wint_t change(wint_t code, Case to) const {
    if (locale_ == nullptr) {
      const bool lower = to == Case::lower;
      const bool letter = lower ? code >= 'A' && code <= 'Z' : code >= 'a' && code <= 'z';
      return letter ? code ^ 32 : code;
    }
    return to == Case::lower ? towlower_l(code, locale_) : towupper_l(code, locale_);
  }

  locale_t locale_;
};

Status infer_normalizer(InferContext& c) {
  OARLOCK_TRY(expect_tensors(c));
  OARLOCK_TRY(expect_dtype(c, 0, "X", {DType::string}));
  OARLOCK_TRY(expect_rank_between(c, 0, "X", 1, 2));
  OARLOCK_TRY(case_from(c.attrs()).status());
  Shape y = c.shape(0);
  if (y.rank() == 2 && !agree(y[0], 1))
    return invalid("input X must have shape [C] or [1, C], but has ", y);
  if (y.rank() == 2) y[0] = 1;
  y.back() = Shape::kUnknown;
  c.set_output(0, DType::string, y);
  return {};
}

Status string_normalizer(RunContext& c) {
  OARLOCK_ASSIGN(const Case action, case_from(c.attrs()));
  const bool case_sensitive = c.attrs().integer("is_case_sensitive") != 0;
  const CaseChanger change;
  const Case compared = case_sensitive ? Case::none : Case::lower;
  std::set<std::string> stopwords;
  for (const std::string& word : c.attrs().strings("stopwords"))
    stopwords.insert(change(word, compared));
  std::vector<std::string> kept;
  for (const std::string& text : c.input(0).as<std::string>()) {
    if (stopwords.count(change(text, compared)) == 0) kept.push_back(change(text, action));
  }
  if (kept.empty()) kept.emplace_back();
  Shape shape = c.input(0).shape();
  shape.back() = static_cast<int64_t>(kept.size());
  OARLOCK_ASSIGN(Tensor* const y, c.output(0, DType::string, shape));
  std::move(kept.begin(), kept.end(), y->mutable_as<std::string>().begin());
  return {};
}

}  // namespace

std::span<const OpDef> strings_ops() {
  static const std::vector<OpDef> defs = {
      {.name = "StringConcat",
       .since_version = 20,
       .inputs = 2,
       .infer = infer_concat,
       .reference = string_concat},
      {.name = "StringSplit",
       .since_version = 20,
       .attrs = {{"delimiter", AttrKind::string}, {"maxsplit", AttrKind::integer}},
       .inputs = 1,
       .outputs = 2,
       .infer = infer_split,
       .reference = string_split},
      {.name = "StringNormalizer",
       .since_version = 10,
       .attrs = {{"case_change_action", "NONE"},
                 {"is_case_sensitive", 0},
                 {"locale", AttrKind::string},
                 {"stopwords", AttrKind::strings}},
       .inputs = 1,
       .infer = infer_normalizer,
       .reference = string_normalizer},
  };
  return defs;
}

}  // namespace oarlock::ops
