#include "core/ops/support/forest.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

namespace oarlock::ops {
namespace {

using Key = std::pair<int64_t, int64_t>;  // tree, node

constexpr std::string_view kModes[] = {"BRANCH_LEQ", "BRANCH_LT",  "BRANCH_GTE",    "BRANCH_GT",
                                       "BRANCH_EQ",  "BRANCH_NEQ", "BRANCH_MEMBER", "LEAF"};

Status check_length(std::string_view name, size_t given, size_t expected) {
  if (given == expected) return {};
  return invalid("attribute ", name, " has ", given, " elements, expected ", expected);
}

Status check_index(std::string_view name, int64_t index, size_t count) {
  if (index >= 0 && index < static_cast<int64_t>(count)) return {};
  return invalid("attribute ", name, " has the element ", index, ", expected 0 to ",
                 static_cast<int64_t>(count) - 1);
}

// An attribute with an element for each node.
Result<const std::vector<int64_t>*> node_integers(const Attrs& attrs, std::string_view name,
                                                  size_t count, bool optional = false) {
  const std::vector<int64_t>& list = attrs.integers(name);
  if (!(optional && list.empty())) OARLOCK_TRY(check_length(name, list.size(), count));
  return &list;
}

std::vector<double> tensor_numbers(const Tensor* tensor) {
  if (tensor == nullptr) return {};
  const Elements<double> elements(*tensor);
  return {elements.begin(), elements.end()};
}

Status check_element_type(const Attrs& attrs, std::string_view name) {
  const Tensor* tensor = attrs.tensor(name);
  const bool fits =
      tensor == nullptr ||
      (name == "nodes_modes" ? tensor->dtype() == DType::uint8 : Floats::contains(tensor->dtype()));
  if (fits) return {};
  return invalid("attribute ", name, " is ", *tensor, ", expected ",
                 name == "nodes_modes" ? "uint8" : Floats::names());
}

}  // namespace

std::vector<double> numbers_or_tensor(const Attrs& attrs, std::string_view name) {
  const Tensor* tensor = attrs.tensor(concat(name, "_as_tensor"));
  if (tensor != nullptr && Floats::contains(tensor->dtype())) return tensor_numbers(tensor);
  const std::vector<float>& numbers = attrs.numbers(name);
  return {numbers.begin(), numbers.end()};
}

Result<Forest> Forest::of_nodes(const Attrs& attrs, std::string_view leaf, int64_t targets) {
  Forest forest;
  const std::vector<std::string>& modes = attrs.strings("nodes_modes");
  const size_t count = modes.size();
  if (count == 0) return invalid("attribute nodes_modes is missing or empty");
  OARLOCK_ASSIGN(const auto* trees, node_integers(attrs, "nodes_treeids", count));
  OARLOCK_ASSIGN(const auto* ids, node_integers(attrs, "nodes_nodeids", count));
  OARLOCK_ASSIGN(const auto* features, node_integers(attrs, "nodes_featureids", count));
  OARLOCK_ASSIGN(const auto* on_true, node_integers(attrs, "nodes_truenodeids", count));
  OARLOCK_ASSIGN(const auto* on_false, node_integers(attrs, "nodes_falsenodeids", count));
  OARLOCK_ASSIGN(const auto* missing,
                 node_integers(attrs, "nodes_missing_value_tracks_true", count, true));
  const std::vector<double> thresholds = numbers_or_tensor(attrs, "nodes_values");
  OARLOCK_TRY(check_length("nodes_values", thresholds.size(), count));

  std::map<Key, size_t> places;
  std::set<int64_t> seen;  // trees; the first node of each is its root
  for (size_t i = 0; i < count; ++i) {
    if (seen.insert((*trees)[i]).second) forest.roots_.push_back(i);
    if (!places.emplace(Key((*trees)[i], (*ids)[i]), i).second)
      return invalid("node ", (*ids)[i], " of tree ", (*trees)[i], " is there twice");
  }
  for (size_t i = 0; i < count; ++i) {
    Node node;
    const auto mode = std::ranges::find(kModes, modes[i]);
    if (mode == std::end(kModes) || *mode == "BRANCH_MEMBER")
      return invalid("attribute nodes_modes has the element '", modes[i], "'");
    node.mode = static_cast<Mode>(mode - std::begin(kModes));
    node.missing_is_true = !missing->empty() && (*missing)[i] != 0;
    node.threshold = thresholds[i];
    if (node.mode != Mode::leaf) {
      node.feature = (*features)[i];
      if (node.feature < 0)
        return invalid("attribute nodes_featureids has the element ", node.feature);
      for (const bool way : {true, false}) {
        const int64_t to = way ? (*on_true)[i] : (*on_false)[i];
        const auto found = places.find(Key((*trees)[i], to));
        if (found == places.end())
          return invalid("node ", (*ids)[i], " of tree ", (*trees)[i], " leads to node ", to,
                         ", which is not there");
        (way ? node.on_true : node.on_false) = found->second;
      }
    }
    forest.nodes_.push_back(node);
  }

  const std::string prefix(leaf);
  const std::vector<int64_t>& targets_of = attrs.integers(prefix + "_ids");
  const size_t weights = targets_of.size();
  OARLOCK_ASSIGN(const auto* leaf_trees, node_integers(attrs, prefix + "_treeids", weights));
  OARLOCK_ASSIGN(const auto* leaf_ids, node_integers(attrs, prefix + "_nodeids", weights));
  const std::vector<double> values = numbers_or_tensor(attrs, prefix + "_weights");
  OARLOCK_TRY(check_length(prefix + "_weights", values.size(), weights));
  // Weights of one leaf stand together, in the order given.
  std::vector<std::vector<size_t>> of_leaf(count);
  for (size_t i = 0; i < weights; ++i) {
    OARLOCK_TRY(check_index(prefix + "_ids", targets_of[i], static_cast<size_t>(targets)));
    const auto found = places.find(Key((*leaf_trees)[i], (*leaf_ids)[i]));
    if (found == places.end())
      return invalid("attribute ", prefix, "_nodeids names node ", (*leaf_ids)[i], " of tree ",
                     (*leaf_trees)[i], ", which is not there");
    of_leaf[found->second].push_back(i);
  }
  for (size_t i = 0; i < count; ++i) {
    Node& node = forest.nodes_[i];
    if (node.mode != Mode::leaf) continue;
    node.first = forest.weights_.size();
    node.count = of_leaf[i].size();
    for (const size_t w : of_leaf[i])
      forest.weights_.push_back({static_cast<size_t>(targets_of[w]), values[w]});
  }
  return forest;
}

Result<Forest> Forest::of_ensemble(const Attrs& attrs, int64_t targets) {
  Forest forest;
  for (const std::string_view name :
       {"nodes_modes", "nodes_splits", "leaf_weights", "membership_values"})
    OARLOCK_TRY(check_element_type(attrs, name));
  const std::vector<double> modes = tensor_numbers(attrs.tensor("nodes_modes"));
  const std::vector<double> thresholds = tensor_numbers(attrs.tensor("nodes_splits"));
  const std::vector<double> values = tensor_numbers(attrs.tensor("leaf_weights"));
  const std::vector<double> members = tensor_numbers(attrs.tensor("membership_values"));
  const size_t count = modes.size(), leaves = values.size();
  OARLOCK_TRY(check_length("nodes_splits", thresholds.size(), count));
  OARLOCK_ASSIGN(const auto* features, node_integers(attrs, "nodes_featureids", count));
  OARLOCK_ASSIGN(const auto* on_true, node_integers(attrs, "nodes_truenodeids", count));
  OARLOCK_ASSIGN(const auto* on_false, node_integers(attrs, "nodes_falsenodeids", count));
  OARLOCK_ASSIGN(const auto* true_leaf, node_integers(attrs, "nodes_trueleafs", count));
  OARLOCK_ASSIGN(const auto* false_leaf, node_integers(attrs, "nodes_falseleafs", count));
  OARLOCK_ASSIGN(const auto* target_of, node_integers(attrs, "leaf_targetids", leaves));
  OARLOCK_ASSIGN(const auto* missing,
                 node_integers(attrs, "nodes_missing_value_tracks_true", count, true));
  size_t member = 0;
  for (size_t i = 0; i < count; ++i) {
    Node node;
    OARLOCK_TRY(check_index("nodes_modes", static_cast<int64_t>(modes[i]), 7));
    node.mode = static_cast<Mode>(static_cast<uint8_t>(modes[i]));
    node.missing_is_true = !missing->empty() && (*missing)[i] != 0;
    node.threshold = thresholds[i];
    node.feature = (*features)[i];
    if (node.feature < 0)
      return invalid("attribute nodes_featureids has the element ", node.feature);
    if (node.mode == Mode::member) {
      node.first = forest.members_.size();
      while (member < members.size() && !std::isnan(members[member]))
        forest.members_.push_back(members[member++]);
      if (member == members.size())
        return invalid("attribute membership_values has no list for node ", i);
      ++member;
      node.count = forest.members_.size() - node.first;
    }
    // Leaves stand behind the other nodes.
    for (const bool way : {true, false}) {
      const int64_t to = way ? (*on_true)[i] : (*on_false)[i];
      const bool is_leaf = (way ? (*true_leaf)[i] : (*false_leaf)[i]) != 0;
      OARLOCK_TRY(check_index(way ? "nodes_truenodeids" : "nodes_falsenodeids", to,
                              is_leaf ? leaves : count));
      (way ? node.on_true : node.on_false) = static_cast<size_t>(to) + (is_leaf ? count : 0);
    }
    forest.nodes_.push_back(node);
  }
  for (size_t i = 0; i < leaves; ++i) {
    OARLOCK_TRY(check_index("leaf_targetids", (*target_of)[i], static_cast<size_t>(targets)));
    forest.weights_.push_back({static_cast<size_t>((*target_of)[i]), values[i]});
    Node node;
    node.first = i;
    node.count = 1;
    forest.nodes_.push_back(node);
  }
  for (const int64_t root : attrs.integers("tree_roots")) {
    OARLOCK_TRY(check_index("tree_roots", root, count));
    forest.roots_.push_back(static_cast<size_t>(root));
  }
  return forest;
}

Status Forest::check_width(int64_t width) const {
  for (const Node& node : nodes_) {
    if (node.mode != Mode::leaf && node.feature >= width)
      return invalid("attribute nodes_featureids has the element ", node.feature,
                     ", but the rows of the input have ", width, " features");
  }
  return {};
}

bool Forest::goes_true(const Node& node, double x) const {
  if (std::isnan(x)) return node.missing_is_true;
  switch (node.mode) {
    case Mode::leq:
      return x <= node.threshold;
    case Mode::lt:
      return x < node.threshold;
    case Mode::gte:
      return x >= node.threshold;
    case Mode::gt:
      return x > node.threshold;
    case Mode::eq:
      return x == node.threshold;
    case Mode::neq:
      return x != node.threshold;
    case Mode::member: {
      const auto first = members_.begin() + static_cast<std::ptrdiff_t>(node.first);
      const auto last = first + static_cast<std::ptrdiff_t>(node.count);
      return std::find(first, last, x) != last;
    }
    case Mode::leaf:
      break;
  }
  return false;
}

Status Forest::score(const double* row, Aggregate aggregate, std::span<double> scores) const {
  std::ranges::fill(scores, 0.0);
  std::vector<bool> reached(scores.size(), false);
  for (const size_t root : roots_) {
    size_t at = root;
    for (size_t steps = 0; nodes_[at].mode != Mode::leaf; ++steps) {
      if (steps > nodes_.size()) return invalid("the nodes of a tree form a circle");
      const Node& node = nodes_[at];
      at = goes_true(node, row[node.feature]) ? node.on_true : node.on_false;
    }
    for (size_t i = nodes_[at].first; i < nodes_[at].first + nodes_[at].count; ++i) {
      const Weight& weight = weights_[i];
      double& score = scores[weight.target];
      const bool first = !reached[weight.target];
      reached[weight.target] = true;
      if (aggregate == Aggregate::min)
        score = first ? weight.value : std::min(score, weight.value);
      else if (aggregate == Aggregate::max)
        score = first ? weight.value : std::max(score, weight.value);
      else
        score += weight.value;
    }
  }
  if (aggregate == Aggregate::average && !roots_.empty())
    for (double& score : scores) score /= static_cast<double>(roots_.size());
  return {};
}

}  // namespace oarlock::ops
