// proto/wire*.c: every message there and back, and every way a frame can be wrong.
#include <cmath>
#include <cstring>
#include <limits>

#include "messages.h"
#include "support.h"

using fc_test::describe;
using fc_test::encode;
using fc_test::Generator;
using fc_test::Message;

namespace {

fc_status_t decode(const std::string &frame, fc_wire_message_t *out, fc_error_t *error = nullptr,
                   size_t max_bytes = FC_WIRE_MAX_REPLY_BYTES) {
  return fc_wire_decode(reinterpret_cast<const uint8_t *>(frame.data()), frame.size(), max_bytes, out, error);
}

}  // namespace

TEST(Wire, EveryMessageSurvivesTheRoundTripWithRandomContents) {
  for (fc_wire_type_t type : fc_test::all_types()) {
    for (uint64_t seed = 0; seed < 60; ++seed) {
      Generator generator(seed * 100 + type);
      Message sent, received;
      generator.fill(type, sent.get());
      const std::string frame = encode(*sent.get());
      fc_error_t error = {};
      ASSERT_OK(decode(frame, received.get(), &error));
      ASSERT_EQ(describe(*sent.get()), describe(*received.get()));
      ASSERT_EQ(frame, encode(*received.get())) << "encoding is not deterministic";
    }
  }
}

TEST(Wire, HeaderIsTwentyLittleEndianBytes) {
  Message heartbeat;
  heartbeat->type = FC_WIRE_HEARTBEAT;
  heartbeat->as.heartbeat.counter = 1;
  const std::string frame = encode(*heartbeat.get());
  ASSERT_EQ(22u, frame.size());
  /* The example of docs/protocol.md, which the Python client reproduces too. */
  EXPECT_EQ(std::string("\x8e\x85\x58\xb1", 4), frame.substr(12, 4));
  EXPECT_EQ("FCW1", frame.substr(0, 4));
  EXPECT_EQ(std::string("\x01\x00\x11\x00\x02\x00\x00\x00", 8), frame.substr(4, 8));
  EXPECT_EQ(std::string("\x00\x00\x00\x00\x08\x01", 6), frame.substr(16));
  EXPECT_EQ(frame, fc_test::reseal(frame)) << "the crc is not over header and payload";
}

TEST(Wire, EveryTruncationIsRefused) {
  for (fc_wire_type_t type : fc_test::all_types()) {
    Generator generator(type);
    Message sent;
    generator.fill(type, sent.get());
    const std::string frame = encode(*sent.get());
    for (size_t size = 0; size < frame.size(); ++size) {
      Message received;
      ASSERT_EQ(FC_EFORMAT, decode(frame.substr(0, size), received.get()))
          << fc_test::type_name(type) << " at " << size;
      ASSERT_EQ(FC_WIRE_NONE, received->type);
    }
  }
}

TEST(Wire, EveryTruncationWithARightChecksumIsRefusedOrAWholeMessage) {
  for (fc_wire_type_t type : fc_test::all_types()) {
    Generator generator(1000 + type);
    Message sent;
    generator.fill(type, sent.get());
    const std::string frame = encode(*sent.get());
    for (size_t size = FC_WIRE_HEADER_SIZE; size < frame.size(); ++size) {
      Message received;
      if (decode(fc_test::reseal(frame.substr(0, size)), received.get()) != FC_OK) continue;
      const std::string again = encode(*received.get()); /* what was let in is valid */
      ASSERT_FALSE(again.empty());
    }
  }
}

TEST(Wire, EveryFlippedBitIsSeen) {
  for (fc_wire_type_t type : fc_test::all_types()) {
    Generator generator(type);
    Message sent;
    generator.fill(type, sent.get());
    std::string frame = encode(*sent.get());
    for (size_t at = 0; at < frame.size(); ++at) {
      for (int bit = 0; bit < 8; ++bit) {
        frame[at] = static_cast<char>(frame[at] ^ (1 << bit));
        Message received;
        ASSERT_NE(FC_OK, decode(frame, received.get())) << fc_test::type_name(type) << " byte " << at << " bit " << bit;
        frame[at] = static_cast<char>(frame[at] ^ (1 << bit));
      }
    }
  }
}

TEST(Wire, EveryChangedByteWithARightChecksumIsRefusedOrValid) {
  for (fc_wire_type_t type : fc_test::all_types()) {
    Generator generator(type + 77);
    Message sent;
    generator.fill(type, sent.get());
    const std::string frame = encode(*sent.get());
    for (size_t at = FC_WIRE_HEADER_SIZE; at < frame.size(); ++at) {
      for (int change : {0x01, 0x80, 0xff}) {
        std::string changed = frame;
        changed[at] = static_cast<char>(changed[at] ^ change);
        Message received;
        if (decode(fc_test::reseal(changed), received.get()) == FC_OK) {
          ASSERT_FALSE(encode(*received.get()).empty());
        }
      }
    }
  }
}

TEST(Wire, AnotherVersionIsAMismatchAndNamed) {
  Message received;
  fc_error_t error = {};
  const std::string payload = fc_test::field_varint(1, 5);
  EXPECT_EQ(FC_EMISMATCH, decode(fc_test::frame_of(FC_WIRE_HEARTBEAT, payload, 2), received.get(), &error));
  EXPECT_STREQ("frame of protocol version 2; this side speaks version 1", error.message);
  EXPECT_EQ(FC_EMISMATCH, decode(fc_test::frame_of(FC_WIRE_HEARTBEAT, payload, 0), received.get()));
  EXPECT_EQ(FC_OK, decode(fc_test::frame_of(FC_WIRE_HEARTBEAT, payload), received.get()));
}

TEST(Wire, UnknownTypesAndFlagsAreRefused) {
  Message received;
  EXPECT_EQ(FC_EFORMAT, decode(fc_test::frame_of(0, ""), received.get()));
  EXPECT_EQ(FC_EFORMAT, decode(fc_test::frame_of(18, ""), received.get()));
  EXPECT_EQ(FC_EFORMAT, decode(fc_test::frame_of(0xffff, ""), received.get()));
  EXPECT_EQ(FC_EMISMATCH, decode(fc_test::frame_of(FC_WIRE_HEARTBEAT, "", 1, 2), received.get()));
  EXPECT_EQ(FC_OK, decode(fc_test::frame_of(FC_WIRE_HEARTBEAT, "", 1, FC_WIRE_FLAG_LOCKSTEP), received.get()));
  EXPECT_EQ(static_cast<uint32_t>(FC_WIRE_FLAG_LOCKSTEP), received->flags);
}

TEST(Wire, FramesOverTheCapAreRefusedBeforeAnythingElse) {
  Message received;
  fc_error_t error = {};
  const std::string garbage(1001, 'x');
  EXPECT_EQ(FC_EEXHAUSTED, decode(garbage, received.get(), &error, 1000));
  EXPECT_STREQ("a frame of 1001 bytes; at most 1000 are accepted here", error.message);
  EXPECT_EQ(FC_EFORMAT, decode(garbage, received.get(), &error, 1001));
}

TEST(Wire, NaNAndInfinityAreRefusedInEveryFloatFieldBothWays) {
  const double bad[] = {std::nan(""), std::numeric_limits<double>::infinity(),
                        -std::numeric_limits<double>::infinity()};
  // A bit pattern that no generated number has, so that it can be found in the frame.
  const double marker = 0.12345678901234567;
  std::map<std::string, int> tried;
  for (fc_wire_type_t type : {FC_WIRE_TRANSITIONS, FC_WIRE_SAFETY, FC_WIRE_PROPOSAL}) {
    for (uint64_t seed = 1; seed <= 6; ++seed) {
      Generator generator(seed);
      Message sent;
      generator.fill(type, sent.get());
      fc_test::for_each_double(sent.get(), [&](const std::string &name, double *value) {
        if (tried[name] >= 6) return;
        const double saved = *value;
        const bool bounded = name == "ub_usd_h"; /* the marker would be below lb */
        *value = bounded ? saved : marker;
        const std::string frame = encode(*sent.get());
        const std::string pattern(reinterpret_cast<const char *>(value), sizeof *value);
        const size_t at = frame.find(pattern);
        ASSERT_NE(std::string::npos, at) << name;
        for (double number : bad) {
          std::string changed = frame;
          changed.replace(at, sizeof number, reinterpret_cast<const char *>(&number), sizeof number);
          Message received;
          fc_error_t error = {};
          EXPECT_EQ(FC_EFORMAT, decode(fc_test::reseal(changed), received.get(), &error)) << name;
          EXPECT_NE(nullptr, strstr(error.message, "not a finite number")) << error.message;
          *value = number;
          fc_wire_buffer_t out = {};
          EXPECT_EQ(FC_EINVAL, fc_wire_encode(sent.get(), &out, nullptr)) << name;
          fc_wire_buffer_clear(&out);
        }
        *value = saved;
        ++tried[name];
      });
    }
  }
  // Two observations of 6 numbers and 10 metrics each, cost; four kinds in records; two in proposals.
  EXPECT_EQ(2u * (6 + 10) + 1 + 4 + 2, tried.size());
}

TEST(Wire, AbsentMetricsAreNeitherZeroNorSent) {
  Message sent, received;
  sent->type = FC_WIRE_TRANSITIONS;
  sent->as.transitions.transitions = static_cast<fc_transition_t *>(calloc(1, sizeof(fc_transition_t)));
  sent->as.transitions.n_transitions = 1;
  fc_transition_t *t = sent->as.transitions.transitions;
  Generator(3).transition(2, t);
  t->after.metrics[1].present = FC_METRIC_BIT(REQUESTS);
  t->after.metrics[1].requests = 0.0; /* seen, and none came */
  t->after.metrics[1].latency_p95_s = std::nan("");
  fc_error_t error = {};
  ASSERT_OK(decode(encode(*sent.get()), received.get(), &error));
  const fc_function_metrics_t *m = &received->as.transitions.transitions[0].after.metrics[1];
  EXPECT_EQ(FC_METRIC_BIT(REQUESTS), m->present);
  EXPECT_EQ(0.0, m->latency_p95_s);
}

TEST(Wire, InvalidContentsAreNamedAndNotSent) {
  fc_wire_buffer_t out = {};
  fc_error_t error = {};
  Message hello;
  Generator(1).fill(FC_WIRE_HELLO, hello.get());
  hello->as.hello.agent[0] = '\0';
  EXPECT_EQ(FC_EINVAL, fc_wire_encode(hello.get(), &out, &error));
  EXPECT_STREQ("Hello.agent: a name of 1 to 63 bytes was expected", error.message);
  EXPECT_EQ(FC_EINVAL, error.status);
  EXPECT_EQ(0u, out.size);
  memset(hello->as.hello.agent, 'a', FC_NAME_SIZE); /* no NUL */
  EXPECT_EQ(FC_EINVAL, fc_wire_encode(hello.get(), &out, &error));
  strcpy(hello->as.hello.agent, "a\nb");
  EXPECT_EQ(FC_EINVAL, fc_wire_encode(hello.get(), &out, &error));
  strcpy(hello->as.hello.agent, "\xff\xfe");
  EXPECT_EQ(FC_EINVAL, fc_wire_encode(hello.get(), &out, &error));
  strcpy(hello->as.hello.agent, "agent");
  EXPECT_EQ(FC_OK, fc_wire_encode(hello.get(), &out, &error));
  hello->as.hello.max_version = 0;
  EXPECT_EQ(FC_EINVAL, fc_wire_encode(hello.get(), &out, &error));
  hello->type = FC_WIRE_NONE;
  EXPECT_EQ(FC_EINVAL, fc_wire_encode(hello.get(), &out, &error));
  hello->type = FC_WIRE_HELLO;
  fc_wire_buffer_clear(&out);
}

TEST(Wire, AFrameOfTransitionsIsOfOneAgentAndEpoch) {
  Message sent;
  sent->type = FC_WIRE_TRANSITIONS;
  sent->as.transitions.transitions = static_cast<fc_transition_t *>(calloc(2, sizeof(fc_transition_t)));
  sent->as.transitions.n_transitions = 2;
  fc_transition_t *t = sent->as.transitions.transitions;
  Generator(3).transition(2, &t[0]);
  Generator(3).transition(2, &t[1]);
  fc_wire_buffer_t out = {};
  EXPECT_EQ(FC_OK, fc_wire_encode(sent.get(), &out, nullptr));
  t[1].epoch += 1;
  EXPECT_EQ(FC_EINVAL, fc_wire_encode(sent.get(), &out, nullptr));
  fc_wire_buffer_clear(&out);
}

TEST(Wire, TransitionsStandAloneForSpoolAndStore) {
  for (int32_t n : {1, 6, static_cast<int>(FC_MAX_FUNCTIONS)}) {
    fc_transition_t sent, received;
    Generator(static_cast<uint64_t>(n)).transition(n, &sent);
    fc_wire_buffer_t bytes = {};
    fc_error_t error = {};
    ASSERT_OK(fc_wire_encode_transition(&sent, &bytes, &error));
    EXPECT_LT(bytes.size, static_cast<size_t>(FC_WIRE_MAX_INGEST_BYTES)) << "the largest transition fits a frame";
    ASSERT_OK(fc_wire_decode_transition(bytes.data, bytes.size, &received, &error));
    EXPECT_EQ(describe(sent), describe(received));
    fc_transition_clear(&sent);
    fc_transition_clear(&received);
    fc_wire_buffer_clear(&bytes);
  }
}

TEST(Wire, AFrameHoldsItsTransitionsAsTheyAreStored) {
  Message sent;
  sent->type = FC_WIRE_TRANSITIONS;
  sent->as.transitions.transitions = static_cast<fc_transition_t *>(calloc(3, sizeof(fc_transition_t)));
  sent->as.transitions.n_transitions = 3;
  for (int32_t i = 0; i < 3; ++i) {
    fc_transition_t *t = &sent->as.transitions.transitions[i];
    Generator(3).transition(2 + i, t);
    t->sequence = static_cast<uint64_t>(1 + i);
    t->epoch = 7;
    snprintf(t->agent, sizeof t->agent, "one");
  }
  fc_wire_buffer_t frame = {}, bytes = {};
  ASSERT_EQ(FC_OK, fc_wire_encode(sent.get(), &frame, nullptr));
  std::string with_unknown(reinterpret_cast<const char *>(frame.data), frame.size);
  with_unknown.insert(FC_WIRE_HEADER_SIZE, "\x10\x07\x1a\x02zz", 6);  // fields 2 and 3: of a newer sender
  for (const std::string &whole : {std::string(reinterpret_cast<const char *>(frame.data), frame.size), with_unknown}) {
    const auto *data = reinterpret_cast<const uint8_t *>(whole.data());
    size_t offset = 0, size = 0;
    const uint8_t *found = nullptr;
    for (int32_t i = 0; i < 3; ++i) {
      ASSERT_TRUE(fc_wire_next_transition(data, whole.size(), &offset, &found, &size));
      ASSERT_EQ(FC_OK, fc_wire_encode_transition(&sent->as.transitions.transitions[i], &bytes, nullptr));
      EXPECT_EQ(std::string(reinterpret_cast<const char *>(bytes.data), bytes.size),
                std::string(reinterpret_cast<const char *>(found), size));
    }
    EXPECT_FALSE(fc_wire_next_transition(data, whole.size(), &offset, &found, &size));
  }
  size_t offset = 0, size = 0;
  const uint8_t *found = nullptr;
  EXPECT_FALSE(fc_wire_next_transition(frame.data, frame.size / 4, &offset, &found, &size)) << "cut off";
  fc_wire_buffer_clear(&frame);
  fc_wire_buffer_clear(&bytes);
}

TEST(Wire, TheSignedBytesOfAHintAreItsWorkflowVersionAndDigest) {
  fc_wire_hint_t hint = {};
  strcpy(hint.workflow, "parallel");
  hint.version = 17;
  memset(hint.digest, 0xab, sizeof hint.digest);
  char text[FC_NAME_SIZE + 128];
  const size_t size = fc_wire_hint_signed_bytes(&hint, text, sizeof text);
  std::string digest;
  for (int i = 0; i < 32; ++i) digest += "ab";
  EXPECT_EQ("faasconf.v1 policy\nparallel\n17\n" + digest, std::string(text, size));
}

TEST(Wire, CodesAndStatusesMapOntoEachOther) {
  for (int code = 0; code <= 16; ++code) {
    const auto c = static_cast<fc_rpc_code_t>(code);
    EXPECT_STRNE("", fc_rpc_code_name(c));
    EXPECT_EQ(code == 0, fc_status_from_rpc_code(c) == FC_OK);
  }
  EXPECT_STREQ("NOT_FOUND", fc_rpc_code_name(FC_RPC_NOT_FOUND));
  EXPECT_STREQ("UNAUTHENTICATED", fc_rpc_code_name(FC_RPC_UNAUTHENTICATED));
  EXPECT_STREQ("UNKNOWN", fc_rpc_code_name(static_cast<fc_rpc_code_t>(99)));
  EXPECT_EQ(FC_RPC_NOT_FOUND, fc_rpc_code_from_status(FC_ENOTFOUND));
  EXPECT_EQ(FC_RPC_DEADLINE_EXCEEDED, fc_rpc_code_from_status(FC_ETIMEOUT));
  EXPECT_EQ(FC_RPC_RESOURCE_EXHAUSTED, fc_rpc_code_from_status(FC_EEXHAUSTED));
  EXPECT_EQ(FC_ETIMEOUT, fc_status_from_rpc_code(FC_RPC_DEADLINE_EXCEEDED));
#define STATUS(name, code, text) EXPECT_EQ((code) == 0, fc_rpc_code_from_status(FC_##name) == FC_RPC_OK);
  FC_STATUS_MAP(STATUS)
#undef STATUS
}
