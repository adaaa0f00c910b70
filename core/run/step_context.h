#pragma once

#include "core/run/instance.h"
#include "core/run/program.h"
#include "oarlock/plugin/op.h"

namespace oarlock {

// What the reference implementation of one step sees of a run.
class StepContext final : public RunContext {
 public:
  StepContext(const Plan& plan, const Step& step, Instance& instance, Program::Entry& entry,
              RunState& state)
      : plan_(plan), step_(step), instance_(instance), entry_(entry), state_(state) {}

  const Node& node() const override { return plan_.graph.node(step_.node); }
  size_t input_count() const override { return node().formal_inputs().size(); }
  bool has_input(size_t i) const override { return node().input(i) != kNone; }
  const Value& input_value(size_t i) const override { return instance_.value(node().input(i)); }
  size_t output_count() const override { return node().outputs.size(); }
  bool has_output(size_t i) const override { return node().output(i) != kNone; }
  Result<Tensor*> output(size_t i, DType dtype, const Shape& shape) override;
  Status set_output(size_t i, Value value) override;
  Result<std::vector<Value>> run_graph(std::string_view name,
                                       std::span<const Value> inputs) override;
  bool cancelled() const override { return state_.cancelled(); }

 private:
  bool is_dynamic(ValueId id) const { return plan_.values[id].kind == Storage::Kind::dynamic; }

  const Plan& plan_;
  const Step& step_;
  Instance& instance_;
  Program::Entry& entry_;
  RunState& state_;
  std::map<size_t, Tensor> scratch_;  // for omitted outputs
};

// The value with memory of its own: views of planned memory are copied, inside sequences too.
Result<Value> owned(const Value& value);

}  // namespace oarlock
