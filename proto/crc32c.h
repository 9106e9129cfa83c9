/* crc32c.h - the two implementations behind fc_crc32c, apart so that a test can compare them. */
#ifndef PROTO_CRC32C_H
#define PROTO_CRC32C_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

uint32_t crc32c_by_table(uint32_t crc, const void *data, size_t size);

/* True when this machine has the instruction; crc32c_by_instruction must not be called otherwise on x86-64. */
bool crc32c_has_instruction(void);
uint32_t crc32c_by_instruction(uint32_t crc, const void *data, size_t size);

#ifdef __cplusplus
}
#endif
#endif
