/* team_member.h - inside kernels: what a stream of a team is, and how its members exchange sums (team.h). */
#ifndef KERNELS_TEAM_MEMBER_H
#define KERNELS_TEAM_MEMBER_H

#include "team.h"

typedef struct {
  fc_team_t *team;
  int32_t rank, n_members;
  uint32_t turn;          /* exchanges so far: the same for all members */
  const fc_real_t *given; /* by sum_squares: this member's gradients */
} team_member_t;

static inline team_member_t *team_member(fc_stream_t *stream) {
  return (team_member_t *)(void *)stream;
}

/* All members have got here. */
void team_meet(team_member_t *member);

/* Room for 2 C + 1 values that this member gives to all, and those of member `rank` once all have met. There are two
 * such rooms in turns, so that nobody writes what somebody still reads; team_next_turn after reading. */
fc_real_t *team_slot(team_member_t *member, int32_t rank);
static inline void team_next_turn(team_member_t *member) {
  member->turn += 1;
}

/* The member's slice [*first, *end) of n values, whole vectors of 16. */
static inline void team_slice(const team_member_t *member, int64_t n, int64_t *first, int64_t *end) {
  const int64_t blocks = (n + 15) / 16;
  *first = blocks * member->rank / member->n_members * 16;
  *end = blocks * (member->rank + 1) / member->n_members * 16;
  if (*end > n) *end = n;
}

/* Member `rank`'s gradients of this step, after a meeting. */
const fc_real_t *team_given(const team_member_t *member, int32_t rank);

#endif
