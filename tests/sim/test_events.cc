// sim/events.h: events come out in time order however they are scheduled, moved and replaced.
#include <map>
#include <random>

#include "events.h"
#include "support.h"

namespace {

TEST(Events, ComeInTimeOrderUnderRandomMoves) {
  enum { kEntities = 97 };
  event_t heap[kEntities];
  int32_t position[kEntities];
  events_t events = {heap, position, 0, false};
  std::fill(position, position + kEntities, -1);
  std::map<int, double> model;
  std::mt19937 random(11);
  double now = 0;
  auto later = [&] { return now + static_cast<double>(random() % 1000) / 100; };
  for (int step = 0; step < 20000; ++step) {
    if (!model.empty() && random() % 2 == 0) {
      const event_t event = events_take(&events);
      for (const auto &[entity, time] : model) EXPECT_LE(event.time_s, time);
      ASSERT_EQ(1u, model.count(event.entity));
      EXPECT_EQ(model[event.entity], event.time_s);
      model.erase(event.entity);
      now = event.time_s;
      for (unsigned i = random() % 3; i > 0; --i) {  // what the event schedules, while the root is a hole
        const int entity = static_cast<int>(random() % kEntities);
        model[entity] = later();
        events_set(&events, entity, model[entity]);
      }
      events_close(&events);
    } else {
      const int entity = static_cast<int>(random() % kEntities);
      model[entity] = later();
      events_set(&events, entity, model[entity]);
    }
    ASSERT_EQ(model.size(), static_cast<size_t>(events.n));
  }
  events_clear(&events);
  EXPECT_EQ(0, events.n);
  for (int entity = 0; entity < kEntities; ++entity) EXPECT_EQ(-1, position[entity]);
}

}  // namespace
