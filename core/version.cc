#include "oarlock/version.h"

namespace oarlock {

const char* version() { return OARLOCK_VERSION; }

}  // namespace oarlock
