// core/comma_list.c: items one after the other, and whether they are a set.
#include <string>
#include <vector>

#include "support.h"

extern "C" {
#include "comma_list.h"
}

namespace {

std::vector<std::string> items(const char *list) {
  std::vector<std::string> out;
  char item[8];
  while (comma_list_next(&list, item, sizeof item)) out.push_back(item);
  return out;
}

TEST(CommaList, GoesFromItemToItem) {
  EXPECT_EQ((std::vector<std::string>{"a", "bc", "d"}), items("a,bc,d"));
  EXPECT_EQ((std::vector<std::string>{"a", "", "b"}), items("a,,b"));
  EXPECT_EQ((std::vector<std::string>{"toolong"}), items("toolongforit")) << "cut";
  EXPECT_TRUE(items("").empty());
}

TEST(CommaList, ASetHasItemsAndNoneTwice) {
  char item[16];
  EXPECT_TRUE(comma_list_is_set("a", item, sizeof item));
  EXPECT_TRUE(comma_list_is_set("a,ab,b", item, sizeof item));
  for (const char *list : {"", ",", "a,", ",a", "a,,b"}) {
    EXPECT_FALSE(comma_list_is_set(list, item, sizeof item)) << list;
    EXPECT_STREQ("", item) << list;
  }
  EXPECT_FALSE(comma_list_is_set("a,b,c,b", item, sizeof item));
  EXPECT_STREQ("b", item);
}

}  // namespace
