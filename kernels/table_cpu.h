/* table_cpu.h - the tables of the CPU bodies, one per instruction set; ops.c picks one. */
#ifndef KERNELS_TABLE_CPU_H
#define KERNELS_TABLE_CPU_H

#include "faasconf/ops.h"

#ifdef FC_REAL_DOUBLE
extern const fc_ops_t ops_table_cpu_base_double;
extern const fc_ops_t ops_team_cpu_base_double;
#else
extern const fc_ops_t ops_table_cpu_base;
extern const fc_ops_t ops_table_cpu_avx2;
extern const fc_ops_t ops_table_cpu_avx512;

/* The slots that a team replaces (team.h); all others are NULL. */
extern const fc_ops_t ops_team_cpu_base;
extern const fc_ops_t ops_team_cpu_avx2;
extern const fc_ops_t ops_team_cpu_avx512;
#endif

#endif
