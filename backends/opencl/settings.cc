#include "backends/opencl/settings.h"

#include <initializer_list>
#include <sstream>
#include <string_view>
#include <system_error>

namespace oarlock::opencl {

namespace {

using Given = std::map<std::string, std::string>;

// Which of the words a setting is; the first one when it is not given.
Result<size_t> one_of(const Given& settings, const std::string& name,
                      std::initializer_list<std::string_view> words) {
  const auto setting = settings.find(name);
  if (setting == settings.end()) return size_t{0};
  std::string known;
  size_t index = 0;
  for (const std::string_view word : words) {
    if (setting->second == word) return index;
    known += concat(index++ == 0 ? "" : " or ", word);
  }
  return invalid("the setting ", name, " is ", known, ", not '", setting->second, "'");
}

}  // namespace

Result<Settings> Settings::from(const Given& settings) {
  Settings s{CacheFolder::from(settings, "opencl")};
  OARLOCK_ASSIGN(const size_t arithmetic, one_of(settings, "arithmetic", {"float32", "float16"}));
  s.half_arithmetic = arithmetic == 1;
  OARLOCK_ASSIGN(const size_t storage,
                 one_of(settings, "opencl.storage", {"auto", "buffer", "image"}));
  s.storage = static_cast<Storage>(storage);
  OARLOCK_ASSIGN(const size_t library, one_of(settings, "opencl.ml", {"on", "off"}));
  s.vendor_library = library == 0;
  OARLOCK_ASSIGN(const size_t clblast,
                 one_of(settings, "opencl.clblast", {"where_faster", "on", "off"}));
  s.clblast = static_cast<Settings::Clblast>(clblast);
  if (const auto without = settings.find("opencl.without"); without != settings.end()) {
    std::istringstream names(without->second);
    for (std::string name; std::getline(names, name, ',');) s.without.insert(name);
  }
  const auto path = [&](const char* name) {
    const auto setting = settings.find(name);
    return std::filesystem::path(setting == settings.end() ? "" : setting->second);
  };
  s.binary = path("opencl.binary");
  s.export_folder = path("opencl.export");
  std::error_code error;
  if (!s.binary.empty() && !std::filesystem::exists(s.binary, error))
    return io_error("the setting opencl.binary: there is no file or folder ", s.binary.string());
  if (!s.binary.empty() && !s.export_folder.empty())
    return invalid("the settings opencl.binary and opencl.export exclude each other");
  return s;
}

}  // namespace oarlock::opencl
