// `faasconf import`: each good row once, each bad one by file, line and reason.
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "published_file.h"
#include "rows.h"

extern "C" {
#include "faasconf/json.h"
}

namespace {

using fc_test::Finished;
using fc_test::joined;
using fc_test::published_fields;

class Import : public ::testing::Test {
 protected:
  Finished import(const std::string &file, bool json = true) const {
    std::vector<std::string> argv = {
        fc_test::program("faasconf"), "import", "--store", folder_.path("store"), "--workflow", "parallel", file};
    if (json) argv.push_back("--json");
    return fc_test::run(argv);
  }
  std::string write(const std::string &text) const {
    fc_test::write_file(folder_.path("rows.csv"), text);
    return folder_.path("rows.csv");
  }
  // cost_usd_h and flags of every stored row.
  std::vector<std::pair<double, uint32_t>> stored() const {
    fc_error_t error = {};
    std::vector<std::pair<double, uint32_t>> rows;
    fc_workflow_t *workflow = nullptr;
    fc_test::Store store(folder_.path("store"), STORE_READ_ONLY);
    EXPECT_OK(store_get_workflow(store, "parallel", &workflow, &error));
    if (workflow == nullptr) return rows;
    EXPECT_OK(store_each_transition(
        store, workflow, 0,
        [](void *context, int64_t, bool, const fc_transition_t *transition) {
          static_cast<std::vector<std::pair<double, uint32_t>> *>(context)->push_back(
              {transition->cost_usd_h, transition->flags});
          return FC_OK;
        },
        &rows, &error));
    fc_workflow_destroy(&workflow);
    return rows;
  }
  fc_test::TemporaryFolder folder_;
};

TEST_F(Import, EveryRowOnceAndAgainAsDuplicates) {
  const std::string file = write(fc_test::published_file(12));
  const Finished first = import(file), again = import(file);
  EXPECT_EQ(0, first.exit_code) << first.err;
  EXPECT_EQ("{\"rows\":12,\"imported\":12,\"duplicates\":0,\"rejected\":0}\n", first.out);
  EXPECT_EQ("{\"rows\":12,\"imported\":0,\"duplicates\":12,\"rejected\":0}\n", again.out);
  const auto rows = stored();
  ASSERT_EQ(12u, rows.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(std::strtod(published_fields(static_cast<int>(i))[88].c_str(), nullptr), rows[i].first) << i;
    EXPECT_EQ(i > 0, (rows[i].second & FC_TRANSITION_HAS_BEFORE) != 0) << "only the first row has no s";
    EXPECT_NE(0u, rows[i].second & FC_TRANSITION_AS_PUBLISHED);
    EXPECT_NE(0u, rows[i].second & FC_TRANSITION_TERMINAL);
  }
}

TEST_F(Import, BlanksAndLineEndsDoNotMakeAnotherRow) {
  ASSERT_EQ(0, import(write(fc_test::published_file(3))).exit_code);
  std::string text = fc_test::published_file(3), spaced;
  for (const char c : text) spaced += c == ',' ? " ,  " : c == '\n' ? "\r\n" : std::string(1, c);
  const Finished again = import(write(spaced + "\r\n\n"));
  EXPECT_EQ("{\"rows\":3,\"imported\":0,\"duplicates\":3,\"rejected\":0}\n", again.out) << again.err;
}

TEST_F(Import, DamagedRowsAreNamedAndTheGoodOnesImported) {
  std::vector<std::vector<std::string>> rows;
  for (int i = 0; i < 12; ++i) rows.push_back(published_fields(i));
  rows[1].resize(40);      // line 3: truncated
  rows[2][85] = "fast";    // line 4: text in a number
  rows[3][84] = "nan";     // line 5
  rows[4].push_back("7");  // line 6: one column too many
  rows[5][88] = "1.5";     // line 7: the price contradicts the configuration
  rows[6][44] = "renset";  // line 8: another function
  rows[7][86] = "1000";    // line 9: more successes than requests
  rows[8][25] = "601";     // line 10: not what its action says
  rows[9][0] = "1e999";    // line 11
  std::string text = fc_test::published_header();
  for (const auto &row : rows) text += joined(row);
  text.insert(text.size() - 1, 1, '\0');  // line 13: a zero byte
  const std::string file = write(text);
  const Finished done = import(file);
  EXPECT_EQ(1, done.exit_code);
  fc_json_t *json = nullptr;
  fc_error_t error = {};
  ASSERT_OK(fc_json_parse(done.out.data(), done.out.size(), &json, &error)) << done.out;
  int64_t rejected = 0, imported = 0;
  EXPECT_TRUE(fc_json_int(fc_json_get(json, "rejected"), &rejected));
  EXPECT_TRUE(fc_json_int(fc_json_get(json, "imported"), &imported));
  EXPECT_EQ(10, rejected);
  EXPECT_EQ(2, imported);
  const std::pair<int, const char *> wanted[] = {{3, "expected 90 columns"},
                                                 {4, "found 'fast'"},
                                                 {5, "found 'nan'"},
                                                 {6, "found 91"},
                                                 {7, "contradicts the configuration"},
                                                 {8, "found 'renset'"},
                                                 {9, "successes of"},
                                                 {10, "contradicts its action"},
                                                 {11, "found '1e999'"},
                                                 {13, "zero byte"}};
  const fc_json_t *list = fc_json_get(json, "rejections");
  ASSERT_EQ(10u, fc_json_size(list));
  for (size_t i = 0; i < 10; ++i) {
    int64_t line = 0;
    EXPECT_TRUE(fc_json_int(fc_json_get(fc_json_at(list, i), "line"), &line));
    EXPECT_EQ(wanted[i].first, line);
    const std::string reason = fc_json_string(fc_json_get(fc_json_at(list, i), "reason"));
    EXPECT_NE(std::string::npos, reason.find(wanted[i].second)) << reason;
    EXPECT_NE(std::string::npos, done.err.find(file + ":" + std::to_string(line) + ": ")) << done.err;
  }
  fc_json_destroy(&json);
  ASSERT_EQ(2u, stored().size());
  EXPECT_EQ(0u, stored()[1].second & FC_TRANSITION_HAS_BEFORE) << "the row before was refused";
}

TEST_F(Import, ThePublishedFileWhole) {
  SKIP_WITHOUT_SHARED(file, "data/parallel_10.csv");
  const Finished first = import(file), again = import(file);
  EXPECT_EQ("{\"rows\":1039,\"imported\":1039,\"duplicates\":0,\"rejected\":0}\n", first.out) << first.err;
  EXPECT_EQ("{\"rows\":1039,\"imported\":0,\"duplicates\":1039,\"rejected\":0}\n", again.out) << again.err;
  std::ifstream stream(file);
  std::string line;
  std::getline(stream, line);
  const auto rows = stored();
  ASSERT_EQ(1039u, rows.size());
  for (const auto &row : rows) {
    ASSERT_TRUE(std::getline(stream, line));
    const size_t last = line.rfind(','), price = line.rfind(',', last - 1) + 1;
    EXPECT_EQ(std::strtod(line.substr(price, last - price).c_str(), nullptr), row.first);
  }
}

TEST_F(Import, AStoreInUseIsRefusedWithItsAddress) {
  const std::string file = write(fc_test::published_file(2));
  fc_test::Store held(folder_.path("store"), STORE_READ_WRITE, "tcp://127.0.0.1:7603");
  const Finished refused = import(file);
  EXPECT_EQ(1, refused.exit_code);
  EXPECT_NE(std::string::npos, refused.err.find("tcp://127.0.0.1:7603")) << refused.err;
  EXPECT_EQ("", refused.out);
}

TEST_F(Import, WrongCallsAndMissingFilesAreTold) {
  EXPECT_EQ(2, fc_test::run({fc_test::program("faasconf"), "import", "--store", "x"}).exit_code);
  const Finished missing = import(folder_.path("nothing.csv"));
  EXPECT_EQ(1, missing.exit_code);
  EXPECT_NE(std::string::npos, missing.err.find("nothing.csv")) << missing.err;
}

}  // namespace
