// A survey as it would be without some tags and revisions.
#include "analyzer/without.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "analyzer/account.h"
#include "tests/analyze.h"
#include "tests/random_store.h"
#include "tests/store_builder.h"

namespace regsweep::analyzer {
namespace {

namespace fs = std::filesystem;
using tests::layer;
using tests::StoreBuilder;

TagRef tag_at(const Survey& survey, const std::string& repository, const std::string& tag) {
  for (std::uint32_t r = 0; r < survey.repositories.size(); ++r) {
    const auto& tags = survey.repositories[r].tags;
    for (std::uint32_t t = 0; t < tags.size(); ++t) {
      if (survey.repositories[r].name == repository && tags[t].name == tag) return {r, t};
    }
  }
  throw std::runtime_error("no tag " + repository + ':' + tag);
}
std::uint32_t number_of(const Survey& survey, const std::string& repository) {
  for (std::uint32_t r = 0; r < survey.repositories.size(); ++r) {
    if (survey.repositories[r].name == repository) return r;
  }
  throw std::runtime_error("no repository " + repository);
}

Marks marks_without(Survey& survey, const Withdrawal& removal, bool untagged) {
  const Without without(survey, removal);
  return mark(survey, safe_policy(untagged));
}
Freed freed(Survey& survey, const Withdrawal& removal, bool untagged) {
  const Marks before = mark(survey, safe_policy(untagged));
  return freed_by(survey, before, marks_without(survey, removal, untagged));
}

/// Everything of a survey that a removal may touch.
std::string state_of(const Survey& survey) {
  std::string text;
  for (const Repository& repository : survey.repositories) {
    text += repository.name + '\n';
    for (const DigestId path : repository.revisions.paths) {
      text += "revision " + survey.graph.digests[path].text() + '\n';
    }
    for (const OddLink& odd : repository.revisions.odd) {
      text += "odd " + survey.graph.digests[odd.path].text() + '\n';
    }
    for (const Tag& tag : repository.tags) {
      text += "tag " + tag.name + ' ' + std::to_string(static_cast<int>(tag.state)) + ' ' +
              std::to_string(row(tag.digest)) + ' ' + std::to_string(tag.pushed_seconds) + '\n';
    }
  }
  for (const std::uint32_t manifest : survey.graph.manifest_of) {
    text += std::to_string(manifest) + ' ';
  }
  text += std::to_string(survey.graph.referrers.size()) + '\n';
  for (const StrayLink& link : survey.stray_links) text += "stray " + link.path + '\n';
  return text;
}

class WithoutTest : public ::testing::Test {
 protected:
  WithoutTest() {
    store_.repo("team/app").image("1.0", {layer("base", 100'000), layer("app", 20'000)}, "one");
    store_.image("2.0", {layer("base", 100'000), layer("new", 30'000)}, "two");
    store_.tag("stable", "two");
  }
  StoreBuilder store_;
};

TEST_F(WithoutTest, ATagAloneFreesWhatOnlyItReaches) {
  Survey survey = tests::survey_of(store_);
  const std::string before = state_of(survey);
  const Withdrawal removal{{tag_at(survey, "team/app", "1.0")}, {}};
  EXPECT_EQ(freed(survey, removal, false), Freed{});  // its revision keeps it
  const Freed all = freed(survey, removal, true);
  EXPECT_EQ(all.blobs, 3u);  // manifest, config, layer
  EXPECT_EQ(all.bytes.apparent, 20'000 + tests::kConfigBytes + store_.size_of("one"));
  EXPECT_EQ(state_of(survey), before);
}

TEST_F(WithoutTest, OneOfTwoTagsFreesNothing) {
  Survey survey = tests::survey_of(store_);
  EXPECT_EQ(freed(survey, {{tag_at(survey, "team/app", "2.0")}, {}}, true), Freed{});
  const Withdrawal both{{tag_at(survey, "team/app", "2.0"), tag_at(survey, "team/app", "stable"),
                         tag_at(survey, "team/app", "2.0")},
                        {}};
  EXPECT_EQ(freed(survey, both, true).blobs, 3u);
}

TEST_F(WithoutTest, ARevisionWithItsTagsIsFreedByAPlainCollection) {
  Survey survey = tests::survey_of(store_);
  const std::string before = state_of(survey);
  const DigestId one = tests::id_of(survey, store_.digest_of("one"));
  const std::uint32_t app = number_of(survey, "team/app");
  const Withdrawal removal{{tag_at(survey, "team/app", "1.0")}, {{app, one}, {app, one}}};
  EXPECT_EQ(freed(survey, removal, false).blobs, 3u);
  EXPECT_EQ(freed(survey, {{}, {{app, one}}}, false), Freed{});  // the tag keeps it
  EXPECT_EQ(state_of(survey), before);
}

TEST_F(WithoutTest, WhatIsThereIsTakenAndPutBack) {
  store_.garbled_link(store_.tag_path("bad"));
  store_.link(store_.revision_path("one"), store_.digest_of("two"));
  Survey survey = tests::survey_of(store_);
  const std::string before = state_of(survey);
  const DigestId one = tests::id_of(survey, store_.digest_of("one"));
  const std::uint32_t app = number_of(survey, "team/app");
  ASSERT_TRUE(tags_are_unclear(survey.repositories[app]));
  {
    const TagRef bad = tag_at(survey, "team/app", "bad");
    const Without without(survey, {{bad}, {{app, one}}});
    const Repository& repository = survey.repositories[app];
    EXPECT_FALSE(tags_are_unclear(repository));
    EXPECT_EQ(repository.tags[bad.tag].name, "bad");
    EXPECT_EQ(repository.tags[bad.tag].state, storage::LinkState::kAbsent);
    EXPECT_EQ(repository.revisions.odd_at(one), nullptr);
    EXPECT_EQ(repository.revisions.paths.size(), 1u);
  }
  EXPECT_EQ(state_of(survey), before);
}

/// Its subject keeps it, but who finds it without a revision?
TEST_F(WithoutTest, AReferrerGoesWithItsRevision) {
  store_.referrer("one", {layer("signature", 500)}, "signed");
  Survey survey = tests::survey_of(store_);
  const std::string before = state_of(survey);
  const std::uint32_t app = number_of(survey, "team/app");
  const DigestId signature = tests::id_of(survey, store_.digest_of("signed"));
  for (const bool untagged : {false, true}) {
    EXPECT_EQ(freed(survey, {{}, {{app, signature}}}, untagged).blobs, 3u) << untagged;
  }
  const DigestId one = tests::id_of(survey, store_.digest_of("one"));
  const Withdrawal subject{{tag_at(survey, "team/app", "1.0")}, {{app, one}}};
  EXPECT_EQ(freed(survey, subject, true).blobs, 6u);   // it goes with its subject
  EXPECT_EQ(freed(survey, subject, false).blobs, 3u);  // its revision keeps it
  EXPECT_EQ(state_of(survey), before);
}

TEST_F(WithoutTest, AFileWithTwoNamesIsFreedWithTheLast) {
  store_.blob("twin", "other bytes");
  store_.remove(store_.blob_path("twin"));
  store_.hard_link(store_.blob_path("twin"), store_.blob_path("app"));
  store_.image("3.0", {layer("base", 100'000)}, "three");
  Survey survey = tests::survey_of(store_);
  const DigestId app = tests::id_of(survey, store_.digest_of("app"));
  const DigestId twin = tests::id_of(survey, store_.digest_of("twin"));
  Marks before(survey.graph.node_count());
  Marks after = before;
  before[row(app)] = before[row(twin)] = 1;
  EXPECT_EQ(freed_by(survey, before, after).blobs, 2u);
  EXPECT_EQ(freed_by(survey, before, after).bytes.apparent, 20'000u);
  after[row(twin)] = 1;
  EXPECT_EQ(freed_by(survey, before, after).blobs, 1u);
  EXPECT_EQ(freed_by(survey, before, after).bytes, Bytes{});
}

/// The bytes that go are the difference of two accounts: of the store, and of the store after the
/// tags and revisions are gone from the disk.
TEST(WithoutRandom, FreedBytesAreTheDifferenceOfTwoAccounts) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    tests::RandomStore random(seed);
    StoreBuilder& store = random.builder;
    Survey survey = tests::survey_of(store);
    const std::string before_state = state_of(survey);
    const Accounts before = account(survey);
    Withdrawal removal;
    for (std::uint32_t r = 0; r < survey.repositories.size(); ++r) {
      const Repository& repository = survey.repositories[r];
      store.repo(repository.name);
      for (std::uint32_t t = 0; t < repository.tags.size(); ++t) {
        if (random.random.one_in(3)) removal.tags.push_back({r, t});
      }
      for (const DigestId path : repository.revisions.paths) {
        if (random.random.one_in(4)) removal.revisions.push_back({r, path});
      }
    }
    const Freed by_gc = freed_by(survey, before.live, marks_without(survey, removal, false));
    const Freed by_untagged =
        freed_by(survey, before.live_by_tag, marks_without(survey, removal, true));
    EXPECT_EQ(state_of(survey), before_state);
    for (const TagRef& at : removal.tags) {
      const Repository& repository = survey.repositories[at.repository];
      store.repo(repository.name)
          .remove("repositories/" + repository.name + "/_manifests/tags/" +
                  repository.tags[at.tag].name);
    }
    for (const RevisionRef& at : removal.revisions) {
      const storage::Digest digest = survey.graph.digests[at.path];
      store.remove("repositories/" + survey.repositories[at.repository].name +
                   "/_manifests/revisions/sha256/" + digest.hex());
    }
    Survey left = tests::survey_of(store);
    const Accounts after = account(left);
    const auto live = [](const Accounts& accounts) {
      return accounts[SpaceClass::kTagged].bytes + accounts[SpaceClass::kUntagged].bytes;
    };
    const auto blobs = [](const Accounts& accounts) {
      return accounts[SpaceClass::kTagged].objects + accounts[SpaceClass::kUntagged].objects;
    };
    EXPECT_EQ(by_gc.bytes, live(before) - live(after)) << seed;
    EXPECT_EQ(by_gc.blobs, blobs(before) - blobs(after)) << seed;
    EXPECT_EQ(by_untagged.bytes,
              before[SpaceClass::kTagged].bytes - after[SpaceClass::kTagged].bytes)
        << seed;
    EXPECT_EQ(by_untagged.blobs,
              before[SpaceClass::kTagged].objects - after[SpaceClass::kTagged].objects)
        << seed;
  }
}

TEST(ManifestsInUse, AreThePinnedAndWhateverListsThem) {
  StoreBuilder store;
  store.repo("a").untagged({layer("one", 10)}, "image").untagged({layer("two", 20)}, "other");
  store.index("inner", {"image"}, "inner").index("outer", {"inner", "other"}, "outer");
  Survey survey = tests::survey_of(store);
  EXPECT_TRUE(manifests_in_use(survey).empty());
  const auto ids = [&](std::initializer_list<const char*> names) {
    std::vector<DigestId> all;
    for (const char* name : names) all.push_back(tests::id_of(survey, store.digest_of(name)));
    std::sort(all.begin(), all.end());
    return all;
  };
  survey.pinned = ids({"image"});
  EXPECT_EQ(manifests_in_use(survey), ids({"image", "inner", "outer"}));
  survey.pinned = ids({"one", "other"});  // an image does not list its layers
  EXPECT_EQ(manifests_in_use(survey), ids({"one", "other", "outer"}));
}

/// Takes minutes if each level of indexes costs a pass over all.
TEST(ManifestsInUse, IndexesMayBeNestedDeeply) {
  constexpr std::uint32_t kLevels = 100'000;
  Survey survey;
  Graph& graph = survey.graph;
  graph.flags.resize(kLevels);
  for (std::uint32_t i = 0; i < kLevels; ++i) {  // each lists the one after it, the last nothing
    graph.manifest_of.push_back(i);
    graph.manifests.push_back(
        {digest_id(i), i, i + 1 < kLevels ? 1U : 0U, ManifestType::kOciIndex});
    graph.edge_to.push_back(digest_id(i + 1));
    graph.edge_flags.push_back(
        static_cast<std::uint8_t>(static_cast<std::uint8_t>(Role::kManifest) | kManifestEdge));
    graph.edge_media.push_back(0);
  }
  survey.pinned = {digest_id(kLevels - 1)};
  EXPECT_EQ(manifests_in_use(survey).size(), kLevels);
}

}  // namespace
}  // namespace regsweep::analyzer
