#include "storage/layout.h"

#include <gtest/gtest.h>

namespace regsweep::storage {
namespace {

Digest digest_of(const std::string& text) {
  Digest digest;
  EXPECT_EQ(parse_digest(text, digest), DigestError::kNone);
  return digest;
}

TEST(Layout, PathsAreThoseOfARegistry) {
  const std::string hex = "ab" + std::string(62, '0');
  EXPECT_EQ(layout::blob_path(digest_of("sha256:" + hex)), "blobs/sha256/ab/" + hex + "/data");
  EXPECT_EQ(layout::link_directory(digest_of("sha256:" + hex)), "sha256/" + hex);
  const std::string longer(128, 'e');
  EXPECT_EQ(layout::blob_path(digest_of("sha512:" + longer)),
            "blobs/sha512/ee/" + longer + "/data");
}

TEST(Layout, EveryObjectHasItsPlace) {
  const std::string hex = "ab" + std::string(62, '0');
  const Digest digest = digest_of("sha256:" + hex);
  EXPECT_EQ(layout::blob_directory(digest), "blobs/sha256/ab/" + hex);
  EXPECT_EQ(layout::repository_directory("a/b"), "repositories/a/b");
  EXPECT_EQ(layout::layer_directory("a/b", digest), "repositories/a/b/_layers/sha256/" + hex);
  EXPECT_EQ(layout::revision_directory("a/b", digest),
            "repositories/a/b/_manifests/revisions/sha256/" + hex);
  const std::string tag = layout::tag_directory("a/b", "v1");
  EXPECT_EQ(tag, "repositories/a/b/_manifests/tags/v1");
  EXPECT_EQ(layout::current_link(tag), tag + "/current/link");
  EXPECT_EQ(layout::entry_directory(tag, digest), tag + "/index/sha256/" + hex);
  EXPECT_EQ(layout::upload_directory("a/b", "0815"), "repositories/a/b/_uploads/0815");
  EXPECT_EQ(layout::link_in("sha256/" + hex), "sha256/" + hex + "/link");
}

TEST(Layout, ADigestIsReadAtTheEndOfAPath) {
  const std::string hex = "ab" + std::string(62, '0');
  const Digest digest = digest_of("sha256:" + hex);
  Digest read;
  EXPECT_TRUE(layout::ends_in_digest(layout::blob_directory(digest), true, read));
  EXPECT_EQ(read, digest);
  const Digest longer = digest_of("sha512:" + std::string(128, 'e'));
  EXPECT_TRUE(layout::ends_in_digest(layout::layer_directory("a", longer), false, read));
  EXPECT_EQ(read, longer);
  EXPECT_TRUE(layout::ends_in_digest("sha256/" + hex, false, read));
  for (const std::string& bad :
       {std::string(), hex, '/' + hex, "sha1/" + hex, "sha256/" + hex + "/link", "sha256/ab/" + hex,
        "sha256/" + hex.substr(1), "sha256/" + hex + '/'}) {
    EXPECT_FALSE(layout::ends_in_digest(bad, false, read)) << bad;
  }
  for (const std::string& bad :
       {std::string(), hex, "ab/" + hex, "sha256/" + hex, "sha256/cd/" + hex, "sha256//" + hex}) {
    EXPECT_FALSE(layout::ends_in_digest(bad, true, read)) << bad;
  }
}

TEST(Layout, TemporaryFilesEndInTmp) {
  EXPECT_TRUE(layout::is_temporary("link.0815.tmp"));
  EXPECT_TRUE(layout::is_temporary(".tmp"));
  EXPECT_FALSE(layout::is_temporary("link"));
  EXPECT_FALSE(layout::is_temporary("tmp"));
  EXPECT_FALSE(layout::is_temporary("link.tmp2"));
}

TEST(TagName, ARegistryAcceptsWordsDotsAndDashes) {
  for (const std::string& name : {std::string("a"), std::string("_"), std::string("1.0-rc_2"),
                                  std::string("latest"), std::string(128, 'a')}) {
    EXPECT_TRUE(is_tag_name(name)) << name;
  }
  for (const std::string& name :
       {std::string(), std::string("."), std::string("-a"), std::string("a:b"), std::string("a/b"),
        std::string("a b"), std::string("\xc3\xa4"), std::string(129, 'a')}) {
    EXPECT_FALSE(is_tag_name(name)) << name;
  }
}

TEST(RepositoryName, GoodNamesAreAccepted) {
  for (const char* name : {"a",
                           "0",
                           "a/b",
                           "a/b/c/d/e/f",
                           "team.app",
                           "a_b",
                           "a__b",
                           "a-b",
                           "a----b",
                           "x__y/z--q",
                           "library/nginx",
                           "a.b/c_d/e-f",
                           "0/1",
                           "localhost/app",
                           "Host/app",
                           "Example.COM/app",
                           "example.com:5000/app",
                           "host:5000/app",
                           "HOST-1/app/b",
                           "a1b2"}) {
    EXPECT_EQ(repository_name_error(name), "") << name;
  }
}

TEST(RepositoryName, OddNamesAreRefusedInTheRegistrysWords) {
  for (const char* name :
       {"",         "/",       "a/",      "/a",      "a//b",   "A",      "Upper/Case", "a/B",
        "a.",       ".a",      "a..b",    "a___b",   "_a",     "a_",     "-a",         "a-",
        "a._b",     "a.-b",    "a b",     "a\nb",    "a\tb",   "a:1",    "a/b:5000",   "host:/a",
        "host:x/a", "-host/a", "host-/a", ".host/a", "h..t/a", "é",      "a/é",        "a\\b",
        "a+b",      "a@b",     "a%2fb",   "..",      ".",      "a/../b", "Host"}) {
    EXPECT_EQ(repository_name_error(name), "invalid reference format") << name;
  }
}

TEST(RepositoryName, MoreThan255CharactersAreTooMany) {
  EXPECT_EQ(repository_name_error(std::string(255, 'a')), "");
  EXPECT_EQ(repository_name_error(std::string(256, 'a')),
            "repository name must not be more than 255 characters");
  EXPECT_EQ(repository_name_error(std::string(256, ' ')),
            "repository name must not be more than 255 characters");
}

TEST(DriverPath, OnlyLettersDigitsAndThreeSignsPass) {
  for (const char* name : {"a", "A-z.0_9", "-", ".", "..", "sha256-abc.sig"}) {
    EXPECT_TRUE(is_driver_path_component(name)) << name;
  }
  for (const char* name : {"", "a b", "a/b", "a:b", "é", "a\n", "a+b", "a~"}) {
    EXPECT_FALSE(is_driver_path_component(name)) << name;
  }
}

}  // namespace
}  // namespace regsweep::storage
