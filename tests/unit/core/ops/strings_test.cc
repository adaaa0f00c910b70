// String operators and the regular expressions behind RegexFullMatch.
#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "core/ops/support/regex.h"
#include "op_test.h"

namespace oarlock::test {
namespace {

using Texts = std::vector<std::string>;

Tensor texts(const Texts& elements) {
  return Tensor::strings({static_cast<int64_t>(elements.size())}, elements);
}

TEST(StringConcat, Broadcasts) {
  expect_tensor(
      run("StringConcat", {}, {Tensor::strings({2, 1}, {"a", "b"}), texts({"x", "", "é"})}),
      Tensor::strings({2, 3}, {"ax", "a", "aé", "bx", "b", "bé"}));
}

TEST(StringSplit, DelimiterKeepsEmptyParts) {
  const Values y =
      run_all("StringSplit", {{"delimiter", std::string(",")}}, {texts({"a,,b", "", "c"})}, 2);
  expect_tensor(y[0], Tensor::strings({3, 3}, {"a", "", "b", "", "", "", "c", "", ""}));
  expect_tensor(y[1], integers({3, 1, 1}));
}

TEST(StringSplit, WhiteSpaceAndLimit) {
  const Values y =
      run_all("StringSplit", {{"maxsplit", int64_t{1}}}, {texts({"  a  b c ", "\t", "d"})}, 2);
  expect_tensor(y[0], Tensor::strings({3, 2}, {"a", "b c", "", "", "d", ""}));
  expect_tensor(y[1], integers({2, 0, 1}));
}

TEST(StringNormalizer, StopWordsAndCase) {
  const Tensor x = texts({"Monday", "TUESDAY", "Ärger", "friday"});
  const Attrs lower = {{"case_change_action", std::string("LOWER")},
                       {"stopwords", Texts{"tuesday"}}};
  expect_tensor(run("StringNormalizer", lower, {x}), texts({"monday", "ärger", "friday"}));
  Attrs upper = lower;
  upper.set("case_change_action", std::string("UPPER"));
  upper.set("is_case_sensitive", int64_t{1});
  expect_tensor(run("StringNormalizer", upper, {x}),
                texts({"MONDAY", "TUESDAY", "ÄRGER", "FRIDAY"}));
  expect_tensor(
      run("StringNormalizer", {{"stopwords", Texts{"a"}}}, {Tensor::strings({1, 2}, {"A", "a"})}),
      Tensor::strings({1, 1}, {""}));
}

TEST(TfIdfVectorizer, CountsGrams) {
  Attrs attrs = {{"mode", std::string("TF")},
                 {"min_gram_length", int64_t{1}},
                 {"max_gram_length", int64_t{2}},
                 {"max_skip_count", int64_t{1}},
                 {"ngram_counts", std::vector<int64_t>{0, 2}},
                 {"ngram_indexes", std::vector<int64_t>{0, 1, 2, 3}},
                 {"pool_int64s", std::vector<int64_t>{5, 7, 5, 6, 7, 7}}};
  const Tensor x = integers({5, 6, 5, 7, 8, 7});
  // 5 and 7 occur twice; (5, 6) once, (7, 7) once over a skip.
  expect_tensor(run("TfIdfVectorizer", attrs, {x}), list<float>({2, 2, 1, 1}));
  attrs.set("mode", std::string("TFIDF"));
  attrs.set("weights", std::vector<float>{1, 10, 100, 1000});
  expect_tensor(run("TfIdfVectorizer", attrs, {x}), list<float>({2, 20, 100, 1000}));
  attrs.set("mode", std::string("IDF"));
  expect_tensor(run("TfIdfVectorizer", attrs, {x}), list<float>({1, 10, 100, 1000}));
  attrs.set("ngram_counts", std::vector<int64_t>{0, 9});
  EXPECT_THAT(error_of("TfIdfVectorizer", attrs, {x}),
              testing::HasSubstr("ngram_counts has the entry 9"));
}

TEST(RegexFullMatch, Elements) {
  expect_tensor(run("RegexFullMatch", {{"pattern", std::string(R"(\w+@\w+\.(com|org))")}},
                    {texts({"a@b.com", "a@b.net", "x a@b.org", ""})}),
                list<bool>({true, false, false, false}));
  EXPECT_THAT(error_of("RegexFullMatch", {{"pattern", std::string("(a")}}, {texts({"a"})}),
              testing::HasSubstr("the regular expression '(a': a parenthesis does not close"));
}

struct RegexCase {
  const char* pattern;
  Texts matching, others;
};

class RegexTest : public testing::TestWithParam<RegexCase> {};

TEST_P(RegexTest, FullMatch) {
  const auto regex = ops::Regex::compile(GetParam().pattern);
  ASSERT_TRUE(regex.ok()) << to_string(regex.status());
  for (const std::string& text : GetParam().matching) EXPECT_TRUE(regex->full_match(text)) << text;
  for (const std::string& text : GetParam().others) EXPECT_FALSE(regex->full_match(text)) << text;
}

INSTANTIATE_TEST_SUITE_P(
    All, RegexTest,
    testing::Values(RegexCase{"", {""}, {"a"}}, RegexCase{"a|bc|", {"a", "bc", ""}, {"b", "abc"}},
                    RegexCase{"(ab)*c+", {"c", "ababcc"}, {"ab", "abac"}},
                    RegexCase{"a{2,3}b{2}c{1,}", {"aabbc", "aaabbcc"}, {"abbc", "aaaabbc", "aabc"}},
                    RegexCase{"a{,2}", {"a{,2}"}, {"aa"}},
                    RegexCase{"[^a-c\\d]+?", {"xyz", "é"}, {"xa", "1", ""}},
                    RegexCase{"[]a-]+", {"]-a"}, {"b"}},
                    RegexCase{"[[:upper:]_][[:^digit:]]", {"A_", "_x"}, {"a_", "A1"}},
                    RegexCase{"\\d\\D\\s\\S\\w\\W", {"1a bc!"}, {"aa bc!"}},
                    RegexCase{"(?i)straSSe(?-i)X", {"STRASSEX"}, {"strassex"}},
                    RegexCase{"a.b", {"axb", "a\u20ACb"}, {"a\nb", "ab"}},
                    RegexCase{"(?s)a.b", {"a\nb"}, {"ab"}},
                    RegexCase{"^(?:x\\b.\\by)$", {"x y"}, {"xay"}},
                    RegexCase{"(?P<year>\\d{4})-(?P<month>\\x30[1-9])", {"2024-01"}, {"2024-00"}},
                    RegexCase{"\\Aa\\.\\*\\x{20AC}\\z", {"a.*\u20AC"}, {"ab*\u20AC"}},
                    RegexCase{"(a*)*b", {"aaab", "b"}, {"aaaa"}}));

TEST(Regex, TakesLinearTime) {
  const auto regex = ops::Regex::compile("(x+x+)+y");
  ASSERT_TRUE(regex.ok());
  EXPECT_FALSE(regex->full_match(std::string(100000, 'x')));
  EXPECT_TRUE(regex->full_match(std::string(100000, 'x') + "y"));
}

TEST(Regex, Refusals) {
  for (const char* pattern : {"a)", "[a", "*", "a{3,2}", "\\", "[z-a]", "\\p{L}", "(?x)a", "\\1",
                              "(((((a{1000}){1000}){1000}){1000}){1000})", "[[:what:]]"})
    EXPECT_FALSE(ops::Regex::compile(pattern).ok()) << pattern;
  EXPECT_FALSE(ops::Regex::compile(std::string(100000, '(')).ok());
}

}  // namespace
}  // namespace oarlock::test
