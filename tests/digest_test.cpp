#include "storage/digest.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace regsweep::storage {
namespace {

const std::string kHex(64, 'a');

DigestError error_of(const std::string& text) {
  Digest digest;
  return parse_digest(text, digest);
}

Digest parsed(const std::string& text) {
  Digest digest;
  EXPECT_EQ(parse_digest(text, digest), DigestError::kNone) << text;
  return digest;
}

TEST(Digest, TheThreeAlgorithmsOfGoDigestAreReadAndWritten) {
  for (const std::string& text :
       {"sha256:" + std::string(64, '0'), "sha384:" + std::string(96, '9'),
        "sha512:" + std::string(128, 'f'), "sha256:0123456789abcdef" + std::string(48, 'b')}) {
    EXPECT_EQ(parsed(text).text(), text);
    EXPECT_EQ(link_bytes(parsed(text).algorithm), text.size());
  }
}

TEST(Digest, AnAlgorithmItDoesNotHaveIsUnsupportedIfTheRestHasTheForm) {
  EXPECT_EQ(error_of("md5:" + std::string(32, 'a')), DigestError::kUnsupported);
  EXPECT_EQ(error_of("sha256+b64u.unusual:LCa0a2j_xo_5m0U8HTBBNBNCLXBkg7-g-YpeiGJm564"),
            DigestError::kUnsupported);
  EXPECT_EQ(error_of("x:="), DigestError::kUnsupported);
  EXPECT_EQ(error_of("SHA256:" + kHex), DigestError::kInvalidFormat);
  EXPECT_EQ(error_of("sha256+:" + kHex), DigestError::kInvalidFormat);
  EXPECT_EQ(error_of("a..b:" + kHex), DigestError::kInvalidFormat);
  EXPECT_EQ(error_of("md5:a b"), DigestError::kInvalidFormat);
  EXPECT_EQ(error_of("md5:aa\n"), DigestError::kInvalidFormat);
}

TEST(Digest, LengthIsLookedAtBeforeTheDigits) {
  EXPECT_EQ(error_of("sha256:" + kHex + "\n"), DigestError::kInvalidLength);
  EXPECT_EQ(error_of("sha256:" + kHex.substr(1)), DigestError::kInvalidLength);
  EXPECT_EQ(error_of("sha512:" + kHex), DigestError::kInvalidLength);
  EXPECT_EQ(error_of("sha256:XYZ"), DigestError::kInvalidLength);
  EXPECT_EQ(error_of("sha256:A" + kHex.substr(1)), DigestError::kInvalidFormat);
  EXPECT_EQ(error_of("sha256:" + kHex.substr(1) + "g"), DigestError::kInvalidFormat);
  EXPECT_EQ(error_of("sha256:" + kHex.substr(1) + "\n"), DigestError::kInvalidFormat);
}

TEST(Digest, WithoutBothSidesOfTheColonThereIsNoForm) {
  for (const std::string& text : {std::string(), std::string(":"), std::string("sha256:"),
                                  ":" + kHex, kHex, std::string("sha256"), std::string(71, '\0')}) {
    EXPECT_EQ(error_of(text), DigestError::kInvalidFormat) << text;
  }
}

TEST(Digest, ErrorsAreInTheRegistrysWords) {
  EXPECT_EQ(digest_error_text(DigestError::kInvalidFormat), "invalid checksum digest format");
  EXPECT_EQ(digest_error_text(DigestError::kInvalidLength), "invalid checksum digest length");
  EXPECT_EQ(digest_error_text(DigestError::kUnsupported), "unsupported digest algorithm");
}

TEST(Digest, DigestsCompareAsTheirTextDoes) {
  std::vector<std::string> texts;
  for (const char c : {'0', '9', 'a', 'f'}) {
    for (const auto& [name, size] : {std::pair("sha256:", 64), {"sha384:", 96}, {"sha512:", 128}}) {
      texts.push_back(name + std::string(static_cast<std::size_t>(size), c));
      texts.push_back(texts.back());
      texts.back().back() = '1';
    }
  }
  std::vector<Digest> digests;
  for (const std::string& text : texts) digests.push_back(parsed(text));
  std::sort(texts.begin(), texts.end());
  std::sort(digests.begin(), digests.end());
  for (std::size_t i = 0; i < texts.size(); ++i) EXPECT_EQ(digests[i].text(), texts[i]);
}

TEST(Digest, HexOfDirectoryNamesIsLowerCaseAndOfTheRightLength) {
  Digest digest;
  EXPECT_TRUE(parse_hex(Algorithm::kSha256, kHex, digest));
  EXPECT_FALSE(parse_hex(Algorithm::kSha256, std::string(64, 'A'), digest));
  EXPECT_FALSE(parse_hex(Algorithm::kSha256, kHex + "a", digest));
  EXPECT_FALSE(parse_hex(Algorithm::kSha512, kHex, digest));
  EXPECT_FALSE(parse_hex(Algorithm::kSha256, "", digest));
}

}  // namespace
}  // namespace regsweep::storage
