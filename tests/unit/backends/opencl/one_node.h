#pragma once

#include <map>
#include <string>
#include <vector>

#include "oarlock/plugin/attrs.h"
#include "oarlock/tensor.h"

namespace oarlock::opencl {

// A graph of one node.
struct OneNode {
  std::string op;  // "Conv", "oarlock.MatMul"
  Attrs attrs = {};
  std::vector<Tensor> inputs;          // undefined ones are omitted
  std::vector<size_t> constants = {};  // inputs that are constants of the model
  double tolerance = 1e-4;             // times max(1, |expected|)
  std::map<std::string, std::string> settings = {};
};

// Runs the node on the first OpenCL device, where it must stay, and compares its output with the
// reference device's. `kernel`, if given, must be the one that ran.
void check_against_reference(const OneNode& test, const std::string& kernel = "");

// Attributes of windows in both axes.
Attrs window(int64_t stride, int64_t pad, int64_t dilation = 1, int64_t group = 1);

// A Conv node with constant weights and bias.
OneNode convolution(Attrs attrs, const Shape& input, const Shape& weights, bool bias = true);

// The same with float16 in place of float32, and a tolerance for it.
OneNode in_half(OneNode test);

// Whether there is an OpenCL device; `why` says why not.
bool has_device(std::string& why);

// Seeded values between -1 and 1.
Tensor random_values(const Shape& shape, unsigned seed);

}  // namespace oarlock::opencl
