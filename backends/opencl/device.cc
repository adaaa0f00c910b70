#include "backends/opencl/device.h"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "backends/opencl/program.h"
#include "oarlock/session.h"

namespace oarlock::opencl {

namespace {

// What a tensor's bytes lie in, or why they do not fit.
Result<const cl::Buffer*> memory_of(const TensorRef& tensor, size_t bytes) {
  const size_t size = tensor.buffer->size();
  if (tensor.offset > size || bytes > size - tensor.offset)
    return internal_error("OpenCL: ", bytes, " bytes at offset ", tensor.offset,
                          " lie outside a buffer of ", size);
  return &static_cast<const ClBuffer*>(tensor.buffer)->memory();
}

bool is_image(const TensorRef& tensor) {
  return tensor.desc != nullptr && tensor.desc->layout.kind == Layout::Kind::image2d;
}

// The texels of a tensor in an image, from its corner, and how many bytes a row of them takes.
struct Region {
  const cl::Image2D& image;
  std::array<size_t, 3> extents;
  size_t row_bytes;
};

Result<Region> region_of(const TensorRef& tensor, size_t bytes) {
  const std::optional<ImageExtents> extents = image_extents(*tensor.desc);
  if (!extents || storage_bytes(*tensor.desc) != bytes)
    return internal_error("OpenCL: ", bytes, " bytes are not the image ", to_string(*tensor.desc));
  const auto width = static_cast<size_t>(extents->width);
  return Region{static_cast<const ClImage*>(tensor.buffer)->memory(),
                {width, static_cast<size_t>(extents->height), 1},
                width * 4 * (bits(tensor.dtype()) / 8)};
}

constexpr std::array<size_t, 3> kCorner = {0, 0, 0};

std::string megabytes(size_t bytes) { return concat(bytes >> 20, " MiB"); }

// Times hold for a device, its driver, the kernels' sources, and what a session has of them.
std::string tuning_identity(const FoundDevice& found, const Settings& settings) {
  std::string sources;
  for (const EmbeddedSource& source : embedded_sources()) sources += source.text;
  return concat(found.identity(), "\n", version(), "\n", digest(sources), "\nsettings ",
                settings.half_arithmetic, " ", settings.vendor_library, " ",
                static_cast<int>(settings.storage), " ", static_cast<int>(settings.clblast));
}

const char* yes_or_no(bool value) { return value ? "yes" : "no"; }

}  // namespace

Result<cl_mem> ClBuffer::part(size_t offset, size_t bytes) {
  if (offset == 0 && bytes == size_) return memory_();
  const std::lock_guard lock(mutex_);
  cl::Buffer& known = parts_[{offset, bytes}];
  if (known() != nullptr) return known();
  const cl_buffer_region region{offset, bytes};
  cl_int code = CL_SUCCESS;
  cl::Buffer part =
      memory_.createSubBuffer(CL_MEM_READ_WRITE, CL_BUFFER_CREATE_TYPE_REGION, &region, &code);
  OARLOCK_TRY(check(code, concat(bytes, " bytes at offset ", offset, " of a buffer")));
  known = part;
  return known();
}

ClDevice::ClDevice(FoundDevice found, Settings settings)
    : found_(std::move(found)),
      settings_(std::move(settings)),
      tuning_(settings_.store, tuning_identity(found_, settings_)) {
  const Traits& t = found_.traits;
  info_.name = found_.name;
  info_.description = found_.description;
  info_.aliases = found_.aliases;
  info_.memory = found_.name;
  info_.alignment = t.alignment;
  std::string also;
  for (const std::string& alias : found_.aliases) also += (also.empty() ? "" : ", ") + alias;
  info_.details = {
      {"also called", also},
      {"platform", concat(found_.platform, ", ", found_.platform_version)},
      {"device version", found_.device_version},
      {"driver", found_.driver},
      {"compute units", std::to_string(t.compute_units)},
      {"memory",
       concat(megabytes(t.memory), ", largest buffer ", megabytes(t.max_allocation), ", local ",
              t.local_memory >> 10, " KiB", t.unified_memory ? ", shared with the host" : "")},
      {"largest work-group", std::to_string(t.max_work_group)},
      {"images", t.images ? concat(t.image_width, " x ", t.image_height) : std::string("no")},
      {"fp16 arithmetic", yes_or_no(t.fp16)},
      {"fp64", yes_or_no(t.fp64)},
      {"tuning", "tiles, algorithms and libraries of convolutions and products (oarlock tune)"},
  };
}

ClDevice::~ClDevice() {
  if (context_ != nullptr) context_->keep_binaries();
}

Status ClDevice::open() {
  const std::lock_guard lock(mutex_);
  if (context_ != nullptr) return {};
  OARLOCK_ASSIGN(Context* const context, Context::of(found_));
  cl_int code = CL_SUCCESS;
  queue_ =
      cl::CommandQueue(context->handle(), found_.device, cl_command_queue_properties{0}, &code);
  OARLOCK_TRY(check(code, concat("queue on ", found_.device_name)));
  context_ = context;
  return {};
}

Result<const cl::CommandQueue*> ClDevice::queue() {
  OARLOCK_TRY(open());
  return &queue_;
}

Result<BufferPtr> ClDevice::allocate(const MemoryRequest& request) {
  if (request.image) return allocate_image(*request.image);
  if (request.bytes > traits().max_allocation)
    return out_of_memory(info_.name, ": a buffer of ", request.bytes,
                         " bytes is wanted, the device allows ", traits().max_allocation);
  OARLOCK_TRY(open());
  const cl_mem_flags flags =
      CL_MEM_READ_WRITE | (traits().unified_memory ? CL_MEM_ALLOC_HOST_PTR : 0);
  cl_int code = CL_SUCCESS;
  cl::Buffer memory(context_->handle(), flags, std::max<size_t>(request.bytes, 1), nullptr, &code);
  OARLOCK_TRY(check(code, concat(info_.name, ": a buffer of ", request.bytes, " bytes")));
  return BufferPtr(std::make_unique<ClBuffer>(std::move(memory), request.bytes));
}

Result<BufferPtr> ClDevice::allocate_image(const TensorDesc& desc) {
  const std::optional<ImageExtents> extents = image_extents(desc);
  const size_t bytes = storage_bytes(desc).value_or(0);
  if (!traits().images || !extents || bytes == 0 ||
      (desc.dtype != DType::float32 && desc.dtype != DType::float16))
    return unsupported(info_.name, ": an image for ", to_string(desc));
  const auto width = static_cast<size_t>(extents->width);
  const auto height = static_cast<size_t>(extents->height);
  if (width > traits().image_width || height > traits().image_height ||
      bytes > traits().max_allocation)
    return out_of_memory(info_.name, ": an image of ", width, " x ", height,
                         " texels is wanted, the device allows ", traits().image_width, " x ",
                         traits().image_height, " and ", traits().max_allocation, " bytes");
  OARLOCK_TRY(open());
  const cl::ImageFormat format(CL_RGBA, desc.dtype == DType::float16 ? CL_HALF_FLOAT : CL_FLOAT);
  cl_int code = CL_SUCCESS;
  cl::Image2D image(context_->handle(), CL_MEM_READ_WRITE, format, width, height, 0, nullptr,
                    &code);
  OARLOCK_TRY(check(code, concat(info_.name, ": an image of ", width, " x ", height, " texels")));
  return BufferPtr(std::make_unique<ClImage>(std::move(image), bytes));
}

Result<BufferPtr> ClDevice::wrap(std::span<std::byte> memory) {
  if (!traits().unified_memory || memory.empty())
    return unsupported(info_.name, " cannot use host memory in place");
  OARLOCK_TRY(open());
  cl_int code = CL_SUCCESS;
  cl::Buffer buffer(context_->handle(), CL_MEM_READ_ONLY | CL_MEM_USE_HOST_PTR, memory.size(),
                    memory.data(), &code);
  OARLOCK_TRY(check(code, concat(info_.name, ": ", memory.size(), " bytes of the host")));
  return BufferPtr(std::make_unique<ClBuffer>(std::move(buffer), memory.size()));
}

Status ClDevice::write(const TensorRef& to, std::span<const std::byte> from) {
  if (from.empty()) return {};
  OARLOCK_TRY(open());
  if (is_image(to)) {
    OARLOCK_ASSIGN(const Region r, region_of(to, from.size()));
    return check(
        queue_.enqueueWriteImage(r.image, CL_TRUE, kCorner, r.extents, r.row_bytes, 0, from.data()),
        concat("writing an image to ", info_.name));
  }
  OARLOCK_ASSIGN(const cl::Buffer* const memory, memory_of(to, from.size()));
  const cl_int code =
      queue_.enqueueWriteBuffer(*memory, CL_TRUE, to.offset, from.size(), from.data());
  return code == CL_SUCCESS ? Status() : failure(code, concat("writing to ", info_.name));
}

Status ClDevice::read(const TensorRef& from, std::span<std::byte> to) {
  if (to.empty()) return {};
  OARLOCK_TRY(open());
  if (is_image(from)) {
    OARLOCK_ASSIGN(const Region r, region_of(from, to.size()));
    return check(
        queue_.enqueueReadImage(r.image, CL_TRUE, kCorner, r.extents, r.row_bytes, 0, to.data()),
        concat("reading an image from ", info_.name));
  }
  OARLOCK_ASSIGN(const cl::Buffer* const memory, memory_of(from, to.size()));
  const cl_int code = queue_.enqueueReadBuffer(*memory, CL_TRUE, from.offset, to.size(), to.data());
  return code == CL_SUCCESS ? Status() : failure(code, concat("reading from ", info_.name));
}

Result<Event> ClDevice::record() {
  OARLOCK_TRY(open());
  auto event = std::make_shared<cl::Event>();
  OARLOCK_TRY(check(queue_.enqueueMarkerWithWaitList(nullptr, event.get()), "recording an event"));
  OARLOCK_TRY(check(queue_.flush(), "starting the queue"));
  return Event(std::move(event));
}

Status ClDevice::wait(const Event& event) {
  if (!event) return {};
  return check(static_cast<const cl::Event*>(event.get())->wait(), "waiting for the queue");
}

Result<cl::Program> ClDevice::portable_program(const PortableProgram& program) {
  if (settings_.binary.empty()) {
    OARLOCK_ASSIGN(cl::Program built, context_->program(program.source, settings_.store));
    OARLOCK_TRY(export_source(settings_.export_folder, program));
    OARLOCK_ASSIGN(const std::vector<unsigned char> binary, binary_of(built));
    OARLOCK_TRY(export_binary(settings_.export_folder, program, binary));
    return built;
  }
  OARLOCK_ASSIGN(const std::filesystem::path file, binary_file(settings_.binary, program));
  const std::lock_guard lock(mutex_);
  cl::Program& known = given_[file];
  if (known() != nullptr) return known;
  OARLOCK_ASSIGN(const std::vector<unsigned char> binary, read_binary(file));
  Result<cl::Program> built =
      build_from_binary(context_->handle(), found_.device, binary, program.source.options);
  if (!built.ok())
    return io_error("opencl.binary: ", file.string(), " does not serve ", info_.name, ": ",
                    built.status().message());
  return known = *std::move(built);
}

Result<cl::Kernel> ClDevice::kernel(const ProgramSource& source, const char* name) {
  OARLOCK_TRY(open());
  cl::Program program;
  std::string full_name = name;
  if (settings_.binary.empty() && settings_.export_folder.empty()) {
    OARLOCK_ASSIGN(program, context_->program(source, settings_.store));
  } else {
    const PortableProgram portable = PortableProgram::from(source);
    OARLOCK_ASSIGN(program, portable_program(portable));
    full_name += portable.suffix;
  }
  cl_int code = CL_SUCCESS;
  cl::Kernel kernel(program, full_name.c_str(), &code);
  OARLOCK_TRY(check(code, concat("kernel ", full_name, " of ", source.name, ".cl")));
  return kernel;
}

}  // namespace oarlock::opencl
