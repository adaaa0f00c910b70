// Damaged models: every one must give an error or a conversion, never a crash, hang or unbounded
// allocation. The sanitizer builds run this as well.
#include <gtest/gtest.h>

#include <random>

#include "tests/unit/converter/model_maker.h"

namespace oarlock::test {
namespace {

constexpr int kMutations = 1500;  // of each kind

// A model with something of everything the converter reads.
std::string rich_model() {
  GraphMaker graph, branch, other;
  graph.input("x", DType::float32, {"n", 3, 4, 4}).input("c", DType::boolean, {});
  graph.output("y", DType::float32, {"n", 3, 4, 4}).output("z");
  graph.floats("w", {3, 1, 1}, {1, 2, 3}).integers("shape", {4}, {0, 3, 4, 4});
  *graph.proto.add_initializer() = raw_tensor("r", 1, {3}, std::string(12, '\x3f'));
  onnx::SparseTensorProto& sparse = *graph.proto.add_sparse_initializer();
  *sparse.mutable_values() = float_tensor("s", {2}, {5, 6});
  sparse.add_dims(4);
  sparse.mutable_indices()->set_data_type(onnx::TensorProto::INT64);
  sparse.mutable_indices()->add_dims(2);
  sparse.mutable_indices()->add_int64_data(1);
  sparse.mutable_indices()->add_int64_data(3);
  graph.node("Mul", {"x", "w"}, {"scaled"});
  graph.node("Clip", {"scaled"}, {"clipped"}).with("min", 0.0F).with("max", 6.0F);
  graph.node("Softmax", {"clipped"}, {"soft"}).with("axis", int64_t{1});
  graph.node("Slice", {"soft"}, {"sliced"})
      .with("starts", std::vector<int64_t>{0})
      .with("ends", std::vector<int64_t>{100});
  graph.node("Twice", {"sliced"}, {"twice"}).domain("local").with("slope", 0.5F);
  graph.node("Add", {"twice", "s"}, {"added"});
  branch.output("t");
  branch.node("Reshape", {"added", "shape"}, {"t"});
  other.output("e");
  other.node("Constant", {}, {"k"}).with("value", float_tensor("", {1}, {2}));
  other.node("Sub", {"added", "k"}, {"e"});
  graph.node("If", {"c"}, {"y"}).with("then_branch", branch.proto).with("else_branch", other.proto);
  graph.node("Transpose", {"y"}, {"z"}).with("perm", std::vector<int64_t>{0, 2, 3, 1});
  onnx::ModelProto model = make_model(graph, 9);
  onnx::FunctionProto& function = *model.add_functions();
  function.set_domain("local");
  function.set_name("Twice");
  function.add_input("in");
  function.add_output("out");
  function.add_attribute("slope");
  function.add_opset_import()->set_version(13);
  add_node(*function.mutable_node(), "LeakyRelu", {"in"}, {"half"})
      .refers("alpha", "slope", onnx::AttributeProto::FLOAT);
  add_node(*function.mutable_node(), "Add", {"half", "in"}, {"out"});
  return model.SerializeAsString();
}

// Whatever comes out must be sound, down to its outputs.
void check(const std::string& bytes) {
  ConvertOptions options;
  options.allow_unsupported = true;
  ConversionReport report;
  const Result<Model> model =
      convert_onnx(std::as_bytes(std::span(bytes.data(), bytes.size())), "", options, &report);
  if (!model.ok()) {
    EXPECT_FALSE(model.status().message().empty());
    EXPECT_NE(model.status().code(), Code::internal) << to_string(model.status());
    return;
  }
  const Status sound = verify(model->graph());
  EXPECT_TRUE(sound.ok()) << to_string(sound);
  EXPECT_FALSE(to_json(report).empty());
}

TEST(ConvertMutations, TheModelItselfConverts) {
  const std::string bytes = rich_model();
  ConversionReport report;
  ConvertOptions options;
  options.allow_unsupported = true;
  const Result<Model> model =
      convert_onnx(std::as_bytes(std::span(bytes.data(), bytes.size())), "", options, &report);
  ASSERT_TRUE(model.ok()) << to_string(model.status());
  EXPECT_GE(report.adapted, 3U);
  EXPECT_EQ(report.inlined, 1U);
}

TEST(ConvertMutations, Truncated) {
  const std::string bytes = rich_model();
  for (size_t size = 0; size < bytes.size(); ++size) check(bytes.substr(0, size));
}

TEST(ConvertMutations, BitsFlipped) {
  const std::string bytes = rich_model();
  std::mt19937_64 random(20240607);
  for (int i = 0; i < kMutations; ++i) {
    std::string damaged = bytes;
    const int flips = 1 + static_cast<int>(random() % 4);
    for (int f = 0; f < flips; ++f)
      damaged[random() % damaged.size()] ^= static_cast<char>(1U << (random() % 8));
    check(damaged);
  }
}

TEST(ConvertMutations, BytesReplacedInsertedRemoved) {
  const std::string bytes = rich_model();
  constexpr unsigned char kSpecial[] = {0x00, 0x01, 0x7f, 0x80, 0xff, 0xfe};
  std::mt19937_64 random(20240608);
  for (int i = 0; i < kMutations; ++i) {
    std::string damaged = bytes;
    const size_t at = random() % damaged.size();
    const auto byte = static_cast<char>(kSpecial[random() % sizeof(kSpecial)]);
    switch (random() % 4) {
      case 0:
        damaged[at] = byte;
        break;
      case 1:
        damaged.insert(at, 1 + random() % 4, byte);
        break;
      case 2:
        damaged.erase(at, 1 + random() % 8);
        break;
      default:
        damaged += damaged.substr(at, 64);
        break;
    }
    check(damaged);
  }
}

// Fields of the parsed message with values that contradict each other.
TEST(ConvertMutations, Contradictions) {
  std::mt19937_64 random(20240609);
  constexpr int64_t kValues[] = {-1, 0, 1, 2, 3, 7, 1 << 20, INT64_MAX, INT64_MIN};
  const auto value = [&] { return kValues[random() % std::size(kValues)]; };
  onnx::ModelProto base;
  ASSERT_TRUE(base.ParseFromString(rich_model()));
  for (int i = 0; i < kMutations; ++i) {
    onnx::ModelProto model = base;
    onnx::GraphProto& graph = *model.mutable_graph();
    onnx::NodeProto& node = *graph.mutable_node(static_cast<int>(random() % graph.node_size()));
    onnx::NodeProto& from = *graph.mutable_node(static_cast<int>(random() % graph.node_size()));
    onnx::TensorProto& tensor =
        *graph.mutable_initializer(static_cast<int>(random() % graph.initializer_size()));
    switch (random() % 12) {
      case 0:
        tensor.set_dims(0, value());
        break;
      case 1:
        tensor.add_dims(value());
        break;
      case 2:
        tensor.set_data_type(static_cast<int>(random() % 40));
        break;
      case 3:
        node.set_op_type(from.op_type());
        break;
      case 4:
        if (node.input_size() > 0 && from.output_size() > 0) node.set_input(0, from.output(0));
        break;
      case 5:
        if (node.attribute_size() > 0 && from.attribute_size() > 0)
          *node.mutable_attribute(0) = from.attribute(0);
        break;
      case 6:
        for (onnx::AttributeProto& attribute : *node.mutable_attribute()) {
          attribute.set_i(value());
          for (int64_t& v : *attribute.mutable_ints()) v = value();
        }
        break;
      case 7:
        node.clear_input();
        break;
      case 8:
        node.add_output("extra");
        break;
      case 9:
        graph.mutable_input(0)
            ->mutable_type()
            ->mutable_tensor_type()
            ->mutable_shape()
            ->mutable_dim(static_cast<int>(random() % 4))
            ->set_dim_value(value());
        break;
      case 10:
        node.mutable_output()->Clear();
        break;
      default:
        graph.mutable_input(0)->mutable_type()->mutable_tensor_type()->set_elem_type(
            static_cast<int>(random() % 30));
        break;
    }
    check(model.SerializeAsString());
  }
}

}  // namespace
}  // namespace oarlock::test
