// server/queue.c: bounded, closable, in order, and pollable.
#include <poll.h>

#include <thread>

#include "support.h"

extern "C" {
#include "queue.h"
}

namespace {

class Queue : public ::testing::Test {
 protected:
  void make(int32_t capacity) { ASSERT_OK(queue_new(capacity, sizeof(int), &queue_, &error)); }
  void TearDown() override { queue_destroy(&queue_); }
  bool readable() const {
    pollfd item = {queue_fd(queue_), POLLIN, 0};
    return poll(&item, 1, 0) == 1;
  }
  int pop() {
    int value = -1;
    EXPECT_EQ(FC_OK, queue_pop(queue_, &value, 0));
    return value;
  }
  void push(int value) { EXPECT_EQ(FC_OK, queue_try_push(queue_, &value)); }
  queue_t *queue_ = nullptr;
  fc_error_t error = {};
};

TEST_F(Queue, GivesItemsBackInOrderAcrossTheRingsEnd) {
  make(3);
  for (int round = 0; round < 5; ++round) {
    push(10 * round);
    push(10 * round + 1);
    EXPECT_EQ(10 * round, pop());
    EXPECT_EQ(10 * round + 1, pop());
  }
}

TEST_F(Queue, FullAnswersExhaustedAndEmptyTimesOut) {
  make(2);
  push(1);
  push(2);
  int value = 3;
  EXPECT_EQ(FC_EEXHAUSTED, queue_try_push(queue_, &value));
  EXPECT_EQ(2, queue_size(queue_));
  EXPECT_EQ(1, pop());
  EXPECT_EQ(2, pop());
  EXPECT_EQ(FC_ETIMEOUT, queue_pop(queue_, &value, 0));
  EXPECT_EQ(FC_ETIMEOUT, queue_pop(queue_, &value, 1));
}

TEST_F(Queue, ClosedGivesOutWhatIsInsideThenSaysClosed) {
  make(2);
  push(7);
  queue_close(queue_);
  int value = 0;
  EXPECT_EQ(FC_ECLOSED, queue_push(queue_, &value));
  EXPECT_EQ(FC_ECLOSED, queue_try_push(queue_, &value));
  EXPECT_EQ(7, pop());
  EXPECT_EQ(FC_ECLOSED, queue_pop(queue_, &value, QUEUE_WAIT_FOREVER));
  EXPECT_TRUE(readable());
}

TEST_F(Queue, DescriptorIsReadableExactlyWhileSomethingIsInside) {
  make(2);
  EXPECT_FALSE(readable());
  push(1);
  push(2);
  EXPECT_TRUE(readable());
  pop();
  EXPECT_TRUE(readable());
  pop();
  EXPECT_FALSE(readable());
}

TEST_F(Queue, CloseWakesAWaitingPusherWhoKeepsItsItem) {
  make(1);
  push(1);
  std::thread pusher([this] {
    int value = 2;
    EXPECT_EQ(FC_ECLOSED, queue_push(queue_, &value));
  });
  queue_close(queue_);
  pusher.join();
  EXPECT_EQ(1, pop());
}

TEST_F(Queue, EveryItemOfManyProducersArrivesOnce) {
  make(4);
  constexpr int kProducers = 4, kItems = 2000;
  std::vector<std::thread> producers;
  for (int p = 0; p < kProducers; ++p) {
    producers.emplace_back([this, p] {
      for (int i = 0; i < kItems; ++i) {
        const int value = p * kItems + i;
        EXPECT_EQ(FC_OK, queue_push(queue_, &value));
      }
    });
  }
  std::vector<int> seen(kProducers * kItems, 0), last(kProducers, -1);
  for (int i = 0; i < kProducers * kItems; ++i) {
    int value = -1;
    ASSERT_EQ(FC_OK, queue_pop(queue_, &value, QUEUE_WAIT_FOREVER));
    seen[static_cast<size_t>(value)] += 1;
    int &before = last[static_cast<size_t>(value / kItems)];
    EXPECT_LT(before, value % kItems);  // in order per producer
    before = value % kItems;
  }
  for (std::thread &producer : producers) producer.join();
  EXPECT_THAT(seen, ::testing::Each(1));
}

}  // namespace
