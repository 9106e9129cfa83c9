// cli/number_text.c: what is undefined is a dash, whatever its unit.
#include <cmath>
#include <string>

#include "support.h"

extern "C" {
#include "number_text.h"
}

namespace {

std::string text_of(double value, int decimals, const char *unit) {
  char text[NUMBER_TEXT];
  return number_text(value, decimals, unit, text);
}

TEST(NumberText, RoundsAndAddsTheUnit) {
  EXPECT_EQ("0.816", text_of(0.8156, 3, ""));
  EXPECT_EQ("85.0%", text_of(85.04, 1, "%"));
  EXPECT_EQ("-3", text_of(-3.2, 0, ""));
}

TEST(NumberText, UndefinedIsADash) {
  for (double value : {NAN, -NAN, INFINITY, -INFINITY}) EXPECT_EQ("-", text_of(value, 1, "%"));
}

TEST(NumberText, TheLargestNumberFits) {
  EXPECT_LT(text_of(-1.7e308, 3, "%").size(), size_t{NUMBER_TEXT});
}

}  // namespace
