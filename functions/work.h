/* work.h - what the example functions compute, and the CPU and memory that it takes.
 *
 * A request makes its data (the start-up), repeats the computation `repetitions` times, and answers the SHA-256 of the
 * result, cut to 64 bits. All kinds compute in whole numbers, so that a checksum is the same on every
 * little-endian machine. A request holds a block of memory of its own while it is in service: at least mem_mib, every
 * page of it written.
 *
 * Any thread, any number at once. Nothing here waits for anything but the CPU.
 */
#ifndef FUNCTIONS_WORK_H
#define FUNCTIONS_WORK_H

#include <stdbool.h>
#include <stdint.h>

#include "faasconf/digest.h"
#include "faasconf/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One computation: a file of its own and a line in work.c's table. */
typedef struct {
  const char *name;     /* "image-resize" */
  const char *summary;  /* one line of --help */
  size_t scratch_bytes; /* at the beginning of the request's block */
  /* The data of request `number`: start-up. */
  void (*prepare)(void *scratch, uint64_t number);
  /* FC_ENOMEM, or FC_OK. */
  fc_status_t (*repeat)(void *scratch, int32_t repetition, fc_error_t *error);
  /* Feeds the result. */
  void (*hash)(const void *scratch, fc_sha256_t *hash);
} work_kind_t;

extern const work_kind_t work_image_resize, work_convolution, work_matrix_inference, work_json_transform;

enum { WORK_MAX_REPETITIONS = 100000, WORK_MAX_MEM_MIB = 16384 };

typedef struct {
  const work_kind_t *kind;
  int32_t repetitions;
  int32_t mem_mib; /* 0: what the computation itself needs */
} work_t;

typedef struct {
  uint64_t number;   /* which request: its data are drawn from it */
  bool has_previous; /* it works on the output of a function before: that goes into the checksum */
  uint64_t previous; /* checksum of that output */
  bool garbage;      /* that output is a failure: the start-up is wasted, and the request fails */
} work_input_t;

/* The kind of this name, or NULL. */
const work_kind_t *work_find(const char *name);

/* The kinds in order, NULL behind the last. */
const work_kind_t *work_at(int32_t index);

/* Serves one request. FC_EFORMAT: the input is garbage (after the start-up); FC_ENOMEM: no block of mem_mib. */
fc_status_t work_run(const work_t *work, const work_input_t *input, uint64_t *checksum, fc_error_t *error);

/* CPU of this thread since it began, s. */
double work_cpu_s(void);

typedef struct {
  int64_t requests;
  double cpu_ms;         /* median per request */
  double cpu_ms_p5;      /* of requests */
  double cpu_ms_p95;     /* of requests */
  double startup_cpu_ms; /* median of requests with garbage: start-up and memory only */
  uint64_t checksum;     /* of request 0 without previous output */
} work_measure_t;

/* Runs requests for at least min_s of CPU, and 20 at least. Blocks that long. */
fc_status_t work_measure(const work_t *work, double min_s, work_measure_t *measure, fc_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
