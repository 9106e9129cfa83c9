// What every test may need: shared material, temporary folders, status matchers.
#pragma once
#include <gtest/gtest.h>

#include <string>

extern "C" {
#include "faasconf/status.h"
}

// EXPECT_OK(fc_call(..., &error)) with a local `fc_error_t error` in scope prints the sentence.
#define EXPECT_OK(call) EXPECT_EQ(FC_OK, (call)) << error.message
#define ASSERT_OK(call) ASSERT_EQ(FC_OK, (call)) << error.message

namespace fc_test {

// Path of a file of the shared material (FAASCONF_SHARED, else ../shared beside the checkout), or "" when absent.
std::string shared_file(const std::string &relative);

// Path of a file in the checkout.
std::string source_file(const std::string &relative);

// Path of a program of this build ("faasconfd").
std::string program(const std::string &name);

// A folder of its own, removed with everything in it when the object goes.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder &) = delete;
  TemporaryFolder &operator=(const TemporaryFolder &) = delete;
  std::string path(const std::string &name = "") const;

 private:
  std::string path_;
};

std::string read_file(const std::string &path);
void write_file(const std::string &path, const std::string &content);
// How many entries a folder has.
size_t files_in(const std::string &folder);

// What a command printed and how it ended. Never a shell: argv as given.
struct Finished {
  int exit_code;  // 128 + signal when killed by one
  std::string out;
  std::string err;
};
Finished run(const std::vector<std::string> &argv, const std::string &stdin_text = "", int timeout_s = 60);

// A program in the background with its output in files; killed at destruction.
class Process {
 public:
  explicit Process(const std::vector<std::string> &argv);
  ~Process();
  Process(const Process &) = delete;
  Process &operator=(const Process &) = delete;
  int pid() const { return pid_; }
  void signal(int number) const;
  // Waits for the end; -1 when it did not end in time.
  int wait_exit(int timeout_s);
  // Waits until the output (stdout or stderr) has a line containing `text`; returns that line or "" on time-out.
  std::string wait_line(const std::string &text, int timeout_s);
  std::string output() const;

 private:
  TemporaryFolder folder_;
  int pid_ = -1;
  int exit_ = -2;
};

}  // namespace fc_test

#define SKIP_WITHOUT_SHARED(variable, relative)                \
  const std::string variable = fc_test::shared_file(relative); \
  if (variable.empty()) GTEST_SKIP() << "shared material absent: " << (relative) << " (set FAASCONF_SHARED)"
