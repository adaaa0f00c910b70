#include "tools/cli/kernel_arguments.h"

#include <charconv>
#include <cstring>
#include <optional>

#include "core/graph/mapped_file.h"
#include "tools/cli/command.h"
#include "tools/cli/npy.h"

namespace oarlock::cli {
namespace {

std::vector<std::string> pieces(const std::string& text, const char* separators) {
  std::vector<std::string> list(1);
  for (const char c : text) {
    if (std::strchr(separators, c) != nullptr)
      list.emplace_back();
    else
      list.back() += c;
  }
  return list;
}

template <class T>
Status append_numbers(const std::string& text, size_t count, std::vector<std::byte>& bytes) {
  const std::vector<std::string> list = pieces(text, ",");
  if (list.size() != count)
    return invalid("'", text, "' has ", list.size(), " numbers, but the type takes ", count);
  // Vectors of three take the room of four.
  bytes.resize(sizeof(T) * (count == 3 ? 4 : count));
  for (size_t i = 0; i < count; ++i) {
    T value{};
    const char* const end = list[i].data() + list[i].size();
    const auto [stop, error] = std::from_chars(list[i].data(), end, value);
    if (error != std::errc() || stop != end)
      return invalid("'", list[i], "' is no number of that type");
    std::memcpy(bytes.data() + i * sizeof(T), &value, sizeof(T));
  }
  return {};
}

// "int2" and "3,4"; nothing when the type is none of numbers.
std::optional<Status> parse_numbers(const std::string& type, const std::string& text,
                                    std::vector<std::byte>& bytes) {
  const size_t digits = type.find_first_of("0123456789");
  const std::string base = type.substr(0, digits);
  size_t count = 1;
  if (digits != std::string::npos) {
    const std::string number = type.substr(digits);
    count = 0;
    for (const size_t known : {2, 3, 4, 8, 16})
      if (number == std::to_string(known)) count = known;
    if (count == 0) return std::nullopt;
  }
  if (base == "int") return append_numbers<int32_t>(text, count, bytes);
  if (base == "uint") return append_numbers<uint32_t>(text, count, bytes);
  if (base == "long") return append_numbers<int64_t>(text, count, bytes);
  if (base == "ulong") return append_numbers<uint64_t>(text, count, bytes);
  if (base == "float") return append_numbers<float>(text, count, bytes);
  if (base == "double") return append_numbers<double>(text, count, bytes);
  return std::nullopt;
}

// "float32:4x8"
Result<Tensor> zeros(const std::string& text) {
  const size_t colon = text.find(':');
  const std::optional<DType> dtype = parse_dtype(text.substr(0, colon));
  if (!dtype || colon == std::string::npos || *dtype == DType::string)
    return invalid("an output is given as TYPE:SHAPE, such as float32:4x8, not '", text, "'");
  OARLOCK_ASSIGN(const Shape shape, parse_shape(text.substr(colon + 1)));
  OARLOCK_ASSIGN(Tensor tensor, Tensor::allocate(*dtype, shape));
  std::memset(tensor.mutable_data(), 0, tensor.bytes());
  return tensor;
}

}  // namespace

Result<Tensor> read_npy(const std::string& path) {
  OARLOCK_ASSIGN(const auto file, MappedFile::open(path));
  Result<Tensor> tensor = parse_npy(file->bytes());
  if (!tensor.ok()) return tensor.status().within(path);
  if (tensor->dtype() == DType::string) return invalid(path, ": strings cannot go to a device");
  return tensor;
}

Result<KernelArgument> parse_kernel_argument(const std::string& text) {
  KernelArgument argument;
  if (text == "null") return argument;
  argument.kind = KernelArgument::Kind::buffer;
  argument.output = true;
  if (text == "out") return argument;
  const size_t equals = text.find('=');
  const std::string type = equals == std::string::npos ? "" : text.substr(0, equals);
  const std::string value = text.substr(equals == std::string::npos ? 0 : equals + 1);
  if (type == "out") {
    OARLOCK_ASSIGN(argument.tensor, zeros(value));
    return argument;
  }
  if (type.empty() || type == "inout") {
    argument.output = type == "inout";
    OARLOCK_ASSIGN(argument.tensor, read_npy(value));
    return argument;
  }
  argument.output = false;
  if (type == "local") {
    OARLOCK_ASSIGN(const Extents bytes, parse_extents(value));
    argument.kind = KernelArgument::Kind::local;
    argument.local_bytes = bytes.values[0] * bytes.values[1] * bytes.values[2];
    return argument;
  }
  argument.kind = KernelArgument::Kind::numbers;
  const std::optional<Status> parsed = parse_numbers(type, value, argument.numbers);
  if (!parsed)
    return invalid("argument '", text, "': there is no kind '", type,
                   "'; known are out, inout, local, and int, uint, long, ulong, float, double with "
                   "2, 3, 4, 8 or 16 for vectors");
  if (!parsed->ok()) return parsed->within(concat("argument '", text, "'"));
  return argument;
}

Result<Extents> parse_extents(const std::string& text) {
  const std::vector<std::string> list = pieces(text, ",x");
  Extents extents;
  if (list.size() > extents.values.size()) return invalid("'", text, "' has more than 3 extents");
  for (const std::string& each : list) {
    uint32_t value = 0;
    const char* const end = each.data() + each.size();
    const auto [stop, error] = std::from_chars(each.data(), end, value);
    if (error != std::errc() || stop != end || value == 0)
      return invalid("'", text, "' is no list of positive extents such as 64,8");
    extents.values[extents.count++] = value;
  }
  return extents;
}

}  // namespace oarlock::cli
