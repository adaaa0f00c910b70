// OpenCL ML for devices that have none: plain kernels in the library's place.
#include "tests/opencl/layer/ml.h"

#include <CL/cl_qcom_ml_ops.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

struct oarlock_ml_tensor {
  cl_ml_tensor_desc_qcom desc;

  bool used() const { return desc.num_dimensions != CL_TENSOR_UNUSED_QCOM; }
  bool own() const { return desc.layout == CL_TENSOR_LAYOUT_OPTIMAL_QCOM; }
  cl_int4 dims() const {
    return {{static_cast<cl_int>(desc.n), static_cast<cl_int>(desc.c), static_cast<cl_int>(desc.h),
             static_cast<cl_int>(desc.w)}};
  }
  uint64_t elements() const { return uint64_t{desc.n} * desc.c * desc.h * desc.w; }
};

struct oarlock_ml_memory_set {
  std::map<cl_ml_tensor_qcom, cl_mem> memory;
};

namespace oarlock::test {

namespace {

const cl_icd_dispatch* cl = nullptr;

using Memory = std::function<cl_mem(cl_ml_tensor_qcom)>;

// A kernel with its arguments in order.
class Call {
 public:
  Call(cl_command_queue queue, const char* name, bool half);
  ~Call() {
    if (kernel_ != nullptr) cl->clReleaseKernel(kernel_);
  }
  template <class... Ts>
  cl_int run(const cl_int4& dims, const Ts&... arguments) {
    (set(std::as_bytes(std::span<const Ts>(&arguments, 1))), ...);
    if (code_ != CL_SUCCESS) return code_;
    const size_t items = static_cast<size_t>(dims.s[0]) * static_cast<size_t>(dims.s[1]) *
                         static_cast<size_t>(dims.s[2]) * static_cast<size_t>(dims.s[3]);
    const size_t local = 16, global = (items + local - 1) / local * local;
    return cl->clEnqueueNDRangeKernel(queue_, kernel_, 1, nullptr, &global, &local, 0, nullptr,
                                      nullptr);
  }

 private:
  void set(std::span<const std::byte> value) {
    if (code_ == CL_SUCCESS)
      code_ = cl->clSetKernelArg(kernel_, index_++, value.size(), value.data());
  }
  cl_command_queue queue_;
  cl_kernel kernel_ = nullptr;
  cl_uint index_ = 0;
  cl_int code_ = CL_SUCCESS;
};

cl_program program_for(cl_context context, cl_device_id device, bool half, cl_int* code) {
  static std::mutex mutex;
  static auto& programs = *new std::map<std::pair<cl_context, bool>, cl_program>;
  const std::lock_guard lock(mutex);
  cl_program& program = programs[{context, half}];
  if (program != nullptr) return program;
  const char* source = embedded_sources()[0].text.data();
  cl_program made = cl->clCreateProgramWithSource(context, 1, &source, nullptr, code);
  if (*code != CL_SUCCESS) return nullptr;
  *code = cl->clBuildProgram(made, 1, &device, half ? "-DHALF" : "", nullptr, nullptr);
  if (*code == CL_SUCCESS) program = made;
  return program;
}

Call::Call(cl_command_queue queue, const char* name, bool half) : queue_(queue) {
  cl_context context = nullptr;
  cl_device_id device = nullptr;
  cl->clGetCommandQueueInfo(queue, CL_QUEUE_CONTEXT, sizeof(cl_context), &context, nullptr);
  cl->clGetCommandQueueInfo(queue, CL_QUEUE_DEVICE, sizeof(cl_device_id), &device, nullptr);
  const cl_program program = program_for(context, device, half, &code_);
  if (code_ == CL_SUCCESS) kernel_ = cl->clCreateKernel(program, name, &code_);
}

}  // namespace

}  // namespace oarlock::test

struct oarlock_ml_operation {
  std::function<cl_int(cl_command_queue, const oarlock::test::Memory&)> enqueue;
};

namespace oarlock::test {

namespace {

bool all_own(std::initializer_list<cl_ml_tensor_qcom> tensors) {
  cl_channel_type type = 0;
  for (const cl_ml_tensor_qcom t : tensors) {
    if (t == nullptr || !t->used() || !t->own()) return false;
    if (type != 0 && t->desc.data_type != type) return false;
    type = t->desc.data_type;
  }
  return true;
}

bool is_half(cl_ml_tensor_qcom t) { return t->desc.data_type == CL_HALF_FLOAT; }
cl_int2 two(const cl_uint* list) {
  return {{static_cast<cl_int>(list[0]), static_cast<cl_int>(list[1])}};
}

cl_int made(cl_ml_op_qcom* to, std::function<cl_int(cl_command_queue, const Memory&)> enqueue) {
  *to = new oarlock_ml_operation{std::move(enqueue)};
  return CL_SUCCESS;
}

cl_int create_tensor(cl_context, const cl_ml_tensor_properties_qcom*,
                     const cl_ml_tensor_desc_qcom* desc, cl_ml_tensor_qcom* tensor) {
  const bool used = desc->num_dimensions != CL_TENSOR_UNUSED_QCOM;
  const oarlock_ml_tensor wanted{*desc};
  if (used && desc->data_type != CL_FLOAT && desc->data_type != CL_HALF_FLOAT)
    return CL_INVALID_VALUE;
  if (used && wanted.elements() == 0) return CL_INVALID_VALUE;
  *tensor = new oarlock_ml_tensor(wanted);
  return CL_SUCCESS;
}

cl_int release_tensor(cl_ml_tensor_qcom tensor) {
  delete tensor;
  return CL_SUCCESS;
}

cl_int tensor_size(cl_context, cl_ml_tensor_qcom t, cl_uint* size) {
  const uint64_t channels = t->own() ? (uint64_t{t->desc.c} + 3) / 4 * 4 : t->desc.c;
  const uint64_t bytes = t->elements() / t->desc.c * channels * (is_half(t) ? 2 : 4);
  if (bytes > UINT32_MAX) return CL_INVALID_BUFFER_SIZE;
  *size = static_cast<cl_uint>(bytes);
  return CL_SUCCESS;
}

cl_int create_set(cl_ml_tensor_mem_desc_set_qcom* set) {
  *set = new oarlock_ml_memory_set;
  return CL_SUCCESS;
}

cl_int release_set(cl_ml_tensor_mem_desc_set_qcom set) {
  delete set;
  return CL_SUCCESS;
}

cl_int update_set(cl_ml_tensor_mem_desc_set_qcom set, cl_uint count,
                  const cl_ml_tensor_memory_desc_qcom* list) {
  for (cl_uint i = 0; i < count; ++i) {
    cl_uint wanted = 0;
    size_t size = 0;
    if (tensor_size(nullptr, list[i].tensor, &wanted) != CL_SUCCESS) return CL_INVALID_VALUE;
    const cl_int code =
        cl->clGetMemObjectInfo(list[i].memory, CL_MEM_SIZE, sizeof size, &size, nullptr);
    if (code != CL_SUCCESS) return code;
    if (size < wanted) return CL_INVALID_BUFFER_SIZE;
    set->memory[list[i].tensor] = list[i].memory;
  }
  return CL_SUCCESS;
}

cl_int copy_tensor(cl_command_queue queue, cl_ml_tensor_qcom from, cl_mem from_memory,
                   cl_ml_tensor_qcom to, cl_mem to_memory, cl_uint, const cl_event*, cl_event*) {
  if (from->own() == to->own() || std::memcmp(from->dims().s, to->dims().s, sizeof(cl_int4)) != 0)
    return CL_INVALID_VALUE;
  const cl_int to_own = to->own();
  return Call(queue, "change", is_half(from))
      .run(to->dims(), from_memory, to_memory, to->dims(), to_own);
}

cl_int enqueue_operation(cl_command_queue queue, cl_ml_op_qcom operation,
                         cl_ml_tensor_mem_desc_set_qcom set, cl_uint, const cl_event*, cl_event*) {
  bool missing = false;
  const auto memory = [&](cl_ml_tensor_qcom tensor) -> cl_mem {
    if (tensor == nullptr || !tensor->used()) return nullptr;
    const auto found = set->memory.find(tensor);
    missing = missing || found == set->memory.end();
    return missing ? nullptr : found->second;
  };
  const cl_int code = operation->enqueue(queue, memory);
  return missing ? CL_INVALID_MEM_OBJECT : code;
}

cl_int release_operation(cl_ml_op_qcom operation) {
  delete operation;
  return CL_SUCCESS;
}

cl_int create_fused_conv(cl_context, const cl_ml_op_properties_qcom*,
                         const cl_ml_op_convolution_desc_qcom* given,
                         const cl_ml_op_activation_desc_qcom* activation, cl_ml_tensor_qcom x,
                         cl_ml_tensor_qcom w, cl_ml_tensor_qcom bias, cl_ml_tensor_qcom,
                         cl_ml_tensor_qcom y, cl_ml_op_qcom* operation, cl_ml_tuningcache_qcom) {
  const cl_ml_op_convolution_desc_qcom desc = *given;
  const bool depthwise = desc.mode == CL_CONVOLUTION_MODE_DEPTHWISE_QCOM;
  if (!all_own({x, w, y}) || (bias->used() && !all_own({x, bias})) || desc.groups != 1)
    return CL_INVALID_VALUE;
  if (depthwise ? w->desc.n != 1 || w->desc.c != y->desc.c
                : w->desc.n != y->desc.c || w->desc.c != x->desc.c)
    return CL_INVALID_VALUE;
  // A limit, as libraries have some.
  if (w->desc.h > 7 || w->desc.w > 7) return CL_INVALID_OPERATION;
  const float least = activation != nullptr ? 0.0f : -INFINITY;
  const float most =
      activation != nullptr && activation->function == CL_ACTIVATION_RELU6 ? 6.0f : INFINITY;
  return made(operation, [=](cl_command_queue queue, const Memory& memory) {
    const cl_int is_depthwise = depthwise;
    return Call(queue, "conv", is_half(x))
        .run(y->dims(), memory(x), memory(w), memory(bias), memory(y), x->dims(), w->dims(),
             y->dims(), two(desc.pad_before), two(desc.stride), two(desc.dilation), is_depthwise,
             least, most);
  });
}

cl_int create_conv(cl_context context, const cl_ml_op_properties_qcom* properties,
                   const cl_ml_op_convolution_desc_qcom* desc, cl_ml_tensor_qcom x,
                   cl_ml_tensor_qcom w, cl_ml_tensor_qcom bias, cl_ml_tensor_qcom y,
                   cl_ml_op_qcom* operation, cl_ml_tuningcache_qcom cache) {
  return create_fused_conv(context, properties, desc, nullptr, x, w, bias, nullptr, y, operation,
                           cache);
}

cl_int create_pool(cl_context, const cl_ml_op_properties_qcom*,
                   const cl_ml_op_pooling_desc_qcom* given, cl_ml_tensor_qcom x, cl_ml_tensor_qcom,
                   cl_ml_tensor_qcom y, cl_ml_op_qcom* operation, cl_ml_tuningcache_qcom) {
  const cl_ml_op_pooling_desc_qcom desc = *given;
  if (!all_own({x, y})) return CL_INVALID_VALUE;
  return made(operation, [=](cl_command_queue queue, const Memory& memory) {
    const cl_int maximum = desc.mode == CL_POOLING_MODE_MAX_QCOM;
    return Call(queue, "pool", is_half(x))
        .run(y->dims(), memory(x), memory(y), x->dims(), y->dims(), two(desc.pad_before),
             two(desc.stride), two(desc.window), maximum);
  });
}

cl_int create_clamp(cl_ml_tensor_qcom x, cl_ml_tensor_qcom y, float least, float most,
                    cl_ml_op_qcom* operation) {
  if (!all_own({x, y})) return CL_INVALID_VALUE;
  return made(operation, [=](cl_command_queue queue, const Memory& memory) {
    return Call(queue, "clip", is_half(x))
        .run(y->dims(), memory(x), memory(y), y->dims(), least, most);
  });
}

cl_int create_activation(cl_context, const cl_ml_op_properties_qcom*,
                         const cl_ml_op_activation_desc_qcom* desc, cl_ml_tensor_qcom x,
                         cl_ml_tensor_qcom, cl_ml_tensor_qcom y, cl_ml_op_qcom* operation,
                         cl_ml_tuningcache_qcom) {
  return create_clamp(x, y, 0.0f, desc->function == CL_ACTIVATION_RELU6 ? 6.0f : INFINITY,
                      operation);
}

cl_int create_clip(cl_context, const cl_ml_op_properties_qcom*, const cl_ml_op_clip_desc_qcom* desc,
                   cl_ml_tensor_qcom x, cl_ml_tensor_qcom y, cl_ml_op_qcom* operation,
                   cl_ml_tuningcache_qcom) {
  return create_clamp(x, y, desc->least.value.f, desc->most.value.f, operation);
}

cl_int create_binary(cl_context, const cl_ml_op_properties_qcom*,
                     const cl_ml_op_binary_desc_qcom* desc, cl_ml_tensor_qcom a,
                     cl_ml_tensor_qcom b, cl_ml_tensor_qcom y, cl_ml_op_qcom* operation,
                     cl_ml_tuningcache_qcom) {
  if (!all_own({a, b, y})) return CL_INVALID_VALUE;
  const cl_int function = desc->function - CL_TENSOR_OP_ADD_QCOM;
  return made(operation, [=](cl_command_queue queue, const Memory& memory) {
    return Call(queue, "binary", is_half(a))
        .run(y->dims(), memory(a), memory(b), memory(y), y->dims(), function);
  });
}

cl_int create_softmax(cl_context, const cl_ml_op_properties_qcom*,
                      const cl_ml_op_softmax_desc_qcom*, cl_ml_tensor_qcom x, cl_ml_tensor_qcom y,
                      cl_ml_op_qcom* operation, cl_ml_tuningcache_qcom) {
  if (!all_own({x, y})) return CL_INVALID_VALUE;
  return made(operation, [=](cl_command_queue queue, const Memory& memory) {
    return Call(queue, "softmax", is_half(x)).run(y->dims(), memory(x), memory(y), y->dims());
  });
}

cl_int create_batch_norm(cl_context, const cl_ml_op_properties_qcom*,
                         const cl_ml_op_batchnorm_desc_qcom*, cl_ml_tensor_qcom x,
                         cl_ml_tensor_qcom mean, cl_ml_tensor_qcom variance,
                         cl_ml_tensor_qcom scale, cl_ml_tensor_qcom bias, cl_ml_tensor_qcom y,
                         cl_ml_op_qcom* operation, cl_ml_tuningcache_qcom) {
  if (!all_own({x, mean, variance, scale, bias, y})) return CL_INVALID_VALUE;
  return made(operation, [=](cl_command_queue queue, const Memory& memory) {
    return Call(queue, "batch_norm", is_half(x))
        .run(y->dims(), memory(x), memory(mean), memory(variance), memory(scale), memory(bias),
             memory(y), y->dims());
  });
}

cl_int create_pad(cl_context, const cl_ml_op_properties_qcom*, const cl_ml_op_pad_desc_qcom* desc,
                  cl_ml_tensor_qcom x, cl_ml_tensor_qcom y, cl_ml_op_qcom* operation,
                  cl_ml_tuningcache_qcom) {
  if (!all_own({x, y})) return CL_INVALID_VALUE;
  const cl_int2 before = {{static_cast<cl_int>(desc->pads[0]), static_cast<cl_int>(desc->pads[2])}};
  return made(operation, [=](cl_command_queue queue, const Memory& memory) {
    return Call(queue, "pad", is_half(x))
        .run(y->dims(), memory(x), memory(y), x->dims(), y->dims(), before);
  });
}

cl_int create_reshape(cl_context, const cl_ml_op_properties_qcom*, cl_ml_tensor_qcom x,
                      cl_ml_tensor_qcom y, cl_ml_op_qcom* operation, cl_ml_tuningcache_qcom) {
  if (!all_own({x, y}) || x->elements() != y->elements()) return CL_INVALID_VALUE;
  return made(operation, [=](cl_command_queue queue, const Memory& memory) {
    return Call(queue, "reshape", is_half(x))
        .run(y->dims(), memory(x), memory(y), x->dims(), y->dims());
  });
}

cl_int create_concat(cl_context, const cl_ml_op_properties_qcom*,
                     const cl_ml_op_concat_desc_qcom* desc, const cl_ml_tensor_qcom* list,
                     cl_ml_tensor_qcom y, cl_ml_op_qcom* operation, cl_ml_tuningcache_qcom) {
  const std::vector<cl_ml_tensor_qcom> inputs(list, list + desc->count);
  for (const cl_ml_tensor_qcom x : inputs)
    if (!all_own({x, y})) return CL_INVALID_VALUE;
  return made(operation, [=, axis = desc->axis](cl_command_queue queue, const Memory& memory) {
    cl_int4 start = {};
    for (const cl_ml_tensor_qcom x : inputs) {
      const cl_int code = Call(queue, "place", is_half(x))
                              .run(x->dims(), memory(x), memory(y), x->dims(), y->dims(), start);
      if (code != CL_SUCCESS) return code;
      start.s[axis] += x->dims().s[axis];
    }
    return cl_int{CL_SUCCESS};
  });
}

cl_int CL_API_CALL query_versions(cl_int* major, cl_int* minor, cl_uint room, cl_uint* count) {
  if (count != nullptr) *count = 1;
  if (major != nullptr && room > 0) *major = CL_QCOM_ML_OPS_H_MAJOR_VERSION;
  if (minor != nullptr && room > 0) *minor = 0;
  return CL_SUCCESS;
}

CLMLInterfaceV2QCOM* CL_API_CALL get_interface(cl_int) {
  static CLMLInterfaceV2QCOM table = {
      .clCreateMLTensorQCOM = create_tensor,
      .clReleaseMLTensorQCOM = release_tensor,
      .clGetMLTensorMemorySizeQCOM = tensor_size,
      .clCreateMLTensorMemoryDescriptorSetQCOM = create_set,
      .clReleaseMLTensorMemoryDescriptorSetQCOM = release_set,
      .clUpdateMLTensorMemoryDescriptorSetQCOM = update_set,
      .clEnqueueCopyMLTensorDataQCOM = copy_tensor,
      .clEnqueueMLOpQCOM = enqueue_operation,
      .clReleaseMLOpQCOM = release_operation,
      .clCreateMLOpConvolutionForwardQCOM = create_conv,
      .clCreateMLOpFusedConvolutionActivationForwardQCOM = create_fused_conv,
      .clCreateMLOpPoolingForwardQCOM = create_pool,
      .clCreateMLOpActivationForwardQCOM = create_activation,
      .clCreateMLOpClipQCOM = create_clip,
      .clCreateMLOpBinaryQCOM = create_binary,
      .clCreateMLOpSoftmaxQCOM = create_softmax,
      .clCreateMLOpBatchNormForwardQCOM = create_batch_norm,
      .clCreateMLOpPadQCOM = create_pad,
      .clCreateMLOpReshapeQCOM = create_reshape,
      .clCreateMLOpConcatQCOM = create_concat,
  };
  return &table;
}

}  // namespace

void* ml_entry(const char* name, const cl_icd_dispatch* below) {
  cl = below;
  if (std::strcmp(name, "clQueryMLInterfaceVersionsQCOM") == 0)
    return reinterpret_cast<void*>(query_versions);
  if (std::strcmp(name, "clGetMLInterfaceV2QCOM") == 0)
    return reinterpret_cast<void*>(get_interface);
  return nullptr;
}

}  // namespace oarlock::test
