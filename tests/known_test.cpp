// A store compared with a list of what someone else knows.
#include "analyzer/known.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/command.h"
#include "reports/audit_json.h"
#include "reports/audit_text.h"
#include "tests/analyze.h"
#include "tests/store_builder.h"

namespace regsweep::analyzer {
namespace {

using tests::layer;
using tests::StoreBuilder;

KnownList list_of(const std::string& text) {
  std::istringstream in(text);
  auto list = read_known_list(in, "list");
  if (list) return *list;
  ADD_FAILURE() << list.error().message;
  return {};
}
std::string error_of(const std::string& text) {
  std::istringstream in(text);
  const auto list = read_known_list(in, "list");
  return list ? "" : list.error().message;
}
std::string digest(char c) { return "sha256:" + std::string(64, c); }

TEST(KnownList, ReadsEachKindOfLine) {
  const KnownList list = list_of("# comment\n\n" + digest('b') + "\t12\r\n  " + digest('a') +
                                 "  \nteam/app:1.0\nteam/app:1.0\nteam/app@" + digest('c'));
  ASSERT_EQ(list.blobs.size(), 2u);
  EXPECT_EQ(list.blobs[0].digest.text(), digest('a'));
  EXPECT_FALSE(list.blobs[0].size_bytes);
  EXPECT_EQ(list.blobs[1].size_bytes, 12u);
  ASSERT_EQ(list.tags.size(), 1u);
  EXPECT_EQ(list.tags[0].repository, "team/app");
  EXPECT_EQ(list.tags[0].name, "1.0");
  ASSERT_EQ(list.revisions.size(), 1u);
  EXPECT_EQ(list.revisions[0].digest.text(), digest('c'));
}

TEST(KnownList, OneBlobMayBeNamedAgainButNotWithAnotherSize) {
  EXPECT_EQ(list_of(digest('a') + "\n" + digest('a') + " 7\n").blobs.front().size_bytes, 7u);
  EXPECT_EQ(error_of(digest('a') + " 7\nx:1\n" + digest('a') + " 8\n"),
            "line 3: a line before says that this blob has 7 bytes");
}

TEST(KnownList, ALineThatIsNoneIsNamed) {
  for (const std::string& line :
       {std::string("nothing"), std::string("sha256:abc"), digest('A'), digest('a') + " many",
        digest('a') + " -1", digest('a') + " 99999999999999999999", digest('a') + " 1 2",
        std::string("a:1 5"), std::string("host:5000/a:1"), "a:1@" + digest('a'), "@" + digest('a'),
        std::string(":1"), std::string("a:"), std::string("a//b:1"), std::string("a:-x"),
        "a:" + std::string(129, 'x'), std::string("a:1\0b", 5), std::string(5000, 'x')}) {
    const std::string error = error_of("a:1\n\n" + line + "\nb:1\n");
    EXPECT_TRUE(error.starts_with("line 3: ")) << line << ": " << error;
  }
  for (const char* empty : {"", "\n", "# all\n  # comments"}) {
    EXPECT_TRUE(error_of(empty).starts_with("is an empty list")) << empty;
  }
}

class KnownTest : public ::testing::Test {
 protected:
  KnownTest() {
    store_.repo("a").image("1.0", {layer("app", 4000)}, "one").untagged({layer("old", 25)}, "gone");
    store_.cosign_signature("one");
    store_.repo("b").image("2.0", {layer("app", 4000), layer("own", 70)}, "two");
    store_.orphan(layer("orphan", 900));
  }
  KnownComparison compare(const std::string& text) {
    audit_ = tests::audit_of(store_);
    return compare_known(audit_.survey, audit_.accounts, list_of(text));
  }
  bool only_stored(const KnownComparison& known, const std::string& name) {
    const DigestId id = tests::id_of(audit_.survey, store_.digest_of(name));
    return std::find(known.only_stored.begin(), known.only_stored.end(), id) !=
           known.only_stored.end();
  }
  StoreBuilder store_;
  Audit audit_;
};

TEST_F(KnownTest, ATagIsKnownWithAllThatItReaches) {
  const KnownComparison known = compare("a:1.0\n");
  EXPECT_FALSE(only_stored(known, "one"));
  EXPECT_FALSE(only_stored(known, "app"));
  for (const char* name : {"two", "own", "gone", "old", "orphan"}) {
    EXPECT_TRUE(only_stored(known, name)) << name;
  }
  EXPECT_EQ(known.tags_in_both, 1u);
  EXPECT_EQ(known.tags_only_stored.size(), 2u);  // the signature's and b:2.0
  EXPECT_EQ(known.garbage_only_stored.objects, 1u);
  EXPECT_EQ(known.garbage_only_stored.bytes.apparent, 900u);
  EXPECT_EQ(known.blobs_in_both.objects + known.blobs_only_stored.objects,
            counts_of(audit_.accounts).blobs);
}

TEST_F(KnownTest, ADigestIsKnownAloneAndARevisionWithAllThatItReaches) {
  const KnownComparison alone = compare(store_.digest_of("two") + "\n");
  EXPECT_FALSE(only_stored(alone, "two"));
  EXPECT_TRUE(only_stored(alone, "own"));
  EXPECT_FALSE(alone.tags_compared);
  EXPECT_TRUE(alone.tags_only_stored.empty());
  // Both: that the blob is named too must not end the walk.
  const std::string two = store_.digest_of("two");
  const KnownComparison whole = compare(two + "\nb@" + two + "\n");
  EXPECT_FALSE(only_stored(whole, "own"));
  EXPECT_TRUE(whole.revisions_only_listed.empty());
  // Another repository does not have it.
  EXPECT_EQ(compare("a@" + two + "\n").revisions_only_listed.size(), 1u);
}

TEST_F(KnownTest, WhatOnlyTheListHas) {
  store_.repo("b").empty_link(store_.tag_path("2.0"));
  const KnownComparison known =
      compare("a:2.0\nno/such:1.0\nb:2.0\n" + digest('e') + " 55\nno@" + digest('e') + "\n");
  EXPECT_EQ(known.tags_only_listed.size(), 3u);
  EXPECT_EQ(known.blobs_only_listed.size(), 1u);
  EXPECT_EQ(known.only_listed_bytes, 55u);
  EXPECT_EQ(known.revisions_only_listed.size(), 1u);
}

TEST_F(KnownTest, ABlobThatIsMissingIsOnlyListed) {
  store_.missing("own");
  const KnownComparison known = compare(store_.digest_of("own") + " 70\nb:2.0\n");
  EXPECT_EQ(known.blobs_only_listed.size(), 1u);
  EXPECT_TRUE(known.tags_only_listed.empty());
}

TEST_F(KnownTest, WhatIsNoFileIsNoBlobInEither) {
  store_.remove(store_.blob_path("own"));
  store_.directory(store_.blob_path("own"));
  const KnownComparison known = compare(store_.digest_of("own") + " 70\nb:2.0\n");
  EXPECT_EQ(known.blobs_only_listed.size(), 1u);
  EXPECT_FALSE(only_stored(known, "own"));
  EXPECT_EQ(known.blobs_in_both.objects + known.blobs_only_stored.objects,
            counts_of(audit_.accounts).blobs);
}

TEST_F(KnownTest, SizesAreCompared) {
  const KnownComparison known =
      compare(store_.digest_of("app") + " 4000\n" + store_.digest_of("own") + " 71\n");
  ASSERT_EQ(known.size_differences.size(), 1u);
  EXPECT_EQ(known.size_differences[0].listed_bytes, 71u);
  EXPECT_EQ(known.size_differences[0].stored_bytes, 70u);
}

TEST_F(KnownTest, ListsAreCutButCountsAreNot) {
  for (int i = 0; i < 130; ++i) store_.orphan(layer("o" + std::to_string(i), 10));
  audit_ = tests::audit_of(store_);
  audit_.known = compare_known(audit_.survey, audit_.accounts, list_of("a:1.0\n"));
  const std::size_t all = audit_.known->only_stored.size();
  for (const bool verbose : {false, true}) {
    std::ostringstream out;
    reports::write_audit_json(audit_, out, verbose);
    const auto blobs =
        nlohmann::json::parse(out.str()).at("known").at("only_in_storage").at("blobs");
    EXPECT_EQ(blobs.at("objects"), all);
    EXPECT_EQ(blobs.at("digests").size(), verbose ? all : 100u);
    reports::TextOptions options;
    options.verbose = verbose;
    std::ostringstream text;
    reports::write_audit_text(audit_, options, text);
    const std::string rest = "  … and " + std::to_string(all - 100) + " more (-v)\n";
    EXPECT_EQ(text.str().find(rest) == std::string::npos, verbose);
  }
}

TEST_F(KnownTest, TheCommandReadsAFileOrStandardInput) {
  std::istringstream in("a:1.0\nb:9\n");
  std::ostringstream out;
  std::ostringstream err;
  cli::Io io{out, err, {}, false, false};
  io.in = &in;
  EXPECT_EQ(cli::run({"audit", "--known", "-", store_.root()}, io), 0) << err.str();
  EXPECT_NE(out.str().find("tags only in the list:\n  b:9\n"), std::string::npos) << out.str();
  std::istringstream bad("a:1.0\nwhat\n");
  io.in = &bad;
  EXPECT_EQ(cli::run({"audit", "--known", "-", store_.root()}, io), 2);
  EXPECT_NE(err.str().find("standard input: line 2: what: "), std::string::npos) << err.str();
  EXPECT_EQ(cli::run({"audit", "--known", store_.beside("none"), store_.root()}, io), 2);
  EXPECT_EQ(cli::run({"audit", "--known", store_.root(), store_.root()}, io), 2);
}

}  // namespace
}  // namespace regsweep::analyzer
