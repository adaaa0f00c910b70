#include "tools/cli/precision.h"

#include <algorithm>
#include <fstream>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#include "oarlock/plugin/graph.h"
#include "oarlock/plugin/op.h"
#include "oarlock/plugin/passes.h"
#include "tools/cli/clock.h"
#include "tools/cli/difference.h"

namespace oarlock::cli {

namespace {

constexpr size_t kMostGroups = 64;

// Neighbouring nodes that are narrowed together.
struct Group {
  std::vector<std::string> nodes;
  double error = std::numeric_limits<double>::infinity();  // when only they are float16
};

class Search {
 public:
  Search(const Model& model, const SessionOptions& options, const PrecisionOptions& wanted)
      : model_(model), options_(options), narrow_(options), wanted_(wanted) {
    options_.settings.erase("storage");
    narrow_.settings["storage"] = "float16";
    narrow_.settings["storage.keep"] = wanted_.file;
  }

  Result<Precision> run(const InputOptions& inputs) {
    OARLOCK_TRY(run_as_float32(inputs));
    OARLOCK_TRY(make_groups());
    Precision found;
    for (const Group& group : groups_) found.nodes += group.nodes.size();
    std::vector<bool> kept(groups_.size(), false);
    OARLOCK_ASSIGN(found.before, error_with(kept));
    found.after = found.before;
    if (found.before > wanted_.tolerance) {
      OARLOCK_TRY(measure_groups());
      OARLOCK_ASSIGN(kept, fewest());
      OARLOCK_TRY(release(kept));
      OARLOCK_ASSIGN(found.after, error_with(kept));
    }
    for (size_t g = 0; g < groups_.size(); ++g)
      if (kept[g]) found.kept += groups_[g].nodes.size();
    return found;
  }

 private:
  bool has_time() const { return clock_.ms() < wanted_.seconds * 1e3; }

  Status run_as_float32(const InputOptions& inputs) {
    OARLOCK_ASSIGN(Session session, Session::open(model_, options_));
    OARLOCK_ASSIGN(const auto named, inputs.read(session.inputs()));
    for (const NamedValue& each : named) inputs_.push_back(each.value);
    expected_.resize(session.outputs().size());
    return session.run(inputs_, expected_);
  }

  // Of the nodes as a session has them when it narrows: simplified, before shapes are known.
  Status make_groups() {
    Graph graph = model_.graph();
    OARLOCK_TRY(resolve(graph, OpRegistry::core()));
    OARLOCK_TRY(infer_types(graph));
    if (options_.simplify) OARLOCK_TRY(simplify(graph, OpRegistry::core()));
    OARLOCK_ASSIGN(const std::vector<NodeId> order, graph.order());
    std::vector<std::string> nodes;
    for (const NodeId id : order) {
      const ValueId output = graph.node(id).output(0);
      if (output != kNone && graph.value(output).type.dtype == DType::float32)
        nodes.push_back(graph.node(id).name);
    }
    const size_t size = (nodes.size() + kMostGroups - 1) / kMostGroups;
    for (size_t i = 0; i < nodes.size(); ++i) {
      if (i % size == 0) groups_.emplace_back();
      groups_.back().nodes.push_back(nodes[i]);
    }
    return {};
  }

  // How far outputs are off when these groups stay float32; infinite where numbers overflow.
  Result<double> error_with(const std::vector<bool>& kept) {
    std::ofstream file(wanted_.file, std::ios::trunc);
    file << "# Nodes that stay float32 with storage=float16, one a line.\n";
    for (size_t g = 0; g < groups_.size(); ++g)
      if (kept[g])
        for (const std::string& node : groups_[g].nodes) file << node << "\n";
    file.close();
    if (!file) return io_error("cannot write '", wanted_.file, "'");
    OARLOCK_ASSIGN(Session session, Session::open(model_, narrow_));
    std::vector<Value> outputs(expected_.size());
    OARLOCK_TRY(session.run(inputs_, outputs));
    double most = 0;
    for (size_t i = 0; i < outputs.size(); ++i) {
      const Difference d = difference(outputs[i], expected_[i]);
      if (!d.comparable) return internal_error("output ", i, ": ", d.why);
      most = std::max(most, d.scaled);
    }
    return most;
  }

  Status measure_groups() {
    for (size_t g = 0; g < groups_.size() && has_time(); ++g) {
      std::vector<bool> others(groups_.size(), true);
      others[g] = false;
      OARLOCK_ASSIGN(groups_[g].error, error_with(others));
    }
    order_.resize(groups_.size());
    std::iota(order_.begin(), order_.end(), size_t{0});
    std::stable_sort(order_.begin(), order_.end(),
                     [&](size_t a, size_t b) { return groups_[a].error > groups_[b].error; });
    return {};
  }

  std::vector<bool> worst(size_t count) const {
    std::vector<bool> kept(groups_.size(), false);
    for (size_t i = 0; i < count; ++i) kept[order_[i]] = true;
    return kept;
  }

  // The worst groups, as few as suffice by bisection.
  Result<std::vector<bool>> fewest() {
    size_t low = 0, high = groups_.size();
    while (high - low > 1) {
      const size_t middle = low + (high - low) / 2;
      OARLOCK_ASSIGN(const double error, error_with(worst(middle)));
      (error <= wanted_.tolerance ? high : low) = middle;
    }
    return worst(high);
  }

  // Lets go those that turn out not to be needed, the least harmful first, while there is time.
  Status release(std::vector<bool>& kept) {
    for (size_t i = order_.size(); i-- > 0 && has_time();) {
      const size_t g = order_[i];
      if (!kept[g] || groups_[g].error > wanted_.tolerance) continue;
      kept[g] = false;
      OARLOCK_ASSIGN(const double error, error_with(kept));
      kept[g] = error > wanted_.tolerance;
    }
    return {};
  }

  const Model& model_;
  SessionOptions options_, narrow_;
  const PrecisionOptions& wanted_;
  const Stopwatch clock_;
  std::vector<Value> inputs_, expected_;
  std::vector<Group> groups_;
  std::vector<size_t> order_;  // the worst first
};

}  // namespace

Result<Precision> find_precision(const Model& model, const SessionOptions& options,
                                 const InputOptions& inputs, const PrecisionOptions& wanted) {
  return Search(model, options, wanted).run(inputs);
}

}  // namespace oarlock::cli
