# Kernel timings: target benchmark::benchmark.
set(benchmark_HINT "Google Benchmark >= 1.7 (apt: libbenchmark-dev)")
find_package(benchmark 1.7 QUIET CONFIG)
set(benchmark_FOUND OFF)
if(TARGET benchmark::benchmark)
  set(benchmark_FOUND ON)
endif()
