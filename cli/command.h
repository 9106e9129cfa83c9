/* command.h - what a command of `faasconf` is: one file, one entry in the table of main.c.
 *
 * A command declares its options in a table; arguments_parse() reads them (getopt_long), prints --help from the same
 * table, and complains with the option's name. A command prints its result on stdout, progress and complaints on
 * stderr, and returns the exit code: 0 done, 1 the work failed, 2 the call was wrong. Nothing here exits the process.
 */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "faasconf/status.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { CLI_DONE = 0, CLI_FAILED = 1, CLI_USAGE = 2 };

typedef struct {
  const char *name;    /* "train" */
  const char *summary; /* one line for `faasconf --help` */
  /* argv[0] is the command's name. */
  int (*run)(int argc, char **argv);
} cli_command_t;

/* One entry per file cli/<name>.c. */
extern const cli_command_t cli_demo, cli_import, cli_train, cli_simulate, cli_generate, cli_calibrate,
    cli_compliance_curve, cli_backtest, cli_profile, cli_eval, cli_load, cli_doctor, cli_register, cli_query,
    cli_status, cli_policies;

/* ---- options ---- */

typedef enum {
  ARGUMENT_FLAG = 0,   /* bool *: --name */
  ARGUMENT_TEXT = 1,   /* const char **: --name VALUE; borrowed from argv */
  ARGUMENT_INT = 2,    /* int64_t * within [minimum, maximum] */
  ARGUMENT_DOUBLE = 3, /* double * within [minimum, maximum] */
  ARGUMENT_LIST = 4    /* argument_list_t *: --name VALUE, again and again; borrowed from argv */
} argument_kind_t;

enum { ARGUMENT_LIST_MAX = 32 };

typedef struct {
  const char *items[ARGUMENT_LIST_MAX]; /* in the order given */
  int32_t n;
} argument_list_t;

typedef struct {
  const char *name; /* without dashes: "store" */
  argument_kind_t kind;
  void *target;      /* keeps its value as default when the option is absent */
  const char *value; /* "DIR": how help names the value; NULL for flags */
  const char *help;  /* one line; say the default */
  bool required;
  double minimum, maximum; /* INT and DOUBLE; both 0 = any */
} argument_t;

typedef struct {
  const char *program;     /* "faasconf-function", a program without commands; NULL: faasconf COMMAND */
  const char *command;     /* "train"; NULL with a program */
  const char *description; /* a paragraph for --help */
  const char *examples;    /* lines, or NULL */
  const argument_t *arguments;
  int n_arguments;
  const char *positional; /* "FILE" when the command takes them, else NULL */
  int min_positional, max_positional;
} arguments_t;

/* Parses; -h and --help are understood everywhere. Returns true when the command should go on; otherwise *exit_code is
 * what it returns (0 after help, 2 after a complaint on stderr). positional[] (max_positional entries, may be NULL) and
 * *n_positional get the rest. */
bool arguments_parse(const arguments_t *arguments, int argc, char **argv, const char **positional, int *n_positional,
                     int *exit_code);

/* "faasconf COMMAND: sentence" on stderr; returns CLI_FAILED. */
int cli_fail(const char *command, const fc_error_t *error);

/* ---- progress ---- */

/* A line on stderr: redrawn when it is a terminal, at most ten times a second; a new one a minute otherwise. */
typedef struct {
  bool active, is_terminal;
  int64_t last_ns;
  int64_t started_ns;
  int64_t first_done; /* of the first update; below 0 before it */
  const char *what;
} progress_t;
void progress_start(progress_t *progress, const char *what);
/* total <= 0: unknown. `detail` may be NULL. With a total it says how long the rest may take: what was done at the
 * first update took no time. */
void progress_update(progress_t *progress, int64_t done, int64_t total, const char *detail);
void progress_end(progress_t *progress);

#ifdef __cplusplus
}
#endif
#endif
