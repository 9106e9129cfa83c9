/* work.c - one request of an example function: memory, data, computation, checksum; and how much CPU that takes. */
#include "work.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "quantile.h"

enum { MIB = 1 << 20, MIN_REQUESTS = 20, MAX_REQUESTS = 100000 };

static const work_kind_t *const kinds[] = {&work_image_resize, &work_convolution, &work_matrix_inference,
                                           &work_json_transform};
enum { N_KINDS = sizeof kinds / sizeof kinds[0] };

const work_kind_t *work_at(int32_t index) {
  return index >= 0 && index < N_KINDS ? kinds[index] : NULL;
}

const work_kind_t *work_find(const char *name) {
  for (int32_t i = 0; i < N_KINDS; ++i)
    if (strcmp(kinds[i]->name, name) == 0) return kinds[i];
  return NULL;
}

/* ---- one request ---- */

static size_t block_bytes(const work_t *work) {
  const size_t wanted = (size_t)work->mem_mib * MIB;
  return wanted > work->kind->scratch_bytes ? wanted : work->kind->scratch_bytes;
}

/* First 64 bits of the digest; a previous output goes in behind the result. */
static uint64_t checksum_of(const work_t *work, const work_input_t *input, const void *scratch) {
  fc_sha256_t hash;
  uint8_t digest[FC_DIGEST_SIZE], previous[8];
  uint64_t checksum = 0;
  fc_sha256_start(&hash);
  work->kind->hash(scratch, &hash);
  for (int i = 0; i < 8; ++i) previous[i] = (uint8_t)(input->previous >> (8 * i));
  if (input->has_previous) fc_sha256_update(&hash, previous, sizeof previous);
  fc_sha256_final(&hash, digest);
  for (int i = 0; i < 8; ++i) checksum = checksum << 8 | digest[i];
  return checksum;
}

static fc_status_t run_in(const work_t *work, const work_input_t *input, void *scratch, uint64_t *checksum,
                          fc_error_t *error) {
  work->kind->prepare(scratch, input->number);
  if (input->garbage)
    return fc_error_set(error, FC_EFORMAT, "%s: the input is the output of a call that failed", work->kind->name);
  for (int32_t i = 0; i < work->repetitions; ++i) FC_TRY(work->kind->repeat(scratch, i, error));
  *checksum = checksum_of(work, input, scratch);
  return FC_OK;
}

fc_status_t work_run(const work_t *work, const work_input_t *input, uint64_t *checksum, fc_error_t *error) {
  const size_t bytes = block_bytes(work);
  void *block = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (block == MAP_FAILED)
    return fc_error_set(error, FC_ENOMEM, "%s: no memory for a request: it takes %zu MiB", work->kind->name,
                        (bytes + MIB - 1) / MIB);
  memset(block, 1, bytes); /* a page that was never written takes no memory */
  const fc_status_t status = run_in(work, input, block, checksum, error);
  munmap(block, bytes);
  return status;
}

/* ---- measuring ---- */

double work_cpu_s(void) {
  struct timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* cpu_ms (MAX_REQUESTS): CPU of each request, ascending; n of them. */
static fc_status_t measure_requests(const work_t *work, bool garbage, double min_s, double *cpu_ms, int64_t *n,
                                    fc_error_t *error) {
  const double start_s = work_cpu_s();
  uint64_t checksum = 0;
  double before_s = start_s;
  for (*n = 0; *n < MAX_REQUESTS && (*n < MIN_REQUESTS || before_s - start_s < min_s); ++*n) {
    const work_input_t input = {.number = (uint64_t)*n, .garbage = garbage};
    const fc_status_t status = work_run(work, &input, &checksum, error);
    if (status != FC_OK && !(garbage && status == FC_EFORMAT)) return status;
    const double after_s = work_cpu_s();
    cpu_ms[*n] = 1e3 * (after_s - before_s);
    before_s = after_s;
  }
  quantile_sort(cpu_ms, *n);
  return FC_OK;
}

static fc_status_t measure_with(const work_t *work, double min_s, double *cpu_ms, work_measure_t *measure,
                                fc_error_t *error) {
  const work_input_t first = {.number = 0};
  FC_TRY(work_run(work, &first, &measure->checksum, error));
  FC_TRY(measure_requests(work, true, min_s / 4, cpu_ms, &measure->requests, error));
  measure->startup_cpu_ms = quantile_of_sorted(cpu_ms, measure->requests, 0.5);
  FC_TRY(measure_requests(work, false, min_s, cpu_ms, &measure->requests, error));
  measure->cpu_ms = quantile_of_sorted(cpu_ms, measure->requests, 0.5);
  measure->cpu_ms_p5 = quantile_of_sorted(cpu_ms, measure->requests, 0.05);
  measure->cpu_ms_p95 = quantile_of_sorted(cpu_ms, measure->requests, 0.95);
  return FC_OK;
}

fc_status_t work_measure(const work_t *work, double min_s, work_measure_t *measure, fc_error_t *error) {
  memset(measure, 0, sizeof *measure);
  double *cpu_ms = calloc(MAX_REQUESTS, sizeof *cpu_ms);
  if (cpu_ms == NULL) return fc_error_set(error, FC_ENOMEM, "no memory to measure");
  const fc_status_t status = measure_with(work, min_s, cpu_ms, measure, error);
  free(cpu_ms);
  return status;
}
