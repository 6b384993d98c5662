#include "analyzer/account.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/analyze.h"
#include "tests/invariants.h"

namespace regsweep::analyzer {
namespace {

using tests::figures_of;
using tests::kConfigBytes;
using tests::layer;
using tests::StoreBuilder;

/// Every audit here adds up.
Audit checked_audit(const StoreBuilder& store, bool exact = true) {
  Audit audit = tests::audit_of(store, {.exact = exact});
  tests::check_accounts(audit, store.root());
  return audit;
}

TEST(Account, AnEmptyStoreHasDirectoriesAndNothingElse) {
  StoreBuilder store;
  const Audit audit = checked_audit(store);
  for (std::size_t i = 0; i < kSpaceClasses - 1; ++i)
    EXPECT_EQ(audit.accounts.space[i].objects, 0u);
  EXPECT_EQ(audit.accounts[SpaceClass::kStructure].objects, 7u);  // docker/registry/v2/…, the root
}

TEST(Account, TwoRepositoriesThatShareALayer) {
  StoreBuilder store;
  store.repo("a").image("1.0", {layer("base", 1000), layer("app", 400)});
  store.repo("b")
      .image("1.0", {layer("base", 1000), layer("other", 300)})
      .untagged({layer("base", 1000), layer("old", 250)}, "old image");
  store.orphan(layer("orphan", 90));
  const Audit audit = checked_audit(store);
  const Accounts& accounts = audit.accounts;
  const std::uint64_t a = store.size_of("a:1.0") + kConfigBytes + 400;
  const std::uint64_t b = store.size_of("b:1.0") + kConfigBytes + 300;
  const std::uint64_t old = store.size_of("old image") + kConfigBytes + 250;

  EXPECT_EQ(accounts[SpaceClass::kTagged].objects, 7u);
  EXPECT_EQ(accounts[SpaceClass::kTagged].bytes.apparent, a + b + 1000);
  EXPECT_EQ(accounts[SpaceClass::kUntagged].objects, 3u);
  EXPECT_EQ(accounts[SpaceClass::kUntagged].bytes.apparent, old);
  EXPECT_EQ(accounts[SpaceClass::kGarbage].objects, 1u);
  EXPECT_EQ(accounts[SpaceClass::kGarbage].bytes.apparent, 90u);
  EXPECT_EQ(accounts.garbage_of_none.apparent, 90u);

  EXPECT_EQ(figures_of(audit, "a").size.apparent, a + 1000);
  EXPECT_EQ(figures_of(audit, "a").exclusive.apparent, a);
  EXPECT_EQ(figures_of(audit, "a").shared.apparent, 1000u);
  EXPECT_EQ(figures_of(audit, "a").untagged.apparent, 0u);
  EXPECT_EQ(figures_of(audit, "b").size.apparent, b + old + 1000);
  EXPECT_EQ(figures_of(audit, "b").exclusive.apparent, b + old);
  EXPECT_EQ(figures_of(audit, "b").untagged.apparent, old);
  EXPECT_EQ(figures_of(audit, "b").tags, 1u);
  EXPECT_EQ(figures_of(audit, "b").revisions, 2u);
  EXPECT_EQ(figures_of(audit, "b").layer_links, 5u);  // three layers, two configs
}

TEST(Account, GarbageBelongsToWhoAloneLinksIt) {
  StoreBuilder store;
  store.orphan(layer("mine", 10)).orphan(layer("ours", 200)).orphan(layer("nobody's", 3000));
  store.repo("a").layer_link("mine").layer_link("ours");
  store.repo("b").layer_link("ours");
  const Audit audit = checked_audit(store);
  EXPECT_EQ(figures_of(audit, "a").reclaimable.apparent, 10u);
  EXPECT_EQ(figures_of(audit, "b").reclaimable.apparent, 0u);
  EXPECT_EQ(audit.accounts.garbage_of_one.apparent, 10u);
  EXPECT_EQ(audit.accounts.garbage_of_several.apparent, 200u);
  EXPECT_EQ(audit.accounts.garbage_of_none.apparent, 3000u);
  EXPECT_EQ(audit.accounts[SpaceClass::kGarbage].bytes.apparent, 3210u);
}

TEST(Account, AnImageTaggedInOneRepositoryAndUntaggedInAnotherIsTagged) {
  StoreBuilder store;
  store.repo("a").image("1.0", {layer("app", 400)});
  store.repo("b").untagged({layer("app", 400)});
  const Audit audit = checked_audit(store);
  const std::uint64_t image = store.size_of("a:1.0") + kConfigBytes + 400;
  EXPECT_EQ(audit.accounts[SpaceClass::kTagged].bytes.apparent, image);
  EXPECT_EQ(audit.accounts[SpaceClass::kUntagged].objects, 0u);
  EXPECT_EQ(figures_of(audit, "b").untagged.apparent, image);
  EXPECT_EQ(figures_of(audit, "b").exclusive.apparent, 0u);
}

TEST(Account, ALayerUsedTwiceInAnImageCountsOnce) {
  StoreBuilder store;
  store.repo("a").image("1.0", {layer("app", 400), layer("app", 400)});
  const Audit audit = checked_audit(store);
  EXPECT_EQ(figures_of(audit, "a").size.apparent, store.size_of("a:1.0") + kConfigBytes + 400);
}

TEST(Account, UploadsStraysAndTemporaryFilesHaveRowsOfTheirOwn) {
  StoreBuilder store;
  store.repo("a").image("1.0", {layer("app", 40)}).upload("u", "2024-01-02T03:04:05Z", 500);
  store.link("repositories/a/readme", "twelve bytes").link("../../../note", "four");
  store.link(store.layer_path("app") + ".0815.tmp", "six...");
  const Audit audit = checked_audit(store);
  EXPECT_EQ(audit.accounts[SpaceClass::kUploads].objects, 3u);
  EXPECT_EQ(audit.accounts[SpaceClass::kUploads].bytes.apparent, 500u + 20 + 108);
  EXPECT_EQ(audit.accounts[SpaceClass::kOther].objects, 3u);
  EXPECT_EQ(audit.accounts[SpaceClass::kOther].bytes.apparent, 12u + 4 + 6);
  EXPECT_EQ(audit.old_uploads.bytes.apparent, 500u + 20 + 108);
}

TEST(Account, AnUploadThatIsStillWrittenToIsNotOld) {
  StoreBuilder store;
  store.repo("a").upload("left", "2024-01-02T03:04:05Z", 500);
  store.upload("resumed", "2024-01-02T03:04:05Z", 700);
  store.link("repositories/a/_uploads/resumed/data", "written today");
  const Audit audit = checked_audit(store);
  EXPECT_EQ(audit.old_uploads.objects, 1u);
  EXPECT_EQ(audit.old_uploads.bytes.apparent, 500u + 20 + 108);
}

TEST(Account, WithoutExactTheSameRowsButLinksAndDirectoriesAreEstimated) {
  StoreBuilder store;
  store.repo("a")
      .image("1.0", {layer("base", 1000), layer("app", 400)})
      .untagged({layer("old", 250)})
      .upload("u", "2024-01-02T03:04:05Z", 500)
      .orphan(layer("orphan", 90));
  const Audit exact = checked_audit(store);
  const Audit fast = checked_audit(store, false);
  for (const SpaceClass row : {SpaceClass::kTagged, SpaceClass::kUntagged, SpaceClass::kGarbage,
                               SpaceClass::kUploads, SpaceClass::kOther}) {
    EXPECT_EQ(exact.accounts[row].objects, fast.accounts[row].objects);
    EXPECT_EQ(exact.accounts[row].bytes, fast.accounts[row].bytes);
    EXPECT_FALSE(fast.accounts[row].estimated);
  }
  EXPECT_TRUE(fast.accounts[SpaceClass::kStructure].estimated);
  EXPECT_NEAR(static_cast<double>(fast.accounts[SpaceClass::kStructure].objects),
              static_cast<double>(exact.accounts[SpaceClass::kStructure].objects), 8);
}

TEST(Account, HardLinksAreCountedOnce) {
  StoreBuilder store;
  store.repo("a")
      .image("1.0", {layer("app", 5000)})
      .untagged({layer("old", 250)})
      .orphan(layer("orphan", 90))
      .orphan(layer("other", 91));
  store.hard_link(store.blob_path("orphan"), store.blob_path("app"));
  store.hard_link("repositories/a/stray", store.blob_path("app"));
  store.hard_link("repositories/a/second", store.blob_path("other"));
  const Audit audit = checked_audit(store);  // agrees with du
  EXPECT_EQ(audit.accounts[SpaceClass::kGarbage].objects, 2u);
  EXPECT_EQ(audit.accounts[SpaceClass::kGarbage].bytes.apparent, 91u);  // the image has the bytes
  EXPECT_EQ(audit.accounts[SpaceClass::kOther].bytes.apparent, 0u);
}

TEST(Account, SparseFilesTakeWhatTheyTake) {
  StoreBuilder store;
  store.repo("a").image("1.0", {layer("app", 10)});
  const std::string path = store.v2() + '/' + store.blob_path("app");
  ASSERT_EQ(::truncate(path.c_str(), 1 << 30), 0);
  const Audit audit = checked_audit(store);
  EXPECT_GT(audit.accounts[SpaceClass::kTagged].bytes.apparent, std::uint64_t{1} << 30);
  EXPECT_LT(audit.accounts[SpaceClass::kTagged].bytes.allocated, std::uint64_t{1} << 20);
}

TEST(Account, ABareTreeIsAStoreToo) {
  StoreBuilder store;
  store.repo("a").image("1.0", {layer("app", 40)});
  auto opened = storage::open_directory_store(store.v2(), store.v2());
  ASSERT_TRUE(opened);
  const Audit audit = analyzer::audit(**opened, {.exact = true, .context = {.root = store.v2()}});
  tests::check_accounts(audit, store.v2());
}

}  // namespace
}  // namespace regsweep::analyzer
