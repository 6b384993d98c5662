// Deletions by name: what goes, what stays, and what that frees.
#include "analyzer/deletion.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <functional>

#include "analyzer/apply.h"
#include "analyzer/deletion_choice.h"
#include "reports/plan_report.h"
#include "storage/sweeper.h"
#include "tests/analyze.h"
#include "tests/naive_store.h"
#include "tests/random_store.h"

namespace regsweep::analyzer {
namespace {

using storage::RemovalClass;
using tests::layer;
using tests::StoreBuilder;

/// A plan of a deletion and what it was made from.
struct Made {
  Survey survey;
  Plan plan;
};

PlanContext context_of(const StoreBuilder& builder) {
  PlanContext context;
  context.root = builder.root();
  context.v2 = builder.v2();
  context.now_seconds = std::time(nullptr) + 10;
  return context;
}

/// `change` may make of the survey what a store would be hard to bring to.
Made plan_of(
    const StoreBuilder& builder, const Deletions& deletions,
    const std::function<void(Survey&)>& change = [](Survey&) {}) {
  Made made;
  const auto store = tests::open_store(builder);
  PlanRules rules;
  rules.min_age_seconds = 0;
  rules.deletions = deletions;
  tests::with_threads(2, [&] {
    made.survey = survey(*store, survey_options_for(rules));
    change(made.survey);
    made.plan = make_plan(*store, made.survey, rules, context_of(builder));
  });
  return made;
}

ApplyResult apply(const StoreBuilder& builder, Made& made) {
  const auto store = tests::open_store(builder);
  auto sweeper = storage::open_sweeper(builder.root(), builder.v2());
  EXPECT_TRUE(sweeper);
  ApplyOptions options;
  options.quarantine = false;
  options.context = context_of(builder);
  ApplyProgress progress;
  ApplyResult result;
  tests::with_threads(2, [&] {
    result = carry_out(made.plan, std::move(made.survey), *store, **sweeper, options, progress,
                       [] { return false; });
  });
  return result;
}

std::vector<std::string> paths(const Plan& plan, RemovalClass removal_class) {
  std::vector<std::string> found;
  for (const storage::Removal& removal : plan.removals) {
    if (removal.removal_class == removal_class) found.push_back(removal.path);
  }
  return found;
}

std::uint64_t count(const Plan& plan, RemovalClass removal_class) {
  return plan.totals[static_cast<std::size_t>(removal_class)].objects;
}

bool there(const StoreBuilder& builder, const std::string& path) {
  return std::filesystem::exists(builder.v2() + '/' + path);
}

/// What a user's names stand for.
Deletions named(const StoreBuilder& builder, const std::vector<std::string>& names,
                bool sweep = false) {
  const Survey survey = tests::survey_of(builder);
  std::vector<Ref> refs;
  for (const std::string& name : names) {
    const ResolvedRef resolved = resolve_ref(survey, name);
    EXPECT_EQ(resolved.outcome, RefOutcome::kResolved) << name;
    EXPECT_EQ(problem_of(survey, resolved.ref, true, manifests_in_use(survey)),
              ChoiceProblem::kNone)
        << name;
    refs.push_back(resolved.ref);
  }
  Deletions deletions = deletions_for(survey, choose(survey, refs));
  deletions.sweep = sweep;
  return deletions;
}

class DeletionTest : public testing::Test {
 protected:
  DeletionTest() {
    builder_.repo("team/app")
        .image("1.0", {layer("base", 1000), layer("one", 10)}, "one")
        .image("2.0", {layer("base", 1000), layer("two", 20)}, "two")
        .tag("stable", "two")
        .untagged({layer("lost", 500)}, "lost")
        .orphan(layer("garbage", 700));
    builder_.repo("team/other").image("1", {layer("base", 1000), layer("other", 30)});
  }
  StoreBuilder builder_;
};

const std::string kTags = "repositories/team/app/_manifests/tags/";

TEST_F(DeletionTest, ATagGoesAloneAndItsSiblingStays) {
  Made made = plan_of(builder_, named(builder_, {"team/app:2.0"}));
  EXPECT_EQ(paths(made.plan, RemovalClass::kTag), std::vector{kTags + "2.0"});
  EXPECT_EQ(made.plan.total.objects, 1U);
  EXPECT_EQ(apply(builder_, made).end, ApplyEnd::kDone);
  EXPECT_FALSE(there(builder_, kTags + "2.0"));
  EXPECT_TRUE(there(builder_, kTags + "stable/current/link"));
}

TEST_F(DeletionTest, ARevisionGoesWithItsTags) {
  const std::string digest = builder_.digest_of("two");
  Made made = plan_of(builder_, named(builder_, {"team/app@" + digest}));
  EXPECT_EQ(paths(made.plan, RemovalClass::kTag), (std::vector{kTags + "2.0", kTags + "stable"}));
  EXPECT_EQ(count(made.plan, RemovalClass::kRevision), 1U);
  EXPECT_EQ(count(made.plan, RemovalClass::kBlob), 0U) << "no sweep was asked for";
  EXPECT_EQ(apply(builder_, made).end, ApplyEnd::kDone);
  EXPECT_TRUE(there(builder_, kTags + "1.0/current/link"));
}

TEST_F(DeletionTest, ASweepTakesJustWhatNothingElseNeeds) {
  Made made = plan_of(builder_, named(builder_, {"team/app:1.0"}, true));
  EXPECT_EQ(made.plan.refusals, std::vector<std::string>{});
  // The manifest, its config and its own layer; neither the shared base nor older garbage.
  EXPECT_EQ(count(made.plan, RemovalClass::kBlob), 3U);
  EXPECT_EQ(count(made.plan, RemovalClass::kRevision), 1U);
  const Freed freed = [&] {
    Freed result;
    tests::with_threads(2, [&] {
      Survey survey = tests::survey_of(builder_);
      const auto r = find_repository(survey, "team/app");
      result = freed_without(survey, alive_before(survey),
                             {{*r, *find_tag(survey.repositories[*r], "1.0")}});
    });
    return result;
  }();
  EXPECT_EQ(freed.blobs, 3U);
  EXPECT_EQ(freed.bytes, made.plan.total.bytes);
  EXPECT_EQ(apply(builder_, made).end, ApplyEnd::kDone);
  const tests::NaiveStore after(builder_.v2());
  EXPECT_FALSE(after.blobs.contains(builder_.digest_of("one")));
  EXPECT_TRUE(after.blobs.contains(builder_.digest_of("lost")));
  EXPECT_TRUE(after.blobs.contains(builder_.digest_of("garbage")));
  EXPECT_TRUE(after.blobs.contains(builder_.digest_of("base")));
}

TEST_F(DeletionTest, ATagWithASiblingFreesNothing) {
  const Made made = plan_of(builder_, named(builder_, {"team/app:2.0"}, true));
  EXPECT_EQ(made.plan.total.objects, 1U);
}

TEST_F(DeletionTest, ATagThatMeantNothingFreesNothing) {
  builder_.repo("team/app").empty_link(kTags + "x/current/link");
  const Made made = plan_of(builder_, named(builder_, {"team/app:x"}, true));
  EXPECT_EQ(made.plan.refusals, std::vector<std::string>{});
  EXPECT_EQ(paths(made.plan, RemovalClass::kTag), std::vector{kTags + "x"});
  EXPECT_EQ(made.plan.total.objects, 1U) << "what no tag needed before is not the tag's";
  tests::with_threads(2, [&] {
    Survey survey = tests::survey_of(builder_);
    const auto r = find_repository(survey, "team/app");
    EXPECT_EQ(freed_without(survey, alive_before(survey),
                            {{*r, *find_tag(survey.repositories[*r], "x")}}),
              Freed{});
  });
}

TEST_F(DeletionTest, ABrokenTagDoesNotKeepWhatAnotherThatGoesWithItNeeded) {
  builder_.repo("team/app").empty_link(kTags + "x/current/link");
  const Made made = plan_of(builder_, named(builder_, {"team/app:x", "team/app:1.0"}, true));
  EXPECT_EQ(count(made.plan, RemovalClass::kTag), 2U);
  EXPECT_EQ(count(made.plan, RemovalClass::kRevision), 1U);
  EXPECT_EQ(count(made.plan, RemovalClass::kBlob), 3U);
}

TEST_F(DeletionTest, AWholeRepositoryGoesAndOneBelowItStays) {
  builder_.repo("team/app/worker").image("1", {layer("base", 1000)});
  Made made = plan_of(builder_, named(builder_, {"team/app"}, true));
  EXPECT_EQ(apply(builder_, made).end, ApplyEnd::kDone);
  EXPECT_FALSE(there(builder_, "repositories/team/app/_manifests"));
  EXPECT_FALSE(there(builder_, "repositories/team/app/_layers"));
  EXPECT_TRUE(there(builder_, "repositories/team/app/worker/_manifests/tags/1/current/link"));
  const tests::NaiveStore after(builder_.v2());
  EXPECT_TRUE(after.blobs.contains(builder_.digest_of("base")));
  EXPECT_FALSE(after.blobs.contains(builder_.digest_of("two")));
}

TEST_F(DeletionTest, ATagThatMeansSomethingElseByNowStaysAndIsNamed) {
  const Deletions deletions = named(builder_, {"team/app:1.0"});
  builder_.repo("team/app").tag("1.0", "two");
  const Made made = plan_of(builder_, deletions);
  EXPECT_TRUE(made.plan.removals.empty());
  ASSERT_EQ(made.plan.problems.size(), 1U);
  EXPECT_TRUE(made.plan.problems[0].starts_with("team/app:1.0 means sha256:"));
}

TEST_F(DeletionTest, ARevisionThatANewTagMeansStays) {
  const Deletions deletions = named(builder_, {"team/app@" + builder_.digest_of("two")});
  const Made shown = plan_of(builder_, deletions);
  builder_.repo("team/app").tag("new", "two");
  for (const bool sweep : {false, true}) {
    Deletions again = deletions;
    again.sweep = sweep;
    const Made made = plan_of(builder_, again);
    EXPECT_EQ(count(made.plan, RemovalClass::kTag), 2U);
    EXPECT_EQ(count(made.plan, RemovalClass::kRevision), 0U);
    EXPECT_EQ(count(made.plan, RemovalClass::kBlob), 0U);
    ASSERT_EQ(made.plan.problems.size(), 1U);
    EXPECT_TRUE(made.plan.problems[0].ends_with("team/app:new means it by now; it stays"));
    const auto sweeper = storage::open_sweeper(builder_.root(), builder_.v2());
    ASSERT_TRUE(sweeper);
    EXPECT_NE(mismatch(shown.plan, made.plan, **sweeper), "");
  }
}

TEST_F(DeletionTest, ARevisionThatAnUnreadableTagMayMeanStays) {
  const Deletions deletions = named(builder_, {"team/app@" + builder_.digest_of("two")});
  const Made made = plan_of(builder_, deletions, [](Survey& survey) {
    Tag& tag = survey.repositories[0].tags[0];
    tag.state = storage::LinkState::kUnreadable;
    tag.digest = kNoDigest;
  });
  EXPECT_EQ(count(made.plan, RemovalClass::kRevision), 0U);
  EXPECT_EQ(made.plan.problems.size(), 1U);
}

TEST_F(DeletionTest, WhatIsGoneAlreadyIsNoProblem) {
  const Deletions deletions = named(builder_, {"team/app:1.0"});
  std::filesystem::remove_all(builder_.v2() + '/' + kTags + "1.0");
  const Made made = plan_of(builder_, deletions);
  EXPECT_TRUE(made.plan.removals.empty());
  EXPECT_TRUE(made.plan.problems.empty());
}

TEST_F(DeletionTest, NothingGoesWhereADatabaseOwnsTheStore) {
  const Deletions deletions = named(builder_, {"team/app:1.0"});
  const auto store = tests::open_store(builder_);
  PlanRules rules;
  rules.deletions = deletions;
  PlanContext context = context_of(builder_);
  context.database_lock = true;
  tests::with_threads(2, [&] {
    Survey survey = tests::survey_of(builder_);
    const Plan plan = make_plan(*store, survey, rules, context);
    EXPECT_TRUE(plan.removals.empty());
    EXPECT_FALSE(plan.refusals.empty());
  });
}

TEST_F(DeletionTest, WhatIsPinnedStaysThroughASweepAndAPrune) {
  const auto store = tests::open_store(builder_);
  storage::Digest one;
  ASSERT_EQ(parse_digest(builder_.digest_of("lost"), one), storage::DigestError::kNone);
  PlanRules rules;
  rules.untagged = true;
  rules.min_age_seconds = 0;
  const auto blobs = [&] {
    std::uint64_t planned = 0;
    tests::with_threads(2, [&] {
      Survey now = survey(*store, survey_options_for(rules));
      planned = count(make_plan(*store, now, rules, context_of(builder_)), RemovalClass::kBlob);
    });
    return planned;
  };
  EXPECT_EQ(blobs(), 4U) << "the untagged manifest, its config and layer, and the orphan";
  rules.pinned = {one};
  EXPECT_EQ(blobs(), 1U);
}

TEST_F(DeletionTest, EveryTagOfTheStoreIsRefused) {
  const Made made =
      plan_of(builder_,
              named(builder_, {"team/app:1.0", "team/app:2.0", "team/app:stable", "team/other:1"}));
  EXPECT_EQ(objection_to(made.plan, 100).reason, "it would remove every tag of the store");
}

TEST_F(DeletionTest, ALayerAndADigestAloneCannotBeDeleted) {
  const Survey survey = tests::survey_of(builder_);
  const auto problem = [&](const std::string& name, bool whole) {
    return problem_of(survey, resolve_ref(survey, name).ref, whole, manifests_in_use(survey));
  };
  EXPECT_EQ(problem("team/app@" + builder_.digest_of("base"), false), ChoiceProblem::kIsLayer);
  EXPECT_EQ(problem(builder_.digest_of("two"), false), ChoiceProblem::kNoRepository);
  EXPECT_EQ(problem("team/app", false), ChoiceProblem::kWholeRepository);
  EXPECT_EQ(problem("team/app", true), ChoiceProblem::kNone);
}

TEST_F(DeletionTest, ChoosingSaysWhatElseIsTouched) {
  builder_.repo("team/app")
      .index("multi", {"one"}, "multi")
      .referrer("one", {layer("sbom", 5)}, "sbom")
      .cosign_signature("one");
  const Survey survey = tests::survey_of(builder_);
  const auto chosen =
      choose(survey, {resolve_ref(survey, "team/app@" + builder_.digest_of("one")).ref});
  ASSERT_EQ(chosen.size(), 1U);
  const auto id = [&](const char* name) { return tests::id_of(survey, builder_.digest_of(name)); };
  EXPECT_EQ(chosen[0].siblings.size(), 1U);
  EXPECT_EQ(chosen[0].parents, std::vector{id("multi")});
  EXPECT_EQ(chosen[0].referrers, std::vector{id("sbom")});
  EXPECT_EQ(chosen[0].signatures.size(), 1U);
}

TEST_F(DeletionTest, ThePlanSurvivesItsFile) {
  const Made made = plan_of(builder_, named(builder_, {"team/app:1.0", "team/other"}, true));
  std::ostringstream file;
  reports::write_plan_json(made.plan, file);
  const auto read = reports::read_plan_json(file.str());
  ASSERT_TRUE(read) << read.error().message;
  ASSERT_TRUE(read->rules.deletions);
  EXPECT_EQ(read->rules.deletions->tags, made.plan.rules.deletions->tags);
  EXPECT_EQ(read->rules.deletions->repositories, std::vector<std::string>{"team/other"});
  EXPECT_TRUE(read->rules.deletions->sweep);
}

// ---- random stores
// --------------------------------------------------------------------------------

/// What a second reading of the store says is freed if these tags go: whatever was reached before,
/// and is not by the tags that stay and by the revisions that had no tag before.
tests::Digests freed_naively(const StoreBuilder& builder, const std::vector<DoomedTag>& tags) {
  const tests::NaiveStore before(builder.v2());
  const tests::Digests tagged = before.live(true);
  tests::NaiveStore::Repository untagged;
  for (const auto& [name, repository] : before.repositories) {
    for (const std::string& digest : repository.revisions) {
      if (!tagged.contains(digest)) untagged.tags.insert(digest);
    }
  }
  const auto copy = std::filesystem::path(builder.root() + "-without");
  std::filesystem::copy(builder.v2(), copy, std::filesystem::copy_options::recursive);
  for (const DoomedTag& tag : tags) {
    std::filesystem::remove_all(copy / "repositories" / tag.repository / "_manifests/tags" /
                                tag.tag);
  }
  const tests::NaiveStore after(copy.string());
  tests::Digests live = after.live(true);
  live.merge(after.reach(untagged, true));
  tests::Digests freed;
  for (const std::string& digest : before.live(false)) {
    if (before.blobs.contains(digest) && !live.contains(digest)) freed.insert(digest);
  }
  std::filesystem::remove_all(copy);
  return freed;
}

TEST(DeletionProperty, ASweepTakesExactlyWhatASecondReadingSaysIsFreed) {
  std::size_t freed_in_all = 0;
  for (std::uint64_t seed = 1; seed <= 25; ++seed) {
    tests::RandomStore store(seed);
    Deletions deletions;
    const Survey survey = tests::survey_of(store.builder);
    std::size_t tags = 0;
    std::vector<TagRef> refs;
    for (std::uint32_t r = 0; r < survey.repositories.size(); ++r) {
      const Repository& repository = survey.repositories[r];
      for (std::uint32_t t = 0; t < repository.tags.size(); ++t, ++tags) {
        const Tag& tag = repository.tags[t];
        if (tag.digest == kNoDigest || !store.random.one_in(3)) continue;
        refs.push_back({r, t});
        deletions.tags.push_back(
            {repository.name, tag.name, survey.graph.digests[tag.digest].text()});
      }
    }
    if (refs.empty() || refs.size() == tags) continue;
    deletions.sweep = true;
    const tests::Digests expected = freed_naively(store.builder, deletions.tags);
    Made made = plan_of(store.builder, deletions);
    ASSERT_TRUE(made.plan.refusals.empty()) << "seed " << seed;
    tests::Digests planned;
    for (const std::string& path : paths(made.plan, RemovalClass::kBlob)) {
      planned.insert("sha256:" + path.substr(path.rfind('/') + 1));
    }
    EXPECT_EQ(planned, expected) << "seed " << seed;
    Freed freed;
    tests::with_threads(2, [&] {
      Survey again = tests::survey_of(store.builder);
      freed = freed_without(again, alive_before(again), refs);
    });
    EXPECT_EQ(freed.blobs, expected.size()) << "seed " << seed;
    freed_in_all += expected.size();
    const auto before = tests::NaiveStore(store.builder.v2()).blobs;
    ASSERT_EQ(apply(store.builder, made).end, ApplyEnd::kDone) << "seed " << seed;
    auto after = tests::NaiveStore(store.builder.v2()).blobs;
    for (const std::string& digest : expected) after.emplace(digest, before.at(digest));
    EXPECT_EQ(after, before) << "seed " << seed;
  }
  EXPECT_GT(freed_in_all, 50U);
}

TEST(Deletion, ARepositoryThatWasNotReadWholeStaysAsItIs) {
  StoreBuilder store;
  store.repo("a").image("1.0", {layer("app", 40)}).repo("b").image("1.0", {layer("base", 50)});
  Deletions deletions;
  deletions.repositories = {"a", "b"};
  const Made made = plan_of(store, deletions, [](Survey& survey) {
    survey.events.push_back(
        {storage::EventKind::kUnreadable, "repositories/a/_manifests/tags/2.0", {}, "denied"});
  });
  EXPECT_FALSE(made.plan.removals.empty());
  for (const storage::Removal& removal : made.plan.removals) {
    EXPECT_TRUE(removal.path.starts_with("repositories/b")) << removal.path;
  }
  ASSERT_EQ(made.plan.problems.size(), 1U);
  EXPECT_TRUE(made.plan.problems[0].starts_with("a: not all of it could be read"));
}

}  // namespace
}  // namespace regsweep::analyzer
