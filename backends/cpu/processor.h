#pragma once

#include <string>

namespace oarlock::cpu {

// As the operating system describes it; read once.
struct Processor {
  std::string name;   // "AMD EPYC"
  std::string model;  // numbers that tell apart models of one name; may be empty
};
const Processor& processor();

// What measured times hold for: the processor, the instruction set in use, and the build of the
// kernels.
std::string tuning_identity();

}  // namespace oarlock::cpu
