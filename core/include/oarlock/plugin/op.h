#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "oarlock/plugin/attrs.h"
#include "oarlock/plugin/graph.h"
#include "oarlock/plugin/rewrite.h"
#include "oarlock/status.h"

namespace oarlock {

// An attribute of an operator: its kind, and its default unless it is required or simply absent.
struct AttrDef {
  std::string name;
  AttrKind kind;
  std::optional<AttrValue> fallback = std::nullopt;
  bool required = false;

  AttrDef(std::string n, AttrKind k) : name(std::move(n)), kind(k) {}  // optional, no default
  AttrDef(std::string n, int value) : AttrDef(std::move(n), AttrValue(int64_t{value})) {}
  AttrDef(std::string n, float value) : AttrDef(std::move(n), AttrValue(value)) {}
  AttrDef(std::string n, const char* value)
      : AttrDef(std::move(n), AttrValue(std::string(value))) {}
  AttrDef(std::string n, AttrValue value)
      : name(std::move(n)),
        kind(static_cast<AttrKind>(value.index())),
        fallback(std::move(value)) {}
  static AttrDef must(std::string n, AttrKind k) {
    AttrDef def(std::move(n), k);
    def.required = true;
    return def;
  }
};

// How many inputs or outputs an operator takes; optional ones in the middle may be omitted.
struct Arity {
  int min = 0;
  int max = 0;
  static constexpr int kMany = 1 << 30;
  constexpr Arity() = default;
  constexpr Arity(int exactly) : min(exactly), max(exactly) {}
  constexpr Arity(int lo, int hi) : min(lo), max(hi) {}
};

// What shape inference sees. All tensor inputs have a known rank (else the engine leaves the
// outputs unknown and does not call); single extents may be Shape::kUnknown.
class InferContext {
 public:
  virtual ~InferContext() = default;
  virtual const Node& node() const = 0;
  virtual size_t input_count() const = 0;  // formal inputs
  virtual bool has_input(size_t i) const = 0;
  virtual const TypeInfo& input(size_t i) const = 0;   // kind unknown when omitted
  virtual const Tensor* constant(size_t i) const = 0;  // nullptr unless known
  virtual size_t output_count() const = 0;
  virtual void set_output(size_t i, TypeInfo type) = 0;  // ignored for omitted outputs
  // Infers the subgraph in attribute `name` for these types of its formal inputs.
  virtual Result<std::vector<TypeInfo>> infer_graph(std::string_view name,
                                                    std::span<const TypeInfo> inputs) = 0;

  const Attrs& attrs() const { return node().attrs; }
  const Shape& shape(size_t i) const { return input(i).shape; }
  DType dtype(size_t i) const { return input(i).dtype; }
  void set_output(size_t i, DType dtype, Shape shape) {
    set_output(i, TypeInfo::tensor(dtype, std::move(shape)));
  }
  // Elements of an integer (int32 or int64) constant input; empty when it is not constant.
  std::optional<std::vector<int64_t>> constant_integers(size_t i) const;
};

// What a reference implementation sees: plain row-major tensors in host memory.
class RunContext {
 public:
  virtual ~RunContext() = default;
  virtual const Node& node() const = 0;
  virtual size_t input_count() const = 0;  // formal inputs
  virtual bool has_input(size_t i) const = 0;
  virtual const Value& input_value(size_t i) const = 0;
  virtual size_t output_count() const = 0;
  virtual bool has_output(size_t i) const = 0;
  // Memory for output i, planned or newly allocated, contents undefined. For an omitted output a
  // scratch tensor is returned.
  virtual Result<Tensor*> output(size_t i, DType dtype, const Shape& shape) = 0;
  // Sequences, optionals, or a tensor that exists already (copied into planned memory if need be).
  virtual Status set_output(size_t i, Value value) = 0;
  // Runs the subgraph in attribute `name` on its formal inputs; captured values are added.
  virtual Result<std::vector<Value>> run_graph(std::string_view name,
                                               std::span<const Value> inputs) = 0;
  virtual bool cancelled() const = 0;

  const Attrs& attrs() const { return node().attrs; }
  // Only when has_input(i) and the operator allows nothing but tensors there.
  const Tensor& input(size_t i) const { return input_value(i).tensor(); }
};

// An operator at its newest version. Shape inference checks types and shapes of its inputs and
// says what is wrong with them; reference() may rely on what infer() has accepted.
struct OpDef {
  std::string domain = {};  // "" for ai.onnx
  std::string name = {};
  int since_version = 1;  // opset in which the meaning defined here began
  std::vector<AttrDef> attrs = {};
  Arity inputs = {};
  Arity outputs = 1;
  std::function<Status(InferContext&)> infer = nullptr;
  std::function<Status(RunContext&)> reference = nullptr;
  // In place of reference: the operator in terms of others.
  std::function<Result<std::optional<Patch>>(const Graph&, NodeId)> decompose = nullptr;
  // Multiply and add count as two; empty for operators that hardly compute.
  std::function<double(const Attrs&, std::span<const TypeInfo> inputs,
                       std::span<const TypeInfo> outputs)>
      flops = nullptr;
  bool pure = true;  // same inputs give the same outputs: may be folded and shared
};

// Operators by domain and name. Filled once, then read from any thread.
class OpRegistry {
 public:
  // All operators of core.
  static const OpRegistry& core();

  OpRegistry() = default;
  void add(std::span<const OpDef> defs);  // a later definition of the same name wins
  const OpDef* find(std::string_view domain, std::string_view name) const;
  std::vector<const OpDef*> all() const { return defs_; }

 private:
  std::vector<const OpDef*> defs_;  // sorted by domain, name
};

// Looks up `def` of every node (subgraphs too), checks arity and attributes, fills in defaults.
// Reports all unknown operators at once.
Status resolve(Graph& graph, const OpRegistry& ops);
Status resolve_node(Graph& graph, NodeId node, const OpRegistry& ops);

// Infers the types of all values from those of the inputs (subgraphs as needed). Declared types
// stay where inference cannot tell; extents that contradict are replaced, element types refused.
Status infer_types(Graph& graph);
Status infer_node(Graph& graph, NodeId node);
// "node 'conv1' (Conv)": how errors and reports name a node.
std::string describe(const Node& node);

// For infer functions.
Status same_type_as_input(InferContext& c);  // output 0 like input 0
Status broadcast_inputs(InferContext& c);    // dtype of input 0, shapes broadcast over all inputs

}  // namespace oarlock
