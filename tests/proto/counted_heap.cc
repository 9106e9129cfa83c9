// See counted_heap.h.
#include "counted_heap.h"

#include <malloc.h>

#include <cstdlib>

namespace {
thread_local fc_test::HeapUse use = {};
thread_local size_t fail_at = 0;

bool must_fail() {
  ++use.n_allocations;
  if (fail_at == 0 || use.n_allocations != fail_at) return false;
  use.failed = true;
  return true;
}

void *count(void *pointer) {
  if (pointer != nullptr) use.live_bytes += malloc_usable_size(pointer);
  if (use.live_bytes > use.peak_bytes) use.peak_bytes = use.live_bytes;
  return pointer;
}

void forget(void *pointer) {
  if (pointer != nullptr) use.live_bytes -= malloc_usable_size(pointer);
}
}  // namespace

extern "C" {
void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *pointer, size_t size);
void __real_free(void *pointer);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *pointer, size_t size);
void __wrap_free(void *pointer);

void *__wrap_malloc(size_t size) {
  return must_fail() ? nullptr : count(__real_malloc(size));
}
void *__wrap_calloc(size_t n, size_t size) {
  return must_fail() ? nullptr : count(__real_calloc(n, size));
}
void *__wrap_realloc(void *pointer, size_t size) {
  if (must_fail()) return nullptr;
  forget(pointer);
  void *moved = __real_realloc(pointer, size);
  return count(moved != nullptr ? moved : pointer) == pointer && moved == nullptr ? nullptr : moved;
}
void __wrap_free(void *pointer) {
  forget(pointer);
  __real_free(pointer);
}
}

namespace fc_test {
void heap_watch(size_t n) {
  use = {};
  fail_at = n;
}
HeapUse heap_use() {
  return use;
}
}  // namespace fc_test
