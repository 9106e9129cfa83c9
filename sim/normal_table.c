/* normal_table.c - the quantiles that draws.h reads, worked out once per simulator on the host. */
#include "draws.h"

void normal_table_init(normal_table_t *table) {
  for (int i = 1; i <= NORMAL_CELLS / 2; ++i) {
    const double z = normal_quantile((double)i / NORMAL_CELLS);
    table->quantile[i] = z;
    table->quantile[NORMAL_CELLS - i] = -z;
  }
  table->quantile[NORMAL_CELLS / 2] = 0;
  table->quantile[0] = table->quantile[1];
  table->quantile[NORMAL_CELLS] = table->quantile[NORMAL_CELLS - 1];
}
