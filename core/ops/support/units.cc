#include "core/ops/support/units.h"

#include <algorithm>
#include <cstring>

namespace oarlock::ops {
namespace {

bool is_packed(const Tensor& tensor) { return tensor.defined() && bits(tensor.dtype()) < 8; }

}  // namespace

Result<Units> Units::read(const Tensor& tensor) {
  Units units;
  if (!is_packed(tensor)) {
    units.tensor_ = tensor;
    return units;
  }
  OARLOCK_ASSIGN(units.tensor_, Tensor::allocate(DType::uint8, tensor.shape()));
  for (int64_t i = 0; i < tensor.elements(); ++i) {
    units.data<uint8_t>()[i] = static_cast<uint8_t>(load_packed(tensor.dtype(), tensor.data(), i));
  }
  return units;
}

Result<Units> Units::write(Tensor& target) {
  Units units;
  if (!is_packed(target)) {
    units.tensor_ = target;
    return units;
  }
  OARLOCK_ASSIGN(units.tensor_, Tensor::allocate(DType::uint8, target.shape()));
  units.packed_target_ = target;
  return units;
}

Result<Units> Units::modify(Tensor& target) {
  if (!is_packed(target)) return write(target);
  OARLOCK_ASSIGN(Units units, read(target));
  units.packed_target_ = target;
  return units;
}

void Units::finish() {
  if (!packed_target_.defined()) return;
  std::fill_n(packed_target_.mutable_data(), packed_target_.bytes(), std::byte{0});
  for (int64_t i = 0; i < packed_target_.elements(); ++i) {
    store_packed(packed_target_.dtype(), packed_target_.mutable_data(), i, data<uint8_t>()[i]);
  }
}

Status copy_elements(const Tensor& from, Tensor& to) {
  if (from.dtype() == DType::string) {
    const auto strings = from.as<std::string>();
    std::copy(strings.begin(), strings.end(), to.mutable_as<std::string>().begin());
  } else if (from.bytes() > 0 && from.data() != to.data()) {
    std::memcpy(to.mutable_data(), from.data(), from.bytes());
  }
  return {};
}

}  // namespace oarlock::ops
