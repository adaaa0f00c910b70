#include "converter/adapters/adapters.h"

namespace oarlock::converter {

namespace {

TypeInfo without_first_axis(TypeInfo type) {
  if (!type.is_tensor() || !type.has_rank || type.shape.empty()) return type;
  type.shape.erase(0);
  if (!type.dim_names.empty()) type.dim_names.erase(type.dim_names.begin());
  return type;
}

}  // namespace

// Until 9, dimension 0 of everything was a batch, each of whose members was scanned by itself: that
// is a scan over the batch around a scan over the sequence.
Status scan_9(NodeDraft& draft, DraftContext& graph) {
  if (draft.input(0) != kNone) return unsupported("sequence_lens of Scan 8 is not supported");
  const size_t captures = static_cast<size_t>(draft.captures);
  if (draft.inputs.size() < captures + 1 || draft.attrs.graph("body") == nullptr) return {};
  draft.inputs.erase(draft.inputs.begin());
  const size_t formal = draft.inputs.size() - captures;

  Graph batch;
  batch.name = draft.name + "/batch";
  Node inner;
  inner.name = draft.name + "/sequence";
  inner.op = "Scan";
  inner.captures = draft.captures;
  inner.attrs.set("body", draft.attrs.graph("body"));
  inner.attrs.set("num_scan_inputs", draft.attrs.integer("num_scan_inputs"));
  if (!draft.attrs.integers("directions").empty())
    inner.attrs.set("scan_input_directions", draft.attrs.integers("directions"));
  for (size_t i = 0; i < draft.inputs.size(); ++i) {
    const ValueId given = draft.inputs[i];
    if (given == kNone) return invalid("an input of Scan is omitted");
    const TypeInfo& type = graph.type(given);
    inner.inputs.push_back(
        batch.add_input(concat("in", i), i < formal ? without_first_axis(type) : type));
  }
  std::vector<std::string> outputs;
  for (size_t i = 0; i < draft.outputs.size(); ++i) outputs.push_back(concat("out", i));
  OARLOCK_ASSIGN(const NodeId id, batch.add_node(std::move(inner), std::move(outputs)));
  for (ValueId output : std::vector<ValueId>(batch.node(id).outputs)) batch.add_output(output);
  // Where Scan itself is missing, the outer node is reported.
  if (graph.ops().find("", "Scan") != nullptr) OARLOCK_TRY(resolve_node(batch, id, graph.ops()));
  draft.attrs = {};
  draft.attrs.set("body", GraphPtr(std::make_shared<const Graph>(std::move(batch))));
  draft.attrs.set("num_scan_inputs", static_cast<int64_t>(formal));
  return {};
}

}  // namespace oarlock::converter
