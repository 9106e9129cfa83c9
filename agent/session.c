/* session.c - a tuning session: see session.h. */
#include "session.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "configuration.h"
#include "faasconf/cost.h"

enum { MAX_CANDIDATES = 256, LOAD_WINDOWS = 3, PRIOR_MEASUREMENTS = 4, MOST_TRAVEL = 64 };
static const double ONE_SIDED_95 = 1.645;

typedef struct {
  double cost_usd_h;
  int32_t n_met, n_violated;
  double sum_ln_v[FC_MAX_QOS_TERMS], sum_squares[FC_MAX_QOS_TERMS]; /* of met windows */
} candidate_t;

struct session {
  const fc_workflow_t *workflow;
  settings_session_t settings;
  session_travel_t travel;
  session_summary_t summary;
  candidate_t candidates[MAX_CANDIDATES];
  fc_function_configuration_t *configurations;        /* (MAX_CANDIDATES, N) */
  int32_t start;                                      /* candidate measured first, or -1 */
  int32_t settled;                                    /* candidate settled on, or -1 */
  fc_function_configuration_t *settled_configuration; /* (N) */
  int32_t violations_in_a_row;
  double load; /* of the session: first measured; NaN before */
  int32_t off_load_windows;
};

const char *session_phase_name(session_phase_t phase) {
  switch (phase) {
    case SESSION_NONE:
      return "none";
    case SESSION_EXPLORE:
      return "explore";
    case SESSION_VERIFY:
      return "verify";
    case SESSION_SETTLED:
      return "settled";
  }
  return "unknown";
}

fc_status_t session_new(const fc_workflow_t *workflow, const settings_session_t *settings, session_travel_t travel,
                        session_t **out, fc_error_t *error) {
  *out = NULL;
  session_t *session = calloc(1, sizeof *session);
  const size_t n = (size_t)workflow->n_functions;
  if (session) {
    session->configurations = calloc(MAX_CANDIDATES * n, sizeof *session->configurations);
    session->settled_configuration = calloc(n, sizeof *session->settled_configuration);
  }
  if (!session || !session->configurations || !session->settled_configuration) {
    session_destroy(&session);
    return fc_error_set(error, FC_ENOMEM, "session: out of memory");
  }
  session->workflow = workflow;
  session->settings = *settings;
  session->travel = travel;
  *out = session;
  return FC_OK;
}

void session_destroy(session_t **session) {
  if (!*session) return;
  free((*session)->configurations);
  free((*session)->settled_configuration);
  free(*session);
  *session = NULL;
}

void session_open(session_t *session, int32_t windows) {
  const int32_t opened = session->summary.opened;
  session->summary = (session_summary_t){.phase = SESSION_EXPLORE,
                                         .budget = windows,
                                         .opened = opened + 1,
                                         .start_cost_usd_h = NAN,
                                         .settled_cost_usd_h = NAN};
  session->start = session->settled = -1;
  session->violations_in_a_row = 0;
  session->load = NAN;
  session->off_load_windows = 0;
}

static const fc_function_configuration_t *configuration_of(const session_t *session, int32_t i) {
  return session->configurations + (size_t)i * (size_t)session->workflow->n_functions;
}

/* ---- measuring ------------------------------------------------------------------------------------------------ */

static int32_t find_or_add(session_t *session, const fc_function_configuration_t *configuration) {
  for (int32_t i = 0; i < session->summary.n_candidates; ++i)
    if (configuration_equal(session->workflow, configuration_of(session, i), configuration)) return i;
  if (session->summary.n_candidates == MAX_CANDIDATES) return -1;
  const int32_t i = session->summary.n_candidates++;
  session->candidates[i] = (candidate_t){.cost_usd_h = fc_cost_reserved_usd_h(session->workflow, configuration)};
  configuration_copy(session->workflow, session->configurations + (size_t)i * (size_t)session->workflow->n_functions,
                     configuration);
  return i;
}

static void add_measurement(const session_t *session, candidate_t *candidate, fc_qos_verdict_t verdict,
                            const double *violation) {
  if (verdict == FC_QOS_VIOLATED) {
    candidate->n_violated += 1;
    return;
  }
  candidate->n_met += 1;
  for (int32_t t = 0; t < session->workflow->n_qos_terms; ++t) {
    if (!(violation[t] > 0)) continue;
    const double ln_v = log(violation[t]);
    candidate->sum_ln_v[t] += ln_v;
    candidate->sum_squares[t] += ln_v * ln_v;
  }
}

static void watch_load(session_t *session, double mean_in_flight) {
  if (!(mean_in_flight >= 0)) return;
  if (isnan(session->load)) session->load = mean_in_flight;
  const double larger = fmax(session->load, mean_in_flight);
  const bool off = fabs(mean_in_flight - session->load) > session->settings.load_tolerance * larger;
  session->off_load_windows = off ? session->off_load_windows + 1 : 0;
}

bool session_load_changed(const session_t *session) {
  return session->off_load_windows >= LOAD_WINDOWS;
}

void session_measure(session_t *session, const fc_function_configuration_t *configuration, fc_qos_verdict_t verdict,
                     const double *violation, double mean_in_flight) {
  session_summary_t *summary = &session->summary;
  if (summary->phase == SESSION_NONE) return;
  watch_load(session, mean_in_flight);
  const bool counts = summary->phase != SESSION_SETTLED;
  if (counts) {
    summary->used += 1;
  } else if (!summary->settled) {
    summary->settling += 1;
  }
  if (counts || !summary->settled) {
    summary->violations += verdict == FC_QOS_VIOLATED;
    summary->unknown += verdict == FC_QOS_UNKNOWN;
  }
  if (verdict == FC_QOS_UNKNOWN) return;
  session->violations_in_a_row = verdict == FC_QOS_VIOLATED ? session->violations_in_a_row + 1 : 0;
  /* A window at another load says nothing about a configuration at this one. */
  if (session->off_load_windows > 0 || !counts) return;
  const int32_t i = find_or_add(session, configuration);
  if (i < 0) return;
  add_measurement(session, &session->candidates[i], verdict, violation);
  if (session->start < 0) {
    session->start = i;
    summary->start_cost_usd_h = session->candidates[i].cost_usd_h;
  }
}

/* ---- judging candidates --------------------------------------------------------------------------------------- */

static bool is_good(const candidate_t *candidate) {
  return candidate->n_met > 0 && candidate->n_violated == 0;
}

/* The one-sided 95 % prediction limit of the next window's ln v is at or below the target, term by term. */
static bool has_margin(const session_t *session, const candidate_t *candidate) {
  const double prior = session->settings.verify_sigma;
  if (!(prior > 0)) return true;
  const double n = candidate->n_met;
  for (int32_t t = 0; t < session->workflow->n_qos_terms; ++t) {
    if (session->workflow->qos_terms[t].kind == FC_QOS_SUCCESS_RATIO) continue; /* cannot pass 1: no spread above it */
    const double mean = candidate->sum_ln_v[t] / n;
    const double squares = fmax(0, candidate->sum_squares[t] - n * mean * mean);
    const double variance = (PRIOR_MEASUREMENTS * prior * prior + squares) / (PRIOR_MEASUREMENTS + n - 1);
    if (mean + ONE_SIDED_95 * sqrt(variance * (1 + 1 / n)) > 0) return false;
  }
  return true;
}

static bool is_measured_enough(const session_t *session, const candidate_t *candidate) {
  return candidate->n_met >= session->settings.verify_windows;
}

static bool is_verified(const session_t *session, const candidate_t *candidate) {
  return is_good(candidate) && is_measured_enough(session, candidate) && has_margin(session, candidate);
}

static int32_t cheapest_verified(const session_t *session) {
  int32_t best = -1;
  for (int32_t i = 0; i < session->summary.n_candidates; ++i)
    if (is_verified(session, &session->candidates[i]) &&
        (best < 0 || session->candidates[i].cost_usd_h < session->candidates[best].cost_usd_h))
      best = i;
  return best;
}

/* Where the session returns to when nothing better is proven: candidate index, or -1. */
static int32_t fallback(const session_t *session) {
  const int32_t verified = cheapest_verified(session);
  if (verified >= 0) return verified;
  return session->start >= 0 && is_good(&session->candidates[session->start]) ? session->start : -1;
}

static int32_t travel(const session_t *session, const fc_function_configuration_t *from,
                      const fc_function_configuration_t *to) {
  return session->travel.windows(session->travel.self, from, to, MOST_TRAVEL);
}

/* Windows needed until candidate i has its measurements, and the way back to the fallback after them. The first window
 * after the last step of a way is a measurement already. */
static int32_t windows_needed(const session_t *session, int32_t i, const fc_function_configuration_t *current,
                              int32_t back_to) {
  const candidate_t *candidate = &session->candidates[i];
  const int32_t there = travel(session, current, configuration_of(session, i));
  const int32_t missing = session->settings.verify_windows - candidate->n_met;
  int32_t needed = (there > 1 ? there - 1 : 0) + (missing > 0 ? missing : 0);
  if (back_to >= 0 && back_to != i) {
    const int32_t back = travel(session, configuration_of(session, i), configuration_of(session, back_to));
    needed += back > 1 ? back - 1 : 0;
  }
  return needed;
}

/* The cheapest candidate worth measuring again with `remaining` windows, or -1. */
static int32_t cheapest_contender(const session_t *session, const fc_function_configuration_t *current,
                                  int32_t remaining) {
  const int32_t back_to = fallback(session);
  const double most = back_to >= 0 ? session->candidates[back_to].cost_usd_h : INFINITY;
  int32_t best = -1;
  for (int32_t i = 0; i < session->summary.n_candidates; ++i) {
    const candidate_t *candidate = &session->candidates[i];
    if (!is_good(candidate) || is_measured_enough(session, candidate) || !(candidate->cost_usd_h < most)) continue;
    if (best >= 0 && candidate->cost_usd_h >= session->candidates[best].cost_usd_h) continue;
    if (windows_needed(session, i, current, back_to) <= remaining) best = i;
  }
  return best;
}

static int32_t cheapest_good(const session_t *session) {
  int32_t best = -1;
  for (int32_t i = 0; i < session->summary.n_candidates; ++i)
    if (is_good(&session->candidates[i]) &&
        (best < 0 || session->candidates[i].cost_usd_h < session->candidates[best].cost_usd_h))
      best = i;
  return best;
}

/* ---- what next ------------------------------------------------------------------------------------------------ */

static void go_to(const session_t *session, int32_t i, session_step_t *step) {
  step->want = SESSION_GO_TO;
  step->target = configuration_of(session, i);
}

static void explore(const session_t *session, const fc_function_configuration_t *last_good, session_step_t *step) {
  const int32_t good = cheapest_good(session);
  step->want = SESSION_ASK_POLICY;
  step->sigma = session->settings.exploration_sigma;
  step->towards = good >= 0 ? configuration_of(session, good) : last_good;
  /* One violation: part of the way back; each further one in a row: that part of what is left. */
  if (step->towards && session->violations_in_a_row > 0)
    step->retreat = 1 - pow(1 - session->settings.retreat, session->violations_in_a_row);
}

static void settle(session_t *session, const fc_function_configuration_t *current,
                   const fc_function_configuration_t *last_good) {
  session_summary_t *summary = &session->summary;
  const int32_t verified = cheapest_verified(session), back_to = fallback(session);
  const fc_function_configuration_t *chosen = current;
  if (back_to >= 0) {
    chosen = configuration_of(session, back_to);
  } else if (last_good) {
    chosen = last_good;
  }
  session->settled = back_to;
  summary->verified = verified >= 0;
  summary->measurements = back_to >= 0 ? session->candidates[back_to].n_met : 0;
  configuration_copy(session->workflow, session->settled_configuration, chosen);
  summary->settled_cost_usd_h = fc_cost_reserved_usd_h(session->workflow, chosen);
  summary->phase = SESSION_SETTLED;
}

void session_next(session_t *session, const fc_function_configuration_t *current,
                  const fc_function_configuration_t *last_good, bool frozen, session_step_t *step) {
  *step = (session_step_t){.want = SESSION_STAY};
  session_summary_t *summary = &session->summary;
  if (summary->phase == SESSION_NONE) {
    step->want = SESSION_ASK_POLICY;
    return;
  }
  const int32_t remaining = summary->budget - summary->used;
  if (summary->phase == SESSION_EXPLORE) {
    const int32_t contender = cheapest_contender(session, current, remaining);
    int32_t reserve = session->settings.remeasure_windows;
    if (contender >= 0) {
      const int32_t needed = windows_needed(session, contender, current, fallback(session));
      if (needed > reserve) reserve = needed;
    }
    if (frozen || remaining <= reserve) {
      summary->phase = SESSION_VERIFY;
    } else {
      explore(session, last_good, step);
    }
  }
  if (summary->phase == SESSION_VERIFY && remaining <= 0) settle(session, current, last_good);
  if (summary->phase == SESSION_VERIFY) {
    const int32_t contender = cheapest_contender(session, current, remaining), back_to = fallback(session);
    if (contender >= 0) {
      go_to(session, contender, step);
    } else if (back_to >= 0) {
      go_to(session, back_to, step);
    } else if (last_good) {
      step->want = SESSION_GO_TO;
      step->target = last_good;
    }
  }
  if (summary->phase == SESSION_SETTLED) {
    /* A fallback that rails or limits do not let through (a start below the least replicas): what is in force stays. */
    if (travel(session, current, session->settled_configuration) >= MOST_TRAVEL) {
      configuration_copy(session->workflow, session->settled_configuration, current);
      summary->settled_cost_usd_h = fc_cost_reserved_usd_h(session->workflow, current);
      summary->verified = false;
    }
    /* No way left to go: of functions that other agents own, only they can say. */
    summary->settled = configuration_equal(session->workflow, current, session->settled_configuration) ||
                       travel(session, current, session->settled_configuration) == 0;
    step->want = SESSION_GO_TO;
    step->target = session->settled_configuration;
  }
}

const fc_function_configuration_t *session_settled(const session_t *session) {
  return session->summary.phase == SESSION_SETTLED ? session->settled_configuration : NULL;
}

session_summary_t session_summary(const session_t *session) {
  return session->summary;
}
