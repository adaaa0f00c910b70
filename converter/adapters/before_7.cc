// What changed up to opset 7. Operators that are not in table.cc with a number up to 7 mean today
// what they meant in opset 1.
#include <algorithm>
#include <cmath>

#include "converter/adapters/adapters.h"

namespace oarlock::converter {

namespace {

// `value` with `count` dimensions of 1 behind its own.
Result<ValueId> with_trailing_ones(NodeDraft& draft, DraftContext& graph, ValueId value,
                                   size_t rank, size_t count) {
  if (count == 0) return value;
  std::vector<int64_t> axes;
  for (size_t i = 0; i < count; ++i) axes.push_back(static_cast<int64_t>(rank + i));
  return graph.add(draft.name + "/aligned", "Unsqueeze",
                   {value, graph.add_integers(draft.name + "/axes", axes)});
}

Result<size_t> rank_of(const NodeDraft& draft, DraftContext& graph, size_t i) {
  if (draft.input(i) == kNone) return invalid("input ", i, " is missing");
  const TypeInfo& type = graph.type(draft.input(i));
  if (!type.is_tensor() || !type.has_rank)
    return unsupported("the rank of input ", i, " is not known");
  return type.shape.rank();
}

Status check_test_mode(NodeDraft& draft) {
  const bool trains = draft.attrs.integer("is_test") == 0;
  draft.attrs.erase("is_test");
  draft.attrs.erase("consumed_inputs");
  return trains ? unsupported("without the attribute is_test = 1 it trains") : Status();
}

}  // namespace

// A hint for reusing memory.
Status in_place_6(NodeDraft& draft, DraftContext&) {
  draft.attrs.erase("consumed_inputs");
  return {};
}

Status cast_6(NodeDraft&, DraftContext&) {
  return unsupported("before opset 6 it names types with words");
}

Status concat_4(NodeDraft& draft, DraftContext&) {
  if (!draft.attrs.has("axis")) draft.attrs.set("axis", int64_t{1});
  return {};
}

Status lp_pool_2(NodeDraft& draft, DraftContext&) {
  const float p = draft.attrs.number("p", 2);
  if (p != std::floor(p) || p < 1 || p > 1e6F) return unsupported("its norm ", p, " is no integer");
  draft.attrs.set("p", static_cast<int64_t>(p));
  return {};
}

Status pad_2(NodeDraft& draft, DraftContext&) {
  draft.attrs.set("pads", draft.attrs.integers("paddings"));
  draft.attrs.erase("paddings");
  return {};
}

Status reshape_5(NodeDraft& draft, DraftContext& graph) {
  draft.attrs.erase("consumed_inputs");
  list_to_input(draft, graph, "shape", 1);
  return {};
}

Status split_2(NodeDraft& draft, DraftContext&) {
  if (draft.input(1) != kNone) return unsupported("its lengths are an input");
  return {};
}

Status tile_6(NodeDraft&, DraftContext&) {
  return unsupported("before opset 6 it tiles one axis, which two more inputs name");
}

// The second input was stretched only by request, and not always from its last dimension on.
Status broadcast_7(NodeDraft& draft, DraftContext& graph) {
  const bool stretched = draft.attrs.integer("broadcast") != 0;
  const bool placed = draft.attrs.has("axis");
  int64_t axis = draft.attrs.integer("axis");
  for (const char* name : {"axis", "broadcast", "consumed_inputs"}) draft.attrs.erase(name);
  if (!stretched || !placed) return {};
  OARLOCK_ASSIGN(const size_t whole, rank_of(draft, graph, 0));
  OARLOCK_ASSIGN(const size_t part, rank_of(draft, graph, 1));
  if (axis < 0) axis += static_cast<int64_t>(whole);
  const int64_t behind = static_cast<int64_t>(whole) - axis - static_cast<int64_t>(part);
  if (axis < 0 || behind < 0)
    return invalid("attribute axis does not place input 1 within input 0");
  OARLOCK_ASSIGN(draft.inputs[1], with_trailing_ones(draft, graph, draft.inputs[1], part,
                                                     static_cast<size_t>(behind)));
  return {};
}

Status batch_normalization_7(NodeDraft& draft, DraftContext&) { return check_test_mode(draft); }

Status dropout_7(NodeDraft& draft, DraftContext&) { return check_test_mode(draft); }

Status gemm_7(NodeDraft& draft, DraftContext&) {
  draft.attrs.erase("broadcast");
  return {};
}

// The slopes belonged to the channels, dimension 1.
Status prelu_7(NodeDraft& draft, DraftContext& graph) {
  draft.attrs.erase("consumed_inputs");
  OARLOCK_ASSIGN(const size_t rank, rank_of(draft, graph, 0));
  OARLOCK_ASSIGN(const size_t slopes, rank_of(draft, graph, 1));
  if (slopes != 1 || rank < 3) return {};
  OARLOCK_ASSIGN(draft.inputs[1], with_trailing_ones(draft, graph, draft.inputs[1], 1, rank - 2));
  return {};
}

Status recurrent_7(NodeDraft& draft, DraftContext&) {
  draft.attrs.erase("output_sequence");
  return {};
}

Status upsample_7(NodeDraft& draft, DraftContext&) {
  draft.attrs.set("scales", std::vector<float>{1, 1, draft.attrs.number("height_scale", 1),
                                               draft.attrs.number("width_scale", 1)});
  draft.attrs.erase("height_scale");
  draft.attrs.erase("width_scale");
  return {};
}

}  // namespace oarlock::converter
