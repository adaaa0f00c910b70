#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "oarlock/plugin/graph.h"
#include "oarlock/plugin/rewrite.h"

// What rules ask of a graph. All functions accept kNone and answer "no".
namespace oarlock::passes {

// What a rule returns: std::nullopt when it does not fit.
using Outcome = Result<std::optional<Patch>>;

inline bool is(const Node& node, std::string_view op, std::string_view domain = "") {
  return node.op == op && node.domain == domain;
}
bool is_any(const Node& node, std::initializer_list<std::string_view> ops);  // ONNX domain

// The node that computes `value` as its first output, if it is of this operator.
const Node* made_by(const Graph& graph, ValueId value, std::string_view op,
                    std::string_view domain = "");
// The only reader of `value`, when there is exactly one and it is no graph output.
std::optional<NodeId> sole_user(const Graph& graph, ValueId value);

std::optional<size_t> rank(const Graph& graph, ValueId value);
const Shape* known_shape(const Graph& graph, ValueId value);  // rank known, maybe not all extents
const Shape* concrete_shape(const Graph& graph, ValueId value);  // all extents known
DType dtype(const Graph& graph, ValueId value);
// float16, bfloat16, float32, float64.
bool is_real(DType dtype);
inline bool is_real(const Graph& graph, ValueId value) { return is_real(dtype(graph, value)); }

// The number that all elements of a constant have.
std::optional<double> uniform(const Graph& graph, ValueId value);
// Equal up to the rounding of a constant stored as `dtype`.
bool about(double value, double expected, DType dtype = DType::float32);
// A constant whose elements are all about `expected`.
bool is_about(const Graph& graph, ValueId value, double expected);
// Elements of an integer constant.
std::optional<std::vector<int64_t>> integers(const Graph& graph, ValueId value);

// Broadcasting `other` against `value` gives the shape of `value`.
bool broadcasts_into(const Graph& graph, ValueId other, ValueId value);
// Both shapes are concrete and equal.
bool same_shape(const Graph& graph, ValueId a, ValueId b);

// A commutative node (or the first operand) with one constant operand.
struct WithConstant {
  ValueId value;
  ValueId constant;
};
std::optional<WithConstant> split_constant(const Graph& graph, const Node& node);

// The axes of a reduction, sorted; empty when they are not known.
std::optional<std::vector<size_t>> reduced_axes(const Graph& graph, const Node& node);
// The perm of a Transpose, normalized; empty when the rank is not known.
std::optional<std::vector<size_t>> permutation(const Graph& graph, const Node& node);

// Everybody who reads outputs of `nodes`, apart from those of `root`, is in `nodes` or root, and no
// such output is a graph output.
bool closed(const Graph& graph, std::span<const NodeId> nodes, NodeId root);

}  // namespace oarlock::passes
