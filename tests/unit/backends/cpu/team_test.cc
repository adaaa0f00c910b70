#include "backends/cpu/team.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>
#include <vector>

namespace oarlock::cpu {
namespace {

// Works of many sizes, each part counted; pauses let helpers fall asleep.
int wrong_counts(Team& team) {
  int wrong = 0;
  std::vector<int> counts(64);
  for (int round = 0; round < 300; ++round) {
    const int parts = 1 + round % 64;
    team.run(parts, &counts, [](const void* body, int64_t part, int) {
      ++(*static_cast<std::vector<int>*>(const_cast<void*>(body)))[part];
    });
    for (int part = 0; part < 64; ++part) {
      if (counts[part] != (part < parts ? 1 : 0)) ++wrong;
      counts[part] = 0;
    }
    if (round % 100 == 50) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return wrong;
}

TEST(TeamTest, EveryPartRunsOnceHoweverManyHelp) {
  for (const int helpers : {0, 1, 2, 5}) {
    Team team(3);
    {
      std::vector<std::jthread> threads;
      for (int i = 0; i < helpers; ++i) threads.emplace_back([&] { team.help(); });
      EXPECT_EQ(wrong_counts(team), 0) << helpers << " helpers";
      team.dismiss();
    }
    team.reset();
    EXPECT_EQ(wrong_counts(team), 0) << "after a reset, without helpers";
  }
}

TEST(TeamTest, LateHelpersLeaveADismissedTeam) {
  Team team(2);
  team.dismiss();
  team.help();
}

}  // namespace
}  // namespace oarlock::cpu
