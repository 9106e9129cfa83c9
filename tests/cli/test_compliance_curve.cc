// `faasconf compliance-curve`, as a process: its options, and one small curve with its picture.
#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "support.h"

namespace {

int run(const std::string &arguments, std::string *out) {
  FILE *pipe = popen((fc_test::program("faasconf") + " compliance-curve " + arguments + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return -1;
  char buffer[4096];
  for (size_t n; (n = fread(buffer, 1, sizeof buffer, pipe)) > 0;) out->append(buffer, n);
  return WEXITSTATUS(pclose(pipe));
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
  const std::string configuration = fc_test::read_file(folder.path("c.json"));
  EXPECT_NE(std::string::npos, configuration.find("\"resnet\""));
  const std::string command = fc_test::program("faasconf") +
                              " simulate --workflow sequential --windows 5 --configuration " + folder.path("c.json") +
                              " > " + folder.path("simulated");
  EXPECT_EQ(0, std::system(command.c_str()));
}

TEST(ComplianceCurve, SaysWhatIsWrong) {
  for (const char *bad : {"", "--workflow parallel --levels 0.9,0.5", "--workflow parallel --levels x",
                          "--workflow parallel --levels 1", "--workflow parallel --ranges wide",
                          "--workflow parallel --out x --out-level 0.77", "--workflow parallel --budget 5"}) {
    std::string out;
    EXPECT_EQ(2, run(bad, &out)) << bad << out;
  }
  std::string out;
  EXPECT_EQ(1, run("--workflow parallel --twin /nowhere/twin.json", &out));
  EXPECT_NE(std::string::npos, out.find("/nowhere/twin.json")) << out;
}

}  // namespace
