/* local.h - platform `local`: every replica a process in a control group of this machine, HAProxy in front.
 *
 * discover clears away what an earlier run of this state folder left, makes the groups, starts the replicas of every
 * function and HAProxy, and returns when all answer. From then on a thread of this platform looks after them ten times
 * a second: what died is started again, a reload of HAProxy by somebody else is repaired, requests in service are
 * sampled. Everything stops and is removed at destroy. A function starts with the configuration of the workflow file;
 * after a crash with the one that was in force.
 *
 * A change drops no request: new replicas answer before old ones are drained, CPU, memory and concurrency limits change
 * in place, a limit of memory below what is used is refused before anything is written. What is read back comes from
 * the kernel and from HAProxy.
 *
 * Needs root (or a delegated cgroup) and HAProxy 2.6 or later. The workflow is asked for at the gateway's port; behind
 * it is the orchestrator, a process of somebody else. A library of its own, linked by agent/platform_choice.c,
 * and by cli/doctor*.c, which looks and starts nothing.
 */
#ifndef AGENT_PLATFORMS_LOCAL_LOCAL_H
#define AGENT_PLATFORMS_LOCAL_LOCAL_H

#include "cgroup.h"
#include "faasconf/log.h"
#include "platform.h"
#include "settings_local.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  const settings_local_t *settings; /* borrowed until the platform is cleared, as all of these */
  const char *agent;                /* its name: of the control group */
  const char *state;                /* its state folder, which exists: files go to state/local */
  const fc_log_t *log;              /* or NULL */
} platform_local_options_t;

enum { PLATFORM_LOCAL_CAPABILITIES = PLATFORM_SETS_ALL | PLATFORM_MEASURES_FUNCTIONS };

/* caps (A): what this machine takes of any function. */
void platform_local_caps(fc_knob_range_t *caps);
/* What a change of one function takes. */
platform_change_t platform_local_change(const fc_function_configuration_t *from, const fc_function_configuration_t *to);

/* The control groups that a start would find. */
typedef struct {
  cgroup_t own, top;   /* of this process, and at the top */
  cgroup_t parent;     /* where the groups of the replicas would be: below one of the two; n_folders 0: nowhere */
  bool is_below_own;   /* of parent */
  bool is_there;       /* parent exists already */
  bool is_left;        /* and is of an earlier run of this state folder: the start removes it */
  fc_status_t allowed; /* FC_OK: parent can be made; else `why` */
  fc_error_t why;
} platform_local_groups_t;

/* Looks where the groups of agent `agent` with this state folder (which need not exist) would be made; makes nothing.
 * root: "" = the machine's. FC_ENOTFOUND, FC_EFORMAT, FC_EIO: the controllers cannot be found. */
fc_status_t platform_local_look(const char *root, const char *agent, const char *state, platform_local_groups_t *groups,
                                fc_error_t *error);

/* Checks the settings against the workflow; starts nothing: discover does. Borrows workflow until the platform is
 * cleared. Caller owns *out and clears it with platform_clear, which blocks until everything has stopped. FC_EINVAL,
 * FC_ENOTFOUND: a function has no command. */
fc_status_t platform_local_new(const fc_workflow_t *workflow, const platform_local_options_t *options, platform_t *out,
                               fc_error_t *error);

/* Stops and removes what a crashed run of this state folder left behind: processes and control groups. *found says
 * whether there was anything. Nothing to do where no platform ran, or where one is running that is not this process's
 * business: call it only when nobody uses the folder any more. FC_EIO, FC_EFORMAT name what stays. Blocks for seconds
 * at most. */
fc_status_t platform_local_clear_away(const char *state, bool *found, fc_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
