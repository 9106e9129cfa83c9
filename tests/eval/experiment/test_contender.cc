// eval/experiment/contender.c: who takes part.
#include <gmock/gmock.h>

#include <set>

#include "support.h"

extern "C" {
#include "contender.h"
}

namespace {
using testing::HasSubstr;

std::string name_of(const contender_t &contender) {
  char variant[CONTENDER_VARIANT_SIZE];
  contender_variant_text(&contender, variant);
  return std::string(contender.tuner->name) + " " + variant + " " + fc_safety_strategy_name(contender.strategy) + " " +
         fc_rails_profile_name(contender.rails);
}

// But for the oracle, which is none: whoever wants it names it.
TEST(Contenders, EveryMethodTakesPartAndNoTwoHaveOneName) {
  contenders_t contenders;
  contenders_of_all_methods(&contenders);
  std::set<std::string> names, methods;
  for (int i = 0; i < contenders.n; ++i) {
    names.insert(name_of(contenders.items[i]));
    methods.insert(contenders.items[i].tuner->name);
  }
  EXPECT_EQ(names.size(), static_cast<size_t>(contenders.n));
  int count = 0;
  for (int i = 0; tuner_at(i) != nullptr; ++i) count += tuner_at(i)->knows_the_world ? 0 : 1;
  EXPECT_EQ(methods.size(), static_cast<size_t>(count));
}

TEST(Contenders, AListNamesThemAndAnUnknownOneIsToldWithAllKnown) {
  contenders_t contenders;
  fc_error_t error = {};
  ASSERT_OK(contenders_of_methods(&contenders, "library,random", &error));
  EXPECT_STREQ(contenders.items[0].tuner->name, "library");
  EXPECT_EQ(contenders_of_methods(&contenders, "library,nonsense", &error), FC_EINVAL);
  EXPECT_THAT(error.message, HasSubstr("'nonsense'"));
  EXPECT_THAT(error.message, HasSubstr("random"));
  EXPECT_EQ(contenders_of_methods(&contenders, "random,random", &error), FC_EINVAL);
  EXPECT_EQ(contenders_of_methods(&contenders, "", &error), FC_EINVAL);
  EXPECT_EQ(contenders_of_methods(&contenders, std::string(300, 'x').c_str(), &error), FC_EINVAL);
}

TEST(Contenders, AreCrossedWithStrategiesAndRails) {
  contenders_t contenders;
  fc_error_t error = {};
  ASSERT_OK(contenders_of_methods(&contenders, "library,random", &error));
  ASSERT_OK(contenders_cross(&contenders, "none,ses_paper,ses_code", "off,tuning", &error));
  std::set<std::string> names;
  for (int i = 0; i < contenders.n; ++i) names.insert(name_of(contenders.items[i]));
  EXPECT_EQ(names.size(), 12u);
  EXPECT_TRUE(names.count("random repaired ses_paper tuning"));
  for (const char *bad : {"conformal", "nonsense", "none,,"})
    EXPECT_EQ(contenders_cross(&contenders, bad, "off", &error), FC_EINVAL) << bad;
  EXPECT_EQ(contenders_cross(&contenders, "none", "production", &error), FC_EINVAL);
}
}  // namespace
