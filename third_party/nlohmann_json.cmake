# Reports and traces: target nlohmann_json::nlohmann_json.
set(nlohmann_json_HINT "nlohmann-json >= 3.11 (apt: nlohmann-json3-dev)")
find_package(nlohmann_json 3.11 QUIET CONFIG)
set(nlohmann_json_FOUND OFF)
if(TARGET nlohmann_json::nlohmann_json)
  set(nlohmann_json_FOUND ON)
endif()
