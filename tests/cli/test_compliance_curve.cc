// `faasconf compliance-curve`, as a process: its options, and one small curve with its picture.
#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <regex>
#include <string>

#include "support.h"

extern "C" {
#include "compliance_curve.h"
#include "judge.h"
}

namespace {

int run(const std::string &arguments, std::string *out) {
  FILE *pipe = popen((fc_test::program("faasconf") + " compliance-curve " + arguments + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return -1;
  char buffer[4096];
  for (size_t n; (n = fread(buffer, 1, sizeof buffer, pipe)) > 0;) out->append(buffer, n);
  return WEXITSTATUS(pclose(pipe));
}

// Every x, x1, x2, cx and y of the picture.
void expect_within_the_page(const std::string &svg) {
  const std::regex coordinate("[ c](x|x1|x2|cx|y|y1|y2|cy)=\"([-0-9.]+)\"");
  int n = 0;
  for (std::sregex_iterator at(svg.begin(), svg.end(), coordinate), end; at != end; ++at, ++n) {
    EXPECT_GE(std::stod((*at)[2]), 0) << at->str();
    EXPECT_LE(std::stod((*at)[2]), (*at)[1].str().find('x') != std::string::npos ? 720 : 440) << at->str();
  }
  EXPECT_GT(n, 30);
}

TEST(ComplianceCurve, AnOpenLoopIsPlannedFor) {
  std::string out;
  ASSERT_EQ(0, run("--workflow sequential --rate 0.2 --levels 0.5 --searches 1 --budget 2688 --json", &out)) << out;
  EXPECT_NE(std::string::npos, out.find("\"rate_per_s\":0.2")) << out;
  EXPECT_EQ(std::string::npos, out.find("\"users\"")) << out;
}

// A start configuration that never meets QoS, and levels beyond those that are marked.
TEST(ComplianceCurve, EverythingIsDrawnWithinThePage) {
  fc_error_t error = {};
  fc_workflow_t *workflow = nullptr;
  ASSERT_OK(fc_workflow_load(fc_test::source_file("workflows/sequential.yaml").c_str(), &workflow, &error));
  fc_test::TemporaryFolder folder;
  plan_t plans[2] = {};
  curve_t curve = {};
  curve.workflow = workflow;
  curve.rate_per_s = 2.5;
  curve.n_searches = 1;
  curve.n_levels = 2;
  curve.start_cost_usd_h = 6;
  for (int i = 0; i < 2; ++i) {
    plans[i].cost_usd_h = 5 + 20 * i;
    curve.levels[i].level = i == 0 ? 0.03 : 0.9999;
    curve.levels[i].plans = &plans[i];
    curve.levels[i].n_met = i == 0 ? 150 : PLAN_CONFIRMING_WINDOWS;
    curve.levels[i].max_usd_h = plans[i].cost_usd_h + 1;
    judge_wilson(curve.levels[i].n_met, PLAN_CONFIRMING_WINDOWS, &curve.levels[i].wilson_low,
                 &curve.levels[i].wilson_high);
  }
  ASSERT_OK(curve_draw(&curve, folder.path("c.svg").c_str(), &error));
  const std::string svg = fc_test::read_file(folder.path("c.svg"));
  EXPECT_NE(std::string::npos, svg.find("2.5 workflows per second"));
  expect_within_the_page(svg);
  fc_workflow_destroy(&workflow);
}

TEST(ComplianceCurve, DrawsASmallCurve) {
  fc_test::TemporaryFolder folder;
  std::string out;
  ASSERT_EQ(0, run("--workflow sequential --levels 0.8 --searches 1 --budget 2688 --json --svg " +
                       folder.path("c.svg") + " --out " + folder.path("c.json"),
                   &out))
      << out;
  for (const char *key : {"\"levels\"", "\"cost\"", "\"compliance_interval95\"", "\"configuration\"", "\"start_cost\""})
    EXPECT_NE(std::string::npos, out.find(key)) << key;
  const std::string svg = fc_test::read_file(folder.path("c.svg"));
  EXPECT_EQ(0u, svg.find("<svg"));
  EXPECT_NE(std::string::npos, svg.find("</svg>"));
  EXPECT_EQ(std::string::npos, svg.find("nan"));
  expect_within_the_page(svg);
  const std::string configuration = fc_test::read_file(folder.path("c.json"));
  EXPECT_NE(std::string::npos, configuration.find("\"resnet\""));
  const std::string command = fc_test::program("faasconf") +
                              " simulate --workflow sequential --windows 5 --configuration " + folder.path("c.json") +
                              " > " + folder.path("simulated");
  EXPECT_EQ(0, std::system(command.c_str()));
}

TEST(ComplianceCurve, SaysWhatIsWrong) {
  for (const char *bad : {"", "--workflow parallel --levels 0.9,0.5", "--workflow parallel --levels x",
                          "--workflow parallel --levels 1", "--workflow parallel --levels 0.5.8",
                          "--workflow parallel --users 3 --rate 2", "--workflow parallel --ranges wide",
                          "--workflow parallel --out x --out-level 0.77", "--workflow parallel --budget 5"}) {
    std::string out;
    EXPECT_EQ(2, run(bad, &out)) << bad << out;
  }
  std::string out;
  EXPECT_EQ(1, run("--workflow parallel --twin /nowhere/twin.json", &out));
  EXPECT_NE(std::string::npos, out.find("/nowhere/twin.json")) << out;
}

}  // namespace
