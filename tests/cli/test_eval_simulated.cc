// `faasconf eval static`, `dynamic`, `ablation`: what users see.
#include <gmock/gmock.h>

#include <filesystem>

#include "support.h"

extern "C" {
#include "faasconf/json.h"
}

namespace {
using fc_test::Finished;
using fc_test::TemporaryFolder;
using testing::HasSubstr;

Finished eval(std::vector<std::string> arguments) {
  std::vector<std::string> argv = {fc_test::program("faasconf"), "eval"};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  return fc_test::run(argv, "", 300);
}

std::vector<std::string> small_static(const std::string &more = "") {
  std::vector<std::string> arguments = {
      "static",  "--workflow", "parallel", "--users", "10",     "--world", "exact",    "--track",       "rows",
      "--seeds", "1",          "--judge",  "16",      "--rows", "20",      "--method", "random,library"};
  if (!more.empty()) arguments.push_back(more);
  return arguments;
}

struct Json {
  explicit Json(const std::string &text) {
    fc_error_t error = {};
    EXPECT_OK(fc_json_parse(text.data(), text.size(), &value, &error)) << text.substr(0, 200);
  }
  ~Json() { fc_json_destroy(&value); }
  Json(const Json &) = delete;
  Json &operator=(const Json &) = delete;
  const fc_json_t *at(const char *array, size_t i) const { return fc_json_at(fc_json_get(value, array), i); }
  size_t size(const char *array) const { return fc_json_size(fc_json_get(value, array)); }
  fc_json_t *value = nullptr;
};

TEST(EvalSimulated, StaticEndsWithOneObjectOfCellsAndSummary) {
  const Finished done = eval(small_static("--json"));
  ASSERT_EQ(done.exit_code, 0) << done.err;
  const Json json(done.out);
  ASSERT_EQ(json.size("cells"), 2u);
  ASSERT_EQ(json.size("summary"), 2u);
  for (const char *key : {"workflow", "users", "world", "track", "method", "variant", "safety", "rails", "semantics",
                          "cost", "cost_over_oracle", "compliance", "qos_met", "violations", "windows", "seed"})
    EXPECT_NE(fc_json_get(json.at("cells", 0), key), nullptr) << key;
  for (const char *key :
       {"method", "variant", "safety", "rails", "world", "track", "cost_over_oracle", "compliance", "violations"})
    EXPECT_NE(fc_json_get(json.at("summary", 1), key), nullptr) << key;
  EXPECT_STREQ(fc_json_string(fc_json_get(json.at("cells", 0), "method")), "random") << "as named";
  EXPECT_STREQ(fc_json_string(fc_json_get(json.at("cells", 1), "method")), "library");
}

TEST(EvalSimulated, ARunGoesOnWhereItStopped) {
  const TemporaryFolder folder;
  std::vector<std::string> arguments = small_static();
  arguments.insert(arguments.end(), {"--out", folder.path("out")});
  ASSERT_EQ(eval(arguments).exit_code, 0);
  const std::string before = fc_test::read_file(folder.path("out/cells.csv"));
  EXPECT_THAT(fc_test::read_file(folder.path("out/report.html")), HasSubstr("library"));
  const std::string choices = fc_test::read_file(folder.path("out/choices.csv"));
  EXPECT_EQ(std::count(choices.begin(), choices.end(), '\n'), 3) << "a header and the choices of two cells";
  arguments.insert(arguments.end(), {"--seeds", "2"});
  const Finished again = eval(arguments);
  ASSERT_EQ(again.exit_code, 0) << again.err;
  EXPECT_THAT(again.err, HasSubstr("2 cells are there already"));
  const std::string after = fc_test::read_file(folder.path("out/cells.csv"));
  EXPECT_EQ(after.substr(0, before.size()), before) << "what was measured stays";
  EXPECT_EQ(std::count(after.begin(), after.end(), '\n'), 5) << "a header and four cells";
}

// Rows, budgets and traces are not part of a cell's name: a folder has one of each.
TEST(EvalSimulated, AFolderKeepsToItsOptions) {
  const TemporaryFolder folder;
  const std::string out = folder.path("out");
  std::vector<std::string> arguments = small_static();
  arguments.insert(arguments.end(), {"--out", out});
  ASSERT_EQ(eval(arguments).exit_code, 0);
  const std::string cells = fc_test::read_file(out + "/cells.csv");
  const struct {
    std::vector<std::string> options;
    const char *says;
  } others[] = {{{"--rows", "30"}, "measured with --rows 20, this run has 30"},
                {{"--judge", "32"}, "measured with --judge 16, this run has 32"},
                {{"--windows", "9"}, "measured with --windows 15, this run has 9"},
                {{"--pretraining", "50"}, "measured with --pretraining 31000, this run has 50"},
                {{"--users", "10,20"}, "measured with --users '10', this run has '10,20'"}};
  for (const auto &other : others) {
    std::vector<std::string> changed = arguments;
    changed.insert(changed.end(), other.options.begin(), other.options.end());
    const Finished done = eval(changed);
    EXPECT_EQ(done.exit_code, 1);
    EXPECT_THAT(done.err, HasSubstr(other.says));
  }
  fc_test::write_file(folder.path("trace.csv"), "minute,users\n0,8\n");
  EXPECT_THAT(eval({"dynamic", "--trace", folder.path("trace.csv"), "--out", out}).err,
              HasSubstr("has results of experiment 'static', not 'dynamic'"));
  EXPECT_THAT(eval({"motivation", "--out", out}).err, HasSubstr("has results of experiment 'static'"));
  EXPECT_EQ(fc_test::read_file(out + "/cells.csv"), cells);
  std::filesystem::remove(out + "/settings.json");
  EXPECT_THAT(eval(arguments).err, HasSubstr("has cells.csv, but no settings.json"));
}

TEST(EvalSimulated, AWorkflowWithOtherTargetsNeedsAnotherFolder) {
  const TemporaryFolder folder;
  const std::string out = folder.path("out"), path = folder.path("parallel.yaml");
  std::string text = fc_test::read_file(fc_test::source_file("workflows/parallel.yaml"));
  fc_test::write_file(path, text);
  std::vector<std::string> arguments = small_static();
  arguments.insert(arguments.end(), {"--out", out, "--workflow", path});
  ASSERT_EQ(eval(arguments).exit_code, 0);
  const std::string cells = fc_test::read_file(out + "/cells.csv");
  const size_t at = text.find("window_s: 30");
  ASSERT_NE(at, std::string::npos);
  fc_test::write_file(path, text.replace(at, 12, "window_s: 20"));
  EXPECT_THAT(eval(arguments).err, HasSubstr("workflow parallel is another one than its results were measured with"));
  EXPECT_EQ(fc_test::read_file(out + "/cells.csv"), cells);
  arguments.insert(arguments.end(), {"--workflow", "sequential"});
  EXPECT_EQ(eval(arguments).exit_code, 0) << "one that has no results there yet";
  EXPECT_THAT(fc_test::read_file(out + "/settings.json"),
              testing::AllOf(HasSubstr("\"parallel\": \""), HasSubstr("\"sequential\": \"")));
  EXPECT_THAT(fc_test::read_file(out + "/report.html"), HasSubstr("1 to 1"));
}

TEST(EvalSimulated, OthersAreTestedAgainstTheReference) {
  for (const std::string reference : {"", "library"}) {
    std::vector<std::string> arguments = small_static("--json");
    if (!reference.empty()) arguments.insert(arguments.end(), {"--reference", reference});
    const Json json(eval(arguments).out);
    ASSERT_EQ(json.size("comparisons"), 4u);
    const char *const metrics[] = {"cost_over_oracle_met", "qos_met_share", "compliance", "violations"};
    for (size_t i = 0; i < 4; ++i) {
      const fc_json_t *against = fc_json_get(json.at("comparisons", i), "reference");
      EXPECT_STREQ(fc_json_string(fc_json_get(against, "method")), reference.empty() ? "random" : "library");
      EXPECT_STREQ(fc_json_string(fc_json_get(json.at("comparisons", i), "metric")), metrics[i]);
    }
  }
}

TEST(EvalSimulated, AFileOfTheFoldersNameIsRefused) {
  const TemporaryFolder folder;
  fc_test::write_file(folder.path("out"), "mine");
  std::vector<std::string> arguments = small_static();
  arguments.insert(arguments.end(), {"--out", folder.path("out")});
  EXPECT_THAT(eval(arguments).err, HasSubstr("there is a file of this name"));
  EXPECT_EQ(fc_test::read_file(folder.path("out")), "mine");
}

TEST(EvalSimulated, ATraceOfAnotherDayNeedsAnotherFolder) {
  const TemporaryFolder folder;
  fc_test::write_file(folder.path("trace.csv"), "minute,users,users_more\n0,8,9\n1,9,9\n");
  std::vector<std::string> arguments = {"dynamic",
                                        "--trace",
                                        folder.path("trace.csv"),
                                        "--world",
                                        "exact",
                                        "--track",
                                        "rows",
                                        "--seeds",
                                        "1",
                                        "--rows",
                                        "20",
                                        "--method",
                                        "library",
                                        "--workflow",
                                        "sequential,parallel",
                                        "--out",
                                        folder.path("out")};
  const Finished done = eval(arguments);
  ASSERT_EQ(done.exit_code, 0) << done.err;
  EXPECT_THAT(done.out, HasSubstr("reconfigs"));
  const std::string minutes = fc_test::read_file(folder.path("out/series.csv"));
  EXPECT_EQ(std::count(minutes.begin(), minutes.end(), '\n'), 5) << "a header and two minutes of two workflows";
  arguments.insert(arguments.end(), {"--column", "users_more"});
  EXPECT_THAT(eval(arguments).err, HasSubstr("measured with --trace '8 9', this run has '9 9'"));
}

// Both files are lines of their own: what one of them lacks is measured again.
TEST(EvalSimulated, AnInterruptedCellLeavesNoChoiceTwice) {
  const TemporaryFolder folder;
  std::vector<std::string> arguments = small_static();
  arguments.insert(arguments.end(), {"--out", folder.path("out")});
  ASSERT_EQ(eval(arguments).exit_code, 0);
  const std::string cells = fc_test::read_file(folder.path("out/cells.csv"));
  fc_test::write_file(folder.path("out/cells.csv"), cells.substr(0, cells.find('\n') + 1));
  ASSERT_EQ(eval(arguments).exit_code, 0);
  const std::string choices = fc_test::read_file(folder.path("out/choices.csv"));
  EXPECT_EQ(std::count(choices.begin(), choices.end(), '\n'), 3);
}

// What its list has is in tests/eval/experiment/test_contender.cc.
TEST(EvalSimulated, AblationIsAnExperimentOfItsOwn) {
  const Finished done =
      eval({"ablation", "--workflow", "parallel", "--users", "10", "--world", "exact", "--seeds", "1", "--judge", "16",
            "--pretraining", "20", "--windows", "3", "--method", "random,library", "--json"});
  ASSERT_EQ(done.exit_code, 0) << done.err;
  const Json json(done.out);
  ASSERT_EQ(json.size("cells"), 2u);
  EXPECT_STREQ(fc_json_string(fc_json_get(json.at("cells", 0), "experiment")), "ablation");
  EXPECT_STREQ(fc_json_string(fc_json_get(json.at("cells", 0), "track")), "simulator") << "its default";
}

// Oracles are of strict semantics: other cells have no ratio.
TEST(EvalSimulated, OnlyStrictCellsAreComparedWithOracles) {
  for (const char *semantics : {"strict", "as-published"}) {
    const Finished done =
        eval({"static", "--workflow", "parallel", "--users",     "10",      "--world", "exact", "--track",
              "rows",   "--seeds",    "1",        "--judge",     "16",      "--rows",  "20",    "--windows",
              "3",      "--method",   "random",   "--semantics", semantics, "--json"});
    ASSERT_EQ(done.exit_code, 0) << done.err;
    double ratio = 0;
    EXPECT_EQ(fc_json_double(fc_json_get(Json(done.out).at("cells", 0), "cost_over_oracle"), &ratio),
              std::string(semantics) == "strict");
  }
}

TEST(EvalSimulated, DynamicPlaysATrace) {
  const TemporaryFolder folder;
  fc_test::write_file(folder.path("trace.csv"), "minute,invocations,users\n0,900,8\n1,1200,12\n2,1000,10\n");
  const Finished done = eval({"dynamic", "--trace", folder.path("trace.csv"), "--world", "exact", "--track", "rows",
                              "--seeds", "1", "--rows", "20", "--method", "library", "--json"});
  ASSERT_EQ(done.exit_code, 0) << done.err;
  const Json json(done.out);
  for (const char *key : {"method", "variant", "safety", "rails", "world", "compliance", "cost_over_oracle",
                          "violations", "reconfigurations", "latency_sum"})
    EXPECT_NE(fc_json_get(json.at("summary", 0), key), nullptr) << key;
  int64_t windows = 0;
  EXPECT_TRUE(fc_json_int(fc_json_get(json.at("cells", 0), "windows"), &windows));
  EXPECT_EQ(windows, 6);
}

TEST(EvalSimulated, AnInterruptedTraceLeavesNoMinuteTwice) {
  const TemporaryFolder folder;
  fc_test::write_file(folder.path("trace.csv"), "minute,users\n0,8\n1,12\n");
  const std::vector<std::string> arguments = {"dynamic", "--trace", folder.path("trace.csv"),
                                              "--world", "exact",   "--track",
                                              "rows",    "--seeds", "1",
                                              "--rows",  "20",      "--method",
                                              "library", "--out",   folder.path("out")};
  ASSERT_EQ(eval(arguments).exit_code, 0);
  const std::string minutes = fc_test::read_file(folder.path("out/series.csv"));
  const std::string cells = fc_test::read_file(folder.path("out/cells.csv"));
  EXPECT_EQ(std::count(minutes.begin(), minutes.end(), '\n'), 3);
  // As if it had been ended between the minutes and the cell.
  fc_test::write_file(folder.path("out/cells.csv"), cells.substr(0, cells.find('\n') + 1));
  ASSERT_EQ(eval(arguments).exit_code, 0);
  EXPECT_EQ(fc_test::read_file(folder.path("out/series.csv")), minutes);
  std::filesystem::remove(folder.path("out/series.csv"));
  EXPECT_THAT(eval(arguments).err, HasSubstr("1 finished runs have no minutes there"));
  std::vector<std::string> published = arguments;
  published.insert(published.end(), {"--semantics", "as-published"});
  EXPECT_THAT(eval(published).err, HasSubstr("measured with --semantics 'strict'"));
}

TEST(EvalSimulated, StrategiesAndRailsAreCellsOfTheirOwn) {
  std::vector<std::string> arguments = small_static("--json");
  arguments.insert(arguments.end(), {"--safety", "none,ses_paper", "--rails", "off,tuning"});
  const Finished done = eval(arguments);
  ASSERT_EQ(done.exit_code, 0) << done.err;
  EXPECT_EQ(Json(done.out).size("cells"), 8u);
}

TEST(EvalSimulated, SaysWhatIsWrongWithACall) {
  const struct {
    std::vector<std::string> arguments;
    const char *says;
    int exit_code = 2;
  } calls[] = {{{"static", "--method", "nonsense"}, "there is no method 'nonsense'; methods: random"},
               {{"static", "--world", "mars"}, "there is no world 'mars'; use exact"},
               {{"static", "--track", "rail"}, "--track: 'rail'"},
               {{"static", "--users", "10,ten"}, "--users: 'ten'"},
               {{"static", "--safety", "hope"}, "--safety: 'hope'"},
               {{"static", "--rails", "production"}, "--rails: 'production'"},
               {{"static", "--semantics", "loose"}, "--semantics: 'loose'"},
               {{"static", "--workflow", "nowhere.yaml"}, "nowhere.yaml", 1},
               {{"static", "--users", "10,10"}, "--users: '10' is named twice"},
               {{"static", "--users", ","}, "--users ',': an item is empty"},
               {{"static", "--users", ""}, "--users '': an item is empty"},
               {{"static", "--method", ""}, "no method is named; methods: random"},
               {{"static", "--reference", "best"}, "--reference: there is no method 'best'; methods: random"},
               {{"static", "--workflow", "parallel,parallel"}, "--workflow: 'parallel' is named twice"},
               {{"static", "--world", "exact,tail,exact"}, "--world: 'exact' is named twice"},
               {{"static", "--safety", ""}, "--safety '': an item is empty"},
               {{"ablation", "--safety", "none"}, "there is no option '--safety'"},
               {{"dynamic", "--users", "10"}, "there is no option '--users'"},
               {{"motivation", "--budget", "1000"}, "--budget"},
               {{"dynamic"}, "--trace FILE is needed"},
               {{"nonsense"}, "there is no experiment 'nonsense'"}};
  for (const auto &call : calls) {
    const Finished done = eval(call.arguments);
    EXPECT_EQ(done.exit_code, call.exit_code) << call.says;
    EXPECT_THAT(done.err, HasSubstr(call.says));
    EXPECT_EQ(done.out, "");
  }
}

TEST(EvalSimulated, ATraceWithoutUsersIsRefused) {
  const TemporaryFolder folder;
  fc_test::write_file(folder.path("zero.csv"), "users\n5\n0\n");
  EXPECT_THAT(eval({"dynamic", "--trace", folder.path("zero.csv")}).err, HasSubstr("minute 1 has 0 users"));
  fc_test::write_file(folder.path("open.csv"), "invocations\n100\n");
  EXPECT_THAT(eval({"dynamic", "--trace", folder.path("open.csv")}).err, HasSubstr("there is no column users*"));
  EXPECT_THAT(eval({"dynamic", "--trace", folder.path("open.csv"), "--column", "invocations"}).err,
              HasSubstr("begins with `users`"));
}
}  // namespace
