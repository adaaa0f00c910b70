#pragma once

#include <string>

#include "oarlock/session.h"

namespace oarlock {

// What a session does when a device fails or cannot be opened and another one is left: go on
// without it and say so on stderr, go on silently, or give the error. The setting "fallback" is
// "warn" (the default), "silent" or "off"; strict sessions have it off.
enum class Fallback { warn, silent, off };
Result<Fallback> fallback_of(const SessionOptions& options);

// One line on stderr, unless silent.
void warn(Fallback fallback, const std::string& text);

}  // namespace oarlock
