// One input through everything that reads bytes from the network: frames as they come, frames with the checksum made
// right (so that mutations get past it), and the payload through every RPC decoder. Whatever decodes must encode again,
// and the result must decode to the same bytes. Built with libFuzzer when FAASCONF_FUZZ is on; test_replay.cc calls it
// with generated inputs in every build.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

extern "C" {
#include "faasconf/rpc.h"
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
}

namespace {

[[noreturn]] void broken(const char *rule, const fc_error_t &error) {
  fprintf(stderr, "fuzz_wire: %s: %s\n", rule, error.message);
  abort();
}

std::string taken(const fc_wire_buffer_t &buffer) {
  return std::string(reinterpret_cast<const char *>(buffer.data), buffer.size);
}

void put_u32(uint8_t *at, uint32_t value) {
  for (int i = 0; i < 4; ++i) at[i] = static_cast<uint8_t>(value >> (8 * i));
}

void frame(const uint8_t *data, size_t size) {
  fc_wire_message_t message, again;
  fc_error_t error = {};
  if (fc_wire_decode(data, size, FC_WIRE_MAX_REPLY_BYTES, &message, &error) != FC_OK) {
    if (message.type != FC_WIRE_NONE || error.message[0] == '\0') broken("a refusal without a reason", error);
    return;
  }
  fc_wire_buffer_t first = {}, second = {};
  if (fc_wire_encode(&message, &first, &error) != FC_OK) broken("decoded, does not encode", error);
  if (fc_wire_decode(first.data, first.size, FC_WIRE_MAX_REPLY_BYTES, &again, &error) != FC_OK) {
    broken("encoded, does not decode", error);
  }
  if (fc_wire_encode(&again, &second, &error) != FC_OK) broken("does not encode twice", error);
  if (taken(first) != taken(second)) broken("two encodings of one message differ", error);
  fc_wire_message_clear(&message);
  fc_wire_message_clear(&again);
  fc_wire_buffer_clear(&first);
  fc_wire_buffer_clear(&second);
}

void resealed_frame(const uint8_t *data, size_t size) {
  if (size < FC_WIRE_HEADER_SIZE) return;
  std::string copy(reinterpret_cast<const char *>(data), size);
  auto *bytes = reinterpret_cast<uint8_t *>(&copy[0]);
  put_u32(bytes, FC_WIRE_MAGIC);
  bytes[4] = FC_WIRE_VERSION, bytes[5] = 0;
  bytes[6] = static_cast<uint8_t>(bytes[6] % 18), bytes[7] = 0;
  put_u32(bytes + 8, static_cast<uint32_t>(size - FC_WIRE_HEADER_SIZE));
  put_u32(bytes + 16, bytes[16] & FC_WIRE_FLAG_LOCKSTEP);
  uint32_t crc = fc_crc32c(0, bytes, 12);
  crc = fc_crc32c(crc, bytes + 16, 4);
  put_u32(bytes + 12, fc_crc32c(crc, bytes + FC_WIRE_HEADER_SIZE, size - FC_WIRE_HEADER_SIZE));
  frame(bytes, size);
}

void payloads(const uint8_t *data, size_t size) {
#define PAYLOAD(name)                                                                           \
  {                                                                                             \
    fc_rpc_##name##_t value;                                                                    \
    fc_error_t error = {};                                                                      \
    if (fc_rpc_decode_##name(data, size, &value, &error) == FC_OK) {                            \
      fc_wire_buffer_t bytes = {};                                                              \
      if (fc_rpc_encode_##name(&value, &bytes, &error) != FC_OK) broken(#name " again", error); \
      fc_wire_buffer_clear(&bytes);                                                             \
    }                                                                                           \
    fc_rpc_##name##_clear(&value);                                                              \
  }
  FC_RPC_PAYLOADS(PAYLOAD)
#undef PAYLOAD
  fc_transition_t transition;
  if (fc_wire_decode_transition(data, size, &transition, nullptr) == FC_OK) fc_transition_clear(&transition);
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  frame(data, size);
  resealed_frame(data, size);
  if (size >= FC_WIRE_HEADER_SIZE) payloads(data + FC_WIRE_HEADER_SIZE, size - FC_WIRE_HEADER_SIZE);
  return 0;
}
