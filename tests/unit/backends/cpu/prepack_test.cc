// Packed weights in a file beside the model's.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <cstring>
#include <filesystem>
#include <fstream>

#include "oarlock/plugin/op.h"
#include "oarlock/plugin/passes.h"
#include "tests/unit/backends/cpu/kernel_check.h"
#include "tests/unit/backends/cpu/network.h"

namespace oarlock::cpu {
namespace {

// A convolution and a fully connected layer; the weights depend on `seed`.
Network network(unsigned seed) {
  Network net;
  const ValueId x = net.graph.add_input("x", TypeInfo::tensor(DType::float32, Shape{1, 8, 12, 12}));
  const ValueId w = net.graph.add_constant("w", random_tensor({40, 8, 3, 3}, seed));
  const ValueId bias = net.graph.add_constant("bias", random_tensor({40}, seed + 1));
  const ValueId y = net.add("Conv", {x, w, bias}, {{"pads", std::vector<int64_t>{1, 1, 1, 1}}});
  const ValueId flat = net.add("Flatten", {net.add("GlobalAveragePool", {net.add("Relu", {y})})});
  const ValueId m = net.graph.add_constant("m", random_tensor({40, 70}, seed + 2));
  net.graph.add_output(net.add("MatMul", {flat, m}));
  EXPECT_TRUE(resolve(net.graph, OpRegistry::core()).ok());
  return net;
}

class Prepack : public testing::Test {
 protected:
  Prepack() {
    std::string pattern = (std::filesystem::temp_directory_path() / "prepackXXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    save(network(1));
  }
  ~Prepack() override { std::filesystem::remove_all(folder_); }

  std::string model() const { return (folder_ / "net.oar").string(); }
  std::string packed() const { return model() + ".packed-cpu"; }
  void save(const Network& net) const { ASSERT_TRUE(Model(net.graph, {}).save(model()).ok()); }

  Result<Session> open(std::map<std::string, std::string> settings = {},
                       const char* device = "cpu") const {
    SessionOptions options;
    options.devices = {device};
    options.settings = std::move(settings);
    return Session::open(model(), options);
  }
  void prepack() const {
    Result<Session> session = open({{"prepacked", "off"}});
    ASSERT_TRUE(session.ok()) << to_string(session.status());
    const auto files = session->prepack();
    ASSERT_TRUE(files.ok()) << to_string(files.status());
    EXPECT_EQ(*files, std::vector<std::string>{packed()});
  }
  // Compares the bits of a run with those of a session that packs; returns what it explains.
  Explanation check(std::map<std::string, std::string> settings = {}) const {
    Result<Session> plain = open({{"prepacked", "off"}});
    Result<Session> session = open(std::move(settings));
    EXPECT_TRUE(plain.ok() && session.ok()) << to_string(session.status());
    const std::vector<NamedValue> inputs{{"x", random_tensor({1, 8, 12, 12}, 9)}};
    const auto expected = plain->run(inputs), given = session->run(inputs);
    EXPECT_TRUE(given.ok()) << to_string(given.status());
    const Tensor &e = (*expected)[0].value.tensor(), &g = (*given)[0].value.tensor();
    EXPECT_EQ(std::memcmp(e.data(), g.data(), e.bytes()), 0);
    EXPECT_EQ(plain->explain()->prepacked_constants, 0U);
    return *session->explain();
  }
  void expect_unused(const char* note) const {
    const Explanation e = check();
    EXPECT_EQ(e.prepacked_constants, 0U);
    EXPECT_GT(e.packed_constants, 0U);
    ASSERT_EQ(e.notes.size(), 1U);
    EXPECT_NE(e.notes[0].find(note), std::string::npos) << e.notes[0];
  }

  std::filesystem::path folder_;
};

TEST_F(Prepack, IsUsedWithTheSameBits) {
  EXPECT_EQ(check().prepacked_constants, 0U);
  prepack();
  const Explanation e = check();
  EXPECT_EQ(e.prepacked_constants, e.packed_constants);
  EXPECT_GT(e.prepacked_constants, 0U);
  EXPECT_TRUE(e.notes.empty());
  EXPECT_NE(to_string(e).find("from files"), std::string::npos);
  EXPECT_EQ(check({{"prepacked", "off"}}).prepacked_constants, 0U);
}

TEST_F(Prepack, CanBeWrittenFromItself) {
  prepack();
  Result<Session> session = open();
  ASSERT_TRUE(session.ok());
  ASSERT_TRUE(session->prepack().ok());
  const Explanation e = check();
  EXPECT_EQ(e.prepacked_constants, e.packed_constants);
}

TEST_F(Prepack, OfAnotherModelIsNotUsed) {
  prepack();
  save(network(5));
  expect_unused("made for another model");
}

TEST_F(Prepack, FromAnotherKindOfProcessorIsNotUsed) {
  prepack();
  Result<Model> written = Model::load(packed());
  ASSERT_TRUE(written.ok());
  ModelMetadata metadata = written->metadata();
  metadata.properties["packed_by"] += " of yesterday";
  ASSERT_TRUE(Model(written->graph(), metadata).save(packed()).ok());
  expect_unused("another processor");
}

TEST_F(Prepack, DamagedIsNotUsed) {
  prepack();
  const auto size = std::filesystem::file_size(packed());
  for (const uint64_t at : {uint64_t{100}, size - 100}) {  // the index, the weights
    std::fstream file(packed(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(static_cast<std::streamoff>(at));
    const auto byte = static_cast<char>(file.get() ^ 1);
    file.seekp(static_cast<std::streamoff>(at));
    file.put(byte);
    file.close();
    expect_unused("damaged");
    prepack();
  }
  std::filesystem::resize_file(packed(), size / 2);
  expect_unused("truncated");
  std::filesystem::resize_file(packed(), 0);
  expect_unused("empty");
}

TEST_F(Prepack, TellsWhatItCannot) {
  Result<Session> in_memory = network(1).open("cpu", true);
  ASSERT_TRUE(in_memory.ok());
  EXPECT_EQ(in_memory->prepack().status().code(), Code::invalid);
  Result<Session> reference = open({}, "reference");
  ASSERT_TRUE(reference.ok());
  EXPECT_EQ(reference->prepack().status().code(), Code::unsupported);
  EXPECT_EQ(open({{"prepacked", "maybe"}}).status().code(), Code::invalid);
}

}  // namespace
}  // namespace oarlock::cpu
