// What is watched while blobs are being removed.
#include "analyzer/link_guard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/analyze.h"
#include "tests/forwarding_store.h"

namespace regsweep::analyzer {
namespace {

using ::testing::Contains;

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

TEST(LinkGuard, WatchesWhereLinksTagsAndRepositoriesAreMade) {
  tests::StoreBuilder builder;
  builder.repo("team/app").image("1", {tests::layer("one", 10)});
  const LookedAt store(tests::open_store(builder));
  LinkGuard(store).remember(tests::survey_of(builder));
  for (const char* path :
       {"repositories", "repositories/team", "repositories/team/app",
        "repositories/team/app/_layers/sha256", "repositories/team/app/_manifests/tags",
        "repositories/team/app/_manifests/revisions/sha256"}) {
    EXPECT_THAT(store.paths, Contains(path));
  }
}

TEST(LinkGuard, NobodyMakesARepositoryWhereNamesAreTooLong) {
  tests::StoreBuilder builder;
  std::string name = "deep";
  for (int i = 0; i < 300; ++i) name += "/d";
  builder.directory("repositories/" + name + "/_layers");
  const LookedAt store(tests::open_store(builder));
  LinkGuard(store).remember(tests::survey_of(builder));
  EXPECT_THAT(store.paths, Contains("repositories/deep/d/d/d"));
  EXPECT_LT(store.paths.size(), 140U) << "their paths would take memory by the square";
}

}  // namespace
}  // namespace regsweep::analyzer
