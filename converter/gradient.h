#pragma once

#include <string>
#include <vector>

#include "converter/adapters/adapter.h"

namespace oarlock::converter {

// What the operator Gradient of ai.onnx.preview.training (1) asks for.
struct GradientRequest {
  std::string name;                // of the node, for the names of what is added
  std::vector<ValueId> variables;  // xs, then zs
  std::vector<ValueId> at;         // what the variables stand for, one for each
  size_t wanted = 0;               // how many of the variables are xs
  ValueId of = kNone;              // y
};

// Adds to the graph the nodes of reverse-mode differentiation: for each of the first `wanted`
// variables the derivative of the sum of `of`, of the variable's shape; zeros where `of` does not
// depend on it. Nodes between the variables and `of` are repeated where `at` differs from the
// variables. Unsupported when an operator on the way has no rule (gradient_rules.cc).
// `context` adds to `graph`.
Result<std::vector<ValueId>> add_gradient(const Graph& graph, DraftContext& context,
                                          const GradientRequest& request);

// The derivatives of one node's inputs from those of its outputs.
class Backward {
 public:
  Backward(const Graph& graph, DraftContext& context, std::string name, size_t values)
      : graph_(graph), context_(context), name_(std::move(name)), totals_(values, kNone) {}

  const TypeInfo& type(ValueId value) const { return graph_.value(value).type; }
  // The first failure; after it everything below does nothing and returns kNone.
  const Status& status() const { return status_; }
  void fail(Status status);

  // Nodes of the newest opset with one output, or with `outputs`.
  ValueId add(std::string_view op, std::vector<ValueId> inputs, Attrs attrs = {});
  std::vector<ValueId> add_many(std::string_view op, std::vector<ValueId> inputs, Attrs attrs,
                                size_t outputs);
  ValueId number(float value, ValueId like);
  ValueId integers(std::initializer_list<int64_t> values);
  // `value` with the shape of `like`.
  ValueId reshaped(ValueId value, ValueId like);
  // `value`, of a shape to which that of `like` broadcasts, summed to the shape of `like`.
  ValueId summed(ValueId value, ValueId like);
  ValueId zeros(ValueId like);

  // Adds to the derivative of `value`, which is of its shape.
  void give(ValueId value, ValueId derivative);
  // kNone when nothing was given.
  ValueId total(ValueId value) const { return totals_[value]; }

 private:
  const Graph& graph_;
  DraftContext& context_;
  std::string name_;
  std::vector<ValueId> totals_;  // by value
  Status status_;
};

// Gives the inputs of a node their derivatives; g is that of its first output.
using GradientRule = void (*)(Backward& to, const Node& node, ValueId g);
// nullptr when there is none.
GradientRule gradient_rule(const Node& node);
// Whether the outputs are constant almost everywhere, or no numbers: Shape, Floor, Greater.
bool is_flat(const Node& node);

}  // namespace oarlock::converter
