/* topology.c - what follows from the call plans: edges, visits, depth, degrees.
 *
 * Data edges join consecutive steps of the orchestrator's plan (every function that may end a step to every function
 * that may begin the next); call edges join a function to each function its own plan calls. Both are "successor" seen
 * from the source and "predecessor" seen from the target. Siblings run in parallel; ancestors and descendants are
 * reached over more than one direct edge.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "workflow_parse.h"

/* Dense while it is built (N <= FC_MAX_FUNCTIONS), CSR afterwards. */
typedef struct {
  fc_workflow_t *workflow;
  int32_t n;
  uint32_t *kinds;      /* (N, N) */
  double *multiplicity; /* (N, N) */
  int32_t *position;    /* (N) of a function in the order of depth first search */
  bool out_of_memory;
} builder_t;

/* What one execution of a step looks like from outside: how many calls begin it and end it, per function (N), and the
 * chance that it calls nothing at all. */
typedef struct {
  double *entry;
  double *exit;
  double skip;
} span_t;

static bool span_init(builder_t *b, span_t *span) {
  span->entry = calloc((size_t)b->n, sizeof *span->entry);
  span->exit = calloc((size_t)b->n, sizeof *span->exit);
  span->skip = 1.0;
  if (span->entry != NULL && span->exit != NULL) return true;
  b->out_of_memory = true;
  return false;
}

static void span_clear(span_t *span) {
  free(span->entry);
  free(span->exit);
}

/* into += share * from */
static void add_scaled(double *into, double share, const double *from, int32_t n) {
  for (int32_t i = 0; i < n; ++i) into[i] += share * from[i];
}

static double mean_count(const fc_count_distribution_t *count) {
  double mean = 0.0;
  for (int32_t i = 0; i < count->n_outcomes; ++i) mean += count->count[i] * count->probability[i];
  return mean;
}

static void add_direct(builder_t *b, int32_t from, int32_t to, double multiplicity) {
  if (from == to) return;
  const size_t forth = (size_t)from * (size_t)b->n + (size_t)to, back = (size_t)to * (size_t)b->n + (size_t)from;
  b->kinds[forth] |= FC_EDGE_SUCCESSOR;
  b->kinds[back] |= FC_EDGE_PREDECESSOR;
  b->multiplicity[forth] += multiplicity;
  b->multiplicity[back] += multiplicity;
}

static void add_between(builder_t *b, const double *from, const double *to, double weight) {
  for (int32_t i = 0; i < b->n; ++i)
    for (int32_t j = 0; from[i] > 0.0 && j < b->n; ++j)
      if (to[j] > 0.0) add_direct(b, i, j, weight * from[i] * to[j]);
}

/* All functions called below a node, itself included, without their own plans. */
static void collect(const builder_t *b, int32_t index, uint8_t *set) {
  const fc_call_node_t *node = &b->workflow->call_nodes[index];
  if (node->function >= 0) set[node->function] = 1;
  for (int32_t c = node->first_child; c >= 0; c = b->workflow->call_nodes[c].next_sibling) collect(b, c, set);
}

static void add_siblings(builder_t *b, int32_t first_branch) {
  const fc_call_node_t *nodes = b->workflow->call_nodes;
  const size_t n = b->n > 0 ? (size_t)b->n : 0; /* gcc considers a negative one */
  uint8_t *left = calloc(n + 1, 1), *right = calloc(n + 1, 1);
  b->out_of_memory = b->out_of_memory || left == NULL || right == NULL;
  for (int32_t x = first_branch; x >= 0 && !b->out_of_memory; x = nodes[x].next_sibling) {
    memset(left, 0, n);
    collect(b, x, left);
    for (int32_t y = nodes[x].next_sibling; y >= 0; y = nodes[y].next_sibling) {
      memset(right, 0, n);
      collect(b, y, right);
      for (int32_t i = 0; i < b->n; ++i)
        for (int32_t j = 0; left[i] && j < b->n; ++j)
          if (right[j] && i != j) {
            b->kinds[(size_t)i * (size_t)b->n + (size_t)j] |= FC_EDGE_SIBLING;
            b->kinds[(size_t)j * (size_t)b->n + (size_t)i] |= FC_EDGE_SIBLING;
          }
    }
  }
  free(left);
  free(right);
}

/* Adds the data edges below node `index`, executed `weight` times per workflow, and fills its span. */
static void walk(builder_t *b, int32_t index, double weight, span_t *span);

/* The span of a child as its parent sees it: with its repetitions, and its probability unless a choice weighs it. */
static bool walk_child(builder_t *b, int32_t index, double weight, bool weighed, span_t *span) {
  const fc_call_node_t *node = &b->workflow->call_nodes[index];
  const fc_count_distribution_t *count = &node->count;
  const double runs = weighed ? 1.0 : node->probability;
  double begins = 0.0, skip = 0.0;
  if (!span_init(b, span)) return false;
  walk(b, index, weight * node->probability * mean_count(count), span);
  for (int32_t i = 0; i < count->n_outcomes; ++i) {
    begins += count->count[i] > 0 ? count->probability[i] : 0.0;
    skip += count->probability[i] * pow(span->skip, count->count[i]);
  }
  for (int32_t i = 0; i < b->n; ++i) {
    span->entry[i] *= runs * begins;
    span->exit[i] *= runs * begins;
  }
  span->skip = 1.0 - runs * (1.0 - skip);
  return true;
}

/* A step that may be skipped is stepped over: what ended before it may also feed what comes after. */
static void walk_sequence(builder_t *b, const fc_call_node_t *sequence, double weight, span_t *span) {
  const fc_call_node_t *nodes = b->workflow->call_nodes;
  for (int32_t c = sequence->first_child; c >= 0 && !b->out_of_memory; c = nodes[c].next_sibling) {
    span_t child;
    if (walk_child(b, c, weight, false, &child)) {
      add_between(b, span->exit, child.entry, weight);
      add_scaled(span->entry, span->skip, child.entry, b->n);
      for (int32_t i = 0; i < b->n; ++i) span->exit[i] *= child.skip;
      add_scaled(span->exit, 1.0, child.exit, b->n);
      span->skip *= child.skip;
    }
    span_clear(&child);
  }
}

static void walk_branches(builder_t *b, const fc_call_node_t *node, double weight, span_t *span) {
  const fc_call_node_t *nodes = b->workflow->call_nodes;
  const bool choice = node->kind == FC_CALL_CHOICE;
  span->skip = choice ? 0.0 : 1.0;
  for (int32_t c = node->first_child; c >= 0 && !b->out_of_memory; c = nodes[c].next_sibling) {
    span_t child;
    if (walk_child(b, c, weight, choice, &child)) {
      const double share = choice ? nodes[c].probability : 1.0;
      add_scaled(span->entry, share, child.entry, b->n);
      add_scaled(span->exit, share, child.exit, b->n);
      span->skip = choice ? span->skip + share * child.skip : span->skip * child.skip;
    }
    span_clear(&child);
  }
}

static void walk(builder_t *b, int32_t index, double weight, span_t *span) {
  const fc_call_node_t *node = &b->workflow->call_nodes[index];
  switch (node->kind) {
    case FC_CALL_FUNCTION:
      span->entry[node->function] = 1.0;
      span->exit[node->function] = 1.0;
      span->skip = 0.0;
      return;
    case FC_CALL_SEQUENCE:
      walk_sequence(b, node, weight, span);
      return;
    case FC_CALL_PARALLEL:
      add_siblings(b, node->first_child);
      walk_branches(b, node, weight, span);
      return;
    case FC_CALL_CHOICE:
      walk_branches(b, node, weight, span);
      return;
  }
}

/* ---- visits, call edges, depth ------------------------------------------------------------------------------- */

/* Post-order over call edges: callees before callers. */
static void sort_callees_first(const fc_workflow_t *w, int32_t function, uint8_t *seen, int32_t *sorted,
                               int32_t *n_sorted);
static void sort_below(const fc_workflow_t *w, int32_t index, uint8_t *seen, int32_t *sorted, int32_t *n_sorted) {
  const fc_call_node_t *node = &w->call_nodes[index];
  if (node->function >= 0) sort_callees_first(w, node->function, seen, sorted, n_sorted);
  for (int32_t c = node->first_child; c >= 0; c = w->call_nodes[c].next_sibling)
    sort_below(w, c, seen, sorted, n_sorted);
}
static void sort_callees_first(const fc_workflow_t *w, int32_t function, uint8_t *seen, int32_t *sorted,
                               int32_t *n_sorted) {
  if (seen[function]) return;
  seen[function] = 1;
  if (w->functions[function].calls >= 0) sort_below(w, w->functions[function].calls, seen, sorted, n_sorted);
  sorted[(*n_sorted)++] = function;
}

/* Adds `weight` executions of the plan below `index` to the visits; caller >= 0 also adds call edges. */
static void add_visits(builder_t *b, int32_t index, double weight, int32_t caller) {
  const fc_call_node_t *node = &b->workflow->call_nodes[index];
  const double w = weight * node->probability * mean_count(&node->count);
  if (node->function >= 0) {
    b->workflow->visits[node->function] += w;
    if (caller >= 0) add_direct(b, caller, node->function, w);
  }
  for (int32_t c = node->first_child; c >= 0; c = b->workflow->call_nodes[c].next_sibling) add_visits(b, c, w, caller);
}

static void count_visits(builder_t *b, uint8_t *seen, int32_t *sorted) {
  fc_workflow_t *w = b->workflow;
  int32_t n_sorted = 0;
  for (int32_t f = 0; f < b->n; ++f) sort_callees_first(w, f, seen, sorted, &n_sorted);
  add_visits(b, w->calls, 1.0, -1);
  for (int32_t i = n_sorted - 1; i >= 0; --i) {
    const int32_t calls = w->functions[sorted[i]].calls;
    if (calls >= 0) add_visits(b, calls, w->visits[sorted[i]], sorted[i]);
  }
}

/* Depth first over direct edges; sorted[] gets the functions that are reached, last finished last. */
static void finish(const builder_t *b, int32_t from, uint8_t *seen, int32_t *sorted, int32_t *n_sorted) {
  if (seen[from]) return;
  seen[from] = 1;
  for (int32_t to = 0; to < b->n; ++to)
    if (b->kinds[(size_t)from * (size_t)b->n + (size_t)to] & FC_EDGE_SUCCESSOR) finish(b, to, seen, sorted, n_sorted);
  b->position[from] = *n_sorted;
  sorted[(*n_sorted)++] = from;
}

static void finish_plan(const builder_t *b, int32_t index, uint8_t *seen, int32_t *sorted, int32_t *n_sorted) {
  const fc_call_node_t *node = &b->workflow->call_nodes[index];
  if (node->function >= 0) finish(b, node->function, seen, sorted, n_sorted);
  for (int32_t c = node->first_child; c >= 0; c = b->workflow->call_nodes[c].next_sibling)
    finish_plan(b, c, seen, sorted, n_sorted);
}

/* Longest distance from the entry over direct edges. An edge that closes a cycle (a function called twice) leads to one
 * that finishes later and is left out; without those, every function comes after all that lead to it. */
static void measure_depth(builder_t *b, uint8_t *seen, int32_t *sorted) {
  int32_t *depth = b->workflow->depth, n_sorted = 0;
  memset(seen, 0, (size_t)b->n);
  finish_plan(b, b->workflow->calls, seen, sorted, &n_sorted);
  for (int32_t i = n_sorted - 1; i >= 0; --i) {
    const int32_t from = sorted[i];
    for (int32_t to = 0; to < b->n; ++to) {
      const bool direct = (b->kinds[(size_t)from * (size_t)b->n + (size_t)to] & FC_EDGE_SUCCESSOR) != 0;
      if (direct && b->position[to] < i && depth[to] < depth[from] + 1) depth[to] = depth[from] + 1;
    }
  }
}

static void mark_reachable(builder_t *b, uint8_t *reached, int32_t *stack) {
  for (int32_t from = 0; from < b->n; ++from) {
    int32_t n_stack = 0;
    memset(reached, 0, (size_t)b->n);
    stack[n_stack++] = from;
    while (n_stack > 0) {
      const int32_t at = stack[--n_stack];
      for (int32_t to = 0; to < b->n; ++to) {
        if (!(b->kinds[(size_t)at * (size_t)b->n + (size_t)to] & FC_EDGE_SUCCESSOR) || reached[to]) continue;
        reached[to] = 1;
        stack[n_stack++] = to;
      }
    }
    for (int32_t to = 0; to < b->n; ++to) {
      uint32_t *forth = &b->kinds[(size_t)from * (size_t)b->n + (size_t)to];
      if (!reached[to] || to == from || (*forth & FC_EDGE_SUCCESSOR)) continue;
      *forth |= FC_EDGE_DESCENDANT;
      b->kinds[(size_t)to * (size_t)b->n + (size_t)from] |= FC_EDGE_ANCESTOR;
    }
  }
}

/* ---- CSR ----------------------------------------------------------------------------------------------------- */

static fc_status_t csr_init(fc_topology_t *topology, int32_t n_functions, int32_t n_edges) {
  const size_t n = (size_t)n_edges + 1; /* never zero */
  memset(topology, 0, sizeof *topology);
  topology->n_functions = n_functions;
  topology->n_edges = n_edges;
  topology->row_start = calloc((size_t)n_functions + 1, sizeof *topology->row_start);
  topology->column = calloc(n, sizeof *topology->column);
  topology->edge_kinds = calloc(n, sizeof *topology->edge_kinds);
  topology->multiplicity = calloc(n, sizeof *topology->multiplicity);
  if (topology->row_start != NULL && topology->column != NULL && topology->edge_kinds != NULL &&
      topology->multiplicity != NULL)
    return FC_OK;
  fc_topology_clear(topology);
  return FC_ENOMEM;
}

void fc_topology_clear(fc_topology_t *topology) {
  free(topology->row_start);
  free(topology->column);
  free(topology->edge_kinds);
  free(topology->multiplicity);
  memset(topology, 0, sizeof *topology);
}

static fc_status_t to_csr(const builder_t *b, fc_topology_t *topology) {
  int32_t n_edges = 0, at = 0;
  for (size_t i = 0; i < (size_t)b->n * (size_t)b->n; ++i) n_edges += b->kinds[i] != 0;
  FC_TRY(csr_init(topology, b->n, n_edges));
  for (int32_t i = 0; i < b->n; ++i) {
    for (int32_t j = 0; j < b->n; ++j) {
      const size_t cell = (size_t)i * (size_t)b->n + (size_t)j;
      if (b->kinds[cell] == 0) continue;
      topology->column[at] = j;
      topology->edge_kinds[at] = b->kinds[cell];
      topology->multiplicity[at] = b->multiplicity[cell];
      at += 1;
    }
    topology->row_start[i + 1] = at;
  }
  return FC_OK;
}

fc_status_t fc_topology_select(const fc_topology_t *from, uint32_t kinds, fc_topology_t *out) {
  int32_t n_edges = 0, at = 0;
  for (int32_t e = 0; e < from->n_edges; ++e) n_edges += (from->edge_kinds[e] & kinds) != 0;
  FC_TRY(csr_init(out, from->n_functions, n_edges));
  for (int32_t i = 0; i < from->n_functions; ++i) {
    for (int32_t e = from->row_start[i]; e < from->row_start[i + 1]; ++e) {
      if (!(from->edge_kinds[e] & kinds)) continue;
      out->column[at] = from->column[e];
      out->edge_kinds[at] = from->edge_kinds[e];
      out->multiplicity[at] = from->multiplicity[e];
      at += 1;
    }
    out->row_start[i + 1] = at;
  }
  return FC_OK;
}

static void count_degrees(fc_workflow_t *w) {
  for (int32_t i = 0; i < w->n_functions; ++i) {
    for (int32_t e = w->topology.row_start[i]; e < w->topology.row_start[i + 1]; ++e) {
      w->out_degree[i] += (w->topology.edge_kinds[e] & FC_EDGE_SUCCESSOR) != 0;
      w->in_degree[i] += (w->topology.edge_kinds[e] & FC_EDGE_PREDECESSOR) != 0;
    }
  }
}

static fc_status_t build(builder_t *b, int32_t *scratch, uint8_t *seen) {
  fc_workflow_t *w = b->workflow;
  span_t whole;
  if (span_init(b, &whole)) walk(b, w->calls, 1.0, &whole);
  span_clear(&whole);
  if (b->out_of_memory) return FC_ENOMEM;
  count_visits(b, seen, scratch);
  measure_depth(b, seen, scratch);
  mark_reachable(b, seen, scratch);
  FC_TRY(to_csr(b, &w->topology));
  FC_TRY(fc_topology_select(&w->topology, FC_EDGE_SUCCESSOR | FC_EDGE_PREDECESSOR, &w->neighbours));
  count_degrees(w);
  return FC_OK;
}

fc_status_t workflow_derive(fc_workflow_t *workflow, fc_error_t *error) {
  const size_t n = (size_t)workflow->n_functions;
  builder_t b = {.workflow = workflow, .n = workflow->n_functions};
  b.kinds = calloc(n * n, sizeof *b.kinds);
  b.multiplicity = calloc(n * n, sizeof *b.multiplicity);
  b.position = calloc(n, sizeof *b.position);
  int32_t *scratch = calloc(n + 1, sizeof *scratch);
  uint8_t *seen = calloc(n, 1);
  workflow->visits = calloc(n, sizeof *workflow->visits);
  workflow->depth = calloc(n, sizeof *workflow->depth);
  workflow->in_degree = calloc(n, sizeof *workflow->in_degree);
  workflow->out_degree = calloc(n, sizeof *workflow->out_degree);
  fc_status_t status = FC_ENOMEM;
  if (b.kinds != NULL && b.multiplicity != NULL && b.position != NULL && scratch != NULL && seen != NULL &&
      workflow->visits != NULL && workflow->depth != NULL && workflow->in_degree != NULL &&
      workflow->out_degree != NULL)
    status = build(&b, scratch, seen);
  free(b.kinds);
  free(b.multiplicity);
  free(b.position);
  free(scratch);
  free(seen);
  return status == FC_OK ? FC_OK : fc_error_set(error, status, "no memory for the topology of %s", workflow->name);
}
