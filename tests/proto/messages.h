// Random valid messages of every type, their text form, and raw protobuf bytes: what the wire tests are made of.
#pragma once
#include <functional>
#include <random>
#include <string>
#include <vector>

extern "C" {
#include "faasconf/rpc.h"
#include "faasconf/wire.h"
}

namespace fc_test {

// All message types, HELLO to HEARTBEAT.
std::vector<fc_wire_type_t> all_types();
const char *type_name(fc_wire_type_t type);

// A message that owns its parts, like a decoded one.
class Message {
 public:
  Message() = default;
  ~Message() { fc_wire_message_clear(&message_); }
  Message(const Message &) = delete;
  Message &operator=(const Message &) = delete;
  fc_wire_message_t *operator->() { return &message_; }
  fc_wire_message_t *get() { return &message_; }

 private:
  fc_wire_message_t message_ = {};
};

// Valid contents drawn from a seed; array lengths, presence bits and texts vary.
class Generator {
 public:
  explicit Generator(uint64_t seed) : random_(seed) {}
  void fill(fc_wire_type_t type, fc_wire_message_t *message);
  void transition(int32_t n_functions, fc_transition_t *out);
  void observation(int32_t n_functions, fc_observation_t *out);
  void decide_response(fc_rpc_decide_response_t *out);
  void list_response(fc_rpc_list_response_t *out);
  void status_response(fc_rpc_status_response_t *out);
  int64_t integer(int64_t low, int64_t high);
  double number();
  uint64_t bits() { return random_(); }
  void bytes(void *out, size_t size);
  void name(char out[FC_NAME_SIZE]);
  char *text(size_t most);
  fc_function_configuration_t *configuration(int32_t n);

 private:
  void hint(fc_wire_hint_t *hint);
  void signature(fc_wire_signature_t *signature);
  void safety(fc_wire_safety_t *safety);
  void control(fc_wire_type_t type, fc_wire_message_t *message);
  void session(fc_wire_type_t type, fc_wire_message_t *message);
  int32_t *function_ids(int32_t n);
  std::mt19937_64 random_;
};

// Every field of a message, one per line; absent values are not shown.
std::string describe(const fc_wire_message_t &message);
std::string describe(const fc_transition_t &transition);
std::string describe(const fc_observation_t &observation);
std::string describe(const fc_rpc_decide_response_t &response);
std::string describe(const fc_rpc_list_response_t &response);
std::string describe(const fc_rpc_status_response_t &response);

// Calls visit(name, pointer) for every double of the message that travels.
void for_each_double(fc_wire_message_t *message, const std::function<void(const std::string &, double *)> &visit);

// A frame as a string; FAIL()s the test when it does not encode.
std::string encode(const fc_wire_message_t &message);

// Header of `type` before `payload`, with the right length and crc: a frame a hostile peer could send.
std::string frame_of(uint16_t type, const std::string &payload, uint16_t version = FC_WIRE_VERSION, uint32_t flags = 0);
// The same frame with its length and crc made right again.
std::string reseal(std::string frame);

// Raw protobuf: one field.
std::string varint(uint64_t value);
std::string field_varint(int number, uint64_t value);
std::string field_bytes(int number, const std::string &value);
std::string field_double(int number, double value);

}  // namespace fc_test
