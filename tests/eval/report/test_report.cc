// eval/report/: the page, the drawings and what hostile names may not do.
#include <unistd.h>

#include <cmath>
#include <cstring>
#include <regex>
#include <vector>

#include "../cells/cells_fixture.h"
#include "support.h"

extern "C" {
#include "faasconf/json.h"
#include "html.h"
#include "plain.h"
#include "report.h"
}

namespace {

using fc_test::make_cell;

bool has_gnuplot() {
  return access("/usr/bin/gnuplot", X_OK) == 0;
}

#define SKIP_WITHOUT_GNUPLOT() \
  if (!has_gnuplot()) GTEST_SKIP() << "gnuplot is not installed (Debian: apt-get install gnuplot-nox)"

struct Data {
  std::vector<cell_t> cells;
  std::vector<series_point_t> series;
};

// Two methods and the random search on two loads, a trace of 20 minutes, an ablation.
Data synthetic(const std::string &method = "attmf", const std::string &workflow = "parallel") {
  Data data;
  for (int64_t seed = 1; seed <= 5; ++seed)
    for (int32_t users : {10, 20})
      for (const std::string &name : {method, std::string("firm"), std::string("random")}) {
        cell_t cell = make_cell(name, (name == "random" ? 1.6 : 1.2) + 0.01 * double(seed), seed, workflow, users);
        if (name == "firm" && users == 20) cell.qos_met = false;
        data.cells.push_back(cell);
        SET_TEXT(cell.experiment, "ablation");
        data.cells.push_back(cell);
        SET_TEXT(cell.experiment, "dynamic");
        cell.latency_sum_s = 100 * cell.cost_over_oracle;
        if (users == 10) data.cells.push_back(cell);
      }
  for (const std::string &name : {method, std::string("firm")})
    for (int minute = 0; minute < 20; ++minute) {
      series_point_t point = {};
      SET_TEXT(point.workflow, workflow);
      SET_TEXT(point.world, "exact");
      SET_TEXT(point.track, "rows");
      SET_TEXT(point.method, name);
      SET_TEXT(point.variant, "repaired");
      SET_TEXT(point.safety, "none");
      point.seed = 1;
      point.minute = minute;
      point.users = 10 + minute % 7;
      point.latency_s = 8 + 3 * std::sin(minute * 0.7) + (name == "firm" ? 2 : 0);
      point.latency_target_s = 11;
      point.cost_usd_h = 4 + 0.1 * (minute % 5);
      point.violated = point.latency_s > 11;
      data.series.push_back(point);
    }
  return data;
}

struct Written {
  fc_test::TemporaryFolder folder;
  report_result_t result = {};
  std::string html;
  std::string plot(const std::string &name) const { return folder.path("out/plots/" + name); }
};

void write(const Data &data, Written *out, const char *gnuplot = nullptr, const motivation_t *motivation = nullptr,
           const char *title = "A test") {
  fc_error_t error = {};
  report_t report = {};
  report.title = title;
  report.command = "faasconf eval static --seeds 5 && echo <done>";
  report.commit = "abcdef0";
  report.date = "2026-01-02";
  report.machine = "2 cores";
  report.seeds = "1 to 5";
  report.load_average = 0.5;
  report.cells = data.cells.data();
  report.n_cells = int32_t(data.cells.size());
  report.series = data.series.data();
  report.n_series = int32_t(data.series.size());
  report.motivation = motivation;
  report.gnuplot = gnuplot;
  ASSERT_OK(report_write(&report, out->folder.path("out").c_str(), &out->result, &error));
  out->html = fc_test::read_file(out->folder.path("out/report.html"));
}

size_t count(const std::string &text, const std::string &what) {
  size_t n = 0;
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + what.size())) ++n;
  return n;
}

TEST(Report, SaysWhatItMust) {
  Written out;
  write(synthetic(), &out, "/nonexistent/gnuplot");
  for (const char *what :
       {"faasconf eval static --seeds 5 &amp;&amp; echo &lt;done&gt;", "abcdef0", "2026-01-02", "2 cores", "1 to 5",
        "0.50", "static: world exact, track simulator, strict", "dynamic: world exact", "ablation: world exact",
        "cost / oracle, QoS met", "Paired tests", "The paper&#39;s claims", "24.0 %", "3.48 x", "not measured",
        "prefers-color-scheme:dark", "width=device-width", "How to read this", "p (Holm)"})
    EXPECT_NE(std::string::npos, out.html.find(what)) << what;
  for (const char *what : {"http://", "https://", "<script", "<link", "<img"})
    EXPECT_EQ(std::string::npos, out.html.find(what)) << "nothing comes from a network: " << what;
  EXPECT_EQ(count(out.html, "<table>"), count(out.html, "</table>"));
  EXPECT_EQ(count(out.html, "<tr>"), count(out.html, "</tr>"));
  EXPECT_EQ(count(out.html, "<td"), count(out.html, "</td>"));
  const std::string summary = fc_test::read_file(out.folder.path("out/summary.csv"));
  EXPECT_EQ(10u, count(summary, "\n")) << "header, three methods in three experiments";
  EXPECT_NE(std::string::npos, summary.find("static,exact,simulator,strict,attmf,repaired,none,0,10,"));
}

// firm meets QoS with 10 users only, five runs of ten; cost is compared there.
TEST(Report, ComparisonsAndCellsAreThereForPrograms) {
  Written out;
  write(synthetic(), &out, "/nonexistent/gnuplot");
  const std::string comparisons = fc_test::read_file(out.folder.path("out/comparisons.csv"));
  EXPECT_EQ(1 + 4 * 2 * 3u, count(comparisons, "\n")) << "four figures of two methods in three experiments";
  const std::string name = "static,exact,simulator,strict,firm,repaired,none,0,attmf,repaired,none,0,";
  EXPECT_NE(std::string::npos, comparisons.find(name + "cost_over_oracle_met,5,5,5,0,,,1,,,")) << comparisons;
  EXPECT_NE(std::string::npos, comparisons.find(name + "qos_met_share,10,0,5,-0.5,,,0.5,,,")) << comparisons;
  const std::string cells = fc_test::read_file(out.folder.path("out/cells.json"));
  fc_json_t *parsed = nullptr;
  fc_error_t error = {};
  ASSERT_OK(fc_json_parse(cells.c_str(), cells.size(), &parsed, &error)) << error.message;
  EXPECT_EQ(synthetic().cells.size(), fc_json_size(parsed));
  fc_json_destroy(&parsed);
}

TEST(Report, WithoutGnuplotThePageComesAndSaysSo) {
  Written out;
  write(synthetic(), &out, "/nonexistent/gnuplot");
  EXPECT_EQ(0, out.result.n_plots);
  EXPECT_GT(out.result.n_plots_failed, 0);
  EXPECT_NE(nullptr, strstr(out.result.plots_message, "gnuplot-nox")) << out.result.plots_message;
  EXPECT_NE(std::string::npos, out.html.find("gnuplot-nox"));
  EXPECT_EQ(std::string::npos, out.html.find("<svg"));
  EXPECT_NE("", fc_test::read_file(out.plot("static-exact-simulator-strict-parallel-cost.gp"))) << "the script stays";
}

TEST(Report, WithoutAnyResultItIsAPage) {
  Written out;
  write({}, &out);
  EXPECT_EQ(0, out.result.n_plots + out.result.n_plots_failed);
  EXPECT_NE(std::string::npos, out.html.find("There are no results"));
  EXPECT_NE(std::string::npos, out.html.find("</html>"));
}

TEST(Report, DrawsWhatItHasData) {
  SKIP_WITHOUT_GNUPLOT();
  Written out;
  const double concurrency[] = {1, 2, 4}, latency[] = {9, 6, 7}, throughput[] = {10, 20, 18};
  const motivation_sweep_t sweeps[] = {{"resnet", 3, concurrency, latency, throughput},
                                       {"rgb", 3, concurrency, throughput, latency}};
  const motivation_way_t ways[] = {
      {"individual", 5, 9, 0.5, false}, {"sequential", 4.5, 9, 0.96, true}, {"holistic", 4, 9, 0.97, true}};
  const char *const functions[] = {"starter", "rgb"};
  const double change[] = {-0.3, 0.1, NAN, 0.25};
  const motivation_t motivation = {"parallel", 10, sweeps, 2, ways, 3, 2, functions, change, 0.25, 2};
  write(synthetic(), &out, nullptr, &motivation);
  EXPECT_STREQ("", out.result.plots_message);
  EXPECT_EQ(0, out.result.n_plots_failed);
  for (const char *name :
       {"static-exact-simulator-strict-parallel-cost", "dynamic-parallel-exact-rows-1",
        "ablation-exact-simulator-strict-cost-over-oracle-met", "ablation-exact-simulator-strict-violations",
        "motivation-concurrency", "motivation-tuning", "motivation-influence"}) {
    const std::string svg = fc_test::read_file(out.plot(std::string(name) + ".svg"));
    EXPECT_NE(std::string::npos, svg.find("</svg>")) << name;
    EXPECT_NE(std::string::npos, out.html.find(std::string("plots/") + name + ".svg")) << name;
  }
  EXPECT_NE(std::string::npos, out.html.find("that AttMF has learned: 0.25 over 2 edges"));
  EXPECT_EQ(7, out.result.n_plots);
  EXPECT_EQ(7u, count(out.html, "<svg"));
  const std::string bars = fc_test::read_file(out.plot("static-exact-simulator-strict-parallel-cost.svg"));
  EXPECT_EQ(1u, count(bars, "> X<") + count(bars, ">X<")) << "Firm met QoS in no run with 20 users";
  EXPECT_GE(count(bars, "<pattern"), 2u) << "told apart without colours";
  const std::string trace = fc_test::read_file(out.plot("dynamic-parallel-exact-rows-1.svg"));
  EXPECT_NE(std::string::npos, trace.find("QoS target"));
  EXPECT_NE(std::string::npos, trace.find("QoS violated"));
}

// Two drawings of one page have ids of their own, and every reference finds its target.
TEST(Report, DrawingsDoNotShareIds) {
  SKIP_WITHOUT_GNUPLOT();
  Written out;
  write(synthetic(), &out);
  const std::regex id("\\sid=['\"]([^'\"]+)['\"]"), reference("(?:href='#|url\\(#)([^')]+)");
  std::vector<std::string> ids;
  for (std::sregex_iterator it(out.html.begin(), out.html.end(), id), end; it != end; ++it) ids.push_back((*it)[1]);
  std::sort(ids.begin(), ids.end());
  EXPECT_GT(ids.size(), 20u);
  const auto twice = std::adjacent_find(ids.begin(), ids.end());
  // gnuplot itself writes a pattern anew for the legend and the bars of a series
  if (twice != ids.end()) {
    EXPECT_NE(std::string::npos, twice->find("gpPat")) << *twice;
  }
  for (std::sregex_iterator it(out.html.begin(), out.html.end(), reference), end; it != end; ++it)
    EXPECT_TRUE(std::binary_search(ids.begin(), ids.end(), (*it)[1].str())) << (*it)[1];
}

TEST(Report, HostileNamesStayNames) {
  const std::vector<std::string> names = {"<script>alert(1)", "'; !touch pwned; '", "`touch pwned`",
                                          "$(touch pwned)",   "\"onload=x",         "a\\'b",
                                          "\xff\xfe bad",     "@x #y %s {/Bold z}"};
  for (const std::string &name : names) {
    Written out;
    Data data = synthetic(name, name + "/../../x");
    data.cells.resize(3);
    write(data, &out, nullptr, nullptr, name.c_str());
    if (has_gnuplot()) {
      EXPECT_STREQ("", out.result.plots_message) << name;
    }
    EXPECT_EQ(std::string::npos, out.html.find("<script")) << name;
    for (size_t at = out.html.find("onload"); at != std::string::npos; at = out.html.find("onload", at + 1))
      EXPECT_EQ('>', out.html[out.html.find_last_of("<>", at)]) << "text, not an attribute";
    EXPECT_EQ(std::string::npos, out.html.find('\xff')) << name;
    EXPECT_NE(0, access(out.folder.path("out/plots/pwned").c_str(), F_OK)) << name;
    EXPECT_NE(0, access(out.folder.path("out/plots/pwn").c_str(), F_OK)) << name;
    EXPECT_NE(0, access("pwned", F_OK)) << name;
    EXPECT_EQ(6u, fc_test::files_in(out.folder.path("out")))
        << "report.html, summary.csv, comparisons.csv, claims.csv, cells.json, plots";
    EXPECT_EQ(1u, fc_test::files_in(out.folder.path())) << "nothing outside";
  }
}

// A name that would break a line of CSV is refused as a whole: such cells cannot come from a file.
TEST(Report, AControlCharacterInANameIsRefused) {
  fc_test::TemporaryFolder folder;
  const Data data = synthetic("two\nlines");
  report_t report = {};
  report_result_t result = {};
  fc_error_t error = {};
  report.cells = data.cells.data();
  report.n_cells = int32_t(data.cells.size());
  EXPECT_EQ(FC_EINVAL, report_write(&report, folder.path("out").c_str(), &result, &error));
  EXPECT_NE(nullptr, strstr(error.message, "method")) << error.message;
}

TEST(Report, WhyFunctionsAreTunedTogetherIsATable) {
  fc_test::TemporaryFolder folder;
  const motivation_way_t ways[] = {{"individual", 3.5, 9.25, 0.75, false}, {"holistic", 4.25, 8.5, 0.96, true}};
  motivation_t motivation = {};
  motivation.workflow = "parallel";
  motivation.users = 10;
  motivation.ways = ways;
  motivation.n_ways = 2;
  report_t report = {};
  report_result_t result = {};
  fc_error_t error = {};
  report.motivation = &motivation;
  report.gnuplot = "/nowhere/gnuplot";
  ASSERT_OK(report_write(&report, folder.path("out").c_str(), &result, &error));
  const std::string html = fc_test::read_file(folder.path("out/report.html"));
  EXPECT_THAT(html, testing::HasSubstr("parallel, 10 users"));
  EXPECT_THAT(html, testing::HasSubstr("holistic"));
  EXPECT_THAT(html, testing::HasSubstr("96.0"));
  for (const char *part : {"Paired tests", "The paper's claims", "There are no results"})
    EXPECT_EQ(std::string::npos, html.find(part)) << part;
}

TEST(Html, EscapesAndRepairs) {
  char *text = nullptr;
  size_t size = 0;
  FILE *out = open_memstream(&text, &size);
  html_text(out, "a<b>&\"'\x01\xc3(");
  fclose(out);
  EXPECT_STREQ("a&lt;b&gt;&amp;&quot;&#39; ?(", text);
  free(text);
}

TEST(Html, ADrawingWithAScriptIsLeftOut) {
  char *text = nullptr;
  size_t size = 0;
  FILE *out = open_memstream(&text, &size);
  html_svg(out, "<?xml?><svg><SCRIPT>x</SCRIPT></svg>", "p");
  html_svg(out, "<?xml?><svg><use xlink:href='#a' id='b' fill='url(#c)'/></svg>", "p");
  fclose(out);
  EXPECT_STREQ("<svg><use xlink:href='#p-a' id='p-b' fill='url(#p-c)'/></svg>", text);
  free(text);
}

TEST(Plain, FileNamesAreHarmless) {
  char name[32];
  for (const auto &[text, expected] : std::vector<std::pair<std::string, std::string>>{
           {"Parallel 10", "parallel-10"}, {"../../etc/passwd", "etc-passwd"}, {"", "x"}, {"\xc3\xa9", "x"}}) {
    plain_file_name(text.c_str(), name, sizeof name);
    EXPECT_EQ(expected, name);
  }
  plain_file_name(std::string(99, 'a').c_str(), name, sizeof name);
  EXPECT_EQ(31u, strlen(name));
}

}  // namespace
