/* claims.c - see claims.h. */
#include "claims.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clusters.h"

/* How an effect comes from a comparison of `arm` with `base`. */
typedef enum {
  EFFECT_SAVING, /* 1 - arm / base */
  EFFECT_FACTOR, /* base / arm */
  EFFECT_GAIN,   /* arm / base */
  EFFECT_LEVEL,  /* the arm's mean */
  EFFECT_EXCESS, /* 1 - the arm's mean: of a ratio to the oracle */
} effect_t;

/* One way of running methods. Lists are separated by bars, the first that has cells counts. */
typedef struct {
  const char *methods; /* all of them count together */
  const char *variant;
  const char *safeties;
} side_t;

typedef struct {
  const char *text;
  double paper;
  effect_t effect;
  metric_t metric;
  const char *experiments, *workflow;
  side_t arm, base;
  const char *reason;
} question_t;

#define ATTMF \
  { "attmf", "repaired", "ses_paper|ses_code|none" }
#define BASELINE(methods) \
  { (methods), "repaired", "none|ses_paper|ses_code" }
#define NOTHING \
  { NULL, NULL, NULL }
#define EQUAL_TERMS                                                                                                \
  "Here every method has the same ranges, knobs, rows and budget, and its choice is judged on fresh windows; the " \
  "paper reports the best of 15 noisy windows, mean of 3 runs."

static const question_t questions[] = {
    {"AttMF is cheaper than Firm (static)", 0.24, EFFECT_SAVING, METRIC_COST_MET, "static", NULL, ATTMF,
     BASELINE("firm"), EQUAL_TERMS},
    {"AttMF is cheaper than RAMBO (static)", 0.23, EFFECT_SAVING, METRIC_COST_MET, "static", NULL, ATTMF,
     BASELINE("rambo"), EQUAL_TERMS},
    {"AttMF is cheaper than Aquatope (static)", 0.28, EFFECT_SAVING, METRIC_COST_MET, "static", NULL, ATTMF,
     BASELINE("aquatope"), EQUAL_TERMS},
    {"AttMF is cheaper than random search (static)", 0.31, EFFECT_SAVING, METRIC_COST_MET, "static", NULL, ATTMF,
     BASELINE("random"), EQUAL_TERMS},
    {"AttMF is cheaper than these four together (headline)", 0.265, EFFECT_SAVING, METRIC_COST_MET, "static", NULL,
     ATTMF, BASELINE("firm|rambo|aquatope|random"), EQUAL_TERMS},
    {"AttMF is cheaper than these four together on TcktApp", 0.166, EFFECT_SAVING, METRIC_COST_MET, "static", "tcktapp",
     ATTMF, BASELINE("firm|rambo|aquatope|random"), EQUAL_TERMS},
    {"Compliance of AttMF on the trace", 0.7412, EFFECT_LEVEL, METRIC_COMPLIANCE, "dynamic", NULL, ATTMF, NOTHING,
     "The targets, the trace's scale and the windows that are judged are not the paper's; agents see no future load."},
    {"AttMF violates less often than Firm, RAMBO and Aquatope on the trace", 3.48, EFFECT_FACTOR, METRIC_VIOLATIONS,
     "dynamic", NULL, ATTMF, BASELINE("firm|rambo|aquatope"),
     "Here no method sees the next step's load; in the published code AttMF and Firm do."},
    {"Sum of AttMF's latencies below those of Firm, RAMBO and Aquatope (29.1, 33.39 and 26.53 %)", 0.2967,
     EFFECT_SAVING, METRIC_LATENCY_SUM, "dynamic", NULL, ATTMF, BASELINE("firm|rambo|aquatope"),
     "Here a window without success counts with its length; the published code averages over successes only."},
    {"AttMF's cost on the trace below the oracle's (negative: above)", -0.0848, EFFECT_EXCESS, METRIC_OVER_ORACLE,
     "dynamic", NULL, ATTMF, NOTHING,
     "Our oracle is searched and confirmed on 4,000 windows; the paper's is the best it saw."},
    {"Concurrency as a fourth knob lowers AttMF's latency",
     0.2558,
     EFFECT_SAVING,
     METRIC_LATENCY_MEAN,
     "ablation",
     NULL,
     {"attmf", "repaired", "none"}, /* the base has no strategy */
     {"attmf", "no concurrency", "none"},
     "Here latency is that of the cheapest verified choice, which may use what latency the target leaves."},
    {"Concurrency as a fourth knob raises AttMF's throughput",
     1.37,
     EFFECT_GAIN,
     METRIC_THROUGHPUT,
     "ablation",
     NULL,
     {"attmf", "repaired", "none"}, /* the base has no strategy */
     {"attmf", "no concurrency", "none"},
     "Here throughput is that of the cheapest verified choice in a closed loop."},
    {"Concurrency as a fourth knob lowers Firm's cost",
     0.2208,
     EFFECT_SAVING,
     METRIC_COST_MET,
     "ablation",
     NULL,
     {"firm", "repaired", "none"},
     {"firm", "no concurrency", "none"},
     EQUAL_TERMS},
    {"Attention: AttMF is cheaper than mean field",
     0.1185,
     EFFECT_SAVING,
     METRIC_COST_MET,
     "ablation|static",
     NULL,
     {"attmf", "repaired", "none|ses_paper|ses_code"},
     BASELINE("mean_field"),
     EQUAL_TERMS},
    {"AttMF is cheaper than MADDPG",
     0.1988,
     EFFECT_SAVING,
     METRIC_COST_MET,
     "ablation|static",
     NULL,
     {"attmf", "repaired", "none|ses_paper|ses_code"},
     BASELINE("maddpg"),
     EQUAL_TERMS},
    {"AttMF is cheaper than DDPG",
     0.1084,
     EFFECT_SAVING,
     METRIC_COST_MET,
     "ablation|static",
     NULL,
     {"attmf", "repaired", "none|ses_paper|ses_code"},
     BASELINE("ddpg"),
     "The paper's DDPG tunes three knobs and AttMF four; here both tune four."},
    {"SES: fewer violations on Branch",
     0.6,
     EFFECT_SAVING,
     METRIC_VIOLATIONS,
     "ablation|static",
     "branch",
     {"attmf", "repaired", "ses_paper|ses_code"},
     {"attmf", "repaired", "none"},
     "The paper counts 15 points of one run."},
    {"SES: fewer violations on Sequential",
     0.375,
     EFFECT_SAVING,
     METRIC_VIOLATIONS,
     "ablation|static",
     "sequential",
     {"attmf", "repaired", "ses_paper|ses_code"},
     {"attmf", "repaired", "none"},
     "The paper counts 15 points of one run."},
    {"SES: lower cost on Branch",
     0.0734,
     EFFECT_SAVING,
     METRIC_COST_MET,
     "ablation|static",
     "branch",
     {"attmf", "repaired", "ses_paper|ses_code"},
     {"attmf", "repaired", "none"},
     "The paper has one run of 15 points."},
    {"SES: lower cost on Sequential",
     0.0088,
     EFFECT_SAVING,
     METRIC_COST_MET,
     "ablation|static",
     "sequential",
     {"attmf", "repaired", "ses_paper|ses_code"},
     {"attmf", "repaired", "none"},
     "The paper has one run of 15 points."},
};

/* ---- verdicts ---- */

claim_verdict_t claim_verdict(const paired_interval_t *ours, double paper, double null) {
  if (isnan(ours->value)) return CLAIM_NOT_MEASURED;
  if (isnan(ours->low) || isnan(ours->high)) return CLAIM_UNDECIDED;
  const bool reaches = ours->high >= paper;
  if (isnan(null)) return reaches ? CLAIM_HOLDS : CLAIM_DOES_NOT_HOLD;
  if (ours->low > null) return reaches ? CLAIM_HOLDS : CLAIM_HOLDS_WEAKER;
  return reaches ? CLAIM_UNDECIDED : CLAIM_DOES_NOT_HOLD;
}

const char *claim_verdict_text(claim_verdict_t verdict) {
  static const char *const texts[] = {"not measured", "holds", "holds weaker", "does not hold", "not decided"};
  return texts[verdict];
}

/* ---- cells of a question ---- */

/* Whether text is one of the list's items, which are separated by bars. */
static bool is_listed(const char *list, const char *text) {
  const size_t length = strlen(text);
  for (const char *at = list; at != NULL; at = strchr(at, '|') != NULL ? strchr(at, '|') + 1 : NULL)
    if (strncmp(at, text, length) == 0 && (at[length] == '\0' || at[length] == '|')) return true;
  return false;
}

/* The i-th item of the list; false behind its end. */
static bool item_of(const char *list, int i, char *out, size_t size) {
  for (; i > 0 && list != NULL; --i) list = strchr(list, '|') != NULL ? strchr(list, '|') + 1 : NULL;
  if (list == NULL) return false;
  (void)snprintf(out, size, "%.*s", (int)strcspn(list, "|"), list);
  return true;
}

/* Cells of one side of a question: its methods under the first of its safeties that any of them has, without rails
 * where there are such. */
static int32_t gather(const cell_t *cells, int32_t n, const claim_scope_t *scope, const char *experiment,
                      const char *workflow, const side_t *side, cell_t *out) {
  char safety[sizeof cells->safety];
  for (int rails = 0; rails < 2; ++rails)
    for (int s = 0; item_of(side->safeties, s, safety, sizeof safety); ++s) {
      const cell_filter_t filter = {.experiment = experiment,
                                    .workflow = workflow,
                                    .world = scope->world,
                                    .track = scope->track,
                                    .semantics = scope->semantics,
                                    .variant = side->variant,
                                    .safety = safety,
                                    .rails = rails};
      int32_t count = 0;
      for (int32_t i = 0; i < n; ++i)
        if (cell_matches(&cells[i], &filter) && is_listed(side->methods, cells[i].method)) out[count++] = cells[i];
      if (count > 0) return count;
    }
  return 0;
}

/* ---- effects ---- */

static double transform(effect_t effect, double ratio) {
  switch (effect) {
    case EFFECT_SAVING:
      return 1 - ratio;
    case EFFECT_FACTOR:
      return ratio > 0 ? 1 / ratio : INFINITY;
    case EFFECT_EXCESS:
      return 1 - ratio;
    case EFFECT_GAIN:
    case EFFECT_LEVEL:
      break;
  }
  return ratio;
}

/* Decreasing transforms turn the interval around. */
static paired_interval_t effect_of(effect_t effect, const paired_interval_t *ratio) {
  paired_interval_t out = {transform(effect, ratio->value), transform(effect, ratio->low),
                           transform(effect, ratio->high)};
  if (isnan(ratio->value)) out.value = NAN;
  if (isnan(ratio->low)) out.low = out.high = NAN;
  if (out.low > out.high) out = (paired_interval_t){out.value, out.high, out.low};
  return out;
}

/* Mean of a metric with its interval: compared with nothing. */
static fc_status_t level_of(const cell_t *cells, int32_t n, metric_t metric, uint64_t seed, comparison_t *out,
                            fc_error_t *error) {
  clusters_t clusters;
  fc_status_t status = clusters_init(&clusters, n, error);
  for (int32_t i = 0; status == FC_OK && i < n; ++i) {
    const double value = metric_of(&cells[i], metric);
    out->n_left_out += isnan(value);
    if (isnan(value)) continue;
    clusters_add(&clusters, &cells[i], value, 0);
    out->n_pairs += 1;
  }
  out->n_clusters = clusters.n;
  if (status == FC_OK)
    status = paired_bootstrap(clusters.items, clusters.n, PAIRED_DIFFERENCE, seed, &out->ratio, error);
  clusters_clear(&clusters);
  return status;
}

/* arm and base stand one behind the other in `cells`: the arm's first. Every cell of the base, which may have several
 * methods, meets its partner; the ratio is turned to arm / base. */
static fc_status_t ratio_of(cell_t *cells, int32_t n_arm, int32_t n_base, metric_t metric, uint64_t seed,
                            comparison_t *out, fc_error_t *error) {
  for (int32_t i = 0; i < n_arm + n_base; ++i)
    (void)snprintf(cells[i].safety, sizeof cells[i].safety, "%s", i < n_arm ? "arm" : "base");
  const cell_filter_t arm = {.safety = "arm", .rails = -1}, base = {.safety = "base", .rails = -1};
  FC_TRY(comparison_of(cells, n_arm + n_base, &base, &arm, metric, seed, out, error));
  const paired_interval_t ratio = out->ratio;
  if (isnan(ratio.value)) return FC_OK;
  out->ratio = (paired_interval_t){transform(EFFECT_FACTOR, ratio.value), transform(EFFECT_FACTOR, ratio.high),
                                   transform(EFFECT_FACTOR, ratio.low)};
  if (isnan(ratio.low)) out->ratio.low = out->ratio.high = NAN;
  return FC_OK;
}

static double null_of(effect_t effect) {
  switch (effect) {
    case EFFECT_SAVING:
      return 0;
    case EFFECT_FACTOR:
    case EFFECT_GAIN:
      return 1;
    case EFFECT_LEVEL:
    case EFFECT_EXCESS:
      break;
  }
  return NAN;
}

static fc_status_t measure(const question_t *question, const char *experiment, const cell_t *cells, int32_t n,
                           const claim_scope_t *scope, cell_t *scratch, comparison_t *out, char *safety,
                           fc_error_t *error) {
  *out = (comparison_t){.ratio = {NAN, NAN, NAN}};
  const int32_t n_arm = gather(cells, n, scope, experiment, question->workflow, &question->arm, scratch);
  if (n_arm == 0) return FC_OK;
  (void)snprintf(safety, sizeof scratch->safety, "%s", scratch[0].safety);
  if (question->base.methods == NULL) return level_of(scratch, n_arm, question->metric, scope->seed, out, error);
  const int32_t n_base = gather(cells, n, scope, experiment, question->workflow, &question->base, scratch + n_arm);
  if (n_base == 0) return FC_OK;
  return ratio_of(scratch, n_arm, n_base, question->metric, scope->seed, out, error);
}

static fc_status_t answer(const question_t *question, const cell_t *cells, int32_t n, const claim_scope_t *scope,
                          cell_t *scratch, claim_t *claim, fc_error_t *error) {
  char experiment[sizeof cells->experiment];
  char safety[sizeof claim->safety] = "";
  comparison_t found = {.ratio = {NAN, NAN, NAN}};
  for (int e = 0; isnan(found.ratio.value) && item_of(question->experiments, e, experiment, sizeof experiment); ++e)
    FC_TRY(measure(question, experiment, cells, n, scope, scratch, &found, safety, error));
  *claim = (claim_t){
      .text = question->text,
      .paper = question->paper,
      .null = null_of(question->effect),
      .unit = question->effect == EFFECT_FACTOR || question->effect == EFFECT_GAIN ? CLAIM_FACTOR : CLAIM_SHARE,
      .n_pairs = found.n_pairs,
      .n_clusters = found.n_clusters,
      .n_left_out = found.n_left_out,
      .ours = effect_of(question->effect, &found.ratio)};
  claim->verdict = claim_verdict(&claim->ours, claim->paper, claim->null);
  memcpy(claim->safety, safety, sizeof safety);
  const char *reason = question->reason;
  if (claim->verdict == CLAIM_NOT_MEASURED)
    reason = "These results have no cells of both sides (or none in which both met QoS).";
  (void)snprintf(claim->reason, sizeof claim->reason, "%s", reason);
  return FC_OK;
}

fc_status_t claims_of(const cell_t *cells, int32_t n_cells, const claim_scope_t *scope, claim_t claims[CLAIMS_MAX],
                      int32_t *n, fc_error_t *error) {
  const size_t size = n_cells > 0 ? (size_t)n_cells : 1;
  cell_t *scratch = calloc(2 * size, sizeof *scratch);
  fc_status_t status = FC_OK;
  *n = 0;
  if (scratch == NULL) status = fc_error_set(error, FC_ENOMEM, "no memory to look at %d cells", (int)n_cells);
  for (size_t i = 0; i < sizeof questions / sizeof questions[0] && status == FC_OK; ++i) {
    status = answer(&questions[i], cells, n_cells, scope, scratch, &claims[i], error);
    if (status == FC_OK) *n += 1;
  }
  free(scratch);
  return status;
}
