#pragma once

#include <gtest/gtest.h>

#include <string>
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
  Result<Session> open(const char* device, bool strict, int threads = 2) const {
    SessionOptions options;
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

}  // namespace oarlock::cpu
