#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>
#include <utility>

#include "core/capi/handles.h"

using oarlock::NamedType;
using oarlock::Result;
using oarlock::Session;
using oarlock::Status;
using oarlock::Value;
using oarlock::capi::guarded;
using oarlock::capi::null_argument;

struct oarlock_session {
  explicit oarlock_session(Session opened) : session(std::move(opened)) {
    for (const NamedType& each : session.inputs()) input_types.push_back(to_string(each.type));
    for (const NamedType& each : session.outputs()) output_types.push_back(to_string(each.type));
  }
  Session session;
  std::vector<std::string> input_types, output_types;
};

namespace {

const oarlock::SessionOptions& options_of(const oarlock_options* options) {
  static const oarlock::SessionOptions defaults;
  return options ? options->options : defaults;
}

Status deliver(Result<Session> session, oarlock_session** out) {
  OARLOCK_ASSIGN(Session opened, std::move(session));
  *out = new oarlock_session(std::move(opened));
  return {};
}

Status copy_text(const std::string& text, char** out) {
  auto* copy = static_cast<char*>(std::malloc(text.size() + 1));
  if (copy == nullptr) return oarlock::out_of_memory("not enough memory");
  std::memcpy(copy, text.c_str(), text.size() + 1);
  *out = copy;
  return {};
}

// The values of one run; few enough for a session in steady state to reuse the memory.
struct Exchange {
  std::vector<Value> inputs, outputs;
  void clear() {
    inputs.clear();
    outputs.clear();
  }
};

Status run(oarlock_session* session, std::span<const oarlock_value* const> inputs,
           std::span<oarlock_value*> outputs, const oarlock_cancellation* cancel) {
  if (outputs.size() != session->session.outputs().size())
    return oarlock::invalid("the model has ", session->session.outputs().size(),
                            " outputs, room for ", outputs.size(), " was given");
  thread_local Exchange exchange;
  struct Clearer {
    ~Clearer() { exchange.clear(); }
  } clearer;
  for (const oarlock_value* input : inputs) {
    if (input == nullptr) return null_argument("inputs[i]");
    exchange.inputs.push_back(input->value);
  }
  for (const oarlock_value* output : outputs)
    exchange.outputs.push_back(output ? output->value : Value());
  oarlock::RunOptions options;
  if (cancel != nullptr) options.cancel = &cancel->cancelled;
  OARLOCK_TRY(session->session.run(exchange.inputs, exchange.outputs, options));
  std::vector<std::unique_ptr<oarlock_value>> made;
  for (size_t i = 0; i < outputs.size(); ++i)
    if (outputs[i] == nullptr) made.push_back(std::make_unique<oarlock_value>());
  size_t next = 0;
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (outputs[i] == nullptr) outputs[i] = made[next++].release();
    outputs[i]->value = std::move(exchange.outputs[i]);
  }
  return {};
}

const char* name_at(const std::vector<NamedType>& list, size_t index) {
  return index < list.size() ? list[index].name.c_str() : nullptr;
}

const char* text_at(const std::vector<std::string>& list, size_t index) {
  return index < list.size() ? list[index].c_str() : nullptr;
}

}  // namespace

extern "C" {

oarlock_code oarlock_session_open(const char* path, const oarlock_options* options,
                                  oarlock_session** out) {
  return guarded([&]() -> Status {
    if (path == nullptr) return null_argument("path");
    if (out == nullptr) return null_argument("out");
    return deliver(Session::open(std::string(path), options_of(options)), out);
  });
}

oarlock_code oarlock_session_open_model(const oarlock_model* model, const oarlock_options* options,
                                        oarlock_session** out) {
  return guarded([&]() -> Status {
    if (model == nullptr) return null_argument("model");
    if (out == nullptr) return null_argument("out");
    return deliver(Session::open(model->model, options_of(options)), out);
  });
}

void oarlock_session_free(oarlock_session* session) { delete session; }

size_t oarlock_session_input_count(const oarlock_session* session) {
  return session ? session->session.inputs().size() : 0;
}

size_t oarlock_session_output_count(const oarlock_session* session) {
  return session ? session->session.outputs().size() : 0;
}

const char* oarlock_session_input_name(const oarlock_session* session, size_t index) {
  return session ? name_at(session->session.inputs(), index) : nullptr;
}

const char* oarlock_session_output_name(const oarlock_session* session, size_t index) {
  return session ? name_at(session->session.outputs(), index) : nullptr;
}

const char* oarlock_session_input_type(const oarlock_session* session, size_t index) {
  return session ? text_at(session->input_types, index) : nullptr;
}

const char* oarlock_session_output_type(const oarlock_session* session, size_t index) {
  return session ? text_at(session->output_types, index) : nullptr;
}

oarlock_code oarlock_session_run(oarlock_session* session, const oarlock_value* const* inputs,
                                 size_t input_count, oarlock_value** outputs, size_t output_count,
                                 const oarlock_cancellation* cancel) {
  return guarded([&]() -> Status {
    if (session == nullptr) return null_argument("session");
    if (inputs == nullptr && input_count > 0) return null_argument("inputs");
    if (outputs == nullptr && output_count > 0) return null_argument("outputs");
    return run(session, {inputs, input_count}, {outputs, output_count}, cancel);
  });
}

oarlock_code oarlock_session_explain(oarlock_session* session, char** out) {
  return guarded([&]() -> Status {
    if (session == nullptr) return null_argument("session");
    if (out == nullptr) return null_argument("out");
    OARLOCK_ASSIGN(const oarlock::Explanation explanation, session->session.explain());
    return copy_text(to_string(explanation), out);
  });
}

oarlock_code oarlock_session_prepack(oarlock_session* session, char** out) {
  return guarded([&]() -> Status {
    if (session == nullptr) return null_argument("session");
    if (out == nullptr) return null_argument("out");
    OARLOCK_ASSIGN(const std::vector<std::string> files, session->session.prepack());
    std::string text;
    for (const std::string& file : files) text += file + "\n";
    return copy_text(text, out);
  });
}

void oarlock_text_free(char* text) { std::free(text); }

oarlock_code oarlock_cancellation_new(oarlock_cancellation** out) {
  return guarded([&]() -> Status {
    if (out == nullptr) return null_argument("out");
    *out = new oarlock_cancellation;
    return {};
  });
}

void oarlock_cancellation_set(oarlock_cancellation* cancel, bool cancelled) {
  if (cancel != nullptr) cancel->cancelled = cancelled;
}

void oarlock_cancellation_free(oarlock_cancellation* cancel) { delete cancel; }

}  // extern "C"
