// A writer beside an apply, what only looks like one, and which directories tell.
#include "analyzer/link_guard.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <ctime>
#include <filesystem>
#include <set>

#include "analyzer/apply.h"
#include "storage/sweeper.h"
#include "tests/analyze.h"
#include "tests/forwarding_store.h"

namespace regsweep::analyzer {
namespace {

using ::testing::Contains;
using tests::layer;
using tests::StoreBuilder;

class LinkGuardTest : public testing::Test {
 protected:
  LinkGuardTest() {
    store_.repo("a").image("1.0", {layer("app", 40)}).orphan(layer("garbage", 700));
  }

  void set_time(const std::string& path, std::int64_t seconds) const {
    const timespec time{seconds, 0};
    const timespec times[2] = {time, time};
    ASSERT_EQ(::utimensat(AT_FDCWD, (store_.v2() + '/' + path).c_str(), times, 0), 0);
  }

  ApplyResult collect() const {
    const auto store = tests::open_store(store_);
    const auto sweeper = storage::open_sweeper(store_.root(), store_.v2());
    EXPECT_TRUE(sweeper);
    PlanRules rules;
    rules.min_age_seconds = 0;
    ApplyOptions options;
    options.quarantine = false;
    options.context.root = store_.root();
    options.context.v2 = store_.v2();
    options.context.now_seconds = std::time(nullptr) + 10;
    ApplyProgress progress;
    ApplyResult result;
    tests::with_threads(2, [&] {
      Survey read = survey(*store, survey_options_for(rules));
      const Plan plan = make_plan(*store, read, rules, options.context);
      result = carry_out(plan, std::move(read), *store, **sweeper, options, progress,
                         [] { return false; });
    });
    return result;
  }

  StoreBuilder store_;
};

/// Notes which paths are looked at.
class LookedAt final : public tests::ForwardingStore {
 public:
  using ForwardingStore::ForwardingStore;
  storage::Result<storage::FileFacts> stat_path(const std::string& path) const override {
    paths.insert(path);
    return ForwardingStore::stat_path(path);
  }
  mutable std::set<std::string> paths;
};

TEST_F(LinkGuardTest, WatchesWhereLinksTagsAndRepositoriesAreMade) {
  tests::StoreBuilder builder;
  builder.repo("team/app").image("1", {tests::layer("one", 10)});
  const LookedAt store(tests::open_store(builder));
  LinkGuard guard(store);
  guard.remember(tests::survey_of(builder));
  for (const char* path :
       {"repositories", "repositories/team", "repositories/team/app",
        "repositories/team/app/_layers/sha256", "repositories/team/app/_manifests/tags",
        "repositories/team/app/_manifests/revisions/sha256"}) {
    EXPECT_THAT(store.paths, Contains(path));
  }
}

TEST_F(LinkGuardTest, NobodyMakesARepositoryWhereNamesAreTooLong) {
  tests::StoreBuilder builder;
  std::string name = "deep";
  for (int i = 0; i < 300; ++i) name += "/d";
  builder.directory("repositories/" + name + "/_layers");
  const LookedAt store(tests::open_store(builder));
  LinkGuard guard(store);
  guard.remember(tests::survey_of(builder));
  EXPECT_THAT(store.paths, Contains("repositories/deep/d/d/d"));
  EXPECT_TRUE(guard.watches_all_of(tests::survey_of(builder)));
  EXPECT_LT(store.paths.size(), 140U) << "their paths would take memory by the square";
}

TEST_F(LinkGuardTest, ADirectoryWithATimeInTheFutureIsNoWriter) {
  set_time("repositories/a/_manifests/tags", std::time(nullptr) + 365 * 86400);
  const ApplyResult result = collect();
  EXPECT_EQ(result.end, ApplyEnd::kDone) << result.reason;
  EXPECT_EQ(result.total.objects, 1U);
}

TEST_F(LinkGuardTest, AChangeWhileTheStoreIsReadIsSeen) {
  const auto store = tests::open_store(store_);
  const Survey before = tests::survey_of(store_);
  LinkGuard guard(*store);
  set_time("repositories/a/_manifests/revisions/sha256", 1);
  guard.remember(before);
  store_.repo("a").untagged({layer("other", 50)});
  EXPECT_TRUE(guard.watches_all_of(tests::survey_of(store_)));
  EXPECT_TRUE(guard.changed());
}

TEST_F(LinkGuardTest, ARepositoryThatCameLaterIsNotWatched) {
  const auto store = tests::open_store(store_);
  LinkGuard guard(*store);
  guard.remember(tests::survey_of(store_));
  EXPECT_TRUE(guard.watches_all_of(tests::survey_of(store_)));
  store_.repo("b").image("1.0", {layer("app", 40)});
  EXPECT_FALSE(guard.watches_all_of(tests::survey_of(store_)));
}

TEST_F(LinkGuardTest, ALateChangeBeforeItLooksFirstMayBeOne) {
  const auto store = tests::open_store(store_);
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(store_.v2() + "/repositories")) {
    if (entry.is_directory()) {
      set_time(std::filesystem::relative(entry.path(), store_.v2()).string(), 1'000'000'000);
    }
  }
  set_time("repositories", 1'000'000'000);
  const Survey read = tests::survey_of(store_);
  LinkGuard guard(*store);
  guard.remember(read);
  EXPECT_FALSE(guard.may_have_changed_since(read));
  EXPECT_FALSE(guard.changed());
  store_.repo("a").untagged({layer("other", 50)});
  guard.remember(read);
  EXPECT_TRUE(guard.may_have_changed_since(read));
}

}  // namespace
}  // namespace regsweep::analyzer
