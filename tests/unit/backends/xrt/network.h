#pragma once

#include <string>
#include <vector>

#include "backends/xrt/emulator/emulator.h"
#include "oarlock/plugin/attrs.h"
#include "oarlock/session.h"

namespace oarlock::xrt {

// A node of a chain: its first input is what the node before computes, or the model's input.
struct Link {
  std::string op;  // "Conv", "oarlock.Conv"
  Attrs attrs = {};
  std::vector<Tensor> constants = {};  // further inputs; undefined ones are omitted
};

Result<Model> make_chain(const TypeInfo& input, const std::vector<Link>& links);
// Seeded values between -1 and 1.
Tensor random_values(const Shape& shape, unsigned seed);

// The model's output on one device, where every node must stay.
Result<Tensor> run_on(const std::string& device, const Model& model, const Tensor& input);
// Checks that the FPGA's output is the reference device's, times max(1, |expected|).
void check_chain(const Tensor& input, const std::vector<Link>& links, double tolerance = 1e-4);

// Why there is no emulated device to test; empty when there is one.
std::string why_not_emulated();
// Of the emulated device that sessions use.
const xrt_emulator::Emulator& emulator();

}  // namespace oarlock::xrt
