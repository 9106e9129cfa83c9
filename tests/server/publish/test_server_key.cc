// server/publish/server_key.c: made once, kept, refused when exposed or damaged.
#include <sys/stat.h>

#include "support.h"

extern "C" {
#include "server_key.h"
}

namespace {

class ServerKey : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(FC_OK, fc_digest_init()); }
  fc_test::TemporaryFolder folder;
  fc_error_t error = {};
};

TEST_F(ServerKey, MadeAtTheFirstStartAndTheSameAtTheNext) {
  server_key_t first, second;
  ASSERT_OK(server_key_load(folder.path().c_str(), &first, &error));
  ASSERT_OK(server_key_load(folder.path().c_str(), &second, &error));
  EXPECT_EQ(0, memcmp(&first, &second, sizeof first));
  struct stat about;
  ASSERT_EQ(0, stat(folder.path("server.key").c_str(), &about));
  EXPECT_EQ(0600u, about.st_mode & 0777);
  uint8_t signature[FC_SIGNATURE_SIZE];
  fc_sign("x", 1, second.secret_key, signature);
  EXPECT_TRUE(fc_verify("x", 1, first.public_key, signature));
}

TEST_F(ServerKey, ReadableByOthersIsRefused) {
  server_key_t key;
  ASSERT_OK(server_key_load(folder.path().c_str(), &key, &error));
  ASSERT_EQ(0, chmod(folder.path("server.key").c_str(), 0644));
  EXPECT_EQ(FC_EUNSAFE, server_key_load(folder.path().c_str(), &key, &error));
  EXPECT_THAT(error.message, ::testing::HasSubstr("chmod 600"));
}

TEST_F(ServerKey, DamagedIsRefused) {
  server_key_t key;
  ASSERT_OK(server_key_load(folder.path().c_str(), &key, &error));
  const std::string whole = fc_test::read_file(folder.path("server.key"));
  for (const std::string &damaged :
       {whole.substr(0, 100), whole + "00", std::string("zz") + whole.substr(2), std::string()}) {
    fc_test::write_file(folder.path("server.key"), damaged);
    EXPECT_EQ(FC_EFORMAT, server_key_load(folder.path().c_str(), &key, &error)) << damaged.size();
  }
}

}  // namespace
