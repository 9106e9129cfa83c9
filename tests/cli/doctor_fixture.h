// An agent.yaml in a folder of its own, a machine of plain files, and what `faasconf doctor` finds there.
#pragma once
#include <algorithm>
#include <filesystem>
#include <map>

#include "fake_machine.h"

extern "C" {
#include "doctor.h"
}

namespace fc_test {

struct Finding {
  std::string check, found, remedy;
  doctor_level_t level;
};

// Every path below a folder with type, rights, time of change and content: equal before and after, nothing was written.
inline std::map<std::string, std::string> contents_of(const std::string &folder) {
  std::map<std::string, std::string> contents;
  for (const auto &entry : std::filesystem::recursive_directory_iterator(folder)) {
    const auto status = entry.symlink_status();
    std::string text =
        std::to_string(static_cast<int>(status.type())) + " " + std::to_string(static_cast<int>(status.permissions()));
    if (!entry.is_symlink()) {
      text += " " + std::to_string(entry.last_write_time().time_since_epoch().count());
    }
    if (entry.is_regular_file()) text += " " + read_file(entry.path());
    contents[entry.path()] = text;
  }
  return contents;
}

inline void make_executable(const std::string &path, const std::string &content) {
  write_file(path, content);
  std::filesystem::permissions(path, std::filesystem::perms::owner_all);
}

// The findings of one run. Whatever is not ok must say what to do.
class Findings {
 public:
  explicit Findings(const doctor_t &doctor) {
    for (int32_t i = 0; i < doctor.n_findings; ++i) {
      const doctor_finding_t &one = doctor.findings[i];
      all_.push_back({one.check, one.found, one.remedy, one.level});
      EXPECT_NE(one.found[0], '\0') << one.check;
      EXPECT_EQ(one.level == DOCTOR_OK, one.remedy[0] == '\0') << one.check << ": " << one.found;
    }
  }
  // Those of a check, the worst first.
  std::vector<Finding> of(const std::string &check) const {
    std::vector<Finding> some;
    for (const auto &one : all_)
      if (one.check == check) some.push_back(one);
    std::stable_sort(some.begin(), some.end(), [](const auto &a, const auto &b) { return a.level > b.level; });
    return some;
  }
  Finding worst(const std::string &check) const {
    const auto some = of(check);
    return some.empty() ? Finding{check, "(not checked)", "", DOCTOR_OK} : some.front();
  }
  // "check: found" of all that failed.
  std::vector<std::string> failed() const {
    std::vector<std::string> some;
    for (const auto &one : all_)
      if (one.level == DOCTOR_FAILED) some.push_back(one.check + ": " + one.found);
    return some;
  }
  size_t size() const { return all_.size(); }

 private:
  std::vector<Finding> all_;
};

struct DoctorOptions {
  std::string root;  // "" = this machine
  bool running = false;
  int timeout_ms = 2000;
  const char *rpc = nullptr, *mode = nullptr;
};

inline Findings examine(const std::string &config, const DoctorOptions &options = {}) {
  doctor_t doctor = {};
  fc_error_t error = {};
  doctor.config = config.c_str();
  doctor.root = options.root.c_str();
  doctor.running = options.running;
  doctor.timeout_ms = options.timeout_ms;
  doctor.rpc = options.rpc;
  doctor.mode = options.mode;
  EXPECT_OK(doctor_init(&doctor, &error));
  doctor_run(&doctor);
  const Findings findings(doctor);
  doctor_clear(&doctor);
  return findings;
}

}  // namespace fc_test
