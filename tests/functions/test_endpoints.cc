// functions/orchestrator/endpoints.c: a list or a file, and what is wrong with others.
#include "support.h"

extern "C" {
#include "endpoints.h"
}

namespace {

class Endpoints : public testing::Test {
 protected:
  void SetUp() override {
    fc_error_t error = {};
    ASSERT_OK(fc_workflow_load(fc_test::source_file("workflows/local-sequential.yaml").c_str(), &workflow_, &error));
  }
  void TearDown() override {
    endpoints_clear(&endpoints_);
    fc_workflow_destroy(&workflow_);
  }
  fc_status_t read(const std::string &text) {
    endpoints_clear(&endpoints_);
    error_ = {};
    return endpoints_read(text.c_str(), workflow_, &endpoints_, &error_);
  }
  fc_workflow_t *workflow_ = nullptr;
  endpoints_t endpoints_ = {};
  fc_error_t error_ = {};
};

const char kAll[] = "parse=http://h:1,resize=http://h:2,classify=http://h:3,report=http://h:4/path?x=y";

}  // namespace

TEST_F(Endpoints, AListInAnyOrder) {
  ASSERT_EQ(FC_OK, read(kAll)) << error_.message;
  EXPECT_STREQ("http://h:1", endpoints_.urls[fc_workflow_find(workflow_, "parse")]);
  EXPECT_STREQ("http://h:4/path?x=y", endpoints_.urls[fc_workflow_find(workflow_, "report")]);
}

TEST_F(Endpoints, AFileOfYamlOrJson) {
  const fc_test::TemporaryFolder folder;
  const std::string path = folder.path("endpoints");
  fc_test::write_file(path, "parse: 'http://h:1'\nresize: http://h:2\nclassify: http://h:3\nreport: http://h:4\n");
  EXPECT_EQ(FC_OK, read(path)) << error_.message;
  fc_test::write_file(
      path, R"({"parse": "http://h:1", "resize": "http://h:2", "classify": "http://h:3", "report": "http://h:4"})");
  EXPECT_EQ(FC_OK, read(path)) << error_.message;
  fc_test::write_file(path, "parse: http://h:1\nstore: http://h:2\n");
  EXPECT_EQ(FC_EFORMAT, read(path));
  EXPECT_NE(nullptr, strstr(error_.message, "endpoints:2:")) << error_.message;
  fc_test::write_file(path, "[1, 2]");
  EXPECT_EQ(FC_EFORMAT, read(path));
}

TEST_F(Endpoints, SayWhatIsWrong) {
  const std::vector<std::pair<std::string, const char *>> wrong = {
      {"parse=http://h:1", "resize"},
      {std::string(kAll) + ",store=http://h:5", "store"},
      {std::string(kAll) + ",parse=http://h:5", "two URLs"},
      {"parse=localhost:1", "http://"},
      {"parse=http://h:1,resize", "name=url"},
      {"parse=http://" + std::string(400, 'a'), "long"},
      {"nowhere.yaml", "nowhere.yaml"}};
  for (const auto &[text, expected] : wrong) {
    EXPECT_NE(FC_OK, read(text)) << text;
    EXPECT_NE(nullptr, strstr(error_.message, expected)) << error_.message;
    EXPECT_EQ(0u, std::string(error_.message).find("--endpoints")) << error_.message;
  }
}
