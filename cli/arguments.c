/* arguments.c - options of a command, from one table: parsing and --help. */
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"

enum { MAX_ARGUMENTS = 48, HELP_COLUMN = 30, NAME_SIZE = 80 };

/* "faasconf train", or the program that has no commands. */
static const char *called(const arguments_t *arguments, char name[NAME_SIZE]) {
  if (arguments->program != NULL) return arguments->program;
  snprintf(name, NAME_SIZE, "faasconf %s", arguments->command);
  return name;
}

static void print_help(const arguments_t *arguments) {
  char name[NAME_SIZE];
  printf("usage: %s", called(arguments, name));
  for (int i = 0; i < arguments->n_arguments; ++i) {
    const argument_t *a = &arguments->arguments[i];
    if (a->required) printf(" --%s %s", a->name, a->value);
  }
  if (arguments->positional != NULL) printf(arguments->min_positional > 0 ? " %s" : " [%s]", arguments->positional);
  printf(" [options]\n\n%s\n\noptions:\n", arguments->description);
  for (int i = 0; i < arguments->n_arguments; ++i) {
    const argument_t *a = &arguments->arguments[i];
    char left[80];
    snprintf(left, sizeof left, "--%s%s%s", a->name, a->value ? " " : "", a->value ? a->value : "");
    printf("  %-*s %s\n", HELP_COLUMN, left, a->help);
  }
  printf("  %-*s %s\n", HELP_COLUMN, "--help", "this text");
  if (arguments->examples != NULL) printf("\nexamples:\n%s\n", arguments->examples);
}

static bool complain(const arguments_t *arguments, int *exit_code) {
  char name[NAME_SIZE];
  fprintf(stderr, "       `%s --help` lists the options\n", called(arguments, name));
  *exit_code = CLI_USAGE;
  return false;
}

static bool out_of_range(const argument_t *a, double value) {
  if (!isfinite(value)) return true;
  if (a->minimum == 0 && a->maximum == 0) return false;
  return value < a->minimum || value > a->maximum;
}

static bool store_item(const arguments_t *arguments, const argument_t *a, const char *text) {
  argument_list_t *list = a->target;
  if (list->n == ARGUMENT_LIST_MAX) {
    fprintf(stderr, "faasconf %s: --%s: at most %d of them\n", arguments->command, a->name, (int)ARGUMENT_LIST_MAX);
    return false;
  }
  list->items[list->n++] = text;
  return true;
}

/* False with a complaint printed when `text` is not a value of this option. */
static bool store_value(const arguments_t *arguments, const argument_t *a, const char *text) {
  char *end = NULL, name[NAME_SIZE];
  errno = 0;
  switch (a->kind) {
    case ARGUMENT_FLAG:
      *(bool *)a->target = true;
      return true;
    case ARGUMENT_TEXT:
      *(const char **)a->target = text;
      return true;
    case ARGUMENT_LIST:
      return store_item(arguments, a, text);
    case ARGUMENT_INT: {
      const long long value = strtoll(text, &end, 10);
      if (errno == 0 && end != text && *end == '\0' && !out_of_range(a, (double)value)) {
        *(int64_t *)a->target = value;
        return true;
      }
      break;
    }
    case ARGUMENT_DOUBLE: {
      const double value = strtod(text, &end);
      if (errno == 0 && end != text && *end == '\0' && !out_of_range(a, value)) {
        *(double *)a->target = value;
        return true;
      }
      break;
    }
  }
  fprintf(stderr, "%s: --%s: expected %s", called(arguments, name), a->name,
          a->kind == ARGUMENT_INT ? "a whole number" : "a number");
  if (a->minimum != 0 || a->maximum != 0) fprintf(stderr, " between %.15g and %.15g", a->minimum, a->maximum);
  fprintf(stderr, ", found '%s'\n", text);
  return false;
}

bool arguments_parse(const arguments_t *arguments, int argc, char **argv, const char **positional, int *n_positional,
                     int *exit_code) {
  FC_ASSERT(arguments->n_arguments <= MAX_ARGUMENTS);
  struct option options[MAX_ARGUMENTS + 2];
  char name[NAME_SIZE];
  bool seen[MAX_ARGUMENTS] = {false};
  memset(options, 0, sizeof options);
  for (int i = 0; i < arguments->n_arguments; ++i) {
    options[i].name = arguments->arguments[i].name;
    options[i].has_arg = arguments->arguments[i].kind == ARGUMENT_FLAG ? no_argument : required_argument;
    options[i].val = 256 + i;
  }
  options[arguments->n_arguments].name = "help";
  options[arguments->n_arguments].val = 'h';
  optind = 0;
  opterr = 0;
  for (;;) {
    const int found = getopt_long(argc, argv, ":h", options, NULL);
    if (found == -1) break;
    if (found == 'h') {
      print_help(arguments);
      *exit_code = CLI_DONE;
      return false;
    }
    if (found == ':' || found == '?') {
      fprintf(stderr, "%s: %s '%s'\n", called(arguments, name),
              found == ':' ? "a value is missing after" : "there is no option", argv[optind - 1]);
      return complain(arguments, exit_code);
    }
    seen[found - 256] = true;
    if (!store_value(arguments, &arguments->arguments[found - 256], optarg)) return complain(arguments, exit_code);
  }
  for (int i = 0; i < arguments->n_arguments; ++i) {
    if (arguments->arguments[i].required && !seen[i]) {
      fprintf(stderr, "%s: --%s %s is needed\n", called(arguments, name), arguments->arguments[i].name,
              arguments->arguments[i].value);
      return complain(arguments, exit_code);
    }
  }
  const int rest = argc - optind;
  if (rest < arguments->min_positional || rest > arguments->max_positional) {
    if (rest > arguments->max_positional)
      fprintf(stderr, "%s: '%s' is one argument too many\n", called(arguments, name),
              argv[optind + arguments->max_positional]);
    else
      fprintf(stderr, "%s: %s is needed\n", called(arguments, name), arguments->positional);
    return complain(arguments, exit_code);
  }
  for (int i = 0; i < rest && positional != NULL; ++i) positional[i] = argv[optind + i];
  if (n_positional != NULL) *n_positional = rest;
  return true;
}

int cli_fail(const char *command, const fc_error_t *error) {
  fprintf(stderr, "faasconf %s: %s\n", command,
          error->message[0] != '\0' ? error->message : fc_status_text(error->status));
  return CLI_FAILED;
}
