// tests agent/spool.c: durable, bounded, drop-oldest and counted; survives torn tails, damage and restarts.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <set>

#include "agent_fixture.h"

extern "C" {
#include "spool.h"
}

namespace {
using fc_test::Folder;
using fc_test::TemporaryFolder;

struct Spool {
  explicit Spool(Folder &folder, int64_t max_bytes = 1 << 20) {
    fc_error_t error = {};
    if (spool_open(folder.get(), max_bytes, &get, &error) != FC_OK) throw std::runtime_error(error.message);
  }
  ~Spool() { spool_destroy(&get); }
  fc_status_t add(uint64_t epoch, uint64_t sequence, size_t size = 100) {
    std::string payload(size, 'x');
    std::memcpy(payload.data(), &sequence, sizeof sequence);
    fc_error_t error = {};
    return spool_append(get, epoch, sequence, reinterpret_cast<const uint8_t *>(payload.data()), size, &error);
  }
  std::vector<uint64_t> sequences() const {
    std::vector<uint64_t> found;
    for (int32_t i = 0; i < spool_size(get); ++i)
      if (!spool_at(get, i)->acked) found.push_back(spool_at(get, i)->sequence);
    return found;
  }
  spool_t *get = nullptr;
};

std::vector<std::string> segments(const TemporaryFolder &temporary) {
  std::vector<std::string> names;
  for (const auto &item : std::filesystem::directory_iterator(temporary.path("spool"))) names.push_back(item.path());
  std::sort(names.begin(), names.end());
  return names;
}

TEST(Spool, KeepsRecordsAcrossARestart) {
  TemporaryFolder temporary;
  {
    Folder folder(temporary.path());
    Spool spool(folder);
    for (uint64_t s = 1; s <= 5; ++s) ASSERT_EQ(FC_OK, spool.add(1, s));
  }
  Folder folder(temporary.path());
  Spool spool(folder);
  EXPECT_EQ(spool.sequences(), (std::vector<uint64_t>{1, 2, 3, 4, 5}));
  fc_wire_buffer_t bytes = {};
  fc_error_t error = {};
  ASSERT_OK(spool_load(spool.get, 2, &bytes, &error));
  uint64_t sequence = 0;
  std::memcpy(&sequence, bytes.data, sizeof sequence);
  EXPECT_EQ(sequence, 3u);
  EXPECT_EQ(bytes.size, 100u);
  fc_wire_buffer_clear(&bytes);
}

TEST(Spool, AcknowledgingRemovesContiguousAndSelectiveAndNothingElse) {
  TemporaryFolder temporary;
  Folder folder(temporary.path());
  Spool spool(folder);
  for (uint64_t s = 1; s <= 8; ++s) ASSERT_EQ(FC_OK, spool.add(4, s));
  ASSERT_EQ(FC_OK, spool.add(5, 1));
  EXPECT_EQ(spool_acknowledge(spool.get, 4, 2, 0b101), 4);  // 1, 2, then 4 and 6
  EXPECT_EQ(spool.sequences(), (std::vector<uint64_t>{3, 5, 7, 8, 1}));
  EXPECT_EQ(spool_acknowledge(spool.get, 4, 2, 0b101), 0);
  EXPECT_EQ(spool_acknowledge(spool.get, 9, 100, 0), 0);
  EXPECT_EQ(spool_acknowledge(spool.get, 4, 8, 0), 4);
  EXPECT_EQ(spool.sequences(), (std::vector<uint64_t>{1}));
  EXPECT_EQ(spool_dropped(spool.get), 0u);
}

TEST(Spool, DeletesSegmentsWhoseRecordsAreAllAcknowledged) {
  TemporaryFolder temporary;
  Folder folder(temporary.path());
  Spool spool(folder);
  for (uint64_t s = 1; s <= 3; ++s) ASSERT_EQ(FC_OK, spool.add(1, s));
  EXPECT_EQ(segments(temporary).size(), 1u);
  spool_acknowledge(spool.get, 1, 3, 0);
  EXPECT_EQ(segments(temporary).size(), 0u);
  EXPECT_EQ(spool_bytes(spool.get), 0);
  ASSERT_EQ(FC_OK, spool.add(1, 4));
  EXPECT_EQ(spool.sequences(), (std::vector<uint64_t>{4}));
}

TEST(Spool, DropsTheOldestAtCapacityAndCountsThem) {
  TemporaryFolder temporary;
  Folder folder(temporary.path());
  Spool spool(folder, 64 * 1024);
  const uint64_t n = 200;
  for (uint64_t s = 1; s <= n; ++s) ASSERT_EQ(FC_OK, spool.add(1, s, 1000));
  const auto held = spool.sequences();
  ASSERT_FALSE(held.empty());
  EXPECT_EQ(held.back(), n);
  EXPECT_EQ(held.size() + spool_dropped(spool.get), n);
  for (size_t i = 1; i < held.size(); ++i) EXPECT_EQ(held[i], held[i - 1] + 1);  // the newest, without a hole
  EXPECT_LE(spool_bytes(spool.get), 64 * 1024);
  EXPECT_GE(spool_bytes(spool.get), 64 * 1024 * 3 / 4);
  EXPECT_EQ(spool_first_sequence(spool.get, 1, 999), held.front());
  EXPECT_EQ(spool_first_sequence(spool.get, 2, 999), 999u);
  uintmax_t on_disk = 0;
  for (const auto &name : segments(temporary)) on_disk += std::filesystem::file_size(name);
  EXPECT_LE(on_disk, 64u * 1024u);
}

TEST(Spool, RefusesARecordThatCannotFitAndCountsIt) {
  TemporaryFolder temporary;
  Folder folder(temporary.path());
  Spool spool(folder, 64 * 1024);
  ASSERT_EQ(FC_OK, spool.add(1, 1));
  EXPECT_EQ(FC_EEXHAUSTED, spool.add(1, 2, 60 * 1024));
  EXPECT_EQ(spool_dropped(spool.get), 1u);
  EXPECT_EQ(spool.sequences(), (std::vector<uint64_t>{1}));
}

TEST(Spool, CutsOffATornTailAtEveryLength) {
  TemporaryFolder temporary;
  std::string name, whole;
  {
    Folder folder(temporary.path());
    Spool spool(folder);
    for (uint64_t s = 1; s <= 3; ++s) ASSERT_EQ(FC_OK, spool.add(1, s, 40));
    name = segments(temporary).front();
    whole = fc_test::read_file(name);
  }
  const size_t record = whole.size() / 3;
  for (size_t length = 0; length <= whole.size(); ++length) {
    std::filesystem::remove_all(temporary.path("spool"));
    std::filesystem::create_directory(temporary.path("spool"));
    fc_test::write_file(name, whole.substr(0, length));
    Folder folder(temporary.path());
    Spool spool(folder);
    ASSERT_EQ(spool.sequences().size(), length / record) << length;
    ASSERT_EQ(spool_damaged_bytes(spool.get), static_cast<int64_t>(length % record)) << length;
    ASSERT_EQ(FC_OK, spool.add(1, 9, 40));
    ASSERT_EQ(spool.sequences().back(), 9u);
  }
}

TEST(Spool, AFlippedByteNeverYieldsADamagedRecord) {
  TemporaryFolder temporary;
  std::string name, whole;
  {
    Folder folder(temporary.path());
    Spool spool(folder);
    for (uint64_t s = 1; s <= 3; ++s) ASSERT_EQ(FC_OK, spool.add(1, s, 40));
    name = segments(temporary).front();
    whole = fc_test::read_file(name);
  }
  for (size_t at = 0; at < whole.size(); ++at) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    fc_test::write_file(name, damaged);
    Folder folder(temporary.path());
    Spool spool(folder);
    ASSERT_LT(spool.sequences().size(), 3u) << at;
    ASSERT_GT(spool_damaged_bytes(spool.get), 0) << at;
    fc_test::write_file(name, whole);
  }
}

TEST(Spool, ARecordDamagedOnDiskLaterIsNotHandedOut) {
  TemporaryFolder temporary;
  Folder folder(temporary.path());
  Spool spool(folder);
  ASSERT_EQ(FC_OK, spool.add(1, 1, 40));
  std::string bytes = fc_test::read_file(segments(temporary).front());
  bytes[50] = static_cast<char>(bytes[50] ^ 1);
  fc_test::write_file(segments(temporary).front(), bytes);
  fc_wire_buffer_t buffer = {};
  fc_error_t error = {};
  EXPECT_EQ(FC_EFORMAT, spool_load(spool.get, 0, &buffer, &error));
  fc_wire_buffer_clear(&buffer);
  spool_discard(spool.get, 0);
  EXPECT_EQ(spool_size(spool.get), 0);
  EXPECT_EQ(spool_dropped(spool.get), 1u);
}

TEST(Spool, SentMarksAreForgottenOnUnsend) {
  TemporaryFolder temporary;
  Folder folder(temporary.path());
  Spool spool(folder);
  for (uint64_t s = 1; s <= 2; ++s) ASSERT_EQ(FC_OK, spool.add(1, s));
  spool_mark_sent(spool.get, 0);
  EXPECT_TRUE(spool_at(spool.get, 0)->sent);
  spool_unsend(spool.get);
  EXPECT_FALSE(spool_at(spool.get, 0)->sent);
}

TEST(Spool, ADiskThatIsFullLosesOnlyWhatDoesNotFitAndRecovers) {
  TemporaryFolder temporary;
  Folder folder(temporary.path());
  Spool spool(folder);
  ASSERT_EQ(FC_OK, spool.add(1, 1));
  // A folder in the place of the next segment makes creating it fail, like a disk without room for a new file.
  spool_acknowledge(spool.get, 1, 1, 0);
  std::filesystem::create_directory(temporary.path("spool/00000002.seg"));
  EXPECT_EQ(FC_EIO, spool.add(1, 2));
  EXPECT_EQ(spool_dropped(spool.get), 1u);
  EXPECT_EQ(FC_OK, spool.add(1, 3));
  EXPECT_EQ(spool.sequences(), (std::vector<uint64_t>{3}));
}

}  // namespace
