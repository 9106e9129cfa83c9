/* explain.c - a decision in a few sentences for a person (methods.h). */
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "faasconf/cost.h"
#include "methods.h"

enum { TEXT_SIZE = 4096, LISTED_CHANGES = 4, LISTED_NEIGHBOURS = 3 };

typedef struct {
  char *text; /* TEXT_SIZE bytes */
  size_t used;
} sentences_t;

__attribute__((format(printf, 2, 3))) static void say(sentences_t *out, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  const int n = vsnprintf(out->text + out->used, TEXT_SIZE - out->used, format, arguments);
  va_end(arguments);
  if (n > 0) out->used += (size_t)n < TEXT_SIZE - out->used ? (size_t)n : TEXT_SIZE - 1 - out->used;
}

static void say_cost(sentences_t *out, const decision_t *decision, const fc_rpc_explain_response_t *response) {
  const fc_policy_manifest_t *about = fc_policy_manifest(decision->policy->policy);
  const double now = response->cost_now_usd_h, then = response->decision.cost_usd_h;
  say(out, "Policy %" PRId64 " (%s%s%s, %" PRId64 " updates) proposes %.4f USD/h; now it is %.4f USD/h", about->version,
      about->kind, about->variant[0] == '\0' ? "" : " ", about->variant, about->updates, then, now);
  if (now > 0) {
    say(out, ", %.1f %% %s", fabs(then / now - 1) * 100, then <= now ? "less" : "more");
  }
  say(out, ". ");
}

static void say_observation(sentences_t *out, const decision_t *decision) {
  const fc_observation_t *observation = &decision->observation;
  const fc_outcome_t *outcome = &observation->outcome;
  if (observation->start_us == 0 && outcome->present == 0) {
    say(out, "No window was measured yet: it decided on the start configuration without metrics. ");
    return;
  }
  const double load = (observation->load.present & FC_LOAD_HAS_IN_FLIGHT) != 0 ? observation->load.mean_in_flight : 0;
  const fc_qos_verdict_t verdict =
      fc_qos_judge(decision->entry->workflow, fc_policy_manifest(decision->policy->policy)->semantics, outcome,
                   observation->duration_s, load, NULL);
  say(out, "The window it saw %s QoS",
      verdict == FC_QOS_MET        ? "met"
      : verdict == FC_QOS_VIOLATED ? "violated"
                                   : "cannot be judged for");
  if ((outcome->present & FC_OUTCOME_HAS_LATENCY_MEAN) != 0) {
    say(out, ", mean latency %.2f s", outcome->latency_mean_s);
  }
  if ((outcome->present & FC_OUTCOME_HAS_COUNTS) != 0) {
    say(out, ", %" PRId64 " of %" PRId64 " requests succeeded", outcome->successes, fc_outcome_offered(outcome));
  }
  if ((observation->load.present & FC_LOAD_HAS_IN_FLIGHT) != 0) say(out, ", at %.1f in flight", load);
  say(out, ". ");
}

static void say_bounds(sentences_t *out, const fc_rpc_explain_response_t *response) {
  const fc_rpc_decide_response_t *decided = &response->decision;
  if (!decided->has_bounds) {
    say(out, "There is no safe price band for this load yet. ");
    return;
  }
  say(out, "The safe price band at %.1f in flight is %.4f to %.4f USD/h: the proposal lies %s it. ",
      decided->bounds_in_flight, decided->lb_usd_h, decided->ub_usd_h,
      response->inside_bounds                   ? "inside"
      : decided->cost_usd_h < decided->lb_usd_h ? "below"
                                                : "above");
}

static void say_q(sentences_t *out, const fc_rpc_explain_response_t *response) {
  if (!response->has_q) {
    say(out, "The critic has no opinion on it. ");
    return;
  }
  say(out,
      "The critic predicts a reward of %.4f for it and %.4f for staying as it is: it expects the change to be %s. ",
      response->q_decided, response->q_now, response->q_decided >= response->q_now ? "better" : "worse");
}

/* The largest relative changes of one knob, largest first. */
static void say_changes(sentences_t *out, const decision_t *decision, const fc_rpc_decide_response_t *decided) {
  double last = INFINITY;
  int32_t last_index = -1;
  int listed = 0;
  for (; listed < LISTED_CHANGES; ++listed) {
    double best = 0;
    int32_t best_index = -1;
    for (int32_t index = 0; index < decided->n_functions * FC_KNOBS; ++index) {
      const fc_knob_t knob = (fc_knob_t)(index % FC_KNOBS);
      const double now = fc_knob_get(&decision->observation.configuration[index / FC_KNOBS], knob);
      const double then = fc_knob_get(&decided->configuration[index / FC_KNOBS], knob);
      const double change = fabs(log(then / now));
      if (change <= best || change > last || (change == last && index <= last_index)) continue;
      best = change;
      best_index = index;
    }
    if (best_index < 0) break;
    const int32_t function = best_index / FC_KNOBS;
    const fc_knob_t knob = (fc_knob_t)(best_index % FC_KNOBS);
    say(out, "%s%s %s %d -> %d", listed == 0 ? "Largest changes: " : ", ", decided->functions[function],
        fc_knob_name(knob), fc_knob_get(&decision->observation.configuration[function], knob),
        fc_knob_get(&decided->configuration[function], knob));
    last = best;
    last_index = best_index;
  }
  say(out, listed == 0 ? "Nothing changes. " : ". ");
}

/* The edges with most attention, where it is not simply uniform. */
static void say_attention(sentences_t *out, const fc_rpc_decide_response_t *decided) {
  double last = INFINITY;
  int32_t last_edge = -1;
  int listed = 0;
  for (; listed < LISTED_NEIGHBOURS; ++listed) {
    int32_t best = -1;
    for (int32_t e = 0; e < decided->n_edges; ++e) {
      const double weight = (double)decided->attention[e];
      if (weight > last || (weight == last && e <= last_edge)) continue;
      if (best < 0 || weight > (double)decided->attention[best]) best = e;
    }
    if (best < 0) break;
    say(out, "%s%s looks at %s (%.2f)", listed == 0 ? "Most attention: " : ", ",
        decided->functions[decided->edge_row[best]], decided->functions[decided->edge_column[best]],
        (double)decided->attention[best]);
    last = (double)decided->attention[best];
    last_edge = best;
  }
  if (listed > 0) say(out, ".");
}

fc_rpc_code_t methods_explain(const decision_t *decision, fc_rpc_explain_response_t *response, fc_error_t *error) {
  sentences_t out = {.text = malloc(TEXT_SIZE)};
  if (out.text == NULL) {
    fc_error_set(error, FC_ENOMEM, "the server has no memory for the answer: ask again");
    return FC_RPC_RESOURCE_EXHAUSTED;
  }
  out.text[0] = '\0';
  response->text = out.text;
  response->cost_now_usd_h = fc_cost_reserved_usd_h(decision->entry->workflow, decision->observation.configuration);
  response->inside_bounds =
      decision->record != NULL && fc_bounds_contains(decision->record, response->decision.cost_usd_h);
  say_cost(&out, decision, response);
  say_observation(&out, decision);
  say_bounds(&out, response);
  say_q(&out, response);
  say_changes(&out, decision, &response->decision);
  say_attention(&out, &response->decision);
  return FC_RPC_OK;
}
