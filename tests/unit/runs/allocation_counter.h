#pragma once

#include <cstddef>

namespace oarlock::test {

// Allocations of this process so far, by any thread: operator new in every build, malloc and its
// kin too where no sanitizer has taken their place.
size_t allocation_count();

// Lets the n-th allocation from now on (and all later ones, if `and_after`) fail in operator new;
// 0 ends it.
void fail_allocation(size_t n, bool and_after = false);

}  // namespace oarlock::test
