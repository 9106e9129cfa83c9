/* doctor_local.c - platform `local`: settings against workflow and machine, HAProxy, control groups, commands. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "doctor.h"
#include "doctor_program.h"
#include "local.h"

enum { OUTPUT_SIZE = 32768, LEAST_MAJOR = 2, LEAST_MINOR = 6 };

/* ---- settings ------------------------------------------------------------------------------------------------- */

/* The agent's own checks. A state folder that is not there yet: the folder above it stands for it. */
static void check_fit(doctor_t *doctor) {
  const settings_t *s = &doctor->settings;
  const platform_local_options_t options = {&s->local, s->agent, doctor->has_folder ? s->state : "/", NULL};
  platform_t platform;
  fc_error_t error = {0};
  if (platform_local_new(doctor->workflow, &options, &platform, &error) != FC_OK) {
    doctor_find(doctor, DOCTOR_FAILED, "functions", "%s", error.message);
    doctor_remedy(doctor,
                  "let platform.functions of %s name exactly the functions of workflow %s, and let the workflow's "
                  "start fit this machine",
                  doctor->config, doctor->workflow->name);
    return;
  }
  platform_clear(&platform);
  doctor_find(doctor, DOCTOR_OK, "functions", "all %d of the workflow have a command and a port; overflow: %s",
              (int)doctor->workflow->n_functions,
              s->local.rejects ? "reject (429 at the concurrency limit)" : "queue (what is above the limit waits)");
}

static void check_commands(doctor_t *doctor) {
  const settings_local_t *local = &doctor->settings.local;
  int32_t n_good = 0;
  for (int32_t i = 0; i < local->n_functions; ++i) {
    const settings_local_function_t *function = &local->functions[i];
    char path[DOCTOR_PROGRAM_SIZE];
    fc_error_t error = {0};
    const fc_status_t status = doctor_program_find(function->arguments[0], path, sizeof path, &error);
    n_good += status == FC_OK;
    if (status == FC_OK) continue;
    doctor_find(doctor, DOCTOR_FAILED, "commands", "%s%s: %s", function->place, function->name, error.message);
    if (status == FC_EUNSAFE) {
      doctor_remedy(doctor, "chmod +x '%s'", path);
    } else {
      doctor_remedy(doctor, "install it, or write its whole path in platform.functions.%s.command", function->name);
    }
  }
  if (n_good == local->n_functions)
    doctor_find(doctor, DOCTOR_OK, "commands", "all %d are executable and take {port}", (int)n_good);
}

/* ---- HAProxy -------------------------------------------------------------------------------------------------- */

/* "HAProxy version 2.6.12-1+deb12u3 ..."; older ones say "HA-Proxy". */
static bool read_version(const char *text, int *major, int *minor) {
  const char *at = strstr(text, "Proxy version ");
  return at && sscanf(at, "Proxy version %d.%d", major, minor) == 2; /* NOLINT(cert-err34-c): checked */
}

static void check_version(doctor_t *doctor, const char *path, const char *text) {
  const settings_local_t *local = &doctor->settings.local;
  int major = 0, minor = 0;
  if (!read_version(text, &major, &minor)) {
    doctor_find(doctor, DOCTOR_FAILED, "haproxy", "%s -vv does not say which version it is", path);
    doctor_remedy(doctor, "set platform.haproxy in %s to HAProxy 2.6 or later", doctor->config);
  } else if (major < LEAST_MAJOR || (major == LEAST_MAJOR && minor < LEAST_MINOR)) {
    doctor_find(doctor, DOCTOR_FAILED, "haproxy", "%s is version %d.%d: 2.6 or later is needed", path, major, minor);
    doctor_remedy(doctor, "install a later one (Debian 12 has 2.6: apt-get install haproxy), or set platform.haproxy");
  } else if (local->metrics_port > 0 && !strstr(text, "prometheus-exporter") && !strstr(text, "+PROMEX")) {
    doctor_find(doctor, DOCTOR_FAILED, "haproxy", "%s %d.%d was built without the Prometheus exporter (PROMEX)", path,
                major, minor);
    doctor_remedy(doctor, "leave platform.metrics_port out of %s, or install one built with USE_PROMEX=1",
                  doctor->config);
  } else {
    doctor_find(doctor, DOCTOR_OK, "haproxy", "%s, version %d.%d%s", path, major, minor,
                local->metrics_port > 0 ? " with the Prometheus exporter" : "");
  }
}

static void check_haproxy(doctor_t *doctor) {
  char path[DOCTOR_PROGRAM_SIZE];
  fc_error_t error = {0};
  if (doctor_program_find(doctor->settings.local.haproxy, path, sizeof path, &error) != FC_OK) {
    doctor_find(doctor, DOCTOR_FAILED, "haproxy", "%s", error.message);
    doctor_remedy(doctor, "apt-get install haproxy (2.6 or later; often in /usr/sbin), or set platform.haproxy in %s",
                  doctor->config);
    return;
  }
  char *text = malloc(OUTPUT_SIZE), option[] = "-vv";
  char *argv[] = {path, option, NULL};
  if (!text) return;
  if (doctor_program_run(argv, doctor->timeout_ms, text, OUTPUT_SIZE, &error) == FC_OK) {
    check_version(doctor, path, text);
  } else {
    doctor_find(doctor, DOCTOR_FAILED, "haproxy", "%s", error.message);
    doctor_remedy(doctor, "%s -vv must work: set platform.haproxy in %s to HAProxy 2.6 or later", path, doctor->config);
  }
  free(text);
}

/* ---- control groups ------------------------------------------------------------------------------------------- */

static void say_groups(doctor_t *doctor, const platform_local_groups_t *groups) {
  const cgroup_t *parent = &groups->parent;
  const int cpu = parent->folders[parent->of[CGROUP_CPU]].version;
  const int memory = parent->folders[parent->of[CGROUP_MEMORY]].version;
  char version[16];
  snprintf(version, sizeof version, cpu == memory ? "v%d" : "v%d and v%d", cpu, memory);
  if (groups->is_there && doctor->agent_runs) {
    doctor_find(doctor, DOCTOR_OK, "cgroups", "%s, cpu and memory: %s, of the agent that runs", version,
                parent->folders[0].path);
  } else if (groups->is_left) {
    doctor_find(doctor, DOCTOR_OK, "cgroups", "%s, cpu and memory: %s was left by an earlier run: the start removes it",
                version, parent->folders[0].path);
  } else if (groups->is_there) {
    doctor_find(doctor, DOCTOR_FAILED, "cgroups",
                "%s is there, and not of this state folder: another agent of this name?", parent->folders[0].path);
    doctor_remedy(doctor, "give one of them another name (agent: in %s); or end what is in it and remove it with rmdir",
                  doctor->config);
  } else {
    doctor_find(doctor, DOCTOR_OK, "cgroups", "%s, cpu and memory: groups will be made as %s", version,
                parent->folders[0].path);
  }
}

static void check_groups(doctor_t *doctor) {
  platform_local_groups_t groups;
  fc_error_t error = {0};
  if (platform_local_look(doctor->root, doctor->settings.agent, doctor->settings.state, &groups, &error) != FC_OK) {
    doctor_find(doctor, DOCTOR_FAILED, "cgroups", "%s", error.message);
    doctor_remedy(doctor,
                  "as root: mount -t cgroup2 none /sys/fs/cgroup; in a container give it cgroups and --privileged");
  } else if (groups.parent.n_folders == 0) {
    doctor_find(doctor, DOCTOR_FAILED, "cgroups", "no group can be made: %s", groups.why.message);
    doctor_remedy(doctor, "%s",
                  geteuid() == 0 ? "as a service of its own: systemd-run -p Delegate=yes faasconf-agent ...; "
                                   "in a container mount /sys/fs/cgroup writable"
                                 : "run the agent (and this) as root, or in a unit with Delegate=yes: "
                                   "systemd-run -p Delegate=yes faasconf-agent ...");
  } else {
    say_groups(doctor, &groups);
  }
}

void doctor_check_local(doctor_t *doctor) {
  check_fit(doctor);
  check_commands(doctor);
  check_haproxy(doctor);
  check_groups(doctor);
  doctor_check_ports(doctor);
}
