// What keeps an object, what refers to it, what deleting it frees, and what collectors do to it.
#include "analyzer/why.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <ctime>
#include <filesystem>
#include <sstream>

#include "reports/ref_text.h"
#include "reports/why_report.h"
#include "tests/analyze.h"
#include "tests/random_store.h"
#include "tests/store_builder.h"

namespace regsweep::analyzer {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using tests::layer;
using tests::StoreBuilder;

class WhyTest : public ::testing::Test {
 protected:
  /// What is to be said of `text`, a Ref or a name of the builder.
  const Why& why(const std::string& text) {
    asked_ =
        store_.has(text) && text.find(':') == std::string::npos ? store_.digest_of(text) : text;
    survey_ = tests::survey_of(store_, {.exact = false});
    const Damage damage = find_damage(survey_);
    const Accounts accounts = account(survey_);
    const ResolvedRef resolved = resolve_ref(survey_, asked_);
    EXPECT_EQ(resolved.outcome, RefOutcome::kResolved) << asked_;
    const auto store = tests::open_store(store_);
    tests::with_threads(2, [&] {
      why_ = explain(*store, survey_, accounts, damage, resolved.ref, {store_.root(), false});
    });
    return why_;
  }
  std::string said(const std::string& text) {
    why(text);
    std::ostringstream out;
    reports::write_why_text({survey_, why_, asked_, store_.root(), store_.root()}, {}, out);
    return out.str();
  }
  const Fate& fate(RegistryVersion version, bool delete_untagged) const {
    for (const Fate& one : why_.fates) {
      if (one.version == version && one.delete_untagged == delete_untagged) return one;
    }
    throw std::logic_error("no such fate");
  }
  std::string d(const std::string& name) const { return store_.digest_of(name); }

  StoreBuilder store_;
  Survey survey_;
  std::string asked_;
  Why why_;
};

TEST_F(WhyTest, AnImageOfATaggedIndex) {
  store_.repo("team/app").untagged({layer("app", 100)}, "image").index("1.0", {"image"}, "index");
  const std::string text = said("app");
  EXPECT_THAT(text,
              HasSubstr("team/app:1.0\n  -> index " + d("index") + "\n  -> linux/amd64 image " +
                        d("image") + "\n  -> layer " + d("app") + '\n'));
  EXPECT_THAT(text, HasSubstr("nothing: it cannot be deleted alone"));
  EXPECT_EQ(why_.standing, Standing::kTagged);
  EXPECT_TRUE(why_.deletion.removal.empty());
  EXPECT_FALSE(why_.live_damage());
  // 2.8 knows children by their own revisions alone.
  EXPECT_TRUE(fate(RegistryVersion::k2_8, true).is_loss());
  EXPECT_TRUE(fate(RegistryVersion::k2_8, true).deletes_object);
  EXPECT_FALSE(fate(RegistryVersion::k2_8, false).is_loss());
  EXPECT_FALSE(fate(RegistryVersion::k3, true).is_loss());
  EXPECT_THAT(text, HasSubstr("!!! registry 2.8  garbage-collect -m  DELETES IT, although"));
  said("team/app:1.0");
  EXPECT_EQ(fate(RegistryVersion::k2_8, true).parts_alive,
            2u);  // config and layer: the index itself names the image
  EXPECT_EQ(fate(RegistryVersion::k2_8, true).lost_children, 1u);
  EXPECT_FALSE(fate(RegistryVersion::k2_8, true).deletes_object);
}

TEST_F(WhyTest, GarbageSaysSinceWhen) {
  store_.repo("a").image("1", {layer("app", 100)}).orphan(layer("old", 5000));
  std::string text = said("old");
  EXPECT_EQ(why_.standing, Standing::kGarbage);
  EXPECT_FALSE(why_.chain.has_value());
  EXPECT_GT(why_.last_written_seconds, 0);
  EXPECT_THAT(text, HasSubstr("nothing refers to it; last written 20"));
  EXPECT_THAT(text, HasSubstr("no manifest, no tag, no repository"));
  EXPECT_THAT(text,
              HasSubstr("8.0 KiB: it is garbage, and a collection removes it once it is old"));
  EXPECT_TRUE(fate(RegistryVersion::k3, false).deletes_object);
  EXPECT_FALSE(fate(RegistryVersion::k3, false).is_loss());
  EXPECT_THAT(text, HasSubstr("deletes it: it is garbage"));
  store_.layer_link("old");
  text = said("old");
  EXPECT_THAT(text, HasSubstr("repositories link it, which keeps no blob alive; last written"));
  EXPECT_EQ(why_.holders.size(), 1u);
}

TEST_F(WhyTest, ALinkByAnotherNameIsWrittenForItToo) {
  store_.repo("a").image("1", {layer("app", 100)}).alias_sha512(layer("twice", 5000));
  const std::filesystem::file_time_type old =
      std::filesystem::file_time_type::clock::now() - std::chrono::hours(24 * 90);
  for (const std::string& path : {store_.blob_path("twice"), store_.layer_path("twice")}) {
    std::filesystem::last_write_time(store_.v2() + '/' + path, old);
  }
  said("twice");
  EXPECT_EQ(why_.standing, Standing::kGarbage);
  EXPECT_GT(why_.last_written_seconds, std::time(nullptr) - 3600);
}

TEST_F(WhyTest, UntaggedSaysWhichRevisionKeepsIt) {
  store_.repo("a").untagged({layer("app", 9000)}, "image");
  std::string text = said("app");
  EXPECT_EQ(why_.standing, Standing::kUntagged);
  EXPECT_THAT(text, HasSubstr("a@" + d("image") + "\n  -> layer " + d("app")));
  EXPECT_THAT(text, HasSubstr("no tag needs it: a revision of a keeps it; last written 20"));
  EXPECT_THAT(text, HasSubstr("regsweep gc --untagged"));
  EXPECT_FALSE(fate(RegistryVersion::k3, true).is_loss());  // the user gives it up
  EXPECT_TRUE(fate(RegistryVersion::k3, true).deletes_object);
  text = said("image");
  EXPECT_EQ(why_.deletion.removal.revisions.size(), 1u);
  EXPECT_EQ(why_.deletion.by_gc.blobs, 3u);
  EXPECT_EQ(why_.deletion.by_gc_untagged, Freed{});  // it would go anyway
  EXPECT_FALSE(why_.deletion.still.has_value());
}

TEST_F(WhyTest, DeletingADigestInOneRepositoryOrEverywhere) {
  store_.repo("a").image("1", {layer("app", 100)}, "image").tag("2", "image");
  store_.repo("b").image("3", {layer("app", 100)}, "image");
  why("a@" + d("image"));
  EXPECT_EQ(why_.deletion.removal.tags.size(), 2u);
  EXPECT_EQ(why_.deletion.removal.revisions.size(), 1u);
  EXPECT_EQ(why_.deletion.by_gc_untagged, Freed{});
  ASSERT_TRUE(why_.deletion.still.has_value());
  EXPECT_EQ(reports::ref_name(survey_, why_.deletion.still->root), "b:3");
  why("image");
  EXPECT_EQ(why_.deletion.removal.tags.size(), 3u);
  EXPECT_EQ(why_.deletion.by_gc.blobs, 3u);
  EXPECT_FALSE(why_.deletion.still.has_value());
  why("a");
  EXPECT_EQ(why_.ref.kind, RefKind::kRepository);
  EXPECT_EQ(why_.deletion.removal.tags.size(), 2u);
  EXPECT_EQ(why_.deletion.by_gc, Freed{});
}

TEST_F(WhyTest, AMissingLayerOfATaggedImage) {
  store_.repo("a").image("1", {layer("app", 100), layer("base", 50)}, "image").missing("app");
  std::string text = said("app");
  EXPECT_TRUE(why_.is_missing);
  EXPECT_TRUE(why_.live_damage());
  EXPECT_THAT(text, HasSubstr("!!! its blob is not there, although it is needed"));
  EXPECT_THAT(text, HasSubstr("removes nothing: there is no blob"));
  text = said("a:1");
  EXPECT_TRUE(why_.live_damage());
  EXPECT_THAT(text, HasSubstr("!!! it needs " + d("app") + ", which is missing"));
  said("base");
  EXPECT_FALSE(why_.live_damage());
}

TEST_F(WhyTest, AnEmptyBlob) {
  store_.repo("a").image("1", {layer("app", 100)}, "image").zero_length("app");
  EXPECT_THAT(said("app"), HasSubstr("!!! it is empty: zero bytes are served for it"));
  EXPECT_TRUE(why_.live_damage());
}

TEST_F(WhyTest, AForeignLayerNeedNotBeThere) {
  const tests::Layer foreign = tests::foreign_layer("windows", 4000);
  store_.repo("a").image("1", {foreign, layer("app", 1)}, "image");
  const std::string text = said("windows");
  EXPECT_TRUE(why_.is_foreign);
  EXPECT_FALSE(why_.live_damage());
  EXPECT_THAT(text, HasSubstr("it is a foreign layer"));
  EXPECT_THAT(text, Not(HasSubstr("!!!")));
  said("a:1");
  EXPECT_FALSE(why_.live_damage());
}

TEST_F(WhyTest, ASha512NameLeadsToItsContent) {
  const tests::Layer wide = tests::sha512_layer("wide", 300);
  store_.repo("a").image("1", {wide}, "image").alias_sha512(wide);
  why("a:1");
  std::string name;
  for (std::size_t i = 0; i < survey_.graph.node_count(); ++i) {
    const std::string text = survey_.graph.digests[digest_id(i)].text();
    if (text.starts_with("sha512:")) name = text;
  }
  std::string text = said(name);
  EXPECT_EQ(survey_.graph.digests[why_.served].text(), d("wide"));
  EXPECT_THAT(text, HasSubstr("another name of " + d("wide")));
  EXPECT_FALSE(why_.live_damage());
  EXPECT_TRUE(fate(RegistryVersion::k2_8, false).is_loss());  // no collector knows aliases
  text = said(d("wide"));
  EXPECT_THAT(text, HasSubstr("  -> layer " + name + "\n  -> stored as " + d("wide")));
  EXPECT_THAT(text, HasSubstr("DELETES IT, although it is alive"));
  EXPECT_THAT(text, HasSubstr("crossed with " + name));
}

TEST_F(WhyTest, ReferrersLiveWithTheirSubject) {
  store_.repo("a").image("1", {layer("app", 100)}, "image");
  store_.referrer("image", {layer("sbom", 40)}, "referrer");
  std::string text = said("sbom");
  EXPECT_EQ(why_.standing, Standing::kTagged);
  EXPECT_THAT(text, HasSubstr("a:1\n  -> image " + d("image") + "\n  -> referrer: image " +
                              d("referrer") + "\n  -> layer " + d("sbom")));
  EXPECT_TRUE(fate(RegistryVersion::k3, true).is_loss());
  text = said("referrer");
  EXPECT_THAT(text, HasSubstr("it is about " + d("image") + ", its subject"));
  EXPECT_EQ(why_.deletion.by_gc.blobs, 3u);
  text = said("image");
  EXPECT_THAT(text, HasSubstr(d("referrer") + "  image  as its subject  tagged"));
}

TEST_F(WhyTest, CosignTagsAreTagsThatAreAboutADigest) {
  store_.repo("a").image("1", {layer("app", 100)}, "image").cosign_signature("image");
  const std::string tag = "a:sha256-" + d("image").substr(7) + ".sig";
  EXPECT_THAT(said(tag), HasSubstr("by its name a signature or the like of " + d("image")));
  EXPECT_THAT(said("image"), HasSubstr("by their names (1)\n  " + tag));
}

TEST_F(WhyTest, AManifestThatIsNone) {
  store_.repo("a").manifest("not json", "1", "bad");
  const std::string text = said("a:1");
  EXPECT_THAT(text, HasSubstr("its document is no manifest that can be understood"));
  EXPECT_THAT(text, HasSubstr("!!! it is a manifest that cannot be parsed"));
  EXPECT_THAT(text, HasSubstr("regsweep removes no blob as things are: "));
  EXPECT_THAT(text, HasSubstr("stops before it removes anything: failed to garbage collect"));
  EXPECT_TRUE(why_.live_damage());
}

TEST_F(WhyTest, AnIndexOfWhichAnImageIsAbsent) {
  store_.repo("a").untagged({layer("app", 1)}, "here").untagged({layer("arm", 2)}, "gone");
  store_.index("1", {"here", "gone"}, "index").missing("gone");
  store_.remove(store_.revision_path("gone"));
  std::string text = said("a:1");
  EXPECT_FALSE(why_.live_damage());
  EXPECT_THAT(text, HasSubstr("1 of the 2 images that it names are not in the store"));
  text = said("gone");
  EXPECT_TRUE(why_.live_damage());
  EXPECT_THAT(text, HasSubstr("!!! its blob is not there"));
}

TEST_F(WhyTest, ATagThatMeansNothing) {
  store_.repo("a").image("1", {layer("app", 1)}).garbled_link(store_.tag_path("1"));
  const std::string text = said("a:1");
  EXPECT_TRUE(why_.live_damage());
  EXPECT_THAT(text, HasSubstr("!!! the tag means nothing"));
  EXPECT_EQ(why_.deletion.removal.tags.size(), 1u);
  EXPECT_THAT(said("app"), HasSubstr("a tag of a cannot be read: it may mean this revision"));
}

TEST_F(WhyTest, ARepositoryOfLinksAlone) {
  store_.repo("a").image("1", {layer("app", 1)}).repo("b").layer_link("app");
  EXPECT_THAT(said("b"), HasSubstr("nothing: the repository has no tags and no revisions"));
}

TEST_F(WhyTest, LongListsAreCutUnlessAllIsWanted) {
  for (int i = 10; i < 40; ++i) {
    store_.repo("r" + std::to_string(i)).image("1", {layer("base", 9), layer("l", 1)}, "image");
  }
  EXPECT_THAT(said("image"), HasSubstr("  r29:1\n  … and 10 more (-v)\n"));
  std::ostringstream all;
  reports::write_why_text({survey_, why_, asked_, store_.root(), store_.root()}, {.verbose = true},
                          all);
  EXPECT_THAT(all.str(), HasSubstr("r39:1"));
  EXPECT_THAT(all.str(), Not(HasSubstr("more (-v)")));
}

TEST_F(WhyTest, JsonHasTheRootAndStableRoles) {
  store_.repo("a").schema1("1", {layer("app", 1)});
  EXPECT_THAT(said("app"), HasSubstr("as its fs layer"));
  std::ostringstream json;
  reports::write_why_json({survey_, why_, asked_, "/etc/config.yml", "/srv"}, false, json);
  EXPECT_THAT(json.str(), HasSubstr("\"store\": \"/srv\""));
  EXPECT_THAT(json.str(), HasSubstr("\"role\": \"fs-layer\""));
}

/// Every object of random stores: nothing throws, and what is said agrees with the accounts.
TEST(WhyRandom, AgreesWithTheAccounts) {
  for (std::uint64_t seed = 1; seed <= 16; ++seed) {
    tests::RandomStore random(seed);
    const std::string odd = seed % 2 == 0 ? tests::add_odd_cases(random) : "";
    const auto store = tests::open_store(random.builder);
    Survey survey = tests::survey_of(random.builder);
    const Damage damage = find_damage(survey);
    const Accounts accounts = account(survey);
    std::vector<Ref> refs;
    for (std::size_t i = 0; i < survey.graph.node_count(); ++i) {
      refs.push_back({RefKind::kDigest, kNoRow, kNoRow, digest_id(i)});
    }
    for (std::uint32_t r = 0; r < survey.repositories.size(); ++r) {
      refs.push_back({RefKind::kRepository, r, kNoRow, kNoDigest});
      for (std::uint32_t t = 0; t < survey.repositories[r].tags.size(); ++t) {
        refs.push_back(ref_of_tag(survey, r, t));
      }
    }
    for (const Ref& ref : refs) {
      const Why why =
          explain(*store, survey, accounts, damage, ref, {random.builder.root(), false});
      std::ostringstream out;
      reports::write_why_text({survey, why, "x", "/store", "/store"}, {}, out);
      reports::write_why_json({survey, why, "x", "/store", "/store"}, false, out);
      EXPECT_FALSE(out.str().empty());
      if (why.object == kNoDigest) continue;
      EXPECT_EQ(why.chain.has_value(), accounts.live[row(why.object)] != 0) << seed << odd;
      EXPECT_EQ(why.standing == Standing::kTagged, accounts.live_by_tag[row(why.object)] != 0);
      EXPECT_EQ(why.deletion.still.has_value(),
                !why.deletion.removal.empty() && why.deletion.after != Standing::kGarbage);
      if (why.deletion.after == Standing::kGarbage && !why.deletion.removal.empty() &&
          accounts.live[row(why.object)] != 0 && survey.graph.has(why.object, kPresent) &&
          !survey.graph.has(why.object, kNotAFile)) {
        EXPECT_GE(why.deletion.by_gc.blobs, 1u) << seed << odd;
      }
    }
  }
}

}  // namespace
}  // namespace regsweep::analyzer
