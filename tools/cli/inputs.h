#pragma once

#include <string>
#include <vector>

#include "tools/cli/command.h"
#include "tools/cli/image.h"

namespace oarlock::cli {

// Where a command takes input values from.
struct InputOptions {
  std::vector<std::string> files;  // [NAME=]FILE
  uint64_t seed = 1;
  ImageOptions image;

  // `positional`: files may also follow the model on the command line.
  void add_to(CLI::App* command, bool positional);
  // One value for each input, in the model's order. Inputs without a file are filled from the seed,
  // and their names added to `made_up`. With `seed_given` false and `must` true that is an error.
  Result<std::vector<NamedValue>> read(const std::vector<NamedType>& inputs,
                                       std::vector<std::string>* made_up = nullptr) const;
  bool all_random() const { return files.empty(); }

  CLI::Option* seed_option = nullptr;
  bool needs_values = false;  // no made-up values unless --seed was given
};

// "x float32[1, 3]; y int64[2]".
std::string describe(const std::vector<NamedType>& types);

}  // namespace oarlock::cli
