#include "core/run/program.h"

#include <algorithm>

#include "core/run/execution.h"
#include "core/run/instance.h"

namespace oarlock {

TypeInfo type_of(const Value& value) {
  if (value.is_tensor()) return TypeInfo::tensor(value.tensor().dtype(), value.tensor().shape());
  TypeInfo type;
  if (value.is_sequence()) {
    type.kind = TypeInfo::Kind::sequence;
    TypeInfo element;
    if (!value.sequence().empty()) {
      element = type_of(value.sequence()[0]);
      if (element.is_tensor()) element = TypeInfo::tensor(element.dtype);
    }
    type.element = std::make_shared<const TypeInfo>(std::move(element));
  } else if (value.is_map()) {
    return TypeInfo::map_of(value.map().keys.dtype(), value.map().values.dtype());
  } else {
    type.kind = TypeInfo::Kind::optional;
    type.element = std::make_shared<const TypeInfo>();
  }
  return type;
}

namespace {

// Compares without making a TypeInfo: this is on the way of every run.
bool fits(const TypeInfo& type, const Value& value) {
  if (value.is_tensor())
    return type.is_tensor() && type.dtype == value.tensor().dtype() &&
           type.shape == value.tensor().shape();
  if (value.is_sequence())
    return type.kind == TypeInfo::Kind::sequence && *type.element == *type_of(value).element;
  if (value.is_map())
    return type.kind == TypeInfo::Kind::map && type.dtype == value.map().keys.dtype() &&
           type.element->dtype == value.map().values.dtype();
  return type.kind == TypeInfo::Kind::optional;
}

std::vector<TypeInfo> types_of(std::span<const Value> values) {
  std::vector<TypeInfo> types;
  for (const Value& value : values) types.push_back(type_of(value));
  return types;
}

}  // namespace

Program::Program(std::shared_ptr<const Graph> graph, Runtime& runtime, bool small, Trial* trial)
    : graph_(std::move(graph)), runtime_(runtime), small_(small), trial_(trial) {}
Program::~Program() = default;

std::shared_ptr<Program::Entry> Program::find(std::span<const Value> inputs) {
  const std::lock_guard lock(mutex_);
  for (auto it = entries_.begin(); it != entries_.end(); ++it) {
    const std::vector<TypeInfo>& key = (*it)->plan->inputs;
    if (!std::equal(inputs.begin(), inputs.end(), key.begin(), key.end(),
                    [](const Value& v, const TypeInfo& t) { return fits(t, v); }))
      continue;
    std::rotate(entries_.begin(), it, it + 1);
    return entries_.front();
  }
  return nullptr;
}

Result<std::shared_ptr<Program::Entry>> Program::make(std::span<const TypeInfo> inputs,
                                                      bool small) {
  PlanOptions options = runtime_.plan_options;
  options.small = small;
  options.trial = trial_;
  OARLOCK_ASSIGN(std::shared_ptr<const Plan> plan,
                 make_plan(*graph_, inputs, runtime_.devices, runtime_.constants, options));
  auto entry = std::make_shared<Entry>();
  entry->small = small;
  for (const Step& step : plan->steps)
    for (const Attrs::Entry& attr : plan->graph.node(step.node).attrs.entries())
      if (const auto* body = std::get_if<GraphPtr>(&attr.second))
        entry->bodies[{step.node, attr.first}] = std::make_unique<Program>(*body, runtime_, small);
  if (plan->rest != nullptr) entry->rest = std::make_unique<Program>(plan->rest, runtime_, small);
  entry->idle.reserve(64);
  entry->plan = std::move(plan);
  const std::lock_guard lock(mutex_);
  entries_.insert(entries_.begin(), entry);
  if (entries_.size() > std::max<size_t>(runtime_.cached_plans, 1)) entries_.pop_back();
  return entry;
}

std::shared_ptr<const Plan> Program::find_plan(std::span<const TypeInfo> inputs) {
  const std::lock_guard lock(mutex_);
  for (const std::shared_ptr<Entry>& entry : entries_)
    if (std::equal(inputs.begin(), inputs.end(), entry->plan->inputs.begin(),
                   entry->plan->inputs.end()))
      return entry->plan;
  return nullptr;
}

bool Program::has_plan_for(std::span<const TypeInfo> inputs) {
  return find_plan(inputs) != nullptr;
}

Result<std::shared_ptr<const Plan>> Program::plan_for(std::span<const TypeInfo> inputs) {
  const std::lock_guard planning(planning_mutex_);
  if (std::shared_ptr<const Plan> plan = find_plan(inputs)) return plan;
  Result<std::shared_ptr<Entry>> entry = make(inputs, small_);
  // A trial of a smaller plan would tell nothing.
  if (entry.status().code() == Code::out_of_memory && !small_ && trial_ == nullptr)
    entry = make(inputs, true);
  OARLOCK_TRY(entry.status());
  return (*entry)->plan;
}

std::shared_ptr<const Plan> Program::latest_plan() {
  const std::lock_guard lock(mutex_);
  return entries_.empty() ? nullptr : entries_.front()->plan;
}

Result<std::unique_ptr<Instance>> Program::acquire(Entry& entry) {
  {
    const std::lock_guard lock(entry.mutex);
    if (!entry.idle.empty()) {
      std::unique_ptr<Instance> instance = std::move(entry.idle.back());
      entry.idle.pop_back();
      return instance;
    }
  }
  return Instance::make(*entry.plan, runtime_.devices);
}

void Program::release(Entry& entry, std::unique_ptr<Instance> instance) {
  instance->unbind();
  const std::lock_guard lock(entry.mutex);
  if (entry.idle.size() < entry.idle.capacity()) entry.idle.push_back(std::move(instance));
}

Status Program::run(std::span<const Value> inputs, std::span<Value> outputs, RunState& state) {
  std::shared_ptr<Entry> entry = find(inputs);
  if (entry == nullptr) {
    const std::lock_guard planning(planning_mutex_);
    entry = find(inputs);
    if (entry == nullptr) {
      OARLOCK_ASSIGN(entry, make(types_of(inputs), small_));
    }
  }
  return run(*entry, inputs, outputs, state);
}

Status Program::run_smaller(std::span<const Value> inputs, std::span<Value> outputs,
                            RunState& state) {
  std::shared_ptr<Entry> entry;
  {
    const std::lock_guard planning(planning_mutex_);
    entry = find(inputs);
    const bool known = entry != nullptr && entry->small;
    if (!known) entry.reset();
    {
      const std::lock_guard lock(mutex_);
      std::erase_if(entries_, [&](const auto& other) { return other != entry; });
    }
    if (!known) {
      OARLOCK_ASSIGN(entry, make(types_of(inputs), true));
    }
  }
  Status status = run(*entry, inputs, outputs, state);
  if (!status.ok()) drop(entry);
  return status;
}

void Program::drop(const std::shared_ptr<Entry>& entry) {
  const std::lock_guard lock(mutex_);
  std::erase(entries_, entry);
}

Status Program::run(Entry& entry, std::span<const Value> inputs, std::span<Value> outputs,
                    RunState& state) {
  OARLOCK_ASSIGN(std::unique_ptr<Instance> instance, acquire(entry));
  Status status = Execution(runtime_, entry, *instance, state).run(inputs, outputs);
  release(entry, std::move(instance));
  return status;
}

}  // namespace oarlock
