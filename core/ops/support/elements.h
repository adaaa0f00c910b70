#pragma once

#include <cstdint>
#include <vector>

#include "oarlock/plugin/numeric.h"
#include "oarlock/tensor.h"

namespace oarlock::ops {

// The elements of a numeric or bool tensor as C (float, double or int64_t): a view where they are
// stored so, else a converted copy. The tensor must outlive the object.
template <class C>
class Elements {
 public:
  Elements() = default;
  explicit Elements(const Tensor& tensor);
  Elements(const Elements&) = delete;
  Elements& operator=(const Elements&) = delete;
  Elements(Elements&& other) noexcept = default;
  Elements& operator=(Elements&& other) noexcept = default;

  const C* data() const { return data_; }
  int64_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  C operator[](int64_t i) const { return data_[i]; }
  const C* begin() const { return data_; }
  const C* end() const { return data_ + size_; }

 private:
  std::vector<C> copy_;
  const C* data_ = nullptr;
  int64_t size_ = 0;
};

// Room for the elements of an output as C (float, double or int64_t): the tensor's own memory where
// it stores C, else a buffer that store() converts and writes. Integers are rounded to nearest even
// and saturated when C is a float.
template <class C>
class Results {
 public:
  explicit Results(Tensor& tensor);
  Results(const Results&) = delete;
  Results& operator=(const Results&) = delete;

  C* data() { return data_; }
  int64_t size() const { return tensor_->elements(); }
  C& operator[](int64_t i) { return data_[i]; }
  void store();

 private:
  Tensor* tensor_;
  std::vector<C> buffer_;
  C* data_ = nullptr;
};

// Element i of a numeric or bool tensor.
double element(const Tensor& tensor, int64_t i);

// Calls f(TypeTag<double>) for float64, else f(TypeTag<float>), and returns what it returns.
template <class F>
auto with_compute_type(DType dtype, F&& f) {
  return dtype == DType::float64 ? f(TypeTag<double>{}) : f(TypeTag<float>{});
}

}  // namespace oarlock::ops
