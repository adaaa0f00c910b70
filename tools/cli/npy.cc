#include "tools/cli/npy.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "oarlock/plugin/numeric.h"
#include "tools/cli/npy_header.h"
#include "tools/cli/utf.h"

namespace oarlock::cli {
namespace {

struct Description {
  DType dtype;
  const char* text;
};
constexpr Description kDescriptions[] = {
    {DType::float32, "<f4"},   {DType::float64, "<f8"},    {DType::float16, "<f2"},
    {DType::int8, "|i1"},      {DType::int16, "<i2"},      {DType::int32, "<i4"},
    {DType::int64, "<i8"},     {DType::uint8, "|u1"},      {DType::uint16, "<u2"},
    {DType::uint32, "<u4"},    {DType::uint64, "<u8"},     {DType::boolean, "|b1"},
    {DType::complex64, "<c8"}, {DType::complex128, "<c16"}};

std::optional<DType> plain_dtype(const NpyHeader& header) {
  for (const Description& d : kDescriptions)
    if (d.text[1] == header.kind && std::stoul(d.text + 2) == header.item_bytes) return d.dtype;
  return std::nullopt;
}

bool is_packed(DType dtype) { return dtype != DType::undefined && bits(dtype) < 8; }

// Element i of the file, for the i-th element in row-major order.
class SourceOrder {
 public:
  explicit SourceOrder(const NpyHeader& header) : shape_(header.shape), index_(shape_.rank()) {
    if (!header.column_major) return;
    steps_.resize(shape_.rank());
    int64_t step = 1;
    for (size_t i = 0; i < shape_.rank(); ++i) {
      steps_[i] = step;
      step *= shape_[i];
    }
  }
  // Called for row-major positions 0, 1, 2, ...
  size_t next() {
    const auto position = static_cast<size_t>(steps_.empty() ? count_ : offset_);
    ++count_;
    for (size_t axis = steps_.size(); axis-- > 0;) {
      offset_ += steps_[axis];
      if (++index_[axis] < shape_[axis]) break;
      offset_ -= steps_[axis] * shape_[axis];
      index_[axis] = 0;
    }
    return position;
  }

 private:
  Shape shape_;
  std::vector<int64_t> index_, steps_;
  int64_t count_ = 0, offset_ = 0;
};

Tensor read_strings(const NpyHeader& header, std::span<const std::byte> data, size_t count) {
  std::vector<std::string> strings(count);
  SourceOrder order(header);
  for (std::string& s : strings) {
    const auto item = data.subspan(order.next() * header.item_bytes, header.item_bytes);
    if (header.kind == 'S') {
      s.assign(reinterpret_cast<const char*>(item.data()), item.size());
      s.resize(s.find_last_not_of('\0') + 1);
    } else {
      s = utf8_of_utf32(item, header.order == '>');
    }
  }
  return Tensor::strings(header.shape, std::move(strings));
}

// Swaps bytes within each number of `width` bytes.
void reverse_bytes(std::span<std::byte> data, size_t width) {
  for (size_t at = 0; at + width <= data.size(); at += width)
    std::reverse(data.begin() + static_cast<std::ptrdiff_t>(at),
                 data.begin() + static_cast<std::ptrdiff_t>(at + width));
}

}  // namespace

Result<Tensor> parse_npy(std::span<const std::byte> file, std::optional<DType> wanted) {
  OARLOCK_ASSIGN(const NpyHeader header, parse_npy_header(file));
  const std::optional<int64_t> elements = header.shape.elements();
  const auto data = file.subspan(header.data_at);
  size_t bytes = 0;
  if (!elements ||
      __builtin_mul_overflow(static_cast<size_t>(*elements), header.item_bytes, &bytes))
    return invalid("its shape ", header.shape, " overflows");
  if (bytes > data.size())
    return invalid("it is truncated: shape ", header.shape, " takes ", bytes, " bytes, ",
                   data.size(), " are there");
  const auto count = static_cast<size_t>(*elements);
  if (header.kind == 'S' || header.kind == 'U') {
    if (header.item_bytes == 0 && count > file.size())
      return invalid("shape ", header.shape, " of empty strings is too large");
    return read_strings(header, data, count);
  }

  std::optional<DType> dtype = plain_dtype(header);
  const bool raw = header.kind == 'V';
  if (wanted && is_packed(*wanted) && header.item_bytes == 1 && header.kind != 'b') {
    OARLOCK_ASSIGN(Tensor packed, Tensor::allocate(*wanted, header.shape));
    std::memset(packed.mutable_data(), 0, packed.bytes());
    SourceOrder order(header);
    for (size_t i = 0; i < count; ++i)
      store_packed(*wanted, packed.mutable_data(), static_cast<int64_t>(i),
                   static_cast<int8_t>(data[order.next()]));
    return packed;
  }
  if (raw && wanted && bits(*wanted) == 8 * header.item_bytes && *wanted != DType::string)
    dtype = wanted;
  if (!dtype) {
    return unsupported("its elements of type ", header.kind, header.item_bytes,
                       wanted ? concat(" do not fit ", *wanted) : std::string(" are not known"));
  }
  if (count > 0 && header.item_bytes == 0) return invalid("its elements take no bytes");
  OARLOCK_ASSIGN(Tensor tensor, Tensor::allocate(*dtype, header.shape));
  if (!header.column_major) {
    std::memcpy(tensor.mutable_data(), data.data(), bytes);
  } else {
    SourceOrder order(header);
    for (size_t i = 0; i < count; ++i)
      std::memcpy(tensor.mutable_data() + i * header.item_bytes,
                  data.data() + order.next() * header.item_bytes, header.item_bytes);
  }
  if (header.order == '>')
    reverse_bytes({tensor.mutable_data(), tensor.bytes()},
                  header.kind == 'c' ? header.item_bytes / 2 : header.item_bytes);
  if (*dtype == DType::boolean)
    for (size_t i = 0; i < count; ++i)
      if (tensor.data()[i] != std::byte{0}) tensor.mutable_data()[i] = std::byte{1};
  return tensor;
}

Result<std::vector<std::byte>> format_npy(const Tensor& tensor) {
  if (!tensor.defined()) return invalid("an empty value has no .npy form");
  std::string description = concat("|V", bits(tensor.dtype()) / 8);
  std::vector<std::byte> data;
  if (tensor.dtype() == DType::string) {
    const size_t width = append_utf32(tensor.as<std::string>(), data);
    description = concat("<U", width);
  } else if (is_packed(tensor.dtype())) {
    description = is_integer(tensor.dtype()) ? (is_signed(tensor.dtype()) ? "|i1" : "|u1") : "|V1";
    for (int64_t i = 0; i < tensor.elements(); ++i)
      data.push_back(static_cast<std::byte>(load_packed(tensor.dtype(), tensor.data(), i)));
  } else {
    for (const Description& d : kDescriptions)
      if (d.dtype == tensor.dtype()) description = d.text;
    data.assign(tensor.data(), tensor.data() + tensor.bytes());
  }
  const std::string header = npy_header(description, tensor.shape());
  const auto* first = reinterpret_cast<const std::byte*>(header.data());
  data.insert(data.begin(), first, first + header.size());
  return data;
}

}  // namespace oarlock::cli
