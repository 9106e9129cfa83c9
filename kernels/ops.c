/* ops.c - which CPU table this machine uses, and whether a table is complete. */
#include <stdbool.h>
#include <string.h>

#include "faasconf/ops.h"
#include "table_cpu.h"

#ifdef FC_REAL_DOUBLE
const fc_ops_t *fc_ops_cpu(void) {
  return &ops_table_cpu_base_double;
}

const fc_ops_t *fc_ops_cpu_isa(const char *isa) {
  return strcmp(isa, ops_table_cpu_base_double.isa) == 0 ? &ops_table_cpu_base_double : NULL;
}
#else
/* The tables this build has and this machine can run, best first. */
static const fc_ops_t *supported(const char *isa) {
#ifdef FC_KERNELS_X86
  __builtin_cpu_init();
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
                      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw");
  if (avx512 && (isa == NULL || strcmp(isa, "avx512") == 0)) return &ops_table_cpu_avx512;
  if (avx2 && (isa == NULL || strcmp(isa, "avx2") == 0)) return &ops_table_cpu_avx2;
#endif
  if (isa == NULL || strcmp(isa, "base") == 0) return &ops_table_cpu_base;
  return NULL;
}

const fc_ops_t *fc_ops_cpu(void) {
  return supported(NULL);
}

const fc_ops_t *fc_ops_cpu_isa(const char *isa) {
  return supported(isa);
}
#endif

const char *fc_ops_missing(const fc_ops_t *ops) {
#define OP_MISSING(name, signature, shapes, equation, effect) \
  if (ops->name == NULL) return #name;
  FC_OPS(OP_MISSING)
#undef OP_MISSING
  return NULL;
}
