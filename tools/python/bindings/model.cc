#include "oarlock/model.h"

#include <nanobind/stl/string.h>

#include "oarlock/plugin/graph.h"
#include "tools/python/bindings/bindings.h"

namespace oarlock::python {
namespace {

nb::list describe_all(const std::vector<NamedType>& types) {
  nb::list list;
  for (const NamedType& type : types) list.append(describe(type));
  return list;
}

nb::dict metadata(const Model& model) {
  const ModelMetadata& about = model.metadata();
  nb::dict dict, properties;
  dict["format_version"] = about.format_version;
  dict["producer"] = about.producer;
  dict["converter_flags"] = about.converter_flags;
  dict["source_name"] = about.source_name;
  dict["source_hash"] = about.source_hash;
  dict["content_hash"] = about.content_hash;
  for (const auto& [key, value] : about.properties)
    properties[nb::cast(key)] = nb::steal(
        PyUnicode_DecodeUTF8(value.data(), static_cast<Py_ssize_t>(value.size()), "replace"));
  dict["properties"] = properties;
  return dict;
}

}  // namespace

void add_model(nb::module_& module) {
  nb::class_<Model>(module, "Model")
      .def_static("load",
                  [](const std::string& path) {
                    return check(unlocked([&] { return Model::load(path); }));
                  })
      .def_static("load_bytes",
                  [](nb::bytes bytes) {
                    const std::span data(reinterpret_cast<const std::byte*>(bytes.c_str()),
                                         bytes.size());
                    return check(unlocked([&] { return Model::load(data); }));
                  })
      .def("save",
           [](const Model& model, const std::string& path) {
             check(unlocked([&] { return model.save(path); }));
           })
      .def("check", [](const Model& model) { check(unlocked([&] { return model.check(); })); })
      .def("inputs", [](const Model& model) { return describe_all(model.inputs()); })
      .def("outputs", [](const Model& model) { return describe_all(model.outputs()); })
      .def("metadata", &metadata)
      .def("graph_text", [](const Model& model) { return to_string(model.graph()); });
}

}  // namespace oarlock::python
