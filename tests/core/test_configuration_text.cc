// core/configuration_text.c: what is printed is read again, and nothing is written past the end.
#include <string>

#include "support.h"

extern "C" {
#include "configuration_text.h"
}

namespace {

const fc_function_configuration_t kTwo[] = {{700, 512, 2, 4}, {1300, 1331, 5, 6}};

TEST(ConfigurationText, WhatIsPrintedIsReadAgain) {
  char text[64];
  ASSERT_EQ(25u, configuration_text_print(text, sizeof text, kTwo, 2, ' '));
  EXPECT_STREQ("700/512/2/4 1300/1331/5/6", text);
  const char *at = text;
  for (const fc_function_configuration_t &expected : kTwo) {
    fc_function_configuration_t read = {};
    ASSERT_TRUE(configuration_text_read(&at, &read));
    EXPECT_EQ(0, memcmp(&expected, &read, sizeof read));
    if (*at == ' ') ++at;
  }
  EXPECT_EQ('\0', *at);
}

TEST(ConfigurationText, WhatDoesNotFitIsToldForEverySize) {
  for (size_t size = 1; size <= 26; ++size) {
    std::string text(size + 1, '#');
    EXPECT_EQ(size < 26 ? size : 25, configuration_text_print(text.data(), size, kTwo, 2, ' ')) << size;
    EXPECT_EQ('#', text[size]) << "nothing behind the end";
  }
}

TEST(ConfigurationText, RefusesWhatIsNoGroup) {
  for (const char *bad : {"", "700", "700/512/2", "700/512/2/x", "0/512/2/4", "700,512,2,4"}) {
    const char *at = bad;
    fc_function_configuration_t read = {};
    EXPECT_FALSE(configuration_text_read(&at, &read)) << bad;
  }
}

}  // namespace
