// See seeds.h.
#include "seeds.h"

#include "messages.h"

namespace fc_test {

std::vector<std::string> wire_seeds(int per_type) {
  std::vector<std::string> seeds;
  for (int k = 0; k < per_type; ++k) {
    for (fc_wire_type_t type : all_types()) {
      Generator generator(static_cast<uint64_t>(k) * 1000 + type);
      Message message;
      generator.fill(type, message.get());
      seeds.push_back(encode(*message.get()));
    }
    Generator generator(static_cast<uint64_t>(k));
    fc_wire_buffer_t bytes = {};
    const auto keep = [&] {
      seeds.push_back(frame_of(FC_WIRE_HEARTBEAT, std::string(reinterpret_cast<const char *>(bytes.data), bytes.size)));
    };
    fc_rpc_decide_response_t decision = {};
    generator.decide_response(&decision);
    if (fc_rpc_encode_decide_response(&decision, &bytes, nullptr) == FC_OK) keep();
    fc_rpc_decide_response_clear(&decision);
    fc_rpc_list_response_t list = {};
    generator.list_response(&list);
    if (fc_rpc_encode_list_response(&list, &bytes, nullptr) == FC_OK) keep();
    fc_rpc_list_response_clear(&list);
    fc_rpc_status_response_t status = {};
    generator.status_response(&status);
    if (fc_rpc_encode_status_response(&status, &bytes, nullptr) == FC_OK) keep();
    fc_rpc_status_response_clear(&status);
    fc_rpc_simulation_window_response_t window = {};
    generator.observation(3, &window.observation);
    if (fc_rpc_encode_simulation_window_response(&window, &bytes, nullptr) == FC_OK) keep();
    const fc_rpc_simulation_state_t state = {1, 2, 3, window.observation.configuration};
    if (fc_rpc_encode_simulation_state(&state, &bytes, nullptr) == FC_OK) keep();
    char names[2][FC_NAME_SIZE] = {"a", "b"};
    const fc_rpc_simulation_join_request_t join = {"agent", "workflow", {}, 2, names};
    if (fc_rpc_encode_simulation_join_request(&join, &bytes, nullptr) == FC_OK) keep();
    fc_rpc_simulation_window_response_clear(&window);
    fc_wire_buffer_clear(&bytes);
  }
  return seeds;
}

}  // namespace fc_test
