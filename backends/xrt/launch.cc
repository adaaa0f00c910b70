#include "backends/xrt/launch.h"

#include <bit>
#include <cstring>

#include "backends/xrt/failure.h"

namespace oarlock::xrt {

void Parameters::set(int i, float value) {
  words_[static_cast<size_t>(i)] = std::bit_cast<int>(value);
}

// What was started refers to the runs of this object.
Launch::~Launch() {
  if (card_ != nullptr) static_cast<void>(card_->wait());
}

Result<LaunchPtr> Launch::make(XrtDevice& device, const char* kernel,
                               std::vector<Argument> arguments) {
  LaunchPtr launch(new Launch);
  OARLOCK_ASSIGN(launch->card_, device.card());
  OARLOCK_TRY(launch->join(kernel, std::move(arguments)));
  return launch;
}

Status Launch::join(const char* kernel, std::vector<Argument> arguments) {
  OARLOCK_ASSIGN(const KernelOnCard* const found, card_->kernel(kernel));
  if (arguments.size() != found->tensors())
    return internal_error("XRT: ", kernel, " takes ", found->tensors(), " tensors, not ",
                          arguments.size());
  group_.buffers.reserve(group_.buffers.capacity() + arguments.size());
  parts_.push_back({found, std::move(arguments)});
  return {};
}

Status Launch::add(const Parameters& parameters, std::vector<int> offsets) {
  const auto& words = parameters.words();
  OARLOCK_ASSIGN(::xrt::bo block, card_->parameter_memory(words.size() * sizeof(int)));
  OARLOCK_TRY(guarded("writing a parameter block", [&] {
    std::memcpy(block.map<int*>(), words.data(), words.size() * sizeof(int));
    block.sync(XCL_BO_SYNC_BO_TO_DEVICE);
  }));
  parameters_.push_back(std::move(block));
  Part& part = parts_.back();
  offsets.resize(part.arguments.size());
  offsets_.push_back(std::move(offsets));
  group_.parameters.push_back(words);
  group_.places.push_back({part.kernel, part.runs++ % part.kernel->units.size()});
  part_of_.push_back(parts_.size() - 1);
  return make_runs();
}

Status Launch::make_runs() {
  return guarded("making a run", [&] {
    group_.runs.clear();
    for (const ::xrt::bo& block : parameters_) {
      const size_t r = group_.runs.size();
      group_.runs.emplace_back(group_.unit_of(r));
      const auto position = static_cast<int>(parts_[part_of_[r]].arguments.size());
      group_.runs.back().set_arg(position, block);
    }
    group_.failed = false;
  });
}

Status Launch::set_arguments(const KernelArgs& args) {
  const size_t inputs = args.inputs.size();
  group_.buffers.clear();
  for (size_t part = 0; part < parts_.size(); ++part) {
    const std::vector<Argument>& arguments = parts_[part].arguments;
    for (size_t i = 0; i < arguments.size(); ++i) {
      const Argument& argument = arguments[i];
      const ::xrt::bo* memory = argument.table ? argument.table.get() : &card_->nothing();
      size_t offset = 0;
      if (argument.tensor >= 0) {
        const auto index = static_cast<size_t>(argument.tensor);
        const bool output = index >= inputs;
        const TensorRef& ref = output ? args.outputs[index - inputs] : args.inputs[index];
        if (ref) {
          memory = &static_cast<XrtBuffer*>(ref.buffer)->memory();
          group_.buffers.push_back(ref.buffer);
          offset = ref.offset / argument.element_bytes;
        }
      }
      if (offset > size_t{1} << 30)
        return out_of_memory("XRT: a tensor begins at element ", offset,
                             " of its buffer; kernels reach 2^30");
      const auto position = static_cast<int>(arguments.size() + 1 + i);
      for (size_t r = 0; r < group_.runs.size(); ++r) {
        if (part_of_[r] != part) continue;
        group_.runs[r].set_arg(static_cast<int>(i), *memory);
        group_.runs[r].set_arg(position, static_cast<int>(offset) + offsets_[r][i]);
      }
    }
  }
  return {};
}

Status Launch::run(const KernelArgs& args) {
  return card_->start(group_, [&]() -> Status {
    if (group_.failed) OARLOCK_TRY(make_runs());
    return guarded("setting arguments", [&]() -> Status { return set_arguments(args); });
  });
}

}  // namespace oarlock::xrt
