/* haproxy_worker.c - see haproxy_worker.h. */
#include "haproxy_worker.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NAME_SIZE = 64, LINE_SIZE = 512 };

int64_t haproxy_worker_newest(int64_t master) {
  char name[NAME_SIZE];
  snprintf(name, sizeof name, "/proc/%" PRId64 "/task/%" PRId64 "/children", master, master);
  FILE *file = fopen(name, "re");
  if (!file) return 0;
  int64_t newest = 0;
  char word[NAME_SIZE];
  while (fscanf(file, "%63s", word) == 1) newest = strtoll(word, NULL, 10); /* in the order of their creation */
  fclose(file);
  return newest;
}

/* Does `pid` have this socket among its descriptors? */
static bool has_open(int64_t pid, const char *inode) {
  char name[NAME_SIZE], socket[2 * NAME_SIZE], target[2 * NAME_SIZE];
  snprintf(name, sizeof name, "/proc/%" PRId64 "/fd", pid);
  snprintf(socket, sizeof socket, "socket:[%s]", inode);
  DIR *folder = opendir(name);
  if (!folder) return false;
  bool found = false;
  for (const struct dirent *entry; !found && (entry = readdir(folder));) {
    const ssize_t length = readlinkat(dirfd(folder), entry->d_name, target, sizeof target - 1);
    if (length <= 0) continue;
    target[length] = '\0';
    found = strcmp(target, socket) == 0;
  }
  closedir(folder);
  return found;
}

bool haproxy_worker_listens(int64_t pid, const char *path) {
  static const unsigned long listening = 0x10000; /* __SO_ACCEPTCON of the kernel's unix sockets */
  FILE *file = fopen("/proc/net/unix", "re");
  if (!file) return false;
  bool found = false;
  char line[LINE_SIZE];
  while (!found && fgets(line, sizeof line, file)) {
    char flags[NAME_SIZE], inode[NAME_SIZE];
    int at = 0; /* Num: RefCount Protocol Flags Type St Inode Path */
    if (sscanf(line, "%*s %*s %*s %63s %*s %*s %63s %n", flags, inode, &at) != 2 || at == 0) continue;
    if (strtoul(flags, NULL, 16) & listening && strncmp(line + at, path, strlen(path)) == 0)
      found = has_open(pid, inode);
  }
  fclose(file);
  return found;
}
