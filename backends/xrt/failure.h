#pragma once

#include <exception>
#include <string_view>
#include <type_traits>

#include "oarlock/status.h"

namespace oarlock::xrt {

// The Status of the exception in flight: out_of_memory or unavailable, with what XRT said.
Status failure(std::string_view doing);

// Calls f(), which uses XRT; no exception leaves. f returns nothing, a Status or a Result.
template <class F>
auto guarded(std::string_view doing, F&& f)
    -> std::conditional_t<std::is_void_v<decltype(f())>, Status, decltype(f())> {
  try {
    if constexpr (std::is_void_v<decltype(f())>) {
      f();
      return {};
    } else {
      return f();
    }
  } catch (...) {
    return failure(doing);
  }
}

}  // namespace oarlock::xrt
