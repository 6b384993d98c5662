// What repositories, groups, tags and actions cost, in small stores and against slow references.
#include <gtest/gtest.h>

#include <map>

#include "analyzer/age.h"
#include "analyzer/grouping.h"
#include "analyzer/largest_blobs.h"
#include "analyzer/media_type_of.h"
#include "analyzer/savings.h"
#include "analyzer/tag_figures.h"
#include "tests/analyze.h"
#include "tests/random_store.h"

namespace regsweep::analyzer {
namespace {

using tests::kConfigBytes;
using tests::kNow;
using tests::layer;
using tests::StoreBuilder;

std::string name_of(const Survey& survey, const TagFigures& figures) {
  const Repository& repository = survey.repositories[figures.tag.repository];
  return repository.name + ':' + repository.tags[figures.tag.tag].name;
}

std::map<std::string, TagFigures> tags_of(const Survey& survey) {
  std::map<std::string, TagFigures> tags;
  tests::with_threads(2, [&] {
    for (const TagFigures& figures : tag_figures(survey)) tags[name_of(survey, figures)] = figures;
  });
  return tags;
}

TEST(TagFigures, ALayerOfTwoTagsIsExclusiveToNeither) {
  StoreBuilder store;
  store.repo("team/app")
      .image("1.0", {layer("base", 100'000), layer("one", 5'000)})
      .image("1.1", {layer("base", 100'000), layer("two", 7'000)});
  const auto tags = tags_of(tests::survey_of(store));
  const std::uint64_t manifest = store.size_of("team/app:1.0");
  EXPECT_EQ(tags.at("team/app:1.0").exclusive.apparent, 5'000 + kConfigBytes + manifest);
  EXPECT_EQ(tags.at("team/app:1.0").size.apparent, 105'000 + kConfigBytes + manifest);
}

TEST(TagFigures, TwoTagsOnOneDigestFreeNothingAlone) {
  StoreBuilder store;
  store.repo("app").image("1.0", {layer("a", 9'000)}).tag("latest", "app:1.0");
  const auto tags = tags_of(tests::survey_of(store));
  EXPECT_EQ(tags.at("app:1.0").exclusive.apparent, 0U);
  EXPECT_EQ(tags.at("app:latest").exclusive.apparent, 0U);
  EXPECT_EQ(tags.at("app:latest").size, tags.at("app:1.0").size);
}

Survey with_repositories(const std::vector<std::string>& names) {
  Survey survey;
  for (const std::string& name : names) survey.repositories.emplace_back().name = name;
  return survey;
}

TEST(Grouping, ByDepthARepositoryMayBeItsOwnNamespace) {
  const Survey survey = with_repositories({"app", "team/a", "team/a/b", "team/c", "teams/d"});
  const Grouping grouping = group_repositories(survey, {.prefix = "", .depth = 1, .rules = {}});
  EXPECT_EQ(grouping.names, (std::vector<std::string>{"app", "team", "teams"}));
  EXPECT_EQ(grouping.group_of, (std::vector<std::uint32_t>{0, 1, 1, 1, 2}));
  EXPECT_EQ(grouping.repositories, (std::vector<std::uint64_t>{1, 3, 1}));
  EXPECT_FALSE(grouping.outside);
  const Grouping two = group_repositories(survey, {.prefix = "", .depth = 2, .rules = {}});
  EXPECT_EQ(two.names, (std::vector<std::string>{"app", "team/a", "team/c", "teams/d"}));
}

TEST(Grouping, AllOutsideThePrefixAreOneGroup) {
  const Survey survey = with_repositories({"app", "team", "team/a", "teams/d"});
  const Grouping grouping = group_repositories(survey, {.prefix = "team", .depth = 0, .rules = {}});
  EXPECT_EQ(grouping.names, (std::vector<std::string>{"team", "team/a", ""}));
  EXPECT_EQ(grouping.outside, 2U);
  EXPECT_EQ(grouping.group_of, (std::vector<std::uint32_t>{2, 0, 1, 2}));
}

TEST(Grouping, TheFirstRuleThatFitsDecidesAndACaptureNamesTheGroup) {
  std::string why;
  GroupOptions options;
  options.rules.push_back(*parse_group_rule("team=^team(\\d+)/", why));
  options.rules.push_back(*parse_group_rule("base=^library", why));
  const Survey survey = with_repositories({"library/x", "other", "team1/a", "team2/b"});
  const Grouping grouping = group_repositories(survey, options);
  EXPECT_EQ(grouping.names, (std::vector<std::string>{"(no group)", "base", "team=1", "team=2"}));
  EXPECT_EQ(grouping.group_of, (std::vector<std::uint32_t>{1, 0, 2, 3}));
}

TEST(Grouping, SaysWhatIsWrongWithARule) {
  std::string why;
  for (const char* text : {"", "team", "=x", "team="}) {
    why.clear();
    EXPECT_FALSE(parse_group_rule(text, why)) << text;
    EXPECT_NE(why.find("NAME=PATTERN"), std::string::npos) << text;
  }
  EXPECT_FALSE(parse_group_rule("team=(", why));
  EXPECT_NE(why.find("cannot be understood"), std::string::npos);
  EXPECT_FALSE(parse_group_rule("team=a{9999999}", why));
  EXPECT_NE(why.find("too large"), std::string::npos);
}

TEST(Grouping, ANameCannotKeepASearchGoing) {
  std::string why;
  const auto rule = parse_group_rule("x=^(a+)+b", why);
  ASSERT_TRUE(rule) << why;
  EXPECT_FALSE(std::regex_search(std::string(200, 'a'), rule->pattern));
}

TEST(Age, RowsBeginAtTheirDays) {
  constexpr std::int64_t kDay = 86400;
  EXPECT_EQ(age_row(kNow + 5, kNow), 0U);  // a clock that is ahead
  EXPECT_EQ(age_row(kNow - kDay + 1, kNow), 0U);
  EXPECT_EQ(age_row(kNow - kDay, kNow), 1U);
  EXPECT_EQ(age_row(kNow - 7 * kDay, kNow), 2U);
  EXPECT_EQ(age_row(kNow - 729 * kDay, kNow), 6U);
  EXPECT_EQ(age_row(kNow - 730 * kDay, kNow), 7U);
  EXPECT_EQ(age_row(0, kNow), kAges - 1);
}

TEST(Age, ABlobGoesWithTheYoungestTagThatReachesIt) {
  StoreBuilder store;
  store.repo("app")
      .image("old", {layer("both", 50'000), layer("old", 6'000)})
      .image("young", {layer("both", 50'000)});
  Survey survey = tests::survey_of(store);
  survey.repositories[0].tags[0].pushed_seconds = kNow - 100 * 86400;
  survey.repositories[0].tags[1].pushed_seconds = kNow - 3600;
  const PushAges ages = tags_by_push(survey, kNow);
  EXPECT_EQ(ages.rows[0].tags, 1U);
  EXPECT_EQ(ages.rows[4].tags, 1U);
  EXPECT_EQ(ages.rows[4].bytes.apparent, 6'000 + kConfigBytes + store.size_of("app:old"));
}

TEST(MediaTypes, AManifestHasItsOwnAndALayerWhatIsDeclared) {
  StoreBuilder store;
  store.repo("a").docker_image("1", {layer("x", 1'000)}).image("2", {layer("y", 2'000)});
  store.index("3", {"a:2"}).orphan(layer("z", 3'000));
  const Audit audit = tests::audit_of(store);
  std::map<std::string, std::uint64_t> blobs;
  for (const MediaTypeRow& row : blobs_by_media_type(audit.survey, audit.accounts)) {
    blobs[row.name] = row.split.blobs;
  }
  EXPECT_EQ(blobs.at("application/vnd.docker.distribution.manifest.v2+json"), 1U);
  EXPECT_EQ(blobs.at("application/vnd.oci.image.manifest.v1+json"), 1U);
  EXPECT_EQ(blobs.at("application/vnd.oci.image.index.v1+json"), 1U);
  EXPECT_EQ(blobs.at(""), 1U);  // the orphan
}

TEST(LargestBlobs, NamesWhoReachesThemAndOfGarbageWhoLinksIt) {
  StoreBuilder store;
  store.repo("a").image("1", {layer("big", 500'000)});
  store.repo("b").image("1", {layer("big", 500'000)}).orphan(layer("dead", 400'000));
  store.layer_link("dead");
  const Audit audit = tests::audit_of(store);
  std::vector<LargeBlob> blobs;
  tests::with_threads(2, [&] { blobs = largest_blobs(audit.survey, audit.accounts, 2); });
  ASSERT_EQ(blobs.size(), 2U);
  EXPECT_EQ(blobs[0].repositories, 2U);
  EXPECT_EQ(blobs[0].owners, (std::vector<std::uint32_t>{0, 1}));
  EXPECT_EQ(blobs[1].space_class, SpaceClass::kGarbage);
  EXPECT_EQ(blobs[1].owners, (std::vector<std::uint32_t>{1}));
}

std::vector<Saving> savings_of(const Audit& audit) {
  std::vector<Saving> savings;
  tests::with_threads(
      2, [&] { savings = what_frees_most(audit.survey, audit.accounts, audit.old_uploads); });
  return savings;
}

Audit audit_with_pushes(const StoreBuilder& store) {
  Audit audit = tests::audit_of(store, {.exact = false});
  tests::push_in_order_of_names(audit.survey);
  return audit;
}

const Saving* keep_last(const std::vector<Saving>& savings, const std::string& name_space,
                        std::uint32_t keep) {
  for (const Saving& saving : savings) {
    if (saving.kind == Saving::Kind::kKeepLast && saving.name_space == name_space &&
        saving.keep == keep) {
      return &saving;
    }
  }
  return nullptr;
}

TEST(Savings, KeepingTheLastThreeFreesWhatOnlyTheOthersHave) {
  StoreBuilder store;
  store.repo("team/app");
  for (int i = 1; i <= 5; ++i) {
    store.image(std::to_string(i), {layer("base", 90'000), layer(std::to_string(i), 10'000)});
  }
  store.repo("other/app").image("1", {layer("2", 10'000)});  // also in team/app:2
  const auto savings = savings_of(audit_with_pushes(store));
  const Saving* saving = keep_last(savings, "team", 3);
  ASSERT_NE(saving, nullptr);
  EXPECT_EQ(saving->count, 2U);
  EXPECT_EQ(saving->frees.apparent,
            10'000 + 2 * kConfigBytes + store.size_of("team/app:1") + store.size_of("team/app:2"));
  EXPECT_EQ(keep_last(savings, "team", 10), nullptr);
  EXPECT_EQ(keep_last(savings, "other", 3), nullptr);
}

TEST(Savings, LatestStaysAndSoDoesATagOfUnknownTime) {
  StoreBuilder store;
  store.repo("app");
  for (const char* tag : {"a", "b", "c", "d", "latest"}) store.image(tag, {layer(tag, 10'000)});
  Audit audit = audit_with_pushes(store);
  auto& tags = audit.survey.repositories[0].tags;
  tags[4].pushed_seconds = 1;  // latest, pushed before all others
  EXPECT_EQ(keep_last(savings_of(audit), "app", 3)->count, 1U);
  tags[0].pushed_seconds = 0;
  EXPECT_EQ(keep_last(savings_of(audit), "app", 3), nullptr);
}

TEST(Savings, WhatIsInUseStaysWithWhatItNeeds) {
  StoreBuilder store;
  store.repo("app");
  for (const char* tag : {"a", "b", "c", "d", "e", "f"}) store.image(tag, {layer(tag, 10'000)});
  Audit audit = audit_with_pushes(store);
  EXPECT_EQ(keep_last(savings_of(audit), "app", 3)->count, 3U);
  audit.survey.pinned = {tests::id_of(audit.survey, store.digest_of("app:b"))};
  const auto savings = savings_of(audit);
  const Saving* saving = keep_last(savings, "app", 3);
  EXPECT_EQ(saving->count, 2U);
  const auto frees = [&](const std::string& tag) {
    return 10'000 + kConfigBytes + store.size_of("app:" + tag);
  };
  EXPECT_EQ(saving->frees.apparent, frees("a") + frees("c"));
  // Of a tag that goes a blob may be in use by itself.
  audit.survey.pinned = {tests::id_of(audit.survey, store.digest_of("a"))};
  EXPECT_EQ(keep_last(savings_of(audit), "app", 3)->count, 3U);
  EXPECT_EQ(keep_last(savings_of(audit), "app", 3)->frees.apparent,
            frees("a") - 10'000 + frees("b") + frees("c"));
}

/// Without the tags, by a survey that never had them.
std::uint64_t freed_by_dropping(const StoreBuilder& store, const Audit& audit,
                                const std::string& name_space, std::uint32_t keep) {
  Survey less = tests::survey_of(store, {.exact = false});
  tests::push_in_order_of_names(less);
  for (Repository& repository : less.repositories) {
    if (first_components(repository.name, 1) != name_space || tags_are_unclear(repository))
      continue;
    std::vector<Tag> by_age = repository.tags;
    std::stable_sort(by_age.begin(), by_age.end(), [](const Tag& a, const Tag& b) {
      return a.pushed_seconds > b.pushed_seconds;
    });
    std::erase_if(by_age, [](const Tag& tag) { return tag.state != storage::LinkState::kRead; });
    for (std::size_t i = keep; i < by_age.size(); ++i) {
      if (by_age[i].name == "latest") continue;
      std::erase_if(repository.tags, [&](const Tag& tag) { return tag.name == by_age[i].name; });
    }
  }
  std::uint64_t freed = 0;
  tests::with_threads(2, [&] {
    const Marks left = mark(less, safe_policy(true));
    less.graph.each_blob([&](DigestId id) {
      if (audit.accounts.live_by_tag[row(id)] != 0 && left[row(id)] == 0) {
        freed += less.graph.bytes(id).apparent;
      }
    });
  });
  return freed;
}

TEST(Savings, AreWhatAStoreWithoutTheTagsWouldNotReach) {
  int compared = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    tests::RandomStore store(seed);
    if (seed % 2 == 0) tests::add_odd_cases(store);
    for (int i = 0; i < 5; ++i) {  // so that some have more than three
      const std::string repository = store.any_repository();
      store.builder.repo(repository).image("v" + std::to_string(i), store.some_layers());
    }
    const Audit audit = audit_with_pushes(store.builder);
    for (const Saving& saving : savings_of(audit)) {
      if (saving.kind != Saving::Kind::kKeepLast) continue;
      ++compared;
      EXPECT_EQ(saving.frees.apparent,
                freed_by_dropping(store.builder, audit, saving.name_space, saving.keep))
          << "seed " << seed << " " << saving.name_space << " " << saving.keep;
    }
  }
  EXPECT_GT(compared, 20);
}

}  // namespace
}  // namespace regsweep::analyzer
