// cli/configuration_file.c: what a configuration file may look like, and what is said about one that is wrong.
#include "support.h"

extern "C" {
#include "configuration_file.h"
}

namespace {

class ConfigurationFile : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK(fc_workflow_load(fc_test::source_file("workflows/parallel.yaml").c_str(), &workflow_, &error));
    configuration_.resize(static_cast<size_t>(workflow_->n_functions));
  }
  void TearDown() override { fc_workflow_destroy(&workflow_); }

  // One line per function; line i can be replaced.
  std::string text(size_t replaced = 99, const std::string &line = "") const {
    const char *names[] = {"starter", "rgb", "resize", "update", "resnet", "mobilenet"};
    std::string out;
    for (size_t i = 0; i < 6; ++i)
      out += i == replaced ? line
                           : std::string(names[i]) + ": {cpu_millicores: " + std::to_string(1000 + i) +
                                 ", mem_mib: 1024, replicas: 3, concurrency: 5}\n";
    return out;
  }
  fc_status_t read(const std::string &content) {
    const std::string path = folder_.path("configuration.yaml");
    fc_test::write_file(path, content);
    return configuration_file_read(workflow_, path.c_str(), configuration_.data(), &error);
  }
  void expect_refused(const std::string &content, const std::string &place, const std::string &reason) {
    EXPECT_EQ(FC_EFORMAT, read(content)) << content;
    const std::string message = error.message;
    EXPECT_NE(std::string::npos, message.find("configuration.yaml:" + place)) << message;
    EXPECT_NE(std::string::npos, message.find(reason)) << message;
  }

  fc_error_t error = {};
  fc_workflow_t *workflow_ = nullptr;
  std::vector<fc_function_configuration_t> configuration_;
  fc_test::TemporaryFolder folder_;
};

TEST_F(ConfigurationFile, ReadsYamlInAnyOrder) {
  ASSERT_OK(read(text()));
  EXPECT_EQ(1002, configuration_[2].cpu_millicores);
  EXPECT_EQ(1024, configuration_[5].mem_mib);
  EXPECT_EQ(3, configuration_[0].replicas);
  EXPECT_EQ(5, configuration_[4].concurrency);
  ASSERT_OK(read(text(0, "") + "starter:\n  concurrency: 9\n  replicas: 8\n  mem_mib: 7\n  cpu_millicores: 6\n"));
  EXPECT_EQ(6, configuration_[0].cpu_millicores);
  EXPECT_EQ(9, configuration_[0].concurrency);
}

TEST_F(ConfigurationFile, ReadsJsonAsCommandsPrintIt) {
  std::string object, list;
  for (int f = 0; f < 6; ++f) {
    const std::string knobs = "\"cpu_millicores\": 700, \"mem_mib\": 800, \"replicas\": 2, \"concurrency\": 4}";
    object += (f > 0 ? ", " : "") + ("\"" + std::string(workflow_->functions[f].name) + "\": {") + knobs;
    list += (f > 0 ? ", " : "") + ("{\"function\": \"" + std::string(workflow_->functions[f].name) + "\", ") + knobs;
  }
  for (const std::string &content : {"{" + object + "}", "{\"cost\": 3.5, \"configuration\": {" + object + "}}",
                                     "[" + list + "]", "{\"configuration\": [" + list + "]}"}) {
    configuration_.assign(6, {});
    ASSERT_OK(read(content));
    for (const auto &c : configuration_) {
      EXPECT_EQ(700, c.cpu_millicores);
      EXPECT_EQ(800, c.mem_mib);
      EXPECT_EQ(2, c.replicas);
      EXPECT_EQ(4, c.concurrency);
    }
  }
}

TEST_F(ConfigurationFile, NamesPlaceAndReasonOfEveryMistake) {
  expect_refused(text(3, ""), "1", "update");
  expect_refused(text(1, "rgbb: {cpu_millicores: 1, mem_mib: 1, replicas: 1, concurrency: 1}\n"), "2", "rgb");
  expect_refused(text(2, "resize: 7\n"), "3", "resize");
  expect_refused(text(2, "resize: {cpu_millicores: 1, mem_mib: 1, replicas: 1}\n"), "3", "concurrency");
  expect_refused(text(2, "resize: {cpu_millicores: 1, mem_mib: 1, replicas: 1, concurrency: 1, cores: 2}\n"), "3",
                 "cores");
  for (const char *value : {"0", "-1", "1.5", "many", "", "nan", "99999999999999999999"})
    expect_refused(
        text(4, std::string("resnet: {cpu_millicores: ") + value + ", mem_mib: 1, replicas: 1, concurrency: 1}\n"), "5",
        "");
  expect_refused("7\n", "1", "map");
  expect_refused("[{function: nobody, cpu_millicores: 1, mem_mib: 1, replicas: 1, concurrency: 1}]", "1", "nobody");
  expect_refused("[{function: rgb, cpu_millicores: 1, mem_mib: 1, replicas: 1, concurrency: 1}]", "1", "starter");
  expect_refused(
      "[{function: rgb, cpu_millicores: 1, mem_mib: 1, replicas: 1, concurrency: 1},\n"
      " {function: rgb, cpu_millicores: 1, mem_mib: 1, replicas: 1, concurrency: 1}]",
      "2", "twice");
  expect_refused("[3]", "1", "map");
}

TEST_F(ConfigurationFile, StartIsTheWorkflowsOwnAndAbsentFilesAreNamed) {
  ASSERT_OK(configuration_file_option(workflow_, "start", configuration_.data(), &error));
  EXPECT_EQ(workflow_->functions[5].start.cpu_millicores, configuration_[5].cpu_millicores);
  const std::string path = folder_.path("absent.yaml");
  EXPECT_NE(FC_OK, configuration_file_option(workflow_, path.c_str(), configuration_.data(), &error));
  EXPECT_NE(std::string::npos, std::string(error.message).find("absent.yaml")) << error.message;
}

}  // namespace
