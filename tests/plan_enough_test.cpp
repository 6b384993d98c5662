// gc --free.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ctime>

#include "analyzer/plan_builder.h"
#include "tests/analyze.h"
#include "tests/store_builder.h"

namespace regsweep::analyzer {
namespace {

using storage::RemovalClass;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;
using tests::layer;
using tests::StoreBuilder;

std::vector<std::string> planned(const StoreBuilder& builder, std::uint64_t enough_bytes) {
  const auto store = tests::open_store(builder);
  PlanRules rules;
  rules.min_age_seconds = 0;
  rules.enough_bytes = enough_bytes;
  PlanContext context;
  context.root = builder.root();
  context.v2 = builder.v2();
  context.now_seconds = std::time(nullptr) + 10;
  Plan plan;
  tests::with_threads(2, [&] {
    Survey read = survey(*store, survey_options_for(rules));
    plan = make_plan(*store, read, rules, context);
  });
  std::vector<std::string> paths;
  for (const storage::Removal& removal : plan.removals) paths.push_back(removal.path);
  return paths;
}

std::string directory_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

class PlanEnough : public ::testing::Test {
 protected:
  void SetUp() override {
    b_.repo("a").image("1.0", {layer("app", 40)});
    b_.orphan(layer("small", 9000)).orphan(layer("large", 30'000));
  }
  std::string blob(const std::string& name) const { return directory_of(b_.blob_path(name)); }
  StoreBuilder b_;
};

TEST_F(PlanEnough, TheLargestGoesFirst) {
  EXPECT_THAT(planned(b_, 1), ElementsAre(blob("large")));
  EXPECT_THAT(planned(b_, 33'000), UnorderedElementsAre(blob("large"), blob("small")));
  EXPECT_EQ(planned(b_, std::uint64_t{1} << 30).size(), planned(b_, std::uint64_t{1} << 31).size());
  EXPECT_THAT(planned(b_, 0), IsEmpty());
}

TEST_F(PlanEnough, ALinkByAnotherNameGoesWithItsBlob) {
  b_.alias_sha512(layer("named twice", 60'000));
  b_.layer_link("named twice");
  const std::vector<std::string> paths = planned(b_, 1);
  EXPECT_THAT(paths, ::testing::Contains(blob("named twice")));
  EXPECT_EQ(std::count_if(paths.begin(), paths.end(),
                          [](const auto& p) { return p.find("_layers/sha") != p.npos; }),
            2)
      << ::testing::PrintToString(paths);
}

}  // namespace
}  // namespace regsweep::analyzer
