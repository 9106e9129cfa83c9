/* act.c - the choke point: see act.h. No other file of the agent calls a platform's apply or rollback. */
#include "act.h"

#include <stdlib.h>
#include <string.h>

#include "configuration.h"
#include "faasconf/cost.h"

struct act {
  const fc_workflow_t *workflow;
  platform_t *platform;
  const folder_t *folder;
  agent_mode_t mode;
  act_permission_t permission;
  const ownership_t *ownership;
  bool open; /* a change of this run is half done: settle it before the next */
  act_counters_t counters;
  journal_t journal;
  int32_t *order;                     /* (N) */
  fc_function_configuration_t *found; /* (N) read back */
  fc_function_configuration_t *known; /* (N) when it was last read back; no replicas: never */
  fc_function_configuration_t *doubt; /* (N) written since, and not read back; no replicas: nothing */
};

fc_status_t act_new(const fc_workflow_t *workflow, platform_t *platform, const folder_t *folder, agent_mode_t mode,
                    act_permission_t permission, const ownership_t *ownership, act_t **out, fc_error_t *error) {
  *out = NULL;
  act_t *act = calloc(1, sizeof *act);
  const size_t n = (size_t)workflow->n_functions;
  fc_status_t status = act ? journal_init(&act->journal, workflow) : FC_ENOMEM;
  if (status == FC_OK) {
    act->order = calloc(n, sizeof *act->order);
    act->found = calloc(3 * n, sizeof *act->found);
    if (!act->order || !act->found) status = FC_ENOMEM;
  }
  if (status != FC_OK) {
    act_destroy(&act);
    return fc_error_set(error, status, "act: out of memory");
  }
  act->known = act->found + n;
  act->doubt = act->found + 2 * n;
  act->workflow = workflow;
  act->platform = platform;
  act->folder = folder;
  act->mode = mode;
  act->permission = permission;
  act->ownership = ownership;
  *out = act;
  return FC_OK;
}

void act_destroy(act_t **act) {
  if (!*act) return;
  journal_clear(&(*act)->journal);
  free((*act)->order);
  free((*act)->found);
  free(*act);
  *act = NULL;
}

const act_counters_t *act_counters(const act_t *act) {
  return &act->counters;
}

int32_t act_order(const fc_workflow_t *workflow, const fc_function_configuration_t *from,
                  const fc_function_configuration_t *to, int32_t *order) {
  int32_t n = 0;
  /* Growing or equal first, then falling; within each the order of the workflow. */
  for (int pass = 0; pass < 2; ++pass) {
    for (int32_t f = 0; f < workflow->n_functions; ++f) {
      if (platform_same(&from[f], &to[f])) continue;
      const bool falls =
          fc_cost_function_usd_h(&workflow->prices, &to[f]) < fc_cost_function_usd_h(&workflow->prices, &from[f]);
      if (falls == (pass == 1)) order[n++] = f;
    }
  }
  return n;
}

fc_status_t act_read_back(const act_t *act, fc_function_configuration_t *configuration, fc_error_t *error) {
  for (int32_t f = 0; f < act->workflow->n_functions; ++f)
    FC_TRY(act->platform->read_back(act->platform->self, f, &configuration[f], error));
  return FC_OK;
}

static void learn(act_t *act, int32_t f, const fc_function_configuration_t *read_back) {
  act->known[f] = *read_back;
  act->doubt[f] = (fc_function_configuration_t){0};
}

/* What a function of which nothing is up is taken to have, so that a write to `to` is one. */
static const fc_function_configuration_t *guess(const act_t *act, int32_t f, const fc_function_configuration_t *to) {
  return act->doubt[f].replicas > 0 && platform_same(&act->known[f], to) ? &act->doubt[f] : &act->known[f];
}

/* Into act->found, to write `to` (N) over it. A function of which nothing is up (FC_ESTATE) shows no configuration, and
 * a write may be what it needs: then it is taken to have instead[f], or when that is NULL what is guessed. */
static fc_status_t find(act_t *act, const fc_function_configuration_t *instead, const fc_function_configuration_t *to,
                        fc_error_t *error) {
  for (int32_t f = 0; f < act->workflow->n_functions; ++f) {
    const fc_status_t status = act->platform->read_back(act->platform->self, f, &act->found[f], error);
    const fc_function_configuration_t *taken = instead ? &instead[f] : guess(act, f, &to[f]);
    if (status == FC_ESTATE && ownership_has(act->ownership, f) && taken->replicas > 0) {
      act->found[f] = *taken;
      continue;
    }
    FC_TRY(status);
    learn(act, f, &act->found[f]);
  }
  return FC_OK;
}

static fc_status_t check_allowed(act_t *act, fc_error_t *error) {
  const char *why = "the mode does not write";
  const bool allowed = act->mode == AGENT_MODE_AUTO && act->permission.allows(act->permission.self, &why);
  if (allowed) return FC_OK;
  act->counters.refused += 1;
  return fc_error_set(error, FC_EUNSAFE, "nothing is written: %s", why);
}

/* One function, verified. */
static fc_status_t write_function(act_t *act, int32_t f, const fc_function_configuration_t *from,
                                  const fc_function_configuration_t *to, bool back, fc_error_t *error) {
  const char *name = act->workflow->functions[f].name;
  FC_ASSERT(ownership_has(act->ownership, f));
  platform_step_t step = {.function = f, .from = *from, .to = *to};
  void *self = act->platform->self;
  FC_TRY(act->platform->plan(self, &step, error));
  act->counters.writes += 1;
  if (!platform_same(to, &act->known[f])) act->doubt[f] = *to;
  if (back) {
    const platform_step_t undo = {.function = f, .change = step.change, .from = *to, .to = *from};
    FC_TRY(act->platform->rollback(self, &undo, error));
  } else {
    FC_TRY(act->platform->apply(self, &step, error));
  }
  fc_function_configuration_t now;
  FC_TRY(act->platform->read_back(self, f, &now, error));
  learn(act, f, &now);
  if (platform_same(&now, to)) return FC_OK;
  return fc_error_set(
      error, FC_EIO,
      "function %s: wrote %d m, %d MiB, %d replicas, %d concurrency, but %d m, %d MiB, %d, %d are in force", name,
      (int)to->cpu_millicores, (int)to->mem_mib, (int)to->replicas, (int)to->concurrency, (int)now.cpu_millicores,
      (int)now.mem_mib, (int)now.replicas, (int)now.concurrency);
}

/* From what is in force to `to`; functions that have neither of the journal's configurations are somebody else's. */
static fc_status_t settle(act_t *act, fc_error_t *error) {
  journal_t *journal = &act->journal;
  const fc_function_configuration_t *to = journal->completes ? journal->to : journal->from;
  const fc_function_configuration_t *other = journal->completes ? journal->from : journal->to;
  FC_TRY(find(act, other, to, error));
  const int32_t n = act_order(act->workflow, act->found, to, act->order);
  for (int32_t i = 0; i < n; ++i) {
    const int32_t f = act->order[i];
    if (!platform_same(&act->found[f], &other[f]) || !ownership_has(act->ownership, f)) continue;
    FC_TRY(write_function(act, f, &act->found[f], &to[f], !journal->completes, error));
  }
  FC_TRY(journal_end(act->folder, error));
  act->open = false;
  act->counters.recoveries += 1;
  return FC_OK;
}

fc_status_t act_recover(act_t *act, bool *settled, fc_error_t *error) {
  *settled = false;
  const fc_status_t status = journal_read(act->folder, act->workflow, &act->journal, error);
  if (status == FC_ENOTFOUND) return FC_OK;
  if (status != FC_OK) return status;
  FC_TRY(check_allowed(act, error));
  FC_TRY(settle(act, error));
  *settled = true;
  return FC_OK;
}

/* A write failed: put back what was written, growing functions first again. */
static fc_status_t take_back(act_t *act, fc_error_t *error) {
  fc_error_t second = {0};
  act->counters.failures += 1;
  const bool completes = act->journal.completes;
  act->journal.completes = false;
  const fc_status_t status = settle(act, &second);
  act->journal.completes = completes;
  if (status == FC_OK) {
    act->counters.recoveries -= 1; /* taken back at once, not recovered later */
    fc_error_prefix(error, "the change was taken back");
    return FC_EIO;
  }
  act->open = true;
  fc_error_prefix(error, "the change failed and could not be taken back (%s); tried again at the next window",
                  second.message);
  return FC_EIO;
}

/* A restore of a function of which nothing is up: it may take a while to come up, and what it had is what broke it. */
static fc_status_t leave_open(act_t *act, fc_error_t *error) {
  act->counters.failures += 1;
  act->open = true;
  fc_error_prefix(error, "the restore is half done; tried again at the next window");
  return FC_EIO;
}

fc_status_t act_apply(act_t *act, int64_t window, const fc_function_configuration_t *to, bool completes,
                      fc_error_t *error) {
  FC_TRY(check_allowed(act, error));
  /* A restore goes over a change that is half done: what that one would settle on may be what is broken. */
  if (act->open && !completes && settle(act, error) != FC_OK) {
    fc_error_prefix(error, "an earlier change is still half done");
    return FC_ESTATE;
  }
  FC_ASSERT(configuration_positive(act->workflow, to));
  FC_TRY(find(act, NULL, to, error));
  configuration_copy(act->workflow, act->journal.from, act->found);
  configuration_copy(act->workflow, act->journal.to, to);
  ownership_keep_others(act->ownership, act->found, act->journal.to);
  FC_TRY(act->platform->validate(act->platform->self, act->journal.to, error));
  const int32_t n = act_order(act->workflow, act->journal.from, act->journal.to, act->order);
  if (n == 0 && !act->open) return FC_OK;
  act->journal.window = window;
  act->journal.completes = completes;
  FC_TRY(journal_begin(act->folder, act->workflow, &act->journal, error));
  for (int32_t i = 0; i < n; ++i) {
    const int32_t f = act->order[i];
    const fc_status_t status = write_function(act, f, &act->journal.from[f], &act->journal.to[f], false, error);
    if (status == FC_ESTATE && completes) return leave_open(act, error);
    if (status != FC_OK) return take_back(act, error);
  }
  act->counters.changes += 1;
  act->open = false;
  if (journal_end(act->folder, error) != FC_OK) {
    act->open = true;
    fc_error_prefix(error, "the change is in force, but its journal could not be closed");
    return FC_EIO;
  }
  return FC_OK;
}
