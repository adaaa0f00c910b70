#pragma once

#include <atomic>
#include <exception>
#include <new>
#include <string>
#include <vector>

#include "oarlock/oarlock.h"
#include "oarlock/session.h"

struct oarlock_model {
  oarlock::Model model;
};
struct oarlock_options {
  oarlock::SessionOptions options;
};
struct oarlock_value {
  oarlock::Value value;
};
struct oarlock_cancellation {
  std::atomic<bool> cancelled{false};
};
struct oarlock_devices {
  std::vector<oarlock::DeviceSummary> list;
};

namespace oarlock::capi {

// Keeps the message for oarlock_last_error() and gives the code.
oarlock_code report(const Status& status);
oarlock_code report(oarlock_code code, const char* message);

// What a function of the application returned as a Status; its message is that of the last failure.
Status status_of(oarlock_code code);
void clear_error();

// Of an argument.
Result<DType> checked_dtype(oarlock_dtype dtype);
// Extents are not negative; `unknown`: -1 is allowed.
Result<Shape> checked_shape(const int64_t* shape, size_t rank, bool unknown = false);

// Runs a body that returns a Status; whatever it throws becomes a code.
template <class F>
oarlock_code guarded(F&& body) noexcept {
  try {
    return report(body());
  } catch (const std::bad_alloc&) {
    return report(OARLOCK_OUT_OF_MEMORY, "not enough memory");
  } catch (const std::exception& error) {
    return report(OARLOCK_INTERNAL, error.what());
  } catch (...) {
    return report(OARLOCK_INTERNAL, "unknown exception");
  }
}

inline Status null_argument(const char* name) { return invalid("argument '", name, "' is NULL"); }

}  // namespace oarlock::capi
