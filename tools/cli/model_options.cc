#include "tools/cli/model_options.h"

#include <fstream>

#include "oarlock/plugin/graph.h"

namespace oarlock::cli {

void ModelOptions::add_to(CLI::App* command) {
  command->add_option("model", path, "An .oar file, or an .onnx file converted on the fly")
      ->required();
  command
      ->add_option("--shape", shapes,
                   "Fix an input's shape or a named dimension: input=1x3x224x224, batch=1")
      ->type_name("NAME=SHAPE")
      ->allow_extra_args(false);
}

Result<Model> ModelOptions::load() const {
  OARLOCK_ASSIGN(const auto fixed, parse_shapes(shapes));
  if (!is_oarlock_file(path)) return load_onnx(path, fixed);
  OARLOCK_ASSIGN(Model model, Model::load(path));
  return fixed.empty() ? Result<Model>(std::move(model)) : with_shapes(model, fixed);
}

void DeviceChoice::add_to(CLI::App* command) {
  command
      ->add_option("--device", devices,
                   "Devices in order of preference, as `oarlock devices` lists them; "
                   "\"reference\" always comes last")
      ->delimiter(',')
      ->type_name("A,B")
      ->allow_extra_args(false);
  command->add_option("--threads", threads, "Threads of the CPU; 0: as many as there are cores")
      ->check(CLI::NonNegativeNumber);
  command->add_flag("--strict", strict,
                    "An error instead of running a node on a less preferred device");
  command->add_flag("--no-simplify", no_simplify, "Run the graph as it is in the file");
  command->add_flag(
      "--exact", exact,
      "On the CPU sums as the model has them: no Winograd or Fourier convolutions (see "
      "also convert --no-simplify)");
  command->add_option("--backend", backend_paths, "Backend library or folder of them to load")
      ->type_name("PATH")
      ->allow_extra_args(false);
  command
      ->add_option("--opencl-binary", opencl_binary,
                   "Programs of an OpenCL device in place of its compiler: a folder that --set "
                   "opencl.export=FOLDER has filled, or one file with all kernels")
      ->type_name("PATH");
  command
      ->add_option("--set", settings,
                   "A setting: storage=float16 keeps values as float16, storage.keep=FILE names "
                   "nodes that stay float32, others are for devices")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
}

Result<SessionOptions> DeviceChoice::options() const {
  SessionOptions options;
  options.devices = devices;
  options.threads = threads;
  options.strict = strict;
  options.simplify = !no_simplify;
  if (exact) options.settings["exact"] = "true";
  options.backend_paths = backend_paths;
  if (!opencl_binary.empty()) options.settings["opencl.binary"] = opencl_binary;
  for (const std::string& each : settings) {
    const size_t equals = each.find('=');
    if (equals == std::string::npos || equals == 0)
      return invalid("--set takes KEY=VALUE, not '", each, "'");
    options.settings[each.substr(0, equals)] = each.substr(equals + 1);
  }
  return options;
}

bool is_oarlock_file(const std::string& path) {
  std::string start(7, '\0');
  if (std::ifstream(path, std::ios::binary).read(start.data(), 7) && start == "oarlock")
    return true;
  return path.ends_with(".oar");
}

Result<Model> with_shapes(const Model& model, const std::map<std::string, Shape>& shapes) {
  Graph graph = model.graph();
  for (const auto& [name, shape] : shapes) {
    bool found = false;
    for (ValueId id : graph.inputs()) {
      TypeInfo type = graph.value(id).type;
      if (!type.is_tensor()) continue;
      if (graph.value(id).name == name) {
        if (type.has_rank && type.shape.rank() != shape.rank())
          return invalid("input '", name, "' has type ", type, ", --shape gives ", shape);
        for (size_t i = 0; type.has_rank && i < shape.rank(); ++i)
          if (type.shape[i] != Shape::kUnknown && type.shape[i] != shape[i])
            return invalid("input '", name, "' has type ", type, ", --shape gives ", shape);
        type.shape = shape;
        type.has_rank = true;
        type.dim_names.clear();
        found = true;
      }
      for (size_t i = 0; i < type.dim_names.size() && shape.rank() == 1; ++i)
        if (type.dim_names[i] == name && type.shape[i] == Shape::kUnknown) {
          type.shape[i] = shape[0];
          found = true;
        }
      graph.set_type(id, type);
    }
    if (!found)
      return invalid("--shape: the model has no input and no dimension named '", name, "'");
  }
  return Model(std::move(graph), model.metadata(), model.golden());
}

}  // namespace oarlock::cli
