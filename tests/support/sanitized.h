// For tests that train to convergence: their code is sanitized by others, on fewer steps.
#pragma once
#include <gtest/gtest.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SKIP_SANITIZED() \
  GTEST_SKIP() << "training to convergence takes minutes under a sanitizer: an optimised build does it"
#else
#define SKIP_SANITIZED() static_assert(true, "")
#endif
