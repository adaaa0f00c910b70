// Stands in for onnx_source.cc and convert.cc where the converter was not built.
#include "tools/cli/model_options.h"

namespace oarlock::cli {
namespace {

Status no_converter() {
  return unsupported(
      "this oarlock was built without the ONNX converter; build it with "
      "-DOARLOCK_CONVERTER=ON");
}

}  // namespace

Result<Model> load_onnx(const std::string& path, const std::map<std::string, Shape>&) {
  return no_converter().within(path);
}

void add_convert(CLI::App& app) {
  CLI::App* command = app.add_subcommand("convert", "Not in this build");
  command->allow_extras();
  when_chosen(command, []() -> Result<ExitCode> { return no_converter(); });
}

}  // namespace oarlock::cli
