#pragma once

#include <gtest/gtest.h>

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/ops/evaluate.h"
#include "oarlock/plugin/graph.h"
#include "oarlock/plugin/op.h"
#include "oarlock/plugin/passes.h"

namespace oarlock::test {

// Builds one graph, simplifies it and compares it with what it was. Constants have seeded random
// contents unless given; the seed is printed on failure. Errors are test failures.
class GraphUnderTest {
 public:
  GraphUnderTest();

  ValueId input(const Shape& shape, DType dtype = DType::float32);
  ValueId constant(Tensor tensor);
  ValueId random(const Shape& shape, DType dtype = DType::float32, double low = -1,
                 double high = 1);
  ValueId number(double value, DType dtype = DType::float32) { return filled({}, value, dtype); }
  ValueId filled(const Shape& shape, double value, DType dtype = DType::float32);
  ValueId integers(std::initializer_list<int64_t> values);
  // A node; op may name a domain: "oarlock.Conv". Its first output.
  ValueId op(std::string_view op, std::vector<ValueId> inputs, Attrs attrs = {});
  std::vector<ValueId> op(std::string_view op, std::vector<ValueId> inputs, Attrs attrs,
                          size_t outputs);
  void output(ValueId value) { graph.add_output(value); }

  // Simplifies a copy and checks that it is valid, keeps inputs, outputs and their names, that
  // simplifying it again changes nothing, and that it computes the same on random inputs. Then
  // names the operators left, in order of computation: "Relu oarlock.Conv".
  std::string simplified(double tolerance = 1e-4);
  // The same, but the graph's inputs are only known to have these shapes when it is simplified.
  // Evaluated with the shapes that input() was given.
  std::string simplified_knowing(std::vector<Shape> shapes, double tolerance = 1e-4);

  Graph graph;
  // After simplified().
  Graph result;
  SimplifyReport report;
  // The only node of this operator in the result.
  const Node& only(std::string_view op) const;
  size_t count(std::string_view op) const;
  bool was_applied(std::string_view rule) const;

 private:
  Tensor random_tensor(const Shape& shape, DType dtype, double low, double high);
  std::string check(double tolerance);

  uint64_t seed_;
  uint64_t state_;
  int names_ = 0;
};

// Numbers of a tensor of any numeric type.
std::vector<double> numbers_of(const Tensor& tensor);

}  // namespace oarlock::test
