// An agent in the test's process on a fake platform, with its own state folder and, when wanted, a policy on disk.
#pragma once
#include <memory>
#include <string>

#include "fake_platform.h"
#include "support.h"

extern "C" {
#include "agent.h"
#include "policy_cache.h"
}

namespace fc_test {

// agent.yaml for a test: `extra` is appended as it is.
std::string agent_yaml(const std::string &state, const std::string &extra = "");

// Settings of a YAML text; throws the sentence when it does not parse.
class Settings {
 public:
  explicit Settings(const std::string &text);
  ~Settings() { settings_clear(&settings_); }
  Settings(const Settings &) = delete;
  Settings &operator=(const Settings &) = delete;
  settings_t *get() { return &settings_; }
  settings_t *operator->() { return &settings_; }

 private:
  settings_t settings_{};
};

class Folder {
 public:
  explicit Folder(const std::string &path);
  ~Folder() { folder_close(&folder_); }
  Folder(const Folder &) = delete;
  Folder &operator=(const Folder &) = delete;
  folder_t *get() { return &folder_; }
  folder_t *operator->() { return &folder_; }

 private:
  folder_t folder_{};
};

// A policy that always decides this configuration, as the bytes a server would send; `ballast` floats make it larger.
struct PolicyBytes {
  std::string manifest, weights;
  uint8_t digest[FC_DIGEST_SIZE];
};
PolicyBytes constant_policy(const fc_workflow_t *workflow, const Configuration &configuration, int64_t version,
                            size_t ballast = 0);

// The server's key pair and its signature over a version.
struct ServerKey {
  uint8_t public_key[FC_PUBLIC_KEY_SIZE];
  uint8_t secret_key[FC_SECRET_KEY_SIZE];
};
ServerKey make_server_key();
fc_wire_hint_t signed_hint(const fc_workflow_t *workflow, const PolicyBytes &policy, int64_t version,
                           const ServerKey &key);

// Puts a policy into a state folder as if an earlier run had accepted it.
void keep_policy(const std::string &state, const fc_workflow_t *workflow, const Configuration &configuration,
                 int64_t version, const ServerKey &key);

// Runs an agent over `windows` windows; `summary` is the summary's JSON text.
struct Run {
  std::string summary;
  std::string decisions;  // decisions.jsonl
  bool lost = false;      // agent_lost_platform
};
Run run_agent(const Workflow &workflow, FakePlatform &platform, const std::string &yaml, const std::string &state,
              int64_t windows);

// Text of one key of a JSON object: numbers, strings and booleans as written; "" when absent. Path with dots.
std::string json_value(const std::string &text, const std::string &path);
double json_number(const std::string &text, const std::string &path);
std::vector<std::string> lines_of(const std::string &text);

}  // namespace fc_test
