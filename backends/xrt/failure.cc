#include "backends/xrt/failure.h"

#include <new>
#include <system_error>

namespace oarlock::xrt {

Status failure(std::string_view doing) {
  try {
    throw;
  } catch (const std::bad_alloc&) {
    return out_of_memory("XRT: ", doing, ": the device's memory is exhausted");
  } catch (const std::system_error& e) {
    if (e.code() == std::errc::not_enough_memory)
      return out_of_memory("XRT: ", doing, ": the device's memory is exhausted");
    if (e.code() == std::errc::device_or_resource_busy)
      return unavailable("XRT: ", doing,
                         ": another process uses the device; wait until it ends, or ",
                         "name another device");
    return unavailable("XRT: ", doing, ": ", e.what());
  } catch (const std::exception& e) {
    return unavailable("XRT: ", doing, ": ", e.what());
  } catch (...) {
    return unavailable("XRT: ", doing, ": it failed");
  }
}

}  // namespace oarlock::xrt
