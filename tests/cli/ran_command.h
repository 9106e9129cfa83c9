// A command of the faasconf program, run as main.c would run it, with what it printed.
#pragma once
#include <string>
#include <vector>

#include "support.h"

extern "C" {
#include "command.h"
}

namespace fc_test {

struct RanCommand {
  int exit_code;
  std::string out, err;
};

inline RanCommand run_command(const cli_command_t &command, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), command.name);
  std::vector<char *> argv;
  for (auto &argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  const int exit_code = command.run(static_cast<int>(arguments.size()), argv.data());
  return {exit_code, testing::internal::GetCapturedStdout(), testing::internal::GetCapturedStderr()};
}

}  // namespace fc_test
