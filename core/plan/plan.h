#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/plan/draft.h"
#include "core/plan/memory_plan.h"
#include "oarlock/plugin/kernel.h"
#include "oarlock/session.h"

namespace oarlock {

// An input or output of a step: which value, and how the kernel sees it.
struct Operand {
  ValueId value = kNone;  // kNone: omitted
  TensorDesc desc;
};

// One call of a kernel, a reference implementation or a copy between devices.
struct Step {
  NodeId node = kNone;
  int device = 0;
  const char* kernel_name = "reference";
  KernelPtr kernel;                      // null: the reference implementation runs
  bool is_copy = false;                  // between devices that do not share memory
  std::vector<Operand> inputs, outputs;  // inputs: formal ones, then captured ones
  size_t workspace = 0, workspace_offset = 0;
  int workspace_arena = 0;
  bool reads_ahead = false;
  std::vector<int> wait_for;  // devices whose queues feed this step
  double bytes = 0, flops = 0;
  std::vector<std::string> tuning_keys;  // in a trial: what its time counts for
};

// How a graph runs for one set of input types. Immutable after planning.
struct Plan {
  std::vector<TypeInfo> inputs;  // the key
  Graph graph;
  std::vector<Step> steps;
  std::vector<Storage> values;      // by ValueId
  std::vector<size_t> arena_bytes;  // by device
  std::vector<ImageSlot> images;
  std::map<ValueId, std::shared_ptr<const PlacedConstant>> constants;
  // Graph outputs of the whole program that this plan computes: position among its own outputs for
  // each, or -1 if the rest does.
  std::vector<int> outputs;
  // What comes after a data-dependent shape: planned when the shape is known. Its inputs are this
  // plan's own outputs from rest_begin on.
  std::shared_ptr<const Graph> rest;
  size_t rest_begin = 0;
  std::vector<int> rest_outputs;  // program outputs that the rest computes, in its order
  Explanation explanation;
};

struct PlanOptions {
  bool strict = false;
  bool separate_values = false;
  bool simplify = true;
  bool small = false;  // the kernels that need the least memory, not the fastest
  Trial* trial = nullptr;
};

// Plans `graph` for inputs of these types. Tensor types must be concrete.
Result<std::shared_ptr<const Plan>> make_plan(const Graph& graph, std::span<const TypeInfo> inputs,
                                              const DeviceTable& devices, ConstantCache& constants,
                                              const PlanOptions& options);

// A graph cut where shapes stop being known before running.
struct Split {
  Graph head;
  std::shared_ptr<const Graph> rest;  // null: everything is known
  std::vector<int> outputs;           // see Plan
  size_t rest_begin = 0;
  std::vector<int> rest_outputs;
};
Result<Split> split_at_unknown_shapes(const Graph& graph);

}  // namespace oarlock
