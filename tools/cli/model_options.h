#pragma once

#include <string>
#include <vector>

#include "oarlock/model.h"
#include "oarlock/session.h"
#include "tools/cli/command.h"

namespace oarlock::cli {

// Which model a command works on, and how an .onnx is converted on the fly.
struct ModelOptions {
  std::string path;
  std::vector<std::string> shapes;  // NAME=SHAPE

  void add_to(CLI::App* command);
  Result<Model> load() const;
};

// Where a command runs it.
struct DeviceChoice {
  std::vector<std::string> devices;
  int threads = 0;
  bool strict = false;
  bool no_simplify = false;
  bool exact = false;
  std::string opencl_binary;
  std::vector<std::string> backend_paths;
  std::vector<std::string> settings;  // KEY=VALUE

  void add_to(CLI::App* command);
  Result<SessionOptions> options() const;
};

// An .onnx in memory form; simplification is left to the session. Without the converter:
// unsupported.
Result<Model> load_onnx(const std::string& path, const std::map<std::string, Shape>& shapes);
// The file begins like an .oar, or is named so.
bool is_oarlock_file(const std::string& path);
// A copy whose inputs have these shapes, which must agree with what the model says.
Result<Model> with_shapes(const Model& model, const std::map<std::string, Shape>& shapes);

}  // namespace oarlock::cli
