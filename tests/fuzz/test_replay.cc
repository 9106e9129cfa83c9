// The fuzz target over a generated corpus, deterministic mutations of it, and every input that once broke something
// (tests/fuzz/corpus/). Needs no fuzzer; run it under the sanitizers.
#include <dirent.h>

#include <cstdint>
#include <random>

#include "seeds.h"
#include "support.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

namespace {

constexpr int kMutations = 30000;

void feed(const std::string &input) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t *>(input.data()), input.size());
}

class Mutator {
 public:
  Mutator(uint64_t seed, const std::vector<std::string> &corpus) : random_(seed), corpus_(corpus) {}
  std::string next() {
    std::string input = corpus_[below(corpus_.size())];
    const size_t n = 1 + below(4);
    for (size_t i = 0; i < n; ++i) mutate(&input);
    return input;
  }

 private:
  size_t below(size_t n) { return n == 0 ? 0 : random_() % n; }

  void mutate(std::string *input) {
    static const std::string interesting[] = {std::string(1, '\0'),
                                              "\x01",
                                              "\x7f",
                                              "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01",
                                              "\xff\xff\xff\xff\x0f",
                                              "\x80\x80\x80\x80\x08",
                                              std::string("\0\0\0\0\0\0\xf8\x7f", 8),
                                              std::string("\0\0\0\0\0\0\xf0\x7f", 8),
                                              "\xff\xff\xff\xff\xff\xff\xff\xff",
                                              "\xc0\x80"};
    const size_t at = below(input->size() + 1);
    switch (below(7)) {
      case 0:
        if (at < input->size()) (*input)[at] = static_cast<char>((*input)[at] ^ (1 << below(8)));
        return;
      case 1:
        if (at < input->size()) (*input)[at] = static_cast<char>(random_());
        return;
      case 2:
        input->insert(at, interesting[below(10)]);
        return;
      case 3: {
        const std::string &value = interesting[below(10)];
        input->replace(at, std::min(value.size(), input->size() - at), value);
        return;
      }
      case 4:
        input->erase(at, below(17));
        return;
      case 5:
        input->insert(at, input->substr(below(input->size() + 1), below(65)));
        return;
      default: {
        const std::string &other = corpus_[below(corpus_.size())];
        input->replace(at, std::string::npos, other.substr(below(other.size() + 1)));
        return;
      }
    }
  }

  std::mt19937_64 random_;
  const std::vector<std::string> &corpus_;
};

}  // namespace

TEST(FuzzWire, ValidSeedsPass) {
  for (const std::string &seed : fc_test::wire_seeds(20)) feed(seed);
}

TEST(FuzzWire, ThirtyThousandMutationsNeitherCrashNorBreakARule) {
  const std::vector<std::string> corpus = fc_test::wire_seeds(10);
  ASSERT_GE(corpus.size(), 200u);
  Mutator mutator(20240915, corpus);
  for (int i = 0; i < kMutations; ++i) feed(mutator.next());
}

TEST(FuzzWire, InputsThatOnceBrokeSomethingPass) {
  const std::string folder = fc_test::source_file("tests/fuzz/corpus");
  DIR *entries = opendir(folder.c_str());
  ASSERT_NE(nullptr, entries) << folder;
  int n = 0;
  while (const dirent *entry = readdir(entries)) {
    if (entry->d_name[0] == '.') continue;
    feed(fc_test::read_file(folder + "/" + entry->d_name));
    ++n;
  }
  closedir(entries);
  EXPECT_GE(n, 1);
}
