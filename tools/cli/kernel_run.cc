// oarlock kernel run: one OpenCL kernel from a file, on arrays.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>

#include "backends/opencl/platform.h"
#include "backends/opencl/program.h"
#include "core/graph/mapped_file.h"
#include "tools/cli/clock.h"
#include "tools/cli/command.h"
#include "tools/cli/difference.h"
#include "tools/cli/kernel_arguments.h"
#include "tools/cli/table.h"

namespace oarlock::cli {
namespace {

using opencl::check;
using opencl::FoundDevice;

struct KernelRun {
  std::vector<std::string> files, arguments, defines, checks;
  std::string kernel, device = "opencl:0", options, global, local, binary, save_binary;
  double tolerance = 1e-5;
  size_t repeat = 10;

  Result<ExitCode> run() const;

 private:
  Result<opencl::ProgramSource> source() const;
  Result<cl::Program> program(const cl::Context& context, const cl::Device& device) const;
  Result<std::vector<KernelArgument>> read_arguments() const;
};

Result<FoundDevice> find_device(const std::string& name) {
  OARLOCK_ASSIGN(std::vector<FoundDevice> found, opencl::find_devices());
  std::string present;
  for (FoundDevice& device : found) {
    device.aliases.push_back(device.name);
    for (const std::string& alias : device.aliases)
      if (alias == name || alias.starts_with(name + ":")) return std::move(device);
    present += concat(present.empty() ? "" : ", ", device.name);
  }
  return unavailable("there is no device '", name, "'; present are: ", present);
}

Result<opencl::ProgramSource> KernelRun::source() const {
  opencl::ProgramSource source;
  for (const std::string& path : files) {
    OARLOCK_ASSIGN(const auto mapped, MappedFile::open(path));
    const std::string_view text(reinterpret_cast<const char*>(mapped->bytes().data()),
                                mapped->bytes().size());
    const std::filesystem::path file(path);
    source.name = file.stem().string();
    source.text += concat("#line 1 \"", file.filename().string(), "\"\n", text, "\n");
  }
  for (const std::string& define : defines) source.options += concat("-D", define, " ");
  source.options += options;
  return source;
}

// From the binary or the sources; saved if wanted.
Result<cl::Program> KernelRun::program(const cl::Context& context, const cl::Device& on) const {
  if (!binary.empty()) {
    OARLOCK_ASSIGN(const auto mapped, MappedFile::open(binary));
    const auto* const first = reinterpret_cast<const unsigned char*>(mapped->bytes().data());
    const std::vector<unsigned char> bytes(first, first + mapped->bytes().size());
    Result<cl::Program> built = opencl::build_from_binary(context, on, bytes, options);
    if (!built.ok()) return invalid(binary, ": ", built.status().message());
    return built;
  }
  OARLOCK_ASSIGN(const opencl::ProgramSource text, source());
  OARLOCK_ASSIGN(cl::Program built, opencl::build_from_source(context, on, text));
  if (save_binary.empty()) return built;
  OARLOCK_ASSIGN(const std::vector<unsigned char> bytes, opencl::binary_of(built));
  std::ofstream file(save_binary, std::ios::binary | std::ios::trunc);
  file.write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
  file.close();
  if (!file) return io_error("cannot write '", save_binary, "'");
  return built;
}

// With the types and shapes of what outputs are checked against.
Result<std::vector<KernelArgument>> KernelRun::read_arguments() const {
  std::vector<KernelArgument> list;
  size_t outputs = 0;
  for (const std::string& text : arguments) {
    OARLOCK_ASSIGN(KernelArgument argument, parse_kernel_argument(text));
    if (argument.output && !argument.tensor.defined()) {
      if (outputs >= checks.size())
        return invalid("argument 'out' needs a --check whose type and shape it takes");
      OARLOCK_ASSIGN(const Tensor reference, read_npy(checks[outputs]));
      OARLOCK_ASSIGN(argument.tensor, Tensor::allocate(reference.dtype(), reference.shape()));
      std::fill_n(argument.tensor.mutable_data(), argument.tensor.bytes(), std::byte{0});
    }
    outputs += argument.output;
    list.push_back(std::move(argument));
  }
  if (outputs < checks.size())
    return invalid(checks.size(), " arrays to check, but ", outputs, " outputs");
  return list;
}

// A kernel with its arguments, on a queue that measures.
class Runner {
 public:
  // `program_in` makes the program in a context on a device.
  template <class Make>
  static Result<Runner> make(const FoundDevice& device, const Make& program_in,
                             const std::string& kernel) {
    Runner r;
    cl_int code = CL_SUCCESS;
    r.context_ = cl::Context(device.device, nullptr, nullptr, nullptr, &code);
    OARLOCK_TRY(check(code, concat("context on ", device.name)));
    r.queue_ = cl::CommandQueue(r.context_, device.device, CL_QUEUE_PROFILING_ENABLE, &code);
    OARLOCK_TRY(check(code, concat("queue on ", device.name)));
    OARLOCK_ASSIGN(const cl::Program program, program_in(r.context_, device.device));
    r.kernel_ = cl::Kernel(program, kernel.c_str(), &code);
    if (code == CL_INVALID_KERNEL_NAME)
      return invalid("the program has no kernel '", kernel,
                     "'; it has: ", opencl::trimmed(program.getInfo<CL_PROGRAM_KERNEL_NAMES>()));
    OARLOCK_TRY(check(code, concat("kernel ", kernel)));
    return r;
  }

  Status set(const std::vector<KernelArgument>& arguments) {
    const auto wanted = kernel_.getInfo<CL_KERNEL_NUM_ARGS>();
    if (wanted != arguments.size())
      return invalid("the kernel takes ", wanted, " arguments, given are ", arguments.size());
    for (cl_uint i = 0; i < arguments.size(); ++i) {
      const KernelArgument& a = arguments[i];
      buffers_.emplace_back();
      cl_int code = CL_SUCCESS;
      if (a.kind == KernelArgument::Kind::numbers) {
        code = kernel_.setArg(i, a.numbers.size(), a.numbers.data());
      } else if (a.kind == KernelArgument::Kind::local) {
        code = kernel_.setArg(i, a.local_bytes, nullptr);
      } else {
        OARLOCK_TRY(upload(a));
        code = kernel_.setArg(i, buffers_.back());
      }
      OARLOCK_TRY(check(code, concat("argument ", i + 1)));
    }
    return {};
  }

  // Microseconds on the device.
  Result<double> run(const Extents& global, const Extents& local) {
    const auto range = [](const Extents& e) {
      const auto& v = e.values;
      return e.count == 0   ? cl::NullRange
             : e.count == 1 ? cl::NDRange(v[0])
             : e.count == 2 ? cl::NDRange(v[0], v[1])
                            : cl::NDRange(v[0], v[1], v[2]);
    };
    cl::Event event;
    OARLOCK_TRY(check(queue_.enqueueNDRangeKernel(kernel_, cl::NullRange, range(global),
                                                  range(local), nullptr, &event),
                      "starting the kernel"));
    OARLOCK_TRY(check(event.wait(), "running the kernel"));
    const auto begin = event.getProfilingInfo<CL_PROFILING_COMMAND_START>();
    const auto end = event.getProfilingInfo<CL_PROFILING_COMMAND_END>();
    return static_cast<double>(end - begin) * 1e-3;
  }

  Result<Tensor> read(size_t argument, const Tensor& like) {
    OARLOCK_ASSIGN(Tensor tensor, Tensor::allocate(like.dtype(), like.shape()));
    if (tensor.bytes() > 0)
      OARLOCK_TRY(check(queue_.enqueueReadBuffer(buffers_[argument], CL_TRUE, 0, tensor.bytes(),
                                                 tensor.mutable_data()),
                        "reading an output"));
    return tensor;
  }

 private:
  Status upload(const KernelArgument& a) {
    if (a.kind == KernelArgument::Kind::null) return {};
    const size_t bytes = a.tensor.bytes();
    cl_int code = CL_SUCCESS;
    buffers_.back() =
        cl::Buffer(context_, CL_MEM_READ_WRITE, std::max<size_t>(bytes, 1), nullptr, &code);
    OARLOCK_TRY(check(code, concat("a buffer of ", bytes, " bytes")));
    if (bytes == 0) return {};
    return check(queue_.enqueueWriteBuffer(buffers_.back(), CL_TRUE, 0, bytes, a.tensor.data()),
                 "writing a buffer");
  }

  cl::Context context_;
  cl::CommandQueue queue_;
  cl::Kernel kernel_;
  std::vector<cl::Buffer> buffers_;  // by argument; empty where it is none
};

Result<ExitCode> KernelRun::run() const {
  OARLOCK_ASSIGN(const FoundDevice found, find_device(device));
  OARLOCK_ASSIGN(const Extents items, parse_extents(global));
  Extents group;
  if (!local.empty()) {
    OARLOCK_ASSIGN(group, parse_extents(local));
    if (group.count != items.count)
      return invalid("--global has ", items.count, " extents, --local ", group.count);
  }
  if (files.empty() == binary.empty())
    return invalid("a kernel is in source files or in --opencl-binary: give one of them");
  OARLOCK_ASSIGN(const std::vector<KernelArgument> list, read_arguments());
  const auto make = [this](const cl::Context& context, const cl::Device& on) {
    return program(context, on);
  };
  OARLOCK_ASSIGN(Runner runner, Runner::make(found, make, kernel));
  OARLOCK_TRY(runner.set(list));
  OARLOCK_TRY(runner.run(items, group).status());

  bool differs = false;
  size_t output = 0;
  for (size_t i = 0; i < list.size() && output < checks.size(); ++i) {
    if (!list[i].output) continue;
    const std::string& path = checks[output++];
    OARLOCK_ASSIGN(const Tensor reference, read_npy(path));
    OARLOCK_ASSIGN(const Tensor result, runner.read(i, list[i].tensor));
    const Difference d = difference(Value(result), Value(reference));
    if (!d.comparable) return invalid("argument ", i + 1, ": ", d.why, " of ", path);
    const bool beyond = d.beyond(tolerance);
    differs = differs || beyond;
    std::printf("argument %zu %s %s: largest difference %s (%s of the largest value), at %lld\n",
                i + 1, beyond ? "differs from" : "agrees with", path.c_str(),
                significant(d.absolute).c_str(), significant(d.scaled).c_str(),
                static_cast<long long>(d.at));
  }
  std::vector<double> times;
  for (size_t i = 0; i < repeat; ++i) {
    OARLOCK_ASSIGN(const double us, runner.run(items, group));
    times.push_back(us);
  }
  if (!times.empty()) {
    double bytes = 0;
    for (const KernelArgument& a : list)
      if (a.tensor.defined()) bytes += static_cast<double>(a.tensor.bytes());
    Table table({"kernel", "device", "median us", "min us", "runs", "GB/s of arguments"});
    const double median = quantile(times, 0.5);
    table.add({kernel, found.name, fixed(median, 1), fixed(quantile(times, 0), 1),
               std::to_string(times.size()), fixed(median > 0 ? bytes / median * 1e-3 : 0, 2)});
    std::fputs(table.text().c_str(), stdout);
  }
  return differs ? kDifference : kOk;
}

}  // namespace

void add_kernel_run(CLI::App& app) {
  CLI::App* command =
      app.add_subcommand("run", "Run one OpenCL kernel from a file, time it and check it");
  auto c = std::make_shared<KernelRun>();
  command->add_option("files", c->files, "Source files, compiled as one in this order")
      ->check(CLI::ExistingFile);
  command
      ->add_option("--opencl-binary", c->binary,
                   "In place of sources: a program as the device's driver gives it, or .xclbin")
      ->check(CLI::ExistingFile);
  command->add_option("--save-binary", c->save_binary, "Write the driver's binary of the program")
      ->type_name("FILE");
  command->add_option("--kernel", c->kernel, "Name of the kernel")->required();
  command
      ->add_option("--arg", c->arguments,
                   "An argument, repeated in the kernel's order: FILE.npy, inout=FILE.npy,\n"
                   "out=TYPE:SHAPE, out (as in --check), int=3, float4=1,2,3,4, local=BYTES, null")
      ->allow_extra_args(false);
  command->add_option("--global", c->global, "Work-items: X, X,Y or X,Y,Z")->required();
  command->add_option("--local", c->local, "Work-items in a group; default: the driver's choice");
  command->add_option("--check", c->checks, "What an output must be, repeated in their order")
      ->type_name("FILE.npy")
      ->allow_extra_args(false);
  command->add_option("--tolerance", c->tolerance, "Largest difference / largest value")
      ->capture_default_str();
  command->add_option("--repeat", c->repeat, "Timed runs, after the one that is checked")
      ->capture_default_str();
  command->add_option("--device", c->device, "As `oarlock devices` names it")
      ->capture_default_str();
  command->add_option("--define", c->defines, "A macro, NAME or NAME=VALUE, repeated")
      ->allow_extra_args(false);
  command->add_option("--options", c->options, "For the compiler, such as -cl-fast-relaxed-math");
  when_chosen(command, [c] { return c->run(); });
}

}  // namespace oarlock::cli
