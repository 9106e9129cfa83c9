/* team.c - threads, meetings and what members exchange: see team.h. */
#include "team.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "table_cpu.h"
#include "team_member.h"

enum { ROOMS = 2, CACHE_LINE_VALUES = 16 };

/* Looks at the meeting before a member is parked: some 20 microseconds, against 100 that a virtual machine takes to
 * wake a processor. Members come within a few of each other; where one has no processor, no more than this is lost. */
enum { LOOKS = 1000 };

/* Where members wait for each other. */
typedef struct {
  atomic_uint arrived, meetings;
  uint32_t n_members;
  pthread_mutex_t mutex;
  pthread_cond_t complete;
} meeting_t;

struct fc_team {
  int32_t n_members;
  fc_ops_t ops;
  team_member_t members[FC_TEAM_MAX_MEMBERS];
  pthread_t threads[FC_TEAM_MAX_MEMBERS]; /* of members 1 ... n_started - 1 */
  int32_t n_started;
  pthread_mutex_t gate; /* closed until all threads are there */
  meeting_t meeting;
  fc_real_t *slots; /* (ROOMS, members, slot_values) */
  int64_t slot_values;
  /* of the run in hand; written while all others are parked */
  fc_team_work_t work;
  void *context;
  bool ends;
  bool incomplete; /* a thread could not be had: those that wait at the gate end there; written while it is closed */
};

static bool is_over(meeting_t *meeting, unsigned number) {
  return atomic_load_explicit(&meeting->meetings, memory_order_acquire) != number;
}

void team_meet(team_member_t *member) {
  meeting_t *meeting = &member->team->meeting;
  const unsigned number = atomic_load_explicit(&meeting->meetings, memory_order_acquire);
  if (atomic_fetch_add_explicit(&meeting->arrived, 1, memory_order_acq_rel) + 1 == meeting->n_members) {
    atomic_store_explicit(&meeting->arrived, 0, memory_order_relaxed);
    pthread_mutex_lock(&meeting->mutex);
    atomic_store_explicit(&meeting->meetings, number + 1, memory_order_release);
    pthread_mutex_unlock(&meeting->mutex);
    pthread_cond_broadcast(&meeting->complete);
    return;
  }
  for (int look = 0; look < LOOKS; ++look) {
    if (is_over(meeting, number)) return;
#ifdef FC_KERNELS_X86
    __builtin_ia32_pause();
#endif
  }
  pthread_mutex_lock(&meeting->mutex);
  while (!is_over(meeting, number)) pthread_cond_wait(&meeting->complete, &meeting->mutex);
  pthread_mutex_unlock(&meeting->mutex);
}

fc_real_t *team_slot(team_member_t *member, int32_t rank) {
  fc_team_t *team = member->team;
  return team->slots + ((int64_t)(member->turn % ROOMS) * team->n_members + rank) * team->slot_values;
}

const fc_real_t *team_given(const team_member_t *member, int32_t rank) {
  return member->team->members[rank].given;
}

static const fc_ops_t *replaced_of(const char *isa) {
#ifdef FC_KERNELS_X86
  if (strcmp(isa, "avx512") == 0) return &ops_team_cpu_avx512;
  if (strcmp(isa, "avx2") == 0) return &ops_team_cpu_avx2;
#endif
  (void)isa;
  return &ops_team_cpu_base;
}

/* The table of this machine, and in it the ops that need all rows. */
static void set_ops(fc_ops_t *ops) {
  *ops = *fc_ops_cpu();
  const fc_ops_t *together = replaced_of(ops->isa);
#define OPS_REPLACE(name, signature, shapes, equation, effect) \
  if (together->name != NULL) ops->name = together->name;
  FC_OPS(OPS_REPLACE)
#undef OPS_REPLACE
}

fc_stream_t *fc_team_stream(fc_team_t *team, int32_t member) {
  return (fc_stream_t *)(void *)&team->members[member];
}

static void *live(void *argument) {
  team_member_t *member = argument;
  fc_team_t *team = member->team;
  pthread_mutex_lock(&team->gate);
  const bool incomplete = team->incomplete;
  pthread_mutex_unlock(&team->gate);
  if (incomplete) return NULL;
  for (;;) {
    team_meet(member); /* the next run */
    if (team->ends) return NULL;
    team->work(team->context, member->rank, fc_team_stream(team, member->rank));
    team_meet(member); /* its end */
  }
}

fc_status_t fc_team_new(int32_t n_members, int32_t n_columns, fc_team_t **out, fc_error_t *error) {
  *out = NULL;
  if (n_members < 1 || n_members > FC_TEAM_MAX_MEMBERS || n_columns < 1)
    return fc_error_set(error, FC_EINVAL, "a team of %d threads: expected 1 to %d", (int)n_members,
                        FC_TEAM_MAX_MEMBERS);
  fc_team_t *team = calloc(1, sizeof *team);
  if (team == NULL) return fc_error_set(error, FC_ENOMEM, "out of memory for a team of threads");
  team->n_members = n_members;
  team->slot_values = (2 * (int64_t)n_columns + 1 + CACHE_LINE_VALUES) / CACHE_LINE_VALUES * CACHE_LINE_VALUES;
  team->slots = calloc((size_t)ROOMS * (size_t)n_members * (size_t)team->slot_values, sizeof *team->slots);
  if (team->slots == NULL) {
    free(team);
    return fc_error_set(error, FC_ENOMEM, "out of memory for a team of threads");
  }
  pthread_mutex_init(&team->gate, NULL);
  pthread_mutex_init(&team->meeting.mutex, NULL);
  pthread_cond_init(&team->meeting.complete, NULL);
  team->meeting.n_members = (uint32_t)n_members;
  set_ops(&team->ops);
  for (int32_t rank = 0; rank < n_members; ++rank)
    team->members[rank] = (team_member_t){.team = team, .rank = rank, .n_members = n_members};
  pthread_mutex_lock(&team->gate);
  for (team->n_started = 1; team->n_started < n_members; ++team->n_started)
    if (pthread_create(&team->threads[team->n_started], NULL, live, &team->members[team->n_started]) != 0) break;
  team->incomplete = team->n_started < n_members;
  pthread_mutex_unlock(&team->gate);
  if (team->incomplete) {
    fc_team_destroy(&team);
    return fc_error_set(error, FC_ENOMEM, "the system gives no thread for a team of %d", (int)n_members);
  }
  *out = team;
  return FC_OK;
}

void fc_team_destroy(fc_team_t **out) {
  if (out == NULL || *out == NULL) return;
  fc_team_t *team = *out;
  team->ends = true;
  if (!team->incomplete) team_meet(&team->members[0]);
  for (int32_t rank = 1; rank < team->n_started; ++rank) pthread_join(team->threads[rank], NULL);
  pthread_cond_destroy(&team->meeting.complete);
  pthread_mutex_destroy(&team->meeting.mutex);
  pthread_mutex_destroy(&team->gate);
  free(team->slots);
  free(team);
  *out = NULL;
}

int32_t fc_team_members(const fc_team_t *team) {
  return team->n_members;
}

const fc_ops_t *fc_team_ops(const fc_team_t *team) {
  return &team->ops;
}

void fc_team_run(fc_team_t *team, fc_team_work_t work, void *context) {
  team->work = work;
  team->context = context;
  team_meet(&team->members[0]);
  work(context, 0, fc_team_stream(team, 0));
  team_meet(&team->members[0]);
}
