/* doctor.c - `faasconf doctor`: what would go wrong if the agent were started now? */
#include "command.h"
#include "doctor_report.h"

static int doctor_go(doctor_t *doctor, bool json) {
  fc_error_t error = {0};
  if (doctor_init(doctor, &error) != FC_OK) return cli_fail("doctor", &error);
  doctor_run(doctor);
  if (json) {
    doctor_print_json(doctor);
  } else {
    doctor_print_text(doctor, stdout);
  }
  const int code = doctor_count(doctor, DOCTOR_FAILED) > 0 ? CLI_FAILED : CLI_DONE;
  doctor_clear(doctor);
  return code;
}

static int run(int argc, char **argv) {
  doctor_t doctor = {.root = ""};
  double timeout_s = 2;
  bool json = false;
  const argument_t options[] = {
      {"config", ARGUMENT_TEXT, &doctor.config, "FILE", "agent.yaml of the agent to be started", true, 0, 0},
      {"mode", ARGUMENT_TEXT, &doctor.mode, "MODE", "observe, recommend or auto: overrides the file, as the agent's",
       false, 0, 0},
      {"running", ARGUMENT_FLAG, &doctor.running, NULL, "the agent runs already: check it in place", false, 0, 0},
      {"server", ARGUMENT_TEXT, &doctor.rpc, "ADDRESS",
       "the server's rpc address, asked how it is (default: not asked)", false, 0, 0},
      {"timeout-s", ARGUMENT_DOUBLE, &timeout_s, "S", "seconds to wait for each answer (default 2)", false, 0.05, 60},
      {"json", ARGUMENT_FLAG, &json, NULL, "print one JSON object", false, 0, 0}};
  const arguments_t arguments = {
      .command = "doctor",
      .description =
          "Checks everything that would keep an agent from working, before it is started, and says what to do.\n"
          "Nothing is changed. Run it as the agent's user, in the folder the agent is started in.\n"
          "Exit code 0: nothing failed (warnings are allowed); 1: a check failed; 2: the call was wrong.",
      .examples =
          "  faasconf doctor --config agent.yaml\n"
          "  faasconf doctor --config agent.yaml --running --server tcp://127.0.0.1:7603 --json",
      .arguments = options,
      .n_arguments = sizeof options / sizeof options[0]};
  int code = CLI_DONE;
  if (!arguments_parse(&arguments, argc, argv, NULL, NULL, &code)) return code;
  agent_mode_t mode = AGENT_MODE_OBSERVE;
  if (doctor.mode != NULL && !agent_mode_parse(doctor.mode, &mode)) {
    fprintf(stderr, "faasconf doctor: --mode: expected observe, recommend or auto\n");
    return CLI_USAGE;
  }
  doctor.timeout_ms = (int)(timeout_s * 1000);
  return doctor_go(&doctor, json);
}

const cli_command_t cli_doctor = {"doctor", "check everything before an agent is started", run};
