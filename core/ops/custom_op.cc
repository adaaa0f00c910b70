#include "oarlock/custom_op.h"

#include <algorithm>
#include <deque>
#include <exception>
#include <mutex>
#include <new>

namespace oarlock {

namespace {

// Never destroyed: graphs point at definitions, and functions may belong to an interpreter that
// ends before the process does.
struct Store {
  std::mutex mutex;
  std::deque<OpDef> defs;
};
Store& store() {
  static Store& only = *new Store;
  return only;
}

// The function with whatever it throws as a Status.
template <class Context>
std::function<Status(Context&)> guarded(std::function<Status(Context&)> function) {
  if (!function) return nullptr;
  return [function = std::move(function)](Context& c) -> Status {
    try {
      return function(c);
    } catch (const std::bad_alloc&) {
      return out_of_memory("not enough memory");
    } catch (const std::exception& e) {
      return internal_error("the operator's function threw: ", e.what());
    } catch (...) {
      return internal_error("the operator's function threw something unknown");
    }
  };
}

}  // namespace

Status register_op(OpDef def) {
  const std::string name = concat(def.domain, ".", def.name);
  if (def.name.empty()) return invalid("an operator of domain '", def.domain, "' has no name");
  if (def.domain.empty() || def.domain == "ai.onnx" || def.domain == kOarlockDomain)
    return invalid("operator ", name, ": give it a domain of your own");
  if (!def.reference && !def.decompose)
    return invalid("operator ", name, " has neither a function to run nor a decomposition");
  if (def.inputs.min < 0 || def.inputs.max < def.inputs.min || def.outputs.min < 0 ||
      def.outputs.max < std::max(def.outputs.min, 1))
    return invalid("operator ", name, ": the numbers of its inputs and outputs are no ranges");
  def.infer = guarded(std::move(def.infer));
  def.reference = guarded(std::move(def.reference));
  const std::lock_guard lock(store().mutex);
  store().defs.push_back(std::move(def));
  return {};
}

OpRegistry registered_ops() {
  OpRegistry all = OpRegistry::core();
  const std::lock_guard lock(store().mutex);
  for (const OpDef& def : store().defs) all.add({&def, 1});
  return all;
}

}  // namespace oarlock
