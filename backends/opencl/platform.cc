#include "backends/opencl/platform.h"

#include <algorithm>
#include <cctype>
#include <map>

namespace oarlock::opencl {

namespace {

// The driver in one word: what it appends to names of its extensions, else its platform's first
// word.
std::string short_name(const cl::Platform& platform, const std::string& name) {
  constexpr cl_platform_info kSuffix = 0x0920;  // CL_PLATFORM_ICD_SUFFIX_KHR
  size_t size = 0;
  std::string text;
  if (clGetPlatformInfo(platform(), kSuffix, 0, nullptr, &size) == CL_SUCCESS && size > 1) {
    text.resize(size);
    if (clGetPlatformInfo(platform(), kSuffix, size, text.data(), nullptr) != CL_SUCCESS)
      text.clear();
  }
  text = trimmed(std::move(text));
  if (text.empty()) text = name.substr(0, name.find(' '));
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

Traits traits_of(const cl::Device& device) {
  Traits t;
  const auto type = device.getInfo<CL_DEVICE_TYPE>();
  const std::string extensions = device.getInfo<CL_DEVICE_EXTENSIONS>();
  t.is_cpu = (type & CL_DEVICE_TYPE_CPU) != 0;
  t.unified_memory = t.is_cpu || device.getInfo<CL_DEVICE_HOST_UNIFIED_MEMORY>() != 0;
  t.fp64 = extensions.find("cl_khr_fp64") != std::string::npos;
  t.fp16 = extensions.find("cl_khr_fp16") != std::string::npos;
  t.images = device.getInfo<CL_DEVICE_IMAGE_SUPPORT>() != 0;
  t.compute_units = device.getInfo<CL_DEVICE_MAX_COMPUTE_UNITS>();
  t.max_work_group = device.getInfo<CL_DEVICE_MAX_WORK_GROUP_SIZE>();
  t.max_allocation = device.getInfo<CL_DEVICE_MAX_MEM_ALLOC_SIZE>();
  t.memory = device.getInfo<CL_DEVICE_GLOBAL_MEM_SIZE>();
  t.local_memory = device.getInfo<CL_DEVICE_LOCAL_MEM_SIZE>();
  t.alignment = std::max<size_t>(64, device.getInfo<CL_DEVICE_MEM_BASE_ADDR_ALIGN>() / 8);
  if (t.images) {
    t.image_width = device.getInfo<CL_DEVICE_IMAGE2D_MAX_WIDTH>();
    t.image_height = device.getInfo<CL_DEVICE_IMAGE2D_MAX_HEIGHT>();
  }
  t.channel_block = t.is_cpu ? 16 : 4;
  return t;
}

const char* kind_of(const cl::Device& device) {
  const auto type = device.getInfo<CL_DEVICE_TYPE>();
  if (type & CL_DEVICE_TYPE_GPU) return "gpu";
  if (type & CL_DEVICE_TYPE_CPU) return "cpu";
  return "accelerator";
}

}  // namespace

std::string FoundDevice::identity() const {
  return concat(platform, "\n", platform_version, "\n", device_name, "\n", device_version, "\n",
                driver);
}

Result<std::vector<FoundDevice>> find_devices() {
  std::vector<cl::Platform> platforms;
  const cl_int code = cl::Platform::get(&platforms);
  if (code != CL_SUCCESS || platforms.empty())
    return unavailable("no OpenCL driver is installed (",
                       code == CL_SUCCESS ? std::string("no platform") : error_name(code),
                       "); for the processor itself there is PoCL (apt: pocl-opencl-icd)");
  std::vector<FoundDevice> found;
  std::map<std::string, int> counts;
  for (const cl::Platform& platform : platforms) {
    std::vector<cl::Device> devices;
    if (platform.getDevices(CL_DEVICE_TYPE_ALL, &devices) != CL_SUCCESS) continue;
    const std::string platform_name = trimmed(platform.getInfo<CL_PLATFORM_NAME>());
    const std::string word = short_name(platform, platform_name);
    for (const cl::Device& device : devices) {
      if (!device.getInfo<CL_DEVICE_AVAILABLE>()) continue;
      FoundDevice f;
      f.device = device;
      f.platform = platform_name;
      f.platform_version = trimmed(platform.getInfo<CL_PLATFORM_VERSION>());
      f.device_name = trimmed(device.getInfo<CL_DEVICE_NAME>());
      f.device_version = trimmed(device.getInfo<CL_DEVICE_VERSION>());
      f.driver = trimmed(device.getInfo<CL_DRIVER_VERSION>());
      f.traits = traits_of(device);
      f.name = concat("opencl:", found.size());
      for (const std::string& group : {word, std::string(kind_of(device))})
        f.aliases.push_back(concat("opencl:", group, ":", counts[group]++));
      f.description = concat(f.device_name, ", ", f.platform, ", ", f.traits.compute_units,
                             f.traits.compute_units == 1 ? " compute unit" : " compute units");
      found.push_back(std::move(f));
    }
  }
  if (found.empty()) return unavailable("the installed OpenCL drivers offer no device");
  return found;
}

}  // namespace oarlock::opencl
