/* doctor_server.c - the server of agent.yaml: there, knows this workflow, signs with the trusted key, has a policy. */
#include <inttypes.h>
#include <string.h>

#include "doctor.h"
#include "faasconf/client.h"
#include "policy_cache.h"
#include "probe.h"

static void say_none(doctor_t *doctor) {
  const settings_t *s = &doctor->settings;
  policy_cache_t cache;
  const bool decides = doctor->has_folder &&
                       policy_cache_open(&doctor->folder, doctor->workflow, NULL, &cache, NULL) == FC_OK &&
                       cache.held > 0;
  if (s->mode == AGENT_MODE_OBSERVE || decides) {
    doctor_find(doctor, DOCTOR_OK, "server", "none: transitions stay in the spool (%" PRId64 " MiB at most)",
                s->spool_max_bytes >> 20);
    return;
  }
  doctor_find(doctor, DOCTOR_WARNING, "server", "none, and no policy is held: the agent has nothing to decide with");
  doctor_remedy(doctor,
                "name one in %s: server: {ingest: \"tcp://127.0.0.1:7601\", hints: \"tcp://127.0.0.1:7602\"} and "
                "security: {insecure_loopback: true}",
                doctor->config);
}

static void check_key(doctor_t *doctor, const fc_wire_welcome_t *welcome) {
  const settings_t *s = &doctor->settings;
  char hex[FC_HEX_SIZE];
  policy_cache_t cache = {0};
  fc_hex(welcome->server_key, FC_PUBLIC_KEY_SIZE, hex);
  const bool opened =
      doctor->has_folder && policy_cache_open(&doctor->folder, doctor->workflow,
                                              s->has_public_key ? s->public_key : NULL, &cache, NULL) == FC_OK;
  const uint8_t *pinned = s->has_public_key ? s->public_key : opened && cache.has_key ? cache.key : NULL;
  if (!pinned) {
    doctor_find(doctor, DOCTOR_WARNING, "server key", "no key is pinned: the first one that answers will be trusted");
    doctor_remedy(doctor, "when it is the right server, pin it in %s: server.public_key: \"%s\"", doctor->config, hex);
  } else if (memcmp(pinned, welcome->server_key, FC_PUBLIC_KEY_SIZE) != 0) {
    doctor_find(doctor, DOCTOR_FAILED, "server key", "the server signs with another key than the trusted one: %s", hex);
    if (s->has_public_key) {
      doctor_remedy(doctor, "when that really is its key, set server.public_key in %s to it", doctor->config);
    } else {
      doctor_remedy(doctor, "when that really is its new key: rm '%s/trust.json'", s->state);
    }
  } else {
    doctor_find(doctor, DOCTOR_OK, "server key", "%.16s..., as pinned in %s", hex,
                s->has_public_key ? doctor->config : "trust.json");
  }
}

static void check_welcome(doctor_t *doctor, const fc_wire_welcome_t *welcome) {
  const settings_t *s = &doctor->settings;
  const char *name = doctor->workflow->name;
  check_key(doctor, welcome);
  if (!welcome->workflow_known) {
    doctor_find(doctor, DOCTOR_FAILED, "server", "%s answers, but does not know workflow %s with this content",
                s->ingest, name);
    doctor_remedy(doctor, "faasconf register --workflow '%s'%s%s", s->workflow, doctor->rpc ? " --server " : "",
                  doctor->rpc ? doctor->rpc : "");
  } else if (welcome->policy_version == 0 && s->mode != AGENT_MODE_OBSERVE) {
    doctor_find(doctor, DOCTOR_WARNING, "server",
                "%s knows workflow %s; no policy is live yet: the agent holds until one is", s->ingest, name);
    doctor_remedy(doctor, "run the agent: the server learns one from its transitions (faasconf policies shows them)");
  } else {
    doctor_find(doctor, DOCTOR_OK, "server", "%s knows workflow %s; live policy: version %" PRId64, s->ingest, name,
                welcome->policy_version);
  }
}

static void check_hints(doctor_t *doctor) {
  const settings_t *s = &doctor->settings;
  fc_error_t error = {0};
  if (s->hints[0] == '\0' || probe_hints(s->hints, doctor->timeout_ms, &error) == FC_OK) return;
  doctor_find(doctor, DOCTOR_WARNING, "server hints", "%s: %s: new policies are noticed later", s->hints,
              error.message);
  doctor_remedy(doctor, "set server.hints in %s to the server's hints address (its ready line names it)",
                doctor->config);
}

static void check_rpc(doctor_t *doctor) {
  fc_client_t *client = NULL;
  fc_error_t error = {0};
  fc_rpc_status_response_t status = {0};
  fc_status_t asked = fc_client_new(doctor->rpc, doctor->timeout_ms, &client, &error);
  if (asked == FC_OK) asked = fc_client_status(client, &status, &error);
  if (asked != FC_OK) {
    doctor_find(doctor, DOCTOR_FAILED, "server rpc", "%s", error.message);
    doctor_remedy(doctor, "give --server the rpc address of server.yaml, or start faasconfd");
  } else if (status.degraded) {
    doctor_find(doctor, DOCTOR_WARNING, "server rpc", "the server is degraded: %s", status.problem);
    doctor_remedy(doctor, "see its log; faasconf status --server %s", doctor->rpc);
  } else {
    doctor_find(doctor, DOCTOR_OK, "server rpc", "faasconfd %s, store %s, %d workflows, %" PRIu64 " transitions",
                status.program_version, status.store, (int)status.n_workflows, status.transitions_stored);
  }
  fc_rpc_status_response_clear(&status);
  if (client) fc_client_destroy(&client);
}

void doctor_check_server(doctor_t *doctor) {
  const settings_t *s = &doctor->settings;
  if (!s->has_server) {
    say_none(doctor);
  } else {
    probe_t probe;
    fc_error_t error = {0};
    const fc_status_t status = probe_server(s->ingest, doctor->workflow, doctor->timeout_ms, &probe, &error);
    if (status == FC_OK) {
      check_welcome(doctor, &probe.welcome);
      check_hints(doctor);
    } else {
      doctor_find(doctor, probe.is_connected ? DOCTOR_FAILED : DOCTOR_WARNING, "server", "%s: %s", s->ingest,
                  error.message);
      doctor_remedy(doctor,
                    probe.is_connected
                        ? "is server.ingest in %s the server's ingest address (not hints, not rpc), of this version?"
                        : "start faasconfd, or correct server.ingest in %s; until then the agent goes on without",
                    doctor->config);
    }
  }
  if (doctor->rpc) check_rpc(doctor);
}
