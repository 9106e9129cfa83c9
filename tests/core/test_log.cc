// tests core/log.c: one line per event, as text or JSON, nothing below the level.
#include <cstdio>
#include <sstream>
#include <string>
#include <thread>

#include "support.h"

extern "C" {
#include "faasconf/json.h"
#include "faasconf/log.h"
}

namespace {

class Stream {
 public:
  Stream() : file_(open_memstream(&text_, &size_)) {}
  ~Stream() {
    std::fclose(file_);
    free(text_);
  }
  FILE *get() { return file_; }
  std::string text() {
    std::fflush(file_);
    return std::string(text_, size_);
  }

 private:
  char *text_ = nullptr;
  size_t size_ = 0;
  FILE *file_;
};

TEST(Log, TextHasTimeLevelProgramComponentSentence) {
  Stream stream;
  fc_log_t log;
  fc_log_init(&log, "faasconfd", stream.get(), FC_LOG_INFO, false);
  FC_LOG_W(&log, "ingest", "%d rows", 7);
  EXPECT_THAT(stream.text(), testing::MatchesRegex("....-..-..T..:..:..\\....Z warn  faasconfd ingest: 7 rows\n"));
}

TEST(Log, DropsWhatIsBelowTheMinimum) {
  Stream stream;
  fc_log_t log;
  fc_log_init(&log, "p", stream.get(), FC_LOG_WARN, false);
  FC_LOG_D(&log, "c", "no");
  FC_LOG_I(&log, "c", "no");
  EXPECT_EQ("", stream.text());
  FC_LOG_E(&log, "c", "yes");
  EXPECT_THAT(stream.text(), testing::HasSubstr("error p c: yes"));
  fc_log_write(nullptr, FC_LOG_ERROR, "c", "nowhere");
}

TEST(Log, NoSentenceMakesTwoLines) {
  Stream stream;
  fc_log_t log;
  fc_log_init(&log, "p", stream.get(), FC_LOG_INFO, false);
  FC_LOG_I(&log, "c", "%s", "first\nforged\r\x1b[2Jline");
  const std::string text = stream.text();
  EXPECT_EQ(text.size() - 1, text.find('\n'));
  EXPECT_EQ(std::string::npos, text.find('\x1b'));
}

// Whatever a peer makes us quote, the line stays one JSON object.
TEST(Log, JsonLinesAlwaysParse) {
  std::string longer;
  for (int i = 0; i < 1000; ++i) longer += "\xe2\x82\xac";
  const std::string sentences[] = {
      "plain", "\"quoted\" \\ and\ttab\nnewline", longer, "\xff\xfe not utf-8 \xc3", std::string(5000, '"'), ""};
  for (const std::string &sentence : sentences) {
    Stream stream;
    fc_log_t log;
    fc_log_init(&log, "faasconf-agent", stream.get(), FC_LOG_DEBUG, true);
    FC_LOG_D(&log, "link", "%s", sentence.c_str());
    const std::string line = stream.text();
    ASSERT_EQ('\n', line.back());
    ASSERT_EQ(line.size() - 1, line.find('\n'));
    fc_json_t *json = nullptr;
    fc_error_t error = {};
    ASSERT_OK(fc_json_parse(line.data(), line.size() - 1, &json, &error)) << line;
    EXPECT_STREQ("debug", fc_json_string(fc_json_get(json, "level")));
    EXPECT_STREQ("faasconf-agent", fc_json_string(fc_json_get(json, "program")));
    EXPECT_STREQ("link", fc_json_string(fc_json_get(json, "component")));
    const std::string text = fc_json_string(fc_json_get(json, "text"));
    if (sentence.size() < 60 && sentence[0] != '\xff') {
      EXPECT_EQ(sentence, text);
    }
    fc_json_destroy(&json);
  }
}

TEST(Log, LinesOfSeveralThreadsNeverMix) {
  Stream stream;
  fc_log_t log;
  fc_log_init(&log, "p", stream.get(), FC_LOG_INFO, false);
  const auto work = [&log](const char *text) {
    for (int i = 0; i < 200; ++i) FC_LOG_I(&log, "c", "%s%s%s", text, text, text);
  };
  std::thread one(work, "aaaaaaaa"), two(work, "bbbbbbbb");
  one.join();
  two.join();
  std::istringstream lines(stream.text());
  std::string line;
  int n = 0;
  for (; std::getline(lines, line); ++n) {
    const std::string sentence = line.substr(line.find(": ") + 2);
    EXPECT_TRUE(sentence == std::string(24, 'a') || sentence == std::string(24, 'b')) << line;
  }
  EXPECT_EQ(400, n);
}

TEST(Log, LevelsAreReadByName) {
  fc_log_level_t level = FC_LOG_ERROR;
  EXPECT_TRUE(fc_log_level_parse("debug", &level));
  EXPECT_EQ(FC_LOG_DEBUG, level);
  EXPECT_TRUE(fc_log_level_parse("error", &level));
  EXPECT_EQ(FC_LOG_ERROR, level);
  EXPECT_FALSE(fc_log_level_parse("Error", &level));
  EXPECT_FALSE(fc_log_level_parse("", &level));
}

}  // namespace
