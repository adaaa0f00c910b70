#include "backends/opencl/ml/library.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "backends/opencl/context.h"

namespace oarlock::opencl::ml {

namespace {

#define OARLOCK_TEXT_(x) #x
#define OARLOCK_TEXT(x) OARLOCK_TEXT_(x)
constexpr char kGetInterface[] =
    "clGetMLInterfaceV" OARLOCK_TEXT(CL_QCOM_ML_OPS_H_MAJOR_VERSION) "QCOM";

using QueryVersions = cl_int(CL_API_CALL*)(cl_int*, cl_int*, cl_uint, cl_uint*);
using GetInterface = Interface*(CL_API_CALL*)(cl_int);

template <class Function>
Function entry(cl_platform_id platform, const char* name) {
  return reinterpret_cast<Function>(clGetExtensionFunctionAddressForPlatform(platform, name));
}

Result<const Interface*> find_interface(const cl::Device& device) {
  if (device.getInfo<CL_DEVICE_EXTENSIONS>().find("cl_qcom_ml_ops") == std::string::npos)
    return unsupported("the device has no cl_qcom_ml_ops");
  const cl_platform_id platform = device.getInfo<CL_DEVICE_PLATFORM>();
  const auto query = entry<QueryVersions>(platform, "clQueryMLInterfaceVersionsQCOM");
  const auto get = entry<GetInterface>(platform, kGetInterface);
  if (query == nullptr || get == nullptr)
    return unsupported("the driver has no ", query == nullptr ? "list of versions" : kGetInterface);
  cl_uint count = 0;
  OARLOCK_TRY(check(query(nullptr, nullptr, 0, &count), "versions of OpenCL ML"));
  std::vector<cl_int> major(count), minor(count);
  if (count > 0)
    OARLOCK_TRY(check(query(major.data(), minor.data(), count, nullptr), "versions of OpenCL ML"));
  if (std::find(major.begin(), major.end(), CL_QCOM_ML_OPS_H_MAJOR_VERSION) == major.end())
    return unsupported("the driver has no OpenCL ML of version ", CL_QCOM_ML_OPS_H_MAJOR_VERSION);
  const Interface* const found = get(0);
  if (found == nullptr) return unsupported(kGetInterface, " gives nothing");
  return found;
}

}  // namespace

Result<Dims> Dims::of(const Shape& shape) {
  if (shape.rank() < 1 || shape.rank() > 4) return unsupported("a shape of rank ", shape.rank());
  const auto at = [&](size_t i) {
    return i < shape.rank() ? static_cast<cl_uint>(shape[i]) : cl_uint{1};
  };
  if (shape.rank() == 1) return Dims{1, at(0), 1, 1};
  return Dims{at(0), at(1), at(2), at(3)};
}

Result<const Library*> Library::of(const Device& device) {
  const ClDevice& cl = cl_device(device);
  if (!cl.settings().vendor_library) return unsupported("opencl.ml is off");
  // Kept until the process ends, like contexts.
  static auto& mutex = *new std::mutex;
  static auto& libraries = *new std::map<cl_device_id, const Library*>;
  const std::lock_guard lock(mutex);
  const FoundDevice& found = cl.found();
  if (const auto known = libraries.find(found.device()); known != libraries.end())
    return known->second;
  OARLOCK_ASSIGN(const Interface* const calls, find_interface(found.device));
  OARLOCK_ASSIGN(const Context* const context, Context::of(found));
  return libraries[found.device()] = new Library(calls, context->handle()());
}

Result<Tensor> Library::create(const cl_ml_tensor_desc_qcom& desc) const {
  cl_ml_tensor_qcom tensor = nullptr;
  const cl_int code = calls_->clCreateMLTensorQCOM(context_, nullptr, &desc, &tensor);
  if (code != CL_SUCCESS || tensor == nullptr)
    return unsupported("OpenCL ML has no such tensor: ", error_name(code));
  return Tensor(tensor, [calls = calls_](cl_ml_tensor_qcom t) { calls->clReleaseMLTensorQCOM(t); });
}

Result<Tensor> Library::tensor(DType dtype, const Dims& dims, bool own_layout) const {
  const cl_ml_tensor_desc_qcom desc = {
      static_cast<cl_channel_type>(dtype == DType::float16 ? CL_HALF_FLOAT : CL_FLOAT),
      own_layout ? CL_TENSOR_LAYOUT_OPTIMAL_QCOM : CL_TENSOR_LAYOUT_NCHW_QCOM,
      dims.n,
      dims.c,
      dims.h,
      dims.w,
      0,
      CL_TENSOR_DIMENSIONS_4D_QCOM,
      {0}};
  return create(desc);
}

Result<Tensor> Library::no_tensor() const {
  cl_ml_tensor_desc_qcom desc = {};
  desc.num_dimensions = CL_TENSOR_UNUSED_QCOM;
  return create(desc);
}

Result<size_t> Library::bytes(const Tensor& tensor) const {
  cl_uint size = 0;
  OARLOCK_TRY(check(calls_->clGetMLTensorMemorySizeQCOM(context_, tensor.get(), &size),
                    "size of a tensor of OpenCL ML"));
  return static_cast<size_t>(size);
}

Result<Operation> Library::made(cl_int code, cl_ml_op_qcom operation) const {
  if (code != CL_SUCCESS || operation == nullptr)
    return unsupported("OpenCL ML does not take it: ", error_name(code));
  return Operation(operation, [calls = calls_](cl_ml_op_qcom o) { calls->clReleaseMLOpQCOM(o); });
}

}  // namespace oarlock::opencl::ml
