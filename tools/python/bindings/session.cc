#include "oarlock/session.h"

#include <nanobind/stl/map.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <memory>
#include <mutex>

#include "oarlock/operators.h"
#include "tools/python/bindings/bindings.h"
#include "tools/python/bindings/fpga.h"

namespace oarlock::python {
namespace {

struct Record {
  std::string name, op, device, kernel;
  double start_us, end_us, bytes, flops;
};

// A session and the lock for what is not safe from many threads.
class PySession {
 public:
  PySession(const Model& model, const SessionOptions& options)
      : session_(check([&] {
          nb::gil_scoped_release release;
          return Session::open(model, options);
        }())) {}

  // Values in the model's order; `records` and `fpga`, if not null, hear of every step.
  nb::list run(nb::list inputs, std::vector<Record>* records, FpgaSteps* fpga = nullptr) {
    std::vector<Value> values, outputs(session_.outputs().size());
    for (nb::handle input : inputs) values.push_back(value_from(input));
    RunOptions options;
    if (records != nullptr)
      options.profile = [records, fpga](const StepRecord& r) {
        records->push_back(
            {r.name, r.op, r.device, r.kernel, r.start_us, r.end_us, r.bytes, r.flops});
        if (fpga != nullptr) fpga->end_step();
      };
    const Status status = [&] {
      nb::gil_scoped_release release;
      return session_.run(values, outputs, options);
    }();
    check(status);
    nb::list list;
    for (const Value& output : outputs) list.append(object_from(output));
    return list;
  }

  nb::tuple profile(nb::list inputs) {
    std::vector<Record> records;
    const std::unique_ptr<FpgaSteps> fpga = listen_to_fpga();
    nb::list outputs = run(inputs, &records, fpga.get()), steps;
    for (size_t i = 0; i < records.size(); ++i) {
      const Record& r = records[i];
      nb::dict step;
      step["name"] = r.name;
      step["op"] = r.op;
      step["device"] = r.device;
      step["kernel"] = r.kernel;
      step["start_us"] = r.start_us;
      step["end_us"] = r.end_us;
      step["bytes"] = r.bytes;
      step["flops"] = r.flops;
      step["fpga"] = fpga == nullptr ? nb::none() : fpga->describe(i);
      steps.append(step);
    }
    return nb::make_tuple(outputs, steps);
  }

  std::string explain() {
    nb::gil_scoped_release release;
    const std::lock_guard lock(mutex_);
    Result<Explanation> explanation = session_.explain();
    if (explanation.ok()) return to_string(explanation.value());
    nb::gil_scoped_acquire acquire;
    raise(explanation.status());
  }

  std::vector<std::string> prepack() {
    nb::gil_scoped_release release;
    const std::lock_guard lock(mutex_);
    Result<std::vector<std::string>> files = session_.prepack();
    if (files.ok()) return *std::move(files);
    nb::gil_scoped_acquire acquire;
    raise(files.status());
  }

  const Session& session() const { return session_; }

 private:
  Session session_;
  std::mutex mutex_;
};

nb::list describe_all(const std::vector<NamedType>& types) {
  nb::list list;
  for (const NamedType& type : types) list.append(describe(type));
  return list;
}

SessionOptions options_of(const std::vector<std::string>& devices, int threads, bool strict,
                          bool simplify, const std::vector<std::string>& backend_paths,
                          const std::map<std::string, std::string>& settings) {
  SessionOptions options;
  options.devices = devices;
  options.threads = threads;
  options.strict = strict;
  options.simplify = simplify;
  options.backend_paths = backend_paths;
  options.settings = settings;
  return options;
}

nb::list devices(const std::vector<std::string>& backend_paths) {
  SessionOptions options;
  options.backend_paths = backend_paths;
  nb::list list;
  for (const DeviceSummary& d : list_devices(options).devices)
    list.append(nb::make_tuple(d.name, d.description));
  return list;
}

nb::list operators(const std::vector<std::string>& backend_paths) {
  SessionOptions options;
  options.backend_paths = backend_paths;
  nb::list list;
  for (const OperatorSummary& op : check(list_operators(options)))
    list.append(nb::make_tuple(op.domain, op.name, op.since_version, op.decomposed, op.backends));
  return list;
}

}  // namespace

void add_session(nb::module_& module) {
  nb::class_<PySession>(module, "Session")
      .def("__init__",
           [](PySession* self, const Model& model, const std::vector<std::string>& names,
              int threads, bool strict, bool simplify, const std::vector<std::string>& paths,
              const std::map<std::string, std::string>& settings) {
             new (self)
                 PySession(model, options_of(names, threads, strict, simplify, paths, settings));
           })
      .def("run", [](PySession& self, nb::list inputs) { return self.run(inputs, nullptr); })
      .def("profile", &PySession::profile)
      .def("explain", &PySession::explain)
      .def("prepack", &PySession::prepack)
      .def("inputs", [](const PySession& s) { return describe_all(s.session().inputs()); })
      .def("outputs", [](const PySession& s) { return describe_all(s.session().outputs()); })
      .def("devices", [](const PySession& s) { return s.session().devices(); });
  module.def("devices", &devices);
  module.def("operators", &operators);
}

}  // namespace oarlock::python
