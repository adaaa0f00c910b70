#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "oarlock/plugin/device.h"
#include "oarlock/plugin/kernel.h"
#include "oarlock/plugin/op.h"
#include "oarlock/plugin/rewrite.h"

namespace oarlock {

// Grows whenever anything in oarlock/plugin changes its binary meaning.
inline constexpr uint32_t kBackendAbi = 4;

// Compiler and standard library the headers were compiled with; a backend loaded at run time must
// carry the same tag as the core.
const char* build_tag();
#define OARLOCK_STRINGIFY_(x) #x
#define OARLOCK_STRINGIFY(x) OARLOCK_STRINGIFY_(x)
#if defined(__GLIBCXX__)
#define OARLOCK_BUILD_TAG "c++20 libstdc++ cxx11abi=" OARLOCK_STRINGIFY(_GLIBCXX_USE_CXX11_ABI)
#else
#define OARLOCK_BUILD_TAG "c++20 libc++ " OARLOCK_STRINGIFY(_LIBCPP_VERSION)
#endif

// A plugin: devices, the kernels that run on them, and the fusions those kernels want.
// A shared library liboarlock_backend_<name>.so exports `oarlock_backend_<name>`; a backend linked
// in offers the same function.
struct Backend {
  uint32_t abi = kBackendAbi;                 // first field for ever
  const char* build_tag = OARLOCK_BUILD_TAG;  // second field for ever
  const char* name = "";
  // Code unavailable when there is no hardware or driver here. Called at most once a session, and
  // only when the session names the backend: devices are called like it, up to a colon.
  Result<DeviceList> (*open)(const DeviceOptions&) = nullptr;
  std::span<const KernelDef> (*kernels)() = nullptr;  // for one operator: best first
  std::span<const Rule> (*rules)() = nullptr;         // may be null; see only nodes placed here
  std::span<const OpDef> (*ops)() = nullptr;          // may be null; operators of its own domain
};
using BackendEntry = const Backend* (*)();

}  // namespace oarlock
