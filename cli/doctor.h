/* doctor.h - what the checks of `faasconf doctor` share: the findings so far and what has been read.
 *
 * A check adds one finding: ok, warning or FAILED, what was found, and, unless all is well, what to do. No check
 * changes anything: no file, no control group, no process but `haproxy -vv`, nothing on a server. Checks whose input is
 * missing (no settings, no workflow) are left out. One thread; each wait ends after timeout_ms.
 */
#ifndef CLI_DOCTOR_H
#define CLI_DOCTOR_H

#include "folder.h"
#include "platform.h"
#include "settings.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { DOCTOR_TEXT_SIZE = 1024, DOCTOR_MAX_FINDINGS = 1024 };

typedef enum { DOCTOR_OK = 0, DOCTOR_WARNING = 1, DOCTOR_FAILED = 2 } doctor_level_t;
const char *doctor_level_name(doctor_level_t level);

typedef struct {
  const char *check; /* "state folder"; static storage */
  doctor_level_t level;
  char found[DOCTOR_TEXT_SIZE];
  char remedy[DOCTOR_TEXT_SIZE]; /* "" = none */
} doctor_finding_t;

typedef struct {
  const char *config; /* path of agent.yaml */
  const char *rpc;    /* the server's rpc address, or NULL */
  const char *root;   /* "" = this machine; a folder with proc/ and sys/ in tests */
  int timeout_ms;     /* of each wait */
  bool running;       /* the agent is expected to run, not to be started */
  const char *mode;   /* overrides the file, or NULL */

  bool has_settings;
  settings_t settings;
  fc_workflow_t *workflow; /* NULL: cannot be read */
  bool has_folder;         /* the state folder is there and can be looked into */
  folder_t folder;
  bool agent_runs;   /* in this state folder */
  int32_t agent_pid; /* 0: not known */
  int32_t n_findings;
  doctor_finding_t *findings; /* (DOCTOR_MAX_FINDINGS) */
} doctor_t;

/* Room for the findings; the rest of *doctor is the caller's. FC_ENOMEM. */
fc_status_t doctor_init(doctor_t *doctor, fc_error_t *error);
void doctor_clear(doctor_t *doctor);
/* All checks in their order. Blocks for the time-outs of servers and ports that do not answer. */
void doctor_run(doctor_t *doctor);
int32_t doctor_count(const doctor_t *doctor, doctor_level_t level);

/* Adds a finding; its texts are printf's. Texts that are too long are cut off. */
#ifdef __GNUC__
__attribute__((format(printf, 4, 5)))
#endif
void
doctor_find(doctor_t *doctor, doctor_level_t level, const char *check, const char *format, ...);
/* What to do about the last one. */
#ifdef __GNUC__
__attribute__((format(printf, 2, 3)))
#endif
void
doctor_remedy(doctor_t *doctor, const char *format, ...);

/* ---- the checks, each with what it needs ---- */
void doctor_check_settings(doctor_t *doctor); /* reads settings and workflow */
void doctor_check_state(doctor_t *doctor);    /* settings */
void doctor_check_server(doctor_t *doctor);   /* settings, workflow */
void doctor_check_platform(doctor_t *doctor); /* settings, workflow: limits, capabilities, and those of its kind */
void doctor_check_local(doctor_t *doctor);    /* platform local */
void doctor_check_ports(doctor_t *doctor);    /* platform local */
void doctor_check_metrics(doctor_t *doctor);  /* settings, workflow: metrics from Prometheus */
void doctor_check_sim(doctor_t *doctor);      /* platform sim */
void doctor_check_clock(doctor_t *doctor);    /* settings */
void doctor_check_machine(doctor_t *doctor);  /* settings, workflow: CPU and memory of the start configuration */

#ifdef __cplusplus
}
#endif
#endif
