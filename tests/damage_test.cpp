#include "analyzer/damage.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/analyze.h"

namespace regsweep::analyzer {
namespace {

using tests::layer;
using tests::StoreBuilder;
using Texts = std::vector<std::string>;

/// What damage there is, in words of the builder.
struct Found {
  explicit Found(const StoreBuilder& store) : survey(tests::survey_of(store)) {
    damage = find_damage(survey);
    for (const BrokenTag& broken : damage.broken_tags) {
      const Repository& repository = survey.repositories[broken.tag.repository];
      tags.push_back(repository.name + ':' + repository.tags[broken.tag.tag].name);
      causes.push_back(survey.graph.digests[broken.cause].text());
    }
  }
  Texts texts(const std::vector<DigestId>& ids) const {
    Texts out;
    for (const DigestId id : ids) out.push_back(survey.graph.digests[id].text());
    return out;
  }

  Survey survey;
  Damage damage;
  Texts tags;
  Texts causes;
};

TEST(Damage, AHealthyStoreHasNone) {
  StoreBuilder store;
  store.repo("a").image("1.0", {layer("app", 40)}).untagged({layer("x", 1)}, "child");
  store.index("multi", {"child"}).orphan(layer("nothing", 0));
  const Found found(store);
  EXPECT_TRUE(found.damage.empty.empty());
  EXPECT_TRUE(found.damage.missing.empty());
  EXPECT_TRUE(found.damage.wrong_size.empty());
  EXPECT_TRUE(found.tags.empty());
}

TEST(Damage, AMissingLayerBreaksEveryTagThatReachesIt) {
  StoreBuilder store;
  store.repo("a")
      .image("1.0", {layer("base", 100), layer("app", 40)})
      .image("2.0", {layer("z", 1)});
  store.repo("b").untagged({layer("base", 100)}, "child").index("multi", {"child"});
  store.missing("base");
  const Found found(store);
  EXPECT_EQ(found.texts(found.damage.missing), Texts{store.digest_of("base")});
  EXPECT_EQ(found.tags, (Texts{"a:1.0", "b:multi"}));
  EXPECT_EQ(found.causes, (Texts{store.digest_of("base"), store.digest_of("base")}));
}

TEST(Damage, AnEmptyBlobIsDamagedUnlessNothingNeedsIt) {
  StoreBuilder store;
  store.repo("a").image("1.0", {layer("app", 40)}).orphan(layer("orphan", 9));
  store.zero_length("app").zero_length("orphan");
  const Found found(store);
  EXPECT_EQ(found.texts(found.damage.empty), Texts{store.digest_of("app")});
  EXPECT_EQ(found.tags, Texts{"a:1.0"});
}

TEST(Damage, AnEmptyManifestBreaksItsTags) {
  StoreBuilder store;
  store.repo("a").image("1.0", {layer("app", 40)}).zero_length("a:1.0");
  const Found found(store);
  EXPECT_EQ(found.texts(found.damage.empty), Texts{store.digest_of("a:1.0")});
  EXPECT_EQ(found.tags, Texts{"a:1.0"});
}

TEST(Damage, AMissingManifestBreaksItsTags) {
  StoreBuilder store;
  store.repo("a").image("1.0", {layer("app", 40)}).missing("a:1.0");
  const Found found(store);
  EXPECT_EQ(found.tags, Texts{"a:1.0"});
  EXPECT_EQ(found.causes, Texts{store.digest_of("a:1.0")});
}

TEST(Damage, ATruncatedLayerHasAnotherSizeThanDeclared) {
  StoreBuilder store;
  store.repo("a").image("1.0", {layer("app", 40)});
  ASSERT_EQ(::truncate((store.v2() + '/' + store.blob_path("app")).c_str(), 39), 0);
  const Found found(store);
  EXPECT_EQ(found.texts(found.damage.wrong_size), Texts{store.digest_of("app")});
  EXPECT_EQ(found.tags, Texts{"a:1.0"});
}

TEST(Damage, AForeignLayerIsAbsentOnPurpose) {
  StoreBuilder store;
  store.repo("a").image("1.0", {tests::foreign_layer("windows", 4000), layer("app", 40)});
  const Found found(store);
  EXPECT_EQ(found.texts(found.damage.foreign_layers), Texts{store.digest_of("windows")});
  EXPECT_TRUE(found.damage.missing.empty());
  EXPECT_TRUE(found.tags.empty());
}

TEST(Damage, AnIndexWithoutSomeOfItsChildrenIsSparseAndWithoutAllHollow) {
  StoreBuilder store;
  store.repo("a")
      .untagged({layer("amd64", 1)}, "amd64 image")
      .untagged({layer("arm64", 2)}, "arm64 image")
      .index("sparse", {"amd64 image", "arm64 image"})
      .index("hollow", {"arm64 image"})
      .missing("arm64 image");
  const Found found(store);
  EXPECT_EQ(found.texts(found.damage.sparse_indexes), Texts{store.digest_of("a:sparse")});
  EXPECT_EQ(found.texts(found.damage.hollow_indexes), Texts{store.digest_of("a:hollow")});
  EXPECT_EQ(found.tags, Texts{"a:hollow"});
}

TEST(Damage, ASha512NameIsNotMissingWhileItsContentIsThere) {
  StoreBuilder store;
  store.repo("a").image("1.0", {tests::sha512_layer("app", 40)});
  EXPECT_TRUE(Found(store).tags.empty());
  store.missing("app");
  EXPECT_EQ(Found(store).tags, Texts{"a:1.0"});
}

TEST(Damage, ACrossedLinkIsNoOtherNameOfAMissingBlob) {
  StoreBuilder store;
  store.repo("good").image("1", {layer("app", 40)}).missing("app");
  store.repo("evil").image("1", {layer("other", 30)});
  const std::string hex = store.digest_of("app").substr(7);
  store.link("repositories/evil/_layers/sha256/" + hex + "/link", store.digest_of("other"));
  const Found found(store);
  EXPECT_EQ(found.texts(found.damage.missing), Texts{store.digest_of("app")});
  EXPECT_EQ(found.tags, Texts{"good:1"});
}

TEST(Damage, WhatIsNamedBySha512IsDamagedWithItsContent) {
  StoreBuilder store;
  store.repo("a").image("1.0", {tests::sha512_layer("app", 40)}).zero_length("app");
  const Found found(store);
  EXPECT_EQ(found.texts(found.damage.empty), Texts{store.digest_of("app")});
  EXPECT_EQ(found.tags, Texts{"a:1.0"});
  EXPECT_EQ(found.causes, Texts{store.digest_of("app")});
}

TEST(Damage, ATagOfAnAbsentChildBreaksItselfAndNotItsIndex) {
  StoreBuilder store;
  store.repo("a")
      .untagged({layer("amd64", 1)}, "amd64 image")
      .untagged({layer("arm64", 2)}, "arm64 image")
      .index("sparse", {"amd64 image", "arm64 image"});
  store.repo("b").tag("arm64", "arm64 image").missing("arm64 image");
  const Found found(store);
  EXPECT_EQ(found.tags, Texts{"b:arm64"});
  EXPECT_EQ(found.texts(found.damage.sparse_indexes), Texts{store.digest_of("a:sparse")});
}

TEST(Damage, AReferrersTroubleIsNotItsSubjects) {
  StoreBuilder store;
  store.repo("a").image("1.0", {layer("app", 40)}).referrer("a:1.0", {layer("sbom", 5)});
  store.missing("sbom");
  const Found found(store);
  EXPECT_EQ(found.texts(found.damage.missing), Texts{store.digest_of("sbom")});
  EXPECT_TRUE(found.tags.empty());
}

TEST(Damage, AMissingSubjectIsNoDamage) {
  StoreBuilder store;
  store.repo("a").untagged({layer("old", 1)}, "old").image("1.0", {layer("app", 40)});
  store.referrer("old", {layer("sbom", 5)}, "referrer").tag("signed", "referrer").missing("old");
  store.remove(store.revision_path("old"));
  EXPECT_TRUE(Found(store).tags.empty());
}

}  // namespace
}  // namespace regsweep::analyzer
