#include <algorithm>
#include <iterator>

#include "core/capi/handles.h"

namespace oarlock::capi {
namespace {

thread_local std::string last_message;

// The codes of the C interface in the order of oarlock::Code.
constexpr oarlock_code kCodes[] = {OARLOCK_OK,          OARLOCK_INVALID,       OARLOCK_UNSUPPORTED,
                                   OARLOCK_UNAVAILABLE, OARLOCK_OUT_OF_MEMORY, OARLOCK_IO,
                                   OARLOCK_CANCELLED,   OARLOCK_INTERNAL};

}  // namespace

oarlock_code report(const Status& status) {
  if (status.ok()) return OARLOCK_OK;
  return report(kCodes[static_cast<size_t>(status.code())], status.message().c_str());
}

oarlock_code report(oarlock_code code, const char* message) {
  try {
    last_message = message;
  } catch (...) {
    last_message.clear();
  }
  return code;
}

void clear_error() { last_message.clear(); }

Status status_of(oarlock_code code) {
  if (code == OARLOCK_OK) return {};
  const auto known = std::find(std::begin(kCodes), std::end(kCodes), code);
  const Code kind =
      known == std::end(kCodes) ? Code::internal : static_cast<Code>(known - std::begin(kCodes));
  return Status(kind, last_message.empty()
                          ? concat("the operator's function failed with code ", code)
                          : last_message);
}

}  // namespace oarlock::capi

extern "C" {

const char* oarlock_version(void) { return oarlock::version(); }

const char* oarlock_last_error(void) { return oarlock::capi::last_message.c_str(); }

const char* oarlock_code_name(oarlock_code code) {
  const char* names[] = {"ok", "invalid",   "unsupported", "unavailable", "out_of_memory",
                         "io", "cancelled", "internal"};
  const auto index = static_cast<size_t>(code);
  return index < std::size(names) ? names[index] : "unknown";
}

}  // extern "C"
