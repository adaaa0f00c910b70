#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "oarlock/plugin/numeric.h"
#include "tools/cli/command.h"
#include "tools/cli/difference.h"
#include "tools/cli/image.h"
#include "tools/cli/npz.h"
#include "tools/cli/print.h"
#include "tools/cli/profile_report.h"
#include "tools/cli/random_values.h"

namespace oarlock::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

TEST(Npz, WritesWhatItReads) {
  const std::string path = testing::TempDir() + "values_test.npz";
  const std::vector<NamedValue> values = {
      {"a", Value(Tensor::of<float>({2}, {1, 2}))},
      {"list", Value(Sequence{Value(Tensor::scalar<int64_t>(5)), Value(Tensor::scalar(6.5))})},
      {"nothing", Value()}};
  ASSERT_TRUE(write_npz(path, values).ok());
  const auto read = read_npz(path);
  ASSERT_TRUE(read.ok()) << to_string(read.status());
  ASSERT_EQ(read->size(), 3u);
  EXPECT_EQ(read->at(0).name, "a");
  EXPECT_THAT(read->at(0).value.tensor().as<float>(), ElementsAre(1, 2));
  EXPECT_EQ(read->at(1).name, "list.0");
  EXPECT_EQ(read->at(2).name, "list.1");
  EXPECT_EQ(read->at(2).value.tensor().as<double>()[0], 6.5);

  std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2);
  EXPECT_THAT(to_string(read_npz(path).status()), HasSubstr(path));
  std::filesystem::remove(path);
  EXPECT_EQ(read_npz(path).status().code(), Code::io);
  EXPECT_EQ(write_npz("/no/such/folder/a.npz", values).code(), Code::io);
}

TEST(DifferenceTest, IsScaledByTheReference) {
  const Difference d = difference(Value(Tensor::of<float>({3}, {1, 2, 12})),
                                  Value(Tensor::of<float>({3}, {1, 2, 10})));
  EXPECT_DOUBLE_EQ(d.absolute, 2);
  EXPECT_DOUBLE_EQ(d.scaled, 0.2);
  EXPECT_EQ(d.at, 2);
  EXPECT_TRUE(d.beyond(0.1));
  EXPECT_FALSE(d.beyond(0.3));
}

TEST(DifferenceTest, SeesNanInfinityShapesAndText) {
  const float inf = INFINITY, nan = NAN;
  const auto of = [](float a, float b) {
    return difference(Value(Tensor::scalar(a)), Value(Tensor::scalar(b)));
  };
  EXPECT_FALSE(of(nan, nan).beyond(0));
  EXPECT_FALSE(of(inf, inf).beyond(0));
  EXPECT_TRUE(of(nan, 1).beyond(1e9));
  EXPECT_TRUE(of(1, nan).beyond(1e9));
  EXPECT_TRUE(of(inf, -inf).beyond(1e9));
  EXPECT_TRUE(difference(Value(Tensor::scalar(1.f)), Value(Tensor::scalar(1.0))).beyond(1e9));
  EXPECT_TRUE(
      difference(Value(Tensor::of<float>({1}, {1.f})), Value(Tensor::scalar(1.f))).beyond(1e9));
  EXPECT_TRUE(difference(Value(Tensor::strings({1}, {"a"})), Value(Tensor::strings({1}, {"b"})))
                  .beyond(0.5));
  EXPECT_TRUE(difference(Value(Sequence{}), Value(Sequence{Value()})).beyond(1e9));
  EXPECT_FALSE(difference(Value(), Value()).beyond(0));
}

TEST(RandomValues, AreTheSameForTheSameSeedAndFitTheType) {
  const TypeInfo type = TypeInfo::tensor(DType::float32, {Shape::kUnknown, 4});
  const Value a = random_value(type, "x", 1).value(), b = random_value(type, "x", 1).value();
  EXPECT_EQ(a.tensor().shape(), (Shape{1, 4}));
  EXPECT_FALSE(difference(a, b).beyond(0));
  EXPECT_TRUE(difference(a, random_value(type, "y", 1).value()).beyond(1e-3));
  EXPECT_TRUE(difference(a, random_value(type, "x", 2).value()).beyond(1e-3));
  for (float x : a.tensor().as<float>()) EXPECT_LE(std::abs(x), 1);
  for (int d = 1; d < kDTypeCount; ++d)
    EXPECT_TRUE(random_value(TypeInfo::tensor(static_cast<DType>(d), {3}), "x", 1).ok()) << d;
  EXPECT_FALSE(random_value(TypeInfo::tensor(DType::float32), "x", 1).ok());
}

// A picture of 2x1 pixels: red, then blue.
TEST(Image, IsConvertedAsAsked) {
  const std::string path = testing::TempDir() + "values_test.ppm";
  std::ofstream(path, std::ios::binary) << "P6 2 1 255\n" << std::string("\xff\0\0\0\0\xff", 6);
  const auto read = [&](DType dtype, Shape shape, const ImageOptions& options) {
    Result<Tensor> tensor = read_image(path, TypeInfo::tensor(dtype, std::move(shape)), options);
    EXPECT_TRUE(tensor.ok()) << to_string(tensor.status());
    return as_doubles(tensor.value());
  };
  EXPECT_THAT(read(DType::float32, {1, 3, 1, 2}, {}), ElementsAre(1, 0, 0, 0, 0, 1));
  EXPECT_THAT(read(DType::uint8, {1, 1, 2, 3}, {}), ElementsAre(255, 0, 0, 0, 0, 255));
  ImageOptions bgr;
  bgr.channels = "bgr";
  EXPECT_THAT(read(DType::float32, {1, 3, 1, 2}, bgr), ElementsAre(0, 1, 0, 0, 1, 0));
  ImageOptions normal;
  normal.mean = {0.5f};
  normal.std = {0.5f};
  EXPECT_THAT(read(DType::float32, {Shape::kUnknown, 3, Shape::kUnknown, Shape::kUnknown}, normal),
              ElementsAre(1, -1, -1, -1, -1, 1));
  EXPECT_EQ(read(DType::float32, {1, 1, 4, 4}, {}).size(), 16u);
  EXPECT_FALSE(read_image(path, TypeInfo::tensor(DType::float32, {1, 7, 5, 5}), {}).ok());
  EXPECT_FALSE(read_image("no.png", TypeInfo::tensor(DType::float32, {1, 3, 4, 4}), {}).ok());
  std::filesystem::remove(path);
}

TEST(Command, ParsesShapes) {
  EXPECT_EQ(parse_shape("1x3x224x224").value(), (Shape{1, 3, 224, 224}));
  EXPECT_EQ(parse_shape("5").value(), (Shape{5}));
  EXPECT_EQ(parse_shape("scalar").value(), Shape{});
  for (const char* bad : {"", "x", "1x", "-1", "1xa", "99999999999999999999"})
    EXPECT_FALSE(parse_shape(bad).ok()) << bad;
  EXPECT_EQ(parse_shapes({"a=1x2", "b:0=3"}).value().at("b:0"), (Shape{3}));
  EXPECT_FALSE(parse_shapes({"a"}).ok());
}

TEST(Print, ShowsTheLargest) {
  const Tensor t = Tensor::of<float>({1, 3}, {0.1f, 0.7f, 0.2f});
  EXPECT_EQ(top_text(t, 2, {"zero", "one"}).value(), "  0.7000  one\n  0.2000  #2\n");
  EXPECT_FALSE(top_text(Tensor::strings({1}, {"a"}), 1, {}).ok());
}

TEST(Profile, AddsUpAndTraces) {
  ProfileReport report;
  for (int run = 0; run < 2; ++run) {
    report.add({"conv1", "Conv", "cpu", "conv_f32", 0, 3000, 6e6, 3e9});
    report.add({"relu1", "Relu", "cpu", "relu_f32", 3000, 4000, 1e6, 0});
    report.end_run();
  }
  EXPECT_EQ(report.devices(), std::vector<std::string>{"cpu"});
  EXPECT_THAT(report.by_operator(), Not(HasSubstr("peak of")));
  report.set_peaks({{"cpu", 4000}});
  const std::string table = report.by_operator();
  EXPECT_THAT(table, HasSubstr("75.0%"));
  EXPECT_THAT(table, HasSubstr("1000.0      25%"));  // GFLOP/s, of the peak
  EXPECT_THAT(table, HasSubstr("peak of cpu: 4000.0 GFLOP/s"));
  EXPECT_LT(table.find("Conv"), table.find("Relu"));
  EXPECT_THAT(report.by_node(1), HasSubstr("and 1 more"));
  const auto trace = nlohmann::json::parse(report.chrome_trace());
  size_t complete = 0;
  double last = -1;
  for (const auto& event : trace["traceEvents"]) {
    if (event["ph"] != "X") continue;
    ++complete;
    EXPECT_GE(event["ts"].get<double>(), last);
    last = event["ts"].get<double>() + event["dur"].get<double>();
  }
  EXPECT_EQ(complete, 4u);
}

}  // namespace
}  // namespace oarlock::cli
