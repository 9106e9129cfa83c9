/* table_cpu.c - every CPU body of one instruction set in one table. A body that is missing does not link. */
#include "table_cpu.h"

#include "cpu.h"

#define ISA_TEXT_(isa) #isa
#define ISA_TEXT(isa) ISA_TEXT_(isa)

const fc_ops_t FC_CPU(ops_table) = {.backend = "cpu",
                                    .isa = ISA_TEXT(FC_ISA),
#define TABLE_SLOT(name, signature, shapes, equation, effect) .name = FC_CPU(name),
                                    FC_OPS(TABLE_SLOT)
#undef TABLE_SLOT
};
