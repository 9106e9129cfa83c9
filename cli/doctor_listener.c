/* doctor_listener.c - see doctor_listener.h. Lines of /proc/net/tcp: "0: 0100007F:1F90 00000000:0000 0A ... INODE" with
 * addresses as the bytes of the network read as words of this machine; 0A is LISTEN (proc_pid_net(5)). */
#include "doctor_listener.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATH_SIZE = 1024, LINE_SIZE = 512, LISTEN = 0x0A };

/* Does a listener on this address, in the hexadecimal of /proc, keep others from 127.0.0.1? */
static bool covers_loopback(const char *hex) {
  uint32_t words[4] = {0};
  const size_t n = strlen(hex) / 8;
  if (n != 1 && n != 4) return false;
  for (size_t i = 0; i < n; ++i) {
    char word[9] = {0};
    memcpy(word, hex + 8 * i, 8);
    words[i] = (uint32_t)strtoul(word, NULL, 16);
  }
  const uint32_t last = ntohl(words[n - 1]);
  if (n == 1) return last == INADDR_ANY || last == INADDR_LOOPBACK;
  const bool empty = words[0] == 0 && words[1] == 0;
  return empty && ((words[2] == 0 && last == 0) || (ntohl(words[2]) == 0xFFFF && last == INADDR_LOOPBACK));
}

static bool find_in(const char *root, const char *file, int32_t port, uint64_t *inode) {
  char path[PATH_SIZE], line[LINE_SIZE];
  bool found = false;
  if (snprintf(path, sizeof path, "%s/proc/net/%s", root, file) >= (int)sizeof path) return false;
  FILE *in = fopen(path, "re");
  while (in && !found && fgets(line, sizeof line, in)) {
    char address[64];
    unsigned number = 0, state = 0;
    uint64_t socket = 0;
    /* NOLINTNEXTLINE(cert-err34-c): written by the kernel */
    found = sscanf(line, " %*[^:]: %63[0-9A-Fa-f]:%x %*s %x %*s %*s %*s %*s %*s %" SCNu64, address, &number, &state,
                   &socket) == 4 &&
            state == LISTEN && number == (unsigned)port && covers_loopback(address);
    *inode = socket;
  }
  if (in) (void)fclose(in);
  return found;
}

/* One of the process's descriptors is that socket. */
static bool has_socket(const char *root, const char *pid, const char *socket) {
  char path[PATH_SIZE], target[64];
  if (snprintf(path, sizeof path, "%s/proc/%s/fd", root, pid) >= (int)sizeof path) return false;
  DIR *folder = opendir(path);
  bool found = false;
  for (const struct dirent *entry = folder ? readdir(folder) : NULL; entry && !found; entry = readdir(folder)) {
    const ssize_t n = readlinkat(dirfd(folder), entry->d_name, target, sizeof target - 1);
    if (n <= 0) continue;
    target[n] = '\0';
    found = strcmp(target, socket) == 0;
  }
  if (folder) (void)closedir(folder);
  return found;
}

static void read_name(const char *root, int32_t pid, char *name) {
  char path[PATH_SIZE];
  name[0] = '\0';
  if (snprintf(path, sizeof path, "%s/proc/%d/comm", root, (int)pid) >= (int)sizeof path) return;
  FILE *in = fopen(path, "re");
  if (!in) return;
  if (fgets(name, LISTENER_NAME_SIZE, in)) name[strcspn(name, "\n")] = '\0';
  (void)fclose(in);
}

static void find_process(const char *root, listener_t *listener) {
  char path[PATH_SIZE], socket[64];
  snprintf(socket, sizeof socket, "socket:[%" PRIu64 "]", listener->inode);
  if (snprintf(path, sizeof path, "%s/proc", root) >= (int)sizeof path) return;
  DIR *processes = opendir(path);
  for (const struct dirent *entry = processes ? readdir(processes) : NULL; entry; entry = readdir(processes)) {
    if (strspn(entry->d_name, "0123456789") != strlen(entry->d_name)) continue;
    if (!has_socket(root, entry->d_name, socket)) continue;
    listener->pid = (int32_t)strtol(entry->d_name, NULL, 10);
    read_name(root, listener->pid, listener->name);
    break;
  }
  if (processes) (void)closedir(processes);
}

bool listener_find(const char *root, int32_t port, listener_t *listener) {
  memset(listener, 0, sizeof *listener);
  if (!find_in(root, "tcp", port, &listener->inode) && !find_in(root, "tcp6", port, &listener->inode)) return false;
  find_process(root, listener);
  return true;
}

bool listener_is_in_group(const char *root, int32_t pid, const char *name) {
  char path[PATH_SIZE], line[PATH_SIZE], part[128];
  bool found = false;
  if (pid <= 0 || snprintf(path, sizeof path, "%s/proc/%d/cgroup", root, (int)pid) >= (int)sizeof path) return false;
  snprintf(part, sizeof part, "/%s/", name);
  FILE *in = fopen(path, "re");
  while (in && !found && fgets(line, sizeof line, in)) found = strstr(line, part) != NULL;
  if (in) (void)fclose(in);
  return found;
}
