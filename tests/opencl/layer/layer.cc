// A layer of the OpenCL loader (OPENCL_LAYERS), on top of any driver:
//   OARLOCK_LAYER_ML=1        devices have OpenCL ML
//   OARLOCK_LAYER_GPU=1       devices say that they are GPUs
//   OARLOCK_LAYER_MEMORY=n    devices say that no buffer may be larger than n bytes
//   OARLOCK_LAYER_IMAGE=n     devices say that no image may be wider or higher than n
//   OARLOCK_LAYER_BUDGET=n    buffers that would make all together larger than n bytes fail
//   OARLOCK_LAYER_FAIL="name code after"   calls of this function fail with this code, all but the
//                                          first `after`
// The variables are read at every call, so that a test may change them.
#include <CL/cl.h>
#include <CL/cl_icd.h>
#include <CL/cl_layer.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <sstream>
#include <string>
#include <unordered_map>

#include "tests/opencl/layer/ml.h"

namespace oarlock::test {

namespace {

const cl_icd_dispatch* below = nullptr;
cl_icd_dispatch table;

bool is_set(const char* variable) {
  const char* const value = std::getenv(variable);
  return value != nullptr && *value == '1';
}

// The code with which the call of this function fails now, or CL_SUCCESS.
cl_int injected(const char* function) {
  static std::mutex mutex;
  static int calls = 0;
  static std::string current;
  const char* const value = std::getenv("OARLOCK_LAYER_FAIL");
  if (value == nullptr || std::strncmp(value, function, std::strlen(function)) != 0)
    return CL_SUCCESS;
  const std::lock_guard lock(mutex);
  if (current != value) {
    current = value;
    calls = 0;
  }
  std::istringstream text(value);
  std::string name;
  int code = 0, after = 0;
  text >> name >> code >> after;
  if (name != function || calls++ < after) return CL_SUCCESS;
  return code;
}

cl_int give(const void* value, size_t size, size_t room, void* to, size_t* needed) {
  if (needed != nullptr) *needed = size;
  if (to == nullptr) return CL_SUCCESS;
  if (room < size) return CL_INVALID_VALUE;
  std::memcpy(to, value, size);
  return CL_SUCCESS;
}

cl_int CL_API_CALL device_info(cl_device_id device, cl_device_info what, size_t room, void* to,
                               size_t* needed) {
  if (what == CL_DEVICE_TYPE && is_set("OARLOCK_LAYER_GPU")) {
    const cl_device_type type = CL_DEVICE_TYPE_GPU;
    return give(&type, sizeof type, room, to, needed);
  }
  if (what == CL_DEVICE_EXTENSIONS && is_set("OARLOCK_LAYER_ML")) {
    size_t size = 0;
    if (const cl_int code = below->clGetDeviceInfo(device, what, 0, nullptr, &size);
        code != CL_SUCCESS)
      return code;
    std::string list(size, '\0');
    below->clGetDeviceInfo(device, what, size, list.data(), nullptr);
    list = std::string(list.c_str()) + " cl_qcom_ml_ops";
    return give(list.c_str(), list.size() + 1, room, to, needed);
  }
  const char* const most = std::getenv("OARLOCK_LAYER_MEMORY");
  if (what == CL_DEVICE_MAX_MEM_ALLOC_SIZE && most != nullptr) {
    const cl_ulong bytes = std::strtoull(most, nullptr, 10);
    return give(&bytes, sizeof bytes, room, to, needed);
  }
  const char* const longest = std::getenv("OARLOCK_LAYER_IMAGE");
  if ((what == CL_DEVICE_IMAGE2D_MAX_WIDTH || what == CL_DEVICE_IMAGE2D_MAX_HEIGHT) &&
      longest != nullptr) {
    const size_t texels = std::strtoull(longest, nullptr, 10);
    return give(&texels, sizeof texels, room, to, needed);
  }
  return below->clGetDeviceInfo(device, what, room, to, needed);
}

void* CL_API_CALL platform_entry(cl_platform_id platform, const char* name) {
  void* const ours = is_set("OARLOCK_LAYER_ML") ? ml_entry(name, below) : nullptr;
  return ours != nullptr ? ours : below->clGetExtensionFunctionAddressForPlatform(platform, name);
}

// What the device's buffers take while the program refers to them. A driver's own references, which
// its threads give back some time after a command, do not count.
class Buffers {
 public:
  // Whether another of `size` bytes is within the budget.
  bool has_room(size_t size, const char* budget) {
    const std::lock_guard lock(mutex_);
    return budget == nullptr || bytes_ + size <= std::strtoull(budget, nullptr, 10);
  }
  void add(cl_mem buffer, size_t size) {
    const std::lock_guard lock(mutex_);
    alive_[buffer] = {size, 1};
    bytes_ += size;
  }
  void retain(cl_mem buffer) {
    const std::lock_guard lock(mutex_);
    if (const auto found = alive_.find(buffer); found != alive_.end()) ++found->second.references;
  }
  void release(cl_mem buffer) {
    const std::lock_guard lock(mutex_);
    const auto found = alive_.find(buffer);
    if (found == alive_.end() || --found->second.references > 0) return;
    bytes_ -= found->second.bytes;
    alive_.erase(found);
  }

 private:
  struct Entry {
    size_t bytes;
    int references;
  };
  std::mutex mutex_;
  std::unordered_map<cl_mem, Entry> alive_;
  size_t bytes_ = 0;
};

Buffers& buffers() {
  static auto* const all = new Buffers;  // for as long as anything may be released
  return *all;
}

cl_mem CL_API_CALL create_buffer(cl_context context, cl_mem_flags flags, size_t size, void* host,
                                 cl_int* code) {
  if (const cl_int failure = injected("clCreateBuffer"); failure != CL_SUCCESS) {
    if (code != nullptr) *code = failure;
    return nullptr;
  }
  if (!buffers().has_room(size, std::getenv("OARLOCK_LAYER_BUDGET"))) {
    if (code != nullptr) *code = CL_MEM_OBJECT_ALLOCATION_FAILURE;
    return nullptr;
  }
  const cl_mem made = below->clCreateBuffer(context, flags, size, host, code);
  // Memory of the host is none of the device.
  if (made != nullptr && (flags & CL_MEM_USE_HOST_PTR) == 0) buffers().add(made, size);
  return made;
}

cl_int CL_API_CALL retain_memory(cl_mem memory) {
  buffers().retain(memory);
  return below->clRetainMemObject(memory);
}

cl_int CL_API_CALL release_memory(cl_mem memory) {
  buffers().release(memory);
  return below->clReleaseMemObject(memory);
}

cl_mem CL_API_CALL create_image(cl_context context, cl_mem_flags flags,
                                const cl_image_format* format, const cl_image_desc* desc,
                                void* host, cl_int* code) {
  if (const cl_int failure = injected("clCreateImage"); failure != CL_SUCCESS) {
    if (code != nullptr) *code = failure;
    return nullptr;
  }
  return below->clCreateImage(context, flags, format, desc, host, code);
}

cl_int CL_API_CALL enqueue_kernel(cl_command_queue queue, cl_kernel kernel, cl_uint dimensions,
                                  const size_t* offset, const size_t* global, const size_t* local,
                                  cl_uint waits, const cl_event* list, cl_event* event) {
  if (const cl_int failure = injected("clEnqueueNDRangeKernel"); failure != CL_SUCCESS)
    return failure;
  return below->clEnqueueNDRangeKernel(queue, kernel, dimensions, offset, global, local, waits,
                                       list, event);
}

cl_int CL_API_CALL enqueue_read(cl_command_queue queue, cl_mem buffer, cl_bool blocking,
                                size_t offset, size_t size, void* to, cl_uint waits,
                                const cl_event* list, cl_event* event) {
  if (const cl_int failure = injected("clEnqueueReadBuffer"); failure != CL_SUCCESS) return failure;
  return below->clEnqueueReadBuffer(queue, buffer, blocking, offset, size, to, waits, list, event);
}

cl_program CL_API_CALL create_program(cl_context context, cl_uint count, const char** texts,
                                      const size_t* lengths, cl_int* code) {
  if (const cl_int failure = injected("clCreateProgramWithSource"); failure != CL_SUCCESS) {
    if (code != nullptr) *code = failure;
    return nullptr;
  }
  return below->clCreateProgramWithSource(context, count, texts, lengths, code);
}

cl_int CL_API_CALL build_program(cl_program program, cl_uint count, const cl_device_id* devices,
                                 const char* options, void(CL_CALLBACK* notify)(cl_program, void*),
                                 void* data) {
  if (const cl_int failure = injected("clBuildProgram"); failure != CL_SUCCESS) return failure;
  return below->clBuildProgram(program, count, devices, options, notify, data);
}

}  // namespace

}  // namespace oarlock::test

extern "C" CL_API_ENTRY cl_int CL_API_CALL clGetLayerInfo(cl_layer_info what, size_t room, void* to,
                                                          size_t* needed) {
  static const char name[] = "oarlock tests";
  const cl_layer_api_version version = CL_LAYER_API_VERSION_100;
  if (what == CL_LAYER_API_VERSION)
    return oarlock::test::give(&version, sizeof version, room, to, needed);
  if (what == CL_LAYER_NAME) return oarlock::test::give(name, sizeof name, room, to, needed);
  return CL_INVALID_VALUE;
}

extern "C" CL_API_ENTRY cl_int CL_API_CALL clInitLayer(cl_uint count, const cl_icd_dispatch* target,
                                                       cl_uint* count_out,
                                                       const cl_icd_dispatch** out) {
  using namespace oarlock::test;
  if (target == nullptr || count_out == nullptr || out == nullptr) return CL_INVALID_VALUE;
  constexpr cl_uint kKnown = sizeof(cl_icd_dispatch) / sizeof(void*);
  below = target;
  std::memcpy(static_cast<void*>(&table), target, std::min(count, kKnown) * sizeof(void*));
  table.clGetDeviceInfo = device_info;
  table.clGetExtensionFunctionAddressForPlatform = platform_entry;
  table.clCreateBuffer = create_buffer;
  table.clRetainMemObject = retain_memory;
  table.clReleaseMemObject = release_memory;
  table.clCreateImage = create_image;
  table.clEnqueueNDRangeKernel = enqueue_kernel;
  table.clEnqueueReadBuffer = enqueue_read;
  table.clBuildProgram = build_program;
  table.clCreateProgramWithSource = create_program;
  *out = &table;
  *count_out = std::min(count, kKnown);
  return CL_SUCCESS;
}
