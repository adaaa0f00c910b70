#include "tools/cli/npz.h"

#include <unistd.h>
#include <zip.h>

#include <memory>
#include <utility>

#include "tools/cli/npy.h"

namespace oarlock::cli {
namespace {

// More than zlib can reach: a zip file that claims more is made to exhaust memory.
constexpr uint64_t kMaxRatio = 1100;

struct ZipDiscard {
  void operator()(zip_t* archive) const { zip_discard(archive); }
};
using Archive = std::unique_ptr<zip_t, ZipDiscard>;

Result<Archive> open_archive(const std::string& path, int flags) {
  int code = 0;
  zip_t* archive = zip_open(path.c_str(), flags, &code);
  if (archive != nullptr) return Archive(archive);
  zip_error_t error;
  zip_error_init_with_code(&error, code);
  Status status = io_error(path, ": ", zip_error_strerror(&error));
  zip_error_fini(&error);
  return status;
}

Result<std::vector<std::byte>> read_entry(zip_t* archive, zip_uint64_t index) {
  zip_stat_t info;
  if (zip_stat_index(archive, index, 0, &info) != 0 || !(info.valid & ZIP_STAT_SIZE) ||
      !(info.valid & ZIP_STAT_COMP_SIZE))
    return invalid("its directory is damaged: ", zip_strerror(archive));
  if (info.size / kMaxRatio > info.comp_size)
    return invalid("it claims to unpack to ", info.size, " bytes");
  const std::unique_ptr<zip_file_t, decltype(&zip_fclose)> file(zip_fopen_index(archive, index, 0),
                                                                zip_fclose);
  if (file == nullptr) return invalid("it cannot be read: ", zip_strerror(archive));
  std::vector<std::byte> bytes;
  constexpr size_t kStep = size_t{1} << 20;  // grows with what is really there
  while (true) {
    const size_t before = bytes.size();
    bytes.resize(before + kStep);
    const zip_int64_t n = zip_fread(file.get(), bytes.data() + before, kStep);
    if (n < 0) return invalid("it is damaged: ", zip_file_strerror(file.get()));
    bytes.resize(before + static_cast<size_t>(n));
    if (n == 0) return bytes;
  }
}

Status add_array(zip_t* archive, const std::string& name, const Value& value,
                 std::vector<std::vector<std::byte>>& storage) {
  if (value.empty()) return {};
  if (value.is_sequence()) {
    size_t i = 0;
    for (const Value& item : value.sequence())
      OARLOCK_TRY(add_array(archive, concat(name, ".", i++), item, storage));
    return {};
  }
  if (value.is_map()) {
    OARLOCK_TRY(add_array(archive, name + ".keys", value.map().keys, storage));
    return add_array(archive, name + ".values", value.map().values, storage);
  }
  OARLOCK_ASSIGN(std::vector<std::byte> bytes, format_npy(value.tensor()));
  storage.push_back(std::move(bytes));
  zip_source_t* source =
      zip_source_buffer(archive, storage.back().data(), storage.back().size(), 0);
  const std::string entry = name + ".npy";
  const zip_int64_t index =
      source ? zip_file_add(archive, entry.c_str(), source, ZIP_FL_ENC_UTF_8) : -1;
  if (index < 0) {
    zip_source_free(source);
    return io_error("cannot add ", entry, ": ", zip_strerror(archive));
  }
  if (zip_set_file_compression(archive, static_cast<zip_uint64_t>(index), ZIP_CM_STORE, 0) != 0)
    return io_error("cannot add ", entry, ": ", zip_strerror(archive));
  return {};
}

}  // namespace

Result<std::vector<NamedValue>> read_npz(
    const std::string& path,
    const std::function<std::optional<DType>(const std::string& name)>& wanted) {
  OARLOCK_ASSIGN(const Archive archive, open_archive(path, ZIP_RDONLY));
  std::vector<NamedValue> values;
  const zip_int64_t count = zip_get_num_entries(archive.get(), 0);
  for (zip_int64_t i = 0; i < count; ++i) {
    const char* raw_name = zip_get_name(archive.get(), static_cast<zip_uint64_t>(i), 0);
    std::string name = raw_name ? raw_name : "";
    const std::string where = concat(path, ": array '", name, "'");
    if (name.ends_with(".npy")) name.resize(name.size() - 4);
    Result<std::vector<std::byte>> bytes = read_entry(archive.get(), static_cast<zip_uint64_t>(i));
    if (!bytes.ok()) return bytes.status().within(where);
    Result<Tensor> tensor = parse_npy(bytes.value(), wanted ? wanted(name) : std::nullopt);
    if (!tensor.ok()) return tensor.status().within(where);
    values.push_back({std::move(name), Value(std::move(tensor).value())});
  }
  return values;
}

Status write_npz(const std::string& path, std::span<const NamedValue> values) {
  const std::string temporary = concat(path, ".part", ::getpid());
  std::vector<std::vector<std::byte>> storage;
  OARLOCK_ASSIGN(Archive archive, open_archive(temporary, ZIP_CREATE | ZIP_TRUNCATE));
  for (const NamedValue& value : values)
    OARLOCK_TRY(add_array(archive.get(), value.name, value.value, storage));
  if (values.empty()) return invalid("there is nothing to write to ", path);
  if (zip_close(archive.get()) != 0)
    return io_error("cannot write ", path, ": ", zip_strerror(archive.get()));
  (void)archive.release();
  if (::rename(temporary.c_str(), path.c_str()) != 0) {
    ::unlink(temporary.c_str());
    return io_error("cannot write ", path);
  }
  return {};
}

}  // namespace oarlock::cli
