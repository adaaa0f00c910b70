#include "backends/opencl/program.h"

#include <unistd.h>

#include <filesystem>
#include <string>

#include "tests/unit/backends/opencl/opencl_test.h"

namespace oarlock::opencl {
namespace {

ProgramSource source(const std::string& body) {
  return {"sample", "#define UNUSED 1\n#line 1 \"sample.cl\"\n" + body, "-cl-std=CL1.2"};
}

TEST_F(OnDevice, ABuildFailureShowsTheLogAndTheLine) {
  const Result<cl::Kernel> kernel =
      device->kernel(source("kernel void k(global int* x) {\n  x[0] = no_such_name;\n}\n"), "k");
  ASSERT_FALSE(kernel.ok());
  const std::string message = kernel.status().message();
  EXPECT_NE(message.find("CL_BUILD_PROGRAM_FAILURE"), std::string::npos) << message;
  EXPECT_NE(message.find("sample.cl line 2:   x[0] = no_such_name;"), std::string::npos) << message;
}

TEST_F(OnDevice, AMissingKernelIsNamed) {
  const Result<cl::Kernel> kernel =
      device->kernel(source("kernel void k(global int* x) { x[0] = 1; }\n"), "other");
  ASSERT_FALSE(kernel.ok());
  EXPECT_NE(kernel.status().message().find("kernel other of sample.cl: CL_INVALID_KERNEL_NAME"),
            std::string::npos)
      << kernel.status().message();
}

// Twice from scratch: the second time the binary of the first serves. A binary for this key that
// the driver refuses is ignored.
TEST_F(OnDevice, BinariesAreKeptAndBadOnesIgnored) {
  const auto folder =
      std::filesystem::path(testing::TempDir()) / ("programs_" + std::to_string(getpid()));
  const ProgramSource program = source("kernel void k(global int* x) { x[0] = 41; }\n");
  const FoundDevice& found = device->found();
  cl::Context context(found.device);
  const Result<cl::Program> built = build_from_source(context, found.device, program);
  ASSERT_TRUE(built.ok()) << to_string(built.status());
  const Result<std::vector<unsigned char>> binary = binary_of(*built);
  ASSERT_TRUE(binary.ok()) << to_string(binary.status());
  EXPECT_TRUE(build_from_binary(context, found.device, *binary, program.options).ok());
  EXPECT_FALSE(build_from_binary(context, found.device, {1, 2, 3}, program.options).ok());

  {
    ClDevice caching(found,
                     Settings{CacheFolder::from({{"opencl.cache", folder.string()}}, "opencl")});
    ASSERT_TRUE(caching.kernel(program, "k").ok());
    EXPECT_FALSE(std::filesystem::exists(folder)) << "stored before the session ends";
  }
  EXPECT_FALSE(std::filesystem::is_empty(folder));
  std::filesystem::remove_all(folder);
}

TEST(Programs, EverySourceIsEmbeddedOnce) {
  for (const EmbeddedSource& a : embedded_sources()) {
    EXPECT_FALSE(a.text.empty()) << a.name;
    for (const EmbeddedSource& b : embedded_sources())
      EXPECT_TRUE(&a == &b || a.name != b.name) << a.name;
  }
  EXPECT_EQ(embedded_program("no_such_file", {}).status().code(), Code::internal);
}

}  // namespace
}  // namespace oarlock::opencl
