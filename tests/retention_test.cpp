// Which tags stay and which go, by rules; and the same by an evaluator that knows no short cut.
#include "analyzer/retention.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

namespace regsweep::analyzer {
namespace {

constexpr std::int64_t kNow = 1'000'000;

NamePattern pattern(const std::string& text) {
  std::string why;
  auto made = NamePattern::parse(text, why);
  EXPECT_TRUE(made) << text << ": " << why;
  return *made;
}

struct TagAt {
  std::string name;
  std::int64_t age_seconds = 0;  ///< -1: its time is not known
  bool clear = true;
  bool is_tag = true;  ///< no stray file
};

Repository repository(const std::string& name, const std::vector<TagAt>& tags) {
  Repository made;
  made.name = name;
  for (const TagAt& at : tags) {
    Tag tag;
    tag.name = at.name;
    tag.pushed_seconds = at.age_seconds < 0 ? 0 : kNow - at.age_seconds;
    tag.state = at.clear ? storage::LinkState::kRead : storage::LinkState::kMalformed;
    if (at.clear) tag.digest = digest_id(0);
    tag.is_directory = at.is_tag;
    made.tags.push_back(tag);
  }
  std::ranges::sort(made.tags, {}, &Tag::name);
  return made;
}

Survey survey_of(std::vector<Repository> repositories) {
  Survey survey;
  survey.repositories = std::move(repositories);
  return survey;
}

/// "name: verdict" of the tags that go, in order.
std::vector<std::string> dropped(const Survey& survey, const std::vector<RetentionPolicy>& policies,
                                 const TagTimes& created = {}) {
  std::vector<std::string> names;
  const auto judged = judge_tags(survey, policies, created, kNow);
  for (std::size_t r = 0; r < judged.size(); ++r) {
    for (std::size_t t = 0; t < judged[r].size(); ++t) {
      if (judged[r][t].verdict != Verdict::kDropped) continue;
      names.push_back(survey.repositories[r].name + ':' + survey.repositories[r].tags[t].name);
    }
  }
  return names;
}

Verdict verdict_of(const Survey& survey, const RetentionPolicy& policy, const std::string& tag) {
  const auto judged = judge_tags(survey, {policy}, {}, kNow);
  const auto& tags = survey.repositories[0].tags;
  const auto at = std::ranges::find(tags, tag, &Tag::name);
  return judged[0][static_cast<std::size_t>(at - tags.begin())].verdict;
}

using Names = std::vector<std::string>;

TEST(NamePattern, GlobsFitTheWholeNameAndStarsGoOverSlashes) {
  EXPECT_TRUE(pattern("v*").matches("v1.0"));
  EXPECT_FALSE(pattern("v*").matches("dev1"));
  EXPECT_TRUE(pattern("team/*").matches("team/app/worker"));
  EXPECT_FALSE(pattern("team/*").matches("team"));
  EXPECT_TRUE(pattern("?.[0-9]").matches("1.7"));
  EXPECT_TRUE(pattern("latest").matches("latest"));
  EXPECT_FALSE(pattern("latest").matches("latest-2"));
}

TEST(NamePattern, RegularExpressionsAreFoundAnywhereUnlessAnchored) {
  EXPECT_TRUE(pattern(R"(re:^pr-\d+)").matches("pr-17-x"));
  EXPECT_FALSE(pattern(R"(re:^pr-\d+$)").matches("pr-17-x"));
  EXPECT_TRUE(pattern("re:rc").matches("1.0-rc1"));
}

TEST(NamePattern, NoNameKeepsARegularExpressionBusyForEver) {
  const std::string name = std::string(60, '1') + 'x';
  EXPECT_FALSE(pattern("re:^(v?[0-9]+)+$").matches(name));
  EXPECT_FALSE(pattern("re:1???***y").matches(name));
  EXPECT_TRUE(pattern("re:(1)\\1x").matches(name)) << "back references are still there";
}

TEST(NamePattern, NumbersThatOverflowAreRefused) {
  const std::string digits(30, '7');
  for (const std::string& text : {"re:a{" + digits + "}", "re:a{1," + digits + "}",
                                  "re:(a)\\" + digits, "re:a{" + digits + ",}"}) {
    std::string why;
    EXPECT_FALSE(NamePattern::parse(text, why)) << text;
    EXPECT_EQ(why, "a regular expression with a number that is too large");
  }
  EXPECT_TRUE(pattern("re:^20241127093012$").matches("20241127093012"));
  EXPECT_TRUE(pattern("re:^a{2,100}$").matches("aaa"));
}

TEST(NamePattern, WhatCannotBeUnderstoodIsRefusedWithTheReason) {
  for (const char* text : {"", "re:", "re:(", "re:[z-a]"}) {
    std::string why;
    EXPECT_FALSE(NamePattern::parse(text, why)) << text;
    EXPECT_FALSE(why.empty()) << text;
  }
}

TEST(Retention, KeepsTheLastByPush) {
  const Survey survey = survey_of({repository("a", {{"1", 40}, {"2", 30}, {"3", 20}, {"4", 10}})});
  RetentionPolicy policy;
  policy.keep_last = 2;
  EXPECT_EQ(dropped(survey, {policy}), (Names{"a:1", "a:2"}));
  EXPECT_EQ(verdict_of(survey, policy, "4"), Verdict::kKeptAsLast);
}

TEST(Retention, ATagKeptByAnyRuleStays) {
  const Survey survey = survey_of(
      {repository("a", {{"1", 400}, {"2", 300}, {"3", 200}, {"4", 90}, {"v1", 500}, {"x", 10}})});
  RetentionPolicy policy;
  policy.keep_last = 1;
  policy.keep_newer_seconds = 100;
  policy.keep = {pattern("v*")};
  EXPECT_EQ(dropped(survey, {policy}), (Names{"a:1", "a:2", "a:3"}));
  EXPECT_EQ(verdict_of(survey, policy, "v1"), Verdict::kKeptByPattern);
  EXPECT_EQ(verdict_of(survey, policy, "x"), Verdict::kKeptAsLast);
  EXPECT_EQ(verdict_of(survey, policy, "4"), Verdict::kKeptAsNewer);
}

TEST(Retention, OnlyWhatADropPatternFitsMayGo) {
  const Survey survey =
      survey_of({repository("a", {{"pr-1", 40}, {"pr-2", 30}, {"main", 90}, {"pr-x", 1}})});
  RetentionPolicy policy;
  policy.drop = {pattern(R"(re:^pr-\d+$)")};
  EXPECT_EQ(dropped(survey, {policy}), (Names{"a:pr-1", "a:pr-2"}));
  policy.keep_last = 1;  // of those that may go
  EXPECT_EQ(dropped(survey, {policy}), (Names{"a:pr-1"}));
  EXPECT_EQ(verdict_of(survey, policy, "main"), Verdict::kNoCandidate);
}

TEST(Retention, AProtectedTagTakesAPlaceAmongTheLast) {
  const Survey survey = survey_of({repository("a", {{"latest", 1}, {"1", 30}, {"2", 20}})});
  RetentionPolicy policy;
  policy.keep = {pattern("latest")};
  policy.keep_last = 2;
  EXPECT_EQ(dropped(survey, {policy}), (Names{"a:1"}));
}

TEST(Retention, WhatIsUnclearStays) {
  const Survey survey =
      survey_of({repository("a", {{"1", -1}, {"2", 30, false}, {"3", 20}, {"4", 10}})});
  RetentionPolicy policy;
  policy.keep_last = 1;
  EXPECT_EQ(dropped(survey, {policy}), (Names{"a:3"}));
  EXPECT_EQ(verdict_of(survey, policy, "1"), Verdict::kTimeUnknown);
  EXPECT_EQ(verdict_of(survey, policy, "2"), Verdict::kUnclear);
  RetentionPolicy by_name;  // asks for no time
  by_name.drop = {pattern("?")};
  EXPECT_EQ(dropped(survey, {by_name}), (Names{"a:1", "a:3"}));
  EXPECT_EQ(verdict_of(survey, by_name, "4"), Verdict::kLastOfRepository);
}

TEST(Retention, ARepositoryKeepsItsNewestTagUnlessItMayBeEmptied) {
  const Survey survey = survey_of({repository("a", {{"pr-1", 40}, {"pr-2", 30}})});
  RetentionPolicy policy;
  policy.drop = {pattern("pr-*")};
  EXPECT_EQ(dropped(survey, {policy}), (Names{"a:pr-1"}));
  EXPECT_EQ(verdict_of(survey, policy, "pr-2"), Verdict::kLastOfRepository);
  policy.may_empty = true;
  EXPECT_EQ(dropped(survey, {policy}), (Names{"a:pr-1", "a:pr-2"}));
}

TEST(Retention, WhatIsNoTagDoesNotStayInItsPlace) {
  Survey survey = survey_of({repository(
      "a",
      {{".DS_Store", -1, false, false}, {"half-deleted", -1, false}, {"pr-1", 40}, {"pr-2", 30}})});
  survey.repositories[0].tags[1].state = storage::LinkState::kAbsent;
  RetentionPolicy policy;
  policy.drop = {pattern("pr-*")};
  EXPECT_EQ(dropped(survey, {policy}), (Names{"a:pr-1"}));
}

TEST(Retention, ATagThatMeansNothingIsNotTheLastOne) {
  const Survey survey = survey_of({repository("a", {{"1.0", 40}, {"bad", 30, false}})});
  RetentionPolicy policy;
  policy.drop = {pattern("*")};
  EXPECT_EQ(dropped(survey, {policy}), Names{});
  EXPECT_EQ(verdict_of(survey, policy, "1.0"), Verdict::kLastOfRepository);
  EXPECT_EQ(verdict_of(survey, policy, "bad"), Verdict::kUnclear);
  policy.may_empty = true;
  EXPECT_EQ(dropped(survey, {policy}), Names{"a:1.0"});
}

TEST(Retention, TheFirstPolicyThatIsAboutARepositoryCounts) {
  const Survey survey = survey_of({repository("other", {{"1", 9}, {"2", 1}}),
                                   repository("team/a", {{"1", 9}, {"2", 1}}),
                                   repository("team/b", {{"1", 9}, {"2", 1}})});
  RetentionPolicy careful;
  careful.repositories = {pattern("team/b")};
  careful.keep_last = 5;
  RetentionPolicy strict;
  strict.repositories = {pattern("team/*")};
  strict.keep_last = 1;
  EXPECT_EQ(dropped(survey, {careful, strict}), (Names{"team/a:1"}));
  EXPECT_EQ(judge_tags(survey, {strict}, {}, kNow)[0][0].verdict, Verdict::kNoPolicy);
}

TEST(Retention, NewestMayBeByCreation) {
  const Survey survey = survey_of({repository("a", {{"old", 10}, {"new", 20}, {"odd", 5}})});
  RetentionPolicy policy;
  policy.keep_last = 1;
  policy.newest_by = NewestBy::kCreated;
  // By name: new, odd, old.
  EXPECT_EQ(dropped(survey, {policy}, {{500, 0, 100}}), (Names{"a:old"}));
}

TEST(Retention, OfTheSameTimeTheFirstByNameIsTheNewest) {
  const Survey survey = survey_of({repository("a", {{"b", 10}, {"a", 10}, {"c", 10}})});
  RetentionPolicy policy;
  policy.keep_last = 1;
  EXPECT_EQ(dropped(survey, {policy}), (Names{"a:b", "a:c"}));
}

TEST(Retention, APolicyWithoutARuleTellsNoTagsApart) {
  RetentionPolicy policy;
  policy.keep = {pattern("v*")};
  EXPECT_FALSE(policy.tells_apart());
  policy.keep_last = 0;
  EXPECT_TRUE(policy.tells_apart());
}

// ---- against a plain evaluator ------------------------------------------------------------------

/// Whether a tag stays, from the words of docs/prune.md, one tag at a time.
bool stays(const Repository& repository, const RetentionPolicy& policy, const Tag& tag) {
  const auto fits = [](const std::vector<NamePattern>& patterns, const Tag& one) {
    return std::ranges::any_of(patterns, [&](const auto& p) { return p.matches(one.name); });
  };
  const auto candidate = [&](const Tag& one) {
    return policy.drop.empty() || fits(policy.drop, one);
  };
  if (!candidate(tag) || tag.digest == kNoDigest || fits(policy.keep, tag)) return true;
  const bool by_time = policy.keep_last || policy.keep_newer_seconds;
  if (by_time && tag.pushed_seconds == 0) return true;
  if (policy.keep_newer_seconds && kNow - tag.pushed_seconds < *policy.keep_newer_seconds) {
    return true;
  }
  if (!policy.keep_last) return false;
  std::uint32_t newer = 0;
  for (const Tag& other : repository.tags) {
    const bool counts = candidate(other) && other.digest != kNoDigest && other.pushed_seconds != 0;
    const bool before = other.pushed_seconds > tag.pushed_seconds ||
                        (other.pushed_seconds == tag.pushed_seconds && other.name < tag.name);
    newer += counts && before ? 1 : 0;
  }
  return newer < *policy.keep_last;
}

Names dropped_plainly(const Survey& survey, const RetentionPolicy& policy) {
  Names names;
  for (const Repository& repository : survey.repositories) {
    std::vector<const Tag*> go;
    for (const Tag& tag : repository.tags) {
      if (!stays(repository, policy, tag)) go.push_back(&tag);
    }
    const auto means_something = [](const Tag& tag) { return tag.digest != kNoDigest; };
    const bool would_empty =
        !go.empty() && std::ranges::count_if(repository.tags, means_something) == std::ssize(go);
    if (would_empty && !policy.may_empty) {
      const auto newest = std::ranges::max_element(go, [](const Tag* a, const Tag* b) {
        return std::pair(a->pushed_seconds, b->name) < std::pair(b->pushed_seconds, a->name);
      });
      go.erase(newest);
    }
    for (const Tag* tag : go) names.push_back(repository.name + ':' + tag->name);
  }
  return names;
}

TEST(RetentionProperty, RandomRulesOnRandomTagsAgreeWithAPlainEvaluator) {
  std::mt19937 random(7);
  const auto below = [&](int n) { return std::uniform_int_distribution<int>(0, n - 1)(random); };
  const std::vector<std::string> patterns = {"pr-*", "v?",    R"(re:\d$)", "latest",
                                             "*",    "re:^v", "[a-m]*",    "none"};
  std::size_t went = 0;
  for (int round = 0; round < 3000; ++round) {
    std::vector<TagAt> tags;
    std::set<std::string> names;
    for (int i = below(12); i > 0; --i) {
      static const char* const kStems[] = {"pr-", "v", "latest", "main", "x"};
      const std::string name = kStems[below(5)] + (below(3) != 0 ? std::to_string(below(9)) : "");
      if (!names.insert(name).second) continue;
      tags.push_back({name, below(8) == 0 ? -1 : below(20) * 10, below(10) != 0});
    }
    const Survey survey = survey_of({repository("a", tags)});
    RetentionPolicy policy;
    const auto some = [&](std::vector<NamePattern>& to) {
      for (int i = below(3); i > 0; --i) {
        to.push_back(pattern(patterns[static_cast<std::size_t>(below(8))]));
      }
    };
    some(policy.drop);
    some(policy.keep);
    if (below(2) != 0) policy.keep_last = static_cast<std::uint32_t>(below(5));
    if (below(2) != 0) policy.keep_newer_seconds = below(20) * 10;
    policy.may_empty = below(2) != 0;
    const Names expected = dropped_plainly(survey, policy);
    ASSERT_EQ(dropped(survey, {policy}), expected) << "round " << round;
    went += expected.size();
  }
  EXPECT_GT(went, 1000U) << "the rules must drop something to be tested";
}

}  // namespace
}  // namespace regsweep::analyzer
