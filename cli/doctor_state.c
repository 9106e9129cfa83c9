/* doctor_state.c - the state folder: there, writable, not in use, room on the disk, files that a start refuses. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "control.h"
#include "doctor.h"
#include "journal.h"
#include "policy_cache.h"

static const int64_t MIB = 1 << 20;
static const double LEAST_FREE_MIB = 4;

/* ---- there or can be made ------------------------------------------------------------------------------------- */

/* The deepest folder of the path that is there. */
static void find_existing(const char *path, char *existing) {
  snprintf(existing, SETTINGS_PATH_SIZE, "%s", path);
  struct stat about;
  while (stat(existing, &about) != 0) {
    char *slash = strrchr(existing, '/');
    if (!slash) {
      snprintf(existing, SETTINGS_PATH_SIZE, ".");
      return;
    }
    slash[slash == existing ? 1 : 0] = '\0';
  }
}

static bool may_write(const char *folder) {
  struct stat about;
  return stat(folder, &about) == 0 && S_ISDIR(about.st_mode) && access(folder, W_OK | X_OK) == 0;
}

static void check_made(doctor_t *doctor, const char *existing) {
  const char *state = doctor->settings.state;
  if (may_write(existing)) {
    doctor_find(doctor, DOCTOR_OK, "state folder", "%s: not there yet, will be made in %s", state, existing);
    return;
  }
  struct stat about;
  const bool is_folder = stat(existing, &about) == 0 && S_ISDIR(about.st_mode);
  doctor_find(doctor, DOCTOR_FAILED, "state folder", "%s: not there, and cannot be made: %s is %s", state, existing,
              is_folder ? "not writable for this user" : "no folder");
  if (is_folder) {
    doctor_remedy(doctor, "as root: install -d -m 700 -o %d -g %d '%s'", (int)geteuid(), (int)getegid(), state);
  } else {
    doctor_remedy(doctor, "set state in %s to another folder", doctor->config);
  }
}

static void check_folder(doctor_t *doctor) {
  const char *state = doctor->settings.state;
  char existing[SETTINGS_PATH_SIZE];
  fc_error_t error = {0};
  const fc_status_t status = folder_open_to_look(state, &doctor->folder, &error);
  doctor->has_folder = status == FC_OK;
  if (status == FC_ENOTFOUND) {
    find_existing(state, existing);
    check_made(doctor, existing);
  } else if (status != FC_OK) {
    doctor_find(doctor, DOCTOR_FAILED, "state folder", "%s", error.message);
    doctor_remedy(doctor, "make it a folder of the agent's user (chown, chmod 700), or set state in %s to another one",
                  doctor->config);
  } else if (!may_write(state)) {
    doctor_find(doctor, DOCTOR_FAILED, "state folder", "%s: not writable: %s", state, strerror(errno));
    doctor_remedy(doctor, "as root: chown -R %d:%d '%s', or run this and the agent as its owner", (int)geteuid(),
                  (int)getegid(), state);
  } else {
    struct stat about;
    const bool open_to_others = fstat(doctor->folder.descriptor, &about) == 0 && (about.st_mode & 0077) != 0;
    doctor_find(doctor, open_to_others ? DOCTOR_WARNING : DOCTOR_OK, "state folder", "%s: there and writable%s", state,
                open_to_others ? "; others may look into it" : "");
    if (open_to_others) doctor_remedy(doctor, "chmod 700 '%s'", state);
  }
}

/* ---- in use --------------------------------------------------------------------------------------------------- */

/* Where the kernel does not tell who has the lock, the agent itself does. */
static bool answers(const doctor_t *doctor) {
  char *answer = NULL;
  const fc_status_t status = control_ask(doctor->settings.state, "status", doctor->timeout_ms, &answer, NULL);
  free(answer);
  return status == FC_OK || status == FC_ETIMEOUT;
}

static void say_how_to_end(doctor_t *doctor) {
  if (doctor->agent_pid > 0) {
    doctor_remedy(doctor,
                  "to look at that one: --running; to start this one: kill %d first, or give it a state folder and "
                  "a name of its own in %s",
                  (int)doctor->agent_pid, doctor->config);
  } else {
    doctor_remedy(doctor,
                  "to look at that one: --running; to start this one: end that first, or give it a state folder and "
                  "a name of its own in %s",
                  doctor->config);
  }
}

static void check_lock(doctor_t *doctor) {
  doctor->agent_runs = folder_is_held(&doctor->folder, doctor->root, &doctor->agent_pid) || answers(doctor);
  char who[64] = "";
  if (doctor->agent_pid > 0) snprintf(who, sizeof who, " (pid %d)", (int)doctor->agent_pid);
  if (doctor->agent_runs == doctor->running) {
    doctor_find(doctor, DOCTOR_OK, "lock", "%s in this state folder%s",
                doctor->running ? "the agent runs" : "no agent runs", who);
  } else if (doctor->running) {
    doctor_find(doctor, DOCTOR_FAILED, "lock", "no agent runs in this state folder");
    doctor_remedy(doctor, "faasconf-agent --config '%s'; before that, leave --running out", doctor->config);
  } else {
    doctor_find(doctor, DOCTOR_FAILED, "lock", "an agent runs in this state folder%s: another cannot start", who);
    say_how_to_end(doctor);
  }
}

/* ---- files ---------------------------------------------------------------------------------------------------- */

static void check_latches(doctor_t *doctor) {
  if (folder_has(&doctor->folder, "kill")) {
    doctor_find(doctor, DOCTOR_WARNING, "latches", "the kill switch is on: the agent will write nothing");
    doctor_remedy(doctor, "when it may act again: rm '%s/kill'", doctor->settings.state);
  }
  if (folder_has(&doctor->folder, "pause")) {
    doctor_find(doctor, DOCTOR_WARNING, "latches", "it is paused: the agent will write nothing");
    doctor_remedy(doctor, "when it may act again: rm '%s/pause'", doctor->settings.state);
  }
}

static void check_journal(doctor_t *doctor) {
  journal_t journal;
  fc_error_t error = {0};
  if (doctor->agent_runs || journal_init(&journal, doctor->workflow) != FC_OK) return;
  const fc_status_t status = journal_read(&doctor->folder, doctor->workflow, &journal, &error);
  if (status == FC_OK) {
    doctor_find(doctor, DOCTOR_WARNING, "journal", "a change was interrupted after window %" PRId64 ": the start %s",
                journal.window,
                doctor->settings.mode != AGENT_MODE_AUTO ? "leaves it as it is, in this mode"
                : journal.completes                      ? "completes it"
                                                         : "takes it back");
    if (doctor->settings.mode != AGENT_MODE_AUTO)
      doctor_remedy(doctor,
                    "start with mode auto once to settle it, or look at the platform and remove '%s/journal.json'",
                    doctor->settings.state);
  } else if (status != FC_ENOTFOUND) {
    doctor_find(doctor, DOCTOR_FAILED, "journal", "%s", error.message);
    doctor_remedy(doctor, "see on the platform what is in force, then rm '%s/journal.json'", doctor->settings.state);
  }
  journal_clear(&journal);
}

static void check_trust(doctor_t *doctor) {
  policy_cache_t cache;
  fc_error_t error = {0};
  const settings_t *s = &doctor->settings;
  fc_policy_t *policy = NULL;
  if (policy_cache_open(&doctor->folder, doctor->workflow, s->has_public_key ? s->public_key : NULL, &cache, &error) !=
      FC_OK) {
    doctor_find(doctor, DOCTOR_FAILED, "policy", "%s", error.message);
    doctor_remedy(doctor, "only when the server's key really is a new one: rm '%s/trust.json'", s->state);
    return;
  }
  const fc_status_t status = policy_cache_load(&cache, &policy, &error);
  if (status == FC_OK) {
    doctor_find(doctor, DOCTOR_OK, "policy", "version %" PRId64 " is held: it decides, with the server or without",
                cache.held);
  } else if (status != FC_ENOTFOUND) {
    doctor_find(doctor, DOCTOR_WARNING, "policy", "the one held is not used: %s", error.message);
    doctor_remedy(doctor, "the server sends the same one again; without a server remove '%s/policy'", s->state);
  }
  fc_policy_destroy(&policy);
}

static void check_files(doctor_t *doctor) {
  uint64_t epoch = 0;
  fc_error_t error = {0};
  if (folder_read_epoch(&doctor->folder, &epoch, &error) != FC_OK) {
    doctor_find(doctor, DOCTOR_FAILED, "epoch", "%s", error.message);
    doctor_remedy(doctor, "write a number above any used before (echo N > '%s/epoch'), or take a new folder and name",
                  doctor->settings.state);
  }
  check_latches(doctor);
  if (!doctor->workflow) return;
  check_journal(doctor);
  check_trust(doctor);
}

/* ---- disk ----------------------------------------------------------------------------------------------------- */

static void check_disk(doctor_t *doctor) {
  const settings_t *s = &doctor->settings;
  char existing[SETTINGS_PATH_SIZE];
  struct statvfs disk;
  find_existing(s->state, existing);
  if (statvfs(existing, &disk) != 0) return;
  const double free_mib = (double)disk.f_bavail * (double)disk.f_frsize / (double)MIB;
  const double need_mib =
      (double)(s->spool_max_bytes + 2 * s->decision_log_max_bytes + 2 * s->max_policy_bytes) / (double)MIB;
  if ((disk.f_flag & ST_RDONLY) != 0) {
    doctor_find(doctor, DOCTOR_FAILED, "disk", "%s: the file system is mounted read-only", existing);
    doctor_remedy(doctor, "mount it writable, or set state in %s to a folder elsewhere", doctor->config);
  } else if (free_mib < LEAST_FREE_MIB || (disk.f_files > 0 && disk.f_favail == 0)) {
    doctor_find(doctor, DOCTOR_FAILED, "disk", "%s: %.1f MiB and %" PRIu64 " files are free", existing, free_mib,
                (uint64_t)disk.f_favail);
    doctor_remedy(doctor, "make room there, or set state in %s to a folder elsewhere", doctor->config);
  } else if (free_mib < need_mib) {
    doctor_find(doctor, DOCTOR_WARNING, "disk", "%s: %.0f MiB are free; spool, logs and policies may take %.0f MiB",
                existing, free_mib, need_mib);
    doctor_remedy(doctor, "make room, or lower spool.max_bytes and log.decisions_max_bytes in %s", doctor->config);
  } else {
    doctor_find(doctor, DOCTOR_OK, "disk", "%.0f MiB are free; spool, logs and policies take %.0f MiB at most",
                free_mib, need_mib);
  }
}

void doctor_check_state(doctor_t *doctor) {
  check_folder(doctor);
  if (doctor->has_folder) {
    check_lock(doctor);
    check_files(doctor);
  } else if (doctor->running) {
    doctor_find(doctor, DOCTOR_FAILED, "lock", "no agent runs: there is no state folder to look into");
    doctor_remedy(doctor, "faasconf-agent --config '%s'; before that, leave --running out", doctor->config);
  }
  check_disk(doctor);
}
