// tests core/digest.c: published answers of SHA-256 and Ed25519, hex.
#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "support.h"

extern "C" {
#include "faasconf/digest.h"
}

namespace {
using Bytes = std::vector<uint8_t>;

std::string sha256(const std::string &text) {
  uint8_t digest[FC_DIGEST_SIZE];
  char hex[FC_HEX_SIZE];
  fc_sha256(text.data(), text.size(), digest);
  fc_hex(digest, sizeof digest, hex);
  return hex;
}

Bytes unhex(const std::string &text) {
  Bytes bytes(text.size() / 2);
  if (!bytes.empty()) {
    EXPECT_TRUE(fc_unhex(text.c_str(), bytes.data(), bytes.size()));
  }
  return bytes;
}

// FIPS 180-4 examples.
TEST(Digest, Sha256GivesThePublishedAnswers) {
  EXPECT_EQ("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", sha256(""));
  EXPECT_EQ("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", sha256("abc"));
  EXPECT_EQ("248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
            sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"));
  EXPECT_EQ("cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0", sha256(std::string(1000000, 'a')));
}

TEST(Digest, PiecesGiveTheSameDigestAsTheWhole) {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += static_cast<char>('a' + i % 26);
  for (const size_t piece : {size_t{1}, size_t{63}, size_t{64}, size_t{65}, size_t{999}}) {
    fc_sha256_t hash;
    uint8_t digest[FC_DIGEST_SIZE];
    char hex[FC_HEX_SIZE];
    fc_sha256_start(&hash);
    for (size_t at = 0; at < text.size(); at += piece)
      fc_sha256_update(&hash, text.data() + at, std::min(piece, text.size() - at));
    fc_sha256_final(&hash, digest);
    fc_hex(digest, sizeof digest, hex);
    EXPECT_EQ(sha256(text), hex) << piece;
  }
}

TEST(Digest, HexIsStrict) {
  uint8_t bytes[2] = {0, 0};
  EXPECT_TRUE(fc_unhex("0aFf", bytes, 2));
  EXPECT_EQ(0x0a, bytes[0]);
  EXPECT_EQ(0xff, bytes[1]);
  for (const char *bad : {"", "0aF", "0aFf0", "0aFg", " aFf", "0x0a", "0a:f", "0aff00"})
    EXPECT_FALSE(fc_unhex(bad, bytes, 2)) << bad;
}

// RFC 8032 section 7.1, tests 1 and 3; the secret key is seed and public key, as libsodium keeps it.
TEST(Digest, Ed25519GivesThePublishedAnswers) {
  const struct {
    const char *seed, *public_key, *message, *signature;
  } vectors[] = {{"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
                  "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
                  "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25b"
                  "f5f0595bbe24"
                  "655141438e7a100b"},
                 {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
                  "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
                  "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c"
                  "15e9716ed28d"
                  "c027beceea1ec40a"}};
  ASSERT_EQ(FC_OK, fc_digest_init());
  for (const auto &v : vectors) {
    const Bytes secret = unhex(std::string(v.seed) + v.public_key), bytes = unhex(v.message);
    const std::string message(bytes.begin(), bytes.end());
    const Bytes public_key = unhex(v.public_key);
    uint8_t signature[FC_SIGNATURE_SIZE];
    fc_sign(message.data(), message.size(), secret.data(), signature);
    EXPECT_EQ(unhex(v.signature), Bytes(signature, signature + sizeof signature));
    EXPECT_TRUE(fc_verify(message.data(), message.size(), public_key.data(), signature));
  }
}

TEST(Digest, NoChangedBitVerifies) {
  ASSERT_EQ(FC_OK, fc_digest_init());
  uint8_t public_key[FC_PUBLIC_KEY_SIZE], secret_key[FC_SECRET_KEY_SIZE], signature[FC_SIGNATURE_SIZE];
  ASSERT_EQ(FC_OK, fc_sign_keypair(public_key, secret_key));
  std::string text = "policy 7";
  fc_sign(text.data(), text.size(), secret_key, signature);
  ASSERT_TRUE(fc_verify(text.data(), text.size(), public_key, signature));
  for (size_t bit = 0; bit < 8 * sizeof signature; bit += 5) {
    signature[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    EXPECT_FALSE(fc_verify(text.data(), text.size(), public_key, signature)) << bit;
    signature[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
  }
  text[7] = '8';
  EXPECT_FALSE(fc_verify(text.data(), text.size(), public_key, signature));
  public_key[3] ^= 1;
  EXPECT_FALSE(fc_verify("policy 7", 8, public_key, signature));
}

TEST(Digest, RandomBytesDiffer) {
  ASSERT_EQ(FC_OK, fc_digest_init());
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    char bytes[16];
    fc_random_bytes(bytes, sizeof bytes);
    seen.insert(std::string(bytes, sizeof bytes));
  }
  EXPECT_EQ(100u, seen.size());
}

}  // namespace
