// A writer beside an apply, and what only looks like one.
#include "analyzer/link_guard.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <ctime>
#include <filesystem>

#include "analyzer/apply.h"
#include "storage/sweeper.h"
#include "tests/analyze.h"

namespace regsweep::analyzer {
namespace {

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
