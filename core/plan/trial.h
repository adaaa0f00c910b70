#pragma once

#include <chrono>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "oarlock/plugin/graph.h"
#include "oarlock/plugin/tuning.h"

namespace oarlock {

// Nodes of one kind and shape that tuning can make a choice for.
struct Tunable {
  Tuning* tuning = nullptr;  // of their device
  std::string key;           // there
  std::string device, node;  // one of the nodes
  int nodes = 0;
  std::string usual;  // what is chosen now
  std::vector<std::string> candidates;
  bool fused = false;  // the choice is whether a rule of the backend puts nodes together
};

// What tuning asks of a plan, and what it learns from it. Keys are those of NodeDraft::tuning_key.
struct Trial {
  std::map<std::string, std::string> choices;  // come before what is kept
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();

  std::map<std::string, Tunable> tunables;          // those of which nothing is kept
  std::map<std::string, std::set<NodeId>> members;  // of fused tunables: the nodes that stand now
};

}  // namespace oarlock
