#pragma once
// OpenCL ML: a vendor's operators as an extension of OpenCL, compiled against the vendor's header.

#include <memory>
#include <type_traits>

#include "backends/opencl/device.h"
// After the headers of OpenCL.
#include <CL/cl_qcom_ml_ops.h>

namespace oarlock::opencl::ml {

// The table of functions of the header's version.
#define OARLOCK_JOIN3_(a, b, c) a##b##c
#define OARLOCK_JOIN3(a, b, c) OARLOCK_JOIN3_(a, b, c)
using Interface = OARLOCK_JOIN3(CLMLInterfaceV, CL_QCOM_ML_OPS_H_MAJOR_VERSION, QCOM);

using Tensor = std::shared_ptr<std::remove_pointer_t<cl_ml_tensor_qcom>>;
using Operation = std::shared_ptr<std::remove_pointer_t<cl_ml_op_qcom>>;

// Extents of a tensor as the library sees it.
struct Dims {
  cl_uint n = 1, c = 1, h = 1, w = 1;

  // Batch and channels first; missing ones at the end are 1, and a vector holds channels. Refuses
  // more than four.
  static Result<Dims> of(const Shape& shape);
  friend bool operator==(const Dims&, const Dims&) = default;
};

// The library on one device. Thread-safe as far as the vendor's functions are.
class Library {
 public:
  // Why a device has none: switched off, no such extension, or none of the header's version. Found
  // through clGetExtensionFunctionAddressForPlatform, once a device.
  static Result<const Library*> of(const Device& device);

  const Interface& calls() const { return *calls_; }
  cl_context context() const { return context_; }
  // Float32 or float16, in the library's own layout or as NCHW.
  Result<Tensor> tensor(DType dtype, const Dims& dims, bool own_layout) const;
  // What stands for an omitted tensor.
  Result<Tensor> no_tensor() const;
  Result<size_t> bytes(const Tensor& tensor) const;
  // Takes over what a creating function has made; refuses with the error's name.
  Result<Operation> made(cl_int code, cl_ml_op_qcom operation) const;

 private:
  Library(const Interface* calls, cl_context context) : calls_(calls), context_(context) {}
  Result<Tensor> create(const cl_ml_tensor_desc_qcom& desc) const;

  const Interface* calls_;
  cl_context context_;
};

// How exactly operators compute on a type.
inline cl_arithmetic_mode_qcom arithmetic(DType dtype) {
  return dtype == DType::float16 ? CL_ARITHMETIC_MODE_FP16_ACC32_QCOM
                                 : CL_ARITHMETIC_MODE_FP32_QCOM;
}

}  // namespace oarlock::opencl::ml
