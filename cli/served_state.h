/* served_state.h - what served.c (members, ownership, barrier) and served_windows.c (simulating, keeping) share.
 * Internal to them. */
#ifndef CLI_SERVED_STATE_H
#define CLI_SERVED_STATE_H

#include "served.h"
#include "simulator.h"

enum { SERVED_NOBODY = -1, SERVED_NO_WINDOW = -1 };

typedef struct {
  served_member_t about;
  bool present;
  int64_t ready_for;    /* the window it waits for, or SERVED_NO_WINDOW */
  int64_t first_window; /* since it joined */
  int64_t due_ns;       /* ready by then, or given up */
  int64_t heard_ns;     /* it last sent something */
  int64_t probe_ns;     /* its connection is tried again then */
} served_slot_t;

struct served {
  served_options_t options;
  simulator_t *simulator;
  int64_t wall_start_us;
  bool opened;          /* N agents have been there */
  int64_t empty_due_ns; /* nobody takes part: the end by then */

  int32_t n_members;
  served_slot_t members[SERVED_MAX_AGENTS];
  int32_t *owner;                        /* (N) member, or SERVED_NOBODY */
  int32_t *writer;                       /* (N) member that wrote `next` last */
  bool *wanted;                          /* (N) of a join request */
  bool *claimed;                         /* (SERVED_MAX_AGENTS, N) at the last join */
  fc_function_configuration_t *in_force; /* (N) in the last window */
  fc_function_configuration_t *next;     /* (N) from the next one on */
  fc_function_configuration_t *seen;     /* (N) by the member that asked last */

  fc_observation_t observation; /* of the last window */
  int64_t n_windows, most_windows;
  int32_t windows_per_minute; /* of the trace */
  int32_t n_changes, change_capacity;
  int64_t window_capacity;
  served_window_t *windows; /* (n_windows) */
  served_change_t *changes; /* (n_changes) */
};

/* Takes the memory and the simulator. */
fc_status_t served_windows_init(served_t *served, fc_error_t *error);
void served_windows_clear(served_t *served);
/* Wall clock at the begin of a window. */
int64_t served_start_us(const served_t *served, int64_t window);
/* Runs the next window with `next` and keeps what came of it. */
fc_status_t served_simulate(served_t *served, fc_error_t *error);

#endif
