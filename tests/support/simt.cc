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

enum { kWarp = 32, kStackBytes = 256 * 1024, kMaxThreads = 1024 };

enum class State { kReady, kAtBarrier, kAtWarp, kDone };

struct Fiber {
  ucontext_t context = {};
  std::unique_ptr<char[]> stack;
  void *fake_stack = nullptr;  // AddressSanitizer's
  Place place;
  State state = State::kDone;
  const char *what = "";  // the warp operation it waits at
  unsigned mask = 0;
  uint64_t value = 0;
};

struct Block {
  std::vector<Fiber> fibers;
  std::vector<uint64_t> left;  // by the lanes of the last exchange
  ucontext_t scheduler = {};
  void *scheduler_fake_stack = nullptr;
  const void *scheduler_stack = nullptr;
  size_t scheduler_stack_bytes = 0;
  const std::function<void()> *kernel = nullptr;
  size_t n_threads = 0, current = 0;
  Order order = Order::kAscending;
};

Block &block() {
  static thread_local Block instance;
  return instance;
}

Fiber &current() {
  return block().fibers[block().current];
}

[[noreturn]] void undefined(const char *what) {
  const Place &at = current().place;
  std::fprintf(stderr, "simt: %s, in thread (%u, %u, %u) of block (%u, %u, %u)\n", what, at.thread.x, at.thread.y,
               at.thread.z, at.block.x, at.block.y, at.block.z);
  std::abort();
}

void to_scheduler([[maybe_unused]] bool ends) {
  Block &b = block();
  Fiber &fiber = current();
#ifdef __SANITIZE_ADDRESS__
  __sanitizer_start_switch_fiber(ends ? nullptr : &fiber.fake_stack, b.scheduler_stack, b.scheduler_stack_bytes);
#endif
  swapcontext(&fiber.context, &b.scheduler);
#ifdef __SANITIZE_ADDRESS__
  __sanitizer_finish_switch_fiber(fiber.fake_stack, nullptr, nullptr);
#endif
}

void entry() {
  Block &b = block();
#ifdef __SANITIZE_ADDRESS__
  __sanitizer_finish_switch_fiber(nullptr, &b.scheduler_stack, &b.scheduler_stack_bytes);
#endif
  (*b.kernel)();
  current().state = State::kDone;
  to_scheduler(true);
}

// Until the fiber waits or ends.
void run(size_t index) {
  Block &b = block();
  b.current = index;
#ifdef __SANITIZE_ADDRESS__
  __sanitizer_start_switch_fiber(&b.scheduler_fake_stack, current().stack.get(), kStackBytes);
#endif
  swapcontext(&b.scheduler, &current().context);
#ifdef __SANITIZE_ADDRESS__
  __sanitizer_finish_switch_fiber(b.scheduler_fake_stack, nullptr, nullptr);
#endif
}

void prepare(size_t index, const Place &place) {
  Fiber &fiber = block().fibers[index];
  if (fiber.stack == nullptr) fiber.stack = std::make_unique<char[]>(kStackBytes);
  getcontext(&fiber.context);
  fiber.context.uc_stack.ss_sp = fiber.stack.get();
  fiber.context.uc_stack.ss_size = kStackBytes;
  fiber.context.uc_link = nullptr;
  makecontext(&fiber.context, entry, 0);
  fiber.place = place;
  fiber.state = State::kReady;
}

// Everybody who lives has met the barrier.
bool release_barrier() {
  Block &b = block();
  bool any = false;
  for (size_t i = 0; i < b.n_threads; ++i) {
    if (b.fibers[i].state == State::kDone) continue;
    if (b.fibers[i].state != State::kAtBarrier) return false;
    any = true;
  }
  for (size_t i = 0; i < b.n_threads; ++i)
    if (b.fibers[i].state == State::kAtBarrier) b.fibers[i].state = State::kReady;
  return any;
}

bool all_lanes_wait(size_t first, const Fiber &like) {
  const Block &b = block();
  for (size_t i = 0; i < kWarp; ++i) {
    if ((like.mask >> i & 1u) == 0 || first + i >= b.n_threads) continue;
    const Fiber &fiber = b.fibers[first + i];
    if (fiber.state == State::kDone) continue;  // has left the kernel: what it would have given is not to be had
    if (fiber.state != State::kAtWarp || fiber.mask != like.mask || std::strcmp(fiber.what, like.what) != 0)
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
      if (b.fibers[i].state != State::kAtWarp || !all_lanes_wait(first, b.fibers[i])) continue;
      const unsigned mask = b.fibers[i].mask;
      for (size_t lane = 0; lane < kWarp && first + lane < b.n_threads; ++lane) {
        Fiber &fiber = b.fibers[first + lane];
        if ((mask >> lane & 1u) == 0 || fiber.state != State::kAtWarp) continue;
        b.left[first + lane] = fiber.value;
        fiber.state = State::kReady;
      }
      any = true;
    }
  }
  return any;
}

size_t n_alive() {
  const Block &b = block();
  size_t n = 0;
  for (size_t i = 0; i < b.n_threads; ++i) n += b.fibers[i].state != State::kDone ? 1 : 0;
  return n;
}

void run_block() {
  Block &b = block();
  if (__start_simt_shared != nullptr)
    std::memset(__start_simt_shared, 0xff, static_cast<size_t>(__stop_simt_shared - __start_simt_shared));
  while (n_alive() > 0) {
    bool ran = false;
    for (size_t i = 0; i < b.n_threads; ++i) {
      const size_t index = b.order == Order::kAscending ? i : b.n_threads - 1 - i;
      if (b.fibers[index].state != State::kReady) continue;
      run(index);
      ran = true;
    }
    const bool warps = release_warps(), barrier = release_barrier();
    if (ran || warps || barrier) continue;
    for (size_t i = 0; i < b.n_threads; ++i)
      if (b.fibers[i].state != State::kDone) b.current = i;
    undefined(current().state == State::kAtBarrier ? "a barrier that not all threads reach"
                                                   : "a warp operation that not all lanes of its mask reach");
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
  if (b.fibers.size() < b.n_threads) b.fibers = std::vector<Fiber>(b.n_threads);
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
          prepare(i, place);
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
  to_scheduler(false);
}

uint64_t exchange(const char *what, unsigned mask, uint64_t value, int from) {
  Block &b = block();
  const size_t first = b.current / kWarp * kWarp;
  if ((mask >> lane() & 1u) == 0) undefined("a warp operation of a lane that is not in its mask");
  if ((mask >> from & 1u) == 0 || first + static_cast<size_t>(from) >= b.n_threads ||
      b.fibers[first + static_cast<size_t>(from)].state == State::kDone)
    undefined("a shuffle from a lane that takes no part");
  current().what = what;
  current().mask = mask;
  current().value = value;
  current().state = State::kAtWarp;
  to_scheduler(false);
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
