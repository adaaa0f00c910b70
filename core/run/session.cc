#include "oarlock/session.h"

#include <algorithm>
#include <fstream>
#include <new>
#include <set>

#include "core/passes/store_as_half.h"
#include "core/passes/stored_weights.h"
#include "core/run/prepack.h"
#include "core/run/program.h"
#include "core/run/second_try.h"
#include "core/run/tuner.h"
#include "oarlock/plugin/passes.h"

namespace oarlock {

struct Session::Impl {
  Model model;  // keeps the mapped weights
  std::vector<NamedType> inputs, outputs;
  Runtime runtime;
  std::unique_ptr<Program> program;
  std::unique_ptr<SecondTry> second_try;
  std::unique_ptr<Tuner> tuner;  // null: nothing is to be measured
  std::vector<std::string> rewrites, notes;
  bool observable = false;
};

Session::Session(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Session::Session(Session&&) noexcept = default;
Session& Session::operator=(Session&&) noexcept = default;
Session::~Session() = default;

namespace {

// Turns running out of memory into a Status: nothing leaves the library as an exception.
template <class F>
auto guarded(F body) -> decltype(body()) {
  try {
    return body();
  } catch (const std::bad_alloc&) {
    return out_of_memory("not enough memory");
  } catch (const std::exception& e) {
    return internal_error("unexpected exception: ", e.what());
  }
}

Status check_input(const NamedType& expected, const Value& given) {
  const TypeInfo& type = expected.type;
  if (!type.is_tensor()) {
    if (type.kind == TypeInfo::Kind::sequence && !given.is_sequence())
      return invalid("input '", expected.name, "' is ", type, ", given is no sequence");
    if (type.kind == TypeInfo::Kind::map && !(given.is_map() && type_of(given) == type))
      return invalid("input '", expected.name, "': expected ", type, ", given ",
                     given.is_map() ? to_string(type_of(given)) : "no map");
    return {};
  }
  if (!given.is_tensor() || !given.tensor().defined())
    return invalid("input '", expected.name, "' is missing: expected ", type);
  const Tensor& tensor = given.tensor();
  bool fits = type.dtype == DType::undefined || type.dtype == tensor.dtype();
  if (fits && type.has_rank) {
    fits = type.shape.rank() == tensor.shape().rank();
    for (size_t d = 0; fits && d < type.shape.rank(); ++d)
      fits = type.shape[d] == Shape::kUnknown || type.shape[d] == tensor.shape()[d];
  }
  if (fits) return {};
  return invalid("input '", expected.name, "': expected ", type, ", given ", tensor);
}

// Named dimensions must have one extent throughout.
Status check_named_dimensions(std::span<const NamedType> inputs, std::span<const Value> values) {
  for (size_t i = 0; i < inputs.size(); ++i) {
    const std::vector<std::string>& names = inputs[i].type.dim_names;
    for (size_t d = 0; d < names.size(); ++d) {
      if (names[d].empty() || !values[i].is_tensor() || d >= values[i].tensor().shape().rank())
        continue;
      for (size_t j = i; j < inputs.size(); ++j) {
        const std::vector<std::string>& others = inputs[j].type.dim_names;
        for (size_t e = 0; e < others.size(); ++e) {
          if (others[e] != names[d] || !values[j].is_tensor() ||
              e >= values[j].tensor().shape().rank())
            continue;
          if (values[i].tensor().shape()[d] != values[j].tensor().shape()[e])
            return invalid("dimension '", names[d], "' is ", values[i].tensor().shape()[d],
                           " in input '", inputs[i].name, "' but ", values[j].tensor().shape()[e],
                           " in input '", inputs[j].name, "'");
        }
      }
    }
  }
  return {};
}

std::string names_of(std::span<const NamedType> list) {
  std::string text;
  for (const NamedType& n : list) text += concat(text.empty() ? "" : ", ", "'", n.name, "'");
  return text;
}

// The input types a report is made for when the caller names none.
std::vector<TypeInfo> assumed_types(std::span<const NamedType> inputs) {
  std::vector<TypeInfo> types;
  for (const NamedType& input : inputs) {
    TypeInfo type = input.type;
    type.dim_names.clear();
    for (int64_t& extent : type.shape)
      if (extent == Shape::kUnknown) extent = 1;
    if (type.is_tensor()) type.has_rank = true;
    types.push_back(std::move(type));
  }
  return types;
}

// What float32 values lie in memory as, while the model runs.
Result<DType> storage_of(const SessionOptions& options) {
  const auto setting = options.settings.find("storage");
  if (setting == options.settings.end() || setting->second == "float32") return DType::float32;
  if (setting->second == "float16") return DType::float16;
  return invalid("the setting storage is float32 or float16, not '", setting->second, "'");
}

// The nodes that stay float32: a file with one name a line, and comments after #.
Result<std::set<std::string>> kept_nodes(const SessionOptions& options) {
  std::set<std::string> names;
  const auto setting = options.settings.find("storage.keep");
  if (setting == options.settings.end()) return names;
  std::ifstream file(setting->second);
  if (!file) return io_error("the setting storage.keep: cannot read '", setting->second, "'");
  for (std::string line; std::getline(file, line);)
    if (!line.empty() && line[0] != '#') names.insert(std::move(line));
  return names;
}

}  // namespace

Result<Session> Session::open(const std::string& path, const SessionOptions& options) {
  return guarded([&]() -> Result<Session> {
    OARLOCK_ASSIGN(const Model model, Model::load(path));
    Result<Session> session = open(model, options);
    if (!session.ok()) return session.status().within(path);
    return session;
  });
}

Result<Session> Session::open(const Model& model, const SessionOptions& options) {
  return guarded([&]() -> Result<Session> {
    if (model.empty()) return invalid("the model is empty");
    auto impl = std::make_unique<Impl>();
    impl->model = model;
    impl->inputs = model.inputs();
    impl->outputs = model.outputs();
    OARLOCK_ASSIGN(impl->runtime.devices, open_devices(options));
    for (const OpDef* op : options.custom_ops) impl->runtime.devices.ops.add({op, 1});
    const OpRegistry& ops = impl->runtime.devices.ops;
    impl->runtime.cached_plans = options.cached_plans;
    impl->runtime.plan_options = {options.strict, options.keep_intermediates, options.simplify};
    impl->observable = options.keep_intermediates;
    auto graph = std::make_shared<Graph>(model.graph());
    OARLOCK_TRY(resolve(*graph, ops));
    OARLOCK_TRY(verify(*graph));
    OARLOCK_TRY(infer_types(*graph));
    if (options.simplify) {
      SimplifyReport report;
      OARLOCK_TRY(simplify(*graph, ops, &report));
      for (const auto& [rule, count] : report.applied)
        impl->rewrites.push_back(concat(rule, " x ", count));
    }
    OARLOCK_ASSIGN(const DType storage, storage_of(options));
    if (storage == DType::float16) {
      OARLOCK_ASSIGN(const std::set<std::string> keep, kept_nodes(options));
      OARLOCK_TRY(widen_weights(*graph));
      OARLOCK_ASSIGN(const int changed, store_as_half(*graph, ops, keep));
      impl->rewrites.push_back(concat("store_as_half x ", changed));
      if (!keep.empty()) impl->rewrites.push_back(concat("keep_as_float32 x ", keep.size()));
    }
    OARLOCK_ASSIGN(impl->notes, use_packed_weights(*model.content(), options, impl->runtime));
    OARLOCK_ASSIGN(const Fallback fallback, fallback_of(options));
    impl->second_try = std::make_unique<SecondTry>(graph, impl->runtime, fallback);
    OARLOCK_ASSIGN(const double seconds, tuning_seconds(options.settings));
    if (seconds > 0) impl->tuner = std::make_unique<Tuner>(graph, impl->runtime, seconds);
    impl->program = std::make_unique<Program>(std::move(graph), impl->runtime);
    return Session(std::move(impl));
  });
}

const std::vector<NamedType>& Session::inputs() const { return impl_->inputs; }
const std::vector<NamedType>& Session::outputs() const { return impl_->outputs; }

Status Session::run(std::span<const Value> inputs, std::span<Value> outputs,
                    const RunOptions& options) {
  return guarded([&]() -> Status {
    if (inputs.size() != impl_->inputs.size())
      return invalid("the model has ", impl_->inputs.size(), " inputs (", names_of(impl_->inputs),
                     "), given are ", inputs.size());
    if (outputs.size() != impl_->outputs.size())
      return invalid("the model has ", impl_->outputs.size(), " outputs (",
                     names_of(impl_->outputs), "), room is given for ", outputs.size());
    if (options.observe && !impl_->observable)
      return invalid("observing intermediate values needs SessionOptions::keep_intermediates");
    for (size_t i = 0; i < inputs.size(); ++i)
      OARLOCK_TRY(check_input(impl_->inputs[i], inputs[i]));
    OARLOCK_TRY(check_named_dimensions(impl_->inputs, inputs));
    if (impl_->tuner != nullptr) impl_->tuner->tune(*impl_->program, inputs);
    Status status = run_on_devices(impl_->runtime, *impl_->program, inputs, outputs, options);
    if (status.ok()) return status;
    return impl_->second_try->run(std::move(status), inputs, outputs, options);
  });
}

Result<std::vector<NamedValue>> Session::run(std::span<const NamedValue> inputs,
                                             const RunOptions& options) {
  return guarded([&]() -> Result<std::vector<NamedValue>> {
    std::vector<Value> ordered(impl_->inputs.size());
    std::vector<bool> given(impl_->inputs.size());
    for (const NamedValue& input : inputs) {
      const auto found = std::find_if(impl_->inputs.begin(), impl_->inputs.end(),
                                      [&](const NamedType& n) { return n.name == input.name; });
      if (found == impl_->inputs.end())
        return invalid("the model has no input '", input.name, "'; its inputs are ",
                       names_of(impl_->inputs));
      const size_t i = found - impl_->inputs.begin();
      if (given[i]) return invalid("input '", input.name, "' is given twice");
      given[i] = true;
      ordered[i] = input.value;
    }
    for (size_t i = 0; i < given.size(); ++i)
      if (!given[i] && impl_->inputs[i].type.kind != TypeInfo::Kind::optional)
        return invalid("input '", impl_->inputs[i].name, "' is missing: expected ",
                       impl_->inputs[i].type);
    std::vector<Value> results(impl_->outputs.size());
    OARLOCK_TRY(run(ordered, results, options));
    std::vector<NamedValue> named;
    for (size_t i = 0; i < results.size(); ++i)
      named.push_back({impl_->outputs[i].name, std::move(results[i])});
    return named;
  });
}

Status Session::prepare(std::span<const TypeInfo> inputs) {
  return guarded([&]() -> Status {
    if (inputs.size() != impl_->inputs.size())
      return invalid("the model has ", impl_->inputs.size(), " inputs (", names_of(impl_->inputs),
                     "), given are ", inputs.size(), " types");
    for (size_t i = 0; i < inputs.size(); ++i)
      if (inputs[i].is_tensor() && !inputs[i].is_concrete())
        return invalid("input '", impl_->inputs[i].name, "': ", inputs[i], " has unknown extents");
    if (impl_->tuner != nullptr) impl_->tuner->tune(*impl_->program, inputs);
    return impl_->program->plan_for(inputs).status();
  });
}

Result<Explanation> Session::explain(std::span<const TypeInfo> inputs) {
  return guarded([&]() -> Result<Explanation> {
    std::shared_ptr<const Plan> plan;
    if (inputs.empty() && !impl_->inputs.empty()) plan = impl_->program->latest_plan();
    if (plan == nullptr) {
      std::vector<TypeInfo> types(inputs.begin(), inputs.end());
      if (types.empty()) types = assumed_types(impl_->inputs);
      OARLOCK_TRY(prepare(types));
      OARLOCK_ASSIGN(plan, impl_->program->plan_for(types));
    }
    Explanation explanation = plan->explanation;
    explanation.rewrites.insert(explanation.rewrites.begin(), impl_->rewrites.begin(),
                                impl_->rewrites.end());
    if (impl_->tuner != nullptr) explanation.tuning = impl_->tuner->report();
    explanation.notes.insert(explanation.notes.end(), impl_->notes.begin(), impl_->notes.end());
    return explanation;
  });
}

Result<std::vector<std::string>> Session::prepack() {
  return guarded([&]() -> Result<std::vector<std::string>> {
    OARLOCK_TRY(explain().status());  // makes a plan if there is none
    return write_packed_weights(*impl_->model.content(), impl_->runtime);
  });
}

std::vector<std::string> Session::devices() const {
  std::vector<std::string> list;
  for (const PlacedDevice& d : impl_->runtime.devices.devices)
    list.push_back(concat(d.info().name, ": ", d.info().description));
  return list;
}

}  // namespace oarlock
