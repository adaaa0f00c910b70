#include "core/plan/fallback.h"

#include <cstdio>

namespace oarlock {

Result<Fallback> fallback_of(const SessionOptions& options) {
  const auto setting = options.settings.find("fallback");
  const std::string text = setting == options.settings.end() ? "warn" : setting->second;
  if (text != "warn" && text != "silent" && text != "off")
    return invalid("the setting fallback is warn, silent or off, not '", text, "'");
  if (options.strict || text == "off") return Fallback::off;
  return text == "warn" ? Fallback::warn : Fallback::silent;
}

void warn(Fallback fallback, const std::string& text) {
  if (fallback == Fallback::warn) std::fprintf(stderr, "oarlock: warning: %s\n", text.c_str());
}

}  // namespace oarlock
