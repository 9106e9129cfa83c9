// proto/crc32c.c against published vectors (RFC 3720, B.4) and its two implementations against each other.
#include <random>
#include <vector>

#include "messages.h"
#include "support.h"

extern "C" {
#include "crc32c.h"
}

TEST(Crc32c, KnownAnswers) {
  EXPECT_EQ(0u, fc_crc32c(0, "", 0));
  EXPECT_EQ(0xE3069283u, fc_crc32c(0, "123456789", 9));
  std::vector<uint8_t> bytes(32, 0);
  EXPECT_EQ(0x8A9136AAu, fc_crc32c(0, bytes.data(), 32));
  std::fill(bytes.begin(), bytes.end(), 0xFF);
  EXPECT_EQ(0x62A8AB43u, fc_crc32c(0, bytes.data(), 32));
  for (int i = 0; i < 32; ++i) bytes[static_cast<size_t>(i)] = static_cast<uint8_t>(i);
  EXPECT_EQ(0x46DD794Eu, fc_crc32c(0, bytes.data(), 32));
  for (int i = 0; i < 32; ++i) bytes[static_cast<size_t>(i)] = static_cast<uint8_t>(31 - i);
  EXPECT_EQ(0x113FDB5Cu, fc_crc32c(0, bytes.data(), 32));
}

TEST(Crc32c, TableAndInstructionAgreeAtEveryLengthAndAlignment) {
  if (!crc32c_has_instruction()) GTEST_SKIP() << "this machine has no SSE 4.2";
  std::mt19937 random(7);
  std::vector<uint8_t> bytes(300);
  for (uint8_t &byte : bytes) byte = static_cast<uint8_t>(random());
  for (size_t offset = 0; offset < 9; ++offset) {
    for (size_t size = 0; size + offset <= bytes.size(); ++size) {
      const uint32_t start = static_cast<uint32_t>(random());
      ASSERT_EQ(crc32c_by_table(start, bytes.data() + offset, size),
                crc32c_by_instruction(start, bytes.data() + offset, size));
    }
  }
}

TEST(Crc32c, PiecesChain) {
  const std::string text = "faasconf keeps a serverless workflow inside its target";
  const uint32_t whole = fc_crc32c(0, text.data(), text.size());
  for (size_t cut = 0; cut <= text.size(); ++cut) {
    EXPECT_EQ(whole, fc_crc32c(fc_crc32c(0, text.data(), cut), text.data() + cut, text.size() - cut));
  }
}
