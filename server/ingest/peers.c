/* peers.c - an unordered array with a hash chain per bucket (peers.h). */
#include "peers.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
  endpoint_peer_t peer;
  int64_t heard_ns;
  int32_t next; /* in its bucket, or -1 */
} entry_t;

struct peers {
  int32_t capacity, n;
  entry_t *entries; /* (capacity), the first n are used */
  int32_t *buckets; /* (capacity): index of the first entry, or -1 */
};

fc_status_t peers_new(int32_t capacity, peers_t **out, fc_error_t *error) {
  peers_t *peers = calloc(1, sizeof *peers);
  if (peers != NULL) {
    peers->entries = calloc((size_t)capacity, sizeof *peers->entries);
    peers->buckets = malloc((size_t)capacity * sizeof *peers->buckets);
  }
  if (peers == NULL || peers->entries == NULL || peers->buckets == NULL) {
    peers_destroy(&peers);
    return fc_error_set(error, FC_ENOMEM, "no memory for %d peers", (int)capacity);
  }
  peers->capacity = capacity;
  for (int32_t i = 0; i < capacity; ++i) peers->buckets[i] = -1;
  *out = peers;
  return FC_OK;
}

void peers_destroy(peers_t **peers) {
  if (peers == NULL || *peers == NULL) return;
  free((*peers)->entries);
  free((*peers)->buckets);
  free(*peers);
  *peers = NULL;
}

static int32_t *bucket_of(peers_t *peers, const endpoint_peer_t *peer) {
  uint64_t hash = 14695981039346656037u;
  for (int i = 0; i < peer->size; ++i) hash = (hash ^ peer->bytes[i]) * 1099511628211u;
  return &peers->buckets[hash % (uint64_t)peers->capacity];
}

/* The link that points at the peer's entry, or at -1. */
static int32_t *link_of(peers_t *peers, const endpoint_peer_t *peer) {
  int32_t *link = bucket_of(peers, peer);
  while (*link >= 0) {
    const endpoint_peer_t *at = &peers->entries[*link].peer;
    if (at->size == peer->size && memcmp(at->bytes, peer->bytes, peer->size) == 0) break;
    link = &peers->entries[*link].next;
  }
  return link;
}

void peers_touch(peers_t *peers, const endpoint_peer_t *peer, int64_t now_ns) {
  const int32_t index = *link_of(peers, peer);
  if (index >= 0) peers->entries[index].heard_ns = now_ns;
}

void peers_seen(peers_t *peers, const endpoint_peer_t *peer, int64_t now_ns) {
  int32_t *link = link_of(peers, peer);
  if (*link < 0) {
    if (peers->n == peers->capacity) return;
    *link = peers->n++;
    peers->entries[*link] = (entry_t){.peer = *peer, .next = -1};
  }
  peers->entries[*link].heard_ns = now_ns;
}

void peers_forget(peers_t *peers, const endpoint_peer_t *peer) {
  int32_t *link = link_of(peers, peer);
  const int32_t gone = *link;
  if (gone < 0) return;
  *link = peers->entries[gone].next;
  const int32_t last = --peers->n;
  if (gone == last) return;
  /* The last entry moves into the gap: its link has to follow. */
  *link_of(peers, &peers->entries[last].peer) = gone;
  peers->entries[gone] = peers->entries[last];
}

void peers_sweep(peers_t *peers, int64_t before_ns) {
  for (int32_t i = 0; i < peers->n;) {
    if (peers->entries[i].heard_ns < before_ns) {
      const endpoint_peer_t gone = peers->entries[i].peer;
      peers_forget(peers, &gone);
    } else {
      ++i;
    }
  }
}

int32_t peers_count(const peers_t *peers) {
  return peers->n;
}
