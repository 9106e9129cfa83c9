/* faasconf/wire.h - protocol faasconf.v1: frames, messages, and their checked decoding.
 *
 * A frame is a 20-byte little-endian header (u32 magic "FCW1", u16 version, u16 type, u32 length, u32 crc32c of the
 * header's other fields and the payload, u32 flags) and a protobuf payload of package faasconf.v1. Decoding goes: size
 * cap, header, crc, protobuf into a budgeted arena, semantic validation (finite, in range, consistent counts, UTF-8
 * without NUL), plain structs. Nothing from the network is touched before it passed all of them; no input crashes, and
 * memory stays within FC_WIRE_ARENA_FACTOR x frame size + 64 KiB. proto/ is the only folder that sees generated code.
 *
 * A message is owned by its fc_wire_message_t; fc_wire_message_clear frees all of it. Any thread, never blocks.
 * The field-by-field description for other languages is docs/protocol.md.
 */
#ifndef FAASCONF_WIRE_H
#define FAASCONF_WIRE_H

#include "faasconf/digest.h"
#include "faasconf/safety.h"
#include "faasconf/transition.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
  FC_WIRE_MAGIC = 0x31574346, /* "FCW1" little-endian */
  FC_WIRE_VERSION = 1,
  FC_WIRE_HEADER_SIZE = 20,
  FC_WIRE_MAX_INGEST_BYTES = 262144, /* a frame on the ingest socket */
  FC_WIRE_MAX_RPC_BYTES = 65536,     /* a request on the RPC socket */
  FC_WIRE_MAX_REPLY_BYTES = 1048576, /* what a client or agent accepts */
  FC_WIRE_CHUNK_BYTES = 131072,      /* largest policy chunk */
  FC_WIRE_ARENA_FACTOR = 16
};

/* Bits of the header's flags; an unknown bit is refused. */
enum {
  FC_WIRE_FLAG_LOCKSTEP = 1u /* on TRANSITIONS: answer with ACK only after the learner has consumed the rows and a
                                policy that came of them is live */
};

/* X(NAME, number, protobuf message, member of fc_wire_message_t) */
#define FC_WIRE_MESSAGES(X)                      \
  X(HELLO, 1, Hello, hello)                      \
  X(WELCOME, 2, Welcome, welcome)                \
  X(TRANSITIONS, 3, Transitions, transitions)    \
  X(ACK, 4, Ack, ack)                            \
  X(HINT, 5, PolicyHint, hint)                   \
  X(PULL, 6, PolicyPull, pull)                   \
  X(CHUNK, 7, PolicyChunk, chunk)                \
  X(SAFETY_PULL, 8, SafetyPull, safety_pull)     \
  X(SAFETY, 9, SafetyRecords, safety)            \
  X(PROPOSAL, 10, Proposal, proposal)            \
  X(APPROVAL, 11, Approval, approval)            \
  X(STEP, 12, JointStep, step)                   \
  X(STEP_ACK, 13, JointStepAck, step_ack)        \
  X(RPC_REQUEST, 14, RpcRequest, rpc_request)    \
  X(RPC_RESPONSE, 15, RpcResponse, rpc_response) \
  X(REFUSAL, 16, Refusal, refusal)               \
  X(HEARTBEAT, 17, Heartbeat, heartbeat)

typedef enum {
  FC_WIRE_NONE = 0,
#define FC_WIRE_ENUM(name, number, message, member) FC_WIRE_##name = (number),
  FC_WIRE_MESSAGES(FC_WIRE_ENUM)
#undef FC_WIRE_ENUM
} fc_wire_type_t;

/* Canonical gRPC codes. */
typedef enum {
  FC_RPC_OK = 0,
  FC_RPC_CANCELLED = 1,
  FC_RPC_UNKNOWN = 2,
  FC_RPC_INVALID_ARGUMENT = 3,
  FC_RPC_DEADLINE_EXCEEDED = 4,
  FC_RPC_NOT_FOUND = 5,
  FC_RPC_ALREADY_EXISTS = 6,
  FC_RPC_PERMISSION_DENIED = 7,
  FC_RPC_RESOURCE_EXHAUSTED = 8,
  FC_RPC_FAILED_PRECONDITION = 9,
  FC_RPC_ABORTED = 10,
  FC_RPC_OUT_OF_RANGE = 11,
  FC_RPC_UNIMPLEMENTED = 12,
  FC_RPC_INTERNAL = 13,
  FC_RPC_UNAVAILABLE = 14,
  FC_RPC_DATA_LOSS = 15,
  FC_RPC_UNAUTHENTICATED = 16
} fc_rpc_code_t;
const char *fc_rpc_code_name(fc_rpc_code_t code); /* "NOT_FOUND" */
fc_rpc_code_t fc_rpc_code_from_status(fc_status_t status);
fc_status_t fc_status_from_rpc_code(fc_rpc_code_t code);

/* Ed25519 over the message's signed bytes; all zero key id = unsigned. */
typedef struct {
  uint8_t key_id[8]; /* first bytes of SHA-256 of the public key */
  uint8_t signature[FC_SIGNATURE_SIZE];
  bool present;
} fc_wire_signature_t;

/* agent -> server, first message of a session and after each reconnect. */
typedef struct {
  char agent[FC_NAME_SIZE];
  uint64_t epoch;
  uint8_t session[16]; /* random per process start */
  uint32_t min_version, max_version;
  char workflow[FC_NAME_SIZE];
  uint8_t workflow_digest[FC_DIGEST_SIZE];
  uint64_t next_sequence;
  int64_t policy_version; /* held; 0 = none */
  int32_t n_function_ids; /* partitioned workflows: functions this agent controls; 0 = all */
  int32_t *function_ids;
} fc_wire_hello_t;

/* server -> agent. */
typedef struct {
  uint32_t version;                       /* chosen */
  uint64_t acknowledged_sequence;         /* highest contiguous sequence of (agent, epoch) that is durable */
  uint64_t credit_bytes;                  /* how much may be in flight towards the server */
  int64_t policy_version;                 /* live, 0 = none */
  uint8_t server_key[FC_PUBLIC_KEY_SIZE]; /* signs policies */
  bool workflow_known;                    /* false: register it (RPC workflow.register) */
} fc_wire_welcome_t;

/* agent -> server. Floats as packed doubles; see docs/protocol.md. All of one frame are of one agent and epoch. */
typedef struct {
  int32_t n_transitions;
  fc_transition_t *transitions;
} fc_wire_transitions_t;

/* server -> agent, only after the group commit. */
typedef struct {
  char agent[FC_NAME_SIZE];
  uint64_t epoch;
  uint64_t acknowledged_sequence; /* highest contiguous */
  uint64_t selective;             /* bit i: sequence acknowledged_sequence + 2 + i is durable too */
  uint32_t n_duplicates;          /* of the batch answered */
  uint64_t credit_bytes;
  fc_rpc_code_t code; /* OK, or RESOURCE_EXHAUSTED: send again after retry_after_ms */
  uint32_t retry_after_ms;
  int64_t policy_version; /* live, for lockstep */
} fc_wire_ack_t;

/* server -> all (XPUB topic = workflow name): losing it costs nothing. */
typedef struct {
  char workflow[FC_NAME_SIZE];
  int64_t version;
  uint8_t digest[FC_DIGEST_SIZE]; /* fc_policy_digest */
  uint64_t manifest_bytes, weights_bytes;
  fc_wire_signature_t signature; /* over workflow, version, digest (docs/protocol.md) */
} fc_wire_hint_t;

/* agent -> server: bytes of a policy, counted over manifest then weights. version 0 = live. */
typedef struct {
  char workflow[FC_NAME_SIZE];
  int64_t version;
  uint64_t offset;
  uint32_t max_bytes;
} fc_wire_pull_t;

typedef struct {
  fc_wire_hint_t hint; /* of the version the chunk belongs to; version 0: there is none */
  uint64_t offset;
  size_t size;
  uint8_t *data;
} fc_wire_chunk_t;

typedef struct {
  char workflow[FC_NAME_SIZE];
  int64_t version_held;
} fc_wire_safety_pull_t;

typedef struct {
  char workflow[FC_NAME_SIZE];
  int64_t version;
  int32_t n_records;
  fc_safety_record_t *records; /* decoded ones have room for n_safe rows only: fc_safety_record_copy before changing */
} fc_wire_safety_t;

/* agent -> server: what it would do (recommend, approve). */
typedef struct {
  char agent[FC_NAME_SIZE];
  char workflow[FC_NAME_SIZE];
  uint8_t decision_digest[FC_DIGEST_SIZE];
  int64_t expires_us;
  double cost_now_usd_h, cost_proposed_usd_h;
  int32_t n_functions;
  fc_function_configuration_t *configuration; /* (N) */
  char *reason;                               /* UTF-8, at most 4 KiB */
} fc_wire_proposal_t;

/* operator -> agent, by way of the server: bound to one decision and an expiry, signed by the operator's key. */
typedef struct {
  char agent[FC_NAME_SIZE];
  uint8_t decision_digest[FC_DIGEST_SIZE];
  int64_t expires_us;
  bool approved;
  fc_wire_signature_t signature;
} fc_wire_approval_t;

/* server -> agents of a partitioned workflow: one joint step, acknowledged. */
typedef struct {
  char workflow[FC_NAME_SIZE];
  uint64_t step;
  int64_t window;
  uint8_t decision_digest[FC_DIGEST_SIZE];
  int32_t n_functions; /* entries below */
  int32_t *function_ids;
  fc_function_configuration_t *configuration;
  int64_t expires_us;
} fc_wire_step_t;

typedef struct {
  char agent[FC_NAME_SIZE];
  uint64_t step;
  bool applied;
} fc_wire_step_ack_t;

typedef struct {
  uint64_t request_id;
  char method[FC_NAME_SIZE]; /* "workflow.register", ... (rpc.h) */
  uint32_t deadline_ms;      /* relative; 0 = the server's default */
  size_t size;
  uint8_t *payload; /* protobuf of the method's request */
} fc_wire_rpc_request_t;

typedef struct {
  uint64_t request_id;
  fc_rpc_code_t code;
  char *message; /* what, where, what to do; NULL when OK */
  size_t size;
  uint8_t *payload; /* protobuf of the method's response */
} fc_wire_rpc_response_t;

/* either side: why the last message was refused. */
typedef struct {
  fc_rpc_code_t code;
  char *message;
} fc_wire_refusal_t;

typedef struct {
  uint64_t counter; /* of the application's main loop: its lease */
} fc_wire_heartbeat_t;

typedef struct {
  fc_wire_type_t type;
  uint32_t flags;
  union {
    fc_wire_hello_t hello;
    fc_wire_welcome_t welcome;
    fc_wire_transitions_t transitions;
    fc_wire_ack_t ack;
    fc_wire_hint_t hint;
    fc_wire_pull_t pull;
    fc_wire_chunk_t chunk;
    fc_wire_safety_pull_t safety_pull;
    fc_wire_safety_t safety;
    fc_wire_proposal_t proposal;
    fc_wire_approval_t approval;
    fc_wire_step_t step;
    fc_wire_step_ack_t step_ack;
    fc_wire_rpc_request_t rpc_request;
    fc_wire_rpc_response_t rpc_response;
    fc_wire_refusal_t refusal;
    fc_wire_heartbeat_t heartbeat;
  } as;
} fc_wire_message_t;

/* Growing byte string; zero-initialise, free with fc_wire_buffer_clear. */
typedef struct {
  uint8_t *data;
  size_t size;
  size_t capacity;
} fc_wire_buffer_t;
void fc_wire_buffer_clear(fc_wire_buffer_t *buffer);

/* Message -> whole frame in *frame (replaced); the same message gives the same bytes. Borrows *message. FC_EINVAL names
 * the field that would not decode; FC_EEXHAUSTED when the frame would exceed FC_WIRE_MAX_REPLY_BYTES. */
fc_status_t fc_wire_encode(const fc_wire_message_t *message, fc_wire_buffer_t *frame, fc_error_t *error);

/* Frame -> message, checked as above; at most max_bytes. On failure *message is empty (type NONE). FC_EFORMAT for
 * damage, FC_EMISMATCH for another version, FC_EEXHAUSTED for size or budget. */
fc_status_t fc_wire_decode(const uint8_t *frame, size_t size, size_t max_bytes, fc_wire_message_t *message,
                           fc_error_t *error);

/* Frees what *message owns and sets its type to NONE. */
void fc_wire_message_clear(fc_wire_message_t *message);

/* CRC-32C (Castagnoli) of data; start with crc 0. */
uint32_t fc_crc32c(uint32_t crc, const void *data, size_t size);

/* The bytes a hint's signature covers: "faasconf.v1 policy\n" workflow "\n" version (decimal) "\n" digest (hex).
 * text has room for FC_NAME_SIZE + 128. Returns the length. */
size_t fc_wire_hint_signed_bytes(const fc_wire_hint_t *hint, char *text, size_t size);

/* Transition <-> payload bytes without a frame, for the agent's spool and the store. */
fc_status_t fc_wire_encode_transition(const fc_transition_t *transition, fc_wire_buffer_t *bytes, fc_error_t *error);
fc_status_t fc_wire_decode_transition(const uint8_t *bytes, size_t size, fc_transition_t *transition,
                                      fc_error_t *error);

/* The next transition of a TRANSITIONS frame that fc_wire_decode accepted, in its order, as fc_wire_decode_transition
 * reads it: *bytes borrows the frame. *offset is 0 at first and then left alone. false: there is none left. */
bool fc_wire_next_transition(const uint8_t *frame, size_t size, size_t *offset, const uint8_t **bytes, size_t *n_bytes);

#ifdef __cplusplus
}
#endif
#endif
