#include "backends/cpu/team.h"

#include <gtest/gtest.h>

#include <atomic>
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
  for (const int helpers : {0, 1, 2}) {
    Team team(3);
    std::vector<std::jthread> threads;
    EXPECT_EQ(team.begin_run(), 2);
    for (int i = 0; i < helpers; ++i) threads.emplace_back([&] { team.help(); });
    EXPECT_EQ(wrong_counts(team), 0) << helpers << " helpers";
    team.end_run();
    threads.clear();
    EXPECT_EQ(team.begin_run(), helpers) << "those that left are asked for again";
    EXPECT_EQ(wrong_counts(team), 0) << "another run, without helpers";
    team.end_run();
  }
}

TEST(TeamTest, HelpersServeRunAfterRun) {
  Team team(3);
  std::vector<std::jthread> threads;
  int wrong = 0;
  for (int run = 0; run < 200; ++run) {
    for (int missing = team.begin_run(); missing > 0; --missing)
      threads.emplace_back([&] { team.help(); });
    std::atomic<int> sum = 0;
    for (int parts = 1; parts <= 10; ++parts) {
      team.run(parts, &sum, [](const void* body, int64_t, int slot) {
        *static_cast<std::atomic<int>*>(const_cast<void*>(body)) += slot < 3 ? 1 : 100;
      });
    }
    if (sum != 55) ++wrong;
    team.end_run();
    if (run % 10 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  EXPECT_EQ(wrong, 0);
}

TEST(TeamTest, LateHelpersLeave) {
  Team team(2);
  EXPECT_EQ(team.begin_run(), 1);
  team.end_run();
  team.help();
  EXPECT_EQ(team.begin_run(), 1);
}

}  // namespace
}  // namespace oarlock::cpu
