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

static fc_status_t measure_point(const profile_options_t *options, const profile_t *profile, profile_point_t *point,
                                 fc_observation_t *observation, fc_error_t *error) {
  for (int32_t w = 0; w < options->windows_per_point; ++w) {
    const fc_status_t status = live_window(options->live, point->configuration, observation, error);
    if (is_refusal(status) && point->origin != PROFILE_BEFORE) {
      snprintf(point->refused, sizeof point->refused, "%s", error->message);
      fprintf(options->out, "  %3d of %d  %-7s refused: %s\n", (int)(point - profile->points) + 1,
              (int)profile->n_points, profile_origin_name(point->origin), error->message);
      *error = (fc_error_t){FC_OK, ""};
      return FC_OK;
    }
    if (status != FC_OK) return status;
    judge_add(&point->judge, options->workflow, options->semantics, users_of(options, observation), observation);
    tell_window(options, profile, point, observation);
    if (options->rows != NULL)
      FC_TRY(measured_rows_add(options->rows, observation, options->semantics == FC_SEMANTICS_AS_PUBLISHED, error));
  }
  point->judgement = judge_result(&point->judge, options->workflow, point->configuration);
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
  if (status == FC_OK) profile_mark_front(profile);
  return status;
}

static bool is_measured(const profile_point_t *point) {
  return point->judgement.n_windows > 0;
}

void profile_mark_front(profile_t *profile) {
  for (int32_t i = 0; i < profile->n_points; ++i) {
    profile_point_t *point = &profile->points[i];
    point->on_front = is_measured(point);
    for (int32_t j = 0; j < profile->n_points && point->on_front; ++j) {
      const judgement_t *other = &profile->points[j].judgement, *own = &point->judgement;
      if (j == i || !is_measured(&profile->points[j])) continue;
      const bool no_worse = other->cost_usd_h <= own->cost_usd_h && other->latency_s <= own->latency_s;
      const bool better = other->cost_usd_h < own->cost_usd_h || other->latency_s < own->latency_s;
      point->on_front = !(no_worse && (better || j < i));
    }
  }
}
