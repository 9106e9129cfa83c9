/* doctor_sim.c - platform `sim`: the embedded simulator takes the workflow, or the served one answers. */
#include "doctor.h"

#ifdef FAASCONF_WITH_PLATFORM_SIM
#include "sim.h"
#include "sim_served_socket.h"

static void check_embedded(doctor_t *doctor) {
  const settings_t *s = &doctor->settings;
  const platform_sim_options_t options = {
      .users = s->platform_users, .seed = s->platform_seed, .semantics = s->semantics};
  platform_t platform;
  fc_error_t error = {0};
  if (platform_sim_new(doctor->workflow, &options, &platform, &error) != FC_OK) {
    doctor_find(doctor, DOCTOR_FAILED, "simulation", "%s", error.message);
    doctor_remedy(doctor, "give the workflow file what the simulator needs (docs/workflow-file.md, simulator)");
    return;
  }
  platform_clear(&platform);
  doctor_find(doctor, DOCTOR_OK, "simulation", "embedded, %d %s, seed %llu; windows take no real time",
              (int)s->platform_users, s->platform_users == 1 ? "user" : "users", (unsigned long long)s->platform_seed);
}

/* Asks for the state without taking part: whoever serves says that it must be joined first. */
static void check_served(doctor_t *doctor) {
  const settings_t *s = &doctor->settings;
  sim_served_socket_t *socket = NULL;
  fc_error_t error = {0};
  const uint8_t *answer = NULL;
  size_t size = 0;
  fc_status_t status = sim_served_socket_new(s->platform_connect, fc_clock_system(), &socket, &error);
  if (status == FC_OK)
    status = sim_served_socket_ask(socket, FC_RPC_SIMULATION_STATE, doctor->timeout_ms / 1e3, &answer, &size, &error);
  if (status == FC_OK || status == FC_ESTATE) {
    doctor_find(doctor, DOCTOR_OK, "simulation", "%s serves one; whether of this workflow it says when the agent joins",
                s->platform_connect);
  } else {
    doctor_find(doctor, DOCTOR_FAILED, "simulation", "%s: %s", s->platform_connect, error.message);
    doctor_remedy(doctor, "faasconf simulate --workflow '%s' --serve %s, or correct platform.connect in %s",
                  s->workflow, s->platform_connect, doctor->config);
  }
  sim_served_socket_destroy(&socket, 0);
}

void doctor_check_sim(doctor_t *doctor) {
  if (doctor->settings.platform_connect[0] != '\0') {
    check_served(doctor);
  } else {
    check_embedded(doctor);
  }
}
#else
void doctor_check_sim(doctor_t *doctor) {
  doctor_find(doctor, DOCTOR_FAILED, "simulation", "platform sim is not in this build");
  doctor_remedy(doctor, "build with -DFAASCONF_PLATFORM_SIM=ON, or use platform local");
}
#endif
