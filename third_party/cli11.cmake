# Command line of the tools: target CLI11::CLI11.
set(cli11_HINT "CLI11 >= 2.1 (apt: libcli11-dev)")
find_package(CLI11 2.1 QUIET CONFIG)
set(cli11_FOUND OFF)
if(TARGET CLI11::CLI11)
  set(cli11_FOUND ON)
endif()
