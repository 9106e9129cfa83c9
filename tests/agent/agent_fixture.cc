// See agent_fixture.h.
#include "agent_fixture.h"

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <sstream>
#include <stdexcept>

extern "C" {
#include "faasconf/digest.h"
}

namespace fc_test {

namespace {
void check(fc_status_t status, const fc_error_t &error) {
  if (status != FC_OK) throw std::runtime_error(error.message);
}
}  // namespace

std::string agent_yaml(const std::string &state, const std::string &extra) {
  return "agent: node-1\nworkflow: parallel\nstate: " + state + "\nplatform: {kind: sim, users: 10}\n" + extra;
}

Settings::Settings(const std::string &text) {
  fc_error_t error = {};
  const fc_status_t status = settings_parse(text.data(), text.size(), "agent.yaml", &settings_, &error);
  if (status != FC_OK) settings_clear(&settings_);
  check(status, error);
}

Folder::Folder(const std::string &path) {
  fc_error_t error = {};
  check(folder_open(path.c_str(), &folder_, &error), error);
}

PolicyBytes constant_policy(const fc_workflow_t *workflow, const Configuration &configuration, int64_t version,
                            size_t ballast) {
  fc_error_t error = {};
  std::vector<float> action(configuration.size() * FC_KNOBS);
  fc_knobs_encode(workflow, FC_RANGES_MEASURED, FC_DECODE_UNIFORM, configuration.data(), action.data());
  fc_policy_manifest_t manifest = {};
  std::strcpy(manifest.kind, "configuration");
  manifest.version = version;
  std::strcpy(manifest.workflow, workflow->name);
  std::memcpy(manifest.workflow_digest, workflow->digest, FC_DIGEST_SIZE);
  manifest.ranges = FC_RANGES_MEASURED;
  manifest.decode = FC_DECODE_UNIFORM;
  manifest.n_functions = workflow->n_functions;
  manifest.heldout_r2 = manifest.heldout_error = NAN;
  fc_tensor_t tensors[2] = {};
  std::strcpy(tensors[0].name, "action");
  tensors[0].n_dims = 2;
  tensors[0].shape[0] = workflow->n_functions;
  tensors[0].shape[1] = FC_KNOBS;
  tensors[0].data = action.data();
  std::vector<float> more(ballast);
  std::strcpy(tensors[1].name, "ballast");
  tensors[1].n_dims = 1;
  tensors[1].shape[0] = static_cast<int32_t>(ballast);
  tensors[1].data = more.data();
  char *json = nullptr;
  uint8_t *weights = nullptr;
  size_t json_size = 0, weights_size = 0;
  check(fc_policy_encode(&manifest, tensors, ballast ? 2 : 1, &json, &json_size, &weights, &weights_size, &error),
        error);
  PolicyBytes bytes;
  bytes.manifest.assign(json, json_size);
  bytes.weights.assign(reinterpret_cast<char *>(weights), weights_size);
  std::free(json);
  std::free(weights);
  const std::string both = bytes.manifest + bytes.weights;
  fc_sha256(both.data(), both.size(), bytes.digest);
  return bytes;
}

ServerKey make_server_key() {
  ServerKey key;
  fc_digest_init();
  fc_sign_keypair(key.public_key, key.secret_key);
  return key;
}

fc_wire_hint_t signed_hint(const fc_workflow_t *workflow, const PolicyBytes &policy, int64_t version,
                           const ServerKey &key) {
  fc_wire_hint_t hint = {};
  std::strcpy(hint.workflow, workflow->name);
  hint.version = version;
  std::memcpy(hint.digest, policy.digest, FC_DIGEST_SIZE);
  hint.manifest_bytes = policy.manifest.size();
  hint.weights_bytes = policy.weights.size();
  char text[FC_NAME_SIZE + 128];
  const size_t size = fc_wire_hint_signed_bytes(&hint, text, sizeof text);
  fc_sign(text, size, key.secret_key, hint.signature.signature);
  uint8_t id[FC_DIGEST_SIZE];
  fc_sha256(key.public_key, FC_PUBLIC_KEY_SIZE, id);
  std::memcpy(hint.signature.key_id, id, sizeof hint.signature.key_id);
  hint.signature.present = true;
  return hint;
}

void keep_policy(const std::string &state, const fc_workflow_t *workflow, const Configuration &configuration,
                 int64_t version, const ServerKey &key) {
  Folder folder(state);
  fc_error_t error = {};
  policy_cache_t cache;
  check(policy_cache_open(folder.get(), workflow, nullptr, &cache, &error), error);
  check(policy_cache_check_key(&cache, key.public_key, &error), error);
  const PolicyBytes bytes = constant_policy(workflow, configuration, version);
  const fc_wire_hint_t hint = signed_hint(workflow, bytes, version, key);
  fc_policy_t *policy = nullptr;
  check(policy_cache_accept(&cache, &hint, reinterpret_cast<const uint8_t *>(bytes.manifest.data()),
                            reinterpret_cast<const uint8_t *>(bytes.weights.data()), &policy, &error),
        error);
  fc_policy_destroy(&policy);
}

Run run_agent(const Workflow &workflow, FakePlatform &platform, const std::string &yaml, const std::string &state,
              int64_t windows) {
  fc_digest_init();
  Settings settings(yaml);
  Folder folder(state);
  fc_error_t error = {};
  agent_options_t options = {};
  options.settings = settings.get();
  options.workflow = workflow.get();
  options.platform = platform.get();
  options.folder = folder.get();
  options.max_windows = windows;
  agent_t *agent = nullptr;
  check(agent_new(&options, &agent, &error), error);
  agent_run(agent);
  Run run;
  run.lost = agent_lost_platform(agent);
  fc_json_t *summary = agent_summary(agent);
  char *text = fc_json_dump(summary, 0);
  run.summary = text;
  std::free(text);
  fc_json_destroy(&summary);
  agent_destroy(&agent);
  run.decisions = read_file(state + "/decisions.jsonl");
  return run;
}

std::string json_value(const std::string &text, const std::string &path) {
  fc_error_t error = {};
  fc_json_t *root = nullptr;
  check(fc_json_parse(text.data(), text.size(), &root, &error), error);
  const fc_json_t *at = root;
  std::istringstream parts(path);
  for (std::string part; at && std::getline(parts, part, '.');) {
    const bool is_index = !part.empty() && part.find_first_not_of("0123456789") == std::string::npos;
    at = is_index ? fc_json_at(at, std::stoul(part)) : fc_json_get(at, part.c_str());
  }
  std::string value;
  if (at) {
    if (const char *string = fc_json_string(at)) {
      value = string;
    } else {
      char *dumped = fc_json_dump(at, 0);
      value = dumped ? dumped : "";
      std::free(dumped);
    }
  }
  fc_json_destroy(&root);
  return value;
}

double json_number(const std::string &text, const std::string &path) {
  const std::string value = json_value(text, path);
  return value.empty() ? NAN : std::stod(value);
}

std::vector<std::string> lines_of(const std::string &text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

}  // namespace fc_test
