#pragma once

#include <nanobind/nanobind.h>

#include <string>
#include <utility>

#include "oarlock/model.h"
#include "oarlock/status.h"
#include "oarlock/tensor.h"

namespace oarlock::python {

namespace nb = nanobind;

// Raises the exception class of oarlock._errors that belongs to the code.
[[noreturn]] void raise(const Status& status);
inline void check(const Status& status) {
  if (!status.ok()) raise(status);
}
template <class T>
T check(Result<T> result) {
  if (!result.ok()) raise(result.status());
  return std::move(result).value();
}

// Calls body() while other threads of the interpreter run.
template <class F>
auto unlocked(F body) {
  nb::gil_scoped_release release;
  return body();
}

// None, a native Tensor, or a list of values.
Value value_from(nb::handle object);
nb::object object_from(const Value& value);
// (name, type as text, kind, dtype number, shape or None): what a model says of a value.
nb::object describe(const NamedType& type);

void add_custom_op(nb::module_& module);
void add_tensor(nb::module_& module);
void add_model(nb::module_& module);
void add_session(nb::module_& module);

}  // namespace oarlock::python
