// An Einsum of two operands is a matrix product between transposes and reshapes, for which devices
// have kernels.
#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "core/passes/support/build.h"
#include "core/passes/support/match.h"

namespace oarlock::passes {
namespace {

struct Terms {
  std::string a, b, y;
};

// The labels of "ab,bc->ac"; nothing for equations with dots, without an arrow, with a label twice
// in a term or with one that only one operand has and the output lacks.
std::optional<Terms> read(std::string text) {
  std::erase(text, ' ');
  const size_t comma = text.find(','), arrow = text.find("->");
  if (arrow == std::string::npos || comma > arrow || text.find('.') != std::string::npos)
    return std::nullopt;
  const Terms t{text.substr(0, comma), text.substr(comma + 1, arrow - comma - 1),
                text.substr(arrow + 2)};
  for (const std::string* term : {&t.a, &t.b, &t.y}) {
    std::string sorted = *term;
    std::ranges::sort(sorted);
    if (std::ranges::adjacent_find(sorted) != sorted.end()) return std::nullopt;
  }
  for (const char label : t.a + t.b)
    if (t.y.find(label) == std::string::npos &&
        (t.a.find(label) == std::string::npos || t.b.find(label) == std::string::npos))
      return std::nullopt;
  return t;
}

// Axes of `from` in the order of `to`, which has the same labels.
std::vector<size_t> order(const std::string& from, const std::string& to) {
  std::vector<size_t> perm;
  for (const char label : to) perm.push_back(from.find(label));
  return perm;
}

Outcome lower(const Graph& graph, NodeId root) {
  const Node& node = graph.node(root);
  if (node.inputs.size() != 2 || !is_real(graph, node.input(0))) return std::nullopt;
  const auto terms = read(node.attrs.string("equation"));
  const Shape* shapes[] = {concrete_shape(graph, node.input(0)),
                           concrete_shape(graph, node.input(1))};
  if (!terms || !shapes[0] || !shapes[1]) return std::nullopt;
  std::map<char, int64_t> extents;
  for (const size_t i : {0u, 1u}) {
    const std::string& term = i == 0 ? terms->a : terms->b;
    if (term.size() != shapes[i]->rank()) return std::nullopt;
    for (size_t d = 0; d < term.size(); ++d) {
      const int64_t extent = (*shapes[i])[d];
      if (extent == 0 || extents.emplace(term[d], extent).first->second != extent)
        return std::nullopt;
    }
  }
  std::string batch, left, right, summed;
  for (const char label : terms->y) {
    const bool in_a = terms->a.find(label) != std::string::npos;
    const bool in_b = terms->b.find(label) != std::string::npos;
    (in_a && in_b ? batch : in_a ? left : right) += label;
  }
  for (const char label : terms->a)
    if (terms->y.find(label) == std::string::npos) summed += label;
  const auto product = [&](const std::string& labels) {
    int64_t total = 1;
    for (const char label : labels) total *= extents[label];
    return total;
  };
  Patch patch(graph);
  const auto matrix = [&](ValueId value, const std::string& term, const std::string& rows,
                          const std::string& columns) {
    value =
        add_transpose(patch, node.name + "_transpose", value, order(term, batch + rows + columns));
    const int64_t dims[] = {product(batch), product(rows), product(columns)};
    return add_reshape(patch, node.name + "_reshape", value, dims);
  };
  const ValueId a = matrix(node.input(0), terms->a, left, summed);
  const ValueId b = matrix(node.input(1), terms->b, summed, right);
  ValueId y = patch.add_node(node.name, "", "MatMul", {a, b})[0];
  const std::string made = batch + left + right;
  std::vector<int64_t> dims;
  for (const char label : made) dims.push_back(extents[label]);
  y = add_reshape(patch, node.name + "_reshape", y, dims);
  y = add_transpose(patch, node.name + "_transpose", y, order(made, terms->y));
  patch.replace(node.output(0), y);
  return patch;
}

}  // namespace

std::span<const Rule> lower_einsum_rules() {
  static const Rule rules[] = {{"lower_einsum", "Einsum", lower}};
  return rules;
}

}  // namespace oarlock::passes
