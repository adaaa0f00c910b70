#pragma once

#include <optional>
#include <string>
#include <vector>

#include "oarlock/status.h"
#include "oarlock/tensor.h"
#include "oarlock/type_info.h"

namespace oarlock::cli {

// How pixels become numbers: (pixel * scale - mean) / std, a channel at a time.
struct ImageOptions {
  std::vector<float> mean, std;  // one number, or one for each channel; empty: 0 and 1
  std::optional<float> scale;    // default: 1/255 for float inputs, 1 for integer ones
  std::string layout;            // "nchw", "nhwc"; "": by the input's shape
  std::string channels = "rgb";  // "rgb", "bgr", "gray"; gray is taken for one channel anyway
};

bool is_image_file(const std::string& path);

// Reads a picture, resizes it to what `type` wants (extents it leaves open are the picture's) and
// converts it to its element type.
Result<Tensor> read_image(const std::string& path, const TypeInfo& type,
                          const ImageOptions& options);

}  // namespace oarlock::cli
