#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/repairs.h"

namespace regsweep::tests {
namespace {

using analyzer::LostFound;
using analyzer::ManifestType;
using analyzer::Repair;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

std::string directory(const std::string& path) { return path.substr(0, path.rfind('/')); }

/// The tag and the revision of an image go; its blobs and layer links stay.
void lose(StoreBuilder& b, const std::string& name, const std::string& tag = "") {
  b.remove(directory(b.revision_path(name)));
  if (!tag.empty()) b.remove(directory(directory(b.tag_path(tag))));
}

std::string found_tag(const StoreBuilder& b, const std::string& name) {
  return "lost-found-" + b.digest_of(name).substr(7, 12);
}

TEST(LostManifests, AreListedWithWhatTheyReach) {
  StoreBuilder b;
  b.repo("z/z").image("1.0", {layer("base", 100)});
  b.repo("a/b").image("1.0", {layer("base", 100), layer("app", 40)}, "lost");
  b.repo("c").layer_link("base");
  b.repo("a/b");
  lose(b, "lost", "1.0");
  const Repair repair = repair_of(b);
  ASSERT_EQ(repair.lost.size(), 1u);
  const analyzer::LostManifest& lost = repair.lost[0].manifest;
  EXPECT_EQ(lost.digest, digest_named(b, "lost"));
  EXPECT_EQ(lost.type, ManifestType::kOciImage);
  EXPECT_EQ(lost.size.apparent, 100 + 40 + kConfigBytes + b.size_of("lost"));
  EXPECT_EQ(lost.missing, 0u);
  EXPECT_THAT(lost.repositories, ElementsAre("a/b"));
  EXPECT_THAT(steps_of(repair.plan), IsEmpty());
  EXPECT_FALSE(repair.damage_remains);
}

TEST(LostManifests, ComeBackAsTags) {
  StoreBuilder b;
  b.repo("a/b").image("1.0", {layer("base", 100)}, "lost").image("2.0", {layer("x", 9)});
  lose(b, "lost", "1.0");
  const auto before = snapshot_of(b);
  const Repaired done = repaired(b, {.lost_found = true});
  EXPECT_EQ(done.result.end, analyzer::ApplyEnd::kDone) << done.result.reason;
  const std::string tag = found_tag(b, "lost");
  EXPECT_EQ(done.repair.lost[0].tag, tag);
  EXPECT_EQ(content_of(b, b.tag_path(tag)), b.digest_of("lost"));
  EXPECT_EQ(content_of(b, b.revision_path("lost")), b.digest_of("lost"));
  const std::string index = directory(directory(b.tag_path(tag))) + "/index/sha256/" +
                            b.digest_of("lost").substr(7) + "/link";
  EXPECT_EQ(content_of(b, index), b.digest_of("lost"));
  EXPECT_THAT(repair_of(b, {.lost_found = true}).lost, IsEmpty());
  undo_last(b);
  EXPECT_EQ(snapshot_of(b), before);
}

TEST(LostManifests, ALayerByItsSha512Counts) {
  StoreBuilder b;
  b.repo("a/b").image("1.0", {sha512_layer("alias", 30)}, "lost").image("2.0", {layer("x", 9)});
  lose(b, "lost", "1.0");
  const Repaired done = repaired(b, {.lost_found = true});
  ASSERT_EQ(done.repair.lost.size(), 1u);
  EXPECT_EQ(done.repair.lost[0].manifest.missing, 0u);
  EXPECT_EQ(done.repair.lost[0].tag, found_tag(b, "lost"));
  EXPECT_FALSE(repair_of(b).damage_remains);
}

TEST(LostManifests, AnIndexComesBackWithItsChildren) {
  StoreBuilder b;
  b.repo("a/b").untagged({layer("one", 10)}, "amd").untagged({layer("two", 20)}, "arm");
  b.index("1.0", {"amd", "arm"}, "index");
  for (const char* name : {"amd", "arm"}) lose(b, name);
  lose(b, "index", "1.0");
  const Repaired done = repaired(b, {.lost_found = true});
  ASSERT_EQ(done.repair.lost.size(), 1u) << "the children are not lost on their own";
  EXPECT_EQ(done.repair.lost[0].manifest.digest, digest_named(b, "index"));
  EXPECT_EQ(done.repair.lost[0].manifest.platform, "linux/amd64");
  for (const char* name : {"amd", "arm", "index"}) {
    EXPECT_EQ(content_of(b, b.revision_path(name)), b.digest_of(name)) << name;
  }
  EXPECT_THAT(steps_of(repair_of(b).plan), IsEmpty());
}

TEST(LostManifests, WithoutARepositoryForItsLayersItStaysLost) {
  StoreBuilder b;
  b.repo("a/b").image("1.0", {layer("base", 100)}, "lost").image("2.0", {layer("x", 9)});
  lose(b, "lost", "1.0");
  b.remove(directory(b.layer_path("base")));
  const Repair repair = repair_of(b, {.lost_found = true});
  ASSERT_EQ(repair.lost.size(), 1u);
  EXPECT_THAT(repair.lost[0].outcome, HasSubstr("no repository links all of its layers"));
  EXPECT_THAT(steps_of(repair.plan), IsEmpty());
}

TEST(LostManifests, WithAMissingOrDamagedPartItStaysLost) {
  StoreBuilder b;
  b.repo("a/b").image("1.0", {layer("base", 100)}, "one").image("2.0", {layer("x", 9)}, "two");
  b.image("3.0", {layer("stays", 5)});
  lose(b, "one", "1.0");
  lose(b, "two", "2.0");
  b.missing("base").link(b.blob_path("x"), std::string(9, 'y'));
  const Repair repair = repair_of(b, {.lost_found = true});
  ASSERT_EQ(repair.lost.size(), 2u);
  for (const LostFound& found : repair.lost) {
    const bool is_one = found.manifest.digest == digest_named(b, "one");
    EXPECT_EQ(found.manifest.missing, is_one ? 1u : 0u);
    EXPECT_THAT(found.outcome, HasSubstr(is_one ? "missing" : "has the digest"));
  }
  EXPECT_THAT(steps_of(repair.plan), IsEmpty());
}

TEST(LostManifests, ATagOfThatNameIsNotMoved) {
  StoreBuilder b;
  b.repo("a/b").image("1.0", {layer("base", 100)}, "lost").image("2.0", {layer("x", 9)}, "other");
  lose(b, "lost", "1.0");
  b.tag(found_tag(b, "lost"), "other");
  const Repair repair = repair_of(b, {.lost_found = true});
  EXPECT_THAT(repair.lost[0].outcome, HasSubstr("there already"));
  EXPECT_THAT(steps_of(repair.plan), IsEmpty());
}

TEST(LostManifests, WhatIsReachedOrIsNoManifestIsNotLost) {
  StoreBuilder b;
  b.repo("a/b").image("1.0", {layer("base", 100)}, "child").index("all", {"child"});
  lose(b, "child", "1.0");  // the index still names it
  b.blob("config", R"({"os":"linux","architecture":"amd64"})").blob("text", "{ not json");
  b.blob("odd", R"({"mediaType":"application/x","layers":[]})");
  b.blob("large", "{" + std::string(5 << 20, ' ') + "}");
  EXPECT_THAT(repair_of(b).lost, IsEmpty());
}

TEST(LostManifests, TheChildOfADamagedIndexIsNotLost) {
  StoreBuilder b;
  b.repo("a/b").image("1.0", {layer("base", 100)}, "child").index("all", {"child"}, "index");
  lose(b, "child", "1.0");
  b.link(b.blob_path("index"), content_of(b, b.blob_path("index")) + '\n');
  const Repair repair = repair_of(b, {.read_all = true});
  EXPECT_EQ(repair.plan.removals.size(), 1u);
  EXPECT_THAT(repair.lost, IsEmpty());
}

TEST(LostManifests, ADamagedOneIsNotListed) {
  StoreBuilder b;
  b.repo("a/b").image("1.0", {layer("base", 100)}, "lost").image("2.0", {layer("x", 9)});
  lose(b, "lost", "1.0");
  b.link(b.blob_path("lost"), content_of(b, b.blob_path("lost")) + ' ');
  EXPECT_THAT(repair_of(b).lost, IsEmpty());
}

TEST(LostManifests, ThePlatformIsInTheConfig) {
  StoreBuilder b;
  b.repo("a/b").blob("config", R"({"os":"linux","architecture":"arm64","variant":"v8"})");
  b.layer_link("config").blob("layer", "layer").layer_link("layer");
  b.manifest(R"({"schemaVersion":2,"config":{"digest":")" + b.digest_of("config") +
                 R"("},"layers":[{"digest":")" + b.digest_of("layer") + R"("}]})",
             "", "lost");
  lose(b, "lost");
  const Repair repair = repair_of(b);
  ASSERT_EQ(repair.lost.size(), 1u);
  EXPECT_EQ(repair.lost[0].manifest.platform, "linux/arm64/v8");
}

}  // namespace
}  // namespace regsweep::tests
