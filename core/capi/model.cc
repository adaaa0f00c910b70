#include <span>
#include <utility>

#include "core/capi/handles.h"

using oarlock::Model;
using oarlock::Status;
using oarlock::capi::guarded;
using oarlock::capi::null_argument;

extern "C" {

oarlock_code oarlock_model_load(const char* path, oarlock_model** out) {
  return guarded([&]() -> Status {
    if (path == nullptr) return null_argument("path");
    if (out == nullptr) return null_argument("out");
    OARLOCK_ASSIGN(Model model, Model::load(std::string(path)));
    *out = new oarlock_model{std::move(model)};
    return {};
  });
}

oarlock_code oarlock_model_load_bytes(const void* bytes, size_t size, oarlock_model** out) {
  return guarded([&]() -> Status {
    if (bytes == nullptr && size > 0) return null_argument("bytes");
    if (out == nullptr) return null_argument("out");
    OARLOCK_ASSIGN(Model model, Model::load(std::span(static_cast<const std::byte*>(bytes), size)));
    *out = new oarlock_model{std::move(model)};
    return {};
  });
}

oarlock_code oarlock_model_save(const oarlock_model* model, const char* path) {
  return guarded([&]() -> Status {
    if (model == nullptr) return null_argument("model");
    if (path == nullptr) return null_argument("path");
    return model->model.save(path);
  });
}

void oarlock_model_free(oarlock_model* model) { delete model; }

oarlock_code oarlock_options_new(oarlock_options** out) {
  return guarded([&]() -> Status {
    if (out == nullptr) return null_argument("out");
    *out = new oarlock_options;
    return {};
  });
}

void oarlock_options_free(oarlock_options* options) { delete options; }

oarlock_code oarlock_options_add_device(oarlock_options* options, const char* name) {
  return guarded([&]() -> Status {
    if (options == nullptr) return null_argument("options");
    if (name == nullptr) return null_argument("name");
    options->options.devices.emplace_back(name);
    return {};
  });
}

oarlock_code oarlock_options_set_threads(oarlock_options* options, int threads) {
  return guarded([&]() -> Status {
    if (options == nullptr) return null_argument("options");
    if (threads < 0) return oarlock::invalid("the number of threads is ", threads);
    options->options.threads = threads;
    return {};
  });
}

oarlock_code oarlock_options_set_strict(oarlock_options* options, bool strict) {
  return guarded([&]() -> Status {
    if (options == nullptr) return null_argument("options");
    options->options.strict = strict;
    return {};
  });
}

oarlock_code oarlock_options_add_backend_path(oarlock_options* options, const char* path) {
  return guarded([&]() -> Status {
    if (options == nullptr) return null_argument("options");
    if (path == nullptr) return null_argument("path");
    options->options.backend_paths.emplace_back(path);
    return {};
  });
}

oarlock_code oarlock_options_set(oarlock_options* options, const char* key, const char* value) {
  return guarded([&]() -> Status {
    if (options == nullptr) return null_argument("options");
    if (key == nullptr) return null_argument("key");
    if (value == nullptr) return null_argument("value");
    options->options.settings[key] = value;
    return {};
  });
}

oarlock_code oarlock_devices_list(const oarlock_options* options, oarlock_devices** out) {
  return guarded([&]() -> Status {
    if (out == nullptr) return null_argument("out");
    *out = new oarlock_devices{
        oarlock::list_devices(options ? options->options : oarlock::SessionOptions()).devices};
    return {};
  });
}

void oarlock_devices_free(oarlock_devices* devices) { delete devices; }

size_t oarlock_devices_count(const oarlock_devices* devices) {
  return devices ? devices->list.size() : 0;
}

const char* oarlock_devices_name(const oarlock_devices* devices, size_t index) {
  return index < oarlock_devices_count(devices) ? devices->list[index].name.c_str() : nullptr;
}

const char* oarlock_devices_description(const oarlock_devices* devices, size_t index) {
  return index < oarlock_devices_count(devices) ? devices->list[index].description.c_str()
                                                : nullptr;
}

}  // extern "C"
