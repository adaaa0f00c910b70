// Scaled dot-product attention (Vaswani et al., arXiv 1706.03762) from products and a softmax, and
// its heads from the transposes around it.
#include <span>
#include <vector>

#include "core/passes/support/build.h"
#include "core/passes/support/fused.h"
#include "core/passes/support/match.h"

namespace oarlock::passes {
namespace {

bool is_plain(const Fused& product) {
  return !product.is_conv() && product.is_linear() && !product.has_bias() &&
         product.attrs.integer("trans_a", 0) == 0;
}

// softmax(alpha * Q K^T + mask) and where its parts are.
struct Scores {
  Fused product;
  ValueId scores = kNone;  // what the softmax reads
  ValueId mask = kNone;
};

std::optional<Scores> scores_of(const Graph& graph, ValueId weights, NodeId user) {
  const Node* softmax = made_by(graph, weights, "Softmax");
  const auto weights_rank = rank(graph, weights);
  if (!softmax || !weights_rank || sole_user(graph, weights) != user) return std::nullopt;
  if (normalize_axis(softmax->attrs.integer("axis", -1), *weights_rank) != *weights_rank - 1)
    return std::nullopt;
  Scores found;
  found.scores = softmax->input(0);
  const NodeId softmax_id = graph.value(weights).producer;
  auto product = fused_before(graph, found.scores, softmax_id);
  if (!product) {
    const Node* sum = made_by(graph, found.scores, "Add");
    if (!sum || sole_user(graph, found.scores) != softmax_id) return std::nullopt;
    const NodeId sum_id = graph.value(found.scores).producer;
    for (size_t i = 0; i < 2 && !product; ++i) {
      if (sum->input(0) == sum->input(1)) return std::nullopt;
      product = fused_before(graph, sum->input(i), sum_id);
      found.mask = sum->input(1 - i);
    }
    if (!product) return std::nullopt;
  }
  if (product->is_conv() || product->activation || product->attrs.integer("trans_a", 0) != 0)
    return std::nullopt;
  for (const size_t i : {size_t{kBias}, size_t{kResidual}}) {
    if (product->inputs[i] == kNone) continue;
    if (found.mask != kNone) return std::nullopt;
    found.mask = product->inputs[i];
  }
  found.product = std::move(*product);
  return found;
}

// K with its rows as the operator wants them, given what the product multiplies by.
std::optional<ValueId> keys(const Graph& graph, Patch& patch, const Fused& product) {
  const ValueId operand = product.inputs[kWeight];
  if (product.attrs.integer("trans_b", 0) != 0) return operand;
  const Node* transpose = made_by(graph, operand, "Transpose");
  auto perm = transpose ? permutation(graph, *transpose) : std::nullopt;
  if (!perm || perm->size() < 3) return std::nullopt;
  std::swap((*perm)[perm->size() - 1], (*perm)[perm->size() - 2]);
  return add_transpose(patch, transpose->name, transpose->input(0), *perm);
}

std::vector<int64_t> four_axes(const Shape& shape) {
  std::vector<int64_t> dims(4 - shape.rank(), 1);
  dims.insert(dims.end(), shape.begin(), shape.end());
  return dims;
}

Outcome attention(const Graph& graph, NodeId root) {
  const Node& node = graph.node(root);
  const auto output = fused_from(node);
  if (!output || !is_plain(*output) || output->attrs.integer("trans_b", 0) != 0 ||
      output->attrs.number("alpha", 1.0f) != 1)
    return std::nullopt;
  const auto found = scores_of(graph, output->inputs[kData], root);
  if (!found) return std::nullopt;
  const ValueId q = found->product.inputs[kData], v = output->inputs[kWeight];
  const Shape* scores = concrete_shape(graph, found->scores);
  const Shape* q_shape = concrete_shape(graph, q);
  const Shape* v_shape = concrete_shape(graph, v);
  if (!scores || !q_shape || !v_shape || !is_real(graph, q)) return std::nullopt;
  const size_t n = scores->rank();
  if ((n != 3 && n != 4) || q_shape->rank() != n || v_shape->rank() != n ||
      rank(graph, found->product.inputs[kWeight]) != n)
    return std::nullopt;
  const Shape* k_shape = concrete_shape(graph, found->product.inputs[kWeight]);
  if (!k_shape) return std::nullopt;
  for (size_t i = 0; i + 2 < n; ++i)
    if ((*q_shape)[i] != (*v_shape)[i] || (*q_shape)[i] != (*k_shape)[i] ||
        (*q_shape)[i] != (*scores)[i])
      return std::nullopt;
  Patch patch(graph);
  auto k = keys(graph, patch, found->product);
  if (!k) return std::nullopt;
  std::vector<ValueId> inputs = {q, *k, v};
  if (n == 3) {
    const bool transposed = found->product.attrs.integer("trans_b", 0) != 0;
    const Shape rows{(*k_shape)[0], (*k_shape)[transposed ? 1 : 2], (*k_shape)[transposed ? 2 : 1]};
    inputs[0] = add_reshape(patch, concat(node.name, "_q"), q, four_axes(*q_shape));
    inputs[1] = add_reshape(patch, concat(node.name, "_k"), *k, four_axes(rows));
    inputs[2] = add_reshape(patch, concat(node.name, "_v"), v, four_axes(*v_shape));
  }
  if (found->mask != kNone) {
    const Shape* mask = concrete_shape(graph, found->mask);
    if (!mask || mask->empty() || mask->back() != scores->back() ||
        dtype(graph, found->mask) != dtype(graph, q) ||
        !broadcasts_into(graph, found->mask, found->scores))
      return std::nullopt;
    inputs.push_back(mask->rank() == 4 ? found->mask
                                       : add_reshape(patch, concat(node.name, "_mask"), found->mask,
                                                     four_axes(*mask)));
  }
  ValueId result = patch.add_node(node.name, "", "Attention", std::move(inputs),
                                  Attrs{{"scale", found->product.attrs.number("alpha", 1.0f)}})[0];
  if (n == 3) {
    const Shape& shape = *known_shape(graph, node.output(0));
    result = add_reshape(patch, concat(node.name, "_heads"), result,
                         std::vector<int64_t>(shape.begin(), shape.end()));
  }
  patch.replace(node.output(0), result);
  return patch;
}

// The [B, S, H, D] behind a [B, H, S, D] value.
std::optional<ValueId> heads_last(const Graph& graph, ValueId value) {
  if (const Node* transpose = made_by(graph, value, "Transpose")) {
    const auto perm = permutation(graph, *transpose);
    if (perm == std::vector<size_t>{0, 2, 1, 3}) return transpose->input(0);
    return std::nullopt;
  }
  // One batch only, which the transpose did not know: [S, H, D] to [H, S, D] to [1, H, S, D].
  const Node* reshape = made_by(graph, value, "Reshape");
  const Node* transpose = reshape ? made_by(graph, reshape->input(0), "Transpose") : nullptr;
  const Shape* shape = concrete_shape(graph, value);
  const Shape* inner = transpose ? concrete_shape(graph, reshape->input(0)) : nullptr;
  if (!inner || inner->rank() != 3 || (*shape)[0] != 1) return std::nullopt;
  for (size_t i = 0; i < 3; ++i)
    if ((*inner)[i] != (*shape)[i + 1]) return std::nullopt;
  if (permutation(graph, *transpose) != std::vector<size_t>{1, 0, 2}) return std::nullopt;
  return transpose->input(0);
}

// Attention of [B, H, S, D] values that were transposed from [B, S, H, D] as one of [B, S, H*D].
Outcome merge_heads(const Graph& graph, NodeId root) {
  const Node& node = graph.node(root);
  for (size_t i = 4; i < node.inputs.size(); ++i)
    if (node.inputs[i] != kNone) return std::nullopt;
  for (size_t i = 1; i < node.outputs.size(); ++i)
    if (node.outputs[i] != kNone && graph.use_count(node.outputs[i]) > 0) return std::nullopt;
  Patch patch(graph);
  Node copy = node;
  int64_t heads[3];
  for (size_t i = 0; i < 3; ++i) {
    const Shape* shape = concrete_shape(graph, node.input(i));
    if (!shape || shape->rank() != 4 || shape->elements().value_or(0) == 0) return std::nullopt;
    const auto source = heads_last(graph, node.input(i));
    if (!source) return std::nullopt;
    heads[i] = (*shape)[1];
    const int64_t dims[] = {(*shape)[0], (*shape)[2], (*shape)[1] * (*shape)[3]};
    copy.inputs[i] = add_reshape(patch, concat(node.name, "_rows"), *source, dims);
  }
  const Shape* shape = concrete_shape(graph, node.output(0));
  if (!shape || heads[1] != heads[2]) return std::nullopt;
  copy.attrs.set("q_num_heads", heads[0]);
  copy.attrs.set("kv_num_heads", heads[1]);
  const ValueId result = patch.add_node(std::move(copy), 1)[0];
  const int64_t split[] = {(*shape)[0], (*shape)[2], (*shape)[1], (*shape)[3]};
  const size_t perm[] = {0, 2, 1, 3};
  patch.replace(
      node.output(0),
      add_transpose(patch, concat(node.name, "_heads"),
                    add_reshape(patch, concat(node.name, "_split"), result, split), perm));
  return patch;
}

// A number multiplied onto Q or K: into the scale.
Outcome absorb_scale(const Graph& graph, NodeId root) {
  const Node& node = graph.node(root);
  const AttrValue* scale = node.attrs.find("scale");
  if (!scale || !std::holds_alternative<float>(*scale)) return std::nullopt;
  for (const size_t i : {0u, 1u}) {
    const Node* product = made_by(graph, node.input(i), "Mul");
    if (!product || sole_user(graph, node.input(i)) != root) continue;
    const auto parts = split_constant(graph, *product);
    const auto number = parts && broadcasts_into(graph, parts->constant, parts->value)
                            ? uniform(graph, parts->constant)
                            : std::nullopt;
    if (!number || *number <= 0) continue;
    Patch patch(graph);
    Node copy = node;
    copy.inputs[i] = parts->value;
    copy.attrs.set("scale", static_cast<float>(std::get<float>(*scale) * *number));
    patch.replace(node.output(0), patch.add_node(std::move(copy), node.outputs.size())[0]);
    return patch;
  }
  return std::nullopt;
}

}  // namespace

std::span<const Rule> recognize_attention_rules() {
  static const Rule rules[] = {
      {"recognize_attention", "oarlock.MatMul", attention},
      {"merge_attention_heads", "Attention", merge_heads},
      {"absorb_attention_scale", "Attention", absorb_scale},
  };
  return rules;
}

}  // namespace oarlock::passes
