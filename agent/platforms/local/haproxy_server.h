/* haproxy_server.h - a server as HAProxy spells it, in the file and at run time (which inherits no defaults). */
#ifndef AGENT_PLATFORMS_LOCAL_HAPROXY_SERVER_H
#define AGENT_PLATFORMS_LOCAL_HAPROXY_SERVER_H

#include "haproxy.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { HAPROXY_SERVER_SIZE = 256 };

/* Address, limit and checks into text[HAPROXY_SERVER_SIZE]. */
void haproxy_server_text(const haproxy_server_t *server, char *text);

#ifdef __cplusplus
}
#endif
#endif
