# Threads of the CPU backend.
set(tbb_HINT "oneTBB >= 2021.5 (apt: libtbb-dev)")
find_package(TBB 2021.5 QUIET CONFIG COMPONENTS tbb)
set(tbb_FOUND OFF)
if(TBB_FOUND AND TARGET TBB::tbb)
  set(tbb_FOUND ON)
endif()
