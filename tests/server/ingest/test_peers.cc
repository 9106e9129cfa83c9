// server/ingest/peers.c: who counts as connected.
#include <set>

#include "support.h"

extern "C" {
#include "peers.h"
}

namespace {

endpoint_peer_t make_peer(int n) {
  endpoint_peer_t peer = {};
  peer.size = 3;
  peer.bytes[0] = 0;
  peer.bytes[1] = static_cast<uint8_t>(n / 256);
  peer.bytes[2] = static_cast<uint8_t>(n % 256);
  return peer;
}

class Peers : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_OK(peers_new(64, &peers_, &error)); }
  void TearDown() override { peers_destroy(&peers_); }
  peers_t *peers_ = nullptr;
  fc_error_t error = {};
};

TEST_F(Peers, CountsEachOnceAndOnlyAfterHello) {
  const endpoint_peer_t one = make_peer(1), two = make_peer(2);
  peers_touch(peers_, &one, 5);
  EXPECT_EQ(0, peers_count(peers_));
  peers_seen(peers_, &one, 5);
  peers_seen(peers_, &one, 6);
  peers_seen(peers_, &two, 6);
  EXPECT_EQ(2, peers_count(peers_));
  peers_forget(peers_, &one);
  peers_forget(peers_, &one);
  EXPECT_EQ(1, peers_count(peers_));
}

TEST_F(Peers, SweepForgetsTheSilentOnly) {
  for (int i = 0; i < 40; ++i) {
    const endpoint_peer_t peer = make_peer(i);
    peers_seen(peers_, &peer, i);
  }
  const endpoint_peer_t early = make_peer(3);
  peers_touch(peers_, &early, 100);
  peers_sweep(peers_, 20);
  EXPECT_EQ(21, peers_count(peers_));
}

TEST_F(Peers, FullServesWithoutCountingAndForgettingInAnyOrderKeepsTheRest) {
  for (int i = 0; i < 100; ++i) {
    const endpoint_peer_t peer = make_peer(i);
    peers_seen(peers_, &peer, 1);
  }
  EXPECT_EQ(64, peers_count(peers_));
  for (int i = 0; i < 64; i += 2) {
    const endpoint_peer_t peer = make_peer(i);
    peers_forget(peers_, &peer);
  }
  EXPECT_EQ(32, peers_count(peers_));
  for (int i = 1; i < 64; i += 2) {
    const endpoint_peer_t peer = make_peer(i);
    peers_seen(peers_, &peer, 2);  // still there: the count stays
  }
  EXPECT_EQ(32, peers_count(peers_));
}

}  // namespace
