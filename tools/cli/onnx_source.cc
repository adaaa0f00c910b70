#include "oarlock/convert.h"
#include "tools/cli/model_options.h"

namespace oarlock::cli {

Result<Model> load_onnx(const std::string& path, const std::map<std::string, Shape>& shapes) {
  ConvertOptions options;
  options.shapes = shapes;
  options.simplify = false;
  return convert_onnx(path, options);
}

}  // namespace oarlock::cli
