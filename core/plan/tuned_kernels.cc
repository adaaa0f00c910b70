#include "core/plan/tuned_kernels.h"

#include <algorithm>
#include <optional>

namespace oarlock {

namespace {

// The choice against putting nodes together.
constexpr std::string_view kApart = "apart";

// A key of a trial is one of Tuning behind the name of a device.
std::string stored_key(const std::string& key) { return key.substr(key.find('\n') + 1); }

bool has_candidates(const KernelDef* kernel) { return static_cast<bool>(kernel->candidates); }

std::string label(const KernelDef& kernel, const KernelOption& option) {
  return option.name.empty() ? kernel.name : concat(kernel.name, ": ", option.name);
}

// The kind and shape of a node; empty when none of its kernels has candidates, nothing can be known
// about them, or memory decides instead.
std::string key_of(const Draft& draft, NodeId id, const PlacedDevice& device) {
  if (draft.small) return "";
  Tuning* const tuning = device.is_reference() ? nullptr : device.device->tuning();
  if (tuning == nullptr || (draft.trial == nullptr && tuning->empty())) return "";
  const Node& node = draft.graph.node(id);
  const auto kernels = device.kernels_for(node);
  if (std::none_of(kernels.begin(), kernels.end(), has_candidates)) return "";
  const NodeView view(draft.graph, node);
  std::string key =
      concat(device.info().name, "\n", qualified_op(node), " ", to_string(node.attrs));
  for (size_t i = 0; i < view.input_count(); ++i)
    if (view.has_input(i))
      key += concat(" ", i, view.constant(i) != nullptr ? "=" : ":", to_string(view.input(i)));
  for (size_t i = 0; i < view.output_count(); ++i)
    if (view.has_output(i)) key += concat(" >", to_string(view.output(i)));
  return key;
}

// Empty: nothing is known.
std::string choice_for(const Draft& draft, const std::string& key, const PlacedDevice& device) {
  if (key.empty()) return "";
  if (draft.trial != nullptr)
    if (const auto forced = draft.trial->choices.find(key); forced != draft.trial->choices.end())
      return forced->second;
  Tuning& tuning = *device.device->tuning();
  return tuning.find(stored_key(key)).value_or("");
}

struct Candidate {
  const KernelDef* kernel;
  KernelOption option;
};

std::vector<Candidate> candidates_of(const Draft& draft, NodeId id, const PlacedDevice& device) {
  std::vector<Candidate> list;
  const Node& node = draft.graph.node(id);
  for (const KernelDef* kernel : device.kernels_for(node)) {
    if (!has_candidates(kernel)) continue;
    Result<std::vector<KernelOption>> options =
        kernel->candidates(NodeView(draft.graph, node), *device.device);
    if (!options.ok()) continue;
    for (KernelOption& option : *options) list.push_back({kernel, std::move(option)});
  }
  return list;
}

}  // namespace

bool find_tuned_kernel(Draft& draft, NodeId id, const PlacedDevice& device) {
  NodeDraft& drafted = draft.at(id);
  drafted.tuning_key = key_of(draft, id, device);
  const std::string choice = choice_for(draft, drafted.tuning_key, device);
  if (choice == kUsualChoice) drafted.tuned = "the usual choice is the fastest";
  if (choice.empty() || choice == kUsualChoice || choice == kApart) return false;
  for (Candidate& candidate : candidates_of(draft, id, device)) {
    if (label(*candidate.kernel, candidate.option) != choice) continue;
    drafted.kernel = candidate.kernel;
    drafted.needs = KernelNeeds(std::move(candidate.option));
    drafted.option = 0;
    drafted.owners = {candidate.kernel};
    drafted.tuned = choice;
    return true;
  }
  return false;
}

FusionChoice::FusionChoice(const Draft& draft, const std::vector<NodeId>& added,
                           const PlacedDevice& device)
    : added_(added), device_(device) {
  if (added.size() == 1) key_ = key_of(draft, added[0], device);
  choice_ = choice_for(draft, key_, device);
}

bool FusionChoice::apart() const { return choice_ == kApart; }

void FusionChoice::list(Draft& draft, const GraphChange& change, bool taken) const {
  if (draft.trial == nullptr || key_.empty()) return;
  std::set<NodeId>& members = draft.trial->members[key_];
  if (taken) {
    members.insert(added_.begin(), added_.end());
  } else {
    for (const auto& [id, before] : change.nodes())
      if (before.alive && !draft.graph.node(id).alive) members.insert(id);
  }
  if (!choice_.empty()) return;
  Tunable& tunable = draft.trial->tunables[key_];
  ++tunable.nodes;
  if (tunable.tuning != nullptr) return;
  tunable.tuning = device_.device->tuning();
  tunable.key = stored_key(key_);
  tunable.device = device_.info().name;
  tunable.node = draft.graph.node(added_[0]).name;
  tunable.fused = true;
  if (taken) {
    tunable.usual = label(*draft.at(added_[0]).kernel, draft.at(added_[0]).chosen());
    tunable.candidates = {std::string(kApart)};
  } else {
    tunable.usual = kApart;
  }
  for (const Candidate& candidate : candidates_of(draft, added_[0], device_)) {
    std::string name = label(*candidate.kernel, candidate.option);
    if (name != tunable.usual) tunable.candidates.push_back(std::move(name));
  }
}

void list_tunables(Draft& draft, const DeviceTable& devices) {
  Trial& trial = *draft.trial;
  for (NodeId id = 0; id < static_cast<NodeId>(draft.graph.node_count()); ++id) {
    const Node& node = draft.graph.node(id);
    if (!node.alive) continue;
    const NodeDraft& drafted = draft.at(id);
    const std::string& key = drafted.tuning_key;
    if (key.empty() || drafted.kernel == nullptr || trial.members.contains(key)) continue;
    const PlacedDevice& device = devices[node.device];
    if (!choice_for(draft, key, device).empty()) continue;
    Tunable& tunable = trial.tunables[key];
    if (tunable.nodes++ > 0) continue;
    tunable.tuning = device.device->tuning();
    tunable.key = stored_key(key);
    tunable.device = device.info().name;
    tunable.node = node.name;
    tunable.usual = label(*drafted.kernel, drafted.chosen());
    for (const Candidate& candidate : candidates_of(draft, id, device)) {
      std::string name = label(*candidate.kernel, candidate.option);
      if (name != tunable.usual) tunable.candidates.push_back(std::move(name));
    }
  }
}

namespace {

void add_keys(Draft& draft, NodeId id, std::set<std::string>& keys) {
  for (const auto& [key, members] : draft.trial->members)
    if (members.contains(id)) keys.insert(key);
  if (const std::string& own = draft.at(id).tuning_key; !own.empty()) keys.insert(own);
}

}  // namespace

std::vector<std::string> tuning_keys(Draft& draft, NodeId id) {
  const Node& node = draft.graph.node(id);
  std::set<std::string> keys;
  add_keys(draft, id, keys);
  if (node.op == "Relayout" && node.domain == kOarlockDomain) {
    for (NodeId user : draft.graph.value(node.outputs[0]).users) add_keys(draft, user, keys);
    if (const NodeId producer = draft.graph.value(node.inputs[0]).producer; producer != kNone)
      add_keys(draft, producer, keys);
  }
  return {keys.begin(), keys.end()};
}

}  // namespace oarlock
