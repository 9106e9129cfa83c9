// One writer: the second is refused and told whom to ask; readers are not; the lock dies with its holder.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rows.h"

namespace {

using fc_test::Row;
using fc_test::Store;
using fc_test::TemporaryFolder;
using fc_test::Workflow;
using ::testing::HasSubstr;

// The sentence with which another writer is refused.
std::string refusal(const std::string &folder) {
  store_t *second = nullptr;
  fc_error_t error = {};
  EXPECT_EQ(FC_ESTATE, store_open(folder.c_str(), STORE_READ_WRITE, "", &second, &error));
  EXPECT_EQ(nullptr, second);
  return error.message;
}

TEST(StoreLock, TheSecondWriterIsRefusedWithPidAndAddressOfTheFirst) {
  TemporaryFolder folder;
  const Store first(folder.path("s"), STORE_READ_WRITE, "tcp://127.0.0.1:7603");
  EXPECT_THAT(refusal(folder.path("s")), HasSubstr("tcp://127.0.0.1:7603"));
  EXPECT_THAT(refusal(folder.path("s")), HasSubstr(std::to_string(getpid())));
  fc_error_t error = {};
  ASSERT_OK(store_set_address(first, "tcp://127.0.0.1:9", &error));
  EXPECT_THAT(refusal(folder.path("s")), HasSubstr("tcp://127.0.0.1:9;"));
}

TEST(StoreLock, ACommandThatHoldsItIsNamedByItsPid) {
  TemporaryFolder folder;
  Store first(folder.path("s"));
  EXPECT_THAT(refusal(folder.path("s")), HasSubstr("(pid " + std::to_string(getpid()) + ")"));
  first.close();
  const Store second(folder.path("s"));
  EXPECT_EQ(0, second.count());
}

TEST(StoreLock, ReadersWorkBesideTheWriterAndSeeWhatIsCommitted) {
  TemporaryFolder folder;
  const Workflow chain;
  const Store writer(folder.path("s"));
  fc_error_t error = {};
  ASSERT_TRUE(writer.insert(chain, Row(chain, 1)));
  const Store reader(folder.path("s"), STORE_READ_ONLY), other(folder.path("s"), STORE_READ_ONLY);
  ASSERT_OK(store_begin(writer, &error));
  ASSERT_TRUE(writer.insert(chain, Row(chain, 2)));
  EXPECT_EQ(1, reader.count());
  ASSERT_OK(store_commit(writer, &error));
  EXPECT_EQ(2, reader.count());
  EXPECT_EQ(2u, fc_test::visit_all(other, chain).size());
}

TEST(StoreLock, AReaderCanWriteNothing) {
  TemporaryFolder folder;
  const Workflow chain;
  Store writer(folder.path("s"));
  const Store reader(folder.path("s"), STORE_READ_ONLY);
  fc_error_t error = {};
  bool flag = false;
  EXPECT_NE(FC_OK, store_insert_transition(reader, chain, Row(chain, 1).get(), &flag, &error));
  EXPECT_NE(FC_OK, store_put_event(reader, 1, "kind", "text", &error));
  EXPECT_EQ(FC_ESTATE, store_set_address(reader, "tcp://127.0.0.1:9", &error));
  EXPECT_EQ(0, writer.count());
  writer.close();
  EXPECT_EQ(0, reader.count());  // and goes on after the writer
}

TEST(StoreLock, DiesWithItsHolderAndKeepsWhatThatCommitted) {
  TemporaryFolder folder;
  const Workflow chain;
  int ready[2];
  ASSERT_EQ(0, pipe(ready));
  const pid_t holder = fork();
  if (holder == 0) {
    store_t *store = nullptr;
    bool duplicate = false;
    const bool good =
        store_open(folder.path("s").c_str(), STORE_READ_WRITE, "tcp://127.0.0.1:5", &store, nullptr) == FC_OK &&
        store_insert_transition(store, chain, Row(chain, 1).get(), &duplicate, nullptr) == FC_OK &&
        store_begin(store, nullptr) == FC_OK &&
        store_insert_transition(store, chain, Row(chain, 2).get(), &duplicate, nullptr) == FC_OK;
    if (write(ready[1], good ? "y" : "n", 1) != 1) _exit(1);
    for (;;) pause();
  }
  ASSERT_GT(holder, 0);
  char answer = 0;
  ASSERT_EQ(1, read(ready[0], &answer, 1));
  ASSERT_EQ('y', answer);
  EXPECT_THAT(refusal(folder.path("s")), HasSubstr("pid " + std::to_string(holder)));
  kill(holder, SIGKILL);
  int status = 0;
  ASSERT_EQ(holder, waitpid(holder, &status, 0));
  const Store next(folder.path("s"));
  EXPECT_EQ(1, next.count());
  EXPECT_TRUE(next.insert(chain, Row(chain, 2)));
  close(ready[0]);
  close(ready[1]);
}

}  // namespace
