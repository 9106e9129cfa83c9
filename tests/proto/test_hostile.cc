// proto/: what a hostile peer can send is refused within the memory budget and in milliseconds, and running out of
// memory at any point leaks nothing.
#include <chrono>
#include <cmath>
#include <cstring>

#include "counted_heap.h"
#include "messages.h"
#include "support.h"

using fc_test::field_bytes;
using fc_test::field_double;
using fc_test::field_varint;
using fc_test::frame_of;
using fc_test::Generator;
using fc_test::Message;

namespace {

constexpr size_t kHuge = size_t{1} << 26;

struct Result {
  fc_status_t status;
  std::string message;
  size_t peak_bytes, left_bytes;
  double seconds;
};

Result decode(const std::string &frame) {
  fc_wire_message_t message;
  fc_error_t error = {};
  const auto start = std::chrono::steady_clock::now();
  fc_test::heap_watch();
  const fc_status_t status =
      fc_wire_decode(reinterpret_cast<const uint8_t *>(frame.data()), frame.size(), kHuge, &message, &error);
  const size_t peak = fc_test::heap_use().peak_bytes;
  fc_wire_message_clear(&message);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  return {status, error.message, peak, fc_test::heap_use().live_bytes, took.count()};
}

size_t budget(const std::string &frame) {
  // malloc rounds up: a little room for the blocks' own headers.
  return static_cast<size_t>(FC_WIRE_ARENA_FACTOR) * frame.size() + 65536 + 4096;
}

void expect_refused(const std::string &frame, const char *what, fc_status_t status = FC_EFORMAT) {
  const Result r = decode(frame);
  EXPECT_EQ(status, r.status) << what << ": " << r.message;
  EXPECT_LE(r.peak_bytes, budget(frame)) << what;
  EXPECT_EQ(0u, r.left_bytes) << what;
  EXPECT_LT(r.seconds, 1.0) << what; /* a few ms; generous for sanitizers on a busy machine */
}

std::string repeat(const std::string &piece, size_t bytes) {
  std::string out;
  out.reserve(bytes + piece.size());
  while (out.size() < bytes) out += piece;
  return out;
}

// A valid Observation of one function, as raw fields.
std::string observation(int32_t n = 1) {
  std::string metrics, masks, configuration;
  for (int32_t i = 0; i < n; ++i) {
    metrics += std::string(80, '\0');
    masks += fc_test::varint(0);
    for (int k = 0; k < 4; ++k) configuration += fc_test::varint(5);
  }
  return field_varint(4, static_cast<uint64_t>(n)) + field_bytes(7, configuration) + field_varint(8, 10) +
         field_bytes(9, metrics) + field_bytes(10, masks);
}

std::string transition(const std::string &after, const std::string &more = "") {
  return field_bytes(1, "w") + field_bytes(2, "a") + field_varint(4, 1) + field_bytes(9, after) + more;
}

std::string transitions_frame(const std::string &one) {
  return frame_of(FC_WIRE_TRANSITIONS, field_bytes(1, one));
}

}  // namespace

TEST(Hostile, EightMebibytesOfEmptyPartsAreRefusedWithinTheBudget) {
  const size_t size = size_t{8} << 20;
  expect_refused(frame_of(FC_WIRE_TRANSITIONS, repeat(field_bytes(1, ""), size)), "transitions", FC_EEXHAUSTED);
  expect_refused(frame_of(FC_WIRE_SAFETY, repeat(field_bytes(3, ""), size)), "records", FC_EEXHAUSTED);
  expect_refused(frame_of(FC_WIRE_REFUSAL, repeat(field_bytes(3, ""), size)), "details", FC_EEXHAUSTED);
}

TEST(Hostile, FloodsOfOneElementFieldsAreRefusedWithinTheBudget) {
  // Unpacked repeated numbers: valid protobuf, 40 bytes of bookkeeping for two on the wire.
  expect_refused(frame_of(FC_WIRE_HELLO, repeat(field_varint(10, 1), size_t{8} << 20)), "unpacked ids", FC_EEXHAUSTED);
  expect_refused(transitions_frame(transition(repeat(field_varint(7, 1), size_t{1} << 20))), "unpacked configuration",
                 FC_EEXHAUSTED);
}

TEST(Hostile, AFloodOfUnknownFieldsIsRefusedAtTheSeventeenth) {
  std::string valid = field_varint(1, 7);
  for (int i = 0; i < 16; ++i) valid += field_varint(1000 + i, 1);
  EXPECT_EQ(FC_OK, decode(frame_of(FC_WIRE_HEARTBEAT, valid)).status);
  expect_refused(frame_of(FC_WIRE_HEARTBEAT, valid + field_varint(2000, 1)), "17 unknown");
  expect_refused(frame_of(FC_WIRE_HEARTBEAT, repeat(field_varint(1000, 1), size_t{8} << 20)), "flood");
  expect_refused(frame_of(FC_WIRE_HEARTBEAT, repeat(field_bytes(1000, ""), size_t{8} << 20)), "flood of bytes");
}

TEST(Hostile, DeepNestingCostsNoStack) {
  std::string nested;
  for (int i = 0; i < 10000; ++i) nested = field_bytes(1, nested);
  EXPECT_EQ(FC_OK, decode(frame_of(FC_WIRE_HEARTBEAT, field_bytes(9, nested))).status) << "one unknown field";
  expect_refused(frame_of(FC_WIRE_TRANSITIONS, nested), "nested where parts are");
  expect_refused(frame_of(FC_WIRE_CHUNK, nested), "nested where a hint is");
  std::string groups(100000, '\x0b'); /* start of group 1, over and over */
  expect_refused(frame_of(FC_WIRE_HEARTBEAT, groups), "groups");
}

TEST(Hostile, ImpossibleLengthsAreRefused) {
  for (uint64_t length : {uint64_t{1} << 31, (uint64_t{1} << 32) - 1, uint64_t{1} << 63, ~uint64_t{0}}) {
    const std::string tag = fc_test::varint(1 << 3 | 2);
    expect_refused(frame_of(FC_WIRE_HELLO, tag + fc_test::varint(length) + "abc"), "string");
    expect_refused(frame_of(FC_WIRE_TRANSITIONS, tag + fc_test::varint(length) + "abc"), "part");
  }
  std::string frame = frame_of(FC_WIRE_HEARTBEAT, "");
  frame[8] = frame[9] = frame[10] = '\xff', frame[11] = '\x7f'; /* payload length 2^31 - 1 in the header */
  expect_refused(frame, "header");
  expect_refused(frame_of(FC_WIRE_HEARTBEAT, std::string(11, '\xff')), "endless varint");
  expect_refused(frame_of(FC_WIRE_HEARTBEAT, std::string("\x00\x01", 2)), "field number 0");
}

TEST(Hostile, StringsWithNulOrBadUtf8OrTooLongAreRefused) {
  const auto list = [](const std::string &workflow) {
    return frame_of(FC_WIRE_PULL, field_bytes(1, workflow) + field_varint(4, 1));
  };
  EXPECT_EQ(FC_OK, decode(list("p\xc3\xa4rallel")).status);
  expect_refused(list(std::string("par\0allel", 9)), "NUL inside");
  expect_refused(list(std::string("\0", 1)), "only NUL");
  for (const char *bad : {"\xc0\x80", "\xed\xa0\x80", "\xf5\x80\x80\x80", "\xe2\x82", "\x80", "\xf8\x88\x80\x80\x80"}) {
    expect_refused(list(bad), "not UTF-8");
  }
  EXPECT_EQ(FC_OK, decode(list(std::string(63, 'x'))).status);
  expect_refused(list(std::string(64, 'x')), "64 bytes");
  expect_refused(list(std::string(5000, 'x')), "5000 bytes");
  expect_refused(list(""), "empty");
  expect_refused(list("a\x1b[2J"), "control characters");
}

TEST(Hostile, SingularFieldsGivenTwiceAndWrongWireTypesAreRefused) {
  expect_refused(frame_of(FC_WIRE_HEARTBEAT, field_varint(1, 1) + field_varint(1, 2)), "twice");
  expect_refused(frame_of(FC_WIRE_HEARTBEAT, field_bytes(1, "x")), "bytes for a number");
  expect_refused(frame_of(FC_WIRE_HEARTBEAT, field_double(1, 1.0)), "a double for a number");
  expect_refused(frame_of(FC_WIRE_REFUSAL, field_varint(1, 17)), "a code that is none");
  expect_refused(frame_of(FC_WIRE_ACK, field_bytes(1, "a") + field_varint(7, 99)), "a code that is none");
}

TEST(Hostile, DimensionsThatContradictEachOtherAreRefused) {
  ASSERT_EQ(FC_OK, decode(transitions_frame(transition(observation()))).status);
  expect_refused(transitions_frame(transition(observation(1) + field_bytes(7, "\x05"))),
                 "five numbers for one function");
  expect_refused(transitions_frame(transition(field_varint(4, 2) + observation(1).substr(2))),
                 "two functions announced");
  expect_refused(transitions_frame(transition(field_varint(4, 0))), "no function");
  expect_refused(transitions_frame(transition(field_varint(4, UINT32_MAX))), "4 billion functions");
  expect_refused(transitions_frame(transition(observation(FC_MAX_FUNCTIONS + 1))), "1025 functions");
  expect_refused(transitions_frame(transition(observation(1), field_varint(5, 1))), "flag 1 without before");
  expect_refused(transitions_frame(transition(observation(1), field_bytes(8, observation(1)))), "before without flag");
  expect_refused(transitions_frame(transition(observation(1), field_varint(5, 1) + field_bytes(8, observation(2)))),
                 "before of two, after of one");
  expect_refused(transitions_frame(transition(observation(1), field_varint(5, 64))), "an unknown flag");
  expect_refused(transitions_frame(transition(observation(1), field_bytes(10, std::string(1, 0)))),
                 "a partial transition");
  expect_refused(transitions_frame(transition(observation(1), field_double(7, -1.0))), "a negative cost");
  expect_refused(transitions_frame(transition("")), "an empty observation");
  expect_refused(transitions_frame(""), "an empty transition");
}

TEST(Hostile, AMetricOfANewerSenderIsIgnored) {
  // Eleven columns: ours, then one this version does not know.
  std::string metrics(88, '\0');
  const double value = 2.5;
  memcpy(&metrics[8 * FC_METRIC_REQUESTS], &value, sizeof value);
  memcpy(&metrics[80], &value, sizeof value);
  const std::string after = field_varint(4, 1) + field_bytes(7, "\x01\x01\x01\x01") + field_varint(8, 11) +
                            field_bytes(9, metrics) +
                            field_bytes(10, fc_test::varint(FC_METRIC_BIT(REQUESTS) | 1u << 10));
  const std::string frame = transitions_frame(transition(after));
  fc_wire_message_t message;
  fc_error_t error = {};
  ASSERT_OK(fc_wire_decode(reinterpret_cast<const uint8_t *>(frame.data()), frame.size(), kHuge, &message, &error));
  const fc_function_metrics_t *m = &message.as.transitions.transitions[0].after.metrics[0];
  EXPECT_EQ(FC_METRIC_BIT(REQUESTS), m->present);
  EXPECT_EQ(2.5, m->requests);
  fc_wire_message_clear(&message);
}

TEST(Hostile, TheLargestHonestMessagesFitTheirBudget) {
  for (int32_t n_functions : {1, 6, 64, static_cast<int>(FC_MAX_FUNCTIONS)}) {
    Message sent;
    sent->type = FC_WIRE_TRANSITIONS;
    Generator generator(9);
    std::string frame;
    // As many transitions as an ingest frame holds.
    fc_transition_t one;
    generator.transition(n_functions, &one);
    fc_wire_buffer_t bytes = {};
    ASSERT_EQ(FC_OK, fc_wire_encode_transition(&one, &bytes, nullptr));
    std::string payload;
    while (payload.size() + bytes.size + 32 < FC_WIRE_MAX_INGEST_BYTES) {
      payload += field_bytes(1, std::string(reinterpret_cast<const char *>(bytes.data), bytes.size));
    }
    const Result r = decode(frame_of(FC_WIRE_TRANSITIONS, payload));
    EXPECT_EQ(FC_OK, r.status) << n_functions << " functions: " << r.message;
    EXPECT_LE(r.peak_bytes, budget(payload));
    fc_transition_clear(&one);
    fc_wire_buffer_clear(&bytes);
  }
}

TEST(Hostile, RunningOutOfMemoryAnywhereLeaksNothing) {
  size_t points = 0;
  for (fc_wire_type_t type : fc_test::all_types()) {
    fc_test::heap_watch();
    Generator generator(40 + type);
    Message sent;
    generator.fill(type, sent.get());
    const std::string frame = fc_test::encode(*sent.get());
    for (size_t n = 1;; ++n) {
      fc_wire_message_t received;
      fc_test::heap_watch(n);
      const fc_status_t status =
          fc_wire_decode(reinterpret_cast<const uint8_t *>(frame.data()), frame.size(), kHuge, &received, nullptr);
      const bool failed = fc_test::heap_use().failed;
      fc_wire_message_clear(&received);
      ASSERT_EQ(0u, fc_test::heap_use().live_bytes) << fc_test::type_name(type) << " decode, allocation " << n;
      if (!failed) {
        ASSERT_EQ(FC_OK, status);
        break;
      }
      ASSERT_TRUE(status == FC_ENOMEM || status == FC_EEXHAUSTED) << fc_status_name(status);
      ++points;
    }
    for (size_t n = 1;; ++n) {
      fc_wire_buffer_t out = {};
      fc_test::heap_watch(n);
      const fc_status_t status = fc_wire_encode(sent.get(), &out, nullptr);
      const bool failed = fc_test::heap_use().failed;
      fc_wire_buffer_clear(&out);
      ASSERT_EQ(0u, fc_test::heap_use().live_bytes) << fc_test::type_name(type) << " encode, allocation " << n;
      if (!failed) {
        ASSERT_EQ(FC_OK, status);
        break;
      }
      ASSERT_EQ(FC_ENOMEM, status);
      ++points;
    }
  }
  fc_test::heap_watch();
  EXPECT_GT(points, 40u);
  RecordProperty("points", static_cast<int>(points));
}
