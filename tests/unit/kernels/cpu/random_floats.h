#pragma once

#include <cstdint>
#include <random>
#include <vector>

// Seeded floats, uniform between low and high.
inline std::vector<float> random_floats(int64_t n, uint32_t seed, float low = -1, float high = 1) {
  std::mt19937 generator(seed);
  std::uniform_real_distribution<float> distribution(low, high);
  std::vector<float> values(static_cast<size_t>(n));
  for (float& v : values) v = distribution(generator);
  return values;
}
