// tests agent/platforms/local/haproxy_worker.c: this process stands for a worker, its child for a younger one.
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support.h"

extern "C" {
#include "haproxy_worker.h"
}

namespace {

int listen_at(const std::string &path) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  snprintf(address.sun_path, sizeof address.sun_path, "%s", path.c_str());
  const int made = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  EXPECT_EQ(bind(made, reinterpret_cast<sockaddr *>(&address), sizeof address), 0) << path;
  return made;
}

// A child that ends when it is told to.
struct Child {
  Child() : pid(fork()) {
    if (pid == 0)
      for (;;) pause();
  }
  ~Child() {
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
  }
  Child(const Child &) = delete;
  Child &operator=(const Child &) = delete;
  pid_t pid;
};

TEST(HaproxyWorker, ListensUntilItsSocketIsClosedAlsoUnderTheNameOfTheBind) {
  fc_test::TemporaryFolder folder;
  const std::string path = folder.path("sock");
  const int made = listen_at(path + ".17.tmp");
  ASSERT_EQ(rename((path + ".17.tmp").c_str(), path.c_str()), 0);
  EXPECT_FALSE(haproxy_worker_listens(getpid(), path.c_str())) << "bound, but it does not listen";
  ASSERT_EQ(listen(made, 1), 0);
  EXPECT_TRUE(haproxy_worker_listens(getpid(), path.c_str()));
  EXPECT_FALSE(haproxy_worker_listens(getpid(), folder.path("other").c_str()));
  close(made);
  EXPECT_FALSE(haproxy_worker_listens(getpid(), path.c_str()));
}

TEST(HaproxyWorker, ASharedSocketIsListenedAtByEachWhoHasItOpen) {
  fc_test::TemporaryFolder folder;
  const std::string path = folder.path("sock");
  const int made = listen_at(path);
  ASSERT_EQ(listen(made, 1), 0);
  Child child;
  close(made);
  EXPECT_FALSE(haproxy_worker_listens(getpid(), path.c_str()));
  EXPECT_TRUE(haproxy_worker_listens(child.pid, path.c_str()));
}

TEST(HaproxyWorker, AProcessThatIsGoneListensNowhere) {
  pid_t gone = 0;
  {
    Child child;
    gone = child.pid;
  }
  EXPECT_FALSE(haproxy_worker_listens(gone, "/"));
  EXPECT_EQ(haproxy_worker_newest(gone), 0);
}

TEST(HaproxyWorker, TheNewestIsTheYoungestChild) {
  if (access(("/proc/self/task/" + std::to_string(getpid()) + "/children").c_str(), R_OK) != 0)
    GTEST_SKIP() << "this kernel does not list children (CONFIG_PROC_CHILDREN)";
  const int64_t before = haproxy_worker_newest(getpid());
  Child first;
  EXPECT_EQ(haproxy_worker_newest(getpid()), first.pid);
  {
    Child second;
    EXPECT_EQ(haproxy_worker_newest(getpid()), second.pid);
  }
  EXPECT_EQ(haproxy_worker_newest(getpid()), first.pid);
  EXPECT_NE(before, first.pid);
}

}  // namespace
