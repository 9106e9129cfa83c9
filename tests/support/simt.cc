// simt.cc - fibers (ucontext) as the threads of a block: see simt.h.
#include "simt.h"

#include <ucontext.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/common_interface_defs.h>
#endif

// The bounds of all shared memory of the program; there may be none.
extern "C" {
extern char __start_simt_shared[] __attribute__((weak));
extern char __stop_simt_shared[] __attribute__((weak));
}

namespace simt {
namespace {

enum { kWarp = 32, kStackBytes = 128 * 1024, kMaxThreads = 1024 };

enum class State { kUnstarted, kReady, kAtBarrier, kAtWarp, kDone };

struct Thread {
  Place place;
  State state = State::kUnstarted;
  size_t fiber = 0;       // that it waits on
  const char *what = "";  // the warp operation it waits at
  unsigned mask = 0;
  uint64_t value = 0;
};

// A stack. It takes threads that have not started, one after the other, until one of them waits; then it is that
// thread's until it ends. So a kernel without barriers needs no switch between its threads.
struct Fiber {
  ucontext_t context = {};  // of its first step
  bool has_begun = false;
  void *jump[5] = {};  // where it waits
  std::unique_ptr<char[]> stack;
  void *fake_stack = nullptr;  // AddressSanitizer's
};

struct Block {
  std::vector<Thread> threads;
  std::vector<std::unique_ptr<Fiber>> fibers;
  std::vector<size_t> idle;    // fibers without a thread
  std::vector<uint64_t> left;  // by the lanes of the last exchange
  void *scheduler[5] = {};     // where the scheduler waits
  void *scheduler_fake_stack = nullptr;
  const void *scheduler_stack = nullptr;
  size_t scheduler_stack_bytes = 0;
  const std::function<void()> *kernel = nullptr;
  size_t n_threads = 0, n_started = 0, n_done = 0, current = 0, fiber = 0;
  Order order = Order::kAscending;
};

Block &block() {
  static thread_local Block instance;
  return instance;
}

Thread &current() {
  return block().threads[block().current];
}

[[noreturn]] void undefined(const char *what) {
  const Place &at = current().place;
  std::fprintf(stderr, "simt: %s, in thread (%u, %u, %u) of block (%u, %u, %u)\n", what, at.thread.x, at.thread.y,
               at.thread.z, at.block.x, at.block.y, at.block.z);
  std::abort();
}

// ucontext begins a fiber; from then on its switches are jumps, which need no system call.
[[noreturn]] __attribute__((noinline, no_sanitize("address"))) void jump(void **to) {
  __builtin_longjmp(to, 1);
}
__attribute__((noinline, no_sanitize("address"))) void wait_here(void **here, Fiber *begins, void **to) {
  if (__builtin_setjmp(here) != 0) return;
  if (begins != nullptr) setcontext(&begins->context);
  jump(to);
}

// The i-th thread in the order of turns.
size_t in_order(size_t i) {
  const Block &b = block();
  return b.order == Order::kAscending ? i : b.n_threads - 1 - i;
}

void to_scheduler() {
  Block &b = block();
  const size_t thread = b.current, own = b.fiber;
  Fiber &fiber = *b.fibers[own];
#ifdef __SANITIZE_ADDRESS__
  __sanitizer_start_switch_fiber(&fiber.fake_stack, b.scheduler_stack, b.scheduler_stack_bytes);
#endif
  wait_here(fiber.jump, nullptr, b.scheduler);
#ifdef __SANITIZE_ADDRESS__
  __sanitizer_finish_switch_fiber(fiber.fake_stack, nullptr, nullptr);
#endif
  b.current = thread;
  b.fiber = own;
}

// A fiber's life: it goes on with whatever block comes next, and ends with the program.
void entry() {
  Block &b = block();
#ifdef __SANITIZE_ADDRESS__
  __sanitizer_finish_switch_fiber(nullptr, &b.scheduler_stack, &b.scheduler_stack_bytes);
#endif
  for (;;) {
    const size_t own = b.fiber;
    while (b.n_started < b.n_threads) {
      b.current = in_order(b.n_started++);
      current().state = State::kReady;
      current().fiber = own;
      (*b.kernel)();
      current().state = State::kDone;
      b.n_done += 1;
    }
    b.idle.push_back(own);
    to_scheduler();
  }
}

// Until its thread waits, or there is none left.
void run(size_t fiber) {
  Block &b = block();
  b.fiber = fiber;
#ifdef __SANITIZE_ADDRESS__
  __sanitizer_start_switch_fiber(&b.scheduler_fake_stack, b.fibers[fiber]->stack.get(), kStackBytes);
#endif
  Fiber &to = *b.fibers[fiber];
  Fiber *begins = to.has_begun ? nullptr : &to;
  to.has_begun = true;
  wait_here(b.scheduler, begins, to.jump);
#ifdef __SANITIZE_ADDRESS__
  __sanitizer_finish_switch_fiber(b.scheduler_fake_stack, nullptr, nullptr);
#endif
}

size_t idle_fiber() {
  Block &b = block();
  if (b.idle.empty()) {
    auto fiber = std::make_unique<Fiber>();
    fiber->stack = std::make_unique<char[]>(kStackBytes);
    getcontext(&fiber->context);
    fiber->context.uc_stack.ss_sp = fiber->stack.get();
    fiber->context.uc_stack.ss_size = kStackBytes;
    fiber->context.uc_link = nullptr;
    makecontext(&fiber->context, entry, 0);
    b.fibers.push_back(std::move(fiber));
    return b.fibers.size() - 1;
  }
  const size_t fiber = b.idle.back();
  b.idle.pop_back();
  return fiber;
}

// Everybody who lives has met the barrier.
bool release_barrier() {
  Block &b = block();
  bool any = false;
  for (size_t i = 0; i < b.n_threads; ++i) {
    if (b.threads[i].state == State::kDone) continue;
    if (b.threads[i].state != State::kAtBarrier) return false;
    any = true;
  }
  for (size_t i = 0; i < b.n_threads; ++i)
    if (b.threads[i].state == State::kAtBarrier) b.threads[i].state = State::kReady;
  return any;
}

bool all_lanes_wait(size_t first, const Thread &like) {
  const Block &b = block();
  for (size_t i = 0; i < kWarp; ++i) {
    if ((like.mask >> i & 1u) == 0 || first + i >= b.n_threads) continue;
    const Thread &waiting = b.threads[first + i];
    if (waiting.state == State::kDone) continue;  // has left the kernel: what it would have given is not to be had
    if (waiting.state != State::kAtWarp || waiting.mask != like.mask || std::strcmp(waiting.what, like.what) != 0)
      return false;
  }
  return true;
}

// Of each warp, the lanes whose operation all of the mask have met.
bool release_warps() {
  Block &b = block();
  bool any = false;
  for (size_t first = 0; first < b.n_threads; first += kWarp) {
    for (size_t i = first; i < first + kWarp && i < b.n_threads; ++i) {
      if (b.threads[i].state != State::kAtWarp || !all_lanes_wait(first, b.threads[i])) continue;
      const unsigned mask = b.threads[i].mask;
      for (size_t lane = 0; lane < kWarp && first + lane < b.n_threads; ++lane) {
        Thread &waiting = b.threads[first + lane];
        if ((mask >> lane & 1u) == 0 || waiting.state != State::kAtWarp) continue;
        b.left[first + lane] = waiting.value;
        waiting.state = State::kReady;
      }
      any = true;
    }
  }
  return any;
}

void run_block() {
  Block &b = block();
  if (__start_simt_shared != nullptr)
    std::memset(__start_simt_shared, 0xff, static_cast<size_t>(__stop_simt_shared - __start_simt_shared));
  b.n_started = b.n_done = 0;
  while (b.n_started < b.n_threads) run(idle_fiber());
  while (b.n_done < b.n_threads) {
    const bool warps = release_warps(), barrier = release_barrier();
    if (!warps && !barrier) {
      for (size_t i = 0; i < b.n_threads; ++i)
        if (b.threads[i].state != State::kDone) b.current = i;
      undefined(current().state == State::kAtBarrier ? "a barrier that not all threads reach"
                                                     : "a warp operation that not all lanes of its mask reach");
    }
    for (size_t i = 0; i < b.n_threads; ++i)
      if (b.threads[in_order(i)].state == State::kReady) run(b.threads[in_order(i)].fiber);
  }
}

}  // namespace

void set_order(Order order) {
  block().order = order;
}

void launch(dim3 grid, dim3 block_dim, const std::function<void()> &kernel) {
  Block &b = block();
  b.n_threads = static_cast<size_t>(block_dim.x) * block_dim.y * block_dim.z;
  if (b.n_threads < 1 || b.n_threads > kMaxThreads || grid.x < 1 || grid.y < 1 || grid.z < 1 || grid.y > 65535 ||
      grid.z > 65535) {
    std::fprintf(stderr, "simt: a device refuses a grid of (%u, %u, %u) blocks of (%u, %u, %u) threads\n", grid.x,
                 grid.y, grid.z, block_dim.x, block_dim.y, block_dim.z);
    std::abort();
  }
  b.threads.resize(b.n_threads);
  b.left.assign(b.n_threads, 0);
  b.kernel = &kernel;
  Place place;
  place.block_dim = block_dim;
  place.grid_dim = grid;
  for (place.block.z = 0; place.block.z < grid.z; ++place.block.z)
    for (place.block.y = 0; place.block.y < grid.y; ++place.block.y)
      for (place.block.x = 0; place.block.x < grid.x; ++place.block.x) {
        for (size_t i = 0; i < b.n_threads; ++i) {
          const auto at = static_cast<unsigned>(i);
          place.thread = dim3(at % block_dim.x, at / block_dim.x % block_dim.y, at / block_dim.x / block_dim.y);
          b.threads[i].place = place;
          b.threads[i].state = State::kUnstarted;
        }
        run_block();
      }
}

const Place &place() {
  return current().place;
}

int lane() {
  return static_cast<int>(block().current % kWarp);
}

void sync_threads() {
  current().state = State::kAtBarrier;
  to_scheduler();
}

uint64_t exchange(const char *what, unsigned mask, uint64_t value, int from) {
  Block &b = block();
  const size_t first = b.current / kWarp * kWarp;
  if ((mask >> lane() & 1u) == 0) undefined("a warp operation of a lane that is not in its mask");
  if ((mask >> from & 1u) == 0 || first + static_cast<size_t>(from) >= b.n_threads ||
      b.threads[first + static_cast<size_t>(from)].state == State::kDone)
    undefined("a shuffle from a lane that takes no part");
  current().what = what;
  current().mask = mask;
  current().value = value;
  current().state = State::kAtWarp;
  to_scheduler();
  return b.left[first + static_cast<size_t>(from)];
}

unsigned ballot(unsigned mask, bool vote) {
  exchange("__ballot_sync", mask, vote ? 1 : 0, lane());
  const Block &b = block();
  const size_t first = b.current / kWarp * kWarp;
  unsigned votes = 0;
  for (size_t i = 0; i < kWarp && first + i < b.n_threads; ++i)
    if ((mask >> i & 1u) != 0 && b.left[first + i] != 0) votes |= 1u << i;
  return votes;
}

}  // namespace simt
