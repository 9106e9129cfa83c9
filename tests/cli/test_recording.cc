// cli/recording*.c: both formats give the same windows; every mistake is named with its place; nothing is filled in.
#include <unistd.h>

#include <cmath>
#include <string>

#include "recorded_system.h"
#include "support.h"

extern "C" {
#include "recording.h"
#include "timestamp.h"
}

namespace {

using fc_test::RecordedSystem;

const char *const kHeader =
    "time,latency_mean_s,successes,failures,users,parse.cpu_millicores,parse.mem_mib,parse.replicas,"
    "parse.concurrency,price.cpu_millicores,price.mem_mib,price.replicas,price.concurrency\n";

std::string row(int64_t time, const std::string &outcome = "1.5,20,1,3",
                const std::string &knobs = "500,512,2,8,900,512,3,8") {
  return std::to_string(time) + "," + outcome + "," + knobs + "\n";
}

std::string replaced(std::string text, const std::string &from, const std::string &to) {
  const size_t at = text.find(from);
  EXPECT_NE(std::string::npos, at) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

std::string answer(const std::string &labels, const std::string &points) {
  return "{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":[{\"metric\":{" + labels +
         "},\"values\":[" + points + "]}]}}";
}

class Recording : public ::testing::Test {
 protected:
  Recording() {
    EXPECT_OK(fc_workflow_parse(fc_test::kShop, strlen(fc_test::kShop), "shop.yaml", &workflow_, &error));
    EXPECT_EQ(FC_OK, fc_observation_init(&observation_, workflow_->n_functions));
    options_.workflow = workflow_;
  }
  ~Recording() override {
    recording_clear(&recording_);
    fc_observation_clear(&observation_);
    fc_workflow_destroy(&workflow_);
  }
  // A new file every time: writing over one makes some file systems wait for the disk.
  static void write(const std::string &path, const std::string &text) {
    remove(path.c_str());
    fc_test::write_file(path, text);
  }
  fc_status_t read_csv(const std::string &text) {
    write(csv_, text);
    return read(csv_);
  }
  fc_status_t read(const std::string &path) {
    recording_clear(&recording_);
    path_ = path;
    options_.path = path_.c_str();
    error = {};
    return recording_read(&options_, &recording_, &error);
  }
  // Two good windows, as a folder.
  void write_folder() {
    RecordedSystem system;
    for (int w = 0; w < 3; ++w) system.record(system.uniform(1000, 3), 3, 0);
    system.write_prometheus(dir_);
  }
  std::string file(const std::string &name) { return dir_ + "/" + name; }
  void expect_refused(const std::string &text, const std::string &says) {
    EXPECT_NE(FC_OK, read_csv(text)) << says;
    EXPECT_NE(std::string::npos, std::string(error.message).find(says)) << says << "\n" << error.message;
  }
  void expect_folder_refused(const std::string &name, const std::string &text, const std::string &says) {
    const bool is_there = access(file(name).c_str(), F_OK) == 0;
    const std::string good = is_there ? fc_test::read_file(file(name)) : "";
    write(file(name), text);
    EXPECT_NE(FC_OK, read(dir_)) << name;
    EXPECT_NE(std::string::npos, std::string(error.message).find(says)) << says << "\n" << error.message;
    EXPECT_NE(std::string::npos, std::string(error.message).find(dir_)) << error.message;
    remove(file(name).c_str());
    if (is_there) write(file(name), good);
  }
  const fc_observation_t &window(int64_t w) {
    recording_window(&recording_, w, &observation_);
    return observation_;
  }

  fc_error_t error = {};
  fc_workflow_t *workflow_ = nullptr;
  fc_observation_t observation_ = {};
  recording_options_t options_ = {};
  recording_t recording_ = {};
  fc_test::TemporaryFolder folder_;
  std::string csv_ = folder_.path("shop.csv"), dir_ = folder_.path("prometheus"), path_;
};

TEST_F(Recording, CsvGivesWindowsAsTheyAre) {
  ASSERT_OK(read_csv(std::string(kHeader) + row(1764150600) + "\n" + row(1764150630, " 2.5 ,10,0,4")));
  EXPECT_FALSE(recording_.is_prometheus);
  EXPECT_TRUE(recording_.closed_loop);
  ASSERT_EQ(2, recording_.n_windows);
  EXPECT_EQ(0, recording_.n_incomplete);
  EXPECT_EQ(0, recording_.n_missing);
  const fc_observation_t &o = window(1);
  EXPECT_EQ(1764150600000000, o.start_us);
  EXPECT_EQ(30, o.duration_s);
  EXPECT_EQ(uint32_t{FC_OUTCOME_HAS_COUNTS | FC_OUTCOME_HAS_LATENCY_MEAN}, o.outcome.present);
  EXPECT_EQ(2.5, o.outcome.latency_mean_s);
  EXPECT_EQ(10, o.outcome.successes);
  EXPECT_EQ(0, o.outcome.failures);
  EXPECT_EQ(0u, o.load.present);
  EXPECT_EQ(900, o.configuration[1].cpu_millicores);
  EXPECT_EQ(3, o.configuration[1].replicas);
  EXPECT_EQ(0u, o.metrics[0].present);
  EXPECT_EQ(4, recording_users(&recording_, 1));
  EXPECT_EQ(0, recording_rate_per_s(&recording_, 1));
  EXPECT_EQ(4, recording_load(&recording_, 1));
  ASSERT_OK(fc_observation_validate(&o, workflow_, &error));
}

TEST_F(Recording, BothFormatsGiveTheSameWindows) {
  RecordedSystem system;
  for (int w = 0; w < 12; ++w) system.record(system.uniform(300 + 100 * w, 2), 0, 0.3);
  write(csv_, system.csv());
  system.write_prometheus(dir_);
  ASSERT_OK(read(csv_));
  recording_t first = recording_;
  recording_ = {};
  ASSERT_OK(read(dir_));
  EXPECT_TRUE(recording_.is_prometheus);
  EXPECT_FALSE(recording_.closed_loop);
  ASSERT_EQ(first.n_windows, recording_.n_windows);
  fc_observation_t other = {};
  ASSERT_EQ(FC_OK, fc_observation_init(&other, workflow_->n_functions));
  for (int64_t w = 0; w < first.n_windows; ++w) {
    const fc_observation_t &o = window(w);
    recording_window(&first, w, &other);
    EXPECT_EQ(other.start_us, o.start_us);
    EXPECT_EQ(other.outcome.present, o.outcome.present);
    EXPECT_EQ(other.outcome.latency_mean_s, o.outcome.latency_mean_s);
    EXPECT_EQ(other.outcome.successes, o.outcome.successes);
    EXPECT_EQ(other.load.mean_in_flight, o.load.mean_in_flight);
    EXPECT_EQ(recording_rate_per_s(&first, w), recording_rate_per_s(&recording_, w));
    for (int32_t f = 0; f < o.n_functions; ++f) {
      EXPECT_EQ(other.configuration[f].cpu_millicores, o.configuration[f].cpu_millicores);
      EXPECT_EQ(other.metrics[f].present, o.metrics[f].present);
      EXPECT_EQ(other.metrics[f].latency_p75_s, o.metrics[f].latency_p75_s);
    }
  }
  fc_observation_clear(&other);
  recording_clear(&first);
}

TEST_F(Recording, AbsentIsNeverZero) {
  // No latency without a success is complete; a lost count is not; a lost window is missing.
  ASSERT_OK(read_csv(std::string(kHeader) + row(0, ",0,3,3") + row(30, "1,,3,3") + row(60, ",5,0,3") + row(120)));
  EXPECT_EQ(2, recording_.n_windows);
  EXPECT_EQ(2, recording_.n_incomplete);
  EXPECT_EQ(1, recording_.n_missing);
  EXPECT_EQ(uint32_t{FC_OUTCOME_HAS_COUNTS}, window(0).outcome.present);
  int64_t lacking = 0;
  for (int32_t c = 0; c < recording_.n_columns; ++c) lacking += recording_.n_lacking[c];
  EXPECT_EQ(2, lacking);
}

TEST_F(Recording, CsvMistakesAreNamedWithTheirLine) {
  const std::string good = std::string(kHeader) + row(0) + row(30);
  ASSERT_OK(read_csv(good));
  expect_refused("", "is empty");
  expect_refused(kHeader, "has no window");
  expect_refused(replaced(good, "time,", "when,"), "shop.csv:1: column 'when' is unknown");
  expect_refused(replaced(good, "time,", "users,"), "users is there twice");
  expect_refused(replaced(good, "users,", "time,"), "column time is there twice");
  expect_refused(replaced(good, "parse.mem_mib", "parse.memory"), "nothing of a function is called 'memory'");
  expect_refused(replaced(good, "parse.mem_mib", "parser.mem_mib"), "workflow shop has no function parser");
  expect_refused(replaced(good, "parse.mem_mib", "."), "has no function");
  expect_refused(replaced(good, "parse.mem_mib", "parse.cpu_millicores"), "parse.cpu_millicores is there twice");
  expect_refused(good + row(60) + "90,1,2\n", "shop.csv:5: expected 13 columns as in the header, found 3");
  expect_refused(good + row(60) + "90" + std::string(13, ',') + "\n", "shop.csv:5: expected 13 columns");
  expect_refused(good + row(30), "shop.csv:4: column time: '30' is not after the row before");
  expect_refused(good + row(29), "shop.csv:4: column time");
  expect_refused(good + replaced(row(60), "60", "soon"), "shop.csv:4: column time: expected seconds");
  expect_refused(good + row(60, "nan,20,1,3"), "shop.csv:4: column latency_mean_s: expected a decimal number");
  expect_refused(good + row(60, "0x10,20,1,3"), "column latency_mean_s");
  expect_refused(good + row(60, "1e999,20,1,3"), "column latency_mean_s");
  expect_refused(good + row(60, "-1,20,1,3"), "column latency_mean_s: expected a number from 0");
  expect_refused(good + row(60, "1,2.5,1,3"), "column successes: expected a whole number");
  expect_refused(good + row(60, "1,2,1,0"), "column users: expected a whole number from 1");
  expect_refused(good + row(60, "1,2,1,3", "500,512,2.5,8,900,512,3,8"), "column parse.replicas");
  expect_refused(good + row(60, "1,2,1,3", "500,512,2,0,900,512,3,8"), "a large number where there is no limit");
  expect_refused(good + row(45), "windows are 15 s apart");
  expect_refused(good + row(60, "0,20,1,3"), "the window at 1970-01-01T00:01:00Z has a latency_mean_s of 0 with 20");
  ASSERT_OK(read_csv(good + row(60, "0,0,1,3")));
  expect_refused(std::string(kHeader) + row(0) + row(60), "step=30");
  expect_refused(std::string(kHeader) + row(0, ",20,1,3"), "1 of them lack latency_mean_s");
  expect_refused(good + std::string(1, '\0') + row(60), "NUL");
  EXPECT_EQ(FC_ENOTFOUND, read(folder_.path("none.csv")));
}

TEST_F(Recording, HolesBetweenWindowsAreCountedHoweverLong) {
  ASSERT_OK(read_csv(std::string(kHeader) + row(0) + row(30) + row(120) + row(150)));
  EXPECT_EQ(2, recording_.n_missing);
  std::string text = kHeader;
  for (int64_t i = 0, time = 0; i < 12; ++i, time += i % 2 == 0 ? 44 : 30) text += row(time);
  ASSERT_OK(read_csv(text));  // five holes of 14 s
  EXPECT_EQ(2, recording_.n_missing);
  text = kHeader;
  for (int64_t i = 0; i < 100; ++i) text += row(31 * i);  // windows may be a little longer
  ASSERT_OK(read_csv(text));
  EXPECT_EQ(0, recording_.n_missing);
}

TEST_F(Recording, IdleIsWhereNothingArrivesEndsOrHangs) {
  const std::string header = replaced(kHeader, ",users,", ",arrival_rate_per_s,mean_in_flight,");
  ASSERT_OK(read_csv(header + row(0, ",0,0,0,0") + row(30, ",0,0,0,50") + row(60, "1,1,0,0,0") + row(90, ",0,0,0,")));
  ASSERT_EQ(4, recording_.n_windows + recording_.n_incomplete);
  for (int64_t w = 0; w < recording_.n_windows; ++w) {
    recording_window(&recording_, w, &observation_);
    EXPECT_EQ(w == 0 || w == 3, recording_is_idle(&recording_, &observation_)) << w;
  }
}

TEST_F(Recording, WhatTheDataLacksIsSaidAtOnce) {
  const std::string text =
      "time,latency_mean_s,successes,users,parse.cpu_millicores,parse.mem_mib,parse.replicas,price.cpu_millicores,"
      "price.mem_mib,price.replicas\n0,1.5,20,3,500,512,2,900,512,3\n";
  expect_refused(text, "lacks failures, parse.concurrency, price.concurrency");
  expect_refused(text, "--assume-start");
  expect_refused("time,users\n0,3\n",
                 "lacks latency_mean_s, successes, failures, parse.cpu_millicores, parse.mem_mib, parse.replicas and 5 "
                 "more");
  options_.assumed_knobs = (1u << FC_KNOB_CONCURRENCY) | (1u << FC_KNOB_CPU);
  expect_refused(text, "lacks failures");
  ASSERT_OK(read_csv(replaced(replaced(text, "successes,", "successes,failures,"), ",20,", ",20,1,")));
  EXPECT_EQ(1u << FC_KNOB_CONCURRENCY, recording_.assumed_knobs);
  EXPECT_EQ(8, window(0).configuration[1].concurrency);
  EXPECT_EQ(900, window(0).configuration[1].cpu_millicores);
}

TEST_F(Recording, TheLoadIsUsersOrArrivals) {
  const std::string open = replaced(replaced(kHeader, "users", "arrival_rate_per_s"), "\n", ",mean_in_flight\n");
  ASSERT_OK(read_csv(open + "0,1.5,20,1,0.7,500,512,2,8,900,512,3,8,\n30,,0,0,0,500,512,2,8,900,512,3,8,0\n"));
  EXPECT_FALSE(recording_.closed_loop);
  ASSERT_EQ(2, recording_.n_windows);  // no target depends on the requests in flight
  EXPECT_EQ(0, recording_users(&recording_, 0));
  EXPECT_EQ(0.7, recording_rate_per_s(&recording_, 0));
  EXPECT_FALSE(recording_is_idle(&recording_, &window(0)));
  EXPECT_TRUE(recording_is_idle(&recording_, &window(1)));
  options_.users = 7;  // overrules the data
  ASSERT_OK(read(csv_));
  EXPECT_TRUE(recording_.closed_loop);
  EXPECT_EQ(7, recording_users(&recording_, 0));
  EXPECT_EQ(0, recording_rate_per_s(&recording_, 0));
  EXPECT_FALSE(recording_is_idle(&recording_, &window(1)));
  options_.users = 0;
  expect_refused(replaced(open, "arrival_rate_per_s", "rejected") + "0,1.5,20,1,0,500,512,2,8,900,512,3,8,\n",
                 "lacks the load");
}

TEST_F(Recording, TargetsSayWhatElseIsNeeded) {
  workflow_->qos_terms[0] = {};
  workflow_->qos_terms[0].kind = FC_QOS_LATENCY_PERCENTILE;
  workflow_->qos_terms[0].percentile = 95;
  workflow_->qos_terms[0].n_points = 2;
  workflow_->qos_terms[1].base = FC_QOS_OF_OFFERED;
  const std::string text = std::string(kHeader) + row(0);
  expect_refused(text, "lacks latency_p95_s, unfinished");
  expect_refused(replaced(text, "users", "arrival_rate_per_s"), "lacks latency_p95_s, unfinished, mean_in_flight");
  workflow_->qos_terms[1].strict_only = true;
  options_.semantics = FC_SEMANTICS_AS_PUBLISHED;
  expect_refused(text, "lacks latency_p95_s");
  EXPECT_EQ(nullptr, strstr(error.message, "unfinished")) << error.message;
}

TEST_F(Recording, TimesMayBeRfc3339) {
  ASSERT_OK(read_csv("\xEF\xBB\xBF" + replaced(std::string(kHeader) + row(0) + row(1764150630), "0,1.5",
                                               "2025-11-26T10:50:00+01:00,1.5")));
  EXPECT_EQ(1764150600000, recording_.time_ms[0]);
  int64_t time_ms = 0;
  EXPECT_TRUE(timestamp_parse("2025-11-26T09:50:00.25z", &time_ms));
  EXPECT_EQ(1764150600250, time_ms);
  EXPECT_TRUE(timestamp_parse("1764150600.125", &time_ms));
  EXPECT_EQ(1764150600125, time_ms);
  EXPECT_TRUE(timestamp_parse("2024-02-29 00:00:00-00:30", &time_ms));
  EXPECT_EQ(1709166600000, time_ms);
  for (const char *bad : {"", "x", "-5", "1e30", "2023-02-29T00:00:00Z", "2025-13-01T00:00:00Z", "2025-11-26T09:50Z",
                          "2025-11-26T09:50:00", "2025-11-26T24:00:00Z", "2025-11-26T09:50:00.Z", "09:50:00", ":",
                          "2025-11-26T09:50:00Z ", "1969-12-31T00:00:00Z"})
    EXPECT_FALSE(timestamp_parse(bad, &time_ms)) << bad;
}

TEST_F(Recording, AFolderIsJoinedOnItsTimes) {
  write_folder();
  const std::string label = "\"function_name\":\"parse.openfaas-fn\"";
  // The second point of one quantity is absent, the third is no number; of another there is one more.
  write(file("latency_mean_s.json"), answer("", "[1764150600,\"1.5\"],[1764150660,\"NaN\"]"));
  write(file("failures.json"), answer("",
                                      "[1764150600,\"0\"],[1764150630,\"0.2\"],[1764150660,\"1.6\"],"
                                      "[1764150690,\"0\"]"));
  ASSERT_OK(read(dir_));
  EXPECT_EQ(4, recording_.n_rows);
  EXPECT_EQ(1, recording_.n_windows);
  EXPECT_EQ(3, recording_.n_incomplete);
  EXPECT_EQ(1.5, window(0).outcome.latency_mean_s);
  // More days in more files, which may share their ends.
  write(file("latency_mean_s.2.json"), answer("", "[1764150630,\"2.5\"],[1764150660,\"+Inf\"]"));
  ASSERT_OK(read(dir_));
  EXPECT_EQ(2, recording_.n_windows);
  EXPECT_EQ(2.5, window(1).outcome.latency_mean_s);
  EXPECT_EQ(0, window(1).outcome.failures);  // extrapolated counts are rounded
  write(file("latency_mean_s.4.json"), "{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":[]}}");
  ASSERT_OK(read(dir_));
  EXPECT_EQ(2, recording_.n_windows);
  write(file("latency_mean_s.3.json"), answer("", "[1764150600,\"7\"]"));
  EXPECT_EQ(FC_EFORMAT, read(dir_));
  EXPECT_NE(nullptr, strstr(error.message, "different things about latency_mean_s at 2025-11-26T09:50:00Z"))
      << error.message;
}

TEST_F(Recording, FunctionsAreFoundByTheirLabel) {
  write_folder();
  const std::string points = "[1764150600,\"700.00000001\"],[1764150630,\"700\"]";
  const auto functions = [&](const std::string &a, const std::string &b) {
    return "{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":[{\"metric\":{" + a +
           "},\"values\":[" + points + "]},{\"metric\":{" + b + "},\"values\":[" + points +
           "]},{\"metric\":{\"container\":\"stranger\",\"app\":\"stranger\"},\"values\":[" + points + "]}]}}";
  };
  const std::string name = "cpu_millicores.json";  // without "function.": the workflow has no such quantity
  remove(file("function.cpu_millicores.json").c_str());
  write(file(name), functions("\"container\":\"parse\",\"app\":\"x\"", "\"container\":\"price\""));
  ASSERT_OK(read(dir_));
  EXPECT_EQ(700, window(0).configuration[0].cpu_millicores);
  EXPECT_EQ(1, recording_.n_ignored_series);
  options_.function_label = "app";
  EXPECT_EQ(FC_EFORMAT, read(dir_));
  EXPECT_NE(nullptr, strstr(error.message, "series 2 has no label app")) << error.message;
  write(file(name), functions("\"app\":\"parse\"", "\"app\":\"price.ns\",\"function\":\"parse\""));
  EXPECT_EQ(FC_EFORMAT, read(dir_));  // the others do not have it
  options_.function_label = nullptr;
  write(file(name), functions("\"function\":\"parse\"", "\"function\":\"parse.ns\""));
  EXPECT_EQ(FC_EFORMAT, read(dir_));
  EXPECT_NE(nullptr, strstr(error.message, "more than one series of function parse")) << error.message;
  write(file(name), functions("\"function\":\"a\"", "\"function\":\"b\""));
  EXPECT_EQ(FC_EFORMAT, read(dir_));
  EXPECT_NE(nullptr, strstr(error.message, "no series is of a function of workflow shop")) << error.message;
  write(file(name), functions("\"function\":\"parse\"", "\"function\":\"b\""));
  EXPECT_EQ(FC_EFORMAT, read(dir_));
  EXPECT_NE(nullptr, strstr(error.message, "lacks price.cpu_millicores")) << error.message;
}

TEST_F(Recording, ReplicasThatChangedWithinTheWindowMakeItIncomplete) {
  write_folder();
  std::string text = fc_test::read_file(file("function.replicas.json"));
  write(file("function.replicas.json"), replaced(text, "[1764150630,\"3\"]", "[1764150630,\"2.5\"]"));
  ASSERT_OK(read(dir_));
  EXPECT_EQ(2, recording_.n_windows);
  EXPECT_EQ(1, recording_.n_incomplete);
}

TEST_F(Recording, FolderMistakesAreNamedWithTheirFile) {
  write_folder();
  ASSERT_OK(read(dir_));
  write(file("README"), "not an answer, and not read");
  ASSERT_OK(read(dir_));
  const std::string name = "latency_mean_s.json", good = fc_test::read_file(file(name));
  expect_folder_refused(name, "", "latency_mean_s.json");
  expect_folder_refused(name, " <html><body>Log in</body></html>", "is HTML");
  expect_folder_refused(name, "{}", "is not an answer of Prometheus's /api/v1/query_range");
  expect_folder_refused(name, "[]", "is not an answer");
  expect_folder_refused(name, "{\"status\":\"error\",\"errorType\":\"bad_data\",\"error\":\"exceeded 11,000 points\"}",
                        "Prometheus refused the query: bad_data: exceeded 11,000 points");
  expect_folder_refused(name, "{\"status\":\"error\"}", "does not say why");
  expect_folder_refused(name, replaced(good, "matrix", "vector"), "ask /api/v1/query_range, not /api/v1/query");
  expect_folder_refused(name, "{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":[]}}",
                        "the query found nothing");
  expect_folder_refused(name, replaced(good, "[{", "[{\"metric\":{},\"values\":[]},{"), "has 2 series");
  expect_folder_refused(name, replaced(good, "\"values\"", "\"value\""), "no list `values`");
  expect_folder_refused(name, answer("", "[1764150600,\"1\"],[1764150600,\"1\"]"), "point 2: its time is not after");
  expect_folder_refused(name, answer("", "[1764150600,1]"), "point 1: expected a value in quotes");
  expect_folder_refused(name, answer("", "[1764150600,\"fast\"]"), "point 1: expected a number, found 'fast'");
  expect_folder_refused(name, answer("", "[1764150600,\"-1\"]"), "point 1: expected a number from 0");
  expect_folder_refused(name, answer("", "[\"1764150600\",\"1\"]"), "point 1: expected [seconds since 1970");
  expect_folder_refused(name, answer("", "[-1,\"1\"]"), "point 1: expected [seconds since 1970");
  expect_folder_refused(name, answer("", "7"), "point 1: expected [seconds since 1970");
  expect_folder_refused(name, answer("", "[1764150615,\"1\"]"), "windows are 15 s apart (at 2025-11-26T09:50:15Z)");
  expect_folder_refused("function.replicas.json", answer("\"pod\":\"parse-7f\"", "[1764150600,\"1\"]"),
                        "series 1 has no label function, function_name, faas_function, container or deployment");
  expect_folder_refused("cost.json", "{}", "there is no such quantity");
  expect_folder_refused("function.json", "{}", "there is no such quantity");
  expect_folder_refused("function..json", "{}", "there is no such quantity");
  expect_folder_refused("successes.x.json", "{}", "there is no such quantity");
  expect_folder_refused("function.successes.json", "{}", "there is no such quantity");
  const std::string empty = folder_.path("empty");
  mkdir(empty.c_str(), 0755);
  EXPECT_EQ(FC_ENOTFOUND, read(empty));
}

TEST_F(Recording, TruncatedAnswersAndRowsAreErrorsOrWindowsNeverCrashes) {
  const std::string name = "function.replicas.json", good = answer("\"function\":\"parse\"", "[1,\"3\"],[31,\"NaN\"]");
  mkdir(dir_.c_str(), 0755);
  for (size_t n = 0; n < good.size(); ++n) {
    write(file(name), good.substr(0, n));
    EXPECT_EQ(FC_EFORMAT, read(dir_)) << n;
    EXPECT_NE(nullptr, strstr(error.message, name.c_str())) << error.message;
  }
  for (size_t n = 0; n < good.size(); ++n) {
    std::string broken = good;
    broken[n] = static_cast<char>(broken[n] ^ 0x15);
    write(file(name), broken);
    EXPECT_EQ(FC_EFORMAT, read(dir_)) << n;  // what is an answer still lacks all other quantities
  }
  const std::string csv = std::string(kHeader) + row(0) + row(30);
  for (size_t n = 0; n <= csv.size(); ++n) (void)read_csv(csv.substr(0, n));
  for (size_t n = 0; n < csv.size(); ++n) {
    std::string broken = csv;
    broken[n] = static_cast<char>(broken[n] ^ 0x1f);
    if (read_csv(broken) == FC_OK) {
      for (int64_t w = 0; w < recording_.n_windows; ++w)
        EXPECT_OK(fc_observation_validate(&window(w), workflow_, &error));
    }
  }
}

}  // namespace
