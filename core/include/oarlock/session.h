#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "oarlock/model.h"
#include "oarlock/status.h"
#include "oarlock/tensor.h"

namespace oarlock {

struct OpDef;

// One executed step of a plan, as profiling sees it.
struct StepRecord {
  const char* name;  // of the node
  const char* op;    // "Conv"
  const char* device;
  const char* kernel;
  double start_us;  // since the run began
  double end_us;
  double bytes;  // read and written, from shapes
  double flops;  // multiply and add count as two; 0 when not known
};

struct SessionOptions {
  std::vector<std::string> devices;  // by preference; empty: "cpu". "reference" always comes last
  int threads = 0;                   // 0: what cgroup and affinity allow
  bool strict = false;               // an error instead of falling back to a later device
  size_t cached_plans = 8;           // plans kept for different input shapes
  bool simplify = true;              // run the portable passes at load
  bool keep_intermediates = false;  // every value keeps memory of its own (see RunOptions::observe)
  std::vector<std::string> backend_paths;  // folders or files of backend libraries to load
  // "storage" = "float16"; "tune" = "20": seconds for measuring kernels when plans are made; or of
  // devices
  std::map<std::string, std::string> settings;
  // Operators of the application for this session alone, beside those of register_op(). They must
  // outlive the session.
  std::vector<const OpDef*> custom_ops;
};

struct RunOptions {
  const std::atomic<bool>* cancel = nullptr;  // set to true from any thread to stop between steps
  // Called after every step, in order, from the thread that runs.
  std::function<void(const StepRecord&)> profile;
  // Called with every value computed, row-major, in order. Needs keep_intermediates.
  std::function<void(const std::string& name, const Value& value)> observe;
};

// Why a kernel or device did not take a node.
struct Refusal {
  std::string device, kernel, reason;
};

// One step of a plan, for reports.
struct PlannedStep {
  std::string node, op, device, kernel;
  std::string inputs, outputs;  // types with layouts
  double flops = 0;
  std::vector<Refusal> refusals;
  std::string tuned;  // the choice that measuring led to; empty: nothing was measured
};

// What the setting tune measured for all nodes of one kind and shape.
struct TunedChoice {
  std::string device, node;  // one of the nodes
  int nodes = 0;             // how many there are
  std::string usual;         // what is chosen without measuring
  double usual_us = 0;       // all of them together, in one run
  struct Candidate {
    std::string name;
    double share = 0;  // of the time of the usual choice
  };
  std::vector<Candidate> candidates;
  std::string kept;  // a candidate; empty: the usual choice
};

struct Explanation {
  std::string summary;  // one line: how many nodes run where
  std::vector<PlannedStep> steps;
  size_t peak_bytes = 0;              // arenas of one run
  size_t constant_bytes = 0;          // weights as packed for the devices
  size_t packed_constants = 0;        // how many they are
  size_t prepacked_constants = 0;     // those of them that came from files, see Session::prepack
  std::vector<std::string> rewrites;  // "fuse_batch_norm x 53"
  std::vector<TunedChoice> tuning;    // what this session measured
  std::vector<std::string> notes;     // "model.oar.packed-cpu was made for another model"
};
std::string to_string(const Explanation& explanation);  // a table

// A model made ready to run. run() may be called from many threads at once; concurrent runs take
// an arena each. Plans are made per set of input shapes and the latest few kept; a run whose plan
// is cached allocates nothing if outputs are given. Everything else is for one thread at a time.
class Session {
 public:
  // Accepts .oar files. Errors name file, node, device.
  static Result<Session> open(const std::string& path, const SessionOptions& options = {});
  static Result<Session> open(const Model& model, const SessionOptions& options = {});

  Session(Session&&) noexcept;
  Session& operator=(Session&&) noexcept;
  ~Session();

  // In the model's order. Unknown extents are Shape::kUnknown.
  const std::vector<NamedType>& inputs() const;
  const std::vector<NamedType>& outputs() const;

  // Inputs by position. An output that holds a tensor of the right type and shape is written in
  // place, any other is replaced. Wrong counts, types or shapes are refused with what was expected.
  Status run(std::span<const Value> inputs, std::span<Value> outputs,
             const RunOptions& options = {});
  // Inputs by name, all outputs by name. Names may come in any order; each exactly once.
  Result<std::vector<NamedValue>> run(std::span<const NamedValue> inputs,
                                      const RunOptions& options = {});

  // Plans for inputs of these types (only shapes matter) without running.
  Status prepare(std::span<const TypeInfo> inputs);
  // The plan for these input shapes, the latest used one when empty, or one made with unknown
  // extents set to 1.
  Result<Explanation> explain(std::span<const TypeInfo> inputs = {});

  // Writes the weights as packed for the plans made so far (if none, for the one that explain()
  // makes) to a file beside the model's for each device that can read them there, "<model
  // file>.packed-cpu". Sessions opened on the model's file later map these instead of packing, so
  // that the first result comes sooner; a file made for another model, processor or version is not
  // used, which explain() tells, and neither is any with the setting "prepacked" = "off". Returns
  // the names of the files. Not for models that were not loaded from a file: invalid; for devices
  // without such files: unsupported.
  Result<std::vector<std::string>> prepack();

  // "cpu: AMD EPYC, 2 threads": devices in order of preference.
  std::vector<std::string> devices() const;

 private:
  struct Impl;
  explicit Session(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

struct DeviceSummary {
  std::string name, description;
  std::map<std::string, std::string> details;
};
struct DeviceListing {
  std::vector<DeviceSummary> devices;    // usable ones, the reference device last
  std::vector<std::string> unavailable;  // "xrt: no card found"
};
// All devices that a session could name.
DeviceListing list_devices(const SessionOptions& options = {});

// "0.1.0".
const char* version();

}  // namespace oarlock
