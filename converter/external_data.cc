#include "converter/external_data.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <optional>
#include <system_error>

namespace oarlock::converter {

namespace fs = std::filesystem;

namespace {

Result<uint64_t> parse_number(const std::string& key, const std::string& text) {
  uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end)
    return invalid("external data: '", key, "' is '", text, "', expected a number of bytes");
  return value;
}

// Whether `path` lies in `folder`; both canonical.
bool is_below(const fs::path& path, const fs::path& folder) {
  const auto [in_folder, in_path] =
      std::mismatch(folder.begin(), folder.end(), path.begin(), path.end());
  return in_folder == folder.end() && in_path != path.end();
}

}  // namespace

Result<std::shared_ptr<const MappedFile>> ExternalData::open(const std::string& location) {
  if (auto found = files_.find(location); found != files_.end()) return found->second;
  if (folder_.empty())
    return invalid("external data '", location,
                   "' is refused, as the folder of the model is not known; convert from a file");
  const fs::path relative(location);
  if (location.empty() || location.find('\0') != std::string::npos || relative.is_absolute() ||
      std::find(relative.begin(), relative.end(), "..") != relative.end())
    return invalid("external data '", location,
                   "' is refused: the location must be a path below the model's folder, without "
                   "'..' and not absolute");
  std::error_code error;
  const fs::path folder = fs::canonical(folder_, error);
  if (error) return io_error("cannot find the model's folder '", folder_, "': ", error.message());
  const fs::path path = fs::canonical(folder / relative, error);
  if (error)
    return io_error("cannot find the external data '", location, "' in '", folder_,
                    "': ", error.message(), "; keep it beside the model");
  if (!is_below(path, folder))
    return invalid("external data '", location, "' is refused: a link leads to '", path.string(),
                   "', outside the model's folder; copy the file into the folder");
  OARLOCK_ASSIGN(std::shared_ptr<const MappedFile> file, MappedFile::open(path.string()));
  files_.emplace(location, file);
  return file;
}

Result<ExternalData::Part> ExternalData::find(const onnx::TensorProto& tensor, size_t size) {
  std::optional<std::string> location;
  uint64_t offset = 0;
  uint64_t length = size;
  for (const onnx::StringStringEntryProto& entry : tensor.external_data()) {
    if (entry.key() == "location") {
      location = entry.value();
    } else if (entry.key() == "offset") {
      OARLOCK_ASSIGN(offset, parse_number("offset", entry.value()));
    } else if (entry.key() == "length") {
      OARLOCK_ASSIGN(length, parse_number("length", entry.value()));
    }
  }
  if (!location) return invalid("external data without a location");
  if (length != size)
    return invalid("external data '", *location, "' has a length of ", length,
                   " bytes, but type and shape need ", size);
  OARLOCK_ASSIGN(std::shared_ptr<const MappedFile> file, open(*location));
  const std::span<const std::byte> bytes = file->bytes();
  if (offset > bytes.size() || size > bytes.size() - offset)
    return invalid("external data '", *location, "' has ", bytes.size(), " bytes, too few for ",
                   size, " bytes at offset ", offset, "; is the file truncated?");
  return Part{bytes.subspan(offset, size), std::move(file)};
}

}  // namespace oarlock::converter
