// What a plan takes, as gc --free, and what it must leave.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <ctime>
#include <functional>

#include "analyzer/plan_builder.h"
#include "tests/analyze.h"
#include "tests/store_builder.h"

namespace regsweep::analyzer {
namespace {

using storage::RemovalClass;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;
using tests::layer;
using tests::StoreBuilder;

/// `change` may make of the survey what a store would be hard to bring to.
Plan plan_of(
    const StoreBuilder& builder, PlanRules rules,
    const std::function<void(Survey&)>& change = [](Survey&) {}) {
  const auto store = tests::open_store(builder);
  rules.min_age_seconds = 0;
  PlanContext context;
  context.root = builder.root();
  context.v2 = builder.v2();
  context.now_seconds = std::time(nullptr) + 10;
  Plan plan;
  tests::with_threads(2, [&] {
    Survey read = survey(*store, survey_options_for(rules));
    change(read);
    plan = make_plan(*store, read, rules, context);
  });
  return plan;
}

std::vector<std::string> planned(const StoreBuilder& builder, PlanRules rules) {
  std::vector<std::string> paths;
  for (const storage::Removal& removal : plan_of(builder, rules).removals) {
    paths.push_back(removal.path);
  }
  return paths;
}

std::vector<std::string> planned(const StoreBuilder& builder, std::uint64_t enough_bytes) {
  PlanRules rules;
  rules.enough_bytes = enough_bytes;
  return planned(builder, rules);
}

storage::Digest digest_from(const std::string& text) {
  storage::Digest digest;
  EXPECT_EQ(storage::parse_digest(text, digest), storage::DigestError::kNone);
  return digest;
}

std::string directory_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

class PlanTest : public ::testing::Test {
 protected:
  void SetUp() override {
    b_.repo("a").image("1.0", {layer("app", 40)});
    b_.orphan(layer("small", 9000)).orphan(layer("large", 30'000));
  }
  std::string blob(const std::string& name) const { return directory_of(b_.blob_path(name)); }
  StoreBuilder b_;
};

TEST_F(PlanTest, TheLargestGoesFirst) {
  EXPECT_THAT(planned(b_, 1), ElementsAre(blob("large")));
  EXPECT_THAT(planned(b_, 33'000), UnorderedElementsAre(blob("large"), blob("small")));
  EXPECT_EQ(planned(b_, std::uint64_t{1} << 30).size(), planned(b_, std::uint64_t{1} << 31).size());
  EXPECT_THAT(planned(b_, 0), IsEmpty());
}

TEST_F(PlanTest, AFileWithTwoNamesIsFreedOnce) {
  b_.orphan(layer("twin", 30'000)).hard_link(b_.blob_path("twin"), b_.blob_path("large"));
  const Plan plan = plan_of(b_, {});
  EXPECT_EQ(plan.total.objects, 3U);
  EXPECT_EQ(plan.total.bytes.apparent, 30'000U + 9000);
  EXPECT_EQ(plan.total.bytes, tests::audit_of(b_).accounts[SpaceClass::kGarbage].bytes);
  EXPECT_THAT(planned(b_, 1), UnorderedElementsAre(blob("large"), blob("twin")))
      << "one name alone frees nothing";
}

TEST_F(PlanTest, AFileThatSomethingAliveHasIsNotFreed) {
  b_.hard_link(b_.blob_path("large"), b_.blob_path("app"));
  EXPECT_EQ(plan_of(b_, {}).total.bytes.apparent, 9000U);
}

TEST_F(PlanTest, AFileOfWhichOneNameIsHeldBackIsNotFreed) {
  b_.orphan(layer("young", 30'000)).layer_link("young");
  b_.hard_link(b_.blob_path("young"), b_.blob_path("large"));
  const timespec later[2] = {{std::time(nullptr) + 60, 0}, {std::time(nullptr) + 60, 0}};
  const std::string link = b_.v2() + '/' + b_.layer_path("young");
  ASSERT_EQ(::utimensat(AT_FDCWD, link.c_str(), later, 0), 0);
  const Plan plan = plan_of(b_, {});
  EXPECT_EQ(plan.totals[static_cast<std::size_t>(RemovalClass::kBlob)].objects, 2U);
  EXPECT_EQ(plan.total.bytes.apparent, 9000U);
  EXPECT_EQ(plan.held_back.objects, 1U);
  EXPECT_EQ(plan.held_back.bytes.apparent, 30'000U);
}

TEST_F(PlanTest, WhatAnAuditPromisesAPlanTakesThoughALinkStandsAtAnOddDepth) {
  b_.untagged({layer("needed by a stray link", 50'000)}, "stray");
  b_.remove(directory_of(b_.revision_path("stray")));
  b_.link("repositories/a/_manifests/revisions/sha256/odd/link", b_.digest_of("stray"));
  const Plan plan = plan_of(b_, {});
  EXPECT_EQ(plan.totals[static_cast<std::size_t>(RemovalClass::kBlob)].objects, 2U);
  EXPECT_EQ(plan.total.bytes,
            tests::audit_of(b_, {.exact = false}).accounts[SpaceClass::kGarbage].bytes);
}

TEST_F(PlanTest, ARepositoryThatWasNotReadWholeLosesNoLinkAndIsNotEmpty) {
  b_.repo("b").layer_link("app");
  PlanRules rules;
  rules.dead_links = rules.empty = true;
  EXPECT_THAT(planned(b_, rules), ::testing::Contains(HasSubstr("repositories/b/_layers/sha256/")));
  EXPECT_THAT(planned(b_, rules), ::testing::Contains("repositories/b"));
  rules.ignore_damaged = {"b"};
  const Plan plan = plan_of(b_, rules, [](Survey& survey) {
    survey.events.push_back(
        {storage::EventKind::kUnreadable, "repositories/b/_manifests", {}, "denied"});
  });
  EXPECT_EQ(plan.refusals.size(), 0U);
  for (const storage::Removal& removal : plan.removals) {
    EXPECT_THAT(removal.path, ::testing::Not(HasSubstr("repositories/b")));
  }
}

// A push in progress: its layers are there, and no manifest yet.
TEST_F(PlanTest, ARepositoryIsNotEmptyWhileAnUploadStays) {
  b_.repo("half").upload("u", "2024-06-07T00:00:00Z", 100);
  PlanRules rules;
  rules.empty = true;
  EXPECT_THAT(planned(b_, rules), ::testing::Not(::testing::Contains("repositories/half")));
  rules.uploads_age_seconds = 0;
  EXPECT_THAT(planned(b_, rules), ::testing::Contains("repositories/half"));
}

TEST_F(PlanTest, AFileWithANameElsewhereIsSaidNotToBeFreeYet) {
  b_.hard_link("../../../kept", b_.blob_path("large"));
  const Plan plan = plan_of(b_, {});
  for (const storage::Removal& removal : plan.removals) {
    const bool is_said = removal.reason.find("names elsewhere") != std::string::npos;
    EXPECT_EQ(is_said, removal.path == blob("large"));
  }
}

TEST_F(PlanTest, ALinkToWhatMayBeThereIsNotDead) {
  b_.orphan(layer("gone", 5)).layer_link("gone").missing("gone");
  const auto dead_links = [&](bool unread) {
    PlanRules rules;
    rules.dead_links = true;
    const Plan plan = plan_of(b_, rules, [&](Survey& survey) {
      if (unread) survey.graph.flags[row(tests::id_of(survey, b_.digest_of("gone")))] |= kUnread;
    });
    return plan.totals[static_cast<std::size_t>(RemovalClass::kLayerLink)].objects;
  };
  EXPECT_EQ(dead_links(false), 1U);
  EXPECT_EQ(dead_links(true), 0U);
}

TEST_F(PlanTest, ALinkByAnotherNameGoesWithItsBlob) {
  b_.alias_sha512(layer("named twice", 60'000));
  b_.layer_link("named twice");
  const std::vector<std::string> paths = planned(b_, 1);
  EXPECT_THAT(paths, ::testing::Contains(blob("named twice")));
  EXPECT_EQ(std::count_if(paths.begin(), paths.end(),
                          [](const auto& p) { return p.find("_layers/sha") != p.npos; }),
            2)
      << ::testing::PrintToString(paths);
}

TEST_F(PlanTest, AnUntaggedImageThatLosesALayerIsLinkedNoMore) {
  b_.untagged({layer("only untagged", 90'000)}, "old");
  PlanRules rules;
  rules.untagged = true;
  rules.enough_bytes = 1;
  EXPECT_THAT(planned(b_, rules), ElementsAre(blob("large")));
  rules.enough_bytes = 60'000;  // more than all that is linked by nothing
  const std::vector<std::string> paths = planned(b_, rules);
  EXPECT_THAT(paths, ::testing::Contains(blob("only untagged")));
  EXPECT_THAT(paths, ::testing::Contains(directory_of(b_.revision_path("old"))));
}

// ---- what must stay, whatever is asked for -----------------------------------------------------

TEST_F(PlanTest, WhatIsInUseStaysWithAllThatItNeedsThoughNothingLinksIt) {
  b_.untagged({layer("running", 700)}, "deleted").remove(b_.revision_path("deleted"));
  PlanRules rules;
  EXPECT_THAT(planned(b_, rules), ::testing::Contains(blob("running")));
  rules.pinned = {digest_from(b_.digest_of("deleted"))};
  const std::vector<std::string> paths = planned(b_, rules);
  EXPECT_THAT(paths, ::testing::Contains(blob("large")));
  for (const char* name : {"running", "deleted"}) {
    EXPECT_THAT(paths, ::testing::Not(::testing::Contains(blob(name)))) << name;
  }
}

TEST_F(PlanTest, ADocumentOfAnyTypeThatIsInUseKeepsWhatItNames) {
  const std::string wanted = b_.digest_of("large");
  b_.blob("odd", R"({"mediaType":"application/x","layers":[{"digest":")" + wanted + R"("}]})");
  b_.blob("plain", R"( {"blobs":[{"digest":")" + wanted + R"("}]})");
  b_.blob("no document", "large is " + wanted);
  PlanRules rules;
  for (const char* name : {"odd", "plain"}) {
    rules.pinned = {digest_from(b_.digest_of(name))};
    const std::vector<std::string> paths = planned(b_, rules);
    EXPECT_THAT(paths, ::testing::Contains(blob("small"))) << name;
    EXPECT_THAT(paths, ::testing::Not(::testing::Contains(blob("large")))) << name;
  }
  rules.pinned = {digest_from(b_.digest_of("no document"))};
  EXPECT_THAT(planned(b_, rules), ::testing::Contains(blob("large")));
}

TEST_F(PlanTest, ADocumentInUseThatCannotBeUnderstoodForbidsASweep) {
  b_.blob("broken", R"({"layers":[{"digest":")");
  b_.blob("config", R"({"architecture":"amd64","config":{"Env":[]},"rootfs":{"diff_ids":[]}})");
  PlanRules rules;
  rules.pinned = {digest_from(b_.digest_of("broken"))};
  EXPECT_THAT(planned(b_, rules), IsEmpty());
  rules.ignore_damaged = {b_.digest_of("broken")};
  EXPECT_THAT(planned(b_, rules), ::testing::Contains(blob("large")));
  rules.pinned = {digest_from(b_.digest_of("config"))};
  EXPECT_THAT(planned(b_, rules), ::testing::Contains(blob("large")));
}

TEST_F(PlanTest, AnEntryByAnotherAlgorithmGoesWithItsRevision) {
  const std::string text = R"({"schemaVersion":2,"manifests":[]})";
  b_.blob("by sha512", text);
  const std::string hex = tests::sha512_of(text).substr(7);
  const std::string repository = "repositories/a/_manifests/";
  const std::string entry = repository + "tags/1.0/index/sha512/" + hex;
  b_.link(repository + "revisions/sha512/" + hex + "/link", "sha512:" + hex);
  b_.link(entry + "/link", "sha512:" + hex);
  PlanRules rules;
  EXPECT_THAT(planned(b_, rules), ::testing::Not(::testing::Contains(entry)));
  rules.stale_tags = true;
  EXPECT_THAT(planned(b_, rules), ::testing::Contains(entry));
  rules.stale_tags = false;
  rules.untagged = true;
  const std::vector<std::string> paths = planned(b_, rules);
  EXPECT_THAT(paths, ::testing::Contains(repository + "revisions/sha512/" + hex));
  EXPECT_THAT(paths, ::testing::Contains(entry));
}

TEST_F(PlanTest, AYoungUntaggedImageIsHeldBackWhole) {
  b_.untagged({layer("just pushed", 700), layer("with it", 800)}, "young");
  PlanRules rules;
  rules.untagged = true;
  rules.min_age_seconds = 3600;
  const auto store = tests::open_store(b_);
  PlanContext context;
  context.root = b_.root();
  context.v2 = b_.v2();
  context.now_seconds = std::time(nullptr);
  tests::with_threads(2, [&] {
    Survey read = survey(*store, survey_options_for(rules));
    const Plan plan = make_plan(*store, read, rules, context);
    // The manifest, its config and two layers, and the two orphans.
    EXPECT_EQ(plan.held_back.objects, 6u);
  });
}

TEST_F(PlanTest, WhatIsFromTheFarFutureIsYoung) {
  b_.orphan(layer("linked", 700)).layer_link("linked");
  const std::string link = b_.layer_path("linked");
  const auto set = [&](const std::string& path, std::time_t seconds) {
    const struct timespec times[2] = {{0, UTIME_OMIT}, {seconds, 0}};
    ::utimensat(AT_FDCWD, (b_.v2() + '/' + path).c_str(), times, 0);
  };
  set(b_.blob_path("linked"), 1'600'000'000);
  PlanRules rules;
  rules.dead_links = true;
  rules.min_age_seconds = 3600;
  const auto planned_with_link_of = [&](std::time_t seconds) {
    set(link, seconds);
    set(directory_of(link), seconds);
    const auto store = tests::open_store(b_);
    PlanContext context;
    context.root = b_.root();
    context.v2 = b_.v2();
    context.now_seconds = std::time(nullptr);
    std::vector<std::string> paths;
    tests::with_threads(2, [&] {
      Survey read = survey(*store, survey_options_for(rules));
      for (const auto& removal : make_plan(*store, read, rules, context).removals) {
        paths.push_back(removal.path);
      }
    });
    return paths;
  };
  EXPECT_THAT(planned_with_link_of(1'600'000'000), ::testing::Contains(directory_of(link)));
  EXPECT_THAT(planned_with_link_of(20'000'000'000), IsEmpty());  // in the year 2603
}

TEST_F(PlanTest, ARevisionAtAnotherDepthIsOneForARegistry) {
  b_.untagged({layer("deep down", 800)}, "deep").remove(b_.revision_path("deep"));
  EXPECT_THAT(planned(b_, PlanRules{}), ::testing::Contains(blob("deep down")));
  const std::string digest = b_.digest_of("deep");
  b_.link("repositories/a/_manifests/revisions/sha256/sha256/" + digest.substr(7) + "/link",
          digest);
  const std::vector<std::string> paths = planned(b_, PlanRules{});
  EXPECT_THAT(paths, ::testing::Contains(blob("large")));
  for (const char* name : {"deep down", "deep"}) {
    EXPECT_THAT(paths, ::testing::Not(::testing::Contains(blob(name)))) << name;
  }
}

TEST_F(PlanTest, ALinkBesideTheRevisionsIsOneForARegistry) {
  b_.untagged({layer("beside", 800)}, "image").remove(b_.revision_path("image"));
  for (const char* directory : {"", "/sha256"}) {
    const std::string link =
        std::string("repositories/a/_manifests/revisions") + directory + "/link";
    b_.link(link, b_.digest_of("image"));
    for (const bool exact : {false, true}) {
      PlanRules rules;
      rules.empty = exact;
      const std::vector<std::string> paths = planned(b_, rules);
      EXPECT_THAT(paths, ::testing::Contains(blob("large"))) << link << exact;
      EXPECT_THAT(paths, ::testing::Not(::testing::Contains(blob("beside")))) << link << exact;
    }
    b_.remove(link);
  }
}

TEST_F(PlanTest, TagsThatCannotBeListedKeepEveryRevisionOfTheirRepository) {
  b_.untagged({layer("perhaps tagged", 900)}, "perhaps");
  PlanRules rules;
  rules.untagged = true;
  EXPECT_THAT(planned(b_, rules), ::testing::Contains(directory_of(b_.revision_path("perhaps"))));
  const std::string tags = "repositories/a/_manifests/tags";
  b_.remove(tags).symlink(tags, "elsewhere");
  rules.ignore_damaged = {"a"};
  const std::vector<std::string> paths = planned(b_, rules);
  EXPECT_THAT(paths, ::testing::Contains(blob("large")));
  EXPECT_THAT(paths,
              ::testing::Not(::testing::Contains(directory_of(b_.revision_path("perhaps")))));
  EXPECT_THAT(paths, ::testing::Not(::testing::Contains(blob("perhaps tagged"))));
}

}  // namespace
}  // namespace regsweep::analyzer
