// core/file.c: whole files.
#include <sys/stat.h>

#include <cstdlib>

#include "core_fixture.h"

extern "C" {
#include "file.h"
}

namespace {

class File : public ::testing::Test {
 protected:
  ~File() override { std::free(bytes_); }
  fc_status_t read(const std::string &path, size_t max_bytes) {
    std::free(bytes_);
    return file_read(path.c_str(), max_bytes, &bytes_, &size_, &error);
  }
  fc_error_t error = {};
  fc_test::TemporaryFolder folder_;
  uint8_t *bytes_ = nullptr;
  size_t size_ = 0;
};

TEST_F(File, ReadsWhatItWroteAndReplacesIt) {
  const std::string path = folder_.path("a");
  ASSERT_OK(file_replace(path.c_str(), "first and longer", 16, &error));
  ASSERT_OK(file_replace(path.c_str(), "second", 6, &error));
  ASSERT_OK(read(path, 6));
  EXPECT_EQ("second", std::string(reinterpret_cast<char *>(bytes_), size_));
  struct stat info = {};
  ASSERT_EQ(0, stat(path.c_str(), &info));
  EXPECT_EQ(0644u, info.st_mode & 07777);
  EXPECT_EQ(1u, fc_test::files_in(folder_.path())) << "nothing is left beside it";
}

TEST_F(File, ReplacingLeavesFilesWithSimilarNamesAlone) {
  for (const char *name : {"a.tmp", "a.new", "a~"}) fc_test::write_file(folder_.path(name), "precious");
  ASSERT_OK(file_replace(folder_.path("a").c_str(), "new", 3, &error));
  for (const char *name : {"a.tmp", "a.new", "a~"}) EXPECT_EQ("precious", fc_test::read_file(folder_.path(name)));
  EXPECT_EQ(4u, fc_test::files_in(folder_.path()));
}

TEST_F(File, RefusesWhatIsTooLarge) {
  const std::string path = folder_.path("a");
  fc_test::write_file(path, "1234567");
  EXPECT_EQ(FC_EFORMAT, read(path, 6));
  EXPECT_EQ(nullptr, bytes_);
  EXPECT_OK(read(path, 7));
}

TEST_F(File, SaysWhichFileIsNotThere) {
  EXPECT_EQ(FC_ENOTFOUND, read(folder_.path("none"), 10));
  EXPECT_NE(nullptr, strstr(error.message, "none"));
  EXPECT_EQ(FC_EIO, read(folder_.path(""), 1 << 20)) << "a folder";
  EXPECT_EQ(FC_EIO, file_replace(folder_.path("none/a").c_str(), "", 0, &error));
  EXPECT_EQ(FC_EINVAL, file_replace(std::string(5000, 'a').c_str(), "", 0, &error));
}

}  // namespace
