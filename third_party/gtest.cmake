# Unit tests: targets GTest::gtest, GTest::gmock, GTest::gtest_main.
set(gtest_HINT "GoogleTest >= 1.12 (apt: libgtest-dev libgmock-dev)")
find_package(GTest 1.12 QUIET CONFIG)
set(gtest_FOUND OFF)
if(TARGET GTest::gtest AND TARGET GTest::gmock AND TARGET GTest::gtest_main)
  set(gtest_FOUND ON)
endif()
