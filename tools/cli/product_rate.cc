#include "tools/cli/product_rate.h"

#include <algorithm>
#include <chrono>

#include "oarlock/plugin/graph.h"

namespace oarlock::cli {

namespace {

constexpr int64_t kExtent = 768;

Result<Tensor> small_numbers(int64_t rows, int64_t columns) {
  OARLOCK_ASSIGN(Tensor tensor, Tensor::allocate(DType::float32, Shape{rows, columns}));
  int64_t i = 0;
  for (float& v : tensor.mutable_as<float>()) v = static_cast<float>(i++ % 17) / 16.0f;
  return tensor;
}

Result<double> product_rate(SessionOptions options, const std::string& device, int64_t extent) {
  Graph graph;
  OARLOCK_ASSIGN(Tensor weights, small_numbers(extent, extent));
  const ValueId a = graph.add_input("a", TypeInfo::tensor(DType::float32, Shape{extent, extent}));
  const ValueId b = graph.add_constant("b", std::move(weights));
  Node node;
  node.op = "MatMul";
  node.name = "product";
  node.inputs = {a, b};
  OARLOCK_ASSIGN(const NodeId id, graph.add_node(std::move(node), {"y"}));
  graph.add_output(graph.node(id).outputs[0], "y");

  options.devices = {device};
  options.strict = true;
  options.keep_intermediates = false;
  OARLOCK_ASSIGN(Session session, Session::open(Model(std::move(graph), {}), options));
  OARLOCK_ASSIGN(Tensor input, small_numbers(extent, extent));
  const Value given(std::move(input));
  Value output;
  using Clock = std::chrono::steady_clock;
  const Clock::time_point end = Clock::now() + std::chrono::milliseconds(100);
  double best = 0;
  do {
    const Clock::time_point start = Clock::now();
    OARLOCK_TRY(session.run({&given, 1}, {&output, 1}));
    const std::chrono::duration<double> seconds = Clock::now() - start;
    const auto n = static_cast<double>(extent);
    best = std::max(best, 2 * n * n * n / std::max(seconds.count(), 1e-9) / 1e9);
  } while (Clock::now() < end);
  return best;
}

}  // namespace

std::map<std::string, double> product_rates(const SessionOptions& options,
                                            const std::vector<std::string>& devices) {
  std::map<std::string, double> rates;
  for (const std::string& device : devices) {
    // A small product tells whether a large one is worth waiting for.
    const Result<double> small = product_rate(options, device, kExtent / 6);
    if (!small.ok()) continue;
    const Result<double> large =
        *small > 5 ? product_rate(options, device, kExtent) : Result<double>(*small);
    if (large.ok()) rates[device] = std::max(*small, *large);
  }
  return rates;
}

}  // namespace oarlock::cli
