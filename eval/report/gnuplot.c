/* gnuplot.c - see gnuplot.h. */
#include "gnuplot.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "file.h"
#include "plain.h"

extern char **environ;

enum { PATH_BYTES = 1024, WORDS = 256 };

fc_status_t gnuplot_begin(gnuplot_t *plot, const char *name, const char *title, int width, int height,
                          fc_error_t *error) {
  *plot = (gnuplot_t){0};
  (void)snprintf(plot->name, sizeof plot->name, "%s", name);
  plot->script = open_memstream(&plot->text, &plot->size);
  if (plot->script == NULL) return fc_error_set(error, FC_ENOMEM, "%s: no memory for its script", name);
  fprintf(plot->script,
          "# gnuplot -d %s.gp\n"
          "set terminal svg size %d,%d dynamic noenhanced font 'sans-serif,14' background '#ffffff'\n"
          "set output '%s.svg'\nset encoding utf8\nset datafile missing '?'\nset grid ytics lc rgb '#cccccc'\n"
          "set border 3 lc rgb '#444444'\nset tics nomirror\nset title ",
          plot->name, width, height, plot->name);
  gnuplot_string(plot->script, title);
  fputc('\n', plot->script);
  return FC_OK;
}

/* An apostrophe becomes the typographic one: gnuplot 5.4 reads a doubled quote at the start of a string as its end. */
void gnuplot_string(FILE *script, const char *text) {
  char plain[PLAIN_SIZE];
  plain_text(text, plain, sizeof plain);
  fputc('\'', script);
  for (const char *at = plain; *at != '\0'; ++at) {
    if (*at == '\'') {
      fputs("\xe2\x80\x99", script);
    } else {
      fputc(*at, script);
    }
  }
  fputc('\'', script);
}

/* Okabe and Ito's colours, which colour-blind people can tell apart. */
const char *gnuplot_colour(int32_t i) {
  static const char *const colours[] = {"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                        "#b8860b", "#56b4e9", "#222222", "#7f7f7f"};
  return colours[(size_t)i % (sizeof colours / sizeof colours[0])];
}

int gnuplot_pattern(int32_t i) {
  static const int patterns[] = {3, 4, 1, 5, 2, 6, 7, 0};
  return patterns[i % 8];
}

int gnuplot_dash(int32_t i) {
  return (int)(i % 5) + 1;
}

int gnuplot_point(int32_t i) {
  static const int points[] = {5, 6, 9, 8, 13, 12, 7, 4, 11, 10};
  return points[i % 10];
}

void gnuplot_number(FILE *script, double number) {
  if (isfinite(number)) {
    fprintf(script, " %.8g", number);
  } else {
    fputs(" ?", script);
  }
}

/* ---- running ---- */

static fc_status_t start(const char *folder, char *const *argv, const int *ends, pid_t *pid, fc_error_t *error) {
  posix_spawn_file_actions_t actions;
  if (posix_spawn_file_actions_init(&actions) != 0) return fc_error_set(error, FC_ENOMEM, "%s: out of memory", argv[0]);
  int code = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  if (code == 0) code = posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  if (code == 0) code = posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
  if (code == 0) code = posix_spawn_file_actions_addchdir_np(&actions, folder);
  if (code == 0) code = posix_spawnp(pid, argv[0], &actions, NULL, argv, environ);
  posix_spawn_file_actions_destroy(&actions);
  if (code == ENOENT)
    return fc_error_set(error, FC_ENOTFOUND,
                        "the program %s is not installed, so that plots are missing (Debian: apt-get install "
                        "gnuplot-nox); their scripts are in %s",
                        argv[0], folder);
  return code == 0 ? FC_OK : fc_error_set(error, FC_EIO, "%s cannot be started: %s", argv[0], strerror(code));
}

/* The end of what it says, where the reason is; blanks and line ends become one blank. */
static void listen_to(int end, char words[WORDS]) {
  size_t length = 0;
  for (;;) {
    char more[256];
    const ssize_t n = read(end, more, sizeof more);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    for (ssize_t i = 0; i < n; ++i) {
      const bool is_blank = more[i] == ' ' || more[i] == '\n';
      if (is_blank && (length == 0 || words[length - 1] == ' ')) continue;
      if (length + 1 == WORDS) memmove(words, words + 1, --length);
      words[length++] = is_blank ? ' ' : more[i];
    }
  }
  words[length] = '\0';
}

static fc_status_t run(const gnuplot_t *plot, const char *folder, const char *program, fc_error_t *error) {
  char file[GNUPLOT_NAME_SIZE + 4], words[WORDS], plain[WORDS];
  (void)snprintf(file, sizeof file, "%s.gp", plot->name);
  char *argv[] = {(char *)(uintptr_t)(program != NULL ? program : "gnuplot"), (char[]){"-d"}, file, NULL};
  int ends[2], status = 0;
  pid_t pid = 0;
  if (pipe2(ends, O_CLOEXEC) != 0) return fc_error_set(error, FC_EIO, "no pipe: %s", strerror(errno));
  const fc_status_t started = start(folder, argv, ends, &pid, error);
  (void)close(ends[1]);
  if (started == FC_OK) listen_to(ends[0], words);
  (void)close(ends[0]);
  if (started != FC_OK) return started;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return FC_OK;
  plain_text(words, plain, sizeof plain);
  return fc_error_set(error, FC_ESTATE, "gnuplot failed on %s/%s: %s", folder, file, plain);
}

fc_status_t gnuplot_end(gnuplot_t *plot, const char *folder, const char *program, fc_error_t *error) {
  char path[PATH_BYTES];
  fc_status_t status = FC_OK;
  if (fclose(plot->script) != 0) {
    status = fc_error_set(error, FC_ENOMEM, "%s: no memory for its script", plot->name);
  } else if (snprintf(path, sizeof path, "%s/%s.gp", folder, plot->name) >= (int)sizeof path) {
    status = fc_error_set(error, FC_EINVAL, "%.200s...: the path is too long", folder);
  } else {
    status = file_replace(path, plot->text, plot->size, error);
  }
  free(plot->text);
  plot->text = NULL;
  return status == FC_OK ? run(plot, folder, program, error) : status;
}
