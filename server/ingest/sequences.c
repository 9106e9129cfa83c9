/* sequences.c - open addressing without deletion; emptied when three quarters full (sequences.h). */
#include "sequences.h"

#include <stdlib.h>
#include <string.h>

struct sequences {
  int32_t n_slots; /* power of two */
  int32_t n_used;
  sequence_t *slots; /* agent[0] == 0: free */
};

fc_status_t sequences_new(int32_t n_entries, sequences_t **out, fc_error_t *error) {
  FC_ASSERT(n_entries >= 1 && n_entries <= 1 << 24);
  sequences_t *sequences = calloc(1, sizeof *sequences);
  if (sequences != NULL) {
    sequences->n_slots = 4;
    while (sequences->n_slots / 4 * 3 < n_entries) sequences->n_slots *= 2;
    sequences->slots = calloc((size_t)sequences->n_slots, sizeof *sequences->slots);
  }
  if (sequences == NULL || sequences->slots == NULL) {
    free(sequences);
    return fc_error_set(error, FC_ENOMEM, "no memory for %d agents", (int)n_entries);
  }
  *out = sequences;
  return FC_OK;
}

void sequences_destroy(sequences_t **sequences) {
  if (sequences == NULL || *sequences == NULL) return;
  free((*sequences)->slots);
  free(*sequences);
  *sequences = NULL;
}

/* FNV-1a over the name and the epoch. */
static uint64_t hash_of(const char *agent, uint64_t epoch) {
  uint64_t hash = 14695981039346656037u;
  for (const char *at = agent; *at != '\0'; ++at) hash = (hash ^ (uint8_t)*at) * 1099511628211u;
  for (int i = 0; i < 64; i += 8) hash = (hash ^ ((epoch >> i) & 0xffu)) * 1099511628211u;
  return hash;
}

/* The slot of the pair: taken by it, or free. */
static sequence_t *slot_of(sequences_t *sequences, const char *agent, uint64_t epoch) {
  const uint64_t mask = (uint64_t)sequences->n_slots - 1;
  for (uint64_t at = hash_of(agent, epoch) & mask;; at = (at + 1) & mask) {
    sequence_t *slot = &sequences->slots[at];
    if (slot->agent[0] == '\0' || (slot->epoch == epoch && strcmp(slot->agent, agent) == 0)) return slot;
  }
}

sequence_t *sequences_find(sequences_t *sequences, const char *agent, uint64_t epoch) {
  sequence_t *slot = slot_of(sequences, agent, epoch);
  return slot->agent[0] == '\0' ? NULL : slot;
}

sequence_t *sequences_insert(sequences_t *sequences, const char *agent, uint64_t epoch, uint64_t contiguous,
                             uint64_t highest) {
  FC_ASSERT(agent[0] != '\0');
  if (sequences->n_used >= sequences->n_slots / 4 * 3) {
    memset(sequences->slots, 0, (size_t)sequences->n_slots * sizeof *sequences->slots);
    sequences->n_used = 0;
  }
  sequence_t *slot = slot_of(sequences, agent, epoch);
  if (slot->agent[0] == '\0') sequences->n_used += 1;
  *slot = (sequence_t){.epoch = epoch, .contiguous = contiguous, .horizon = highest};
  strncpy(slot->agent, agent, sizeof slot->agent - 1);
  return slot;
}

/* contiguous + 1 is durable: move, and on through the bitmap. */
static void advance(sequence_t *sequence) {
  bool next;
  do {
    next = (sequence->selective & 1u) != 0;
    sequence->selective >>= 1;
    sequence->contiguous += 1;
  } while (next);
}

bool sequence_add(sequence_t *sequence, uint64_t number) {
  if (number <= sequence->contiguous) return false;
  const uint64_t distance = number - sequence->contiguous; /* 1: the next one */
  if (distance == 1) {
    advance(sequence);
    return sequence->contiguous < sequence->horizon;
  }
  if (distance - 2 < 64) {
    sequence->selective |= (uint64_t)1 << (distance - 2);
  } else if (number > sequence->horizon) {
    sequence->horizon = number;
  }
  return false;
}

void sequence_set_contiguous(sequence_t *sequence, uint64_t contiguous) {
  while (sequence->contiguous < contiguous) {
    if (contiguous - sequence->contiguous > 65) { /* the whole bitmap lies below */
      sequence->contiguous = contiguous;
      sequence->selective = 0;
      return;
    }
    advance(sequence);
  }
}
