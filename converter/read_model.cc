#include "converter/read_model.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/stubs/logging.h>

#include <climits>

namespace oarlock::converter {

Result<std::unique_ptr<onnx::ModelProto>> read_model(std::span<const std::byte> bytes,
                                                     const std::string& name) {
  if (bytes.empty()) return invalid("'", name, "' is empty; expected an ONNX model");
  if (bytes.size() > static_cast<size_t>(INT_MAX))
    return invalid("'", name, "' has ", bytes.size(),
                   " bytes, but an ONNX file cannot be larger than 2 GiB; save the model with "
                   "its weights as external data (onnx.save_model, save_as_external_data=True)");
  google::protobuf::io::ArrayInputStream array(bytes.data(), static_cast<int>(bytes.size()));
  google::protobuf::io::CodedInputStream stream(&array);
  stream.SetTotalBytesLimit(INT_MAX);
  stream.SetRecursionLimit(kMaxMessageDepth);
  auto model = std::make_unique<onnx::ModelProto>();
  bool parsed = false;
  {
    google::protobuf::LogSilencer quiet;
    parsed = model->ParseFromCodedStream(&stream) && stream.ConsumedEntireMessage();
  }
  if (!parsed)
    return invalid("'", name,
                   "' is not an ONNX model, is truncated or damaged, or nests messages more than ",
                   kMaxMessageDepth, " deep; check it with onnx.checker.check_model");
  if (!model->has_graph())
    return invalid("'", name, "' has no graph, so it is not an ONNX model or is truncated");
  return model;
}

}  // namespace oarlock::converter
