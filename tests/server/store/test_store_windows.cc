// Transitions in the store: each once, in order, held out by their digest.
#include <cstring>
#include <random>

#include "rows.h"

extern "C" {
#include "faasconf/digest.h"
}

namespace {

using fc_test::Row;
using fc_test::Store;
using fc_test::visit_all;
using fc_test::Visited;
using fc_test::Workflow;

class StoreWindows : public ::testing::Test {
 protected:
  void insert(const std::vector<uint64_t> &sequences, const std::string &agent = "a", uint64_t epoch = 1) {
    for (uint64_t s : sequences) EXPECT_TRUE(store.insert(chain, Row(chain, s, agent, epoch))) << s;
  }
  // True when it was not there before.
  bool import(const Workflow &workflow, const Row &row, const uint8_t digest[FC_DIGEST_SIZE]) {
    bool duplicate = false;
    EXPECT_OK(store_insert_imported(store, workflow, row.get(), digest, &duplicate, &error));
    return !duplicate;
  }
  uint64_t contiguous(const std::string &agent = "a", uint64_t epoch = 1) {
    uint64_t n = 99;
    EXPECT_OK(store_contiguous_sequence(store, agent.c_str(), epoch, &n, &error));
    return n;
  }
  uint64_t highest(const std::string &agent = "a", uint64_t epoch = 1) {
    uint64_t n = 99;
    EXPECT_OK(store_highest_sequence(store, agent.c_str(), epoch, &n, &error));
    return n;
  }
  int64_t before(int64_t n_newest) {
    int64_t id = -1;
    EXPECT_OK(store_window_before(store, "chain", n_newest, &id, &error));
    return id;
  }

  fc_test::TemporaryFolder folder;
  Workflow chain;
  Store store{folder.path("s")};
  fc_error_t error = {};
};

TEST_F(StoreWindows, ARowReceivedIsStoredAsItsOwnEncoding) {
  Row row(chain, 1), encoded(chain, 2);
  const std::string bytes = fc_test::bytes_of(encoded.get());
  bool duplicate = true;
  ASSERT_TRUE(store.insert(chain, row));
  ASSERT_OK(store_insert_encoded(store, chain, encoded.get(), reinterpret_cast<const uint8_t *>(bytes.data()),
                                 bytes.size(), &duplicate, &error));
  EXPECT_FALSE(duplicate);
  const std::vector<Visited> rows = visit_all(store, chain);
  ASSERT_EQ(2u, rows.size());
  EXPECT_EQ(bytes, rows[1].bytes);
  ASSERT_OK(store_insert_encoded(store, chain, encoded.get(), reinterpret_cast<const uint8_t *>(bytes.data()),
                                 bytes.size(), &duplicate, &error));
  EXPECT_TRUE(duplicate);
}

TEST_F(StoreWindows, AnAgentsRowIsStoredOncePerAgentEpochAndSequence) {
  Row first(chain, 1);
  EXPECT_TRUE(store.insert(chain, first));
  Row other(chain, 1);
  other->cost_usd_h = 99;
  EXPECT_FALSE(store.insert(chain, other));
  EXPECT_TRUE(store.insert(chain, Row(chain, 1, "b")));
  EXPECT_TRUE(store.insert(chain, Row(chain, 1, "a", 2)));
  EXPECT_TRUE(store.insert(chain, Row(chain, 1, "a", UINT64_MAX)));
  EXPECT_FALSE(store.insert(chain, Row(chain, 1, "a", UINT64_MAX)));
  EXPECT_EQ(4, store.count());
  EXPECT_EQ(fc_test::bytes_of(first.get()), visit_all(store, chain)[0].bytes);  // the second changed nothing
}

TEST_F(StoreWindows, AnImportedRowIsKnownByItsDigestNotByItsSequence) {
  const Workflow pair(fc_test::kPair);
  uint8_t one[FC_DIGEST_SIZE] = {1}, two[FC_DIGEST_SIZE] = {2};
  EXPECT_TRUE(import(chain, Row(chain, 7, "published"), one));
  EXPECT_TRUE(import(chain, Row(chain, 7, "published"), two));
  EXPECT_FALSE(import(chain, Row(chain, 8, "published"), one));
  EXPECT_TRUE(import(pair, Row(pair, 8, "published"), one));
  EXPECT_EQ(2, store.count("chain"));
  EXPECT_EQ(1, store.count("pair"));
  EXPECT_EQ(3, store.count());
}

TEST_F(StoreWindows, ImportedRowsAreNoPartOfAnAgentsSequence) {
  uint8_t digest[FC_DIGEST_SIZE] = {1};
  EXPECT_TRUE(import(chain, Row(chain, 1), digest));
  EXPECT_EQ(0u, contiguous());
  EXPECT_EQ(0u, highest());
  insert({1});
  EXPECT_EQ(1u, contiguous());
}

TEST_F(StoreWindows, ContiguousEndsAtTheFirstGapAndHighestDoesNot) {
  EXPECT_EQ(0u, contiguous());
  EXPECT_EQ(0u, highest());
  insert({2, 3});
  EXPECT_EQ(0u, contiguous());
  EXPECT_EQ(3u, highest());
  insert({1, 6, 5, 9});
  EXPECT_EQ(3u, contiguous());
  EXPECT_EQ(9u, highest());
  insert({4});
  EXPECT_EQ(6u, contiguous());
  insert({1, 2}, "a", 2);
  insert({1}, "b");
  EXPECT_EQ(6u, contiguous());
  EXPECT_EQ(2u, contiguous("a", 2));
  EXPECT_EQ(1u, contiguous("b"));
  EXPECT_EQ(0u, contiguous("b", 2));
}

// First eight bytes as a little-endian number, in plain arithmetic.
bool heldout_by_rule(const uint8_t *digest) {
  uint64_t number = 0, place = 1;
  for (int i = 0; i < 8; ++i, place *= 256) number += digest[i] * place;
  return number % 5 == 0;
}

TEST_F(StoreWindows, AnImportedRowIsHeldOutByTheFirstEightBytesOfItsDigest) {
  std::mt19937 draw(7);
  std::vector<bool> expected;
  uint8_t digest[FC_DIGEST_SIZE] = {};
  for (uint64_t s = 1; s <= 200; ++s) {
    for (uint8_t &byte : digest) byte = static_cast<uint8_t>(draw());
    ASSERT_TRUE(import(chain, Row(chain, s), digest));
    expected.push_back(heldout_by_rule(digest));
  }
  std::vector<bool> actual;
  for (const Visited &v : visit_all(store, chain)) actual.push_back(v.heldout);
  EXPECT_EQ(expected, actual);
  const auto n_heldout = std::count(actual.begin(), actual.end(), true);
  EXPECT_GT(n_heldout, 20);
  EXPECT_LT(n_heldout, 60);
}

TEST_F(StoreWindows, OnlyTheFirstEightBytesOfADigestDecide) {
  uint8_t zero[FC_DIGEST_SIZE] = {}, ninth[FC_DIGEST_SIZE] = {}, eighth[FC_DIGEST_SIZE] = {};
  ninth[8] = 1;
  eighth[7] = 1;
  ASSERT_TRUE(import(chain, Row(chain, 1), zero));
  ASSERT_TRUE(import(chain, Row(chain, 2), ninth));
  ASSERT_TRUE(import(chain, Row(chain, 3), eighth));
  const std::vector<Visited> rows = visit_all(store, chain);
  EXPECT_TRUE(rows[0].heldout);
  EXPECT_TRUE(rows[1].heldout);
  EXPECT_FALSE(rows[2].heldout);
}

// The split must not depend on what was measured, or two runs of one seed would differ by their clocks.
TEST_F(StoreWindows, AnAgentsRowIsHeldOutByItsIdentityAlone) {
  for (uint64_t s = 1; s <= 50; ++s) {
    Row row(chain, s, "node-1", 3);
    row->after.start_us += static_cast<int64_t>(s) * 1000;
    ASSERT_TRUE(store.insert(chain, row));
    const std::string identity = "node-1/3/" + std::to_string(s);
    uint8_t digest[FC_DIGEST_SIZE];
    fc_sha256(identity.data(), identity.size(), digest);
    EXPECT_EQ(heldout_by_rule(digest), visit_all(store, chain).back().heldout) << s;
  }
}

TEST_F(StoreWindows, RowsAreVisitedInTheOrderOfInsertionWithAllTheyHold) {
  std::vector<std::string> expected;
  for (uint64_t s : {5u, 1u, 9u, 2u}) {
    Row row(chain, s);
    row->flags |= s == 1 ? FC_TRANSITION_AS_PUBLISHED : FC_TRANSITION_EXPLORED;
    row->policy_version = static_cast<int64_t>(s);
    if (s == 9) row->after.outcome.present = 0;
    ASSERT_TRUE(store.insert(chain, row));
    expected.push_back(fc_test::bytes_of(row.get()));
  }
  const std::vector<Visited> rows = visit_all(store, chain);
  ASSERT_EQ(4u, rows.size());
  for (size_t i = 0; i < 4; ++i) EXPECT_EQ(expected[i], rows[i].bytes) << i;
  for (size_t i = 1; i < 4; ++i) EXPECT_LT(rows[i - 1].id, rows[i].id);
  const std::vector<Visited> later = visit_all(store, chain, rows[1].id);
  ASSERT_EQ(2u, later.size());
  EXPECT_EQ(expected[2], later[0].bytes);
  EXPECT_TRUE(visit_all(store, chain, rows[3].id).empty());
}

TEST_F(StoreWindows, AVisitThatFailsEndsTheVisitAndIsAnswered) {
  insert({1, 2, 3});
  int n = 0;
  const store_visit_t visit = [](void *context, int64_t, bool, const fc_transition_t *) {
    return ++*static_cast<int *>(context) == 2 ? FC_ECLOSED : FC_OK;
  };
  EXPECT_EQ(FC_ECLOSED, store_each_transition(store, chain, 0, visit, &n, &error));
  EXPECT_EQ(2, n);
  EXPECT_EQ(3u, visit_all(store, chain).size());  // the next visit starts anew
}

TEST_F(StoreWindows, RowsOfAnOlderFileWithOtherFunctionsAreLeftOut) {
  insert({1, 2});
  const Workflow changed(fc_test::with(fc_test::kPair, "workflow: pair", "workflow: chain"));
  ASSERT_TRUE(store.insert(changed, Row(changed, 3)));
  EXPECT_EQ(2u, visit_all(store, chain).size());
  EXPECT_EQ(1u, visit_all(store, changed).size());
}

TEST_F(StoreWindows, WindowBeforeLeavesTheNewestOnes) {
  const Workflow pair(fc_test::kPair);
  EXPECT_EQ(0, before(1));
  for (uint64_t s = 1; s <= 10; ++s) {
    insert({s});
    ASSERT_TRUE(store.insert(pair, Row(pair, s, "p")));
  }
  const std::vector<Visited> newest = visit_all(store, chain, before(4));
  ASSERT_EQ(4u, newest.size());
  EXPECT_EQ(7u, newest[0].sequence);
  EXPECT_EQ(1u, visit_all(store, chain, before(1)).size());
  EXPECT_EQ(9u, visit_all(store, chain, before(9)).size());
  EXPECT_EQ(0, before(10));
  EXPECT_EQ(0, before(1000));
}

TEST_F(StoreWindows, TheLatestIsTheLastInserted) {
  Row found(chain, 99);
  EXPECT_EQ(FC_ENOTFOUND, store_latest_transition(store, chain, found.get(), &error));
  EXPECT_THAT(error.message, ::testing::HasSubstr("chain"));
  insert({2, 1});
  ASSERT_OK(store_latest_transition(store, chain, found.get(), &error));
  EXPECT_EQ(fc_test::bytes_of(Row(chain, 1).get()), fc_test::bytes_of(found.get()));
}

TEST_F(StoreWindows, ARowOfAnotherNumberOfFunctionsIsRefused) {
  const Workflow pair(fc_test::kPair);
  bool duplicate = false;
  EXPECT_EQ(FC_EMISMATCH, store_insert_transition(store, chain, Row(pair, 1).get(), &duplicate, &error));
  EXPECT_EQ(0, store.count());
}

}  // namespace
