/* table_cuda.cu - every CUDA body in one table. A body that is missing does not link. */
#include "cuda.cuh"
#include "table_cuda.h"

extern "C" const fc_ops_t ops_table_cuda = {
#ifdef FC_SIMT
    "cuda", "emulated",
#else
    "cuda", "device",
#endif
#define TABLE_SLOT(name, signature, shapes, equation, effect) FC_CUDA(name),
    FC_OPS(TABLE_SLOT)
#undef TABLE_SLOT
};
