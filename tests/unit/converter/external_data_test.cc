#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "tests/unit/converter/model_maker.h"

namespace oarlock::test {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

// A folder of its own for each test, with weights in "w.bin": floats 0, 1, 2, ...
class ExternalDataTest : public testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::path(testing::TempDir()) /
            ("oarlock_external_" +
             std::string(testing::UnitTest::GetInstance()->current_test_info()->name()));
    fs::remove_all(root_);
    folder_ = root_ / "model";
    fs::create_directories(folder_ / "sub");
    write(folder_ / "w.bin", 16);
    write(folder_ / "sub" / "w.bin", 16);
    write(root_ / "outside.bin", 16);
  }
  void TearDown() override { fs::remove_all(root_); }

  static void write(const fs::path& path, int count) {
    std::ofstream file(path, std::ios::binary);
    for (int i = 0; i < count; ++i) {
      const auto value = static_cast<float>(i);
      file.write(reinterpret_cast<const char*>(&value), sizeof(value));
    }
  }

  static onnx::TensorProto tensor(const std::string& location, const std::string& offset,
                                  const std::string& length, int64_t count = 2) {
    onnx::TensorProto proto;
    proto.set_name("w");
    proto.set_data_type(onnx::TensorProto::FLOAT);
    proto.add_dims(count);
    proto.set_data_location(onnx::TensorProto::EXTERNAL);
    const auto add = [&](const char* key, const std::string& value) {
      if (value.empty()) return;
      auto& entry = *proto.add_external_data();
      entry.set_key(key);
      entry.set_value(value);
    };
    add("location", location);
    add("offset", offset);
    add("length", length);
    return proto;
  }

  Result<std::vector<float>> read(const onnx::TensorProto& proto) const {
    GraphMaker graph;
    *graph.proto.add_initializer() = proto;
    graph.output("w");
    std::ofstream(folder_ / "model.onnx", std::ios::binary)
        << make_model(graph, 13).SerializeAsString();
    OARLOCK_ASSIGN(const Model model, convert_onnx((folder_ / "model.onnx").string()));
    const auto values = model.graph().constant(model.graph().outputs()[0])->as<float>();
    return std::vector<float>(values.begin(), values.end());
  }

  std::string error(const onnx::TensorProto& proto) const {
    const Result<std::vector<float>> values = read(proto);
    EXPECT_FALSE(values.ok());
    return values.status().message();
  }

  fs::path root_, folder_;
};

TEST_F(ExternalDataTest, IsRead) {
  Result<std::vector<float>> values = read(tensor("w.bin", "8", "8"));
  ASSERT_TRUE(values.ok()) << to_string(values.status());
  EXPECT_THAT(*values, ElementsAre(2, 3));
  values = read(tensor("sub/w.bin", "", ""));
  ASSERT_TRUE(values.ok()) << to_string(values.status());
  EXPECT_THAT(*values, ElementsAre(0, 1));
  EXPECT_TRUE(read(tensor("w.bin", "6", "8")).ok());  // not aligned
  EXPECT_TRUE(read(tensor("./w.bin", "56", "8")).ok());
}

TEST_F(ExternalDataTest, LinksWithinTheFolderAreFollowed) {
  fs::create_symlink("sub/w.bin", folder_ / "inside");
  EXPECT_TRUE(read(tensor("inside", "0", "8")).ok());
}

TEST_F(ExternalDataTest, LeavingTheFolderIsRefused) {
  EXPECT_THAT(error(tensor("../outside.bin", "", "")), HasSubstr("refused"));
  EXPECT_THAT(error(tensor("sub/../../outside.bin", "", "")), HasSubstr("refused"));
  EXPECT_THAT(error(tensor((root_ / "outside.bin").string(), "", "")), HasSubstr("refused"));
  fs::create_symlink("../outside.bin", folder_ / "link");
  EXPECT_THAT(error(tensor("link", "", "")), HasSubstr("a link leads to"));
  fs::create_directory_symlink(root_, folder_ / "up");
  EXPECT_THAT(error(tensor("up/outside.bin", "", "")), HasSubstr("a link leads to"));
}

TEST_F(ExternalDataTest, BadRangesAndFilesAreRefused) {
  EXPECT_THAT(error(tensor("w.bin", "60", "8")), HasSubstr("has 64 bytes, too few"));
  EXPECT_THAT(error(tensor("w.bin", "18446744073709551612", "8")), HasSubstr("too few"));
  EXPECT_THAT(error(tensor("w.bin", "18446744073709551617", "8")), HasSubstr("'offset'"));
  EXPECT_THAT(error(tensor("w.bin", "-4", "8")), HasSubstr("'offset' is '-4'"));
  EXPECT_THAT(error(tensor("w.bin", "0", "12")), HasSubstr("length of 12"));
  EXPECT_THAT(error(tensor("w.bin", "0", "", int64_t{1} << 46)), HasSubstr("too few"));
  EXPECT_THAT(error(tensor("", "0", "8")), HasSubstr("without a location"));
  EXPECT_THAT(error(tensor("missing.bin", "0", "8")), HasSubstr("missing.bin"));
  EXPECT_THAT(error(tensor("sub", "0", "8")), HasSubstr("not a regular file"));
  EXPECT_THAT(error(tensor(".", "0", "8")), HasSubstr("refused"));
  EXPECT_THAT(error(tensor(std::string("w.bin\0x", 7), "0", "8")), HasSubstr("refused"));
  ASSERT_EQ(mkfifo((folder_ / "pipe").c_str(), 0600), 0);
  EXPECT_THAT(error(tensor("pipe", "0", "8")), HasSubstr("not a regular file"));
}

TEST_F(ExternalDataTest, NeedsAFolder) {
  GraphMaker graph;
  *graph.proto.add_initializer() = tensor("w.bin", "0", "8");
  graph.output("w");
  EXPECT_THAT(convert(make_model(graph, 13)).status().message(), HasSubstr("refused"));
  EXPECT_TRUE(convert(make_model(graph, 13), {}, nullptr, folder_.string()).ok());
}

TEST_F(ExternalDataTest, FilesBeyondTwoGibibytes) {
  const fs::path big = folder_ / "big.bin";
  write(big, 1);
  const uint64_t offset = (uint64_t{5} << 30) + 4;
  fs::resize_file(big, offset);  // sparse
  std::ofstream(big, std::ios::binary | std::ios::app).write("\0\0\x80\x3f\0\0\0\x40", 8);
  const Result<std::vector<float>> values = read(tensor("big.bin", std::to_string(offset), "8"));
  ASSERT_TRUE(values.ok()) << to_string(values.status());
  EXPECT_THAT(*values, ElementsAre(1, 2));
}

TEST(ConvertFile, MissingAndWrongFiles) {
  const std::string folder = testing::TempDir();
  EXPECT_EQ(convert_onnx(folder + "/no_such_model.onnx").status().code(), Code::io);
  EXPECT_EQ(convert_onnx(folder).status().code(), Code::io);
  const std::string text = folder + "/text.onnx";
  std::ofstream(text) << "this is not a model";
  const Status status = convert_onnx(text).status();
  EXPECT_EQ(status.code(), Code::invalid);
  EXPECT_THAT(status.message(), HasSubstr("text.onnx"));
  std::ofstream(text, std::ios::trunc).flush();
  EXPECT_THAT(convert_onnx(text).status().message(), HasSubstr("empty"));
  // Sparse, larger than a protobuf message may be.
  fs::resize_file(text, uint64_t{3} << 30);
  EXPECT_THAT(convert_onnx(text).status().message(), HasSubstr("external data"));
  fs::remove(text);
}

}  // namespace
}  // namespace oarlock::test
