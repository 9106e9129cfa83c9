/* plots.c - the list of figures: see plots.h. */
#include "plots.h"

#include <stdio.h>

fc_status_t plots_add(plots_t *plots, const char *name, const char *caption, fc_status_t drawn, const fc_error_t *how,
                      fc_error_t *error) {
  const bool is_ours = drawn == FC_ENOMEM || drawn == FC_EIO || drawn == FC_EINVAL;
  if (is_ours) return fc_error_set(error, drawn, "%s", how->message);
  if (drawn != FC_OK && plots->first_error.status == FC_OK) plots->first_error = *how;
  if (plots->n == PLOTS_MAX) {
    plots->n_left_out += 1;
    return FC_OK;
  }
  plot_t *plot = &plots->items[plots->n++];
  *plot = (plot_t){.is_drawn = drawn == FC_OK};
  (void)snprintf(plot->name, sizeof plot->name, "%s", name);
  (void)snprintf(plot->caption, sizeof plot->caption, "%s", caption);
  return FC_OK;
}
