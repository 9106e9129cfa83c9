// `faasconf eval oracles`: rows are appended cell by cell, and what is there is not searched again.
#include "one_function.h"
#include "support.h"

namespace {

class EvalOracles : public ::testing::Test {
 protected:
  void SetUp() override { fc_test::write_file(folder_.path("one.yaml"), fc_test::kOneFunction); }
  fc_test::Finished run(const std::vector<std::string> &more, const std::string &out = "o.csv") {
    std::vector<std::string> argv = {fc_test::program("faasconf"),
                                     "eval",
                                     "oracles",
                                     "--workflow",
                                     folder_.path("one.yaml"),
                                     "--budget",
                                     "2688",
                                     "--out",
                                     folder_.path(out)};
    argv.insert(argv.end(), more.begin(), more.end());
    return fc_test::run(argv, "", 300);
  }
  // The rows alone.
  std::vector<std::string> rows(const std::string &out = "o.csv") {
    std::vector<std::string> found;
    const std::string text = fc_test::read_file(folder_.path(out));
    for (size_t at = 0, end; (end = text.find('\n', at)) != std::string::npos; at = end + 1) {
      const std::string line = text.substr(at, end - at);
      if (line.rfind("one,", 0) == 0) found.push_back(line);
    }
    return found;
  }
  fc_test::TemporaryFolder folder_;
};

TEST_F(EvalOracles, GoesOnWhereItEndedAndSharesRowsOfTheSameTruth) {
  fc_test::Finished first = run({"--users", "2", "--world", "exact", "--jobs", "2"});
  ASSERT_EQ(0, first.exit_code) << first.err;
  const std::vector<std::string> exact = rows();
  ASSERT_EQ(3u, exact.size());
  EXPECT_THAT(first.err, testing::HasSubstr("1 to search"));
  EXPECT_THAT(fc_test::read_file(folder_.path("o.csv")), testing::HasSubstr("--users 2 --world exact"));
  // A line that was cut off goes; the truth of `optimistic` is that of `exact`.
  fc_test::write_file(folder_.path("o.csv"), fc_test::read_file(folder_.path("o.csv")) + "one,2,opt");
  fc_test::Finished second = run({"--users", "2", "--world", "exact,optimistic"});
  ASSERT_EQ(0, second.exit_code) << second.err;
  EXPECT_THAT(second.err, testing::HasSubstr("0 to search"));
  std::vector<std::string> both = rows();
  ASSERT_EQ(6u, both.size());
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(exact[i], both[i]);
    EXPECT_EQ(exact[i].substr(exact[i].find(",0.")), both[3 + i].substr(both[3 + i].find(",0.")));
    EXPECT_THAT(both[3 + i], testing::HasSubstr("optimistic"));
  }
  // The same whatever the number of threads.
  ASSERT_EQ(0, run({"--users", "2", "--world", "exact", "--jobs", "1"}, "made/again.csv").exit_code);
  EXPECT_EQ(exact, rows("made/again.csv"));  // with its folder
}

// A table that is too dear is found out by what a method chose: 700 millicores and one replica are enough here.
TEST_F(EvalOracles, AChoiceThatIsCheaperIsTakenUp) {
  ASSERT_EQ(0, run({"--users", "2", "--world", "exact"}).exit_code);
  std::string table = fc_test::read_file(folder_.path("o.csv"));
  const std::vector<std::string> found = rows();
  ASSERT_EQ(3u, found.size());
  const auto column = [](const std::string &line, int index) {
    size_t at = 0;
    for (int i = 0; i < index; ++i) at = line.find(',', at) + 1;
    return line.substr(at, line.find(',', at) - at);
  };
  const double cheap = std::stod(column(found[1], 5));
  const std::string good = column(found[1], 11);
  for (const std::string &row : found) {  // twice as dear
    std::string dear = row;
    dear.replace(dear.find(column(row, 5)), column(row, 5).size(), std::to_string(2 * std::stod(column(row, 5))));
    table.replace(table.find(row), row.size(), dear);
  }
  fc_test::write_file(folder_.path("o.csv"), table);
  const std::string header =
      "workflow,users,world,track,method,variant,safety,rails,semantics,seed,cost_usd_h,compliance,configuration\n";
  const std::string choice =
      "one,2,exact,rows,library,repaired,none,0,strict,1," + std::to_string(cheap) + ",0.96," + good;
  fc_test::write_file(folder_.path("choices.csv"), header + choice + "\n");
  const fc_test::Finished again = run({"--users", "2", "--world", "exact", "--choices", folder_.path("choices.csv")});
  ASSERT_EQ(0, again.exit_code) << again.err;
  EXPECT_THAT(again.err, testing::HasSubstr("1 to search"));
  ASSERT_EQ(6u, rows().size());
  EXPECT_LE(std::stod(column(rows()[4], 5)), 1.01 * cheap);
  EXPECT_EQ("0", column(rows()[4], 7)) << "no search stands behind it";
  // Looked at again it is no cheaper than the table, whose cheapest row counts.
  const size_t n_rows = rows().size();
  ASSERT_EQ(0, run({"--users", "2", "--world", "exact", "--choices", folder_.path("choices.csv")}).exit_code);
  EXPECT_EQ(n_rows, rows().size());
  fc_test::write_file(folder_.path("choices.csv"), header + choice + " 1/2\n");
  EXPECT_THAT(run({"--users", "2", "--world", "exact", "--choices", folder_.path("choices.csv")}).err,
              testing::HasSubstr("is no configuration of workflow one"));
}

TEST_F(EvalOracles, SaysWhatIsWrong) {
  EXPECT_EQ(2, run({"--world", "exactly"}).exit_code);
  EXPECT_EQ(2, run({"--users", "10-"}).exit_code);
  EXPECT_EQ(2, run({"--users", "0"}).exit_code);
  fc_test::write_file(folder_.path("bad.csv"), "one,3\n");
  const fc_test::Finished bad = run({"--users", "2"}, "bad.csv");
  EXPECT_EQ(1, bad.exit_code);
  EXPECT_THAT(bad.err, testing::HasSubstr("bad.csv:1"));
}

}  // namespace
