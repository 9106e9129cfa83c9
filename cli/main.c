/* main.c - the `faasconf` program: finds the command and runs it. The table below is the list of all commands. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "faasconf/digest.h"

static const cli_command_t *const commands[] = {
    &cli_demo,     &cli_import,  &cli_train, &cli_simulate, &cli_generate, &cli_calibrate, &cli_compliance_curve,
    &cli_backtest, &cli_profile, &cli_eval,  &cli_load,     &cli_doctor,   &cli_register,  &cli_query,
    &cli_status,   &cli_policies};
enum { N_COMMANDS = sizeof commands / sizeof commands[0] };

static void print_help(FILE *out) {
  fprintf(out,
          "faasconf keeps a serverless workflow inside its QoS target at the lowest cost.\n\n"
          "usage: faasconf COMMAND [options]     (faasconf COMMAND --help explains each)\n\n");
  for (int i = 0; i < N_COMMANDS; ++i) fprintf(out, "  %-17s %s\n", commands[i]->name, commands[i]->summary);
  fprintf(
      out,
      "\nThe other programs: faasconfd (the server), faasconf-agent (beside your functions);\n"
      "to try things on: faasconf-function (an example function), faasconf-orchestrator (runs a workflow over them).\n"
      "Exit codes: 0 done, 1 the work failed, 2 the call was wrong.\n");
}

/* A result that could not be written (a full disk behind a redirection) is no success. */
static int ended(int code) {
  if (fflush(stdout) == 0 && ferror(stdout) == 0) return code;
  fprintf(stderr, "faasconf: the output could not be written\n");
  return code == CLI_DONE ? CLI_FAILED : code;
}

int main(int argc, char **argv) {
  signal(SIGPIPE, SIG_IGN);
  if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
    print_help(argc < 2 ? stderr : stdout);
    return argc < 2 ? CLI_USAGE : CLI_DONE;
  }
  if (strcmp(argv[1], "--version") == 0) {
    printf("faasconf %s\n", FAASCONF_VERSION);
    return CLI_DONE;
  }
  if (fc_digest_init() != FC_OK) {
    fprintf(stderr, "faasconf: libsodium cannot start: no source of randomness\n");
    return CLI_FAILED;
  }
  for (int i = 0; i < N_COMMANDS; ++i) {
    if (strcmp(argv[1], commands[i]->name) == 0) return ended(commands[i]->run(argc - 1, argv + 1));
  }
  fprintf(stderr, "faasconf: there is no command '%s'; `faasconf --help` lists them\n", argv[1]);
  return CLI_USAGE;
}
