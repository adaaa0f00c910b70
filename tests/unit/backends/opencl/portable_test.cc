// Sessions on binaries in place of a compiler.
#include "backends/opencl/portable.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <string>

#include "oarlock/plugin/graph.h"
#include "oarlock/session.h"
#include "tests/support/networks.h"
#include "tests/unit/backends/opencl/layer_test.h"

namespace oarlock::opencl {
namespace {

namespace fs = std::filesystem;

class WithoutCompiler : public OnLayer {
 protected:
  void SetUp() override {
    OnLayer::SetUp();
    fs::remove_all(folder);
  }
  void TearDown() override {
    fs::remove_all(folder);
    OnLayer::TearDown();
  }
  static void remove_compiler() {
    set("OARLOCK_LAYER_FAIL",
        concat("clCreateProgramWithSource ", CL_COMPILER_NOT_AVAILABLE, " 0"));
  }
  Status run(const Model& model, const Value& input, Value& output, const std::string& setting,
             const fs::path& path) const {
    SessionOptions options;
    options.devices = {"opencl"};
    options.strict = true;
    options.settings = {{setting, path.string()}, {"opencl.cache", "off"}};
    options.backend_paths = {OARLOCK_OPENCL_LIBRARY};
    OARLOCK_ASSIGN(Session session, Session::open(model, options));
    return session.run({&input, 1}, {&output, 1});
  }

  const fs::path folder = fs::path(testing::TempDir()) / ("portable_" + std::to_string(getpid()));
};

std::string bytes_of(const Value& value) {
  const Tensor& t = value.tensor();
  return std::string(reinterpret_cast<const char*>(t.data()), t.bytes());
}

Model one_node(const char* op) {
  Graph graph;
  Node node;
  node.op = node.name = op;
  node.inputs = {graph.add_input("x", TypeInfo::tensor(DType::float32, Shape{3}))};
  const Result<NodeId> id = graph.add_node(std::move(node), {"y"});
  EXPECT_TRUE(id.ok());
  graph.add_output(graph.node(*id).outputs[0]);
  return Model(std::move(graph), {});
}

TEST_F(WithoutCompiler, ANetworkRunsOnWhatAnotherSessionExported) {
  constexpr int64_t kSize = 32;
  const Model model = test::resnet50(kSize, 1);
  const Value input = test::random_tensor(Shape{1, 3, kSize, kSize}, 2);
  Value expected, output;
  const Status exported = run(model, input, expected, "opencl.export", folder);
  ASSERT_TRUE(exported.ok()) << to_string(exported);
  remove_compiler();
  const Status status = run(model, input, output, "opencl.binary", folder);
  ASSERT_TRUE(status.ok()) << to_string(status);
  EXPECT_EQ(bytes_of(output), bytes_of(expected));

  fs::path removed;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path().filename().string().starts_with("pool-") && entry.path().extension() == ".bin")
      removed = entry.path();
  ASSERT_FALSE(removed.empty());
  fs::remove(removed);
  const Status missing = run(model, input, output, "opencl.binary", folder);
  EXPECT_EQ(missing.code(), Code::io) << to_string(missing);
  for (const std::string& word : {removed.string(), std::string("pool.cl"),
                                  std::string("-cl-std=CL1.2"), std::string("opencl.export")})
    EXPECT_NE(missing.message().find(word), std::string::npos) << word << to_string(missing);
}

TEST_F(WithoutCompiler, TuningPassesOverWhatIsNotAmongTheBinaries) {
  Graph graph;
  Node node;
  node.op = node.name = "MatMul";
  node.inputs = {graph.add_input("x", TypeInfo::tensor(DType::float32, Shape{4, 32})),
                 graph.add_constant("w", test::random_tensor(Shape{32, 24}, 2))};
  const Result<NodeId> id = graph.add_node(node, {"y"});
  ASSERT_TRUE(id.ok()) << to_string(id.status());
  graph.add_output(graph.node(*id).outputs[0]);
  const Model model(std::move(graph), {});
  const Value input = test::random_tensor(Shape{4, 32}, 2);
  Value expected, output;
  const Status exported = run(model, input, expected, "opencl.export", folder);
  ASSERT_TRUE(exported.ok()) << to_string(exported);
  remove_compiler();
  SessionOptions options;
  options.devices = {"opencl"};
  options.settings = {
      {"opencl.binary", folder.string()}, {"opencl.cache", "off"}, {"tune", "1000"}};
  options.backend_paths = {OARLOCK_OPENCL_LIBRARY};
  Result<Session> session = Session::open(model, options);
  ASSERT_TRUE(session.ok()) << to_string(session.status());
  const Status ran = session->run({&input, 1}, {&output, 1});
  ASSERT_TRUE(ran.ok()) << to_string(ran);
  const std::vector<TunedChoice> tuned = session->explain()->tuning;
  ASSERT_EQ(tuned.size(), 1u);
  EXPECT_LT(tuned[0].candidates.size(), 5u);
}

TEST_F(WithoutCompiler, OneFileHoldsTheKernelsOfAllPrograms) {
  const Model model = one_node("Softsign");
  const Value x = Tensor::of<float>(Shape{3}, {1, -3, 0});
  Value y;
  const Status exported = run(model, x, y, "opencl.export", folder);
  ASSERT_TRUE(exported.ok()) << to_string(exported);
  std::set<std::string> extensions;
  fs::path binary;
  for (const auto& entry : fs::directory_iterator(folder)) {
    extensions.insert(entry.path().extension());
    if (entry.path().extension() == ".bin") binary = entry.path();
  }
  EXPECT_EQ(extensions, (std::set<std::string>{".bin", ".cl", ".txt"}));
  const fs::path file = folder / "all.xclbin";
  fs::rename(binary, file);
  remove_compiler();
  const Status status = run(model, x, y, "opencl.binary", file);
  ASSERT_TRUE(status.ok()) << to_string(status);
  EXPECT_EQ(bytes_of(y), bytes_of(Tensor::of<float>(Shape{3}, {0.5f, -0.75f, 0})));

  // A program that the file does not have.
  const Status other = run(one_node("Softplus"), x, y, "opencl.binary", file);
  EXPECT_NE(other.message().find("kernel elementwise_"), std::string::npos) << to_string(other);
  EXPECT_NE(other.message().find("CL_INVALID_KERNEL_NAME"), std::string::npos) << to_string(other);
}

TEST_F(WithoutCompiler, FilesThatDoNotServeAreNamed) {
  const Model model = one_node("Relu");
  const Value x = Tensor::of<float>(Shape{3}, {1, -3, 0});
  Value y;
  const Status absent = run(model, x, y, "opencl.binary", folder);
  EXPECT_NE(to_string(absent).find("there is no file or folder"), std::string::npos);
  fs::create_directories(folder);
  const fs::path file = folder / "damaged.xclbin";
  std::ofstream(file) << "no program";
  const Status damaged = run(model, x, y, "opencl.binary", file);
  EXPECT_EQ(damaged.code(), Code::io);
  EXPECT_NE(damaged.message().find("damaged.xclbin does not serve opencl:0"), std::string::npos)
      << to_string(damaged);
}

TEST(PortableProgramTest, RenamesItsKernelsAndDependsOnTextAndOptions) {
  const ProgramSource source{"sample", "kernel void one() {}\nkernel void two() {}\n", "-x"};
  const PortableProgram program = PortableProgram::from(source);
  EXPECT_EQ(program.name, "sample-" + program.suffix.substr(1));
  EXPECT_EQ(program.source.text, "#define one one" + program.suffix + "\n#define two two" +
                                     program.suffix + "\n" + source.text);
  ProgramSource other = source;
  other.options = "-y";
  EXPECT_NE(PortableProgram::from(other).name, program.name);
  other = source;
  other.text += " ";
  EXPECT_NE(PortableProgram::from(other).name, program.name);
}

}  // namespace
}  // namespace oarlock::opencl
