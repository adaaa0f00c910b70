#pragma once

#include <span>
#include <string>
#include <vector>

#include "kernels/fpga/cost.h"
#include "tools/fpga/listener.h"

namespace oarlock::fpga {

// What a card has. DSP48E2, 36 Kb block RAMs, 288 Kb UltraRAMs of the whole device, of which the
// shell takes a part; the bandwidth of the one memory bank (or channel) that tensors are linked to.
struct Platform {
  const char* name;
  int dsp, bram, uram;
  double gigabytes_a_second;
  const char* tensors;  // banks in the link configuration, of tensors and of parameter blocks
  const char* parameters;
  const char* source;
};
std::span<const Platform> platforms();
// Null when there is none of that name.
const Platform* find_platform(const std::string& name);

// What is compiled into the kernels, and how many engines of products there are.
struct Design {
  kernels::fpga::EngineSizes engine, engine8;
  int engines = 2;
};
// Of the kernels as they were compiled.
Design compiled_design();

struct Resources {
  int dsp = 0, bram = 0, uram = 0;
};
// Of all kernels. Larger buffers go to UltraRAM where the block RAMs of the platform do not do.
Resources resources_of(const Design& design, const Platform& platform);
// Whether they leave a fifth of the DSP and a third of the memories to the shell and to routing.
bool fits(const Design& design, const Platform& platform);

// One layer on a design. What bounds it: "compute" (the array of multipliers is busy more than half
// of the time), "bandwidth" (memory, or the ports of a kernel), "launch" (runs of under 4000
// cycles).
struct LayerTime {
  double seconds = 0, cycles = 0, products = 0, bytes = 0;
  double array_busy = 0;  // of the products that the kernel can do, 0 to 1
  const char* bound = "";
};
LayerTime time_of(const Layer& layer, const Design& design, double gigabytes_a_second,
                  double megahertz);

// The design that fits the platform and takes the least time for all layers together.
Design explore(std::span<const Layer> layers, const Platform& platform, double megahertz);

// A file for `cmake -C`, which the target xclbin is built by.
std::string configuration(const Design& design, const Platform& platform, double megahertz);

}  // namespace oarlock::fpga
