#include "converter/adapters/adapter.h"

namespace oarlock::converter {

void NodeDraft::set_input(size_t i, ValueId value) {
  const size_t formal = inputs.size() - static_cast<size_t>(captures);
  if (i >= formal)
    inputs.insert(inputs.begin() + static_cast<ptrdiff_t>(formal), i + 1 - formal, kNone);
  inputs[i] = value;
}

void NodeDraft::drop_trailing_omitted() {
  while (captures == 0 && !inputs.empty() && inputs.back() == kNone) inputs.pop_back();
}

ValueId DraftContext::add_integers(std::string_view name, std::span<const int64_t> values) {
  return add_constant(name, Tensor::of(Shape{static_cast<int64_t>(values.size())}, values));
}

Result<ValueId> DraftContext::add_scalar_like(std::string_view name, float value, ValueId like) {
  const DType wanted = type(like).is_tensor() ? type(like).dtype : DType::undefined;
  const ValueId scalar = add_constant(name, Tensor::scalar(value));
  if (wanted == DType::float32) return scalar;
  if (wanted != DType::undefined)
    return add(name, "Cast", {scalar}, {{"to", static_cast<int64_t>(wanted)}});
  return add(name, "CastLike", {scalar, like});
}

void list_to_input(NodeDraft& draft, DraftContext& graph, std::string_view name, size_t position) {
  const std::vector<int64_t> values = draft.attrs.integers(name);
  draft.attrs.erase(name);
  if (!values.empty())
    draft.set_input(position, graph.add_integers(concat(draft.name, "/", name), values));
}

}  // namespace oarlock::converter
