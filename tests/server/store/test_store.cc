// Opening, transactions, full disks, damage, backups.
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "rows.h"

namespace {

using fc_test::Row;
using fc_test::Store;
using fc_test::TemporaryFolder;
using fc_test::Workflow;
using ::testing::HasSubstr;

class StoreTest : public ::testing::Test {
 protected:
  std::string database() const { return folder.path("s/faasconf.db"); }
  // A store of n rows, closed.
  void make(uint64_t n) {
    const Store store(folder.path("s"));
    ASSERT_OK(store_begin(store, &error));
    for (uint64_t s = 1; s <= n; ++s) ASSERT_TRUE(store.insert(chain, Row(chain, s)));
    ASSERT_OK(store_commit(store, &error));
  }
  // How the first thing that meets the damage fails: opening, checking, or reading all rows.
  fc_status_t meet_damage() {
    store_t *store = nullptr;
    fc_status_t status = store_open(folder.path("s").c_str(), STORE_READ_WRITE, "", &store, &error);
    if (status == FC_OK) status = store_check(store, &error);
    store_destroy(&store);
    return status;
  }

  TemporaryFolder folder;
  const Workflow chain;
  fc_error_t error = {};
};

TEST(StoreExisting, IsOpenedForWritingButNeverMade) {
  fc_test::TemporaryFolder folder;
  fc_error_t error = {};
  store_t *store = nullptr;
  const std::string path = folder.path("store");
  EXPECT_EQ(FC_ENOTFOUND, store_open(path.c_str(), STORE_EXISTING, "", &store, &error));
  EXPECT_NE(0, access(path.c_str(), F_OK)) << "not even the folder";
  { fc_test::Store made(path); }
  ASSERT_OK(store_open(path.c_str(), STORE_EXISTING, "", &store, &error));
  ASSERT_OK(store_put_event(store, 1, "test", "written", &error));
  store_destroy(&store);
}

TEST_F(StoreTest, MakesItsFolderAndKeepsItsRows) {
  make(3);
  const Store store(folder.path("s"));
  EXPECT_EQ(3, store.count());
  EXPECT_OK(store_check(store, &error));
}

// The header of an SQLite file: page size in bytes 16 and 17, big-endian.
TEST_F(StoreTest, ItsPagesHoldSeveralRows) {
  make(1);
  const std::string file = fc_test::read_file(database());
  ASSERT_GE(file.size(), 18u);
  EXPECT_EQ(16384, static_cast<uint8_t>(file[16]) << 8 | static_cast<uint8_t>(file[17]));
}

TEST_F(StoreTest, AFolderThatCannotBeIsRefusedByName) {
  store_t *store = nullptr;
  EXPECT_EQ(FC_EINVAL, store_open("", STORE_READ_WRITE, "", &store, &error));
  EXPECT_EQ(FC_EINVAL, store_open(std::string(5000, 'x').c_str(), STORE_READ_WRITE, "", &store, &error));
  EXPECT_EQ(FC_EIO, store_open(folder.path("no/where").c_str(), STORE_READ_WRITE, "", &store, &error));
  EXPECT_THAT(error.message, HasSubstr("no/where"));
  fc_test::write_file(folder.path("file"), "");
  EXPECT_EQ(FC_EIO, store_open(folder.path("file").c_str(), STORE_READ_WRITE, "", &store, &error));
  EXPECT_EQ(nullptr, store);
}

TEST_F(StoreTest, ARolledBackTransactionLeavesNothingAndTheStoreUsable) {
  const Store store(folder.path("s"));
  ASSERT_TRUE(store.insert(chain, Row(chain, 1)));
  ASSERT_OK(store_begin(store, &error));
  ASSERT_TRUE(store.insert(chain, Row(chain, 2)));
  ASSERT_OK(store_put_event(store, 1, "kind", "never happened", &error));
  store_rollback(store);
  store_rollback(store);  // with nothing open: nothing
  EXPECT_EQ(1, store.count());
  ASSERT_OK(store_begin(store, &error));
  EXPECT_TRUE(store.insert(chain, Row(chain, 2)));
  ASSERT_OK(store_commit(store, &error));
  EXPECT_EQ(2, store.count());
}

TEST_F(StoreTest, ARefusedRowDoesNotSpoilTheTransaction) {
  const Workflow pair(fc_test::kPair);
  const Store store(folder.path("s"));
  bool duplicate = false;
  ASSERT_OK(store_begin(store, &error));
  ASSERT_TRUE(store.insert(chain, Row(chain, 1)));
  EXPECT_EQ(FC_EMISMATCH, store_insert_transition(store, chain, Row(pair, 2).get(), &duplicate, &error));
  ASSERT_TRUE(store.insert(chain, Row(chain, 3)));
  ASSERT_OK(store_commit(store, &error));
  EXPECT_EQ(2, store.count());
}

TEST_F(StoreTest, EventsAreKept) {
  {
    const Store store(folder.path("s"));
    ASSERT_OK(store_put_event(store, 1700000000000000, "proposal", "halve the memory", &error));
    ASSERT_OK(store_begin(store, &error));
    ASSERT_OK(store_put_event(store, 1700000000000001, "proposal", "rolled back", &error));
    store_rollback(store);
  }
  const std::string bytes = fc_test::read_file(database());
  EXPECT_THAT(bytes, HasSubstr("halve the memory"));
  EXPECT_THAT(bytes, ::testing::Not(HasSubstr("rolled back")));
}

// No file may grow beyond `bytes` while the object lives: what a full disk does to writes.
class FullDisk {
 public:
  explicit FullDisk(rlim_t bytes) {
    handler_ = signal(SIGXFSZ, SIG_IGN);
    EXPECT_EQ(0, getrlimit(RLIMIT_FSIZE, &before_));
    const rlimit tiny = {bytes, before_.rlim_max};
    EXPECT_EQ(0, setrlimit(RLIMIT_FSIZE, &tiny));
  }
  ~FullDisk() {
    setrlimit(RLIMIT_FSIZE, &before_);
    signal(SIGXFSZ, handler_);
  }

 private:
  rlimit before_ = {};
  void (*handler_)(int) = SIG_DFL;
};

TEST_F(StoreTest, AFullDiskIsExhaustedAndNothingIsHalfStored) {
  const Store store(folder.path("s"));
  ASSERT_TRUE(store.insert(chain, Row(chain, 1)));
  fc_status_t status = FC_OK;
  {
    const FullDisk full(64 << 10);
    status = store_begin(store, &error);
    for (uint64_t s = 2; s <= 400 && status == FC_OK; ++s) {
      bool duplicate = false;
      status = store_insert_transition(store, chain, Row(chain, s).get(), &duplicate, &error);
    }
    if (status == FC_OK)
      status = store_commit(store, &error);
    else
      store_rollback(store);
  }
  EXPECT_EQ(FC_EEXHAUSTED, status);
  EXPECT_THAT(error.message, HasSubstr("free space"));
  EXPECT_EQ(1, store.count());
  EXPECT_OK(store_check(store, &error));
  ASSERT_OK(store_begin(store, &error));  // there is room again
  for (uint64_t s = 2; s <= 400; ++s) ASSERT_TRUE(store.insert(chain, Row(chain, s)));
  ASSERT_OK(store_commit(store, &error));
  EXPECT_EQ(400, store.count());
}

TEST_F(StoreTest, AFullDiskWithoutATransactionStoresNothingEither) {
  const Store store(folder.path("s"));
  ASSERT_TRUE(store.insert(chain, Row(chain, 1)));
  fc_status_t status = FC_OK;
  bool duplicate = false;
  {
    const FullDisk full(1024);
    status = store_insert_transition(store, chain, Row(chain, 2).get(), &duplicate, &error);
  }
  EXPECT_EQ(FC_EEXHAUSTED, status);
  EXPECT_EQ(1, store.count());
  EXPECT_TRUE(store.insert(chain, Row(chain, 2)));
}

TEST_F(StoreTest, AFileThatIsNoDatabaseIsRefusedWithWhatToDo) {
  make(1);
  fc_test::write_file(database(), std::string(8192, 'x'));
  store_t *store = nullptr;
  for (store_access_t access : {STORE_READ_WRITE, STORE_READ_ONLY}) {
    EXPECT_EQ(FC_EFORMAT, store_open(folder.path("s").c_str(), access, "", &store, &error));
    EXPECT_EQ(nullptr, store);
    EXPECT_THAT(error.message, HasSubstr("restore a backup"));
  }
  EXPECT_EQ(std::string(8192, 'x'), fc_test::read_file(database()));  // left for whoever repairs it
}

TEST_F(StoreTest, ATruncatedDatabaseIsRefused) {
  make(100);
  const std::string bytes = fc_test::read_file(database());
  ASSERT_GT(bytes.size(), 40000u);
  fc_test::write_file(database(), bytes.substr(0, bytes.size() / 2));
  EXPECT_EQ(FC_EFORMAT, meet_damage());
  EXPECT_THAT(error.message, HasSubstr("restore a backup"));
}

TEST_F(StoreTest, ADamagedPageIsFoundByTheCheck) {
  make(100);
  std::string bytes = fc_test::read_file(database());
  // The last page belongs to the rows: the schema's pages come first.
  for (size_t i = bytes.size() - 4096; i < bytes.size() - 3500; ++i) bytes[i] = '\xff';
  fc_test::write_file(database(), bytes);
  EXPECT_EQ(FC_EFORMAT, meet_damage());
  EXPECT_THAT(error.message, HasSubstr("restore a backup"));
}

TEST_F(StoreTest, ADamagedRowIsRefusedWhenItIsRead) {
  make(3);
  std::string bytes = fc_test::read_file(database());
  // Inside the second row's transition: no page structure is touched.
  const std::string row = fc_test::bytes_of(Row(chain, 2).get());
  const size_t at = bytes.find(row.substr(0, 60));
  ASSERT_NE(std::string::npos, at);
  for (size_t i = 0; i < 8; ++i) bytes[at + i] = '\xff';
  fc_test::write_file(database(), bytes);
  const Store store(folder.path("s"));
  int n = 0;
  const store_visit_t visit = [](void *context, int64_t, bool, const fc_transition_t *) {
    ++*static_cast<int *>(context);
    return FC_OK;
  };
  EXPECT_EQ(FC_EFORMAT, store_each_transition(store, chain, 0, visit, &n, &error));
  EXPECT_EQ(1, n);
  EXPECT_THAT(error.message, HasSubstr("restore a backup"));
}

TEST_F(StoreTest, ABackupIsWhatWasCommittedWhenItWasMade) {
  const Store store(folder.path("s"));
  store.put(chain);
  for (uint64_t s = 1; s <= 50; ++s) ASSERT_TRUE(store.insert(chain, Row(chain, s)));
  const Store reader(folder.path("s"), STORE_READ_ONLY);
  ASSERT_OK(store_begin(store, &error));
  ASSERT_TRUE(store.insert(chain, Row(chain, 51)));
  { const Store made(folder.path("backup")); }
  ASSERT_OK(store_backup(reader, folder.path("backup/faasconf.db").c_str(), &error));  // while the writer is at work
  ASSERT_OK(store_commit(store, &error));
  ASSERT_TRUE(store.insert(chain, Row(chain, 52)));
  const Store backup(folder.path("backup"));
  EXPECT_OK(store_check(backup, &error));
  EXPECT_EQ(50, backup.count());
  EXPECT_EQ(52, store.count());
  EXPECT_TRUE(backup.insert(chain, Row(chain, 51)));
  fc_workflow_t *workflow = nullptr;
  EXPECT_OK(store_get_workflow(backup, "chain", &workflow, &error));
  fc_workflow_destroy(&workflow);
}

TEST_F(StoreTest, ABackupThatCannotBeWrittenSaysSo) {
  const Store store(folder.path("s"));
  EXPECT_EQ(FC_EIO, store_backup(store, folder.path("no/where.db").c_str(), &error));
  EXPECT_THAT(error.message, HasSubstr("no/where.db"));
}

}  // namespace
