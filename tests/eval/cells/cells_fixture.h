// Cells made by hand.
#pragma once
#include <string>
#include <vector>

extern "C" {
#include "cells_csv.h"
}

namespace fc_test {

inline void set_text(char *to, size_t size, const std::string &text) {
  snprintf(to, size, "%s", text.c_str());
}

#define SET_TEXT(member, text) fc_test::set_text((member), sizeof(member), (text))

inline cell_t make_cell(const std::string &method, double cost_over_oracle, int64_t seed = 1,
                        const std::string &workflow = "parallel", int32_t users = 10) {
  cell_t cell = cells_empty();
  SET_TEXT(cell.experiment, "static");
  SET_TEXT(cell.workflow, workflow);
  SET_TEXT(cell.world, "exact");
  SET_TEXT(cell.track, "simulator");
  SET_TEXT(cell.method, method);
  SET_TEXT(cell.variant, "repaired");
  SET_TEXT(cell.safety, "none");
  SET_TEXT(cell.semantics, "strict");
  cell.users = users;
  cell.seed = seed;
  cell.cost_over_oracle = cost_over_oracle;
  cell.cost_usd_h = 4 * cost_over_oracle;
  cell.compliance = 0.97;
  cell.qos_met = true;
  cell.settled = true;
  cell.violations = 2;
  cell.windows = 15;
  cell.judging_windows = 400;
  return cell;
}

}  // namespace fc_test
