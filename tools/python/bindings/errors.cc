#include "tools/python/bindings/bindings.h"

namespace oarlock::python {

void raise(const Status& status) {
  nb::object make = nb::module_::import_("oarlock._errors").attr("make");
  const std::string code(to_string(status.code()));
  const std::string& text = status.message();
  nb::object message =
      nb::steal(PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), "replace"));
  nb::object error = make(nb::str(code.c_str()), message);
  PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(error.ptr())), error.ptr());
  throw nb::python_error();
}

}  // namespace oarlock::python
