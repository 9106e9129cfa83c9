/* health.h - does a program answer on its port? And a port that is free. Plain sockets on 127.0.0.1. */
#ifndef AGENT_PLATFORMS_LOCAL_HEALTH_H
#define AGENT_PLATFORMS_LOCAL_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A port of 127.0.0.1 that nobody uses just now, at random below those that the kernel gives to outgoing connections,
 * and none of `reserved` (n_reserved), which somebody will bind later; 0 when there is none. */
int32_t health_free_port(const int32_t *reserved, int32_t n_reserved);

/* GET /health answered 200 within timeout_ms. Blocks at most that long. */
bool health_is_good(int32_t port, int timeout_ms);

#ifdef __cplusplus
}
#endif
#endif
