// Policies in the store: versions, states, never two live ones.
#include <cmath>
#include <cstring>

#include "rows.h"

namespace {

using fc_test::Policy;
using fc_test::Store;
using fc_test::Workflow;

class StorePolicies : public ::testing::Test {
 protected:
  void put(int64_t version, const char *state) { ASSERT_OK(Policy(chain, version, 0.25).put(store, state, &error)); }
  int64_t next(const char *workflow = "chain") {
    int64_t version = -1;
    EXPECT_OK(store_next_policy_version(store, workflow, &version, &error));
    return version;
  }
  // "version:state" of each policy, in the order listed.
  std::vector<std::string> listed(const char *workflow = "chain") {
    store_policy_entry_t *entries = nullptr;
    int32_t n = -1;
    EXPECT_OK(store_list_policies(store, workflow, &entries, &n, &error));
    std::vector<std::string> result;
    for (int32_t i = 0; i < n; ++i) result.push_back(std::to_string(entries[i].version) + ":" + entries[i].state);
    std::free(entries);
    return result;
  }
  struct Found {
    fc_status_t status;
    store_policy_entry_t entry;
    std::string manifest, weights;
  };
  Found get(int64_t version, const char *workflow = "chain") {
    Found found = {};
    char *manifest = nullptr;
    uint8_t *weights = nullptr;
    size_t manifest_size = 0, weights_size = 0;
    found.status = store_get_policy(store, workflow, version, &found.entry, &manifest, &manifest_size, &weights,
                                    &weights_size, &error);
    if (found.status == FC_OK) {
      found.manifest.assign(manifest, manifest_size);
      found.weights.assign(reinterpret_cast<char *>(weights), weights_size);
    }
    std::free(manifest);
    std::free(weights);
    return found;
  }
  using Listed = std::vector<std::string>;

  fc_test::TemporaryFolder folder;
  const Workflow chain, pair{fc_test::kPair};
  Store store{folder.path("s")};
  fc_error_t error = {};
};

TEST_F(StorePolicies, VersionsCountUpFromOnePerWorkflow) {
  EXPECT_EQ(1, next());
  put(1, "candidate");
  put(2, "live");
  EXPECT_EQ(3, next());
  EXPECT_EQ(1, next("pair"));
}

TEST_F(StorePolicies, MakingOneLiveRetiresTheOneBefore) {
  put(1, "live");
  put(2, "candidate");
  put(3, "live");
  EXPECT_EQ((Listed{"1:retired", "2:candidate", "3:live"}), listed());
  ASSERT_OK(store_set_policy_state(store, "chain", 2, "live", &error));
  EXPECT_EQ((Listed{"1:retired", "2:live", "3:retired"}), listed());
  ASSERT_OK(store_set_policy_state(store, "chain", 2, "live", &error));  // again: still live
  EXPECT_EQ((Listed{"1:retired", "2:live", "3:retired"}), listed());
  ASSERT_OK(store_set_policy_state(store, "chain", 1, "canary", &error));
  EXPECT_EQ((Listed{"1:canary", "2:live", "3:retired"}), listed());
}

TEST_F(StorePolicies, EachWorkflowHasItsOwnLiveOne) {
  put(1, "live");
  ASSERT_OK(Policy(pair, 1, 0.5).put(store, "live", &error));
  EXPECT_EQ((Listed{"1:live"}), listed("chain"));
  EXPECT_EQ((Listed{"1:live"}), listed("pair"));
  EXPECT_EQ((Listed{"1:live", "1:live"}), listed(""));
  EXPECT_STREQ("chain", get(0, "chain").entry.workflow);
  EXPECT_STREQ("pair", get(0, "pair").entry.workflow);
}

TEST_F(StorePolicies, APolicyComesBackByVersionAndAsTheLiveOne) {
  const Policy first(chain, 1, 0.25, 0.75), second(chain, 2, NAN, NAN);
  ASSERT_OK(first.put(store, "live", &error));
  ASSERT_OK(second.put(store, "candidate", &error));
  const Found live = get(0), candidate = get(2);
  ASSERT_EQ(FC_OK, live.status);
  EXPECT_EQ(1, live.entry.version);
  EXPECT_STREQ("configuration", live.entry.kind);
  EXPECT_STREQ("live", live.entry.state);
  EXPECT_EQ(1700000000000000, live.entry.created_us);
  EXPECT_EQ(100, live.entry.updates);
  EXPECT_EQ(0.75, live.entry.heldout_r2);
  EXPECT_EQ(0.25, live.entry.heldout_error);
  EXPECT_EQ(first.manifest, live.manifest);
  EXPECT_EQ(first.weights, live.weights);
  uint8_t digest[FC_DIGEST_SIZE];
  fc_policy_digest(first, digest);
  EXPECT_EQ(0, std::memcmp(digest, live.entry.digest, FC_DIGEST_SIZE));
  ASSERT_EQ(FC_OK, candidate.status);
  EXPECT_TRUE(std::isnan(candidate.entry.heldout_r2));
  EXPECT_TRUE(std::isnan(candidate.entry.heldout_error));
  EXPECT_EQ(second.weights, candidate.weights);
}

TEST_F(StorePolicies, WhatIsNotThereIsNotFound) {
  EXPECT_EQ(FC_ENOTFOUND, get(0).status);
  EXPECT_THAT(error.message, ::testing::HasSubstr("no live policy"));
  put(1, "candidate");
  EXPECT_EQ(FC_ENOTFOUND, get(0).status);
  EXPECT_EQ(FC_ENOTFOUND, get(2).status);
  EXPECT_THAT(error.message, ::testing::HasSubstr("version 2"));
  EXPECT_TRUE(listed("pair").empty());
}

TEST_F(StorePolicies, AVersionIsNeverReplacedAndTheLiveOneStaysLive) {
  put(1, "live");
  const std::string weights = get(1).weights;
  EXPECT_EQ(FC_EEXISTS, Policy(chain, 1, 0.1).put(store, "live", &error));
  EXPECT_EQ((Listed{"1:live"}), listed());
  EXPECT_EQ(0.25, get(1).entry.heldout_error);
  EXPECT_EQ(FC_ENOTFOUND, store_set_policy_state(store, "chain", 7, "live", &error));
  EXPECT_THAT(error.message, ::testing::HasSubstr("7"));
  EXPECT_EQ((Listed{"1:live"}), listed());
}

TEST_F(StorePolicies, AnUnknownStateIsRefusedAndChangesNothing) {
  put(1, "live");
  EXPECT_NE(FC_OK, store_set_policy_state(store, "chain", 1, "blooming", &error));
  EXPECT_NE(FC_OK, Policy(chain, 2, 0.1).put(store, "blooming", &error));
  EXPECT_EQ((Listed{"1:live"}), listed());
  put(2, "live");
  EXPECT_EQ((Listed{"1:retired", "2:live"}), listed());
}

TEST_F(StorePolicies, InsideATransactionTheyEndWithIt) {
  put(1, "live");
  ASSERT_OK(store_begin(store, &error));
  put(2, "live");
  ASSERT_OK(store_set_policy_state(store, "chain", 1, "shadow", &error));
  EXPECT_EQ((Listed{"1:shadow", "2:live"}), listed());
  store_rollback(store);
  EXPECT_EQ((Listed{"1:live"}), listed());
}

TEST_F(StorePolicies, AllAreListedHoweverManyThereAre) {
  for (int64_t version = 1; version <= 40; ++version) put(version, "live");
  const Listed all = listed();
  ASSERT_EQ(40u, all.size());
  EXPECT_EQ("1:retired", all.front());
  EXPECT_EQ("39:retired", all[38]);
  EXPECT_EQ("40:live", all.back());
}

}  // namespace
