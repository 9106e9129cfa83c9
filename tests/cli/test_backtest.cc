// `faasconf backtest`, as a process: a simulated system that is not what its workflow file says, recorded with settings
// that are too dear; the twin finds a cheaper one, and the true system confirms it.
#include <cstdio>
#include <string>
#include <vector>

#include "recorded_system.h"
#include "support.h"

extern "C" {
#include "faasconf/cost.h"
#include "faasconf/json.h"
#include "judge.h"
}

namespace {

using fc_test::Configuration;
using fc_test::Finished;
using fc_test::RecordedSystem;

// A parsed answer; path like "twin.loads.0.cost".
class Answer {
 public:
  explicit Answer(const std::string &text) {
    fc_error_t error = {};
    EXPECT_OK(fc_json_parse(text.c_str(), text.size(), &root_, &error)) << text;
  }
  ~Answer() { fc_json_destroy(&root_); }
  Answer(const Answer &) = delete;
  Answer &operator=(const Answer &) = delete;
  const fc_json_t *at(const std::string &path) const {
    const fc_json_t *value = root_;
    for (size_t from = 0; from <= path.size();) {
      const size_t dot = std::min(path.find('.', from), path.size());
      const std::string key = path.substr(from, dot - from);
      value = fc_json_is_array(value) ? fc_json_at(value, std::stoul(key)) : fc_json_get(value, key.c_str());
      from = dot + 1;
    }
    return value;
  }
  double number(const std::string &path) const {
    double value = -1e9;
    EXPECT_TRUE(fc_json_double(at(path), &value)) << path;
    return value;
  }
  bool truth(const std::string &path) const {
    bool value = false;
    EXPECT_TRUE(fc_json_bool(at(path), &value)) << path;
    return value;
  }

 private:
  fc_json_t *root_ = nullptr;
};

Finished backtest(const std::vector<std::string> &arguments) {
  std::vector<std::string> argv = {fc_test::program("faasconf"), "backtest"};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  return fc_test::run(argv);
}

class Backtest : public ::testing::Test {
 protected:
  void SetUp() override { fc_test::write_file(workflow_, fc_test::kShop); }
  // Eight settings, all with room to save, in turn.
  void record(int n, int32_t users, double rate_per_s) {
    for (int w = 0; w < n; ++w) system_.record(system_.uniform(1000 + 250 * (w % 4), 3 + w / 4 % 2), users, rate_per_s);
  }
  // Compliance of the twin's choice in the true system.
  double true_compliance(const Answer &answer, const std::string &load, int32_t users, double rate_per_s) {
    Configuration chosen = system_.uniform(1, 1);
    for (int32_t f = 0; f < system_.workflow()->n_functions; ++f)
      for (int k = 0; k < FC_KNOBS; ++k)
        fc_knob_set(
            &chosen[static_cast<size_t>(f)], static_cast<fc_knob_t>(k),
            static_cast<int32_t>(answer.number(load + ".configuration." + system_.workflow()->functions[f].name + "." +
                                               fc_knob_name(static_cast<fc_knob_t>(k)))));
    EXPECT_NEAR(fc_cost_reserved_usd_h(system_.workflow(), chosen.data()), answer.number(load + ".cost"), 1e-9);
    int met = 0;
    for (int w = 0; w < 1000; ++w)
      met += judge_window(system_.workflow(), FC_SEMANTICS_STRICT,
                          &system_.window(1000000 + w, chosen, users, rate_per_s), users) == FC_QOS_MET;
    return met / 1000.0;
  }

  fc_test::TemporaryFolder folder_;
  std::string workflow_ = folder_.path("shop.yaml"), csv_ = folder_.path("shop.csv"), dir_ = folder_.path("prometheus");
  RecordedSystem system_;
};

TEST_F(Backtest, FindsACheaperConfigurationThatTheTrueSystemConfirms) {
  system_.work_times({1.3, 0.8});
  record(60, 3, 0);
  fc_test::write_file(csv_, system_.csv());
  system_.write_prometheus(dir_);
  const std::vector<std::string> options = {"--workflow", workflow_,    "--particles", "64",     "--budget",
                                            "2688",       "--searches", "2",           "--json", "--data"};
  std::vector<std::string> with_csv = options, with_folder = options;
  with_csv.push_back(csv_);
  with_folder.push_back(dir_);
  const Finished ran = backtest(with_csv);
  ASSERT_EQ(0, ran.exit_code) << ran.err;
  std::printf("%s", ran.out.c_str());
}

}  // namespace
