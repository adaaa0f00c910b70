#include "core/run/tuner.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "core/plan/tuned_kernels.h"
#include "core/run/second_try.h"

namespace oarlock {

namespace {

using Clock = std::chrono::steady_clock;
using Times = std::map<std::string, std::vector<double>>;  // microseconds of each run, by key

// A candidate must take less than this part of the usual choice's time to be looked at closer, and
// then, beside all others that did, less than this to stay; all of them together must take less
// than this part of a whole run.
constexpr double kGain = 0.95, kConfirmed = 0.96, kWholeGain = 0.99;

// The key of a whole run's time.
constexpr const char* kWhole = "";

double median(std::vector<double> list) {
  if (list.empty()) return 0;
  const auto middle = list.begin() + static_cast<std::ptrdiff_t>(list.size() / 2);
  std::nth_element(list.begin(), middle, list.end());
  return *middle;
}

// The graph with some choices, ready to run.
class Variant {
 public:
  Variant(const std::shared_ptr<const Graph>& graph, Runtime& runtime,
          std::map<std::string, std::string> choices, Clock::time_point deadline)
      : runtime_(runtime),
        trial_{std::move(choices), deadline, {}, {}},
        program_(graph, runtime, false, &trial_) {}

  // Plans, and runs twice: the first run is of cold memory.
  Status prepare(std::span<const Value> inputs) {
    std::vector<TypeInfo> types;
    for (const Value& value : inputs) types.push_back(type_of(value));
    OARLOCK_ASSIGN(plan_, program_.plan_for(types));
    size_t count = plan_->rest == nullptr ? plan_->graph.outputs().size() : 0;
    for (int output : plan_->outputs) count = std::max<size_t>(count, output + 1);
    for (int output : plan_->rest_outputs) count = std::max<size_t>(count, output + 1);
    outputs_.resize(count);
    for (const Step& step : plan_->steps)
      if (!step.tuning_keys.empty())
        keys_[plan_->graph.node(step.node).name.c_str()] = &step.tuning_keys;
    for (int i = 0; i < 2; ++i) OARLOCK_TRY(run(inputs, {}));
    return {};
  }

  // Adds the time of each key's steps in one run, and of the whole.
  Status measure(std::span<const Value> inputs, Times& times) {
    std::map<std::string, double> sums;
    RunOptions options;
    options.profile = [&](const StepRecord& record) {
      // Names of steps in bodies lie elsewhere.
      const auto found = keys_.find(record.name);
      if (found == keys_.end()) return;
      for (const std::string& key : *found->second) sums[key] += record.end_us - record.start_us;
    };
    const auto start = Clock::now();
    OARLOCK_TRY(run(inputs, options));
    sums[kWhole] = std::chrono::duration<double, std::micro>(Clock::now() - start).count();
    for (const auto& [key, us] : sums) times[key].push_back(us);
    return {};
  }

  const Trial& trial() const { return trial_; }

 private:
  Status run(std::span<const Value> inputs, const RunOptions& options) {
    return run_on_devices(runtime_, program_, inputs, outputs_, options);
  }

  Runtime& runtime_;
  Trial trial_;
  Program program_;
  std::shared_ptr<const Plan> plan_;
  std::map<const char*, const std::vector<std::string>*> keys_;  // by a node's name in the plan
  std::vector<Value> outputs_;
};

// Medians of the times of two variants that take turns until `end`, but a few times at least.
Status compare(Variant& a, Variant& b, std::span<const Value> inputs, Clock::time_point end,
               Clock::time_point deadline, Times& of_a, Times& of_b) {
  constexpr int kLeast = 5, kMost = 100;
  for (int i = 0; i < kMost && (i < kLeast || Clock::now() < end); ++i) {
    if (Clock::now() > deadline) return {Code::cancelled, "the time for tuning is over"};
    Variant& first = i % 2 == 0 ? a : b;
    OARLOCK_TRY(first.measure(inputs, i % 2 == 0 ? of_a : of_b));
    OARLOCK_TRY((i % 2 == 0 ? b : a).measure(inputs, i % 2 == 0 ? of_b : of_a));
  }
  return {};
}

// All choices of one graph.
class Measuring {
 public:
  Measuring(std::shared_ptr<const Graph> graph, Runtime& runtime, std::span<const Value> inputs,
            Clock::time_point deadline)
      : graph_(std::move(graph)), runtime_(runtime), inputs_(inputs), deadline_(deadline) {}

  Status run() {
    // Some of the time is for comparing the winners once more.
    const auto left = deadline_ - Clock::now();
    const auto rounds_end = deadline_ - left / 5;
    OARLOCK_ASSIGN(std::unique_ptr<Variant> usual, make({}, deadline_));
    tunables_ = usual->trial().tunables;
    if (tunables_.empty()) return {};
    Status status = rounds(*usual, false, rounds_end);
    if (status.ok() && has_fused()) {
      // With or without the winners a rule may be worth something else.
      OARLOCK_ASSIGN(const std::unique_ptr<Variant> chosen, make(winners(), deadline_));
      status = rounds(*chosen, true, rounds_end);
    }
    if (!status.ok() && status.code() != Code::cancelled) return status;
    return winners().empty() ? Status() : confirm(*usual);
  }

  // To the devices, what all candidates of were measured.
  void keep(std::vector<TunedChoice>& report) const {
    for (const auto& [key, tunable] : tunables_) {
      const auto found = found_.find(key);
      if (tunable.candidates.empty() || found == found_.end() || !found->second.complete) continue;
      const Found& f = found->second;
      tunable.tuning->keep(tunable.key, f.best.empty() ? std::string(kUsualChoice) : f.best);
      report.push_back({tunable.device, tunable.node, tunable.nodes, tunable.usual, f.usual_us,
                        f.candidates, f.best});
    }
  }

 private:
  struct Found {
    std::vector<TunedChoice::Candidate> candidates;
    double usual_us = 0;
    double share = kGain;
    std::string best;  // empty: the usual choice
    bool complete = false;
  };

  Result<std::unique_ptr<Variant>> make(std::map<std::string, std::string> choices,
                                        Clock::time_point deadline) {
    auto variant = std::make_unique<Variant>(graph_, runtime_, std::move(choices), deadline);
    OARLOCK_TRY(variant->prepare(inputs_));
    return variant;
  }

  bool has_fused() const {
    return std::any_of(tunables_.begin(), tunables_.end(),
                       [](const auto& entry) { return entry.second.fused; });
  }

  std::map<std::string, std::string> winners() const {
    std::map<std::string, std::string> choices;
    for (const auto& [key, found] : found_)
      if (!found.best.empty()) choices[key] = found.best;
    return choices;
  }

  // In each round another candidate for every key that has one left.
  Status rounds(Variant& usual, bool fused, Clock::time_point end) {
    size_t count = 0;
    for (const auto& [key, tunable] : tunables_)
      if (tunable.fused == fused) count = std::max(count, tunable.candidates.size());
    for (size_t round = 0; round < count; ++round) {
      const auto now = Clock::now();
      const auto share = std::min<Clock::duration>(
          (end - now) / static_cast<int>(count - round) / 2, std::chrono::milliseconds(1500));
      std::map<std::string, std::string> choices = usual.trial().choices;
      for (const auto& [key, tunable] : tunables_)
        if (tunable.fused == fused && round < tunable.candidates.size())
          choices[key] = tunable.candidates[round];
      Result<std::unique_ptr<Variant>> other = make(std::move(choices), end);
      Times usual_times, times;
      Status compared = other.ok() ? compare(usual, **other, inputs_, Clock::now() + share, end,
                                             usual_times, times)
                                   : other.status();
      if (compared.code() == Code::cancelled) return compared;
      if (!compared.ok()) {
        // What does not run is no choice, as long as the usual choices still do.
        times.clear();
        OARLOCK_TRY(usual.measure(inputs_, usual_times));
      }
      for (const auto& [key, tunable] : tunables_)
        if (tunable.fused == fused && round < tunable.candidates.size())
          judge(key, tunable, round, median(usual_times[key]), median(times[key]));
    }
    return {};
  }

  void judge(const std::string& key, const Tunable& tunable, size_t round, double usual,
             double candidate) {
    Found& found = found_[key];
    found.complete = round + 1 == tunable.candidates.size();
    if (usual <= 0 || candidate <= 0) return;
    const double share = candidate / usual;
    found.usual_us = usual;
    found.candidates.push_back({tunable.candidates[round], share});
    if (share >= found.share) return;
    found.share = share;
    found.best = tunable.candidates[round];
  }

  // The best of many is partly the luckiest: those that do not stand a second comparison go, and
  // all if the whole does not gain. Without time for it they stay open.
  Status confirm(Variant& usual) {
    Result<std::unique_ptr<Variant>> chosen = make(winners(), deadline_);
    Times usual_times, times;
    const auto end = Clock::now() + std::min<Clock::duration>((deadline_ - Clock::now()) / 2,
                                                              std::chrono::seconds(3));
    const Status status =
        chosen.ok() ? compare(usual, **chosen, inputs_, end, deadline_, usual_times, times)
                    : chosen.status();
    const bool gained = median(times[kWhole]) < kWholeGain * median(usual_times[kWhole]);
    for (auto& [key, found] : found_) {
      if (found.best.empty()) continue;
      if (!status.ok()) found.complete = false;
      if (!gained || median(times[key]) > kConfirmed * median(usual_times[key])) found.best.clear();
    }
    return status.code() == Code::cancelled ? Status() : status;
  }

  const std::shared_ptr<const Graph> graph_;
  Runtime& runtime_;
  const std::span<const Value> inputs_;
  const Clock::time_point deadline_;
  std::map<std::string, Tunable> tunables_;
  std::map<std::string, Found> found_;
};

}  // namespace

Tuner::Tuner(std::shared_ptr<const Graph> graph, Runtime& runtime, double seconds)
    : graph_(std::move(graph)),
      runtime_(runtime),
      deadline_(Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                   std::chrono::duration<double>(seconds))) {}

void Tuner::tune(Program& program, std::span<const Value> inputs) {
  if (Clock::now() >= deadline_) return;
  std::vector<TypeInfo> types;
  for (const Value& value : inputs) types.push_back(type_of(value));
  const std::lock_guard lock(mutex_);
  if (program.has_plan_for(types)) return;
  Measuring measuring(graph_, runtime_, inputs, deadline_);
  if (measuring.run().ok()) measuring.keep(report_);
}

void Tuner::tune(Program& program, std::span<const TypeInfo> inputs) {
  if (Clock::now() >= deadline_) return;
  std::vector<Value> zeros;
  for (const TypeInfo& type : inputs) {
    if (!is_planned(type)) return;
    Result<Tensor> tensor = Tensor::allocate(type.dtype, type.shape);
    if (!tensor.ok()) return;
    if (tensor->bytes() > 0) std::memset(tensor->mutable_data(), 0, tensor->bytes());
    zeros.emplace_back(*std::move(tensor));
  }
  tune(program, zeros);
}

std::vector<TunedChoice> Tuner::report() const {
  const std::lock_guard lock(mutex_);
  return report_;
}

Result<double> tuning_seconds(const std::map<std::string, std::string>& settings) {
  const auto setting = settings.find("tune");
  if (setting == settings.end()) return 0.0;
  char* end = nullptr;
  const double seconds = std::strtod(setting->second.c_str(), &end);
  if (setting->second.empty() || *end != '\0' || !(seconds >= 0 && seconds <= 1e6))
    return invalid("the setting tune is a number of seconds, not '", setting->second, "'");
  return seconds;
}

}  // namespace oarlock
