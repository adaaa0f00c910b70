#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "oarlock/dtype.h"
#include "oarlock/model.h"
#include "oarlock/plugin/op.h"
#include "oarlock/shape.h"
#include "oarlock/status.h"

namespace oarlock {

// The newest ONNX opset and IR version the converter reads; every model is brought to this opset.
inline constexpr int kNewestOpset = 28;
inline constexpr int kOldestOpset = 1;
inline constexpr int kNewestIrVersion = 14;

// How far a conversion is. Steps come in the order of the enumeration; `total` may be 0.
struct ConvertProgress {
  enum class Step : uint8_t { reading, nodes, simplifying, golden };
  Step step = Step::reading;
  uint64_t done = 0;  // bytes when reading, nodes, golden cases
  uint64_t total = 0;
};
std::string_view to_string(ConvertProgress::Step step);

struct ConvertOptions {
  // Fixes named or unknown dimensions: by input name ("input" -> [1, 3, 224, 224]), or by the name
  // of a dimension ("batch" -> [1]). An extent that the model fixes cannot be changed.
  std::map<std::string, Shape> shapes;
  // Nodes that cannot be run are kept as they are instead of failing the conversion.
  bool allow_unsupported = false;
  bool simplify = true;  // run the portable passes
  // float16, bfloat16 or int8: how the weights of convolutions and matrix products are stored. The
  // model then rounds them to that, whatever device runs it.
  DType weights = DType::float32;
  int golden = 0;     // number of seeded inputs stored with the reference outputs for them
  uint64_t seed = 1;  // of the golden inputs
  std::string flags;  // what the user asked for, recorded in the model
  // Operators that nodes may have; null: those of core and those of register_op().
  const OpRegistry* ops = nullptr;
  std::function<void(const ConvertProgress&)> progress;  // called from the converting thread
};

// A node that cannot be run, and why.
struct UnsupportedNode {
  std::string node;    // with the nodes around it: "loop/body/conv1"
  std::string domain;  // "" for ai.onnx
  std::string op;      // as the model has it
  int64_t opset = 0;   // of the domain in the model; 0 when the model does not import the domain
  std::vector<NamedType> inputs;  // omitted ones have no name
  std::string fault;
  std::string advice;
};

// What a conversion did, complete also when it failed.
struct ConversionReport {
  std::string source;  // file name without folders
  int64_t ir_version = 0;
  std::map<std::string, int64_t> opsets;
  size_t nodes = 0;    // of the model, subgraphs and inlined functions included
  size_t inlined = 0;  // calls of model-local functions
  size_t adapted = 0;  // nodes brought to the newest opset
  size_t constants = 0;
  uint64_t constant_bytes = 0;
  size_t nodes_simplified = 0;        // nodes left after simplification
  std::vector<std::string> rewrites;  // "fuse_batch_norm x 53"
  std::vector<UnsupportedNode> unsupported;
};

// For people: a summary line, then the unsupported nodes with faults and advice.
std::string to_string(const ConversionReport& report);
// The same as a JSON object; texts that are not UTF-8 have U+FFFD in place of wrong bytes.
std::string to_json(const ConversionReport& report);

// Reads an ONNX model (IR versions up to kNewestIrVersion, opsets kOldestOpset to kNewestOpset) and
// brings it to the newest opset: functions inlined, sparse initializers dense, external data
// mapped, captured values of subgraphs explicit. Initializers are constants, also where the model
// lists them among its inputs.
//
// The model is untrusted. External data must lie in the model's folder or below. Failures:
// invalid (malformed, contradictory, options that do not fit), unsupported (nodes that cannot be
// run: all of them in one message, and in `report`), io, out_of_memory.
// Thread-safe. External files stay mapped as long as the model lives and must not change.
Result<Model> convert_onnx(const std::string& path, const ConvertOptions& options = {},
                           ConversionReport* report = nullptr);
// From memory, which is only read during the call. `folder` is where external data lies; "" refuses
// external data.
Result<Model> convert_onnx(std::span<const std::byte> bytes, const std::string& folder,
                           const ConvertOptions& options = {}, ConversionReport* report = nullptr);

}  // namespace oarlock
