// server/ingest/sequences.c: what an acknowledgement may claim.
#include <algorithm>
#include <random>
#include <set>

#include "support.h"

extern "C" {
#include "sequences.h"
}

namespace {

class Sequences : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_OK(sequences_new(8, &table_, &error)); }
  void TearDown() override { sequences_destroy(&table_); }
  sequences_t *table_ = nullptr;
  fc_error_t error = {};
};

TEST_F(Sequences, ContiguousFollowsOnlyWithoutHoles) {
  sequence_t *sequence = sequences_insert(table_, "a", 1, 0, 0);
  sequence_add(sequence, 1);
  sequence_add(sequence, 3);
  EXPECT_EQ(1u, sequence->contiguous);
  EXPECT_EQ(1u, sequence->selective);  // bit 0: number 1 + 2
  sequence_add(sequence, 2);
  EXPECT_EQ(3u, sequence->contiguous);
  EXPECT_EQ(0u, sequence->selective);
}

TEST_F(Sequences, ANumberTwiceChangesNothing) {
  sequence_t *sequence = sequences_insert(table_, "a", 1, 5, 5);
  sequence_add(sequence, 5);
  sequence_add(sequence, 7);
  sequence_add(sequence, 7);
  EXPECT_EQ(5u, sequence->contiguous);
  EXPECT_EQ(1u, sequence->selective);
}

TEST_F(Sequences, ANumberPastTheBitmapAsksTheStoreOnceTheGapCloses) {
  sequence_t *sequence = sequences_insert(table_, "a", 1, 0, 0);
  EXPECT_FALSE(sequence_add(sequence, 1));
  EXPECT_FALSE(sequence_add(sequence, 100));
  EXPECT_EQ(0u, sequence->selective);
  EXPECT_TRUE(sequence_add(sequence, 2));
  sequence_set_contiguous(sequence, 100);
  EXPECT_FALSE(sequence_add(sequence, 101));
  EXPECT_EQ(101u, sequence->contiguous);
  sequence_set_contiguous(sequence, 40);  // never back
  EXPECT_EQ(101u, sequence->contiguous);
}

TEST_F(Sequences, AnEntryWithRowsAboveItsGapAsksTheStoreUntilItIsPastThem) {
  sequence_t *sequence = sequences_insert(table_, "a", 1, 3, 6);
  EXPECT_TRUE(sequence_add(sequence, 4));
  EXPECT_TRUE(sequence_add(sequence, 5));
  EXPECT_FALSE(sequence_add(sequence, 6));
  EXPECT_FALSE(sequence_add(sequence, 7));
}

TEST_F(Sequences, AnyOrderClaimsExactlyWhatWasAdded) {
  std::mt19937 random(1);
  for (int round = 0; round < 50; ++round) {
    sequence_t *sequence = sequences_insert(table_, "a", static_cast<uint64_t>(round), 0, 0);
    std::vector<uint64_t> numbers(60);
    for (size_t i = 0; i < numbers.size(); ++i) numbers[i] = i + 1;
    std::shuffle(numbers.begin(), numbers.end(), random);
    std::set<uint64_t> added;
    for (const uint64_t number : numbers) {
      sequence_add(sequence, number);
      added.insert(number);
      for (uint64_t n = 1; n <= 60; ++n) {
        const uint64_t distance = n - sequence->contiguous;
        const bool claimed = n <= sequence->contiguous ||
                             (distance >= 2 && distance < 66 && ((sequence->selective >> (distance - 2)) & 1u) != 0);
        ASSERT_EQ(added.count(n) == 1, claimed) << "number " << n << " after " << number;
      }
    }
    EXPECT_EQ(60u, sequence->contiguous);
  }
}

TEST_F(Sequences, EpochsOfOneAgentAreApartAndAFullTableForgets) {
  sequences_insert(table_, "a", 1, 10, 10);
  sequences_insert(table_, "a", 2, 20, 20);
  EXPECT_EQ(10u, sequences_find(table_, "a", 1)->contiguous);
  EXPECT_EQ(20u, sequences_find(table_, "a", 2)->contiguous);
  EXPECT_EQ(nullptr, sequences_find(table_, "b", 1));
  for (int i = 0; i < 100; ++i) {
    const std::string agent = "agent" + std::to_string(i);
    sequences_insert(table_, agent.c_str(), 1, 7, 7);
    EXPECT_EQ(7u, sequences_find(table_, agent.c_str(), 1)->contiguous);
  }
}

}  // namespace
