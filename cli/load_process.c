/* load_process.c - see load_process.h. */
#include "load_process.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"

/* Longer than anybody measures; a request's time-out, and more. */
enum { MAX_REPORT_BYTES = 16 << 20, TIMEOUT_S = 30, STOP_TIMEOUT_MS = (TIMEOUT_S + 10) * 1000, MAX_WINDOWS = 100000 };

fc_status_t load_process_start(load_process_t *load, const char *url, const char *expect, int32_t users,
                               double window_s, const char *folder, const char *name, fc_error_t *error) {
  char program[LOAD_PROCESS_PATH_SIZE], users_text[16], spawn_text[16], window_text[32], windows_text[16],
      timeout_text[16];
  FC_TRY(process_sibling("faasconf", program, sizeof program, error));
  if (snprintf(load->out, sizeof load->out, "%s/%s.json", folder, name) >= (int)sizeof load->out ||
      snprintf(load->log, sizeof load->log, "%s/%s.log", folder, name) >= (int)sizeof load->log)
    return fc_error_set(error, FC_EINVAL, "%s: the path is too long", folder);
  snprintf(users_text, sizeof users_text, "%d", (int)users);
  /* All of them within a tenth of a second: windows are judged for so many. */
  snprintf(spawn_text, sizeof spawn_text, "%d", 10 * (int)users);
  snprintf(window_text, sizeof window_text, "%.15g", window_s);
  snprintf(windows_text, sizeof windows_text, "%d", (int)MAX_WINDOWS);
  snprintf(timeout_text, sizeof timeout_text, "%d", (int)TIMEOUT_S);
  const char *argv[] = {program,
                        "load",
                        url,
                        "--method",
                        "POST",
                        "--users",
                        users_text,
                        "--window-s",
                        window_text,
                        "--windows",
                        windows_text,
                        "--timeout-s",
                        timeout_text,
                        "--spawn-rate",
                        spawn_text,
                        "--json",
                        expect != NULL ? "--expect" : NULL,
                        expect,
                        NULL};
  return process_start(&load->process, argv, load->out, load->log, error);
}

fc_status_t load_process_check(load_process_t *load, fc_error_t *error) {
  if (process_running(&load->process)) return FC_OK;
  return fc_error_set(error, FC_EIO, "the load ended with code %d; its log: %s", load->process.exit_code, load->log);
}

static int64_t int_of(const fc_json_t *json, const char *key) {
  int64_t value = 0;
  (void)fc_json_int(fc_json_get(json, key), &value);
  return value;
}

static fc_status_t read_counts(const char *path, load_process_counts_t *counts, fc_error_t *error) {
  uint8_t *bytes = NULL;
  size_t size = 0;
  fc_json_t *json = NULL;
  FC_TRY(file_read(path, MAX_REPORT_BYTES, &bytes, &size, error));
  const fc_status_t status = fc_json_parse((const char *)bytes, size, &json, error);
  free(bytes);
  if (status != FC_OK) return fc_error_set(error, FC_EIO, "%s: the load did not say what it did", path);
  const fc_json_t *statuses = fc_json_get(json, "statuses");
  int64_t answered = 0;
  for (int status_code = 100; status_code < 600; ++status_code) {
    char key[16];
    snprintf(key, sizeof key, "%d", status_code);
    answered += int_of(statuses, key);
  }
  counts->requests += int_of(json, "requests");
  counts->answered += answered;
  counts->unanswered += int_of(json, "requests") - answered;
  fc_json_destroy(&json);
  return FC_OK;
}

fc_status_t load_process_stop(load_process_t *load, load_process_counts_t *counts, fc_error_t *error) {
  if (load->process.pid == 0) return FC_OK;
  process_stop(&load->process, STOP_TIMEOUT_MS);
  if (load->process.exit_code != 0)
    return fc_error_set(error, FC_EIO, "the load ended with code %d; its log: %s", load->process.exit_code, load->log);
  return read_counts(load->out, counts, error);
}

void load_process_set_counts(fc_json_t *object, const load_process_counts_t *counts) {
  fc_json_set_int(object, "requests", counts->requests);
  fc_json_set_int(object, "requests_answered", counts->answered);
  fc_json_set_int(object, "requests_unanswered", counts->unanswered);
}
