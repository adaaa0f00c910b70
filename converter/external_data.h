#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <span>
#include <string>

#include "core/graph/mapped_file.h"
#include "oarlock/status.h"
#include "onnx/onnx.pb.h"

namespace oarlock::converter {

// The files beside a model that hold its weights, each mapped once.
class ExternalData {
 public:
  // `folder` is the model's; "" refuses all external data.
  explicit ExternalData(std::string folder) : folder_(std::move(folder)) {}

  struct Part {
    std::span<const std::byte> bytes;
    std::shared_ptr<const MappedFile> file;
  };
  // The `size` bytes that the tensor's external_data entries name. Refuses locations outside the
  // folder (absolute, through "..", through links) and ranges outside the file.
  Result<Part> find(const onnx::TensorProto& tensor, size_t size);

 private:
  Result<std::shared_ptr<const MappedFile>> open(const std::string& location);

  std::string folder_;
  std::map<std::string, std::shared_ptr<const MappedFile>> files_;  // by location
};

}  // namespace oarlock::converter
