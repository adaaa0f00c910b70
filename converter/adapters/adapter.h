#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "oarlock/plugin/attrs.h"
#include "oarlock/plugin/graph.h"
#include "oarlock/plugin/op.h"
#include "oarlock/status.h"
#include "oarlock/tensor.h"

namespace oarlock::converter {

// A node on its way into a graph: inputs are there already, outputs have only their names yet.
struct NodeDraft {
  std::string name, domain, op;
  Attrs attrs;
  std::vector<ValueId> inputs;       // kNone for omitted ones; the last `captures` are captured
  std::vector<std::string> outputs;  // "" for omitted ones
  int captures = 0;
  int64_t opset = 0;  // of the domain, at which the draft's form is meant

  ValueId input(size_t i) const { return i + captures < inputs.size() ? inputs[i] : kNone; }
  bool has_output(size_t i) const { return i < outputs.size() && !outputs[i].empty(); }
  // Sets formal input i, omitting the ones between.
  void set_input(size_t i, ValueId value);
  void drop_trailing_omitted();
};

// The graph under construction, as adapters see it. Names given are hints, made unique.
class DraftContext {
 public:
  virtual ~DraftContext() = default;
  virtual const TypeInfo& type(ValueId value) const = 0;
  virtual const Tensor* constant(ValueId value) const = 0;  // nullptr when not constant
  virtual ValueId add_constant(std::string_view name, Tensor tensor) = 0;
  // Adds a node of the newest opset with one output.
  virtual Result<ValueId> add(std::string_view name, std::string_view op,
                              std::vector<ValueId> inputs, Attrs attrs = {}) = 0;
  // Adds a draft, after bringing it to the newest opset. Its outputs' values, kNone for omitted.
  virtual Result<std::vector<ValueId>> add(NodeDraft draft) = 0;
  virtual std::string unique_name(std::string_view hint) const = 0;
  // Whether anything reads the draft's output of this name.
  virtual bool is_read(const std::string& output) const = 0;
  // For graphs that an adapter makes.
  virtual const OpRegistry& ops() const = 0;

  // A one-dimensional int64 constant.
  ValueId add_integers(std::string_view name, std::span<const int64_t> values);
  // A scalar of the element type of `like`, cast at run time when that is not known.
  Result<ValueId> add_scalar_like(std::string_view name, float value, ValueId like);
};

// Brings `op` of the standard domain from the form before opset `to` to the form of `to`. It may
// change the draft in any way, also into another operator, and add nodes before it. A failure says
// why this node has no equivalent in the newer opset.
struct Adapter {
  std::string_view op;
  int to;
  Status (*adapt)(NodeDraft& draft, DraftContext& graph);
};

// The adapter with the smallest `to` above `opset` for this operator; nullptr when there is none.
const Adapter* next_adapter(std::string_view op, int64_t opset);
std::span<const Adapter> all_adapters();

// Shared by adapters.
// The integer list attribute `name` becomes input `position`; nothing when absent or empty.
void list_to_input(NodeDraft& draft, DraftContext& graph, std::string_view name, size_t position);

}  // namespace oarlock::converter
