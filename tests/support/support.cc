// Implementation of support.h: plain POSIX, no shell.
#include "support.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

extern char **environ;

namespace fc_test {
namespace fs = std::filesystem;

std::string shared_file(const std::string &relative) {
  const char *from_environment = std::getenv("FAASCONF_SHARED");
  const fs::path base = from_environment ? fs::path(from_environment) : fs::path(FAASCONF_SOURCE_DIR) / ".." / "shared";
  const fs::path path = base / relative;
  std::error_code ignored;
  return fs::exists(path, ignored) ? path.string() : "";
}

std::string source_file(const std::string &relative) {
  const char *elsewhere = std::getenv("FAASCONF_SOURCE_DIR");  // programs that were copied to another machine
  return (fs::path(elsewhere != nullptr ? elsewhere : FAASCONF_SOURCE_DIR) / relative).string();
}
std::string program(const std::string &name) {
  return (fs::path(FAASCONF_BIN_DIR) / name).string();
}

TemporaryFolder::TemporaryFolder() {
  std::string pattern = (fs::temp_directory_path() / "faasconf-test-XXXXXX").string();
  if (!mkdtemp(pattern.data())) throw std::runtime_error("mkdtemp failed");
  path_ = pattern;
}
TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}
std::string TemporaryFolder::path(const std::string &name) const {
  return name.empty() ? path_ : path_ + "/" + name;
}

std::string read_file(const std::string &path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream content;
  content << in.rdbuf();
  return content.str();
}
size_t files_in(const std::string &folder) {
  const auto entries = std::filesystem::directory_iterator(folder);
  return static_cast<size_t>(std::distance(begin(entries), end(entries)));
}

void write_file(const std::string &path, const std::string &content) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << content;
}

namespace {
double now_s() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}
int spawn(const std::vector<std::string> &argv, const std::string &in, const std::string &out, const std::string &err) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, in.c_str(), O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, out.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  posix_spawn_file_actions_addopen(&actions, 2, err.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  std::vector<char *> arguments;
  for (const auto &a : argv) arguments.push_back(const_cast<char *>(a.c_str()));
  arguments.push_back(nullptr);
  pid_t pid = -1;
  const int failed = posix_spawn(&pid, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  return failed ? -1 : pid;
}
int exit_code(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
void pause_briefly() {
  poll(nullptr, 0, 5);
}
}  // namespace

Finished run(const std::vector<std::string> &argv, const std::string &stdin_text, int timeout_s) {
  TemporaryFolder folder;
  write_file(folder.path("in"), stdin_text);
  const int pid = spawn(argv, folder.path("in"), folder.path("out"), folder.path("err"));
  if (pid < 0) return {127, "", "cannot start " + argv[0]};
  const double deadline = now_s() + timeout_s;
  int status = 0;
  while (waitpid(pid, &status, WNOHANG) == 0) {
    if (now_s() > deadline) {
      kill(pid, SIGKILL);
      waitpid(pid, &status, 0);
      return {128 + SIGKILL, read_file(folder.path("out")), read_file(folder.path("err")) + "\n[timed out]"};
    }
    pause_briefly();
  }
  return {exit_code(status), read_file(folder.path("out")), read_file(folder.path("err"))};
}

Process::Process(const std::vector<std::string> &argv) {
  pid_ = spawn(argv, "/dev/null", folder_.path("out"), folder_.path("out"));
}
Process::~Process() {
  if (pid_ > 0 && exit_ == -2) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
}
void Process::signal(int number) const {
  if (pid_ > 0 && exit_ == -2) kill(pid_, number);
}
int Process::wait_exit(int timeout_s) {
  if (exit_ != -2) return exit_;
  const double deadline = now_s() + timeout_s;
  int status = 0;
  while (waitpid(pid_, &status, WNOHANG) == 0) {
    if (now_s() > deadline) return -1;
    pause_briefly();
  }
  exit_ = exit_code(status);
  return exit_;
}
std::string Process::output() const {
  return read_file(folder_.path("out"));
}
std::string Process::wait_line(const std::string &text, int timeout_s) {
  const double deadline = now_s() + timeout_s;
  while (true) {
    std::istringstream lines(output());
    for (std::string line; std::getline(lines, line);)
      if (line.find(text) != std::string::npos) return line;
    if (now_s() > deadline) return "";
    pause_briefly();
  }
}

}  // namespace fc_test
