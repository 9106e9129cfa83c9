// tests core/safetensors.c: the public format, written without holes, read without trust.
#include <cstring>
#include <string>
#include <vector>

#include "support.h"

extern "C" {
#include "safetensors.h"
}

namespace {

const float kData[] = {1, 2, 3, 4, 5, 6};

fc_tensor_t tensor(const char *name, std::vector<int64_t> shape, const float *data = kData) {
  fc_tensor_t t = {};
  std::strcpy(t.name, name);
  t.n_dims = static_cast<int32_t>(shape.size());
  for (size_t i = 0; i < shape.size() && i < 4; ++i) t.shape[i] = shape[i];
  t.data = data;
  return t;
}

std::string encode(const std::vector<fc_tensor_t> &tensors) {
  uint8_t *bytes = nullptr;
  size_t size = 0;
  fc_error_t error = {};
  EXPECT_OK(safetensors_encode(tensors.data(), static_cast<int32_t>(tensors.size()), &bytes, &size, &error));
  const std::string text(reinterpret_cast<char *>(bytes), size);
  free(bytes);
  return text;
}

// A file with this header (padded) and so many data bytes.
std::string file(std::string header, size_t data_bytes) {
  while (header.size() % 8 != 0) header += ' ';
  std::string bytes(8, '\0');
  const uint64_t length = header.size();
  std::memcpy(bytes.data(), &length, 8);
  return bytes + header + std::string(data_bytes, '\0');
}

// The sentence of the refusal, "" when it was read.
std::string decode(const std::string &bytes, std::vector<fc_tensor_t> *tensors, int32_t max = 16) {
  tensors->assign(static_cast<size_t>(max), fc_tensor_t{});
  int32_t n = -1;
  fc_error_t error = {};
  // malloc: 8-byte aligned, and the sanitizer sees every byte read past the end.
  uint8_t *copy = static_cast<uint8_t *>(malloc(bytes.size() + (bytes.empty() ? 1 : 0)));
  std::memcpy(copy, bytes.data(), bytes.size());
  const fc_status_t status = safetensors_decode(copy, bytes.size(), tensors->data(), max, &n, &error);
  for (int32_t i = 0; status == FC_OK && i < n; ++i) {
    volatile float last =
        (*tensors)[static_cast<size_t>(i)].data[safetensors_elements(&(*tensors)[static_cast<size_t>(i)]) - 1];
    (void)last;
  }
  free(copy);
  tensors->resize(status == FC_OK ? static_cast<size_t>(n) : 0);
  EXPECT_TRUE(status == FC_OK || status == FC_EFORMAT);
  return status == FC_OK ? "" : error.message;
}

TEST(Safetensors, WritesThePublicFormat) {
  const std::string bytes = encode({tensor("a", {2, 3}), tensor("b", {1}, kData + 5)});
  const std::string header =
      R"({"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},"b":{"dtype":"F32","shape":[1],"data_offsets":[24,28]}})";
  const std::string padded = header + std::string((8 - header.size() % 8) % 8, ' ');
  uint64_t length = 0;
  std::memcpy(&length, bytes.data(), 8);
  EXPECT_EQ(padded.size(), length);
  EXPECT_EQ(padded, bytes.substr(8, length));
  EXPECT_EQ(std::string(reinterpret_cast<const char *>(kData), 24) +
                std::string(reinterpret_cast<const char *>(kData + 5), 4),
            bytes.substr(8 + length));
}

TEST(Safetensors, SameTensorsSameBytesAndTheyReadBack) {
  const std::vector<fc_tensor_t> tensors = {tensor("x", {1, 2, 3}), tensor("y", {1, 1, 1, 6}), tensor("z", {4})};
  EXPECT_EQ(encode(tensors), encode(tensors));
  const std::string bytes = encode(tensors);
  std::vector<fc_tensor_t> back(3);
  int32_t n = 0;
  fc_error_t error = {};
  alignas(8) uint8_t aligned[512];
  ASSERT_LE(bytes.size(), sizeof aligned);
  std::memcpy(aligned, bytes.data(), bytes.size());
  ASSERT_OK(safetensors_decode(aligned, bytes.size(), back.data(), 3, &n, &error));
  ASSERT_EQ(3, n);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_STREQ(tensors[i].name, back[i].name);
    ASSERT_EQ(tensors[i].n_dims, back[i].n_dims);
    EXPECT_EQ(0, std::memcmp(tensors[i].shape, back[i].shape, sizeof back[i].shape));
    EXPECT_EQ(0, std::memcmp(kData, back[i].data, 4 * static_cast<size_t>(safetensors_elements(&back[i]))));
  }
}

TEST(Safetensors, RefusesToWriteNonsense) {
  const fc_tensor_t bad[] = {tensor("", {1}),
                             tensor("a", {}),
                             tensor("a", {0}),
                             tensor("a", {-1}),
                             tensor("a", {1, 1, 1, 1, 1}),
                             tensor("a", {1}, nullptr),
                             tensor("a", {1 << 20, 1 << 20, 1 << 20, 1 << 20})};
  fc_error_t error = {};
  uint8_t *bytes = nullptr;
  size_t size = 0;
  for (const fc_tensor_t &t : bad) {
    EXPECT_EQ(FC_EINVAL, safetensors_encode(&t, 1, &bytes, &size, &error));
    EXPECT_EQ(nullptr, bytes);
  }
  const fc_tensor_t twice[] = {tensor("a", {1}), tensor("a", {2})};
  EXPECT_EQ(FC_EINVAL, safetensors_encode(twice, 2, &bytes, &size, &error));
  EXPECT_STREQ("tensor a is here twice", error.message);
}

TEST(Safetensors, SkipsMetadata) {
  std::vector<fc_tensor_t> t;
  EXPECT_EQ("",
            decode(file(R"({"__metadata__":{"k":"v"},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", 4), &t));
  ASSERT_EQ(1u, t.size());
  EXPECT_STREQ("a", t[0].name);
  EXPECT_EQ("", decode(file("{}", 0), &t));
}

TEST(Safetensors, RefusesWhatDoesNotFit) {
  const auto one = [](const std::string &dtype, const std::string &shape, const std::string &offsets) {
    return R"({"a":{"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets + "}}";
  };
  const struct {
    std::string bytes, expected;
  } bad[] = {{"", "shorter than its length field"},
             {std::string(7, '\0'), "shorter than its length field"},
             {std::string(8, '\0'), "the header claims 0 bytes"},
             {std::string("\xff\xff\xff\xff\xff\xff\xff\xff", 8), "the header claims 18446744073709551615 bytes"},
             {std::string("\x04\0\0\0\0\0\0\0{}  ", 12), "the header claims 4 bytes"},
             {std::string("\x10\0\0\0\0\0\0\0{}      ", 16), "the header claims 16 bytes"},
             {file("[1, 2]", 0), "expected a header of at most 16 tensors"},
             {file("{nonsense", 0), "header: line 1"},
             {file(one("F64", "[1]", "[0,8]"), 8), "tensor a: expected dtype F32"},
             {file(one("F32", "[]", "[0,4]"), 4), "tensor a: expected 1 to 4 dims"},
             {file(one("F32", "[1,1,1,1,1]", "[0,4]"), 4), "tensor a: expected 1 to 4 dims"},
             {file(one("F32", "[0]", "[0,0]"), 0), "tensor a: dim 0 is not a size"},
             {file(one("F32", "[1.5]", "[0,4]"), 4), "tensor a: dim 0 is not a size"},
             {file(one("F32", "[268435456,268435456]", "[0,4]"), 4), "tensor a is too large"},
             {file(one("F32", "[1]", "[0,8]"), 8), "its offsets do not fit"},
             {file(one("F32", "[1]", "[4,8]"), 8), "its offsets do not fit"},
             {file(one("F32", "[2]", "[0,8]"), 4), "its offsets do not fit"},
             {file(one("F32", "[1]", "[-4,0]"), 4), "its offsets do not fit"},
             {file(one("F32", "[1]", "[0]"), 4), "its offsets do not fit"},
             {file(one("F32", "[1]", "[0,4]"), 5), "1 bytes belong to no tensor"},
             {file(R"({"":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", 4), "name is empty or too long"},
             {file(R"({")" + std::string(64, 'n') + R"(":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", 4),
              "name is empty or too long"},
             {file(R"({"a":1})", 0), "tensor a: expected dtype F32"}};
  std::vector<fc_tensor_t> t;
  for (const auto &b : bad) EXPECT_THAT(decode(b.bytes, &t), testing::HasSubstr(b.expected));
  std::string many = "{";
  for (int i = 0; i < 17; ++i) many += (i ? ",\"" : "\"") + std::to_string(i) + "\":1";
  EXPECT_THAT(decode(file(many + "}", 0), &t), testing::HasSubstr("at most 16 tensors"));
}

// Cut anywhere or with one byte changed: read or refused, never past the end.
TEST(Safetensors, DamageIsReadOrRefused) {
  const std::string bytes = encode({tensor("a", {2, 2}), tensor("b", {2})});
  std::vector<fc_tensor_t> t;
  for (size_t i = 0; i < bytes.size(); ++i) EXPECT_NE("", decode(bytes.substr(0, i), &t)) << i;
  for (size_t i = 0; i < bytes.size(); ++i)
    for (const char c : {'\0', '9', '"', '\xff'}) {
      std::string damaged = bytes;
      damaged[i] = c;
      (void)decode(damaged, &t);
    }
}

}  // namespace
