#include "analyzer/mark.h"

#include <gtest/gtest.h>

#include "tests/analyze.h"

namespace regsweep::analyzer {
namespace {

using tests::layer;
using tests::StoreBuilder;

/// Whether the policy keeps what has this name.
class Kept {
 public:
  explicit Kept(const StoreBuilder& store) : store_(store), survey_(tests::survey_of(store)) {}

  bool operator()(const Policy& policy, const std::string& name) const {
    return mark(survey_, policy)[row(tests::id_of(survey_, store_.digest_of(name)))] != 0;
  }
  bool by_anything(const std::string& name) const { return (*this)(safe_policy(false), name); }
  bool by_a_tag(const std::string& name) const { return (*this)(safe_policy(true), name); }
  bool by_2_8(const std::string& name) const { return (*this)(registry_2_8_policy(false), name); }
  bool by_2_8_with_m(const std::string& name) const {
    return (*this)(registry_2_8_policy(true), name);
  }

 private:
  const StoreBuilder& store_;
  const Survey survey_;
};

TEST(Mark, ATagKeepsItsImageAndAnUntaggedRevisionIsKeptUnlessAskedOtherwise) {
  StoreBuilder store;
  store.repo("a")
      .image("1.0", {layer("base", 100), layer("app", 40)})
      .untagged({layer("base", 100), layer("old", 25)}, "untagged")
      .orphan(layer("orphan", 9));
  const Kept kept(store);
  for (const char* name : {"a:1.0", "base", "app"}) {
    EXPECT_TRUE(kept.by_a_tag(name)) << name;
    EXPECT_TRUE(kept.by_2_8_with_m(name)) << name;
  }
  for (const char* name : {"untagged", "old"}) {
    EXPECT_TRUE(kept.by_anything(name)) << name;
    EXPECT_TRUE(kept.by_2_8(name)) << name;
    EXPECT_FALSE(kept.by_a_tag(name)) << name;
    EXPECT_FALSE(kept.by_2_8_with_m(name)) << name;
  }
  EXPECT_FALSE(kept.by_anything("orphan"));
}

// An index may list an image by its sha512, and a link that it was served by say which blob that
// is.
TEST(Mark, WhatIsKeptByAnotherNameKeepsWhatItNeeds) {
  StoreBuilder store;
  store.repo("a").untagged({layer("app", 40)}, "image");
  const std::string other = std::string(128, 'e');
  store.remove(store.revision_path("image").substr(0, store.revision_path("image").rfind('/')));
  store.link("repositories/a/_layers/sha512/" + other + "/link", store.digest_of("image"));
  store.manifest(R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json",)"
                 R"("manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json",)"
                 R"("size":1,"digest":"sha512:)" +
                     other + R"("}]})",
                 "1.0");
  const Kept kept(store);
  EXPECT_TRUE(kept.by_a_tag("image"));
  EXPECT_TRUE(kept.by_a_tag("app"));
}

TEST(Mark, ALayerLinkKeepsNothing) {
  StoreBuilder store;
  store.repo("a").image("1.0", {layer("app", 40)}).orphan(layer("dead", 9)).layer_link("dead");
  EXPECT_FALSE(Kept(store).by_anything("dead"));
}

TEST(Mark, IndexesOverIndexesAreFollowedWherever) {
  StoreBuilder store;
  store.repo("images").untagged({layer("leaf", 40)}, "image");
  store.repo("inner").index("", {"image"}, "inner");
  store.repo("outer").index("multi", {"inner"}, "outer");
  const Kept kept(store);
  for (const char* name : {"outer", "inner", "image", "leaf"}) EXPECT_TRUE(kept.by_a_tag(name));
  EXPECT_TRUE(kept.by_2_8_with_m("inner"));  // marked as a blob, never read
  EXPECT_FALSE(kept.by_2_8_with_m("image"));
  EXPECT_FALSE(kept.by_2_8_with_m("leaf"));
}

TEST(Mark, AChildWithoutARevisionIsFollowedAllTheSame) {
  StoreBuilder store;
  store.repo("a").untagged({layer("leaf", 40)}, "child").index("multi", {"child"});
  store.remove(store.revision_path("child"));
  const Kept kept(store);
  EXPECT_TRUE(kept.by_anything("leaf"));
  EXPECT_FALSE(kept.by_2_8("leaf"));
}

TEST(Mark, ReferrersLiveAsLongAsTheirSubject) {
  StoreBuilder store;
  store.repo("a")
      .image("1.0", {layer("app", 40)})
      .referrer("a:1.0", {layer("sbom", 50)}, "referrer")
      .referrer("referrer", {layer("signature", 60)}, "referrer of the referrer")
      .untagged({layer("old", 25)}, "old image")
      .referrer("old image", {layer("old sbom", 70)})
      .artifact("a:1.0", {layer("scan", 80)});
  const Kept kept(store);
  for (const char* name : {"sbom", "signature", "scan"}) EXPECT_TRUE(kept.by_a_tag(name)) << name;
  EXPECT_FALSE(kept.by_a_tag("old sbom"));
  EXPECT_TRUE(kept.by_anything("old sbom"));
  EXPECT_FALSE(kept.by_2_8_with_m("sbom"));
}

TEST(Mark, ASubjectIsNotKeptByItsReferrer) {
  StoreBuilder store;
  store.repo("a").untagged({layer("old", 25)}, "image").cosign_signature("image");
  const Kept kept(store);
  EXPECT_TRUE(kept.by_a_tag("signature of image"));
  EXPECT_FALSE(kept.by_a_tag("old"));
}

TEST(Mark, ASha512NameKeepsItsContent) {
  StoreBuilder store;
  store.repo("a").image("1.0", {tests::sha512_layer("app", 40)});
  const Kept kept(store);
  EXPECT_TRUE(kept.by_a_tag("app"));
  EXPECT_FALSE(kept.by_2_8("app"));
}

TEST(Mark, ATagKeepsItsImageWithoutARevision) {
  StoreBuilder store;
  store.repo("a").image("1.0", {layer("app", 40)});
  store.remove(store.revision_path("a:1.0"));
  const Kept kept(store);
  EXPECT_TRUE(kept.by_a_tag("app"));
  EXPECT_FALSE(kept.by_2_8("app"));
}

TEST(Mark, ADamagedRevisionLinkKeepsWhatItsPathNames) {
  for (const char* text : {"", "garbage", "sha256:abc"}) {
    StoreBuilder store;
    store.repo("a").untagged({layer("old", 25)}, "image");
    store.link(store.revision_path("image"), text);
    EXPECT_TRUE(Kept(store).by_anything("old")) << text;
  }
}

TEST(Mark, ACrossedRevisionLinkKeepsBoth) {
  StoreBuilder store;
  store.repo("a").untagged({layer("one", 25)}, "first").untagged({layer("two", 26)}, "second");
  store.link(store.revision_path("first"), store.digest_of("second"));
  store.remove(store.revision_path("second"));
  const Kept kept(store);
  EXPECT_TRUE(kept.by_anything("one"));
  EXPECT_TRUE(kept.by_anything("two"));
}

TEST(Mark, RepositoriesWithoutLayersAreSeen) {
  StoreBuilder store;
  store.repo("a").image("1.0", {layer("app", 40)}).remove("repositories/a/_layers");
  EXPECT_TRUE(Kept(store).by_a_tag("app"));
}

TEST(Mark, NothingBelowAnUnderscoreIsARepository) {
  StoreBuilder store;
  store.repo("_x/y").image("1.0", {layer("app", 40)});
  const Survey survey = tests::survey_of(store);
  EXPECT_TRUE(survey.repositories.empty());
  EXPECT_TRUE(tests::marked(survey, mark(survey, safe_policy(false))).empty());
}

TEST(Mark, DocumentsNoRegistryUnderstandsKeepWhatTheyName) {
  StoreBuilder store;
  store.repo("a").orphan(layer("app", 40)).orphan(layer("other", 41));
  store.manifest(R"({"mediaType":"application/x","layers":[{"digest":")" + store.digest_of("app") +
                 R"("}],"fsLayers":[{"blobSum":")" + store.digest_of("other") + R"("}]})");
  const Kept kept(store);
  EXPECT_TRUE(kept.by_anything("app"));
  EXPECT_TRUE(kept.by_anything("other"));
}

}  // namespace
}  // namespace regsweep::analyzer
