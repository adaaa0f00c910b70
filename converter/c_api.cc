#include <span>
#include <utility>

#include "core/capi/handles.h"
#include "oarlock/convert.h"
#include "oarlock/oarlock_convert.h"

using oarlock::Model;
using oarlock::Status;
using oarlock::capi::guarded;
using oarlock::capi::null_argument;

extern "C" {

oarlock_code oarlock_convert_file(const char* path, oarlock_model** out) {
  return guarded([&]() -> Status {
    if (path == nullptr) return null_argument("path");
    if (out == nullptr) return null_argument("out");
    OARLOCK_ASSIGN(Model model, oarlock::convert_onnx(std::string(path)));
    *out = new oarlock_model{std::move(model)};
    return {};
  });
}

oarlock_code oarlock_convert_bytes(const void* bytes, size_t size, oarlock_model** out) {
  return guarded([&]() -> Status {
    if (bytes == nullptr && size > 0) return null_argument("bytes");
    if (out == nullptr) return null_argument("out");
    OARLOCK_ASSIGN(Model model, oarlock::convert_onnx(
                                    std::span(static_cast<const std::byte*>(bytes), size), ""));
    *out = new oarlock_model{std::move(model)};
    return {};
  });
}

}  // extern "C"
