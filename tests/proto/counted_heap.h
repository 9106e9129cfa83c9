// The heap as proto/ sees it, counted and failed on demand. The test program is linked with --wrap=malloc and friends,
// so that only our own code passes here, not the C++ library.
#pragma once
#include <cstddef>

namespace fc_test {

// Starts counting on this thread from zero; `fail_at` n > 0 makes the n-th allocation from now return NULL.
void heap_watch(size_t fail_at = 0);
struct HeapUse {
  size_t live_bytes, peak_bytes, n_allocations;
  bool failed;  // the allocation to fail was reached
};
HeapUse heap_use();

}  // namespace fc_test
