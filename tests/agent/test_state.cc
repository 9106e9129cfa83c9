// tests agent/folder.c, control.c, last_good.c, policy_cache.c: what the state folder holds and how it is trusted.
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <thread>

#include "agent_fixture.h"

extern "C" {
#include "control.h"
#include "last_good.h"
}

namespace {
using namespace fc_test;  // NOLINT: every helper of the tests is meant
using testing::HasSubstr;

// ---- folder -----------------------------------------------------------------------------------------------------

TEST(Folder, TheEpochIsOneHigherAtEachStart) {
  TemporaryFolder temporary;
  for (uint64_t epoch = 1; epoch <= 3; ++epoch) {
    Folder folder(temporary.path("deep/state"));
    EXPECT_EQ(folder->epoch, epoch);
  }
}

TEST(Folder, IsForItsUserOnly) {
  TemporaryFolder temporary;
  Folder folder(temporary.path("state"));
  struct stat about;
  ASSERT_EQ(0, stat(temporary.path("state").c_str(), &about));
  EXPECT_EQ(about.st_mode & 0777u, 0700u);
}

TEST(Folder, ASecondAgentIsRefused) {
  TemporaryFolder temporary;
  Folder folder(temporary.path("state"));
  folder_t second;
  fc_error_t error = {};
  EXPECT_EQ(FC_EEXISTS, folder_open(temporary.path("state").c_str(), &second, &error));
  EXPECT_THAT(error.message, HasSubstr("another agent"));
}

TEST(Folder, ADamagedEpochIsRefusedRatherThanReused) {
  TemporaryFolder temporary;
  for (const char *text : {"", "x", "-1", "99999999999999999999999", "7 8"}) {
    write_file(temporary.path("epoch"), text);
    folder_t folder;
    fc_error_t error = {};
    EXPECT_EQ(FC_EFORMAT, folder_open(temporary.path().c_str(), &folder, &error)) << text;
    EXPECT_THAT(error.message, HasSubstr("epoch"));
  }
}

TEST(Folder, AFileHasItsOldContentUntilTheNewOneIsWhole) {
  TemporaryFolder temporary;
  Folder folder(temporary.path());
  fc_error_t error = {};
  ASSERT_OK(folder_write(folder.get(), "note", "old", 3, &error));
  std::filesystem::create_directory(temporary.path("note.tmp"));  // writing the new one fails
  EXPECT_EQ(FC_EIO, folder_write(folder.get(), "note", "new", 3, &error));
  EXPECT_EQ(read_file(temporary.path("note")), "old");
}

TEST(Folder, ReadingHasALimit) {
  TemporaryFolder temporary;
  Folder folder(temporary.path());
  fc_error_t error = {};
  char *text = nullptr;
  size_t size = 0;
  ASSERT_OK(folder_write(folder.get(), "note", "0123456789", 10, &error));
  EXPECT_EQ(FC_EEXHAUSTED, folder_read(folder.get(), "note", 9, &text, &size, &error));
  EXPECT_EQ(FC_ENOTFOUND, folder_read(folder.get(), "nothing", 9, &text, &size, &error));
  ASSERT_OK(folder_read(folder.get(), "note", 10, &text, &size, &error));
  EXPECT_EQ(std::string(text, size), "0123456789");
  free(text);
}

// ---- control ----------------------------------------------------------------------------------------------------

void describe_test(void *, fc_json_t *status) {
  fc_json_set_string(status, "mode", "auto");
}

struct Control {
  explicit Control(Folder &folder, bool take_signals = false) {
    fc_error_t error = {};
    if (control_new(folder.get(), take_signals, {nullptr, describe_test}, &get, &error) != FC_OK)
      throw std::runtime_error(error.message);
  }
  ~Control() { control_destroy(&get); }
  // Asks from another thread while this one serves, as two processes would.
  std::string ask(const std::string &state, const std::string &word) {
    std::string answer;
    std::atomic<bool> done{false};
    std::thread client([&] {
      char *text = nullptr;
      fc_error_t error = {};
      if (control_ask(state.c_str(), word.c_str(), 10000, &text, &error) == FC_OK) answer = text;
      free(text);
      done = true;
    });
    while (!done) {
      pollfd item = {control_descriptor(get), POLLIN, 0};
      poll(&item, 1, 5);
      control_poll(get);
    }
    client.join();
    return answer;
  }
  bool allows(std::string *reason = nullptr) {
    const char *why = "";
    const bool allowed = control_allows_acting(get, &why);
    if (reason) *reason = why;
    return allowed;
  }
  control_t *get = nullptr;
};

TEST(Control, TheSocketIsForItsUserOnlyAndAnswersStatus) {
  TemporaryFolder temporary;
  Folder folder(temporary.path());
  Control control(folder);
  struct stat about;
  ASSERT_EQ(0, stat(temporary.path("control.sock").c_str(), &about));
  EXPECT_TRUE(S_ISSOCK(about.st_mode));
  EXPECT_EQ(about.st_mode & 0777u, 0600u);
  const std::string answer = control.ask(temporary.path(), "status");
  EXPECT_EQ(json_value(answer, "mode"), "auto");
  EXPECT_EQ(json_value(answer, "ok"), "true");
}

TEST(Control, WorksInAFolderWithALongPath) {
  TemporaryFolder temporary;
  const std::string state = temporary.path(std::string(100, 'a') + "/" + std::string(100, 'b'));
  Folder folder(state);
  Control control(folder);
  EXPECT_EQ(json_value(control.ask(state, "status"), "ok"), "true");
}

TEST(Control, PauseAndResumeSurviveARestart) {
  TemporaryFolder temporary;
  {
    Folder folder(temporary.path());
    Control control(folder);
    EXPECT_TRUE(control.allows());
    EXPECT_EQ(json_value(control.ask(temporary.path(), "pause"), "ok"), "true");
    EXPECT_FALSE(control.allows());
  }
  Folder folder(temporary.path());
  Control control(folder);
  std::string why;
  EXPECT_FALSE(control.allows(&why));
  EXPECT_THAT(why, HasSubstr("paused"));
  EXPECT_EQ(json_value(control.ask(temporary.path(), "resume"), "ok"), "true");
  EXPECT_TRUE(control.allows());
}

TEST(Control, TheKillSwitchIsLatchedAndOnlyAHandRemovesIt) {
  TemporaryFolder temporary;
  {
    Folder folder(temporary.path());
    Control control(folder);
    EXPECT_EQ(json_value(control.ask(temporary.path(), "stop-acting"), "ok"), "true");
    EXPECT_FALSE(control.allows());
  }
  Folder folder(temporary.path());
  Control control(folder);
  EXPECT_FALSE(control.allows()) << "across a restart";
  const std::string answer = control.ask(temporary.path(), "resume");
  EXPECT_EQ(json_value(answer, "ok"), "false");
  EXPECT_THAT(json_value(answer, "error"), HasSubstr("by hand"));
  EXPECT_FALSE(control.allows());
  std::filesystem::remove(temporary.path("kill"));
  EXPECT_TRUE(control.allows());
}

TEST(Control, AFileIsAsGoodAsAWord) {
  for (const char *file : {"kill", "pause"}) {
    TemporaryFolder temporary;
    Folder folder(temporary.path());
    Control control(folder);
    write_file(temporary.path(file), "");
    EXPECT_FALSE(control.allows()) << file;
    std::filesystem::remove(temporary.path(file));
    EXPECT_TRUE(control.allows()) << file;
    // Whatever bears the name counts, and a folder that cannot be looked into does not allow acting.
    std::filesystem::create_symlink("nowhere", temporary.path(file));
    EXPECT_FALSE(control.allows()) << file;
  }
}

TEST(Control, SignalsStopPauseAndEnd) {
  sigset_t before;
  pthread_sigmask(SIG_SETMASK, nullptr, &before);
  const std::pair<int, std::string> cases[] = {{SIGUSR1, "kill"}, {SIGUSR2, "pause"}, {SIGTERM, ""}, {SIGINT, ""}};
  for (const auto &[number, file] : cases) {
    TemporaryFolder temporary;
    Folder folder(temporary.path());
    Control control(folder, true);
    EXPECT_FALSE(control_must_end(control.get));
    raise(number);
    control_poll(control.get);
    EXPECT_EQ(control_must_end(control.get), file.empty()) << number;
    EXPECT_EQ(control.allows(), file.empty()) << number;
    if (!file.empty()) {
      EXPECT_TRUE(std::filesystem::exists(temporary.path(file)));
    }
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

TEST(Control, UnknownWordsAndSilentClientsDoNoHarm) {
  TemporaryFolder temporary;
  Folder folder(temporary.path());
  Control control(folder);
  EXPECT_EQ(json_value(control.ask(temporary.path(), "explode"), "ok"), "false");
  EXPECT_EQ(json_value(control.ask(temporary.path(), std::string(50, 'x')), "ok"), "false");
  for (int i = 0; i < 40; ++i) {
    char *text = nullptr;
    fc_error_t error = {};
    // Asks, and goes away before it is served; from the ninth on the socket's queue is full.
    EXPECT_EQ(FC_ETIMEOUT, control_ask(temporary.path().c_str(), "status", 0, &text, &error)) << error.message;
  }
  control_poll(control.get);
  control_poll(control.get);
  EXPECT_EQ(json_value(control.ask(temporary.path(), "status"), "ok"), "true");
}

TEST(Control, AskingABusyAgentTakesNoLongerThanGranted) {
  TemporaryFolder temporary;
  Folder folder(temporary.path());
  Control control(folder);
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 12; ++i) {
    char *text = nullptr;
    fc_error_t error = {};
    EXPECT_EQ(FC_ETIMEOUT, control_ask(temporary.path().c_str(), "status", 20, &text, &error));
  }
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
}

TEST(Control, AskingWithoutAnAgentSaysSo) {
  TemporaryFolder temporary;
  char *text = nullptr;
  fc_error_t error = {};
  EXPECT_EQ(FC_ENOTFOUND, control_ask(temporary.path().c_str(), "status", 100, &text, &error));
  EXPECT_EQ(FC_ENOTFOUND, control_ask(temporary.path("nowhere").c_str(), "status", 100, &text, &error));
}

// ---- last good --------------------------------------------------------------------------------------------------

struct LastGood {
  explicit LastGood(const Workflow &workflow) {
    fc_error_t error = {};
    if (last_good_new(workflow.get(), 3, &get, &error) != FC_OK) throw std::runtime_error(error.message);
  }
  ~LastGood() { last_good_destroy(&get); }
  void met(double load, const Configuration &configuration, int windows) {
    for (int i = 0; i < windows; ++i) last_good_update(get, load, configuration.data(), FC_QOS_MET);
  }
  last_good_t *get = nullptr;
};

TEST(LastGood, OneLuckyWindowDoesNotReplaceAProvenConfiguration) {
  Workflow workflow;
  LastGood table(workflow);
  table.met(10, workflow.start(), 3);
  table.met(10, workflow.at(0), 2);
  ASSERT_NE(last_good_find(table.get, 10), nullptr);
  EXPECT_EQ(last_good_find(table.get, 10)[0].replicas, 5);
  table.met(10, workflow.at(0), 3);
  EXPECT_EQ(last_good_find(table.get, 10)[0].replicas, 2);
}

TEST(LastGood, IsIndexedByLoad) {
  Workflow workflow;
  LastGood table(workflow);
  table.met(10, workflow.at(0.2), 3);
  table.met(30, workflow.at(0.8), 3);
  EXPECT_EQ(last_good_find(table.get, 10)[0].replicas, workflow.at(0.2)[0].replicas);
  EXPECT_EQ(last_good_find(table.get, 20)[0].replicas, workflow.at(0.8)[0].replicas);
  EXPECT_EQ(last_good_find(table.get, 40), nullptr) << "nothing is known good at a load >= now";
}

TEST(LastGood, RestoresTheLargerOfNowAndGoodButItsConcurrency) {
  Workflow workflow;
  LastGood table(workflow);
  Configuration good = workflow.start();
  for (auto &f : good) f = {1000, 1500, 4, 3};
  table.met(10, good, 3);
  Configuration now = workflow.start();
  for (auto &f : now) f = {1200, 700, 2, 9};
  now[0] = {900, 1700, 6, 2};
  Configuration restored(now.size());
  ASSERT_TRUE(last_good_restore(table.get, 10, now.data(), restored.data()));
  for (size_t f = 0; f < now.size(); ++f) {
    EXPECT_EQ(restored[f].cpu_millicores, f == 0 ? 1000 : 1200) << f;
    EXPECT_EQ(restored[f].mem_mib, f == 0 ? 1700 : 1500) << f;
    EXPECT_EQ(restored[f].replicas, f == 0 ? 6 : 4) << f;
    EXPECT_EQ(restored[f].concurrency, 3) << f;
  }
  EXPECT_FALSE(last_good_restore(table.get, 100, now.data(), restored.data()));
  EXPECT_TRUE(same(restored, now));
}

TEST(LastGood, SurvivesARestartAndRefusesDamage) {
  Workflow workflow;
  TemporaryFolder temporary;
  Folder folder(temporary.path());
  fc_error_t error = {};
  {
    LastGood table(workflow);
    table.met(10, workflow.at(0.3), 3);
    table.met(30, workflow.at(0.9), 3);
    ASSERT_OK(last_good_save(table.get, folder.get(), &error));
  }
  LastGood table(workflow);
  ASSERT_OK(last_good_load(table.get, folder.get(), &error));
  EXPECT_EQ(last_good_size(table.get), 2);
  EXPECT_EQ(last_good_find(table.get, 10)[0].replicas, workflow.at(0.3)[0].replicas);
  const std::string whole = read_file(temporary.path("last_good.json"));
  for (size_t length = 0; length < whole.size(); length += 7) {
    write_file(temporary.path("last_good.json"), whole.substr(0, length));
    EXPECT_NE(FC_OK, last_good_load(table.get, folder.get(), &error));
    EXPECT_EQ(last_good_size(table.get), 0);
  }
  Workflow other("branch");
  write_file(temporary.path("last_good.json"), whole);
  LastGood wrong(other);
  EXPECT_EQ(FC_EMISMATCH, last_good_load(wrong.get, folder.get(), &error));
}

TEST(LastGood, WhatBrokeQosIsGoodNoLonger) {
  Workflow workflow;
  LastGood table(workflow);
  table.met(10, workflow.at(0.3), 3);
  table.met(30, workflow.at(0.8), 3);
  const Configuration broken = workflow.at(0.3), other = workflow.at(0.5);
  EXPECT_FALSE(last_good_demote(table.get, other.data()));
  EXPECT_TRUE(last_good_demote(table.get, broken.data())) << "to be saved";
  EXPECT_EQ(last_good_size(table.get), 1);
  EXPECT_EQ(last_good_find(table.get, 10)[0].replicas, workflow.at(0.8)[0].replicas);
}

// ---- policy cache -----------------------------------------------------------------------------------------------

struct Cache {
  Cache(Folder &folder, const Workflow &w, const uint8_t *pin = nullptr) : workflow(w) {
    if (policy_cache_open(folder.get(), w.get(), pin, &get, &error) != FC_OK) throw std::runtime_error(error.message);
  }
  fc_status_t accept(const PolicyBytes &bytes, const fc_wire_hint_t &hint) {
    fc_policy_t *policy = nullptr;
    error = {};
    const fc_status_t status =
        policy_cache_accept(&get, &hint, reinterpret_cast<const uint8_t *>(bytes.manifest.data()),
                            reinterpret_cast<const uint8_t *>(bytes.weights.data()), &policy, &error);
    EXPECT_EQ(status == FC_OK, policy != nullptr);
    fc_policy_destroy(&policy);
    return status;
  }
  const Workflow &workflow;
  policy_cache_t get{};
  fc_error_t error{};
};

TEST(PolicyCache, TrustsTheFirstKeyAndNoOtherEver) {
  Workflow workflow;
  TemporaryFolder temporary;
  const ServerKey first = make_server_key(), second = make_server_key();
  fc_error_t error = {};
  {
    Folder folder(temporary.path());
    Cache cache(folder, workflow);
    ASSERT_OK(policy_cache_check_key(&cache.get, first.public_key, &error));
    EXPECT_EQ(FC_EUNSAFE, policy_cache_check_key(&cache.get, second.public_key, &error));
  }
  Folder folder(temporary.path());
  Cache cache(folder, workflow);
  EXPECT_EQ(FC_EUNSAFE, policy_cache_check_key(&cache.get, second.public_key, &error)) << "after a restart too";
  EXPECT_OK(policy_cache_check_key(&cache.get, first.public_key, &error));
}

TEST(PolicyCache, AKeyPinnedInTheSettingsMustBeTheTrustedOne) {
  Workflow workflow;
  TemporaryFolder temporary;
  const ServerKey first = make_server_key(), second = make_server_key();
  Folder folder(temporary.path());
  fc_error_t error = {};
  {
    Cache cache(folder, workflow, first.public_key);
    EXPECT_EQ(FC_EUNSAFE, policy_cache_check_key(&cache.get, second.public_key, &error));
    const PolicyBytes bytes = constant_policy(workflow.get(), workflow.at(0.5), 1);
    EXPECT_EQ(FC_OK, cache.accept(bytes, signed_hint(workflow.get(), bytes, 1, first)));
  }
  policy_cache_t cache;
  EXPECT_EQ(FC_EMISMATCH, policy_cache_open(folder.get(), workflow.get(), second.public_key, &cache, &error));
}

TEST(PolicyCache, RefusesEveryTamperedPolicyAndKeepsTheLastGood) {
  Workflow workflow;
  TemporaryFolder temporary;
  Folder folder(temporary.path());
  const ServerKey key = make_server_key(), thief = make_server_key();
  Cache cache(folder, workflow, key.public_key);
  const PolicyBytes good = constant_policy(workflow.get(), workflow.at(0.5), 1);
  ASSERT_EQ(FC_OK, cache.accept(good, signed_hint(workflow.get(), good, 1, key)));

  const PolicyBytes next = constant_policy(workflow.get(), workflow.at(0), 2);
  fc_wire_hint_t hint = signed_hint(workflow.get(), next, 2, key);
  EXPECT_EQ(FC_EUNSAFE, cache.accept(next, signed_hint(workflow.get(), next, 2, thief))) << "another signer";
  fc_wire_hint_t bent = hint;
  bent.version = 3;
  EXPECT_EQ(FC_EUNSAFE, cache.accept(next, bent)) << "another version under the same signature";
  bent = hint;
  bent.signature.present = false;
  EXPECT_EQ(FC_EUNSAFE, cache.accept(next, bent)) << "unsigned";
  bent = hint;
  bent.digest[5] ^= 1;
  EXPECT_EQ(FC_EUNSAFE, cache.accept(next, bent)) << "another digest";
  for (const size_t at : {size_t{0}, next.weights.size() / 2, next.weights.size() - 1}) {
    PolicyBytes damaged = next;
    damaged.weights[at] = static_cast<char>(damaged.weights[at] ^ 1);
    EXPECT_NE(FC_OK, cache.accept(damaged, hint)) << "a flipped byte at " << at;
  }
  for (const size_t at : {size_t{0}, next.manifest.size() / 2, next.manifest.size() - 1}) {
    PolicyBytes damaged = next;
    damaged.manifest[at] = static_cast<char>(damaged.manifest[at] ^ 1);
    EXPECT_NE(FC_OK, cache.accept(damaged, hint)) << "a flipped byte of the manifest at " << at;
  }
  // Properly signed, but for a manifest of another version, or another workflow.
  EXPECT_EQ(FC_EMISMATCH, cache.accept(next, signed_hint(workflow.get(), next, 7, key)));
  Workflow other("branch");
  const PolicyBytes foreign = constant_policy(other.get(), other.at(0.5), 9);
  EXPECT_NE(FC_OK, cache.accept(foreign, signed_hint(workflow.get(), foreign, 9, key)));
  EXPECT_EQ(cache.get.held, 1);
  EXPECT_EQ(cache.get.high_water, 1);
  EXPECT_EQ(cache.get.rejected, 12);
  EXPECT_EQ(FC_OK, cache.accept(next, hint)) << "it was the lies that were refused: " << cache.error.message;
}

TEST(PolicyCache, NoRollbackEvenAfterARestart) {
  Workflow workflow;
  TemporaryFolder temporary;
  const ServerKey key = make_server_key();
  const PolicyBytes old = constant_policy(workflow.get(), workflow.at(0.2), 3);
  const PolicyBytes good = constant_policy(workflow.get(), workflow.at(0.5), 5);
  {
    Folder folder(temporary.path());
    Cache cache(folder, workflow, key.public_key);
    ASSERT_EQ(FC_OK, cache.accept(good, signed_hint(workflow.get(), good, 5, key)));
    EXPECT_EQ(FC_EEXISTS, cache.accept(old, signed_hint(workflow.get(), old, 3, key)));
  }
  Folder folder(temporary.path());
  Cache cache(folder, workflow);
  EXPECT_EQ(cache.get.held, 5);
  EXPECT_EQ(FC_EEXISTS, cache.accept(old, signed_hint(workflow.get(), old, 3, key)));
  EXPECT_EQ(FC_EEXISTS, cache.accept(good, signed_hint(workflow.get(), good, 5, key)));
}

TEST(PolicyCache, ALostCopyOfTheNewestVersionMayComeAgain) {
  Workflow workflow;
  TemporaryFolder temporary;
  const ServerKey key = make_server_key();
  const PolicyBytes good = constant_policy(workflow.get(), workflow.at(0.5), 5);
  Folder folder(temporary.path());
  {
    Cache cache(folder, workflow, key.public_key);
    ASSERT_EQ(FC_OK, cache.accept(good, signed_hint(workflow.get(), good, 5, key)));
  }
  write_file(temporary.path("policy/5/weights.safetensors"), "damaged");
  Cache cache(folder, workflow);
  fc_policy_t *policy = nullptr;
  fc_error_t error = {};
  EXPECT_NE(FC_OK, policy_cache_load(&cache.get, &policy, &error));
  EXPECT_EQ(policy, nullptr);
  EXPECT_EQ(cache.get.held, 0);
  const PolicyBytes other = constant_policy(workflow.get(), workflow.at(0.1), 5);
  EXPECT_EQ(FC_EEXISTS, cache.accept(other, signed_hint(workflow.get(), other, 5, key))) << "other bytes, same version";
  const PolicyBytes older = constant_policy(workflow.get(), workflow.at(0.1), 4);
  EXPECT_EQ(FC_EEXISTS, cache.accept(older, signed_hint(workflow.get(), older, 4, key)));
  EXPECT_EQ(FC_OK, cache.accept(good, signed_hint(workflow.get(), good, 5, key))) << cache.error.message;
  EXPECT_OK(policy_cache_load(&cache.get, &policy, &error));
  fc_policy_destroy(&policy);
}

TEST(PolicyCache, AnotherPolicyInThePlaceOfTheLastGoodOneIsNotUsed) {
  Workflow workflow;
  TemporaryFolder temporary;
  const ServerKey key = make_server_key();
  Folder folder(temporary.path());
  const PolicyBytes good = constant_policy(workflow.get(), workflow.at(0.5), 5);
  const PolicyBytes planted = constant_policy(workflow.get(), workflow.at(0), 5);
  Cache cache(folder, workflow, key.public_key);
  ASSERT_EQ(FC_OK, cache.accept(good, signed_hint(workflow.get(), good, 5, key)));
  fc_policy_t *policy = nullptr;
  fc_error_t error = {};
  EXPECT_OK(policy_cache_load(&cache.get, &policy, &error));
  fc_policy_destroy(&policy);
  write_file(temporary.path("policy/5/manifest.json"), planted.manifest);
  write_file(temporary.path("policy/5/weights.safetensors"), planted.weights);
  EXPECT_EQ(FC_EFORMAT, policy_cache_load(&cache.get, &policy, &error));
  EXPECT_EQ(policy, nullptr);
}

TEST(PolicyCache, ADamagedTrustFileIsRefused) {
  Workflow workflow;
  TemporaryFolder temporary;
  Folder folder(temporary.path());
  for (const char *text :
       {"{", "{}", "{\"workflow\":\"parallel\"}", "{\"workflow\":\"branch\",\"high_water\":1,\"held\":1}",
        "{\"workflow\":\"parallel\",\"high_water\":1,\"held\":1,\"server_key\":\"zz\"}",
        "{\"workflow\":\"parallel\",\"high_water\":1,\"held\":1,\"digest\":\"zz\"}"}) {
    write_file(temporary.path("trust.json"), text);
    policy_cache_t cache;
    fc_error_t error = {};
    EXPECT_NE(FC_OK, policy_cache_open(folder.get(), workflow.get(), nullptr, &cache, &error)) << text;
    EXPECT_THAT(error.message, HasSubstr("trust.json"));
  }
}

}  // namespace
