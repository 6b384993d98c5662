#include "analyzer/hazard.h"

#include <gtest/gtest.h>

#include "tests/analyze.h"

namespace regsweep::analyzer {
namespace {

using tests::hazard_of;
using tests::kConfigBytes;
using tests::layer;
using tests::StoreBuilder;

constexpr auto k2_8 = RegistryVersion::k2_8;
constexpr auto k3 = RegistryVersion::k3;

bool harmless(const Hazard& hazard) {
  return hazard.abort.empty() && hazard.broken_tags.empty() && hazard.lost_blobs == 0 &&
         hazard.lost_children == 0 && hazard.lost_referrers == 0;
}

TEST(Hazard, AnOrdinaryStoreIsSafeFromAllFour) {
  StoreBuilder store;
  store.repo("a").image("1.0", {layer("app", 40)}).untagged({layer("old", 25)});
  store.orphan(layer("orphan", 9));
  for (const Hazard& hazard : tests::audit_of(store).hazards) EXPECT_TRUE(harmless(hazard));
}

TEST(Hazard, Registry2_8WithMDeletesTheChildrenOfTaggedIndexes) {
  StoreBuilder store;
  store.repo("a")
      .untagged({layer("amd64", 100)}, "amd64 image")
      .untagged({layer("arm64", 200)}, "arm64 image")
      .index("multi", {"amd64 image", "arm64 image"})
      .image("single", {layer("app", 40)});
  const Audit audit = tests::audit_of(store);
  const Hazard& hazard = hazard_of(audit, k2_8, true);
  EXPECT_EQ(hazard.lost_children, 2u);
  EXPECT_EQ(hazard.lost_blobs, 4u);  // two layers, two configs: the index marks the children
  EXPECT_EQ(hazard.lost_bytes.apparent, 100 + 200 + 2 * kConfigBytes);
  ASSERT_EQ(hazard.broken_tags.size(), 1u);
  EXPECT_EQ(audit.survey.repositories[0].tags[hazard.broken_tags[0].tag.tag].name, "multi");
  EXPECT_TRUE(harmless(hazard_of(audit, k2_8, false)));
  EXPECT_TRUE(harmless(hazard_of(audit, k3, true)));
  EXPECT_TRUE(harmless(hazard_of(audit, k3, false)));
}

/// 3.x takes "marked" for "read": a child that an earlier repository marked as a mere blob is not
/// gone into where it is a manifest, and with -m its own revision does not help it.
TEST(Hazard, Registry3WithMLosesTheLayersOfAChildThatAnotherRepositoryMarkedFirst) {
  StoreBuilder store;
  store.repo("b").untagged({layer("leaf", 100)}, "child").index("multi", {"child"});
  store.repo("a").index("other", {"child"}).directory("repositories/a/_layers");
  const Audit audit = tests::audit_of(store);
  const Hazard& hazard = hazard_of(audit, k3, true);
  EXPECT_EQ(hazard.lost_blobs, 2u);
  EXPECT_EQ(hazard.lost_bytes.apparent, 100 + kConfigBytes);
  EXPECT_EQ(hazard.broken_tags.size(), 2u);
  EXPECT_TRUE(harmless(hazard_of(audit, k3, false)));
}

TEST(Hazard, WithTheRepositoriesTheOtherWayRoundNothingIsLost) {
  StoreBuilder store;
  store.repo("a").untagged({layer("leaf", 100)}, "child").index("multi", {"child"});
  store.repo("b").index("other", {"child"}).directory("repositories/b/_layers");
  EXPECT_TRUE(harmless(hazard_of(tests::audit_of(store), k3, true)));
}

TEST(Hazard, BothLoseWhatIsNamedBySha512AndRegistry3StopsHalfway) {
  StoreBuilder store;
  store.repo("a").image("1.0", {tests::sha512_layer("app", 40)});
  const Audit audit = tests::audit_of(store);
  for (const Hazard& hazard : audit.hazards) {
    EXPECT_EQ(hazard.lost_blobs, 1u);
    EXPECT_EQ(hazard.lost_bytes.apparent, 40u);
    EXPECT_EQ(hazard.broken_tags.size(), 1u);
    EXPECT_EQ(hazard.aborts_after_removing, hazard.version == k3);
    EXPECT_EQ(hazard.abort.empty(), hazard.version == k2_8);
  }
}

TEST(Hazard, WithMBothDeleteReferrersOfLivingImages) {
  StoreBuilder store;
  store.repo("a")
      .image("1.0", {layer("app", 40)})
      .referrer("a:1.0", {layer("sbom", 5)})
      .untagged({layer("old", 25)}, "old")
      .referrer("old", {layer("old sbom", 6)});
  const Audit audit = tests::audit_of(store);
  for (const RegistryVersion version : {k2_8, k3}) {
    const Hazard& hazard = hazard_of(audit, version, true);
    EXPECT_EQ(hazard.lost_referrers, 1u);
    EXPECT_EQ(hazard.lost_blobs, 3u);  // manifest, config, layer
    EXPECT_TRUE(hazard.broken_tags.empty());
    EXPECT_TRUE(harmless(hazard_of(audit, version, false)));
  }
}

TEST(Hazard, ATagWithoutARevisionIsSweptByBoth) {
  StoreBuilder store;
  store.repo("a").image("1.0", {layer("app", 40)}).untagged({layer("old", 25)});
  store.remove(store.revision_path("a:1.0"));
  for (const Hazard& hazard : tests::audit_of(store).hazards) {
    EXPECT_EQ(hazard.lost_blobs, 3u);
    EXPECT_EQ(hazard.broken_tags.size(), 1u);
  }
}

TEST(Hazard, Registry2_8DoesNotSeeARepositoryWithoutLayersAndRegistry3Aborts) {
  StoreBuilder store;
  store.repo("a").image("1.0", {layer("app", 40)}).remove("repositories/a/_layers");
  const Audit audit = tests::audit_of(store);
  EXPECT_EQ(hazard_of(audit, k2_8, false).lost_blobs, 3u);
  EXPECT_EQ(hazard_of(audit, k2_8, false).broken_tags.size(), 1u);
  EXPECT_NE(hazard_of(audit, k3, false).abort, "");
  EXPECT_FALSE(hazard_of(audit, k3, false).aborts_after_removing);
}

TEST(Hazard, AStrayFileHidesRepositoriesFrom2_8) {
  StoreBuilder store;
  store.repo("a").image("1.0", {layer("app", 40)}).stray_file("repositories/_x");
  store.repo("0").image("1.0", {layer("other", 41)});
  const Audit audit = tests::audit_of(store);
  EXPECT_EQ(hazard_of(audit, k2_8, false).lost_blobs, 3u);  // "_x" sorts before "a"
  EXPECT_TRUE(harmless(hazard_of(audit, k3, false)));
}

TEST(Hazard, AnEmptyRevisionLinkStopsAllFourBeforeTheyRemoveAnything) {
  StoreBuilder store;
  store.repo("a").image("1.0", {layer("app", 40)});
  store.empty_link(store.revision_path("a:1.0"));
  for (const Hazard& hazard : tests::audit_of(store).hazards) {
    EXPECT_NE(hazard.abort.find("invalid checksum digest format"), std::string::npos);
    EXPECT_FALSE(hazard.aborts_after_removing);
    EXPECT_EQ(hazard.lost_blobs, 0u);
  }
}

TEST(Hazard, AStrayDataFilePanicsAfterManifestsWereRemoved) {
  StoreBuilder store;
  store.repo("a").image("1.0", {layer("app", 40)}).untagged({layer("old", 25)});
  store.stray_file("blobs/sha256/a/data");
  const Audit audit = tests::audit_of(store);
  EXPECT_FALSE(hazard_of(audit, k2_8, false).aborts_after_removing);
  EXPECT_TRUE(hazard_of(audit, k2_8, true).aborts_after_removing);
  EXPECT_TRUE(hazard_of(audit, k3, true).aborts_after_removing);
}

TEST(Hazard, ACollectorThatPanicsLateHasBrokenTagsByThen) {
  StoreBuilder store;
  store.repo("a").untagged({layer("amd64", 100)}, "image").index("multi", {"image"});
  store.stray_file("blobs/sha256/a/data");
  const Audit audit = tests::audit_of(store);
  const Hazard& hazard = hazard_of(audit, k2_8, true);
  EXPECT_TRUE(hazard.aborts_after_removing);
  EXPECT_EQ(hazard.lost_children, 1u);
  EXPECT_EQ(hazard.broken_tags.size(), 1u);
  EXPECT_EQ(hazard.lost_blobs, 0u) << "it stops before the blobs";
  EXPECT_TRUE(hazard_of(audit, k2_8, false).broken_tags.empty());
}

}  // namespace
}  // namespace regsweep::analyzer
