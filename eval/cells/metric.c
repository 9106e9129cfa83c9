/* metric.c - see metric.h. */
#include "metric.h"

#include <math.h>
#include <string.h>

#include "faasconf/status.h"

static double met(const cell_t *cell, double value) {
  return cell->qos_met ? value : NAN;
}

/* A planner's variant is its level. */
static double settled(const cell_t *cell) {
  if (strncmp(cell->variant, "level ", 6) == 0) return NAN;
  return cell->settled ? 1 : 0;
}

double metric_of(const cell_t *cell, metric_t metric) {
  switch (metric) {
#define METRIC_VALUE(name, key, text, value) \
  case METRIC_##name:                        \
    return (value);
    METRIC_MAP(METRIC_VALUE)
#undef METRIC_VALUE
    case METRICS:
      break;
  }
  return NAN;
}

const char *metric_key(metric_t metric) {
#define METRIC_KEY(name, key, text, value) key,
  static const char *const keys[] = {METRIC_MAP(METRIC_KEY)};
#undef METRIC_KEY
  FC_ASSERT((int)metric >= 0 && metric < METRICS);
  return keys[metric];
}

const char *metric_text(metric_t metric) {
#define METRIC_TEXT(name, key, text, value) text,
  static const char *const texts[] = {METRIC_MAP(METRIC_TEXT)};
#undef METRIC_TEXT
  FC_ASSERT((int)metric >= 0 && metric < METRICS);
  return texts[metric];
}
