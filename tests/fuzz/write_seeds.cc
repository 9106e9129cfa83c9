// write_seeds FOLDER: the generated corpus as files, to start libFuzzer with.
#include <cstdio>

#include "seeds.h"
#include "support.h"

int main(int argc, char **argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: fuzz_wire_seeds FOLDER   (an existing folder)\n");
    return 2;
  }
  int n = 0;
  for (const std::string &seed : fc_test::wire_seeds(10)) {
    fc_test::write_file(std::string(argv[1]) + "/seed-" + std::to_string(n++), seed);
  }
  printf("%d seeds in %s\n", n, argv[1]);
  return 0;
}
