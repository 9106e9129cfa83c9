/* link_state.h - what link.c (sockets, sending, timing) and link_message.c (what messages mean) share. Internal to the
 * link: nobody else includes it. Ownership and threads as in link.h. */
#ifndef AGENT_LINK_STATE_H
#define AGENT_LINK_STATE_H

#include "link.h"
#include "pull.h"

struct link {
  const settings_t *settings;
  const fc_workflow_t *workflow;
  const ownership_t *ownership;
  uint64_t epoch;
  spool_t *spool;
  policy_cache_t *cache;
  fc_clock_t clock;
  const fc_log_t *log;

  void *context, *dealer, *subscriber, *monitor; /* of ZeroMQ */
  uint8_t session[16];
  link_state_t state;
  int64_t hello_due_ms, hello_wait_ms;
  bool refreshing;            /* greeted again on a connection that was ready */
  uint64_t announced_dropped; /* spool_dropped at the last HELLO */

  uint64_t credit_bytes, in_flight_bytes;
  int32_t in_flight;
  int64_t progress_ms; /* last acknowledgement, or first batch after none */
  int64_t retry_at_ms; /* after RESOURCE_EXHAUSTED */
  bool one_at_a_time;  /* after a refusal: find the record that is refused */

  int64_t live_version;
  int64_t wanted;          /* version being pulled; 0 = none */
  int64_t refused_version; /* last one that was not accepted: not asked for again */
  pull_t pull;
  int64_t pull_due_ms;
  int32_t pull_tries;

  bool awaits_records;
  int64_t records_version, records_due_ms;
  fc_wire_message_t records_message; /* owns news.records */

  fc_wire_buffer_t frame, payload;
  link_news_t news;
  link_counters_t counters;
};

int64_t link_now_ms(const link_t *link);
/* Encodes and sends without blocking; false when it could not be handed to the socket. */
bool link_send(link_t *link, const fc_wire_message_t *message);
void link_count_in_flight(link_t *link);
/* A policy version is live over there: starts pulling it when it is newer than what is held. */
void link_want(link_t *link, int64_t version);
void link_send_pull(link_t *link);
/* One received frame: decoded, checked, acted on. */
void link_take_frame(link_t *link, const uint8_t *frame, size_t size, bool from_hints);

#endif
