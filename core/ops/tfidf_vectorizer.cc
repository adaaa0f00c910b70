// TfIdfVectorizer (ONNX 9): counts n-grams of strings or integers.
#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "core/ops/support/arguments.h"
#include "core/ops/support/check.h"

namespace oarlock::ops {

namespace {

// The length of an output row: one more than the largest coordinate.
Result<int64_t> row_length(const Attrs& attrs) {
  const std::vector<int64_t>& indexes = attrs.integers("ngram_indexes");
  int64_t most = -1;
  for (int64_t index : indexes) {
    if (index < 0 || index >= int64_t{1} << 40)
      return invalid("attribute ngram_indexes has the entry ", index);
    most = std::max(most, index);
  }
  if (most < 0) return invalid("attribute ngram_indexes is empty");
  return most + 1;
}

Status infer(InferContext& c) {
  OARLOCK_TRY(expect_tensors(c));
  const Attrs& attrs = c.attrs();
  const bool strings = !attrs.strings("pool_strings").empty();
  if (strings == !attrs.integers("pool_int64s").empty())
    return invalid("one of the attributes pool_strings and pool_int64s is needed");
  if (strings) {
    OARLOCK_TRY(expect_dtype(c, 0, "X", {DType::string}));
  } else {
    OARLOCK_TRY(expect_dtype(c, 0, "X", {DType::int32, DType::int64}));
  }
  OARLOCK_TRY(expect_rank_between(c, 0, "X", 1, 2));
  const std::string& mode = attrs.string("mode");
  if (mode != "TF" && mode != "IDF" && mode != "TFIDF")
    return invalid("attribute mode must be TF, IDF or TFIDF, but is ", mode);
  const int64_t shortest = attrs.integer("min_gram_length");
  const int64_t longest = attrs.integer("max_gram_length");
  const int64_t skips = attrs.integer("max_skip_count");
  if (shortest < 1 || longest < shortest || skips < 0 || skips > (1 << 20))
    return invalid("n-grams of length ", shortest, " to ", longest, " with up to ", skips,
                   " skips are not possible");
  const int64_t pool = static_cast<int64_t>(strings ? attrs.strings("pool_strings").size()
                                                    : attrs.integers("pool_int64s").size());
  int64_t before = 0;
  for (int64_t start : attrs.integers("ngram_counts")) {
    if (start < before || start > pool)
      return invalid("attribute ngram_counts has the entry ", start, "; the pool has ", pool,
                     " items");
    before = start;
  }
  OARLOCK_ASSIGN(const int64_t length, row_length(attrs));
  const size_t weights = attrs.numbers("weights").size();
  if (weights != 0 && weights != attrs.integers("ngram_indexes").size())
    return invalid("attribute weights has ", weights, " entries; ngram_indexes has ",
                   attrs.integers("ngram_indexes").size());
  Shape y = c.shape(0);
  y.back() = length;
  c.set_output(0, DType::float32, y);
  return {};
}

// Each n-gram of the pool with its coordinates in the output, by length.
template <class T>
using Grams = std::map<std::vector<T>, std::vector<int64_t>>;

template <class T>
Result<Grams<T>> grams_of(const Attrs& attrs, const std::vector<T>& pool) {
  const std::vector<int64_t>& counts = attrs.integers("ngram_counts");
  const std::vector<int64_t>& indexes = attrs.integers("ngram_indexes");
  Grams<T> grams;
  size_t id = 0;
  for (size_t k = 0; k < counts.size(); ++k) {
    const int64_t n = static_cast<int64_t>(k) + 1;
    const int64_t end = k + 1 < counts.size() ? counts[k + 1] : static_cast<int64_t>(pool.size());
    for (int64_t at = counts[k]; at + n <= end; at += n, ++id) {
      if (id >= indexes.size())
        return invalid("attribute ngram_indexes has ", indexes.size(),
                       " entries, fewer than the pool has n-grams");
      if (n < attrs.integer("min_gram_length") || n > attrs.integer("max_gram_length")) continue;
      grams[std::vector<T>(pool.begin() + at, pool.begin() + at + n)].push_back(indexes[id]);
    }
  }
  return grams;
}

template <class T, class Item>
Status run(RunContext& c, const std::vector<T>& pool, Item&& item) {
  const Attrs& attrs = c.attrs();
  OARLOCK_ASSIGN(const Grams<T> grams, grams_of(attrs, pool));
  OARLOCK_ASSIGN(const int64_t length, row_length(attrs));
  Shape shape = c.input(0).shape();
  const int64_t columns = shape.back();
  shape.back() = length;
  OARLOCK_ASSIGN(Tensor* const output, c.output(0, DType::float32, shape));
  const auto y = output->mutable_as<float>();
  std::fill(y.begin(), y.end(), 0.0f);
  const int64_t rows = output->elements() / length;
  const int64_t shortest = attrs.integer("min_gram_length");
  const int64_t longest =
      std::min<int64_t>(attrs.integer("max_gram_length"),
                        static_cast<int64_t>(attrs.integers("ngram_counts").size()));
  std::vector<T> gram;
  for (int64_t row = 0; row < rows; ++row) {
    if (c.cancelled()) return Status(Code::cancelled, "the run was cancelled");
    for (int64_t skip = 1; skip <= attrs.integer("max_skip_count") + 1; ++skip) {
      // Skipping does not change single items: they count once.
      const int64_t least = skip == 1 ? shortest : std::max<int64_t>(shortest, 2);
      if (skip > columns && skip > 1) break;
      for (int64_t start = 0; start < columns; ++start) {
        gram.clear();
        for (int64_t n = 1; n <= longest && start + (n - 1) * skip < columns; ++n) {
          gram.push_back(item(row * columns + start + (n - 1) * skip));
          if (n < least) continue;
          const auto found = grams.find(gram);
          if (found == grams.end()) continue;
          for (int64_t index : found->second) y[row * length + index] += 1;
        }
      }
    }
  }
  const std::string& mode = attrs.string("mode");
  if (mode == "TF") return {};
  const std::vector<float>& weights = attrs.numbers("weights");
  for (int64_t i = 0; i < output->elements(); ++i) {
    const auto column = static_cast<size_t>(i % length);
    if (mode == "IDF") y[i] = std::min(y[i], 1.0f);
    if (column < weights.size()) y[i] *= weights[column];
  }
  return {};
}

Status tfidf_vectorizer(RunContext& c) {
  const Tensor& x = c.input(0);
  if (x.dtype() == DType::string) {
    const auto texts = x.as<std::string>();
    return run(c, c.attrs().strings("pool_strings"), [&](int64_t i) { return texts[i]; });
  }
  return run(c, c.attrs().integers("pool_int64s"), [&](int64_t i) { return integer_at(x, i); });
}

}  // namespace

std::span<const OpDef> tfidf_vectorizer_ops() {
  static const std::vector<OpDef> defs = {
      {.name = "TfIdfVectorizer",
       .since_version = 9,
       .attrs = {AttrDef::must("max_gram_length", AttrKind::integer),
                 AttrDef::must("max_skip_count", AttrKind::integer),
                 AttrDef::must("min_gram_length", AttrKind::integer),
                 AttrDef::must("mode", AttrKind::string),
                 AttrDef::must("ngram_counts", AttrKind::integers),
                 AttrDef::must("ngram_indexes", AttrKind::integers),
                 {"pool_int64s", AttrKind::integers},
                 {"pool_strings", AttrKind::strings},
                 {"weights", AttrKind::numbers}},
       .inputs = 1,
       .infer = infer,
       .reference = tfidf_vectorizer},
  };
  return defs;
}

}  // namespace oarlock::ops
