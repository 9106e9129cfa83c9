// tests core/policy.c, policy_manifest.c and policy_configuration.c: bytes, files, refusals, and a policy that always
// says the same.
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmath>
#include <csignal>
#include <cstring>
#include <string>
#include <vector>

#include "policy_fixture.h"

extern "C" {
#include "faasconf/digest.h"
}

namespace {
using fc_test::Observation;
using fc_test::Policy;
using fc_test::PolicyBytes;
using fc_test::Tensors;
using fc_test::with;
using fc_test::Workflow;

Tensors constant(std::vector<float> action) {
  return {{"action", {{3, FC_KNOBS}, std::move(action)}}};
}
const std::vector<float> kAction = {0, 0.1f, 0.2f, 0.3f, 0.4f, 0.5f, 0.6f, 0.7f, 0.8f, 0.9f, 1, 0.05f};

fc_policy_manifest_t manifest(const Workflow &w) {
  fc_policy_manifest_t m = fc_test::manifest_of(w, "configuration", "", {"depth", "log1p_net_rx"});
  m.version = 12;
  m.ranges = FC_RANGES_FULL;
  m.decode = FC_DECODE_AUTHORS;
  m.semantics = FC_SEMANTICS_AS_PUBLISHED;
  m.features[1].mean = 0.1f;
  m.features[1].scale = 3.0f;
  m.seed = UINT64_MAX - 5;
  m.updates = 20000;
  m.heldout_r2 = 0.731;
  return m;
}

void expect_refused(const std::string &json, const std::string &weights, fc_status_t status, const std::string &says) {
  const Policy policy(json, weights);
  EXPECT_EQ(status, policy.status()) << says;
  EXPECT_EQ(nullptr, policy.get());
  EXPECT_THAT(policy.sentence(), testing::HasSubstr(says));
}

TEST(Policy, ReadsBackWhatWasEncoded) {
  const Workflow w;
  const PolicyBytes bytes(manifest(w), constant(kAction));
  const Policy policy(bytes);
  ASSERT_EQ(FC_OK, policy.status()) << policy.sentence();
  const fc_policy_manifest_t *m = fc_policy_manifest(policy.get());
  EXPECT_STREQ("configuration", m->kind);
  EXPECT_STREQ("", m->variant);
  EXPECT_EQ(12, m->version);
  EXPECT_STREQ("chain", m->workflow);
  EXPECT_EQ(0, std::memcmp(w->digest, m->workflow_digest, FC_DIGEST_SIZE));
  EXPECT_EQ(FC_RANGES_FULL, m->ranges);
  EXPECT_EQ(FC_DECODE_AUTHORS, m->decode);
  EXPECT_EQ(FC_SEMANTICS_AS_PUBLISHED, m->semantics);
  EXPECT_EQ(3, m->n_functions);
  ASSERT_EQ(2, m->n_features);
  EXPECT_STREQ("log1p_net_rx", m->features[1].name);
  EXPECT_EQ(0.1f, m->features[1].mean);
  EXPECT_EQ(3.0f, m->features[1].scale);
  EXPECT_EQ(UINT64_MAX - 5, m->seed);
  EXPECT_EQ(20000, m->updates);
  EXPECT_EQ(0.731, m->heldout_r2);
  EXPECT_TRUE(std::isnan(m->heldout_error)) << "none is null";
  const fc_tensor_t *action = fc_policy_tensor(policy.get(), "action");
  ASSERT_NE(nullptr, action);
  EXPECT_EQ(0, std::memcmp(kAction.data(), action->data, kAction.size() * sizeof(float)));
  EXPECT_EQ(nullptr, fc_policy_tensor(policy.get(), "other"));
}

TEST(Policy, SameContentSameBytesAndDigest) {
  const Workflow w;
  const PolicyBytes one(manifest(w), constant(kAction)), two(manifest(w), constant(kAction));
  EXPECT_EQ(one.manifest, two.manifest);
  EXPECT_EQ(one.weights, two.weights);
  uint8_t expected[FC_DIGEST_SIZE], digest[FC_DIGEST_SIZE];
  const std::string both = one.manifest + one.weights;
  fc_sha256(both.data(), both.size(), expected);
  fc_policy_digest(Policy(one).get(), digest);
  EXPECT_EQ(0, std::memcmp(expected, digest, sizeof digest));
}

TEST(Policy, EveryDamageOfTheManifestIsNamed) {
  const Workflow w;
  const PolicyBytes bytes(manifest(w), constant(kAction));
  const std::string &json = bytes.manifest;
  const struct {
    const char *from, *to, *says;
  } damages[] = {
      {"faasconf-policy-1", "faasconf-policy-2", "format: expected faasconf-policy-1"},
      {"\"kind\": \"configuration\"", "\"kind\": \"oracle\"", "policies of kind oracle are unknown here"},
      {"\"kind\"", "\"knd\"", "kind: expected a text"},
      {"\"version\": 12", "\"version\": -1", "version: expected a whole number"},
      {"\"version\": 12", "\"version\": 1.5", "version: expected a whole number"},
      {"\"workflow\": \"chain\"", "\"workflow\": 7", "workflow: expected a text"},
      {"\"workflow_digest\": \"", "\"workflow_digest\": \"0", "workflow_digest: expected 64 hex digits"},
      {"\"full\"", "\"fuller\"", "ranges: expected measured or full"},
      {"\"authors\"", "\"author\"", "decode: expected uniform or authors"},
      {"\"as-published\"", "\"lenient\"", "semantics: expected strict or as-published"},
      {"\"n_functions\": 3", "\"n_functions\": 0", "n_functions: expected a whole number"},
      {"\"n_functions\": 3", "\"n_functions\": 2000", "n_functions: expected a whole number"},
      {"\"features\": [", "\"features\": 5, \"x\": [", "features: expected a list of at most 64 features"},
      {"\"name\": \"depth\"", "\"name\": \"breadth\"", "feature breadth is unknown here"},
      {"\"scale\": 3.0", "\"scale\": 0.0", "feature log1p_net_rx: expected a finite mean and a scale above 0"},
      {"\"scale\": 3.0", "\"scale\": 1e300", "expected a finite mean and a scale above 0"},
      {"\"mean\": 0.1", "\"mean\": null, \"m\": 0.1", "expected a finite mean"},
      {"\"updates\": 20000", "\"updates\": -1", "updates: expected a whole number"},
      {"\"updates\": 20000", "\"updates\": 20000, \"updates\": 20000", "manifest: line"},
  };
  for (const auto &d : damages) expect_refused(with(json, d.from, d.to), bytes.weights, FC_EFORMAT, d.says);
  expect_refused(with(json, "\"name\": \"depth\"", "\"name\": \"in_degree\""), bytes.weights, FC_EMISMATCH,
                 "feature_digest does not match");
  for (size_t cut = 0; cut < json.size() - 1; cut += 7)
    expect_refused(json.substr(0, cut), bytes.weights, FC_EFORMAT, "manifest: line");
}

TEST(Policy, DamagedWeightsAreRefused) {
  const Workflow w;
  const PolicyBytes bytes(manifest(w), constant(kAction));
  for (size_t i = 0; i < bytes.weights.size(); i += 3) {
    std::string damaged = bytes.weights;
    damaged[i] = static_cast<char>(damaged[i] ^ 1);
    expect_refused(bytes.manifest, damaged, FC_EMISMATCH, "the weights do not match the manifest's weights_digest");
  }
  expect_refused(bytes.manifest, bytes.weights.substr(1), FC_EMISMATCH, "weights_digest");
  expect_refused(bytes.manifest, "", FC_EMISMATCH, "weights_digest");
}

TEST(Policy, WeightsMustBeFiniteAndFitTheKind) {
  const Workflow w;
  const auto refuse = [&w](const Tensors &tensors, const char *says) {
    const PolicyBytes bytes(manifest(w), tensors);
    expect_refused(bytes.manifest, bytes.weights, FC_EFORMAT, says);
  };
  for (const float bad : {NAN, INFINITY, -INFINITY}) {
    std::vector<float> action = kAction;
    action[5] = bad;
    refuse(constant(action), "tensor action has a value that is not finite");
    Tensors extra = constant(kAction);
    extra.push_back({"other", {{1}, {bad}}});
    refuse(extra, "tensor other has a value that is not finite");
  }
  refuse({{"other", {{3, 4}, kAction}}}, "the policy has no tensor action");
  refuse({{"action", {{4, 3}, kAction}}}, "tensor action: expected shape (3, 4)");
  refuse({{"action", {{12}, kAction}}}, "tensor action: expected shape (3, 4)");
  std::vector<float> action = kAction;
  action[2] = 1.5f;
  refuse(constant(action), "tensor action: 1.5 is outside [0, 1]");
}

TEST(Policy, MustFitTheWorkflow) {
  const Workflow w, other(with(fc_test::kChain, "workflow: chain", "workflow: chain2"));
  const Workflow retargeted(with(fc_test::kChain, "latency_mean_s: 13", "latency_mean_s: 12"));
  const Workflow larger(with(with(fc_test::kChain, "  - {name: c}", "  - {name: c}\n  - {name: d}"), "    c: {",
                             "    d: {work_cpu_s: 1}\n    c: {"));
  const Policy policy(PolicyBytes(manifest(w), constant(kAction)));
  fc_error_t error = {};
  EXPECT_OK(fc_policy_check(policy.get(), w.get(), &error));
  EXPECT_EQ(FC_EMISMATCH, fc_policy_check(policy.get(), other.get(), &error));
  EXPECT_STREQ("the policy is for workflow chain, not chain2", error.message);
  EXPECT_EQ(FC_EMISMATCH, fc_policy_check(policy.get(), larger.get(), &error));
  EXPECT_STREQ("the policy is for 3 functions, workflow chain has 4", error.message);
  EXPECT_EQ(FC_EMISMATCH, fc_policy_check(policy.get(), retargeted.get(), &error));
  EXPECT_THAT(error.message, testing::HasSubstr("trained on another content of workflow chain"));
}

TEST(PolicyConfiguration, AlwaysSaysTheSameAndAttendsUniformly) {
  const Workflow w;
  const Policy policy(PolicyBytes(manifest(w), constant(kAction)));
  Observation o(w);
  std::vector<float> action, attention;
  for (int i = 0; i < 3; ++i) {
    o->load.mean_in_flight = 10 * i;
    o->metrics[0].present = 0;
    ASSERT_EQ(FC_OK, policy.decide(w, o.get(), &action, &attention));
    EXPECT_EQ(kAction, action);
    EXPECT_EQ((std::vector<float>{1, 0.5f, 0.5f, 1}), attention);  // a-b, b-a, b-c, c-b
  }
  EXPECT_EQ(FC_OK, policy.decide(w, o.get(), &action));
}

fc_status_t save(const std::string &folder, const PolicyBytes &bytes, fc_error_t *error) {
  return fc_policy_save(folder.c_str(), bytes.manifest.data(), bytes.manifest.size(),
                        reinterpret_cast<const uint8_t *>(bytes.weights.data()), bytes.weights.size(), error);
}

TEST(PolicyFiles, AreSavedAndLoaded) {
  const Workflow w;
  const PolicyBytes bytes(manifest(w), constant(kAction));
  fc_test::TemporaryFolder folder;
  const std::string path = folder.path("p");
  fc_error_t error = {};
  fc_policy_t *policy = nullptr;
  ASSERT_OK(save(path, bytes, &error));
  EXPECT_EQ(bytes.manifest, fc_test::read_file(path + "/manifest.json"));
  EXPECT_EQ(bytes.weights, fc_test::read_file(path + "/weights.safetensors"));
  EXPECT_EQ(2u, fc_test::files_in(path)) << "nothing is left over";
  ASSERT_OK(fc_policy_load(path.c_str(), &policy, &error));
  EXPECT_EQ(12, fc_policy_manifest(policy)->version);
  fc_policy_destroy(&policy);
  EXPECT_EQ(nullptr, policy);
  fc_policy_destroy(&policy);
  fc_test::write_file(path + "/weights.safetensors", "x");
  EXPECT_EQ(FC_EMISMATCH, fc_policy_load(path.c_str(), &policy, &error));
  EXPECT_THAT(error.message, testing::StartsWith("policy " + path + ": the weights do not match"));
  ASSERT_EQ(0, unlink((path + "/weights.safetensors").c_str()));
  EXPECT_EQ(FC_ENOTFOUND, fc_policy_load(path.c_str(), &policy, &error));
  EXPECT_THAT(error.message, testing::HasSubstr("weights.safetensors: No such file"));
  EXPECT_EQ(FC_ENOTFOUND, fc_policy_load(folder.path("none").c_str(), &policy, &error));
  EXPECT_EQ(nullptr, policy);
}

TEST(PolicyFiles, TooLargeAFileIsNotRead) {
  fc_test::TemporaryFolder folder;
  fc_test::write_file(folder.path("manifest.json"), "{}");
  ASSERT_EQ(0, truncate(folder.path("manifest.json").c_str(), (64 << 20) + 1));
  fc_error_t error = {};
  fc_policy_t *policy = nullptr;
  EXPECT_EQ(FC_EFORMAT, fc_policy_load(folder.path().c_str(), &policy, &error));
  EXPECT_THAT(error.message, testing::HasSubstr("larger than 64 MiB"));
}

TEST(PolicyFiles, AFailedSaveSaysWhy) {
  const Workflow w;
  const PolicyBytes bytes(manifest(w), constant(kAction));
  fc_test::TemporaryFolder folder;
  fc_error_t error = {};
  EXPECT_EQ(FC_EIO, save(folder.path("no/such"), bytes, &error));
  EXPECT_THAT(error.message, testing::HasSubstr("No such file or directory"));
  ASSERT_EQ(0, mkdir(folder.path("manifest.json").c_str(), 0755));  // cannot be renamed over
  EXPECT_EQ(FC_EIO, save(folder.path(), bytes, &error));
  EXPECT_THAT(error.message, testing::HasSubstr("manifest.json: Is a directory"));
  EXPECT_EQ(FC_EINVAL, save(std::string(1100, 'x'), bytes, &error) == FC_EIO ? FC_EINVAL : FC_OK);
}

// The disk is full (a size limit stands for it): the policy that was there stays whole.
TEST(PolicyFiles, ASaveThatRunsOutOfSpaceLeavesTheOldPolicy) {
  const Workflow w;
  fc_test::TemporaryFolder folder;
  fc_error_t error = {};
  const PolicyBytes old_bytes(manifest(w), constant(kAction));
  ASSERT_OK(save(folder.path(), old_bytes, &error));
  Tensors tensors = constant(kAction);
  tensors.push_back({"ballast", {{4096}, std::vector<float>(4096)}});
  const PolicyBytes new_bytes(manifest(w), tensors);
  rlimit limit = {};
  ASSERT_EQ(0, getrlimit(RLIMIT_FSIZE, &limit));
  const rlimit small = {8192, limit.rlim_max};
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(0, setrlimit(RLIMIT_FSIZE, &small));
  const fc_status_t status = save(folder.path(), new_bytes, &error);
  ASSERT_EQ(0, setrlimit(RLIMIT_FSIZE, &limit));
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(FC_EIO, status);
  EXPECT_THAT(error.message, testing::HasSubstr("File too large"));
  EXPECT_EQ(old_bytes.manifest, fc_test::read_file(folder.path("manifest.json")));
  EXPECT_EQ(old_bytes.weights, fc_test::read_file(folder.path("weights.safetensors")));
  EXPECT_EQ(2u, fc_test::files_in(folder.path()));
  ASSERT_OK(save(folder.path(), new_bytes, &error));
  EXPECT_EQ(new_bytes.weights, fc_test::read_file(folder.path("weights.safetensors")));
}

}  // namespace
