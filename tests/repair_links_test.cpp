#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/repairs.h"

namespace regsweep::tests {
namespace {

using analyzer::ApplyEnd;
using analyzer::RepairRules;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

std::string directory(const std::string& path) { return path.substr(0, path.rfind('/')); }

/// Carries the repair out and takes it back again; the store is as it was, or it is said.
void expect_undone(const StoreBuilder& builder, const std::vector<std::string>& before) {
  undo_last(builder);
  EXPECT_EQ(snapshot_of(builder), before);
}

std::vector<std::string> left_of(const analyzer::Repair& repair) {
  std::vector<std::string> lines;
  for (const auto& one : repair.left) lines.push_back(one.path + ": " + one.reason);
  return lines;
}

TEST(RepairLinks, HealthyStoreNeedsNothing) {
  StoreBuilder b;
  b.repo("a/b").image("1.0", {layer("base", 100), layer("app", 40)}, "one");
  b.image("2.0", {layer("base", 100), sha512_layer("alias", 30), foreign_layer("far", 9)});
  b.index("all", {"one"}).schema1("old", {layer("v1", 20)});
  const Repaired done = repaired(b);
  EXPECT_THAT(steps_of(done.repair.plan), IsEmpty());
  EXPECT_THAT(done.repair.left, IsEmpty());
  EXPECT_THAT(done.repair.broken, IsEmpty());
  EXPECT_FALSE(done.repair.damage_remains);
  EXPECT_EQ(done.result.end, ApplyEnd::kDone);
  EXPECT_EQ(done.result.quarantine_run, "");
  EXPECT_EQ(done.repair.hashed_blobs, 0u);
}

TEST(RepairLinks, MalformedLinksGetTheDigestOfTheirPath) {
  StoreBuilder b;
  b.repo("a/b").image("1.0", {layer("base", 100), layer("app", 40)});
  b.empty_link(b.revision_path("a/b:1.0")).garbled_link(b.layer_path("base"));
  b.link(b.layer_path("app"), b.digest_of("app") + '\n');
  const auto before = snapshot_of(b);
  const Repaired done = repaired(b);
  EXPECT_EQ(done.result.end, ApplyEnd::kDone);
  EXPECT_THAT(steps_of(done.repair.plan),
              UnorderedElementsAre("-revision " + directory(b.revision_path("a/b:1.0")),
                                   "-layer-link " + directory(b.layer_path("base")),
                                   "-layer-link " + directory(b.layer_path("app")),
                                   "+layer-link " + b.layer_path("base"),
                                   "+layer-link " + b.layer_path("app"),
                                   "+revision-link " + b.revision_path("a/b:1.0")));
  EXPECT_EQ(content_of(b, b.revision_path("a/b:1.0")), b.digest_of("a/b:1.0"));
  EXPECT_EQ(content_of(b, b.layer_path("base")), b.digest_of("base"));
  EXPECT_EQ(content_of(b, b.layer_path("app")), b.digest_of("app"));
  EXPECT_FALSE(done.repair.damage_remains);
  EXPECT_THAT(steps_of(repair_of(b).plan), IsEmpty());
  expect_undone(b, before);
}

TEST(RepairLinks, AMalformedLinkToADamagedBlobIsLeftAndTheBlobGoes) {
  StoreBuilder b;
  b.repo("a/b").image("1.0", {layer("base", 100)});
  b.empty_link(b.layer_path("base")).link(b.blob_path("base"), std::string(100, 'x'));
  const analyzer::Repair repair = repair_of(b);
  EXPECT_THAT(steps_of(repair.plan), ElementsAre("-blob " + directory(b.blob_path("base"))));
  EXPECT_THAT(left_of(repair), ElementsAre(directory(b.layer_path("base")) +
                                           ": its link is empty, and its blob is damaged"));
  ASSERT_EQ(repair.broken.size(), 1u);
  EXPECT_EQ(repair.broken[0].tag, "1.0");
  EXPECT_EQ(repair.broken[0].lacks[0].why, "is damaged");
  EXPECT_TRUE(repair.damage_remains);
}

TEST(RepairLinks, ARevisionLinkToWhatIsNoManifestIsLeft) {
  StoreBuilder b;
  b.repo("a/b").image("1.0", {layer("base", 100)});
  b.empty_link(b.revision_path("base"));
  const analyzer::Repair repair = repair_of(b);
  EXPECT_THAT(steps_of(repair.plan), IsEmpty());
  EXPECT_THAT(left_of(repair), Contains(HasSubstr("its blob is no manifest")));
}

TEST(RepairLinks, CrossedLinksAreLeftAndListed) {
  StoreBuilder b;
  b.repo("a/b").image("1.0", {layer("base", 100), layer("app", 40)});
  b.link(b.layer_path("base"), b.digest_of("app"));
  const analyzer::Repair repair = repair_of(b, {.drop_dangling = true});
  EXPECT_THAT(steps_of(repair.plan), IsEmpty());
  EXPECT_THAT(left_of(repair),
              ElementsAre(directory(b.layer_path("base")) + ": its link names another digest, " +
                          b.digest_of("app")));
  ASSERT_EQ(repair.broken.size(), 1u);
  EXPECT_EQ(repair.broken[0].lacks[0].why, "its link names another digest");
}

TEST(RepairLinks, WhatIsNoFileIsLeft) {
  StoreBuilder b;
  b.repo("a/b").image("1.0", {layer("base", 100), layer("app", 40)});
  b.symlink(b.layer_path("base"), "/etc/passwd");
  b.remove(b.layer_path("app")).directory(b.layer_path("app"));
  const analyzer::Repair repair = repair_of(b, {.drop_dangling = true});
  EXPECT_THAT(steps_of(repair.plan), IsEmpty());
  EXPECT_THAT(left_of(repair), ElementsAre(HasSubstr("something else than a file"),
                                           HasSubstr("something else than a file")));
}

TEST(RepairLinks, LinksThatATagNeedsAreAdded) {
  StoreBuilder b;
  b.repo("a/b").image("", {layer("base", 100), layer("app", 40)}, "child");
  b.index("1.0", {"child"}, "index").schema1("old", {layer("v1", 20)});
  b.repo("a/b").remove("repositories/a/b/_layers").remove("repositories/a/b/_manifests/revisions");
  const auto before = snapshot_of(b);
  const Repaired done = repaired(b);
  EXPECT_EQ(done.result.end, ApplyEnd::kDone);
  for (const char* name : {"base", "app", "v1"}) {
    EXPECT_EQ(content_of(b, b.layer_path(name)), b.digest_of(name)) << name;
  }
  for (const char* name : {"child", "index", "a/b:old"}) {
    EXPECT_EQ(content_of(b, b.revision_path(name)), b.digest_of(name)) << name;
  }
  EXPECT_EQ(done.repair.plan.removals.size(), 0u);
  EXPECT_FALSE(done.repair.damage_remains);
  EXPECT_THAT(steps_of(repair_of(b).plan), IsEmpty());
  expect_undone(b, before);
}

TEST(RepairLinks, WhatOnlyUntaggedManifestsNeedIsNotAdded) {
  StoreBuilder b;
  b.repo("a/b").untagged({layer("base", 100)}, "old").remove(directory(b.layer_path("base")));
  EXPECT_THAT(steps_of(repair_of(b).plan), IsEmpty());
}

TEST(RepairLinks, AnEmptiedLinkDirectoryIsFilledOnlyIfSomethingNeedsIt) {
  StoreBuilder b;
  b.repo("a/b").image("1.0", {layer("base", 100)}).untagged({layer("gone", 9)}, "deleted");
  b.remove(b.layer_path("base")).remove(b.revision_path("deleted"));
  const auto before = snapshot_of(b);
  const Repaired done = repaired(b);
  EXPECT_THAT(steps_of(done.repair.plan), ElementsAre("+layer-link " + b.layer_path("base")));
  EXPECT_THAT(done.repair.deleted_links, ElementsAre(directory(b.revision_path("deleted"))));
  EXPECT_EQ(content_of(b, b.layer_path("base")), b.digest_of("base"));
  expect_undone(b, before);
}

TEST(RepairLinks, AbsentForeignLayersNeedNoLink) {
  StoreBuilder b;
  b.repo("a/b").image("1.0", {foreign_layer("far", 100)});
  const analyzer::Repair repair = repair_of(b);
  EXPECT_THAT(steps_of(repair.plan), IsEmpty());
  EXPECT_FALSE(repair.damage_remains);
}

TEST(RepairLinks, ALinkIsNotAddedToADamagedBlob) {
  StoreBuilder b;
  b.repo("a/b").image("1.0", {layer("base", 100)});
  b.remove(directory(b.layer_path("base"))).link(b.blob_path("base"), std::string(100, 'x'));
  const analyzer::Repair repair = repair_of(b);
  EXPECT_THAT(steps_of(repair.plan), ElementsAre("-blob " + directory(b.blob_path("base"))));
  EXPECT_TRUE(repair.damage_remains);
}

TEST(RepairLinks, DanglingLinksGoOnlyIfAskedFor) {
  StoreBuilder b;
  b.repo("a/b").image("1.0", {layer("base", 100), layer("app", 40)});
  b.untagged({layer("old", 9)}, "old-image");
  b.missing("base").missing("old-image").missing("old").empty_link(b.layer_path("old"));
  EXPECT_THAT(steps_of(repair_of(b).plan), IsEmpty());
  const auto before = snapshot_of(b);
  const Repaired done = repaired(b, {.drop_dangling = true});
  EXPECT_THAT(steps_of(done.repair.plan),
              UnorderedElementsAre("-revision " + directory(b.revision_path("old-image")),
                                   "-layer-link " + directory(b.layer_path("base")),
                                   "-layer-link " + directory(b.layer_path("old"))));
  EXPECT_TRUE(done.repair.damage_remains);
  expect_undone(b, before);
}

TEST(RepairLinks, NothingIsTakenFromARepositoryThatCannotBeRead) {
  StoreBuilder b;
  b.repo("other").image("1.0", {layer("base", 100)}).empty_link(b.layer_path("base"));
  const std::string other = b.layer_path("base");
  b.repo("a/b").image("1.0", {layer("base", 100)}).untagged({layer("app", 40)}, "two");
  b.empty_link(b.layer_path("base")).missing("app");
  b.remove("repositories/a/b/_manifests/tags");
  b.symlink("repositories/a/b/_manifests/tags", "/tmp");  // not even root follows it
  const Repaired done = repaired(b, {.drop_dangling = true});
  EXPECT_THAT(steps_of(done.repair.plan),
              ElementsAre("-layer-link " + directory(other), "+layer-link " + other));
  EXPECT_THAT(done.repair.plan.problems,
              ElementsAre(HasSubstr("repositories/a/b/_manifests/tags: ")));
  EXPECT_THAT(left_of(done.repair), Contains(HasSubstr("could not be read whole")));
  EXPECT_THAT(done.repair.lost_unknown, HasSubstr("_manifests/tags"));
}

TEST(RepairLinks, AGarbledTagStaysBroken) {
  StoreBuilder b;
  b.repo("a/b").image("1.0", {layer("base", 100)});
  b.garbled_link(b.tag_path("1.0"));
  const analyzer::Repair repair = repair_of(b);
  ASSERT_EQ(repair.broken.size(), 1u);
  EXPECT_EQ(repair.broken[0].problem, "its link holds no digest");
  EXPECT_TRUE(repair.damage_remains);
}

TEST(RepairLinks, NoThreadChangesTheAnswer) {
  StoreBuilder b;
  for (const char* name : {"a", "b", "c"}) {
    b.repo(name).image("1", {layer("base", 100), layer(name, 40)}).empty_link(b.layer_path("base"));
    b.remove(directory(b.layer_path(name)));
  }
  EXPECT_EQ(steps_of(repair_of(b, {}, {}, 1).plan), steps_of(repair_of(b, {}, {}, 4).plan));
}

}  // namespace
}  // namespace regsweep::tests
