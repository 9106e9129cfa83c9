// sim/jobs.c: every piece once, whatever the number of threads.
#include <algorithm>
#include <atomic>
#include <vector>

#include "support.h"

extern "C" {
#include "jobs.h"
}

namespace {

struct Board {
  std::vector<int> times;
  std::vector<int64_t> told;
  int64_t fails_at = -1;
  std::atomic<int> n_workers{0};
};

fc_status_t mark(void *context, int32_t worker, int64_t piece, fc_error_t *error) {
  Board *board = static_cast<Board *>(context);
  if (worker < 0 || worker >= JOBS_MAX_WORKERS) return fc_error_set(error, FC_EINTERNAL, "worker %d", worker);
  if (piece == board->fails_at) return fc_error_set(error, FC_EINVAL, "piece %lld", static_cast<long long>(piece));
  board->times[static_cast<size_t>(piece)] += 1;
  return FC_OK;
}

void tell(void *context, int64_t n_done) {
  static_cast<Board *>(context)->told.push_back(n_done);
}

TEST(Jobs, RunsEveryPieceOnce) {
  for (int workers : {1, 2, 7, 256}) {
    Board board;
    board.times.assign(1000, 0);
    fc_error_t error = {};
    ASSERT_EQ(FC_OK, jobs_run(workers, 1000, mark, tell, &board, &error)) << error.message;
    for (int times : board.times) EXPECT_EQ(1, times);
    EXPECT_EQ(1000, board.told.back());
  }
}

TEST(Jobs, NothingToDoIsDone) {
  Board board;
  fc_error_t error = {};
  EXPECT_EQ(FC_OK, jobs_run(4, 0, mark, nullptr, &board, &error));
}

TEST(Jobs, AFailureStopsTheRestAndIsTold) {
  Board board;
  board.times.assign(100000, 0);
  board.fails_at = 10;
  fc_error_t error = {};
  EXPECT_EQ(FC_EINVAL, jobs_run(3, 100000, mark, nullptr, &board, &error));
  EXPECT_STREQ("piece 10", error.message);
  EXPECT_LT(std::count(board.times.begin(), board.times.end(), 1), 100000 - 1) << "the rest was worked on, too";
}

TEST(Jobs, RefusesOddNumbersOfWorkers) {
  fc_error_t error = {};
  for (int workers : {0, -1, 257}) EXPECT_EQ(FC_EINVAL, jobs_run(workers, 1, mark, nullptr, nullptr, &error));
  EXPECT_GE(jobs_default_workers(), 1);
}

}  // namespace
