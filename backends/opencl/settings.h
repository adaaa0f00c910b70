#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <string>

#include "oarlock/plugin/cache_folder.h"
#include "oarlock/status.h"

namespace oarlock::opencl {

// What a session asked of this backend.
struct Settings {
  CacheFolder store;             // opencl.cache: a folder or "off"
  bool half_arithmetic = false;  // arithmetic: "float32" or "float16", of values stored as that
  // opencl.storage: values of images in buffers, in image2d textures where a kernel knows them, or
  // as suits the device ("auto").
  enum class Storage : uint8_t { automatic, buffer, image };
  Storage storage = Storage::automatic;
  bool vendor_library = true;  // opencl.ml: "on" or "off"
  // opencl.clblast
  enum class Clblast { where_faster, on, off } clblast = Clblast::where_faster;
  // opencl.without: operators left to other devices, "LSTM,Pad"
  std::set<std::string> without = {};
  // opencl.binary and opencl.export, see portable.h: programs in place of sources, and where those
  // of the session are written
  std::filesystem::path binary = {}, export_folder = {};

  // Refuses values that mean nothing.
  static Result<Settings> from(const std::map<std::string, std::string>& settings);
};

}  // namespace oarlock::opencl
