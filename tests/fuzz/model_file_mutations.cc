#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <thread>

#include "core/graph/file_format.h"
#include "oarlock/model.h"
#include "oarlock/plugin/graph.h"
#include "oarlock/plugin/op.h"
#include "oarlock/session.h"
#include "tests/fuzz/mutate.h"

namespace oarlock {
namespace {

using Bytes = std::vector<std::byte>;

ValueId add(Graph& graph, const char* op, std::vector<ValueId> inputs, Attrs attrs = {},
            int captures = 0) {
  Node node;
  node.name = concat(op, graph.node_count());
  node.op = op;
  node.inputs = std::move(inputs);
  node.attrs = std::move(attrs);
  node.captures = captures;
  const std::string output = node.name + "_out";
  const NodeId id = graph.add_node(std::move(node), {output}).value();
  return graph.node(id).output(0);
}

// Convolution, shape arithmetic and a matrix product.
Model classifier() {
  Graph g;
  TypeInfo image = TypeInfo::tensor(DType::float32, {Shape::kUnknown, 1, 6, 6});
  image.dim_names = {"batch", "", "", ""};
  const ValueId x = g.add_input("x", image);
  Tensor weight = Tensor::allocate(DType::float32, {4, 1, 3, 3}).value();
  std::memset(weight.mutable_data(), 0x3d, weight.bytes());
  ValueId v = add(g, "Conv", {x, g.add_constant("w", weight)},
                  {{"kernel_shape", std::vector<int64_t>{3, 3}},
                   {"pads", std::vector<int64_t>{1, 1, 1, 1}},
                   {"strides", std::vector<int64_t>{2, 2}}});
  v = add(g, "Relu", {v});
  v = add(g, "Reshape", {v, g.add_constant("shape", Tensor::of<int64_t>({2}, {0, -1}))});
  Tensor matrix = Tensor::allocate(DType::float32, {36, 3}).value();
  std::memset(matrix.mutable_data(), 0x3c, matrix.bytes());
  v = add(g, "MatMul", {v, g.add_constant("m", matrix)});
  v = add(g, "Add", {v, g.add_constant("b", Tensor::of<float>({3}, {1, 2, 3}))});
  g.add_output(add(g, "Softmax", {v}, {{"axis", int64_t{-1}}}), "y");
  ModelMetadata about;
  about.producer = "fuzz";
  about.properties = {{"a", "b"}};
  GoldenCase golden;
  golden.inputs = {{"x", Value(Tensor::allocate(DType::float32, {1, 1, 6, 6}).value())}};
  std::memset(golden.inputs[0].value.tensor().mutable_data(), 0, 144);
  golden.outputs = {{"y", Value(Tensor::of<float>({1, 3}, {.1f, .2f, .7f}))}};
  return Model(std::move(g), about, {golden});
}

// If and Loop, with captured values.
Model control_flow() {
  const auto branch = [](const char* op) {
    Graph body;
    const ValueId outer = body.add_input("outer", TypeInfo::tensor(DType::float32, {3}));
    body.add_output(add(body, op, {outer}));
    return GraphPtr(std::make_shared<const Graph>(std::move(body)));
  };
  Graph loop;
  loop.add_input("i", TypeInfo::tensor(DType::int64, {}));
  const ValueId go = loop.add_input("go", TypeInfo::tensor(DType::boolean, {}));
  const ValueId state = loop.add_input("state", TypeInfo::tensor(DType::float32, {3}));
  const ValueId outer = loop.add_input("outer", TypeInfo::tensor(DType::float32, {3}));
  loop.add_output(add(loop, "Identity", {go}));
  loop.add_output(add(loop, "Add", {state, outer}));

  Graph g;
  const ValueId x = g.add_input("x", TypeInfo::tensor(DType::float32, {3}));
  const ValueId c = g.add_input("c", TypeInfo::tensor(DType::boolean, {}));
  const ValueId chosen =
      add(g, "If", {c, x}, {{"then_branch", branch("Neg")}, {"else_branch", branch("Abs")}}, 1);
  const ValueId count = g.add_constant("n", Tensor::scalar<int64_t>(3));
  const ValueId yes = g.add_constant("yes", Tensor::scalar(true));
  g.add_output(add(g, "Loop", {count, yes, x, chosen},
                   {{"body", GraphPtr(std::make_shared<const Graph>(std::move(loop)))}}, 1),
               "y");
  return Model(std::move(g), {});
}

// Strings, types, lists and recorded sequences.
Model oddities() {
  Graph g;
  const ValueId x = g.add_input(
      "x", TypeInfo::sequence_of(TypeInfo::optional_of(TypeInfo::tensor(DType::float16, {2}))));
  const ValueId s = g.add_constant("s", Tensor::strings({2}, {"left", "right"}));
  const ValueId f = g.add_constant("f", Tensor::of<bool>({3}, {true, false, true}));
  g.add_output(add(g, "Unknown", {x, s, f},
                   {{"a", std::vector<std::string>{"x", "y"}},
                    {"b", std::vector<float>{1, 2}},
                    {"c", std::vector<Tensor>{Tensor::scalar(1.f)}},
                    {"d", std::vector<TypeInfo>{TypeInfo::tensor(DType::int4, {7})}}}));
  GoldenCase golden;
  golden.inputs = {{"x", Value(Sequence{Value(), Value(Tensor::scalar(2.f))})}};
  return Model(std::move(g), {}, {golden});
}

Bytes saved(const Model& model) {
  const std::string path = testing::TempDir() + concat("mutations-", getpid(), ".oar");
  EXPECT_TRUE(model.save(path).ok());
  std::ifstream in(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  std::filesystem::remove(path);
  const auto* first = reinterpret_cast<const std::byte*>(text.data());
  return {first, first + text.size()};
}

// Makes sizes and hashes right again, so that what is behind them is tested.
void seal(Bytes& bytes, size_t weight_bytes, size_t hash_at) {
  if (bytes.size() < kHeaderBytes) return;
  FileHeader header;
  header.weight_bytes = std::min(weight_bytes, (bytes.size() - kHeaderBytes) / 64 * 64);
  size_t graph_end = bytes.size() - header.weight_bytes;
  graph_end = std::max(graph_end / kWeightAlignment * kWeightAlignment, kHeaderBytes);
  header.weight_bytes = bytes.size() - graph_end;
  header.graph_bytes = graph_end - kHeaderBytes;
  const std::span<const std::byte> all(bytes);
  const Sha256Digest weights = Sha256::of(all.subspan(graph_end));
  if (hash_at + weights.size() <= graph_end)
    std::memcpy(bytes.data() + hash_at, weights.data(), weights.size());
  header.graph_hash = Sha256::of(all.subspan(kHeaderBytes, header.graph_bytes));
  const auto head = encode(header);
  std::copy(head.begin(), head.end(), bytes.begin());
}

// Stops a run that a damaged file has made endless.
class Watchdog {
 public:
  Watchdog() : thread_([this] { wait(); }) {}
  ~Watchdog() {
    {
      const std::lock_guard lock(mutex_);
      done_ = true;
    }
    changed_.notify_one();
    thread_.join();
  }
  const std::atomic<bool>* flag() const { return &expired_; }

 private:
  void wait() {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, std::chrono::seconds(1), [this] { return done_; }))
      expired_ = true;
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  bool done_ = false;
  std::atomic<bool> expired_{false};
  std::thread thread_;
};

Value zeros(const TypeInfo& type) {
  if (!type.is_tensor()) return type.element ? Value(Sequence{zeros(*type.element)}) : Value();
  Shape shape = type.shape;
  for (int64_t& dim : shape) dim = dim == Shape::kUnknown ? 1 : dim;
  if (shape.elements().value_or(1 << 20) >= 1 << 20) return {};
  Result<Tensor> tensor = Tensor::allocate(type.dtype, shape);
  if (!tensor.ok()) return {};
  if (type.dtype != DType::string && tensor->bytes() > 0)
    std::memset(tensor->mutable_data(), 0, tensor->bytes());
  return Value(std::move(tensor).value());
}

// Runs on zeros, unless the model honestly asks for much memory.
void run(const Model& model, const char* device) {
  SessionOptions options;
  options.devices = {device};
  options.threads = 1;
  Result<Session> session = Session::open(model, options);
  if (!session.ok()) {
    EXPECT_FALSE(session.status().message().empty());
    return;
  }
  const Result<Explanation> plan = session->explain();
  if (plan.ok() && plan->peak_bytes > size_t{64} << 20) return;
  std::vector<Value> inputs, outputs(session->outputs().size());
  for (const NamedType& input : session->inputs()) inputs.push_back(zeros(input.type));
  const Watchdog watchdog;
  RunOptions how;
  how.cancel = watchdog.flag();
  (void)session->run(inputs, outputs, how).ok();
}

// Everything that may be done with a model; each step may refuse.
bool use(const Bytes& bytes) {
  const Result<Model> model = Model::load(bytes);
  if (!model.ok()) {
    EXPECT_FALSE(model.status().message().empty());
    return false;
  }
  EXPECT_TRUE(verify(model->graph()).ok()) << to_string(verify(model->graph()));
  EXPECT_FALSE(to_string(model->graph()).empty());
  EXPECT_TRUE(model->check().ok());
  Graph graph = model->graph();
  if (resolve(graph, OpRegistry::core()).ok()) (void)infer_types(graph).ok();
  for (const char* device : {"cpu", "reference"}) run(model.value(), device);
  return true;
}

size_t resident_megabytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<size_t>(usage.ru_maxrss) / 1024;
}

void survive_mutations(const Model& model, uint32_t first_seed, uint32_t count) {
  const Bytes good = saved(model);
  ASSERT_TRUE(use(good));
  uint64_t graph_bytes = 0;
  std::memcpy(&graph_bytes, good.data() + 16, 8);
  const size_t weights_at = align_weights(kHeaderBytes + graph_bytes);
  const Sha256Digest hash = Sha256::of(std::span(good).subspan(weights_at));
  const auto* bytes_of_hash = reinterpret_cast<const std::byte*>(hash.data());
  const auto found = std::search(good.begin(), good.end(), bytes_of_hash, bytes_of_hash + 32);
  ASSERT_NE(found, good.end());
  const auto hash_at = static_cast<size_t>(found - good.begin());

  const size_t before = resident_megabytes();
  uint32_t accepted = 0;
  for (uint32_t seed = first_seed; seed < first_seed + count; ++seed) {
    SCOPED_TRACE(concat("seed ", seed));
    Bytes bytes = mutate(good, seed);
    use(bytes);
    seal(bytes, good.size() - weights_at, hash_at);
    accepted += use(bytes);
    ASSERT_LT(resident_megabytes(), before + 512);
  }
  testing::Test::RecordProperty("accepted", static_cast<int>(accepted));
  EXPECT_GT(accepted, count / 20) << "too few mutations got past the hashes";
}

TEST(ModelFileMutations, Classifier) { survive_mutations(classifier(), 1, 2000); }
TEST(ModelFileMutations, ControlFlow) { survive_mutations(control_flow(), 10001, 2000); }
TEST(ModelFileMutations, Oddities) { survive_mutations(oddities(), 20001, 2000); }

// Every length is refused, whether or not the header agrees with it.
TEST(ModelFileMutations, EveryTruncation) {
  const Bytes good = saved(oddities());
  for (size_t size = 0; size < good.size(); ++size) {
    const Bytes cut(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_FALSE(use(cut)) << size;
  }
}

}  // namespace
}  // namespace oarlock
