#include "tools/cli/inputs.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <optional>
#include <utility>

#include "core/graph/mapped_file.h"
#include "tools/cli/npy.h"
#include "tools/cli/npz.h"
#include "tools/cli/random_values.h"

namespace oarlock::cli {
namespace {

std::optional<DType> element_type(const TypeInfo& type) {
  const TypeInfo* t = &type;
  while (t->element != nullptr) t = t->element.get();
  return t->is_tensor() && t->dtype != DType::undefined ? std::optional(t->dtype) : std::nullopt;
}

Result<Tensor> read_raw(const std::string& path, const NamedType& input,
                        std::span<const std::byte> bytes) {
  if (!input.type.is_tensor() || !input.type.has_rank || input.type.dtype == DType::undefined)
    return invalid("a raw file does not fit input '", input.name, "' of type ", input.type);
  Shape shape = input.type.shape;
  int64_t known = 1;
  size_t unknown = 0;
  for (int64_t dim : shape) {
    if (dim == Shape::kUnknown)
      ++unknown;
    else if (__builtin_mul_overflow(known, dim, &known))
      return invalid("shape ", shape, " overflows");
  }
  // One open extent follows from the size of the file.
  if (unknown == 1 && known > 0) {
    const int64_t elements = static_cast<int64_t>(bytes.size() * 8 / bits(input.type.dtype));
    for (int64_t& dim : shape)
      if (dim == Shape::kUnknown) dim = elements / known;
  }
  const std::optional<int64_t> elements = shape.elements();
  const std::optional<size_t> wanted =
      elements ? storage_bytes(input.type.dtype, *elements) : std::nullopt;
  if (!wanted)
    return invalid("the shape of input '", input.name, "' is open: ", input.type,
                   "; give it with --shape");
  if (*wanted != bytes.size())
    return invalid(path, " has ", bytes.size(), " bytes, input '", input.name, "' of type ",
                   input.type, " takes ", *wanted);
  if (input.type.dtype == DType::string) return invalid("a raw file cannot hold strings");
  OARLOCK_ASSIGN(Tensor tensor, Tensor::allocate(input.type.dtype, shape));
  if (!bytes.empty()) std::memcpy(tensor.mutable_data(), bytes.data(), bytes.size());
  if (input.type.dtype == DType::boolean)
    for (bool& b : tensor.mutable_as<bool>()) {
      std::byte raw;
      std::memcpy(&raw, &b, 1);
      b = raw != std::byte{0};
    }
  return tensor;
}

Result<Value> read_one(const std::string& path, const NamedType& input, const ImageOptions& image) {
  if (is_image_file(path)) {
    OARLOCK_ASSIGN(Tensor tensor, read_image(path, input.type, image));
    return Value(std::move(tensor));
  }
  OARLOCK_ASSIGN(const auto file, MappedFile::open(path));
  Result<Tensor> tensor = path.ends_with(".npy")
                              ? parse_npy(file->bytes(), element_type(input.type))
                              : read_raw(path, input, file->bytes());
  if (!tensor.ok()) return tensor.status().within(path);
  return Value(std::move(tensor).value());
}

const NamedType* find(const std::vector<NamedType>& inputs, const std::string& name) {
  for (const NamedType& input : inputs)
    if (input.name == name) return &input;
  return nullptr;
}

Status no_such_input(const std::string& name, const std::vector<NamedType>& inputs) {
  return invalid("the model has no input '", name, "'; it has: ", describe(inputs));
}

// Arrays of an .npz by name; name.0, name.1, ... are the elements of a sequence, name.keys and
// name.values those of a map.
Status take_npz(const std::string& path, const std::vector<NamedType>& inputs,
                std::map<std::string, Value>& values) {
  const auto base = [&](const std::string& name) {
    const size_t dot = name.rfind('.');
    const bool numbered = dot != std::string::npos && dot + 1 < name.size() &&
                          name.find_first_not_of("0123456789", dot + 1) == std::string::npos;
    const bool part = name.ends_with(".keys") || name.ends_with(".values");
    return !find(inputs, name) && (numbered || part) ? name.substr(0, dot) : name;
  };
  OARLOCK_ASSIGN(auto arrays, read_npz(path, [&](const std::string& name) {
                   const NamedType* input = find(inputs, base(name));
                   return input ? element_type(input->type) : std::nullopt;
                 }));
  std::map<std::string, Sequence> sequences;
  std::map<std::string, Map> maps;
  for (NamedValue& array : arrays) {
    const std::string name = base(array.name);
    if (find(inputs, name) == nullptr) return no_such_input(array.name, inputs).within(path);
    if (name == array.name)
      values[name] = std::move(array.value);
    else if (array.name.ends_with(".keys"))
      maps[name].keys = array.value.tensor();
    else if (array.name.ends_with(".values"))
      maps[name].values = array.value.tensor();
    else
      sequences[name].push_back(std::move(array.value));
  }
  for (auto& [name, sequence] : sequences) values[name] = Value(std::move(sequence));
  for (auto& [name, map] : maps) {
    Result<Value> value = Value::map_of(std::move(map.keys), std::move(map.values));
    if (!value.ok()) return value.status().within(concat(path, ": '", name, "'"));
    values[name] = *std::move(value);
  }
  return {};
}

}  // namespace

std::string describe(const std::vector<NamedType>& types) {
  std::string text;
  for (const NamedType& each : types)
    text += concat(text.empty() ? "" : "; ", "'", each.name, "' ", each.type);
  return text.empty() ? "none" : text;
}

void InputOptions::add_to(CLI::App* command, bool positional) {
  const char* help =
      "Values of an input: .npy, .npz (all inputs by name), an image, or raw little-endian "
      "elements. "
      "Without NAME: the next input in the model's order";
  command->add_option(positional ? "files,--input" : "--input", files, help)
      ->type_name("[NAME=]FILE")
      ->allow_extra_args(false);
  seed_option =
      command->add_option("--seed", seed,
                          needs_values ? "Make up values for inputs without a file, from this seed"
                                       : "Inputs without a file get values made up from this seed");
  const char* group = "Images";
  command->add_option("--mean", image.mean, "Subtracted after scaling, one number or one a channel")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->group(group);
  command->add_option("--std", image.std, "Divided by afterwards, one number or one a channel")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->group(group)
      ->check(CLI::PositiveNumber);
  command
      ->add_option("--scale", image.scale,
                   "Pixels 0..255 are multiplied by this; default 1/255 for float inputs, else 1")
      ->group(group);
  command->add_option("--layout", image.layout, "Where channels are; default: by the input's shape")
      ->check(CLI::IsMember({"nchw", "nhwc"}))
      ->group(group);
  command->add_option("--channels", image.channels, "Order of channels")
      ->check(CLI::IsMember({"rgb", "bgr", "gray"}))
      ->capture_default_str()
      ->group(group);
}

Result<std::vector<NamedValue>> InputOptions::read(const std::vector<NamedType>& inputs,
                                                   std::vector<std::string>* made_up) const {
  std::map<std::string, Value> values;
  for (const std::string& each : files) {
    const size_t equals = each.find('=');
    const std::string prefix = equals == std::string::npos ? "" : each.substr(0, equals);
    const NamedType* input = prefix.empty() ? nullptr : find(inputs, prefix);
    if (!prefix.empty() && input == nullptr && prefix.find_first_of("/.") == std::string::npos)
      return no_such_input(prefix, inputs);
    const std::string path = input ? each.substr(equals + 1) : each;
    if (!input && path.ends_with(".npz")) {
      OARLOCK_TRY(take_npz(path, inputs, values));
      continue;
    }
    for (size_t i = 0; !input && i < inputs.size(); ++i)
      if (!values.contains(inputs[i].name)) input = &inputs[i];
    if (input == nullptr)
      return invalid("there are more files than inputs; the inputs are ", describe(inputs));
    OARLOCK_ASSIGN(values[input->name], read_one(path, *input, image));
  }
  std::vector<NamedValue> list;
  for (const NamedType& input : inputs) {
    const auto found = values.find(input.name);
    if (found != values.end()) {
      list.push_back({input.name, std::move(found->second)});
      continue;
    }
    if (needs_values && seed_option->count() == 0)
      return invalid("input '", input.name, "' ", input.type,
                     " has no value; give a file, or --seed 1 for made-up values");
    OARLOCK_ASSIGN(Value value, random_value(input.type, input.name, seed));
    list.push_back({input.name, std::move(value)});
    if (made_up != nullptr) made_up->push_back(input.name);
  }
  return list;
}

}  // namespace oarlock::cli
