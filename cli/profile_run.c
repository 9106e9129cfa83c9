/* profile_run.c - measuring the points of a sweep: see profile.h. */
#include <math.h>
#include <stdlib.h>

#include "faasconf/cost.h"
#include "profile.h"

/* Whose targets judge the window. */
static int32_t users_of(const profile_options_t *options, const fc_observation_t *observation) {
  if (options->users > 0) return options->users;
  const bool known = (observation->load.present & FC_LOAD_HAS_IN_FLIGHT) != 0;
  return known && observation->load.mean_in_flight >= 1 ? (int32_t)lround(observation->load.mean_in_flight) : 1;
}

static void tell_window(const profile_options_t *options, const profile_t *profile, const profile_point_t *point,
                        const fc_observation_t *observation) {
  const fc_outcome_t *outcome = &observation->outcome;
  const fc_qos_verdict_t verdict = fc_qos_judge(options->workflow, options->semantics, outcome, observation->duration_s,
                                                users_of(options, observation), NULL);
  fprintf(options->out, "  %3d of %d  %-7s %8.4f $/h  ", (int)(point - profile->points) + 1, (int)profile->n_points,
          profile_origin_name(point->origin), fc_cost_reserved_usd_h(options->workflow, point->configuration));
  if ((outcome->present & FC_OUTCOME_HAS_LATENCY_MEAN) != 0)
    fprintf(options->out, "%7.3f s", outcome->latency_mean_s);
  else
    fprintf(options->out, "no success");
  fprintf(options->out, "  %4lld successes  %3lld failures  QoS %s\n", (long long)outcome->successes,
          (long long)outcome->failures,
          verdict == FC_QOS_MET        ? "met"
          : verdict == FC_QOS_VIOLATED ? "violated"
                                       : "unknown");
  (void)fflush(options->out);
}

/* The platform does not take this one, but it goes on. */
static bool is_refusal(fc_status_t status) {
  return status == FC_EUNSAFE || status == FC_EINVAL;
}

static void note_refusal(const profile_options_t *options, const profile_t *profile, profile_point_t *point,
                         fc_error_t *error) {
  snprintf(point->refused, sizeof point->refused, "%s", error->message);
  fprintf(options->out, "  %3d of %d  %-7s refused: %s\n", (int)(point - profile->points) + 1, (int)profile->n_points,
          profile_origin_name(point->origin), error->message);
  *error = (fc_error_t){FC_OK, ""};
}

/* Whether to go on at all: the operator, and what is around. */
static fc_status_t check(const profile_options_t *options, fc_error_t *error) {
  FC_TRY(live_check(options->live, error));
  return options->tend != NULL ? options->tend(options->tend_self, error) : FC_OK;
}

static fc_status_t measure_window(const profile_options_t *options, const profile_t *profile, profile_point_t *point,
                                  fc_observation_t *observation, fc_error_t *error) {
  FC_TRY(check(options, error));
  const fc_status_t status = live_window(options->live, point->configuration, observation, error);
  if (status != FC_OK) {
    fc_error_t around = {FC_OK, ""};
    if (status == FC_ECLOSED || options->tend == NULL || options->tend(options->tend_self, &around) == FC_OK)
      return status;
    *error = around;
    /* No refusal, whatever it is called there. */
    return error->status = is_refusal(around.status) ? FC_EIO : around.status;
  }
  for (int32_t f = 0; f < profile->n_functions; ++f) point->configuration[f] = observation->configuration[f];
  judge_add(&point->judge, options->workflow, options->semantics, users_of(options, observation), observation);
  point->judgement = judge_result(&point->judge, options->workflow, point->configuration);
  tell_window(options, profile, point, observation);
  if (options->rows == NULL) return FC_OK;
  const fc_status_t kept =
      measured_rows_add(options->rows, observation, options->semantics == FC_SEMANTICS_AS_PUBLISHED, error);
  return is_refusal(kept) ? fc_error_set(error, FC_EIO, "the window cannot be stored") : kept;
}

/* Whatever nobody answers would be measured for a long time, and mean nothing. */
static fc_status_t check_first(const profile_point_t *point, const fc_observation_t *observation, fc_error_t *error) {
  const fc_outcome_t *outcome = &observation->outcome;
  if (point->origin != PROFILE_BEFORE || point->judge.sums.n_windows > 1 || outcome->successes > 0 ||
      outcome->failures == 0)
    return FC_OK;
  return fc_error_set(error, FC_EIO,
                      "nothing succeeded in the first window, with the configuration in force (%lld failed): does what "
                      "answers the workflow run? `faasconf doctor` looks",
                      (long long)outcome->failures);
}

static fc_status_t measure_point(const profile_options_t *options, const profile_t *profile, profile_point_t *point,
                                 fc_observation_t *observation, fc_error_t *error) {
  live_keep_others(options->live, point->configuration);
  for (int32_t w = 0; w < options->windows_per_point; ++w) {
    const fc_status_t status = measure_window(options, profile, point, observation, error);
    if (is_refusal(status) && point->origin != PROFILE_BEFORE) {
      note_refusal(options, profile, point, error);
      return FC_OK;
    }
    FC_TRY(status);
    FC_TRY(check_first(point, observation, error));
  }
  return FC_OK;
}

fc_status_t profile_measure(const profile_options_t *options, profile_t *profile, fc_error_t *error) {
  fc_observation_t observation = {0};
  fc_error_t own = {FC_OK, ""};
  if (fc_observation_init(&observation, options->workflow->n_functions) != FC_OK)
    return fc_error_set(error, FC_ENOMEM, "no memory for a window");
  fc_status_t status = FC_OK;
  for (int32_t i = 0; i < profile->n_points && status == FC_OK; ++i)
    status = measure_point(options, profile, &profile->points[i], &observation, error != NULL ? error : &own);
  fc_observation_clear(&observation);
  profile_mark_front(profile);
  return status;
}

int64_t profile_n_windows(const profile_t *profile) {
  int64_t n = 0;
  for (int32_t i = 0; i < profile->n_points; ++i) n += profile->points[i].judgement.n_windows;
  return n;
}

static bool is_good(const profile_point_t *point) {
  const judgement_t *judgement = &point->judgement;
  return point->refused[0] == '\0' && judgement->n_windows > 0 && judgement->n_met == judgement->n_windows;
}

void profile_mark_front(profile_t *profile) {
  for (int32_t i = 0; i < profile->n_points; ++i) {
    profile_point_t *point = &profile->points[i];
    point->on_front = is_good(point);
    for (int32_t j = 0; j < profile->n_points && point->on_front; ++j) {
      const judgement_t *other = &profile->points[j].judgement, *own = &point->judgement;
      if (j == i || !is_good(&profile->points[j])) continue;
      const bool no_worse = other->cost_usd_h <= own->cost_usd_h && other->latency_s <= own->latency_s;
      const bool better = other->cost_usd_h < own->cost_usd_h || other->latency_s < own->latency_s;
      point->on_front = !(no_worse && (better || j < i));
    }
  }
}
