#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "oarlock/plugin/graph.h"
#include "oarlock/session.h"

namespace oarlock::cpu {

// A graph in the making with one input "x", and its runs through sessions.
struct Network {
  Graph graph;
  ValueId add(const char* op, std::vector<ValueId> inputs, Attrs attrs = {}) {
    Node node;
    node.op = op;
    node.name = concat(op, graph.node_count());
    node.inputs = std::move(inputs);
    node.attrs = std::move(attrs);
    const std::string output = concat(node.name, "_y");
    const Result<NodeId> id = graph.add_node(std::move(node), {output});
    return graph.node(*id).outputs[0];
  }
  Result<Session> open(const char* device, bool strict, int threads = 2,
                       std::map<std::string, std::string> settings = {}) const {
    SessionOptions options;
    options.settings = std::move(settings);
    options.devices = {device};
    options.threads = threads;
    options.strict = strict;
    return Session::open(Model(graph, {}), options);
  }
  Tensor run(const char* device, bool strict, const Tensor& x, int threads = 2) const {
    Result<Session> session = open(device, strict, threads);
    EXPECT_TRUE(session.ok()) << to_string(session.status());
    if (!session.ok()) return {};
    const std::vector<NamedValue> inputs{{"x", x}};
    auto outputs = session->run(inputs);
    EXPECT_TRUE(outputs.ok()) << to_string(outputs.status());
    return outputs.ok() ? (*outputs)[0].value.tensor() : Tensor();
  }
};

// Steps of an operator in the plan of the CPU.
inline int steps_of(const Network& net, std::string_view op) {
  Result<Session> session = net.open("cpu", true);
  EXPECT_TRUE(session.ok()) << to_string(session.status());
  const Result<Explanation> plan = session->explain();
  EXPECT_TRUE(plan.ok()) << to_string(plan.status());
  int steps = 0;
  for (const PlannedStep& step : plan->steps) steps += step.op == op;
  return steps;
}

// Runs on the CPU and the reference device; the bits are the same for any number of threads.
inline void check_on_cpu(const Network& net, const Tensor& x) {
  const Tensor expected = net.run("reference", false, x);
  const Tensor given = net.run("cpu", true, x);
  const Tensor alone = net.run("cpu", true, x, 1);
  ASSERT_EQ(given.elements(), expected.elements());
  EXPECT_EQ(std::memcmp(given.data(), alone.data(), given.bytes()), 0);
  double worst = 0, largest = 0;
  for (size_t i = 0; i < static_cast<size_t>(given.elements()); ++i) {
    const double e = expected.as<float>()[i];
    worst = std::max(worst, std::abs(given.as<float>()[i] - e));
    largest = std::max(largest, std::abs(e));
  }
  EXPECT_LT(worst, 1e-5 * largest);
}

}  // namespace oarlock::cpu
