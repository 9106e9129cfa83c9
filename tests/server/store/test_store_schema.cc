// Schema versions: made once, a newer one is left alone.
#include <sys/stat.h>

#include "rows.h"

namespace {

using fc_test::Row;
using fc_test::Store;
using fc_test::TemporaryFolder;
using fc_test::Workflow;
using ::testing::HasSubstr;

fc_status_t try_open(const std::string &folder, store_access_t access, fc_error_t *error) {
  store_t *store = nullptr;
  const fc_status_t status = store_open(folder.c_str(), access, "", &store, error);
  EXPECT_EQ(status == FC_OK, store != nullptr);
  store_destroy(&store);
  return status;
}

// SQLite keeps user_version at byte 60 of the file, big-endian.
void set_user_version(const std::string &database, char version) {
  std::string bytes = fc_test::read_file(database);
  ASSERT_GT(bytes.size(), 100u);
  bytes[63] = version;
  fc_test::write_file(database, bytes);
}

TEST(StoreSchema, IsMadeOnceAndKeptAfterwards) {
  TemporaryFolder folder;
  const Workflow chain;
  {
    const Store store(folder.path("s"));
    EXPECT_TRUE(store.insert(chain, Row(chain, 1)));
  }
  EXPECT_EQ(1, fc_test::read_file(folder.path("s/faasconf.db"))[63]);
  const Store again(folder.path("s"));
  EXPECT_EQ(1, again.count());
}

TEST(StoreSchema, ANewerVersionIsRefusedAndLeftAlone) {
  TemporaryFolder folder;
  { const Store store(folder.path("s")); }
  ASSERT_NO_FATAL_FAILURE(set_user_version(folder.path("s/faasconf.db"), 2));
  const std::string before = fc_test::read_file(folder.path("s/faasconf.db"));
  fc_error_t error = {};
  for (store_access_t access : {STORE_READ_WRITE, STORE_READ_ONLY}) {
    EXPECT_EQ(FC_EMISMATCH, try_open(folder.path("s"), access, &error));
    EXPECT_THAT(error.message, HasSubstr("version 2"));
    EXPECT_THAT(error.message, HasSubstr("update"));
  }
  EXPECT_EQ(before, fc_test::read_file(folder.path("s/faasconf.db")));
}

TEST(StoreSchema, AReaderDoesNotMakeOne) {
  TemporaryFolder folder;
  fc_error_t error = {};
  EXPECT_EQ(FC_ENOTFOUND, try_open(folder.path("absent"), STORE_READ_ONLY, &error));
  EXPECT_THAT(error.message, HasSubstr("absent"));
  ASSERT_EQ(0, mkdir(folder.path("empty").c_str(), 0700));
  EXPECT_EQ(FC_ENOTFOUND, try_open(folder.path("empty"), STORE_READ_ONLY, &error));
  fc_test::write_file(folder.path("empty/faasconf.db"), "");
  EXPECT_EQ(FC_ESTATE, try_open(folder.path("empty"), STORE_READ_ONLY, &error));
  EXPECT_THAT(error.message, HasSubstr("not initialised"));
  EXPECT_EQ("", fc_test::read_file(folder.path("empty/faasconf.db")));
}

}  // namespace
