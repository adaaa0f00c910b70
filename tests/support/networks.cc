#include "tests/support/networks.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <random>
#include <stdexcept>
#include <thread>

#include "oarlock/plugin/graph.h"

namespace oarlock::test {

Tensor random_tensor(const Shape& shape, uint64_t seed) {
  std::mt19937_64 generator(seed);
  std::normal_distribution<float> normal;
  Result<Tensor> tensor = Tensor::allocate(DType::float32, shape);
  if (!tensor.ok()) throw std::runtime_error(tensor.status().message());
  for (float& v : tensor->mutable_as<float>()) v = normal(generator);
  return *std::move(tensor);
}

namespace {

class Builder {
 public:
  explicit Builder(uint64_t seed) : seed_(seed) {}

  ValueId input(const Shape& shape) {
    return graph_.add_input("input", TypeInfo::tensor(DType::float32, shape));
  }

  ValueId node(std::string_view op, std::vector<ValueId> inputs, Attrs attrs = {}) {
    Node n;
    n.op = op;
    n.name = concat(op, "_", graph_.node_count());
    n.inputs = std::move(inputs);
    n.attrs = std::move(attrs);
    const std::string output = n.name + "_output";
    Result<NodeId> id = graph_.add_node(std::move(n), {output});
    if (!id.ok()) throw std::runtime_error(id.status().message());
    return graph_.node(*id).outputs[0];
  }

  // Normal numbers times `scale`, plus `shift`.
  ValueId weight(const Shape& shape, float scale, float shift = 0) {
    Tensor tensor = random_tensor(shape, seed_++);
    for (float& v : tensor.mutable_as<float>()) v = v * scale + shift;
    return constant(std::move(tensor));
  }
  ValueId constant(Tensor tensor) {
    return graph_.add_constant(concat("constant_", graph_.value_count()), std::move(tensor));
  }
  ValueId scalar(float value) { return constant(Tensor::scalar(value)); }
  ValueId integers(std::initializer_list<int64_t> list) {
    return constant(Tensor::of<int64_t>(Shape{static_cast<int64_t>(list.size())}, list));
  }

  Model finish(ValueId output) {
    graph_.add_output(output, "output");
    return Model(std::move(graph_), {});
  }

 private:
  Graph graph_;
  uint64_t seed_;
};

std::vector<int64_t> list(int64_t value, size_t count) {
  return std::vector<int64_t>(count, value);
}

class ResNet : Builder {
 public:
  using Builder::Builder;

  Model build(int64_t size) {
    ValueId x = input({1, 3, size, size});
    x = node("Relu", {convolution(x, 3, 64, 7, 2)});
    x = node("MaxPool", {x},
             {{"kernel_shape", list(3, 2)}, {"strides", list(2, 2)}, {"pads", list(1, 4)}});
    int64_t channels = 64;
    const int blocks[] = {3, 4, 6, 3};
    for (int stage = 0; stage < 4; ++stage) {
      const int64_t width = 64 << stage;
      for (int block = 0; block < blocks[stage]; ++block) {
        x = bottleneck(x, channels, width, block == 0 && stage > 0 ? 2 : 1);
        channels = 4 * width;
      }
    }
    x = node("Flatten", {node("GlobalAveragePool", {x})});
    x = node("Gemm", {x, weight({1000, channels}, 0.03f), weight({1000}, 0.1f)},
             {{"transB", int64_t{1}}});
    return finish(x);
  }

 private:
  ValueId convolution(ValueId x, int64_t in, int64_t out, int64_t kernel, int64_t stride) {
    const float scale = std::sqrt(2.f / static_cast<float>(in * kernel * kernel));
    x = node("Conv", {x, weight({out, in, kernel, kernel}, scale)},
             {{"kernel_shape", list(kernel, 2)},
              {"strides", list(stride, 2)},
              {"pads", list(kernel / 2, 4)}});
    const ValueId variance = constant(ones(out));
    return node("BatchNormalization",
                {x, weight({out}, 0.1f, 0.7f), weight({out}, 0.1f), weight({out}, 0.1f), variance});
  }
  static Tensor ones(int64_t count) {
    return Tensor::of<float>(Shape{count}, std::span<const float>(std::vector<float>(count, 1.f)));
  }
  ValueId bottleneck(ValueId x, int64_t in, int64_t width, int64_t stride) {
    ValueId y = node("Relu", {convolution(x, in, width, 1, 1)});
    y = node("Relu", {convolution(y, width, width, 3, stride)});
    y = convolution(y, width, 4 * width, 1, 1);
    if (in != 4 * width || stride != 1) x = convolution(x, in, 4 * width, 1, stride);
    return node("Relu", {node("Add", {y, x})});
  }
};

class Transformer : Builder {
 public:
  Transformer(int64_t tokens, int64_t width, int64_t heads, uint64_t seed)
      : Builder(seed), tokens_(tokens), width_(width), heads_(heads) {}

  Model build(int layers) {
    ValueId x = input({1, tokens_, width_});
    for (int layer = 0; layer < layers; ++layer) {
      x = normalize(node("Add", {x, attention(x)}));
      x = normalize(
          node("Add", {x, linear(gelu(linear(x, width_, 4 * width_)), 4 * width_, width_)}));
    }
    return finish(x);
  }

 private:
  ValueId linear(ValueId x, int64_t in, int64_t out) {
    const ValueId product =
        node("MatMul", {x, weight({in, out}, 1 / std::sqrt(static_cast<float>(in)))});
    return node("Add", {product, weight({out}, 0.1f)});
  }
  ValueId normalize(ValueId x) {
    const ValueId axes = integers({-1});
    const ValueId centred = node("Sub", {x, node("ReduceMean", {x, axes})});
    const ValueId variance = node("ReduceMean", {node("Pow", {centred, scalar(2)}), axes});
    const ValueId deviation = node("Sqrt", {node("Add", {variance, scalar(1e-5f)})});
    const ValueId scaled =
        node("Mul", {node("Div", {centred, deviation}), weight({width_}, 0.1f, 1)});
    return node("Add", {scaled, weight({width_}, 0.1f)});
  }
  ValueId gelu(ValueId x) {
    const ValueId erf = node("Erf", {node("Div", {x, scalar(std::sqrt(2.f))})});
    return node("Mul", {node("Mul", {x, node("Add", {erf, scalar(1)})}), scalar(0.5f)});
  }
  ValueId split_heads(ValueId x, std::vector<int64_t> order) {
    return node("Transpose",
                {node("Reshape", {x, integers({1, tokens_, heads_, width_ / heads_})})},
                {{"perm", std::move(order)}});
  }
  ValueId attention(ValueId x) {
    const ValueId q = split_heads(linear(x, width_, width_), {0, 2, 1, 3});
    const ValueId k = split_heads(linear(x, width_, width_), {0, 2, 3, 1});
    const ValueId v = split_heads(linear(x, width_, width_), {0, 2, 1, 3});
    const float scale = 1 / std::sqrt(static_cast<float>(width_ / heads_));
    const ValueId scores = node("Mul", {node("MatMul", {q, k}), scalar(scale)});
    const ValueId mixed = node("MatMul", {node("Softmax", {scores}, {{"axis", int64_t{-1}}}), v});
    const ValueId merged = node("Transpose", {mixed}, {{"perm", std::vector<int64_t>{0, 2, 1, 3}}});
    return linear(node("Reshape", {merged, integers({1, tokens_, width_})}), width_, width_);
  }

  int64_t tokens_, width_, heads_;
};

}  // namespace

Model resnet50(int64_t size, uint64_t seed) { return ResNet(seed).build(size); }

Model transformer(int layers, int64_t tokens, int64_t width, int64_t heads, uint64_t seed) {
  return Transformer(tokens, width, heads, seed).build(layers);
}

void expect_same_from_threads(Session& session, std::span<const Value> inputs,
                              std::span<const Tensor> expected, size_t rounds) {
  std::vector<std::string> failures(inputs.size());
  std::vector<std::thread> threads;
  for (size_t t = 0; t < inputs.size(); ++t) {
    threads.emplace_back([&, t] {
      for (size_t round = 0; round < rounds; ++round) {
        const size_t which = (t + round) % inputs.size();
        Value answer;
        const Status status = session.run({&inputs[which], 1}, {&answer, 1});
        if (!status.ok()) {
          failures[t] = to_string(status);
        } else if (std::memcmp(answer.tensor().data(), expected[which].data(),
                               expected[which].bytes()) != 0) {
          failures[t] = concat("other bits in round ", round);
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::string& failure : failures) EXPECT_EQ(failure, "");
}

}  // namespace oarlock::test
