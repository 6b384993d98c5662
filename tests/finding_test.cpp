#include "analyzer/finding.h"

#include <gtest/gtest.h>

#include "reports/finding_text.h"
#include "tests/analyze.h"

namespace regsweep::analyzer {
namespace {

using tests::finding_of;
using tests::layer;
using tests::StoreBuilder;
using Texts = std::vector<std::string>;

/// Expects a finding of this gravity about exactly these things.
void expect_finding(const StoreBuilder& store, FindingCode code, Concern concern,
                    const Texts& subjects) {
  const Audit audit = tests::audit_of(store);
  const Finding* finding = finding_of(audit, code);
  ASSERT_NE(finding, nullptr) << reports::finding_code(code);
  EXPECT_EQ(finding->concern, concern);
  EXPECT_EQ(finding->subjects, subjects);
  EXPECT_EQ(finding->objects, subjects.size());
}

StoreBuilder& one_image(StoreBuilder& store) {
  return store.repo("a").image("1.0", {layer("app", 40)});
}

TEST(Finding, AHealthyStoreHasNone) {
  StoreBuilder store;
  one_image(store).untagged({layer("old", 25)}).orphan(layer("orphan", 9));
  const Audit audit = tests::audit_of(store);
  for (const Finding& finding : audit.findings) {
    ADD_FAILURE() << reports::finding_code(finding.code);
  }
  EXPECT_FALSE(audit.live_damage);
}

TEST(Finding, TheGravestComeFirst) {
  StoreBuilder store;
  one_image(store).image("2.0", {layer("z", 1)}).missing("z").stray_file("repositories/readme");
  store.symlink("repositories/link", "/dev");
  const Audit audit = tests::audit_of(store);
  ASSERT_GE(audit.findings.size(), 3u);
  for (std::size_t i = 1; i < audit.findings.size(); ++i) {
    EXPECT_GE(audit.findings[i - 1].concern, audit.findings[i].concern);
  }
  EXPECT_EQ(audit.findings[0].code, FindingCode::kBrokenTags);
}

TEST(Finding, ABrokenTagIsNamedWithItsCause) {
  StoreBuilder store;
  one_image(store).zero_length("app");
  expect_finding(store, FindingCode::kBrokenTags, Concern::kDanger,
                 {"a:1.0 (" + store.digest_of("app") + ")"});
  expect_finding(store, FindingCode::kEmptyBlobs, Concern::kDanger, {store.digest_of("app")});
  EXPECT_TRUE(tests::audit_of(store).live_damage);
}

TEST(Finding, DamagedAndCrossedLinksAreToldApart) {
  StoreBuilder store;
  one_image(store).untagged({layer("old", 25)}, "old image").image("2.0", {layer("z", 1)});
  store.empty_link(store.revision_path("a:1.0"));
  store.link(store.revision_path("old image"), store.digest_of("a:2.0"));
  store.garbled_link(store.layer_path("app"));
  store.link(store.layer_path("old"), store.digest_of("app"));
  expect_finding(store, FindingCode::kDamagedRevisionLinks, Concern::kDanger,
                 {"a@" + store.digest_of("a:1.0")});
  expect_finding(
      store, FindingCode::kCrossedRevisionLinks, Concern::kWarning,
      {"a@" + store.digest_of("old image") + " (holds " + store.digest_of("a:2.0") + ")"});
  expect_finding(store, FindingCode::kDamagedLayerLinks, Concern::kDanger,
                 {"a@" + store.digest_of("app")});
  expect_finding(store, FindingCode::kCrossedLayerLinks, Concern::kWarning,
                 {"a@" + store.digest_of("old") + " (holds " + store.digest_of("app") + ")"});
}

TEST(Finding, ASha512NameIsNoCrossedLink) {
  StoreBuilder store;
  store.repo("a").image("1.0", {tests::sha512_layer("app", 40)});
  const Audit audit = tests::audit_of(store);
  EXPECT_EQ(finding_of(audit, FindingCode::kCrossedLayerLinks), nullptr);
  EXPECT_EQ(finding_of(audit, FindingCode::kDanglingLayerLinks), nullptr);
}

TEST(Finding, LinksThatLeadNowhereDangle) {
  StoreBuilder store;
  one_image(store).untagged({layer("old", 25)}, "old image").missing("old image");
  store.orphan(layer("gone", 5)).layer_link("gone").missing("gone");
  expect_finding(store, FindingCode::kDanglingRevisions, Concern::kWarning,
                 {"a@" + store.digest_of("old image")});
  expect_finding(store, FindingCode::kDanglingLayerLinks, Concern::kNote,
                 {"a@" + store.digest_of("gone")});
  EXPECT_FALSE(tests::audit_of(store).live_damage);
}

TEST(Finding, ATagWithoutItsRevisionIsDamage) {
  StoreBuilder store;
  one_image(store).remove(store.revision_path("a:1.0"));
  expect_finding(store, FindingCode::kTagsWithoutRevision, Concern::kDanger,
                 {"a:1.0 (" + store.digest_of("a:1.0") + ")"});
  EXPECT_TRUE(tests::audit_of(store).live_damage);
}

TEST(Finding, EachKindOfOddTagIsSaid) {
  StoreBuilder store;
  one_image(store).tag("empty", "a:1.0").tag("nothing", "a:1.0").image("bare", {layer("z", 1)});
  store.empty_link(store.tag_path("empty")).remove(store.tag_path("nothing"));
  store.remove(store.revision_path("a:bare")).stray_file("repositories/a/_manifests/tags/stray");
  expect_finding(store, FindingCode::kDamagedTagLinks, Concern::kDanger, {"a:empty"});
  expect_finding(store, FindingCode::kTagsWithoutCurrent, Concern::kWarning, {"a:nothing"});
  expect_finding(store, FindingCode::kStrayInTags, Concern::kWarning, {"a/_manifests/tags/stray"});
  expect_finding(store, FindingCode::kTagsWithoutRevision, Concern::kDanger,
                 {"a:bare (" + store.digest_of("a:bare") + ")"});
}

TEST(Finding, ATagThatMovedLeftEntriesInItsIndex) {
  StoreBuilder store;
  one_image(store).image("1.0", {layer("newer", 1)}).image("1.0", {layer("newest", 2)});
  const Audit audit = tests::audit_of(store);
  const Finding* finding = finding_of(audit, FindingCode::kStaleTagIndex);
  ASSERT_NE(finding, nullptr);
  EXPECT_EQ(finding->objects, 2u);
  EXPECT_EQ(finding->subjects, Texts{"a:1.0"});
}

TEST(Finding, ManifestsInWhichReferencesMayHideAreADanger) {
  StoreBuilder store;
  one_image(store).manifest("not json", "", "text");
  const Audit audit = tests::audit_of(store);
  const Finding* finding = finding_of(audit, FindingCode::kNotUnderstood);
  ASSERT_NE(finding, nullptr);
  EXPECT_EQ(finding->concern, Concern::kDanger);
  EXPECT_TRUE(finding->subjects.at(0).starts_with(store.digest_of("text") + " ("));
}

TEST(Finding, WhatOnlyACollectorRefusesIsANote) {
  StoreBuilder store;
  one_image(store).schema1("old", {layer("z", 1)});
  const Audit audit = tests::audit_of(store);
  EXPECT_EQ(finding_of(audit, FindingCode::kNotUnderstood), nullptr);
  ASSERT_NE(finding_of(audit, FindingCode::kRefusedManifests), nullptr);
  const Finding* aborts = finding_of(audit, FindingCode::kCollectorAborts);
  ASSERT_NE(aborts, nullptr);
  EXPECT_EQ(aborts->hazard->version, RegistryVersion::k3);
}

TEST(Finding, ClutterIsANoteAndWhatAWalkFollowsAWarning) {
  StoreBuilder store;
  one_image(store).stray_file("repositories/readme").directory("repositories/empty");
  store.stray_file(store.layer_path("app") + ".0815.tmp").symlink("repositories/link", "/dev");
  store.directory("blobs/sha256/ab/ab" + std::string(62, '0'));
  store.repo("_x/y").image("1.0", {layer("app", 40)});
  expect_finding(store, FindingCode::kStrayFiles, Concern::kNote, {"repositories/readme"});
  expect_finding(store, FindingCode::kStrayDirectories, Concern::kNote, {"repositories/_x"});
  expect_finding(store, FindingCode::kEmptyDirectories, Concern::kNote, {"repositories/empty"});
  expect_finding(store, FindingCode::kSymlinks, Concern::kWarning, {"repositories/link"});
  expect_finding(store, FindingCode::kTemporaryFiles, Concern::kNote,
                 {store.repo("a").layer_path("app") + ".0815.tmp"});
  expect_finding(store, FindingCode::kBlobsWithoutData, Concern::kNote,
                 {"blobs/sha256/ab/ab" + std::string(62, '0')});
}

TEST(Finding, OldUploadsAreThoseOfAWeekAgo) {
  StoreBuilder store;
  one_image(store)
      .upload("old", "2024-05-31T00:00:00Z", 10)
      .upload("new", "2024-05-31T00:00:01Z", 9);
  expect_finding(store, FindingCode::kOldUploads, Concern::kNote, {"a/_uploads/old"});
}

TEST(Finding, RepositoriesThatHoldNothingOrHaveABadName) {
  StoreBuilder store;
  one_image(store).directory("repositories/empty/_layers");
  store.repo("Upper/Case").image("1.0", {layer("app", 40)});
  expect_finding(store, FindingCode::kEmptyRepositories, Concern::kNote, {"empty"});
  expect_finding(store, FindingCode::kBadRepositoryNames, Concern::kWarning, {"Upper/Case"});
}

TEST(Finding, AStoreWithoutTagsOrRepositoriesMayBeTheWrongOne) {
  StoreBuilder untagged;
  untagged.repo("a").untagged({layer("old", 25)});
  EXPECT_NE(finding_of(tests::audit_of(untagged), FindingCode::kNoTags), nullptr);
  StoreBuilder bare;
  bare.orphan(layer("orphan", 9)).remove("repositories");
  EXPECT_NE(finding_of(tests::audit_of(bare), FindingCode::kNoRepositories), nullptr);
}

TEST(Finding, DamageThatOnlyGarbageNeedsIsANote) {
  StoreBuilder store;
  one_image(store).untagged({layer("leaf", 5)}, "child").index("", {"child"}, "index");
  store.remove("repositories/a/_manifests/revisions/sha256/" + store.digest_of("index").substr(7));
  const Audit audit = tests::audit_of(store);
  EXPECT_FALSE(audit.live_damage);
}

TEST(Finding, EveryCodeHasANameAndWordsOfItsOwn) {
  std::vector<std::string_view> names;
  for (int i = 0; i <= static_cast<int>(FindingCode::kNoBlobs); ++i) {
    Finding finding;
    finding.code = static_cast<FindingCode>(i);
    if (finding.code == FindingCode::kCollectorBreaksTags ||
        finding.code == FindingCode::kCollectorDropsReferrers ||
        finding.code == FindingCode::kCollectorAborts) {
      finding.hazard = Hazard{};
    }
    for (const std::uint64_t objects : {1U, 2U}) {
      finding.objects = objects;
      const reports::FindingText text = reports::finding_text(finding, "/store");
      EXPECT_NE(text.message, "") << i;
      for (const std::string& words : {text.message, text.meaning, text.next}) {
        EXPECT_EQ(words.find('{'), std::string::npos) << words;
      }
    }
    names.push_back(reports::finding_code(finding.code));
  }
  std::sort(names.begin(), names.end());
  EXPECT_EQ(std::unique(names.begin(), names.end()), names.end());
}

}  // namespace
}  // namespace regsweep::analyzer
