#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>

#include "core/graph/file_format.h"
#include "oarlock/model.h"
#include "oarlock/plugin/graph.h"
#include "oarlock/plugin/numeric.h"
#include "schema/model_generated.h"

namespace oarlock {
namespace {

using testing::HasSubstr;

class ModelFile : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "oarlock-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string path(const std::string& name) const { return folder_ + "/" + name; }

  static std::vector<std::byte> read(const std::string& file) {
    std::ifstream in(file, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    const auto* first = reinterpret_cast<const std::byte*>(text.data());
    return {first, first + text.size()};
  }

  std::string folder_;
};

// Every kind of attribute, type and constant.
Model rich_model() {
  Graph body;
  body.name = "body";
  const ValueId i = body.add_input("i", TypeInfo::tensor(DType::int64, {}));
  const ValueId captured = body.add_input("outer", TypeInfo::tensor(DType::float32, {2}));
  Node neg;
  neg.name = "neg";
  neg.op = "Neg";
  neg.inputs = {captured};
  const NodeId neg_id = body.add_node(neg, {"negated"}).value();
  body.add_output(body.node(neg_id).output(0));
  body.add_output(i, "same_i");
  const auto shared_body = std::make_shared<const Graph>(std::move(body));

  Graph graph;
  graph.name = "main";
  TypeInfo image = TypeInfo::tensor(DType::float32, {Shape::kUnknown, 3, Shape::kUnknown});
  image.dim_names = {"batch", "", "width"};
  const ValueId x = graph.add_input("x", image);
  const ValueId list = graph.add_input(
      "list", TypeInfo::sequence_of(TypeInfo::optional_of(TypeInfo::tensor(DType::bfloat16))));
  const ValueId map = graph.add_input(
      "map", TypeInfo::sequence_of(TypeInfo::map_of(DType::string, DType::float64)));
  const ValueId w = graph.add_constant("w", Tensor::of<float>({2}, {1.5f, -2.f}));
  const ValueId same = graph.add_constant("w_again", Tensor::of<float>({2}, {1.5f, -2.f}));
  const ValueId s =
      graph.add_constant("s", Tensor::strings({3}, {"a", std::string("nul\0inside", 10), ""}));
  const ValueId flags = graph.add_constant("flags", Tensor::of<bool>({3}, {true, false, true}));
  const ValueId scalar = graph.add_constant("scalar", Tensor::scalar<int64_t>(7));
  const ValueId none = graph.add_constant("none", Tensor::of<double>({0, 4}, {}));
  Tensor nibbles = Tensor::allocate(DType::int4, {3}).value();
  nibbles.mutable_data()[0] = std::byte{0x21};
  nibbles.mutable_data()[1] = std::byte{0x0f};
  Attrs attrs{{"integer", int64_t{-5}},
              {"number", 0.25f},
              {"text", std::string("hello")},
              {"tensor", nibbles},
              {"graph", GraphPtr(shared_body)},
              {"type", TypeInfo::tensor(DType::float8e5m2, {4})},
              {"integers", std::vector<int64_t>{1, INT64_MIN}},
              {"numbers", std::vector<float>{1, 2}},
              {"texts", std::vector<std::string>{"p", ""}},
              {"tensors", std::vector<Tensor>{Tensor::scalar(1.f), Tensor::scalar(uint8_t{3})}},
              {"graphs", std::vector<GraphPtr>{shared_body}},
              {"types", std::vector<TypeInfo>{TypeInfo::tensor(DType::string), TypeInfo()}}};
  Node node;
  node.name = "n";
  node.domain = "com.example";
  node.op = "Everything";
  node.attrs = std::move(attrs);
  node.inputs = {x, kNone, list, map, same, s, flags, scalar, none, w};
  node.captures = 1;
  const NodeId id = graph.add_node(std::move(node), {"y", "", "z"}).value();
  graph.set_type(graph.node(id).output(0), image);
  graph.add_output(graph.node(id).output(2), "answer");
  graph.add_output(graph.node(id).output(0));
  graph.add_output(w);

  ModelMetadata about;
  about.producer = "test 1";
  about.converter_flags = "--shape x=1x3x4";
  about.source_name = "in.onnx";
  about.source_hash = std::string(64, 'a');
  about.properties = {{"key", "value"}, {"doc", ""}};
  GoldenCase golden;
  golden.inputs = {
      {"x", Value(Tensor::of<float>({1, 3, 1}, {1, 2, 3}))},
      {"list", Value(Sequence{Value(), Value(Tensor::scalar(2.f)), Value(Sequence{})})},
      {"map",
       Value::map_of(Tensor::of<int64_t>({2}, {5, -1}), Tensor::strings({2}, {"a", ""})).value()}};
  golden.outputs = {{"answer", Value(Tensor::strings({1}, {"yes"}))}};
  return Model(std::move(graph), std::move(about), {golden});
}

void expect_same(const Value& a, const Value& b) {
  ASSERT_EQ(a.empty(), b.empty());
  ASSERT_EQ(a.is_tensor(), b.is_tensor());
  if (a.empty()) return;
  if (a.is_tensor()) {
    Attrs x, y;
    x.set("t", a.tensor());
    y.set("t", b.tensor());
    EXPECT_TRUE(x == y);
    return;
  }
  ASSERT_EQ(a.is_map(), b.is_map());
  if (a.is_map()) {
    expect_same(a.map().keys, b.map().keys);
    expect_same(a.map().values, b.map().values);
    return;
  }
  ASSERT_EQ(a.sequence().size(), b.sequence().size());
  for (size_t i = 0; i < a.sequence().size(); ++i) expect_same(a.sequence()[i], b.sequence()[i]);
}

void expect_same(const Graph& a, const Graph& b) {
  EXPECT_EQ(to_string(a), to_string(b));
  ASSERT_EQ(a.node_count(), b.node_count());
  for (NodeId id = 0; id < static_cast<NodeId>(a.node_count()); ++id) {
    const Node &m = a.node(id), &n = b.node(id);
    EXPECT_EQ(m.captures, n.captures);
    EXPECT_EQ(m.domain, n.domain);
    ASSERT_EQ(m.attrs.entries().size(), n.attrs.entries().size());
    for (size_t k = 0; k < m.attrs.entries().size(); ++k) {
      const auto& [name, value] = m.attrs.entries()[k];
      EXPECT_EQ(name, n.attrs.entries()[k].first);
      const AttrValue& other = n.attrs.entries()[k].second;
      ASSERT_EQ(value.index(), other.index()) << name;
      if (const auto* body = std::get_if<GraphPtr>(&value)) {
        expect_same(**body, *std::get<GraphPtr>(other));
      } else if (const auto* bodies = std::get_if<std::vector<GraphPtr>>(&value)) {
        expect_same(*bodies->at(0), *std::get<std::vector<GraphPtr>>(other).at(0));
      } else {
        Attrs x{{name, value}}, y{{name, other}};
        EXPECT_TRUE(x == y) << name;
      }
    }
    for (size_t k = 0; k < m.inputs.size(); ++k) {
      ASSERT_EQ(m.inputs[k] == kNone, n.inputs[k] == kNone);
      if (m.inputs[k] == kNone) continue;
      const ValueInfo &u = a.value(m.inputs[k]), &v = b.value(n.inputs[k]);
      EXPECT_EQ(u.name, v.name);
      EXPECT_EQ(u.type, v.type);
      EXPECT_EQ(u.type.dim_names, v.type.dim_names);
      ASSERT_EQ(u.constant.has_value(), v.constant.has_value());
      if (u.constant) expect_same(Value(*u.constant), Value(*v.constant));
    }
  }
  ASSERT_EQ(a.outputs().size(), b.outputs().size());
  for (size_t i = 0; i < a.outputs().size(); ++i) EXPECT_EQ(a.output_name(i), b.output_name(i));
}

TEST_F(ModelFile, KeepsEverything) {
  const Model before = rich_model();
  ASSERT_TRUE(before.save(path("m.oar")).ok());
  const Result<Model> loaded = Model::load(path("m.oar"));
  ASSERT_TRUE(loaded.ok()) << to_string(loaded.status());
  expect_same(before.graph(), loaded->graph());
  EXPECT_TRUE(verify(loaded->graph()).ok()) << to_string(verify(loaded->graph()));
  EXPECT_EQ(loaded->metadata().producer, "test 1");
  EXPECT_EQ(loaded->metadata().converter_flags, "--shape x=1x3x4");
  EXPECT_EQ(loaded->metadata().source_name, "in.onnx");
  EXPECT_EQ(loaded->metadata().source_hash, std::string(64, 'a'));
  EXPECT_EQ(loaded->metadata().properties, before.metadata().properties);
  EXPECT_EQ(loaded->metadata().format_version, 1u);
  EXPECT_EQ(loaded->metadata().content_hash.size(), 64u);
  ASSERT_EQ(loaded->golden().size(), 1u);
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(loaded->golden()[0].inputs[i].name, before.golden()[0].inputs[i].name);
    expect_same(loaded->golden()[0].inputs[i].value, before.golden()[0].inputs[i].value);
  }
  expect_same(loaded->golden()[0].outputs[0].value, before.golden()[0].outputs[0].value);
  EXPECT_EQ(loaded->inputs()[1].name, "list");
  EXPECT_EQ(loaded->outputs()[0].name, "answer");
  EXPECT_TRUE(loaded->check().ok());
}

TEST_F(ModelFile, SavesTheSameBytesAgain) {
  ASSERT_TRUE(rich_model().save(path("a.oar")).ok());
  ASSERT_TRUE(Model::load(path("a.oar"))->save(path("b.oar")).ok());
  EXPECT_EQ(read(path("a.oar")), read(path("b.oar")));
}

TEST_F(ModelFile, CanBeSavedOverItself) {
  ASSERT_TRUE(rich_model().save(path("a.oar")).ok());
  const std::vector<std::byte> before = read(path("a.oar"));
  ASSERT_TRUE(Model::load(path("a.oar"))->save(path("a.oar")).ok());
  EXPECT_EQ(read(path("a.oar")), before);
}

TEST_F(ModelFile, LoadsFromMemory) {
  ASSERT_TRUE(rich_model().save(path("a.oar")).ok());
  std::vector<std::byte> bytes = read(path("a.oar"));
  const Result<Model> loaded = Model::load(bytes);
  std::fill(bytes.begin(), bytes.end(), std::byte{0});
  ASSERT_TRUE(loaded.ok()) << to_string(loaded.status());
  expect_same(rich_model().graph(), loaded->graph());
}

TEST_F(ModelFile, TensorsOutliveTheModelAndAreAligned) {
  ASSERT_TRUE(rich_model().save(path("a.oar")).ok());
  Tensor w;
  {
    const Model model = Model::load(path("a.oar")).value();
    w = *model.graph().constant(*model.graph().find_value("w"));
  }
  std::filesystem::remove(path("a.oar"));
  EXPECT_EQ(reinterpret_cast<uintptr_t>(w.data()) % 64, 0u);
  EXPECT_THAT(w.as<float>(), testing::ElementsAre(1.5f, -2.f));
}

TEST_F(ModelFile, StoresEqualConstantsOnce) {
  Graph graph;
  for (int i = 0; i < 10; ++i) {
    const Tensor t = Tensor::allocate(DType::uint8, {1 << 16}).value();
    std::memset(const_cast<std::byte*>(t.data()), 5, t.bytes());
    graph.add_output(graph.add_constant(concat("c", i), t));
  }
  ASSERT_TRUE(Model(std::move(graph), {}).save(path("a.oar")).ok());
  EXPECT_LT(std::filesystem::file_size(path("a.oar")), 2u << 16);
}

TEST_F(ModelFile, IsFastToAddManyEqualScalars) {
  Graph graph;
  for (int i = 0; i < 20000; ++i)
    graph.add_output(graph.add_constant(concat("c", i), Tensor::scalar<int64_t>(i % 5)));
  ASSERT_TRUE(Model(std::move(graph), {}).save(path("a.oar")).ok());
  EXPECT_EQ(Model::load(path("a.oar"))->outputs().size(), 20000u);
}

// A file of more than 2 GiB, nearly all of it a hole.
TEST_F(ModelFile, MayBeLargerThanTwoGigabytes) {
  constexpr int64_t kElements = (int64_t{1} << 31) + (1 << 20);
  flatbuffers::FlatBufferBuilder b;
  const auto big_shape = b.CreateVector(std::vector<int64_t>{kElements});
  const auto big_tensor = schema::CreateTensor(b, 2, big_shape, 0, kElements);
  const auto small_shape = b.CreateVector(std::vector<int64_t>{2});
  const auto small_tensor = schema::CreateTensor(b, 1, small_shape, kElements, 8);
  const auto tensors = b.CreateVector(std::vector{big_tensor, small_tensor});
  const auto big_name = b.CreateString("big");
  const auto big_value = schema::CreateValue(b, big_name, 0, 0);
  const auto small_name = b.CreateString("small");
  const auto small_value = schema::CreateValue(b, small_name, 0, 1);
  const auto values = b.CreateVector(std::vector{big_value, small_value});
  const auto g = schema::CreateGraph(b, 0, values);
  const auto hash = b.CreateVector(std::vector<uint8_t>(32));
  schema::FinishModelBuffer(b, schema::CreateModel(b, 0, tensors, g, 0, hash));
  FileHeader header;
  header.graph_bytes = b.GetSize();
  header.weight_bytes = kElements + 8;
  header.graph_hash = Sha256::of(std::as_bytes(std::span(b.GetBufferPointer(), b.GetSize())));
  {
    const int file = open(path("big.oar").c_str(), O_RDWR | O_CREAT, 0600);
    const auto head = encode(header);
    const float small[2] = {3, 4};
    ASSERT_EQ(pwrite(file, head.data(), 64, 0), 64);
    ASSERT_EQ(pwrite(file, b.GetBufferPointer(), b.GetSize(), 64), ssize_t(b.GetSize()));
    ASSERT_EQ(pwrite(file, small, 8, header.weights_at() + kElements), 8);
    close(file);
  }
  const Result<Model> model = Model::load(path("big.oar"));
  ASSERT_TRUE(model.ok()) << to_string(model.status());
  EXPECT_THAT(model->graph().constant(1)->as<float>(), testing::ElementsAre(3, 4));
  EXPECT_EQ(model->graph().constant(0)->elements(), kElements);
  EXPECT_EQ(model->graph().constant(0)->as<uint8_t>()[kElements - 1], 0);

  Graph copy;
  copy.add_output(copy.add_constant("big", *model->graph().constant(0)));
  copy.add_output(copy.add_constant("small", *model->graph().constant(1)));
  ASSERT_TRUE(Model(std::move(copy), {}).save(path("again.oar")).ok());
  struct stat info {};
  ASSERT_EQ(stat(path("again.oar").c_str(), &info), 0);
  EXPECT_GT(info.st_size, int64_t{1} << 31);
  EXPECT_LT(info.st_blocks * 512, 64 << 20);
  const Result<Model> again = Model::load(path("again.oar"));
  ASSERT_TRUE(again.ok()) << to_string(again.status());
  EXPECT_THAT(again->graph().constant(1)->as<float>(), testing::ElementsAre(3, 4));
}

TEST_F(ModelFile, SaysWhatIsWrong) {
  const auto message = [](const Result<Model>& r) {
    EXPECT_FALSE(r.ok());
    return to_string(r.status());
  };
  EXPECT_THAT(message(Model::load(path("no.oar"))),
              testing::AllOf(HasSubstr("io: "), HasSubstr("no.oar"), HasSubstr("No such file")));
  EXPECT_THAT(message(Model::load(folder_)), HasSubstr("not a regular file"));

  ASSERT_TRUE(rich_model().save(path("a.oar")).ok());
  const std::vector<std::byte> good = read(path("a.oar"));
  const auto with = [&](size_t at, uint8_t byte) {
    std::vector<std::byte> bytes = good;
    bytes[at] = static_cast<std::byte>(byte);
    return message(Model::load(bytes));
  };
  EXPECT_THAT(with(0, 'x'), HasSubstr("not an oarlock model (wrong magic number)"));
  EXPECT_THAT(with(8, 2), testing::AllOf(HasSubstr("unsupported: "), HasSubstr("version 2")));
  EXPECT_THAT(with(19, 0xff), HasSubstr("the header is damaged"));
  EXPECT_THAT(with(24, 1), HasSubstr("bytes"));
  EXPECT_THAT(with(80, 0xee), HasSubstr("the graph does not match its hash"));
  EXPECT_THAT(with(good.size() - 1, 0xee), HasSubstr("the weights do not match their hash"));
  EXPECT_THAT(message(Model::load(std::span(good).first(0))), HasSubstr("the file is empty"));
  EXPECT_THAT(message(Model::load(std::span(good).first(5))), HasSubstr("truncated"));
  EXPECT_THAT(message(Model::load(std::span(good).first(good.size() - 1))), HasSubstr("truncated"));
}

// Weights of more than 1 MiB are compared with their hash on demand.
TEST_F(ModelFile, ChecksLargeWeightsOnDemand) {
  Graph graph;
  Tensor big = Tensor::allocate(DType::uint8, {2 << 20}).value();
  std::memset(big.mutable_data(), 1, big.bytes());
  graph.add_output(graph.add_constant("big", big));
  ASSERT_TRUE(Model(std::move(graph), {}).save(path("a.oar")).ok());
  EXPECT_TRUE(Model::load(path("a.oar"))->check().ok());
  std::vector<std::byte> bytes = read(path("a.oar"));
  bytes.back() = std::byte{2};
  const Result<Model> damaged = Model::load(bytes);
  ASSERT_TRUE(damaged.ok());
  EXPECT_EQ(damaged->check().code(), Code::invalid);
}

TEST_F(ModelFile, LeavesNothingBehindWhenSavingFails) {
  EXPECT_THAT(to_string(rich_model().save(path("no/folder/m.oar"))),
              testing::AllOf(HasSubstr("io: "), HasSubstr("No such file")));
  EXPECT_EQ(Model().save(path("m.oar")).code(), Code::invalid);

  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = signal(SIGXFSZ, SIG_IGN);
  const rlimit small{1000, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  const Status full = rich_model().save(path("m.oar"));
  setrlimit(RLIMIT_FSIZE, &before);
  signal(SIGXFSZ, handler);
  EXPECT_EQ(full.code(), Code::io);
  EXPECT_THAT(full.message(), HasSubstr("m.oar"));
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
}

TEST(Sha256Test, HashesTheKnownVectors) {
  const auto hash = [](const std::string& s) {
    return to_hex(Sha256::of(std::as_bytes(std::span(s))));
  };
  EXPECT_EQ(hash(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hash("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hash("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(hash(std::string(1000000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256Test, DoesNotDependOnPieces) {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += static_cast<char>(i * 37);
  const Sha256Digest whole = Sha256::of(std::as_bytes(std::span(text)));
  for (size_t piece : {1, 3, 63, 64, 65, 127, 128, 500}) {
    Sha256 hash;
    for (size_t at = 0; at < text.size(); at += piece)
      hash.update(std::as_bytes(std::span(text).subspan(at, std::min(piece, text.size() - at))));
    EXPECT_EQ(hash.finish(), whole) << piece;
  }
}

}  // namespace
}  // namespace oarlock
