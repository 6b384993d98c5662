#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/filesystem.hpp>
#include <fstream>
#include <sstream>

#include "reports/plan_report.h"
#include "reports/repair_report.h"
#include "storage/sweeper.h"
#include "tests/analyze.h"
#include "tests/repairs.h"

namespace regsweep::tests {
namespace {

namespace fs = boost::filesystem;

using analyzer::ApplyEnd;
using analyzer::Plan;
using analyzer::Repair;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string directory(const std::string& path) { return path.substr(0, path.rfind('/')); }

/// A store with a damaged link, a missing one, an empty blob and one that comes from elsewhere.
class RepairApply : public ::testing::Test {
 protected:
  void SetUp() override {
    b_.repo("a/b").image("1.0", {layer("base", 100), layer("app", 40)}, "one");
    b_.image("2.0", {layer("other", 30), layer("gone", 20)}, "two");
    b_.empty_link(b_.revision_path("one")).remove(directory(b_.layer_path("base")));
    from_ = b_.beside("from");
    fs::create_directories(from_);
    source_ = from_ + '/' + b_.digest_of("gone").substr(7);
    std::ofstream(source_, std::ios::binary) << content_of(b_, b_.blob_path("gone"));
    b_.zero_length("other").missing("gone");
    before_ = snapshot_of(b_);
    repair_ = repair_of(b_, {}, {from_});
  }

  analyzer::RepairResult carry_out(const Plan& plan, bool interrupted = false) {
    auto sweeper = storage::open_sweeper(b_.root(), b_.v2());
    analyzer::ApplyProgress progress;
    return analyzer::carry_out_repair(plan, **sweeper, progress, [=] { return interrupted; });
  }

  /// The plan as its file gives it back.
  Plan read_back() {
    std::ostringstream out;
    reports::write_repair_json(repair_, out);
    auto plan = reports::read_plan_json(out.str());
    EXPECT_TRUE(plan) << plan.error().message;
    return *std::move(plan);
  }

  /// What `apply` makes of a plan now: why it does not fit, or what is left to do of it.
  std::string fitted(const Plan& plan, Plan* rest = nullptr) {
    const Plan fresh = repair_of(b_, analyzer::rules_to_recheck(plan), {from_}).plan;
    const auto store = open_store(b_);
    std::string why = analyzer::repair_mismatch(plan, fresh, *store);
    if (why.empty() && rest != nullptr) *rest = analyzer::narrowed_repair(fresh, plan, *store);
    return why;
  }

  StoreBuilder b_;
  std::string from_;
  std::string source_;
  std::vector<std::string> before_;
  Repair repair_;
};

TEST_F(RepairApply, APlanIsReadBackWhole) {
  const Plan plan = read_back();
  EXPECT_EQ(steps_of(plan), steps_of(repair_.plan));
  ASSERT_TRUE(plan.repair);
  EXPECT_THAT(plan.repair->sources, ElementsAre(fs::canonical(from_).string()));
  ASSERT_EQ(plan.additions.size(), 3u);
  EXPECT_EQ(plan.additions[0].digest, digest_named(b_, "gone"));
  EXPECT_EQ(plan.additions[0].source, fs::canonical(source_).string());
  EXPECT_EQ(plan.additions[0].reason, repair_.plan.additions[0].reason);
  EXPECT_EQ(plan.additions[1].source, "");
}

TEST_F(RepairApply, AnEditedPlanIsRefused) {
  std::ostringstream out;
  reports::write_repair_json(repair_, out);
  std::string text = out.str();
  const std::size_t at = text.find("\"layer-link\",\n   \"path\": \"repositories/a/b");
  ASSERT_NE(at, std::string::npos);
  text.replace(text.find("a/b", at), 3, "a/c");
  EXPECT_FALSE(reports::read_plan_json(text));
}

TEST_F(RepairApply, APlanIsCarriedOutAndTakenBack) {
  Plan rest;
  EXPECT_EQ(fitted(read_back(), &rest), "");
  const auto result = carry_out(rest);
  EXPECT_EQ(result.end, ApplyEnd::kDone) << result.reason;
  EXPECT_EQ(result.moved_total.objects, 2u);
  EXPECT_EQ(result.added_total, 3u);
  EXPECT_EQ(content_of(b_, b_.revision_path("one")), b_.digest_of("one"));
  EXPECT_EQ(content_of(b_, b_.layer_path("base")), b_.digest_of("base"));
  undo_last(b_);
  EXPECT_EQ(snapshot_of(b_), before_);
}

TEST_F(RepairApply, AppliedTwiceThereIsNothingLeftToDo) {
  const Plan plan = read_back();
  EXPECT_EQ(carry_out(plan).end, ApplyEnd::kDone);
  Plan rest;
  EXPECT_EQ(fitted(plan, &rest), "");
  EXPECT_THAT(steps_of(rest), IsEmpty());
  EXPECT_EQ(carry_out(rest).quarantine_run, "");
}

TEST_F(RepairApply, WhatWasCutOffIsFinishedByThePlan) {
  const Plan plan = read_back();
  {
    auto sweeper = storage::open_sweeper(b_.root(), b_.v2());
    std::vector<storage::Removed> done;
    ASSERT_TRUE((*sweeper)->begin_quarantine());
    ASSERT_TRUE((*sweeper)->quarantine(plan.removals, done));
  }
  Plan rest;
  EXPECT_EQ(fitted(plan, &rest), "");
  EXPECT_EQ(rest.removals.size(), 0u);
  EXPECT_EQ(rest.additions.size(), 3u);
  EXPECT_EQ(carry_out(rest).end, ApplyEnd::kDone);
  EXPECT_EQ(content_of(b_, b_.revision_path("one")), b_.digest_of("one"));
}

TEST_F(RepairApply, APlanDoesNotFitAfterTheTagWent) {
  const Plan plan = read_back();
  b_.remove(directory(directory(b_.tag_path("1.0"))));
  EXPECT_THAT(fitted(plan), HasSubstr("is not to be added any more"));
}

TEST_F(RepairApply, APlanDoesNotFitAfterTheLinkWasWrittenAnew) {
  const Plan plan = read_back();
  b_.garbled_link(b_.revision_path("one"));
  EXPECT_THAT(fitted(plan), HasSubstr("another object"));
}

TEST_F(RepairApply, APlanDoesNotFitAfterTheBlobWasPushedAgain) {
  const Plan plan = read_back();
  StoreBuilder other;
  other.repo("x").image("1", {layer("other", 30)});
  b_.link(b_.blob_path("other"), content_of(other, other.blob_path("other")));
  EXPECT_THAT(fitted(plan), HasSubstr("sound now"));
}

TEST_F(RepairApply, APlanDoesNotFitIfTheSourceChanged) {
  const Plan plan = read_back();
  std::ofstream(source_, std::ios::binary) << "changed";
  EXPECT_THAT(fitted(plan), HasSubstr("is not to be added any more"));
}

TEST_F(RepairApply, NothingIsMovedIfStagingFails) {
  std::ofstream(source_, std::ios::binary) << "changed after it was planned";
  const auto result = carry_out(repair_.plan);
  EXPECT_EQ(result.end, ApplyEnd::kStopped);
  EXPECT_THAT(result.reason, HasSubstr("nothing was changed yet"));
  EXPECT_EQ(result.moved_total.objects, 0u);
  EXPECT_EQ(snapshot_of(b_), before_);
}

TEST_F(RepairApply, InterruptedBeforeAnythingWasMoved) {
  const auto result = carry_out(repair_.plan, true);
  EXPECT_EQ(result.end, ApplyEnd::kInterrupted);
  EXPECT_EQ(snapshot_of(b_), before_);
}

TEST_F(RepairApply, WhatStandsInTheWayStopsIt) {
  b_.link(b_.layer_path("base"), b_.digest_of("base"));  // somebody was quicker
  const auto result = carry_out(repair_.plan);
  EXPECT_EQ(result.end, ApplyEnd::kStopped);
  EXPECT_THAT(result.reason, HasSubstr(b_.layer_path("base")));
  EXPECT_EQ(carry_out(repair_of(b_, {}, {from_}).plan).end, ApplyEnd::kDone) << "again";
  EXPECT_EQ(content_of(b_, b_.revision_path("one")), b_.digest_of("one"));
}

TEST_F(RepairApply, ADatabasesStoreIsRefused) {
  const auto store = open_store(b_);
  analyzer::PlanContext context;
  context.database_lock = true;
  analyzer::ContentProgress progress;
  const Repair repair = analyzer::make_repair(*store, {}, context, {}, progress);
  EXPECT_THAT(repair.plan.refusals, ElementsAre(HasSubstr("database")));
  EXPECT_THAT(steps_of(repair.plan), IsEmpty());
}

/// A report of regsweep verify with these in its list of damaged blobs.
std::string damaged_report(const std::string& damaged) {
  return R"({"schema":"regsweep.verify/1","complete":true,"live_damage":true,
    "store":{"root":"/r","repositories":1,"tags":1,"blobs":2,"bytes":3},
    "selection":{"shard":null,"sample_percent":100.0,"seed":0,"newer_than":null,"repositories":[]},
    "content":{"chosen_blobs":2,"chosen_bytes":3,"read_blobs":2,"read_bytes":3,"known_blobs":0,
               "known_bytes":0,"stopped":false},
    "broken_tags":[],"odd_kinds":[],"unsteady":[],"unknown":[],"findings":[],"damaged":)" +
         damaged + '}';
}

std::string damaged_blob(const std::string& digest, const std::string& fault) {
  return R"({"digest":")" + digest + R"(","fault":")" + fault +
         R"(","concern":"tagged","size_bytes":1,"declared_bytes":null,"actual":null,
         "actual_is_here":false,"detail":"","repositories":[],"tags":[]})";
}

TEST(DamagedReport, NamesAllButTheMissing) {
  const std::string one = sha256_of("one");
  const std::string two = sha256_of("two");
  const auto digests = reports::read_damaged_report(damaged_report(
      '[' + damaged_blob(one, "wrong-content") + ',' + damaged_blob(two, "missing") + ']'));
  ASSERT_TRUE(digests) << digests.error().message;
  ASSERT_EQ(digests->size(), 1u);
  EXPECT_EQ(digests->front().text(), one);
}

TEST(DamagedReport, OthersAreRefused) {
  const auto refusal = [](const std::string& text) {
    const auto digests = reports::read_damaged_report(text);
    if (digests) return std::string();
    EXPECT_EQ(digests.error().code, storage::Errc::kUsage);
    return digests.error().message;
  };
  for (const char* text :
       {"", "[]", "{}", R"({"schema":"regsweep.audit/1","damaged":[]})",
        R"({"schema":"regsweep.verify/2","damaged":[]})", R"({"schema":"regsweep.verify/1"})",
        R"({"schema":"regsweep.verify/1","damaged":[{"digest":"x","fault":"empty"}]})",
        R"({"schema":"regsweep.verify/1","damaged":null})"}) {
    EXPECT_NE(refusal(text), "") << text;
  }
  EXPECT_EQ(refusal(damaged_report("[]")), "");
  EXPECT_THAT(refusal(damaged_report("null")), HasSubstr("damaged is no list"));
  EXPECT_THAT(refusal(damaged_report('[' + damaged_blob("x", "empty") + ']')),
              HasSubstr("no digest"));
}

TEST(DamagedReport, OneThatIsNestedWithoutEndIsRefusedUnread) {
  constexpr std::size_t kLevels = 300'000;
  const auto digests = reports::read_damaged_report(
      damaged_report("[],\"x\":" + std::string(kLevels, '[') + std::string(kLevels, ']')));
  ASSERT_FALSE(digests);
  EXPECT_EQ(digests.error().message, "is no report: it is nested too deeply");
}

}  // namespace
}  // namespace regsweep::tests
