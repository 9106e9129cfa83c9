// `faasconf eval pool`: methods on published rows, what users see.
#include "published_file.h"
#include "support.h"

namespace {
using testing::HasSubstr;

class EvalPool : public ::testing::Test {
 protected:
  void SetUp() override { fc_test::write_file(folder_.path("rows.csv"), fc_test::published_file(120)); }
  fc_test::Finished pool(const std::vector<std::string> &more) {
    std::vector<std::string> argv = {fc_test::program("faasconf"), "eval",     "pool",          "--data",
                                     folder_.path("rows.csv"),     "--method", "random,library"};
    argv.insert(argv.end(), more.begin(), more.end());
    return fc_test::run(argv, "", 120);
  }
  fc_test::TemporaryFolder folder_;
};

TEST_F(EvalPool, ChoosesAmongHeldOutRows) {
  const fc_test::Finished done = pool({"--seeds", "2", "--json", "--out", folder_.path("out")});
  ASSERT_EQ(0, done.exit_code) << done.err;
  EXPECT_THAT(done.out, HasSubstr("\"held_out_rows\":"));
  EXPECT_THAT(done.out, HasSubstr("\"world\":\"rows\""));
  const std::string cells = fc_test::read_file(folder_.path("out/cells.csv"));
  EXPECT_EQ(5, std::count(cells.begin(), cells.end(), '\n')) << "a header, two methods, two seeds";
  EXPECT_THAT(fc_test::read_file(folder_.path("out/report.html")), HasSubstr("library"));
  const fc_test::Finished next = pool({"--seeds", "1", "--out", folder_.path("out")});
  ASSERT_EQ(0, next.exit_code);
  EXPECT_THAT(next.err, HasSubstr("its 4 cells will be replaced"));
  const std::string again = fc_test::read_file(folder_.path("out/cells.csv"));
  EXPECT_EQ(3, std::count(again.begin(), again.end(), '\n')) << "another run takes its place";
}

TEST_F(EvalPool, LeavesTheResultsOfAnotherExperimentAlone) {
  ASSERT_EQ(0, pool({"--seeds", "1", "--out", folder_.path("out")}).exit_code);
  std::string settings = fc_test::read_file(folder_.path("out/settings.json"));
  settings.replace(settings.find("\"pool\""), 6, "\"static\"");
  fc_test::write_file(folder_.path("out/settings.json"), settings);
  const std::string cells = fc_test::read_file(folder_.path("out/cells.csv"));
  EXPECT_THAT(pool({"--seeds", "2", "--out", folder_.path("out")}).err,
              HasSubstr("has results of experiment 'static', not 'pool'"));
  EXPECT_EQ(cells, fc_test::read_file(folder_.path("out/cells.csv")));
  EXPECT_EQ(settings, fc_test::read_file(folder_.path("out/settings.json")));
}

TEST_F(EvalPool, RefusesCellsOfAnotherProgramBeforeItMeasures) {
  ASSERT_EQ(0, pool({"--seeds", "1", "--out", folder_.path("out")}).exit_code);
  fc_test::write_file(folder_.path("out/cells.csv"), "other,columns\n1,2\n");
  const fc_test::Finished done = pool({"--seeds", "1", "--out", folder_.path("out")});
  EXPECT_EQ(1, done.exit_code);
  EXPECT_EQ("", done.out) << "nothing was measured in vain";
  EXPECT_EQ("other,columns\n1,2\n", fc_test::read_file(folder_.path("out/cells.csv")));
}

TEST_F(EvalPool, SaysWhatIsWrong) {
  EXPECT_THAT(pool({"--method", "oracle"}).err, HasSubstr("method oracle knows the world"));

  EXPECT_THAT(pool({"--data", folder_.path("none.csv")}).err, HasSubstr("none.csv"));
  EXPECT_THAT(pool({"--method", "nonsense"}).err, HasSubstr("there is no method 'nonsense'"));
  fc_test::write_file(folder_.path("rows.csv"), "1,2,3\n");
  EXPECT_THAT(pool({}).err, HasSubstr("row 1"));
}

}  // namespace
