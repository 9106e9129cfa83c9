/* table_cuda.h - the table of the CUDA bodies. */
#ifndef KERNELS_TABLE_CUDA_H
#define KERNELS_TABLE_CUDA_H

#include "faasconf/ops.h"

#ifdef __cplusplus
extern "C" {
#endif

extern const fc_ops_t ops_table_cuda;

#ifdef __cplusplus
}
#endif
#endif
