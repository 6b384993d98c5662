#include "analyzer/apply.h"

#include <gtest/gtest.h>

#include <boost/filesystem.hpp>
#include <ctime>
#include <memory>

#include "analyzer/plan_builder.h"
#include "storage/sweeper.h"
#include "tests/analyze.h"

namespace regsweep::analyzer {
namespace {

using tests::layer;

/// What is gone when its turn comes was not removed by this run: neither its bytes nor its object
/// count, whether things are deleted or moved.
class AlreadyGone : public ::testing::TestWithParam<bool> {};

TEST_P(AlreadyGone, IsNotCountedAsRemoved) {
  tests::StoreBuilder store;
  store.repo("a").image("1.0", {layer("app", 40)});
  store.orphan(layer("stays", 700)).orphan(layer("goes", 9000));
  const auto opened = tests::open_store(store);
  auto sweeper = storage::open_sweeper(store.root(), store.v2());
  ASSERT_TRUE(sweeper);
  PlanRules rules;
  rules.min_age_seconds = 0;
  ApplyOptions options;
  options.quarantine = GetParam();
  options.context.root = store.root();
  options.context.v2 = store.v2();
  options.context.now_seconds = std::time(nullptr) + 10;
  ApplyProgress progress;
  ApplyResult result;
  PlanTotal planned;
  tests::with_threads(2, [&] {
    Survey read = survey(*opened, survey_options_for(rules));
    const Plan plan = make_plan(*opened, read, rules, options.context);
    planned = plan.totals[static_cast<std::size_t>(storage::RemovalClass::kBlob)];
    const std::string blob = store.v2() + '/' + store.blob_path("goes");
    boost::filesystem::remove_all(blob.substr(0, blob.rfind('/')));
    result = carry_out(plan, std::move(read), *opened, **sweeper, options, progress,
                       [] { return false; });
  });
  EXPECT_EQ(result.end, ApplyEnd::kDone) << result.reason;
  const PlanTotal& blobs = result.removed[static_cast<std::size_t>(storage::RemovalClass::kBlob)];
  EXPECT_EQ(planned.objects, 2u);
  EXPECT_EQ(planned.bytes.apparent, 9700u);
  EXPECT_EQ(blobs.objects, 1u);
  EXPECT_EQ(blobs.bytes.apparent, 700u);
  EXPECT_EQ(result.already_gone, 1u);
}

INSTANTIATE_TEST_SUITE_P(Apply, AlreadyGone, ::testing::Bool(),
                         [](const auto& way) { return way.param ? "Moved" : "Deleted"; });

}  // namespace
}  // namespace regsweep::analyzer
