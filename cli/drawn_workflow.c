/* drawn_workflow.c - drawing profiles and calls: see drawn_workflow.h. */
#include "drawn_workflow.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "faasconf/rng.h"

static const char *const shape_names[] = {"series-parallel", "layered"};

bool workflow_shape_parse(const char *text, workflow_shape_t *out) {
  for (int s = 0; s < 2; ++s) {
    if (strcmp(text, shape_names[s]) != 0) continue;
    *out = (workflow_shape_t)s;
    return true;
  }
  return false;
}

const char *workflow_shape_name(workflow_shape_t shape) {
  return shape_names[shape];
}

/* ---- profiles ---- */

enum { PROFILE_LIGHT, PROFILE_MOBILENET, PROFILE_RESNET, N_PROFILES };

/* workflows/parallel.yaml; light: the mean of starter, rgb, resize and update. */
static const fc_function_simulator_t fitted[N_PROFILES] = {{.work_cpu_s = 0.7015,
                                                            .startup_share = 0.9066,
                                                            .parallelism = 1,
                                                            .mem_mib_per_request = 47.5,
                                                            .contention = 0.03568,
                                                            .answer_delay_s = 0.03064,
                                                            .net_bytes_per_call = 103000,
                                                            .work_sigma = 0.03933},
                                                           {.work_cpu_s = 1.0599,
                                                            .startup_share = 0.7,
                                                            .parallelism = 1.1785,
                                                            .mem_mib_per_request = 134.7,
                                                            .contention = 0.01587,
                                                            .answer_delay_s = 0.008924,
                                                            .net_bytes_per_call = 144000,
                                                            .work_sigma = 0.03933},
                                                           {.work_cpu_s = 1.7451,
                                                            .startup_share = 0.3942,
                                                            .parallelism = 1.4937,
                                                            .mem_mib_per_request = 310.1,
                                                            .contention = 0.01704,
                                                            .answer_delay_s = 0.008924,
                                                            .net_bytes_per_call = 49000,
                                                            .work_sigma = 0.03933}};

/* What the start configuration's memory can hold of four requests at once, beside an idle process. */
static const double max_mem_mib_per_request = 320;

static double factor(fc_rng_t *rng, double sigma) {
  return exp(sigma * fc_rng_normal(rng));
}

/* As it will be read from the file. */
static double rounded(double value) {
  if (value == 0) return 0;
  const double scale = pow(10, 3 - floor(log10(fabs(value))));
  return round(value * scale) / scale;
}

static void draw_function(drawn_workflow_t *drawn, int32_t f) {
  fc_rng_t rng;
  fc_rng_init(&rng, drawn->options.seed, 1 + (uint64_t)f);
  const double kind = fc_rng_uniform(&rng);
  const int profile = kind < 0.6 ? PROFILE_LIGHT : kind < 0.8 ? PROFILE_MOBILENET : PROFILE_RESNET;
  fc_function_simulator_t *p = &drawn->functions[f];
  *p = fitted[profile];
  p->work_cpu_s = rounded(p->work_cpu_s * factor(&rng, 0.35));
  /* The share that is not start-up varies, so that a share stays one. */
  p->startup_share = rounded(fmax(0.05, 1 - (1 - p->startup_share) * factor(&rng, 0.2)));
  p->parallelism = profile == PROFILE_LIGHT ? 1 : rounded(fmax(1, p->parallelism * factor(&rng, 0.15)));
  p->mem_mib_per_request = rounded(fmin(max_mem_mib_per_request, p->mem_mib_per_request * factor(&rng, 0.25)));
  p->contention = rounded(p->contention * factor(&rng, 0.3));
  p->answer_delay_s = rounded(p->answer_delay_s * factor(&rng, 0.2));
  p->net_bytes_per_call = round(p->net_bytes_per_call * factor(&rng, 0.5));
  const double failure = fc_rng_uniform(&rng);
  drawn->on_failure[f] = profile != PROFILE_LIGHT || failure < 0.2 ? FC_ON_FAILURE_FAIL
                         : failure < 0.85                          ? FC_ON_FAILURE_POISON
                                                                   : FC_ON_FAILURE_IGNORE;
}

/* ---- calls ---- */

/* Files nest at most 32 deep, and a group takes up to four levels of them. */
enum { MAX_GROUP_DEPTH = 6, MAX_PARTS = 64, MAX_SERIES = 5, MAX_BRANCHES = 4 };

typedef struct {
  drawn_workflow_t *drawn;
  fc_rng_t rng;
  int32_t n_called; /* functions are called in their order */
} sketch_t;

static int32_t add_node(sketch_t *sketch, fc_call_kind_t kind) {
  drawn_workflow_t *drawn = sketch->drawn;
  FC_ASSERT(drawn->n_nodes < drawn->node_capacity);
  fc_call_node_t *node = &drawn->nodes[drawn->n_nodes];
  *node = (fc_call_node_t){.kind = kind,
                           .function = -1,
                           .first_child = -1,
                           .next_sibling = -1,
                           .probability = 1,
                           .count = {.n_outcomes = 1, .count = {1}, .probability = {1}},
                           .uses_previous_output = true};
  return drawn->n_nodes++;
}

static void add_child(sketch_t *sketch, int32_t parent, int32_t *last, int32_t child) {
  if (*last < 0)
    sketch->drawn->nodes[parent].first_child = child;
  else
    sketch->drawn->nodes[*last].next_sibling = child;
  *last = child;
}

/* The next function. The first one is the entry: every request runs it once. Now and then another is skipped in some
 * requests, called again, or given the workflow's own input. */
static int32_t draw_call(sketch_t *sketch) {
  const int32_t index = add_node(sketch, FC_CALL_FUNCTION);
  fc_call_node_t *node = &sketch->drawn->nodes[index];
  const double special = fc_rng_uniform(&sketch->rng);
  const uint32_t twentieths = 4 + fc_rng_below(&sketch->rng, 15); /* 0.20 to 0.90 */
  node->function = sketch->n_called++;
  if (node->function == 0) {
    node->uses_previous_output = false;
  } else if (special < 0.07) {
    node->probability = twentieths / 20.0;
  } else if (special < 0.10) {
    node->count.count[0] = 2;
  } else if (special < 0.13) {
    node->count = (fc_count_distribution_t){.n_outcomes = 2, .count = {1, 2}, .probability = {twentieths / 20.0, 0}};
    node->count.probability[1] = (20 - twentieths) / 20.0;
  } else if (special < 0.23) {
    node->uses_previous_output = false;
  }
  return index;
}

/* n functions over n_parts parts of at least one. */
static void split(sketch_t *sketch, int32_t n, int32_t n_parts, int32_t *parts) {
  for (int32_t i = 0; i < n_parts; ++i) parts[i] = 1;
  double weight[MAX_PARTS], sum = 0;
  for (int32_t i = 0; i < n_parts; ++i) sum += weight[i] = 0.2 + fc_rng_uniform(&sketch->rng);
  const int32_t rest = n - n_parts;
  int32_t given = 0;
  for (int32_t i = 0; i < n_parts; ++i) {
    const int32_t more = i + 1 < n_parts ? (int32_t)(rest * weight[i] / sum) : rest - given;
    parts[i] += more;
    given += more;
  }
}

/* Chances of a choice's branches, in twentieths of at least one. */
static void draw_chances(sketch_t *sketch, int32_t group) {
  int32_t n = 0, twentieths[MAX_PARTS];
  fc_call_node_t *nodes = sketch->drawn->nodes;
  for (int32_t child = nodes[group].first_child; child >= 0; child = nodes[child].next_sibling) n += 1;
  split(sketch, 20, n, twentieths);
  for (int32_t child = nodes[group].first_child, i = 0; child >= 0; child = nodes[child].next_sibling)
    nodes[child].probability = twentieths[i++] / 20.0;
}

static int32_t draw_sequence(sketch_t *sketch, int32_t n, int32_t group_depth);

/* A group of n >= 2 functions in two or more branches: at once, or exactly one of them. */
static int32_t draw_group(sketch_t *sketch, int32_t n, int32_t group_depth) {
  const bool choice = fc_rng_uniform(&sketch->rng) < 0.12 && sketch->n_called > 0; /* not around the entry */
  const int32_t index = add_node(sketch, choice ? FC_CALL_CHOICE : FC_CALL_PARALLEL);
  const int32_t most = n < MAX_BRANCHES ? n : MAX_BRANCHES;
  const int32_t n_parts = 2 + (int32_t)fc_rng_below(&sketch->rng, (uint32_t)(most - 1));
  int32_t parts[MAX_PARTS], last = -1;
  split(sketch, n, n_parts, parts);
  for (int32_t i = 0; i < n_parts; ++i)
    add_child(sketch, index, &last, draw_sequence(sketch, parts[i], group_depth + 1));
  if (choice) draw_chances(sketch, index);
  return index;
}

/* n functions one part after the other; a part of several functions is a group. */
static int32_t draw_sequence(sketch_t *sketch, int32_t n, int32_t group_depth) {
  const int32_t index = add_node(sketch, FC_CALL_SEQUENCE);
  int32_t parts[MAX_PARTS], last = -1;
  if (n <= 3 || group_depth >= MAX_GROUP_DEPTH) { /* a chain */
    for (int32_t i = 0; i < n; ++i) add_child(sketch, index, &last, draw_call(sketch));
    return index;
  }
  const int32_t n_parts = 2 + (int32_t)fc_rng_below(&sketch->rng, MAX_SERIES - 1);
  split(sketch, n, n_parts < n ? n_parts : n, parts);
  for (int32_t i = 0; i < (n_parts < n ? n_parts : n); ++i)
    add_child(sketch, index, &last, parts[i] == 1 ? draw_call(sketch) : draw_group(sketch, parts[i], group_depth));
  return index;
}

/* Layers about as many as they are wide. */
static int32_t draw_layers(sketch_t *sketch, int32_t n) {
  const int32_t root = add_node(sketch, FC_CALL_SEQUENCE);
  const double about = 0.8 * sqrt(n) * (0.7 + 0.6 * fc_rng_uniform(&sketch->rng));
  int32_t n_layers = (int32_t)fmax(1, round(about)), parts[MAX_PARTS], last_layer = -1;
  if (n_layers > MAX_PARTS) n_layers = MAX_PARTS;
  split(sketch, n, n_layers, parts);
  for (int32_t layer = 0; layer < n_layers; ++layer) {
    if (parts[layer] == 1) {
      add_child(sketch, root, &last_layer, draw_call(sketch));
      continue;
    }
    const bool choice = layer > 0 && parts[layer] <= MAX_BRANCHES && fc_rng_uniform(&sketch->rng) < 0.2;
    const int32_t group = add_node(sketch, choice ? FC_CALL_CHOICE : FC_CALL_PARALLEL);
    add_child(sketch, root, &last_layer, group);
    for (int32_t i = 0, last = -1; i < parts[layer]; ++i) {
      const int32_t branch = add_node(sketch, FC_CALL_SEQUENCE);
      add_child(sketch, group, &last, branch);
      int32_t only = -1;
      add_child(sketch, branch, &only, draw_call(sketch));
    }
    if (choice) draw_chances(sketch, group);
  }
  return root;
}

/* ---- all of it ---- */

fc_status_t drawn_workflow_draw(const drawn_workflow_options_t *options, drawn_workflow_t *drawn, fc_error_t *error) {
  memset(drawn, 0, sizeof *drawn);
  drawn->options = *options;
  if (options->n_functions < 1 || options->n_functions > DRAWN_MAX_FUNCTIONS)
    return fc_error_set(error, FC_EINVAL, "%d functions: expected 1 to %d", (int)options->n_functions,
                        DRAWN_MAX_FUNCTIONS);
  const size_t n = (size_t)options->n_functions;
  drawn->node_capacity = 4 * options->n_functions + 4; /* a call, its sequence, and fewer groups than sequences */
  drawn->functions = calloc(n, sizeof *drawn->functions);
  drawn->on_failure = calloc(n, sizeof *drawn->on_failure);
  drawn->nodes = calloc((size_t)drawn->node_capacity, sizeof *drawn->nodes);
  if (drawn->functions == NULL || drawn->on_failure == NULL || drawn->nodes == NULL)
    return fc_error_set(error, FC_ENOMEM, "no memory for %d functions", (int)options->n_functions);
  for (int32_t f = 0; f < options->n_functions; ++f) draw_function(drawn, f);
  sketch_t sketch = {.drawn = drawn};
  fc_rng_init(&sketch.rng, options->seed, 0);
  const int32_t root = options->shape == WORKFLOW_SHAPE_LAYERED ? draw_layers(&sketch, options->n_functions)
                                                                : draw_sequence(&sketch, options->n_functions, 0);
  FC_ASSERT(root == 0 && sketch.n_called == options->n_functions);
  return FC_OK;
}

void drawn_workflow_clear(drawn_workflow_t *drawn) {
  free(drawn->functions);
  free(drawn->on_failure);
  free(drawn->nodes);
  memset(drawn, 0, sizeof *drawn);
}
