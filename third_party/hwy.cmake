# Portable SIMD with run-time dispatch: target hwy::hwy.
set(hwy_HINT "Highway >= 1.0.3 (apt: libhwy-dev)")
find_package(hwy 1.0.3 QUIET CONFIG)
set(hwy_FOUND OFF)
if(TARGET hwy::hwy)
  set(hwy_FOUND ON)
endif()
